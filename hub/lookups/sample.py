"""Sample: what a draft's card looks like before any source is asked: a made-up row, and what the draft makes of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct

from hub.contract import AnyCard, Misconfigured, Unreadable
from hub.contract.config import convert
from hub.contract.mapping import CardMapping
from hub.contract.mapping_check import NoCard
from hub.contract.mapping_config import ANYTHING_ELSE, FIELDS, NO_MONEY, WORDS, MappedConfig
from hub.errors import Invalid
from hub.lookups.definition import Declared

ABOUT = {
    "identity": "19121212-1212", "customer": "600606", "property": "PROVET 1:1", "address": "Provgatan 1",
    "invoice": "53489546", "case": "PROV 2026-000001",
}  # fmt: skip
"""Nobody and nowhere: the number is the tax agency's own example."""
_WORDS = {
    "number": "53489546", "reference": "534895461", "currency": "SEK", "unit": "L", "waste": "Restavfall",
    "pay_to": "5050-1055",
}  # fmt: skip


class Sampled(Struct, frozen=True):
    """`row`: by their columns, as it stands in the form of test data; `cards`: what was made of it."""

    row: Mapping[str, str]
    cards: Sequence[AnyCard]


def row_of(declared: Declared, typed: Mapping[str, str], now: datetime) -> Mapping[str, str]:
    """For each column that is named what was typed, or else something of its kind."""
    row = _made_up(declared, now)
    return {path: typed.get(path) or value for path, value in row.items()}


def sample(declared: Declared, typed: Mapping[str, str], now: datetime) -> Sampled:
    """Raises Invalid, with the setting that no card can be made by."""
    row = row_of(declared, typed, now)
    try:
        return Sampled(row, mapping_of(declared).cards([_nested(row)], now))
    except msgspec.ValidationError as error:
        raise Invalid("card", str(error)) from error
    except Misconfigured as error:
        raise Invalid(error.field, str(error)) from error
    except NoCard as error:
        raise Invalid(error.setting, str(error)) from error
    except Unreadable as error:
        raise Invalid("", str(error)) from error


def mapping_of(declared: Declared) -> CardMapping:
    """Of its settings, without its source. Raises Misconfigured, msgspec.ValidationError."""
    said = {name: value for name, value in declared.settings.items() if name in MappedConfig.__struct_fields__}
    return CardMapping(convert({"fields": {}, **said}, MappedConfig))


def _made_up(declared: Declared, now: datetime) -> dict[str, str]:
    settings = declared.settings
    row: dict[str, str] = {}
    for by, source in settings.get("about", {}).items():
        for path in paths_of(source):
            row.setdefault(path, ABOUT.get(by, "1"))
    for path, wanted in settings.get("only", {}).items():
        row.setdefault(path, wanted if isinstance(wanted, str) else str(next(iter(wanted), "")))
    card = settings.get("card", "fields")
    for name, source in settings.get("fields", {}).items():
        for path in paths_of(source):
            row.setdefault(path, _value(settings, card, name, FIELDS.get(card, {}).get(name, "text"), now))
    for line in settings.get("lines", ()):
        reading = {"date": "day", "amount": "amount"}.get(line.get("kind", "text"), "text")
        for path in paths_of(line.get("value", "")):
            row.setdefault(path, _value(settings, card, line.get("label", ""), reading, now))
        for path in paths_of(line.get("currency", "")):
            row.setdefault(path, "SEK")
    for rule in settings.get("rules", ()):
        for path in rule.get("when", {}):
            row.setdefault(path, "")
    return row


def paths_of(source: object) -> Sequence[str]:
    """That it names: a path, several, or those in the braces of a text."""
    if isinstance(source, Mapping):
        text = str(source.get("text", ""))
        return [part.partition("}")[0] for part in text.split("{")[1:]]
    return [source] if isinstance(source, str) and source else list(source) if isinstance(source, list) else []


def _value(settings: Mapping[str, Any], card: str, name: str, reading: str, now: datetime) -> str:
    theirs = [each for each in settings.get("values", {}).get(name, {}) if each != ANYTHING_ELSE]
    if theirs:
        return str(theirs[0])
    if reading in {"day", "when"}:
        return (now + timedelta(days=14)).date().isoformat()
    if reading == "moment":
        return (now + timedelta(hours=2)).isoformat(timespec="minutes")
    if reading == "amount":
        plain = "1250,00" if settings.get("decimal") == "," else "1250.00"
        return "125000" if settings.get("hundredths") and name not in NO_MONEY else plain
    if reading == "word":
        return next(iter(WORDS.get((card, name), ())), "") if (card, name) in WORDS else ""
    known = {"yes": "nej", "count": "1", "currency": "SEK"}
    return known.get(reading) or _WORDS.get(name, "Provtext")


def _nested(row: Mapping[str, str]) -> Mapping[str, object]:
    """As a source with parts within parts has it."""
    whole: dict[str, Any] = {}
    for path, value in row.items():
        *heads, last = path.split(".")
        place = whole
        for head in heads:
            name = head.removesuffix("[]")
            if head.endswith("[]"):
                inner = place.setdefault(name, [{}])
                place = inner[0] if isinstance(inner, list) and isinstance(inner[0], dict) else {}
            else:
                inner = place.setdefault(name, {})
                place = inner if isinstance(inner, dict) else {}
        place[last.removesuffix("[]")] = [value] if last.endswith("[]") else value
    return {**whole, **{path: value for path, value in row.items() if path not in whole}}
