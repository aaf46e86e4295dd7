"""Sentences that plugins say by the contract's errors, as they stand in the source."""

import ast
from collections.abc import Iterator

from tests.architecture.source import sources

SAID = {"Misconfigured": 1, "Unreachable": 0, "Unreadable": 0, "AuthFailed": 0, "Refused": 0, "Deferred": 0}
"""The contract's errors -> which argument is the sentence."""
DIFFERS = "s4711"
"""Stands for whatever differs from time to time; it may be a setting's name."""


def sentences(room: str, **others: int) -> Iterator[str]:
    """Each as `path: sentence`. `others`: calls besides those of the contract, and which argument is the sentence."""
    said = SAID | others
    for source in sources(room):
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in said:
                at = said[node.func.id]
                text = text_of(node.args[at]) if len(node.args) > at else None
                if text is not None:
                    yield f"{source.path}: {text}"


def text_of(node: ast.expr) -> str | None:
    """None of what isn't written there."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(each.value) if isinstance(each, ast.Constant) else DIFFERS for each in node.values)
    return None
