"""Mails of our own making, each with what it must be read as beside it.

What a JSON names is what `torg parse` says.
"""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from hub.cli.parse import _item
from hub.formats import mail

FOLDER = Path(__file__).parent / "samples"
SAMPLES = sorted(each.stem for each in FOLDER.glob("*.eml"))


def holds(expected: Any, found: Any) -> bool:
    """Whether what is expected is there; of an object only the keys that are named."""
    if isinstance(expected, dict):
        return isinstance(found, dict) and all(
            key in found and holds(each, found[key]) for key, each in expected.items()
        )
    if isinstance(expected, list):
        return len(expected) == len(found) and all(map(holds, expected, found))
    return bool(expected == found)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_mail_is_read_as_it_should_be(name: str) -> None:
    expected = msgspec.json.decode((FOLDER / f"{name}.json").read_bytes())
    message = mail.parse_mail((FOLDER / f"{name}.eml").read_bytes(), name)
    found = msgspec.to_builtins({"reports": [], **_item(message)})
    wrong = {key: found.get(key) for key, each in expected.items() if not holds(each, found.get(key))}
    assert {key: expected[key] for key in wrong} == wrong
