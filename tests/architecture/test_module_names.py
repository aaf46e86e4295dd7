"""A module is named for the noun it owns."""

import re
from pathlib import PurePath

from tests.architecture.source import ROOMS, sources

NO_NOUN = re.compile(r"(util|helper|service|handler)s?|common")


def test_every_module_owns_a_noun() -> None:
    vague = [
        source.path
        for source in sources(*ROOMS, "migrations", "tests")
        if any(NO_NOUN.fullmatch(part) for part in PurePath(source.path).with_suffix("").parts)
    ]
    assert not vague, f"Name these for what they own; what owns nothing belongs to its caller: {vague}"
