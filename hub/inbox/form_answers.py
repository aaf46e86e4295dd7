"""Answers to a form: what was typed, checked field by field by the version that was filled in. Pure.

What is hidden by a condition doesn't count, whatever was sent of it: who has no script sees all of the form.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date

from msgspec import Struct

from hub.contract import Refused
from hub.formats.charsets import clean
from hub.formats.compose import check_address
from hub.formats.identity_numbers import can_be_right
from hub.inbox.form_definition import CHOOSES, Definition, Field, said, visible

FAULTS: Mapping[str, str] = {
    "missing": "Fill this in.",
    "not_chosen": "Choose one of the answers.",
    "consent": "Tick this to go on.",
    "no_file": "Add a file.",
    "too_long": "This is too long: {most} characters at most.",
    "date": "Write the date as year-month-day, such as 2026-11-27.",
    "email": "This is no e-mail address: it looks like name@example.com.",
    "phone": "This is no phone number: write digits, with + before the country.",
    "property": "This isn't how a property is written: {example}.",
    "identity": "This identity number can't be right: check its digits.",
    "many_files": "There may be {most} files here at most: take some away.",
    "large_file": "This file is larger than {most} MB: choose a smaller one.",
    "empty_file": "This file is empty: choose another one.",
    "large_files": "The files are larger than {most} MB together: take some away.",
    "lost_file": "This file isn't here any more: choose it again.",
    "unsafe_file": "A virus scanner found something in this file: choose another one.",
}
"""What can be wrong with a field, each a sentence that says what to do. Pages say it in the citizen's language."""
YES: Mapping[str, str] = {"sv": "Ja", "nb": "Ja", "nn": "Ja", "da": "Ja", "fi": "Kyllä", "en": "Yes"}
LONGEST: Mapping[str, int] = {"long_text": 20_000}
_LONGEST_LINE = 300
_PHONE = re.compile(r"\+?[0-9][0-9 ()/.-]{3,28}[0-9]")
_PROPERTIES: Mapping[str, tuple[str, re.Pattern[str]]] = {
    "SE": (
        "Granvik 1:23",
        re.compile(r"(?=.*[^\W\d_])[\w .'/-]{2,60}\s(?:(?:\d{1,4}|[A-Z]{1,2})\s?:\s?)?\d{1,4}", re.I),
    ),
    "NO": ("12/345", re.compile(r"(?:\d{4}\s?[-/]\s?)?\d{1,5}\s?/\s?\d{1,5}(?:\s?/\s?\d{1,5}){0,2}")),
    "DK": ("12ab Strandby By", re.compile(r"\d{1,4}\s?[a-zæøå]{0,3}(?:[ ,].{2,80})?", re.I)),
    "FI": ("91-2-34-5", re.compile(r"\d{1,3}-\d{1,3}-\d{1,4}-\d{1,4}")),
}


class Place(Struct, frozen=True):
    """Whose rules hold: the municipality's `country` and its `today`."""

    country: str
    today: date


class Attached(Struct, frozen=True):
    """A file that was sent along, without its content. `lost`: what it was kept as is gone."""

    name: str
    size: int
    lost: bool = False


class Fault(Struct, frozen=True):
    """`code`: one of FAULTS; `told`: the names in its braces."""

    code: str
    told: Mapping[str, str] = {}

    @property
    def sentence(self) -> str:
        """In English."""
        return FAULTS[self.code].format(**self.told)


class Answered(Struct, frozen=True):
    """A field with what was answered to it, in words of the form's language; an identity number as it was typed."""

    field: Field
    label: str
    text: str


class Limits(Struct, frozen=True):
    """Megabytes of a file, and of all of them."""

    file: int
    files: int


def checked(
    definition: Definition,
    language: str,
    typed: Mapping[str, Sequence[str]],
    files: Mapping[str, Sequence[Attached]],
    place: Place,
    limits: Limits,
) -> tuple[list[Answered], dict[str, Fault]]:
    """What counts of it, and what is wrong with which field."""
    answered: list[Answered] = []
    faults: dict[str, Fault] = {}
    for field in visible(definition, lambda key: typed.get(key, ())):
        if field.kind == "section":
            continue
        values = [each for each in (clean(each).strip() for each in typed.get(field.key, ())) if each]
        there = files.get(field.key, ())
        fault = _of_files(field, there, limits) if field.kind == "file" else _of_values(field, values, place)
        if fault is not None:
            faults[field.key] = fault
            continue
        text = ", ".join(each.name for each in there) if field.kind == "file" else _in_words(field, values, language)
        if text:
            answered.append(Answered(field, said(field.label, language), text))
    together = sum(each.size for several in files.values() for each in several)
    if together > limits.files * 1_000_000:
        first = next(key for key, several in files.items() if several)
        faults.setdefault(first, Fault("large_files", {"most": str(limits.files)}))
    return answered, faults


def longest(field: Field) -> int:
    """Characters that it takes."""
    return LONGEST.get(field.kind, _LONGEST_LINE)


def example_of_property(country: str) -> str:
    """How one is written there; empty where there is no rule."""
    return _PROPERTIES[country][0] if country in _PROPERTIES else ""


def _of_values(field: Field, values: Sequence[str], place: Place) -> Fault | None:
    if not values:
        if not field.required:
            return None
        return Fault("not_chosen" if field.kind in CHOOSES else "consent" if field.kind == "consent" else "missing")
    if field.kind in CHOOSES:
        known = {each.key for each in field.options}
        unknown = not set(values) <= known or (field.kind == "choice" and len(values) > 1)
        return Fault("not_chosen") if unknown else None
    value = values[0]
    if len(value) > longest(field):
        return Fault("too_long", {"most": str(longest(field))})
    return _of_kind(field.kind, value, place)


def _of_kind(kind: str, value: str, place: Place) -> Fault | None:
    told: Mapping[str, str] = {}
    match kind:
        case "date":
            fits = _date(value) is not None
        case "email":
            fits = _is_address(value)
        case "phone":
            fits = _PHONE.fullmatch(value) is not None
        case "identity":
            fits = can_be_right(value, place.country, place.today)
        case "property" if place.country in _PROPERTIES:
            example, pattern = _PROPERTIES[place.country]
            fits, told = pattern.fullmatch(value) is not None, {"example": example}
        case _:
            return None
    return None if fits else Fault(kind, told)


def _is_address(value: str) -> bool:
    """That mail can be sent to from anywhere: with a domain of two parts at least."""
    try:
        check_address(value)
    except Refused:
        return False
    return "." in value.rpartition("@")[2]


def _of_files(field: Field, files: Sequence[Attached], limits: Limits) -> Fault | None:
    if any(each.lost for each in files):
        return Fault("lost_file")
    if len(files) > field.most:
        return Fault("many_files", {"most": str(field.most)})
    if any(each.size > limits.file * 1_000_000 for each in files):
        return Fault("large_file", {"most": str(limits.file)})
    if any(each.size == 0 for each in files):
        return Fault("empty_file")
    return Fault("no_file") if field.required and not files else None


def _in_words(field: Field, values: Sequence[str], language: str) -> str:
    if not values:
        return ""
    if field.kind in CHOOSES:
        return ", ".join(said(each.words, language) for each in field.options if each.key in values)
    if field.kind == "consent":
        return YES.get(language, YES["en"])
    if field.kind == "date":
        found = _date(values[0])
        return found.isoformat() if found else ""
    text = values[0].replace("\r\n", "\n").replace("\r", "\n")
    return text if field.kind == "long_text" else " ".join(text.split())


def _date(value: str) -> date | None:
    """Year first, as browsers send it; or day.month.year, as people here write it where there is no calendar."""
    year_first = re.fullmatch(r"(\d{4})-?(\d{1,2})-?(\d{1,2})", value)
    day_first = re.fullmatch(r"(\d{1,2})[./](\d{1,2})[./](\d{4})", value)
    try:
        if year_first:
            return date(*(int(each) for each in year_first.groups()))
        if day_first:
            return date(*(int(each) for each in reversed(day_first.groups())))
    except ValueError:
        return None
    return None
