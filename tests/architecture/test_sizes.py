"""No file over 400 lines, no function over 60."""

import ast

from tests.architecture.source import ROOMS, sources

FILE_LINES, FUNCTION_LINES = 400, 60


def test_no_file_is_too_long() -> None:
    lengths = {source.path: source.text.count("\n") for source in sources(*ROOMS)}
    long = {path: lines for path, lines in lengths.items() if lines > FILE_LINES}
    assert not long, f"Split what changes for different reasons, and name both parts: {long}"


def test_no_function_is_too_long() -> None:
    long = {
        f"{source.path}:{node.lineno} {node.name}": lines
        for source in sources(*ROOMS)
        for node in source.nodes
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES
    }
    assert not long, f"Give the steps of these functions names of their own, below them: {long}"
