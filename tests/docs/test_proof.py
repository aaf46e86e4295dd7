"""What docs/proof.md and docs/scale.md say that something is shown by is there: files, tests, modules, targets."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

PAGES = [ROOT / "docs/proof.md", ROOT / "docs/scale.md"]
SHOWS = re.compile(r"`(?:tests/|\.ci/|torg prove |make |python -m tests\.)")


def named(path: Path) -> list[str]:
    return re.findall(r"`([^`]+)`", path.read_text("utf-8"))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_what_is_named_is_there(path: Path) -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    for name in named(path):
        file, _, test = name.partition("::")
        if name.startswith(("tests/", ".ci/")):
            assert (ROOT / file).exists(), name
            assert not test or re.search(rf"^\s*(async )?def {test}\(", (ROOT / file).read_text("utf-8"), re.M), name
        elif name.startswith("python -m "):
            assert find_spec(name.split()[2]) is not None, name
        elif name.startswith("make "):
            assert name.split()[1] in targets, name


def test_each_promise_has_what_shows_it() -> None:
    rows = re.findall(r"^\|(.+)\|$", PAGES[0].read_text("utf-8"), re.M)
    promises = [
        cells for row in rows if len(cells := row.split(" | ")) == 3 and not cells[0].startswith(("---", " promise"))
    ]
    assert len(promises) > 50
    for promise, shown, _ in promises:
        assert SHOWS.search(shown), promise
