"""Definition of a form: its fields, in their order, with their words in several languages, and what shows which."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import Struct

from hub.errors import Invalid
from hub.inbox.municipality import LANGUAGES
from hub.storage.base import Words

FieldKind: TypeAlias = Literal[
    "section", "name", "email", "phone", "text", "long_text", "choice", "choices", "date", "address", "property",
    "identity", "file", "consent",
]  # fmt: skip
KINDS: Sequence[FieldKind] = FieldKind.__args__  # type: ignore[attr-defined]  # of a Literal
CHOOSES = frozenset({"choice", "choices"})
MOST_FIELDS, MOST_OPTIONS, MOST_FILES = 60, 40, 10
LONGEST_LABEL, LONGEST_TEXT = 200, 2_000
_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")


class Option(Struct, frozen=True, forbid_unknown_fields=True):
    """One of the answers to choose from."""

    key: str
    words: Words


class When(Struct, frozen=True, forbid_unknown_fields=True):
    """Shown only when one of these options of an earlier field is chosen."""

    field: str
    options: tuple[str, ...]


class Field(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`key`: its name in what is sent, the same in all versions. A section is a heading. `most`: how many files."""

    key: str
    kind: FieldKind
    label: Words
    help: Words = {}
    required: bool = False
    options: tuple[Option, ...] = ()
    when: When | None = None
    most: int = 5


class Definition(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`lead` stands below the title, `thanks` on the receipt. All words are there in each of `languages`."""

    languages: tuple[str, ...]
    title: Words
    lead: Words = {}
    thanks: Words = {}
    fields: tuple[Field, ...] = ()

    def field(self, key: str) -> Field | None:
        """By its key."""
        return next((each for each in self.fields if each.key == key), None)


def said(words: Mapping[str, str], language: str) -> str:
    """In that language; a form that is being made may have it in another only."""
    return words.get(language) or next(iter(words.values()), "")


def read(stored: Any) -> Definition:
    """As it is kept. Raises Invalid."""
    try:
        return msgspec.convert(stored, Definition)
    except msgspec.ValidationError as error:
        raise Invalid("fields", "this isn't how a form is described: {why}", why=str(error)) from error


def check(definition: Definition) -> None:
    """Whether it can be published. Raises Invalid, naming the field by its key and what is to be done."""
    languages = definition.languages
    if not languages or len(set(languages)) < len(languages) or not set(languages) <= set(LANGUAGES):
        raise Invalid("languages", "choose at least one language, each once")
    _complete("title", definition.title, languages, LONGEST_LABEL)
    for name, words in (("lead", definition.lead), ("thanks", definition.thanks)):
        if words:
            _complete(name, words, languages, LONGEST_TEXT)
    asked = [each for each in definition.fields if each.kind != "section"]
    if not asked:
        raise Invalid("fields", "a form asks for something: add a field")
    if len(definition.fields) > MOST_FIELDS:
        raise Invalid("fields", "a form has {most} fields at most", most=MOST_FIELDS)
    before: dict[str, Field] = {}
    for each in definition.fields:
        if not _KEY.fullmatch(each.key) or each.key in before:
            raise Invalid(each.key, "each field has a key of its own, of a-z, 0-9 and _")
        _check_field(each, before, languages)
        before[each.key] = each


def _check_field(field: Field, before: Mapping[str, Field], languages: Sequence[str]) -> None:
    _complete(field.key, field.label, languages, LONGEST_LABEL)
    if field.help:
        _complete(field.key, field.help, languages, LONGEST_TEXT)
    if field.kind in CHOOSES:
        keys = [each.key for each in field.options]
        if len(keys) < 2:  # noqa: PLR2004 - else there is nothing to choose
            raise Invalid(field.key, "there are at least two answers to choose from: add another one")
        if len(keys) > MOST_OPTIONS:
            raise Invalid(field.key, "there are {most} answers to choose from at most", most=MOST_OPTIONS)
        if len(set(keys)) < len(keys) or not all(map(_KEY.fullmatch, keys)):
            raise Invalid(field.key, "each answer has a key of its own, of a-z, 0-9 and _")
        for option in field.options:
            _complete(field.key, option.words, languages, LONGEST_LABEL)
    if field.kind == "file" and not 1 <= field.most <= MOST_FILES:
        raise Invalid(field.key, "choose how many files there may be, {most} at most", most=MOST_FILES)
    if field.when is not None:
        _check_condition(field, field.when, before)


def _check_condition(field: Field, when: When, before: Mapping[str, Field]) -> None:
    chooser = before.get(when.field)
    if chooser is None or chooser.kind not in CHOOSES:
        raise Invalid(field.key, "it can hang on a choice that stands above it only: choose another one, or none")
    if not when.options or not set(when.options) <= {each.key for each in chooser.options}:
        raise Invalid(field.key, "say for which answers it is shown")


def _complete(name: str, words: Mapping[str, str], languages: Sequence[str], longest: int) -> None:
    for language in languages:
        if not words.get(language, "").strip():
            raise Invalid(name, "words are missing in one of the languages: {language}", language=language)
    if any(len(each) > longest for each in words.values()):
        raise Invalid(name, "this is too long: {most} characters at most", most=longest)


def visible(definition: Definition, chosen: Callable[[str], Sequence[str]]) -> list[Field]:
    """Those that count, by what was chosen: `chosen` of a field's key. What hangs on a hidden one is hidden, too.

    So is all below a section's heading that is hidden, as far as the next heading.
    """
    shown: dict[str, Field] = {}
    section_counts = True
    for field in definition.fields:
        when = field.when
        counts = when is None or (when.field in shown and bool(set(chosen(when.field)) & set(when.options)))
        if field.kind == "section":
            section_counts = counts
        elif not section_counts:
            continue
        if counts:
            shown[field.key] = field
    return list(shown.values())
