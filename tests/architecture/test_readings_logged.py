"""What reads a conversation that somebody opens is run by `Desk.look`, which logs the opening, and by nothing else."""

import ast
from collections.abc import Iterable, Iterator

from tests.architecture.source import sources

EDGE = ("hub/edge", "hub/web", "inbox_ui")


def _calls(nodes: Iterable[ast.AST]) -> Iterator[tuple[ast.Call, str]]:
    """With the last name of what is called, if it has one."""
    for node in nodes:
        match node:
            case ast.Call(func=ast.Attribute(attr=name)) | ast.Call(func=ast.Name(id=name)):
                yield node, name


def test_pages_of_a_conversation_are_looked_at() -> None:
    reads = {
        function.name
        for source in sources(*EDGE)
        if source.path != "hub/edge/work.py" and source.names("work.opened")
        for function in source.nodes
        if isinstance(function, ast.FunctionDef)
        and any(ast.unparse(call.func) == "work.opened" for call, _ in _calls(ast.walk(function)))
    }
    assert {"look_at", "newer_entries", "older_entries", "entry", "look", "_open", "_timeline"} <= reads
    wrong, right = [], 0
    for source in sources(*EDGE):
        for call, name in _calls(source.nodes):
            if name in {"read", "write", "look"} and call.args and isinstance(call.func, ast.Attribute):
                run = ast.unparse(call.args[0])
                if run.rpartition(".")[2] not in reads or (run == "_open" and "citizens" in source.path):
                    continue
                right += name == "look"
                if name != "look":
                    wrong.append(f"{source.path}:{call.lineno} {name}({run})")
    assert wrong == []
    assert right > 10
