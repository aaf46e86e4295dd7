"""Whether the settings of a mapping can be: told when they are tried, by their own names, with what is allowed."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from hub.contract import paths
from hub.contract.cards import AnyCard
from hub.contract.days import FORM
from hub.contract.errors import Misconfigured, Unreadable
from hub.contract.lookup import Subject
from hub.contract.mapping_config import (
    FIELDS,
    LINK,
    LISTS,
    NEEDED,
    WORDS,
    MappedConfig,
    Source,
    Text,
)

_PATH_IS = "write a column, or a path like Invoice.DueDate or Payments[].Amount"


class Watch(Protocol):
    """Whoever tries a definition before it is published, and is told what came of it. In whatever thread it works."""

    def came(self, asked: Subject | None, rows: Sequence[Mapping[str, Any]]) -> None:
        """The rows of the source, before any card is made."""

    def made(self, asked: Subject | None, made: Sequence[tuple[Mapping[str, Any], AnyCard]]) -> None:
        """Each card, and the row that it begins with."""

    def unknown(self, status: int) -> None:
        """The source answered with a status of HTTP that counts as: nothing is known."""


class NoCard(Unreadable):
    """A row that gives none. `setting`: what in it says why; `lacks`: nothing stands there, in this row."""

    def __init__(self, setting: str, sentence: str, *, lacks: bool = False) -> None:
        super().__init__(sentence)
        self.setting, self.lacks = setting, lacks


def check(config: MappedConfig) -> dict[str, str]:
    """Every path that is named, with the setting that names it. Raises Misconfigured."""
    _check_fields("fields", config.fields, FIELDS[config.card], _needed(config))
    _check_about(config)
    _check_values(config)
    _check_rules(config)
    _check_lists(config)
    if config.lines and config.card != "fields":
        raise Misconfigured("lines", 'lines are for card = "fields": the others have fields of their own.')
    for label, times in Counter(line.label.strip() for line in config.lines).items():
        if times > 1:
            raise Misconfigured("lines", f"lines: {times} are labelled {label!r}: give each a label of its own.")
    if config.link and not LINK.fullmatch(config.link):
        raise Misconfigured(
            "link", "link can't be used: write https://host/path, their column in braces after the host."
        )
    if config.date_format and not FORM.fullmatch(config.date_format):
        raise Misconfigured("date_format", "date_format can't be used: write it like dd/mm/yyyy or yymmdd.")
    try:
        ZoneInfo(config.time_zone)
    except (ValueError, OSError, LookupError) as error:
        raise Misconfigured("time_zone", "time_zone isn't known: write it like Europe/Stockholm.") from error
    named: dict[str, str] = {}
    for setting, path in _paths(config):
        if not paths.is_path(path):
            raise Misconfigured(setting, f"{setting} = {path!r} can't be used: {_PATH_IS}.")
        named.setdefault(path, setting)
    return named


def _needed(config: MappedConfig) -> list[str]:
    return [name for name in NEEDED[config.card] if all(rule.field != name for rule in config.rules)]


def _check_fields(setting: str, given: Mapping[str, Source], known: Iterable[str], needed: Iterable[str]) -> None:
    known = list(known)
    for name in given:
        if name not in known:
            raise Misconfigured(f"{setting}.{name}", f"{setting} has no {name}; there are: {', '.join(known)}.")
    for name in needed:
        if name not in given:
            raise Misconfigured(setting, f"{setting}.{name} is missing: the card isn't without it.")


def _check_about(config: MappedConfig) -> None:
    if config.says_whom and not config.about:
        raise Misconfigured("about", "about is missing: name their column that says whose it is, e.g. about.customer.")
    for by, source in config.about.items():
        if isinstance(source, Text) and not paths.names_in(source.text):
            raise Misconfigured(
                f"about.{by}", f"about.{by} is what the source says: name a column of theirs in braces."
            )


def _check_values(config: MappedConfig) -> None:
    inner = {name for fields in LISTS.get(config.card, {}).values() for name in fields}
    labels = {line.label for line in config.lines}
    for name, words in config.values.items():
        if name not in FIELDS[config.card].keys() | inner | labels:
            there = ", ".join([*FIELDS[config.card], *sorted(inner)])
            raise Misconfigured(f"values.{name}", f"values has no {name}; there are: {there}.")
        for theirs, ours in words.items():
            _check_word(f"values.{name}.{theirs}", config.card, name, ours, f"{ours!r}")


def _check_rules(config: MappedConfig) -> None:
    for number, rule in enumerate(config.rules, 1):
        if rule.field not in FIELDS[config.card]:
            raise Misconfigured("rules", f"rules: {number}: there is no field {rule.field} on this card.")
        if not rule.when:
            raise Misconfigured("rules", f"rules: {number}: when is empty, so that {rule.field} is always {rule.to!r}.")
        _check_word("rules", config.card, rule.field, rule.to, f"{number}: to = {rule.to!r}")


def _check_word(setting: str, card: str, name: str, ours: str, said: str) -> None:
    words = WORDS.get((card, name))
    if words and ours not in words:
        raise Misconfigured(setting, f"{setting}: {said} can't be used: it is one of {', '.join(words)}.")


def _check_lists(config: MappedConfig) -> None:
    known = LISTS.get(config.card, {})
    for name, listed in config.lists.items():
        if name not in known:
            there = ", ".join(known) or "none"
            raise Misconfigured(f"lists.{name}", f"lists has no {name} for this card; there are: {there}.")
        _check_fields(f"lists.{name}.fields", listed.fields, known[name], NEEDED[name])
        if not listed.rows and not config.group_by:
            raise Misconfigured(f"lists.{name}", f"lists.{name}.rows is missing: the path of the list in their row.")


def _paths(config: MappedConfig) -> Iterator[tuple[str, str]]:
    for table in ("fields", "about"):
        for name, source in getattr(config, table).items():
            yield from _of(f"{table}.{name}", source)
    for name, listed in config.lists.items():
        if listed.rows:  # what is inside isn't of the row itself
            yield f"lists.{name}", listed.rows
        else:
            for field, source in listed.fields.items():
                yield from _of(f"lists.{name}.{field}", source)
            yield from ((f"lists.{name}.only", path) for path in listed.only)
    for line in config.lines:
        yield from _of("lines", line.value)
        if line.currency:
            yield from _of("lines", line.currency)
    yield from (("rules", path) for rule in config.rules for path in rule.when)
    yield from (("only", path) for path in config.only)
    yield from (("group_by", path) for path in config.group_by)
    yield from (("link", path) for path in paths.names_in(config.link))
    if config.as_of:
        yield "as_of", config.as_of


def _of(setting: str, source: Source) -> Iterator[tuple[str, str]]:
    for path in (
        paths.names_in(source.text) if isinstance(source, Text) else [source] if isinstance(source, str) else source
    ):
        yield setting, path
