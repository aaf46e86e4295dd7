"""The Python files of the repository, read once; those that a rule is about are parsed, once as well."""

import ast
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("hub", "connectors", "plugins", "inbox_ui")
COPIED = {f"tests/bench/{name}.py" for name in ("gen_mail", "floor", "floor_web")}
"""Taken over unmodified; not ours to style."""


@dataclass(frozen=True)
class Source:
    """One file. `path` is from the top of the repository."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """All of the tree's."""
        return tuple(ast.walk(self.tree))

    def names(self, *words: str) -> bool:
        """Whether one of them is somewhere in it: most files need not be parsed to see that they have none."""
        return any(word in self.text for word in words)


@cache
def sources(*folders: str) -> tuple[Source, ...]:
    """The Python files under these folders, by path."""
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return tuple(source for path in paths if (source := _read(path)).path not in COPIED)


@cache
def _read(path: Path) -> Source:
    return Source(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
