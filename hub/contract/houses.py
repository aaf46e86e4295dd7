"""Addresses as people write them, and which of a source's is meant: sure, or *did you mean*."""

import re
from collections.abc import Mapping, Sequence

from hub.contract.errors import DidYouMean

MOST_SUGGESTIONS = 20

_NUMBERED = re.compile(r"(?P<place>.*?)\s*\(\d+\)")
"""`Storgatan 1, Granvik (12345)`: a source's own number."""
_HOUSE = re.compile(r"(?P<street>.*?) (?P<first>\d+) ?(?P<letter>[a-zåäöæø](?![a-zåäöæø]))?(?: ?- ?(?P<last>\d+))?")
_UNIT = re.compile(r"\d:\d")
"""Of a property: Björken 1:2 is no part of 1:23."""
_PARTS = re.compile(
    r"(?P<street>.*?\S) (?P<number>\d+) ?(?P<letter>[a-zåäöæø])?(?![\wåäöæø])(?P<rest>.*)", re.IGNORECASE
)
_CODE = re.compile(r"\b(\d{4}|\d{3} ?\d{2})\b")


def chosen(asked: str, labels: Sequence[str]) -> str | None:
    """The one that was asked for. Raises DidYouMean where that isn't sure."""
    whole = folded(asked).casefold()
    street = whole.partition(",")[0].strip()
    # Where it names no town, none contradicts the one that was asked for.
    equal = [label for label in labels if whole in _names(label) or ("," not in label and street in _names(label))]
    if len(equal) == 1:
        return equal[0]
    if not labels:
        return None
    if len(labels) == 1 and not _is_another_house(asked, labels[0]):
        return labels[0]
    raise DidYouMean((equal or labels)[:MOST_SUGGESTIONS])


def searched(asked: str) -> str:
    """What to search for: without a source's own number, which it doesn't find."""
    named = _NUMBERED.fullmatch(folded(asked))
    return named["place"] if named else folded(asked)


def parts(asked: str) -> Mapping[str, str]:
    """`street`, `house` (number and letter), `number`, `letter`, `postcode`; empty what isn't written."""
    match = _PARTS.fullmatch(searched(asked))
    if match is None:
        return {"street": searched(asked).partition(",")[0], "house": "", "number": "", "letter": "", "postcode": ""}
    letter = (match["letter"] or "").upper()
    code = _CODE.search(match["rest"])
    return {
        "street": match["street"],
        "house": match["number"] + letter,
        "number": match["number"],
        "letter": letter,
        "postcode": code[1].replace(" ", "") if code else "",
    }


def folded(text: str | None) -> str:
    """With single spaces."""
    return " ".join((text or "").split())


def _names(label: str) -> set[str]:
    """Whole, without its number in parentheses, and without its town."""
    whole = folded(label).casefold()
    named = _NUMBERED.fullmatch(whole)
    place = named["place"] if named else whole
    return {whole, place, place.partition(",")[0].strip()}


def _is_another_house(asked: str, label: str) -> bool:
    """Storgatan 1 was asked for, and only Storgatan 10, 1B, one of another town or Lilla Storgatan 1 is there; 2 -6 is
    each from 2 to 6. What has no house number is the same by its whole name, or is all of a street.
    """
    (own, own_town), (its, its_town) = map(_place_and_town, (asked, label))
    if own_town and its_town and own_town != its_town:
        return True
    wanted, there = _HOUSE.match(own), _HOUSE.match(its)
    if wanted is None or there is None or _UNIT.search(own) or _UNIT.search(its):
        return own != its and (_UNIT.search(own) is not None or not its.startswith(f"{own} "))
    if wanted["street"] != there["street"] or there["letter"] not in {None, wanted["letter"]}:
        return True
    return not int(there["first"]) <= int(wanted["first"]) <= int(there["last"] or there["first"])


def _place_and_town(text: str) -> tuple[str, str]:
    place, _, town = folded(text).casefold().partition("(")[0].partition(",")
    return place.strip(), _CODE.sub("", town).strip(" ,")
