"""The repository speaks of Torg: of no machine it was written on, no registry, and nobody's writing tools."""

import re
import subprocess

from tests.architecture.source import ROOT

# Written backwards, so that this file passes as well.
PLACES = ["/krow/", "/toor/", "sleehw/tpo/", "gro.ipyp", "gro.detsohnohtyp", "gro.sjmpn", "gro.naibed"]
TOOLS = ["edualc", "ciporhtna", "ianepo", "tpgtahc", "tolipoc", "inimeg", "ledom egaugnal", "yb-derohtua-oc"]
SHORT = ["IA", "MLL", "TPG"]

FOREIGN = [word[::-1] for word in PLACES + TOOLS]
FOREIGN_WORD = re.compile(rf"(?<![\w+/=])({'|'.join(word[::-1] for word in SHORT)})s?(?![\w+/=])")


def test_no_file_names_what_is_not_ours() -> None:
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    paths = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    found = [
        f"{path}: {word}"
        for path in sorted(filter(None, paths))
        if (ROOT / path).is_file()
        for text in [f"{path}\n{(ROOT / path).read_text(encoding='utf-8', errors='replace')}"]
        for word in foreign(text, short=not path.endswith(".png"))  # two letters are anywhere in a picture
    ]
    assert not found, f"Say it without that name: {found}"


def foreign(text: str, *, short: bool) -> list[str]:
    """Words one after the other: a pattern of all of them takes fourteen times as long."""
    folded = text.casefold()
    return [word for word in FOREIGN if word in folded] + (FOREIGN_WORD.findall(text) if short else [])


def test_the_lock_holds_hashes_and_no_address() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
        strange = [line for line in lines if not re.match(r"[a-z0-9-]+(\[.*\])?==|    --hash=sha256:", line)]
        assert not strange, f"Lock again with `make lock`; {name} says more than names and hashes: {strange}"
