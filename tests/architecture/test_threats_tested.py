"""Each attack and each fault that mail has to stand has a test, which names it in its own name or its docstring."""

import ast
import re
from pathlib import PurePath

import pytest

from tests.architecture.source import sources

ATTACKS = [f"A{number:02}" for number in (*range(1, 15), *range(20, 25), 43)]
FAULTS = [f"F{number:02}" for number in range(1, 13)]


@pytest.fixture(scope="module")
def named() -> set[str]:
    """All that tests and their modules name."""
    found: set[str] = set()
    for source in sources("tests"):
        if not PurePath(source.path).name.startswith("test_") or not re.search(r"[AFaf]\d\d", source.text):
            continue
        for node in source.nodes:
            if isinstance(node, ast.Module) or (isinstance(node, ast.FunctionDef) and node.name.startswith("test_")):
                name = node.name.upper().replace("_", " ") if isinstance(node, ast.FunctionDef) else ""
                found.update(re.findall(r"\b[AF]\d\d\b", f"{name} {ast.get_docstring(node) or ''}"))
    return found


@pytest.mark.parametrize("threat", [*ATTACKS, *FAULTS])
def test_it_has_a_test(named: set[str], threat: str) -> None:
    assert threat in named, f"no test names {threat}: mention it where it is tested"
