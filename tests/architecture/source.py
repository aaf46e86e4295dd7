"""The Python files of the repository, read and parsed once."""

import ast
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
ROOMS = ("hub", "connectors", "plugins", "inbox_ui")
COPIED = {f"tests/bench/{name}.py" for name in ("gen_mail", "floor", "floor_web")}
"""Taken over unmodified; not ours to style."""


class Source(NamedTuple):
    """One file. `path` is from the top of the repository."""

    path: str
    text: str
    tree: ast.Module


@cache
def sources(*folders: str) -> tuple[Source, ...]:
    """The Python files under these folders, by path."""
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return tuple(source for path in paths if (source := _read(path)).path not in COPIED)


@cache
def _read(path: Path) -> Source:
    text = path.read_text(encoding="utf-8")
    name = path.relative_to(ROOT).as_posix()
    return Source(name, text, ast.parse(text, name))
