"""What reads a conversation that somebody opens is run by `Desk.look`, which logs the opening, and by nothing else."""

import ast
from collections.abc import Iterator

from tests.architecture.source import ROOT


def _trees() -> Iterator[tuple[str, ast.Module]]:
    for folder in ("hub/edge", "hub/web", "inbox_ui"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8"))


def _calls(tree: ast.AST) -> Iterator[tuple[ast.Call, str]]:
    """With the last name of what is called."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node, ast.unparse(node.func).rpartition(".")[2]


def test_pages_of_a_conversation_are_looked_at() -> None:
    reads = {
        function.name
        for path, tree in _trees()
        if path != "hub/edge/work.py"
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        and any(ast.unparse(call.func) == "work.opened" for call, _ in _calls(function))
    }
    assert {"look_at", "newer_entries", "older_entries", "entry", "look", "_open", "_timeline"} <= reads
    wrong, right = [], 0
    for path, tree in _trees():
        for call, name in _calls(tree):
            if name in {"read", "write", "look"} and call.args and isinstance(call.func, ast.Attribute):
                run = ast.unparse(call.args[0])
                if run.rpartition(".")[2] not in reads or (run == "_open" and "citizens" in path):
                    continue
                right += name == "look"
                if name != "look":
                    wrong.append(f"{path}:{call.lineno} {name}({run})")
    assert wrong == []
    assert right > 10
