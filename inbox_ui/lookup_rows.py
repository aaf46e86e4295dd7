"""Lookup rows: a definition as rows of its page: what it is asked by, fields of its card, lines of one's own."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from msgspec import Struct

from hub.contract import Identifier
from hub.contract.lookup import Shows
from hub.contract.mapping_cards import whole
from hub.contract.mapping_config import FIELDS, NEEDED, WORDS, ZONE
from hub.inbox.municipality import ZONES
from hub.lookups.cover import is_named
from hub.lookups.definition import LINE, Coverable, Declared, Maskable
from inbox_ui import lookup_words
from inbox_ui.made import seen_of, source_text

IDENTIFIERS: Sequence[str] = get_args(Identifier)
COVERABLE = frozenset(get_args(Coverable))
MASKABLE = frozenset(get_args(Maskable))
SEEN: Sequence[str] = ("all", "asked", "leads")
"""By whom a field is seen."""
_BREAK = re.compile(r"\s*[\r\n]+\s*")
"""A browser takes them out of a field of one line, and what stands on either side becomes one word."""
_CONDITION = re.compile(r"([^\W\d]\w*(?:\.[^\W\d]\w*)*) = :(\w+)")
_NAMES = re.compile(r"(?<!:):([A-Za-z_]\w*)")
VALUE = re.compile(r"(?<!:):value\b")
"""In a condition: what is asked by, written as the page says."""
PAGE = "{page}"
"""In a query: the page's number, of an answer in pages."""
LIKE: Mapping[str, Sequence[str]] = {
    "identity": ("value", "dashed", "ten", "ten_dashed", "sixteen", "sixteen_dashed"),
    "address": ("value", "street"),
}
"""How a column may have what it is looked for by; of the others as it is written, or as a number."""
_CURRENCIES = {"SE": "SEK", "NO": "NOK", "DK": "DKK", "FI": "EUR", "IS": "ISK"}
_OTHERS: Sequence[str] = ("value", "digits")


class Code(Struct, frozen=True):
    """Their word and ours."""

    theirs: str
    ours: str


class FieldRow(Struct, frozen=True):
    """A field of the card, or a line of one's own. `codes`: with room for one more; `words`: ours to choose from.

    `seen`: one of SEEN, `ways` those that it can be; none: it is always shown, or as the field that it is a part of.
    """

    name: str
    words: str
    source: str
    needed: bool
    reading: str
    seen: str
    ways: Sequence[str]
    in_reply: bool
    codes: Sequence[Code]
    choices: Mapping[str, str]
    kind: str = "text"
    currency: str = ""
    part_of: str = ""


class ByRow(Struct, frozen=True):
    """What it can be asked by. `where`: column, condition or path; `like`: in which form; `about`: their column that
    says whose the answer is; `query`, `rows`: of a request."""

    by: str
    where: str
    like: str
    about: str
    query: str = ""
    rows: str = ""


def by_rows(declared: Declared) -> list[ByRow]:
    """All identifiers there are, those that aren't asked by empty."""
    settings = declared.settings
    return [
        _by_row(by, settings.get("by", {}).get(by), source_text(settings.get("about", {}).get(by, "")))
        for by in IDENTIFIERS
    ]


def view_of(declared: Declared) -> str:
    """The one that most is asked of."""
    asked = [each.get("view", "") for each in declared.settings.get("by", {}).values() if isinstance(each, Mapping)]
    return next((each for each in asked if each), "")


def card_of(declared: Declared) -> Shows:
    """Its kind of card."""
    return card_named(declared.settings.get("card"))


def field_rows(
    declared: Declared, added: Sequence[str] = (), found: Mapping[str, Sequence[str]] | None = None
) -> list[FieldRow]:
    """What the card isn't without, what is set, and what was added. `found`: words that stand in their columns."""
    card, settings = card_of(declared), declared.settings
    given = settings.get("fields", {})
    shown = [name for name in FIELDS[card] if name in NEEDED[card] or name in given or name in added]
    known = lookup_words.fields()
    return [
        FieldRow(
            name=name,
            words=known[name],
            source=source_text(given.get(name, "")),
            needed=name in NEEDED[card],
            reading=FIELDS[card][name],
            seen=seen_of(declared, whole(name)),
            ways=[each for each in SEEN if name in COVERABLE and (each != "asked" or name in MASKABLE)],
            in_reply=name not in declared.not_in_replies and seen_of(declared, whole(name)) != "asked",
            codes=_codes(settings, name, source_text(given.get(name, "")), found or {}, (card, name) in WORDS),
            choices=lookup_words.states(card, name),
            part_of=known[whole(name)] if whole(name) != name else "",
        )
        for name in shown
    ]


def addable(declared: Declared, rows: Sequence[FieldRow]) -> Mapping[str, str]:
    """Fields of the card that have no row yet."""
    there = {row.name for row in rows}
    known = lookup_words.fields()
    return {name: known[name] for name in FIELDS[card_of(declared)] if name not in there}


def hideable(card: Shows) -> tuple[Sequence[str], Sequence[str]]:
    """What of a card can be hidden until somebody asks for it, and what is always shown, in the reader's words.

    The rest can be for leads alone.
    """
    known, whole_ones = lookup_words.fields(), [name for name in FIELDS[card] if whole(name) == name]
    there = ["fields", *whole_ones] if card == "fields" else whole_ones
    hidden, always = (name for name in there if name in MASKABLE), (name for name in there if name not in COVERABLE)
    return [known[name] for name in hidden], [known[name] for name in always]


def line_rows(declared: Declared, found: Mapping[str, Sequence[str]] | None = None) -> list[FieldRow]:
    """Lines of one's own, and an empty one."""
    lines = [*declared.settings.get("lines", ()), {}]
    return [
        FieldRow(
            name=str(line.get("label", "")),
            words=str(line.get("label", "")),
            source=source_text(line.get("value", "")),
            needed=False,
            reading="text",
            seen=seen_of(declared, LINE + str(line.get("label", ""))),
            ways=SEEN,
            in_reply=not is_named((*declared.not_in_replies, *declared.until_asked), LINE + str(line.get("label", ""))),
            codes=_codes(
                declared.settings, str(line.get("label", "")), source_text(line.get("value", "")), found or {}, False
            ),
            choices={},
            kind=str(line.get("kind", "text")),
            currency=source_text(line.get("currency", "")),
        )
        for line in lines
    ]


def currency(zone: str) -> str:
    """Of the country whose time this is."""
    return next((_CURRENCIES[country] for country, each in ZONES.items() if each == zone), "SEK")


def zones(declared: Declared) -> Sequence[str]:
    """The one that is set, then others to choose."""
    said = str(declared.settings.get("time_zone") or ZONE)
    return list(dict.fromkeys([said, *ZONES.values()]))


def sayable(declared: Declared) -> Sequence[str]:
    """What a sentence of one's own may name: fields that are set, or labels of lines."""
    settings = declared.settings
    lines = [str(each.get("label")) for each in settings.get("lines", ()) if each.get("label")]
    return [*settings.get("fields", {}), *lines]


def card_named(said: object) -> Shows:
    """The kind of card of that name; else lines of one's own."""
    return next((each for each in FIELDS if each == said), "fields")


def _by_row(by: str, question: object, about: str) -> ByRow:
    if isinstance(question, str):
        return ByRow(by, question, "value", about)
    if not isinstance(question, Mapping):
        return ByRow(by, "", "value", about)
    if "path" in question:
        pairs = dict(question.get("query", {}))
        pages = question.get("pages")
        pairs |= {str(pages.get("parameter", "")): PAGE} if isinstance(pages, Mapping) else {}
        query = "&".join(f"{name}={value}" for name, value in pairs.items())
        return ByRow(by, str(question["path"]), "value", about, query, str(question.get("rows", "")))
    if question.get("column"):
        return ByRow(by, str(question.get("column", "")), str(question.get("like", "value")), about)
    where = _BREAK.sub(" ", str(question.get("where") or question.get("select") or "")).strip()
    return _condition(by, where, about)


def _condition(by: str, where: str, about: str) -> ByRow:
    """A column where it is no more than that; `:value` in the place of the one way in which it writes what it is asked
    by, so that this is chosen beside it."""
    simple = _CONDITION.fullmatch(where)
    if simple:
        return ByRow(by, simple[1], simple[2], about)
    ways = {name for name in _NAMES.findall(where) if not name.startswith("today")}
    like = next(iter(ways), "")
    if len(ways) != 1 or like not in LIKE.get(by, _OTHERS):  # several ways of writing it: each stands there by its name
        return ByRow(by, where, "value", about)
    return ByRow(by, re.sub(rf"(?<!:):{like}\b", ":value", where), like, about)


def _codes(
    settings: Mapping[str, Any], name: str, source: str, found: Mapping[str, Sequence[str]], has_words: bool
) -> Sequence[Code]:
    """Those that are set, those that were found and aren't yet, and an empty one; none where no word needs another."""
    given = {str(theirs): str(ours) for theirs, ours in settings.get("values", {}).get(name, {}).items()}
    known = {each.casefold() for each in given}
    new = [each for each in found.get(source, ()) if each.casefold() not in known]
    if not given and not has_words and not new:
        return [Code("", "")]
    return [*(Code(*each) for each in given.items()), *(Code(each, "") for each in new), Code("", "")]
