"""Streets of a file, for an address that isn't in it as it was written: Tallvägn 8 may mean Tallvägen 8."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher

from hub.contract.houses import parts

MOST_SUGGESTIONS = 5

_ALIKE = 0.8
"""One letter too few, too many or another, of five; two of ten."""
_STREET = re.compile(r"\s*(\D*?\D)\s*(?:(\d+).*)?", re.DOTALL)


class Streets:
    """By the first letter, which is seldom wrong: so few are compared that nobody waits."""

    def __init__(self, labels: Iterable[str]) -> None:
        self._by_letter: dict[str, dict[str, dict[str, list[str]]]] = {}
        plain: dict[str, str] = {}
        for label in labels:
            if (found := _STREET.fullmatch(label.partition(",")[0])) is None:
                continue
            street, number = found[1], found[2] or ""
            name = plain.get(street) or plain.setdefault(street, _plain(street))
            if name:
                self._by_letter.setdefault(name[0], {}).setdefault(name, {}).setdefault(number, []).append(label)

    def alike(self, asked: str) -> list[str]:
        """Labels that may be meant, the likeliest first: with the number that was asked for, where one has it."""
        wanted = parts(asked)
        name = _plain(wanted["street"])
        streets = self._by_letter.get(name[:1], {})
        has_it = {street: houses for street, houses in streets.items() if wanted["number"] in houses}
        found: list[str] = []
        for candidates in (has_it, streets):
            for street in _closest(name, candidates):
                there = candidates[street]
                numbered = there.get(wanted["number"]) or [label for labels in there.values() for label in labels]
                found += sorted(numbered, key=lambda label: parts(label)["house"] != wanted["house"])
            if found:
                break
        return found[:MOST_SUGGESTIONS]


def _closest(name: str, streets: Mapping[str, object]) -> list[str]:
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(name)  # what it prepares is of this one
    rated = []
    for street in streets:
        matcher.set_seq1(street)
        if matcher.real_quick_ratio() >= _ALIKE and matcher.quick_ratio() >= _ALIKE and matcher.ratio() >= _ALIKE:
            rated.append((-matcher.ratio(), street))
    return [street for _, street in sorted(rated)[:MOST_SUGGESTIONS]]


def _plain(street: str) -> str:
    """Small letters without marks and spaces: Tallvagen and Tall vägen are Tallvägen."""
    folded = street.casefold().replace("ø", "o").replace("æ", "a")
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKD", folded)))
