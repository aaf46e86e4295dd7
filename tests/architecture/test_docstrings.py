"""A public module or class says what its name can't."""

import ast
from pathlib import PurePath

from tests.architecture.source import ROOMS, sources


def test_every_public_module_has_a_docstring() -> None:
    silent = [
        source.path
        for source in sources(*ROOMS)
        if (PurePath(source.path).name == "__init__.py" or is_public(PurePath(source.path).stem))
        and not ast.get_docstring(source.tree)
    ]
    assert not silent, f"Begin these files with what they own and why: {silent}"


def test_every_public_class_has_a_docstring() -> None:
    silent = [
        f"{source.path}:{node.lineno} {node.name}"
        for source in sources(*ROOMS)
        for node in source.tree.body
        if isinstance(node, ast.ClassDef) and is_public(node.name) and not ast.get_docstring(node)
    ]
    assert not silent, f"Say what these stand for: unit, source, failure or reason: {silent}"


def is_public(name: str) -> bool:
    """A leading underscore keeps it at home."""
    return not name.startswith("_")
