"""Only storage speaks SQL: outside it, statements go through the ORM, where the walls between municipalities stand."""

import ast
from collections.abc import Iterator

from tests.architecture.source import ROOMS, Source, sources

CORE = {"text", "insert", "Table"}
BEHIND_THE_ORM = {"__table__", "exec_driver_sql"}


def test_core_statements_stay_in_storage() -> None:
    outside = [source for source in sources(*ROOMS) if not source.path.startswith("hub/storage/")]
    uses = [f"{source.path}:{use}" for source in outside for use in core_uses(source)]
    assert not uses, f"Use the ORM, or give hub/storage a verb for it; no scope is enforced here: {uses}"


def core_uses(source: Source) -> Iterator[str]:
    """Line and words of each."""
    if not source.names("sqlalchemy", "connection", *BEHIND_THE_ORM):
        return
    modules = _names_of_sqlalchemy(source)
    for node in source.nodes:
        match node:
            case ast.ImportFrom(module=str(module), names=names) if module.split(".")[0] == "sqlalchemy":
                yield from (f"{node.lineno} {alias.name}" for alias in names if alias.name in CORE)
            case ast.Attribute(value=value, attr=attr) if attr in CORE and ast.unparse(value).split(".")[0] in modules:
                yield f"{node.lineno} {attr}"
            case ast.Attribute(attr=attr) if attr in BEHIND_THE_ORM:
                yield f"{node.lineno} {attr}"
            case ast.Call(func=ast.Attribute(attr="connection")):
                yield f"{node.lineno} .connection()"


def _names_of_sqlalchemy(source: Source) -> set[str]:
    imports = [node for node in source.nodes if isinstance(node, ast.Import)]
    aliases = [alias for node in imports for alias in node.names if alias.name.split(".")[0] == "sqlalchemy"]
    return {alias.asname or "sqlalchemy" for alias in aliases}
