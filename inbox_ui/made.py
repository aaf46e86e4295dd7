"""Made: a lookup's definition as facts that people read: where it reads from, what by, what the card shows, to whom."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from hub.contract.mapping_cards import whole
from hub.edge.defining import Made
from hub.lookups.cover import is_named
from hub.lookups.definition import LINE, Declared
from inbox_ui import lookup_words
from inbox_ui.lookups.panel import by_words
from inbox_ui.stored import stored
from inbox_ui.words import gettext as _
from inbox_ui.words import word

SET = "••••"
"""Of a secret: there is one."""


class Row(Struct, frozen=True):
    """A field of the card: what it is called, their column, their words and ours; who sees it, and
    whether a reply says it."""

    words: str
    source: str
    codes: Mapping[str, str]
    seen: str
    in_reply: bool


class Facts(Struct, frozen=True):
    """Of one version."""

    kind: str
    icon: str
    place: Sequence[tuple[str, str]]
    by: Sequence[tuple[str, str]]
    card: str
    rows: Sequence[Row]
    covers: Sequence[str]
    roles: Sequence[str]
    says_whom: bool


def facts(made: Made) -> Facts:
    """In the reader's language."""
    declared = made.declared
    settings = declared.settings
    named, picture = lookup_words.kinds().get(declared.kind, ("", "plug"))
    card = settings.get("card") or made.shows
    answers = settings.get("by") or settings.get("about") or made.answers
    known = lookup_words.fields()
    return Facts(
        kind=named or stored(made.title),
        icon=picture,
        place=list(_place(settings, made.secrets)),
        by=[(words, _how(settings, by)) for by, words in by_words().items() if by in answers],
        card=lookup_words.cards()[card],
        rows=_rows(declared, known),
        covers=list(lookup_words.covers(declared).values()),
        roles=[words for role, words in lookup_words.roles().items() if role in declared.roles],
        says_whom=bool(settings.get("says_whom", made.says_whom)),
    )


def _place(settings: Mapping[str, Any], secrets: Sequence[str]) -> Sequence[tuple[str, str]]:
    said = [(_("Address"), settings.get("base_url")), (_("File"), settings.get("path"))]
    found = [(words, str(value)) for words, value in said if value]
    return [*found, *((_("Address") if name == "url" else name, SET) for name in secrets)]


def _how(settings: Mapping[str, Any], by: str) -> str:
    """Where in the source it is looked for."""
    question = settings.get("by", {}).get(by)
    if isinstance(question, str):
        return question
    if not isinstance(question, Mapping):
        return source_text(settings.get("about", {}).get(by, ""))
    if question.get("column"):
        return f"{question.get('view', '')}.{question['column']}"
    said = str(question.get("where") or question.get("select") or question.get("path") or "")
    return f"{question['view']}: {said}" if question.get("view") else said


def _rows(declared: Declared, known: Mapping[str, str]) -> list[Row]:
    settings = declared.settings
    sources = {**settings.get("fields", {}), **dict.fromkeys(settings.get("lists", {}), "")}
    rows = [_row(declared, name, known.get(name, name), source) for name, source in sources.items()]
    lines = {str(line.get("label", "")): line.get("value", "") for line in settings.get("lines", [])}
    return rows + [_row(declared, LINE + label, label, source) for label, source in lines.items()]


def _row(declared: Declared, name: str, words: str, source: object) -> Row:
    codes = declared.settings.get("values", {}).get(name.removeprefix(LINE), {})
    shown_as = whole(name)
    seen = lookup_words.seen()[seen_of(declared, shown_as)]
    return Row(words, source_text(source), codes, seen, not is_named(declared.not_in_replies, shown_as))


def seen_of(declared: Declared, name: str) -> str:
    """Whether a field, or a line, is seen by `all`, when it is `asked` for, or by `leads` alone."""
    if is_named(declared.leads_only, name):
        return "leads"
    return "asked" if is_named(declared.until_asked, name) else "all"


def source_text(source: object) -> str:
    """A column, several of which the first counts, or a text of ours, as one line."""
    if isinstance(source, Mapping):
        return f"“{source.get('text', '')}”"
    if isinstance(source, list | tuple):
        return " / ".join(map(str, source))
    return str(source)


def title(declared: Declared) -> str:
    """What it is called, in the reader's language."""
    return word(declared.title) or declared.name


def kinds(titles: Mapping[str, str]) -> Mapping[str, str]:
    """Sources by kind, in the reader's words."""
    named = {kind: stored(title) for kind, title in titles.items()}
    return named | {kind: words for kind, (words, _picture) in lookup_words.kinds().items()}


def before(made: Made, number: int | None = None) -> int:
    """The version before this one; before a draft the one that is asked now, or the newest; itself where none is."""
    number = made.number if number is None else number
    if number == 0:
        newest = next((each.number for each in made.versions if each.number), 0)
        return made.line.version or newest
    return max((each.number for each in made.versions if 0 < each.number < number), default=number)
