"""An error of unknown kind is a bug: only where one item is set aside, and the next goes on, may it be caught."""

import ast
from collections import Counter

from tests.architecture.source import ROOMS, sources

ALLOWED: dict[str, int] = {}
"""File: how many."""
BROAD = {"Exception", "BaseException"}


def test_broad_excepts_are_listed() -> None:
    found = Counter(source.path for source in sources(*ROOMS) for node in ast.walk(source.tree) if catches_all(node))
    differing = {path: found[path] for path in found.keys() | ALLOWED if found[path] != ALLOWED.get(path)}
    assert not differing, f"Name what can go wrong there, or set ALLOWED right and say why in review: {differing}"


def catches_all(node: ast.AST) -> bool:
    """`except:`, `except Exception:`, in a tuple too, and `suppress(Exception)`."""
    match node:
        case ast.ExceptHandler(type=None):
            return True
        case ast.ExceptHandler(type=ast.Tuple(elts=kinds)):
            pass
        case ast.ExceptHandler(type=kind):
            kinds = [kind] if kind else []
        case ast.Call(func=function, args=kinds) if ast.unparse(function).endswith("suppress"):
            pass
        case _:
            return False
    return any(isinstance(kind, ast.Name) and kind.id in BROAD for kind in kinds)
