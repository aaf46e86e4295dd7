"""From a row of a source to a card, as its settings declare: what `rest`, `sql` and `table` share, and outside plugins.

    mapping = CardMapping(config)                   # raises Misconfigured, naming the setting
    cards = mapping.cards(rows, now=tools.now())    # raises Unreadable: never half a card

A row is a mapping of the source's own names to what its library reads there: text, numbers, dates, nested or not.
Nothing of a row stands in a sentence: it may be personal.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import copy
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from types import MappingProxyType
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from hub.contract import paths
from hub.contract.cards import About, AnyCard, Field
from hub.contract.days import read_day, read_moment, read_when
from hub.contract.errors import Misconfigured, Unreadable
from hub.contract.lookup import Identifier, Subject
from hub.contract.mapping_cards import MAKE, ONE_OF
from hub.contract.mapping_check import NoCard, Watch, check
from hub.contract.mapping_config import (
    ANYTHING_ELSE,
    FIELDS,
    LISTS,
    NEEDED,
    NO_MONEY,
    NOT_SAID,
    OTHERWISE,
    Line,
    MappedConfig,
    Reading,
    Rule,
    Source,
    Text,
    Wanted,
)
from hub.contract.mapping_words import currency, word

Row = Mapping[str, object]

MOST_ROWS = 2_000
"""Of one answer."""
MOST_OF_A_LIST = 500

_IDENTITY_DIGITS = 10
_MEANT: Mapping[Reading, str] = {
    "text": "no single text",
    "texts": "no texts",
    "day": "no day (date_format says how they write it)",
    "when": "no day, week or month",
    "moment": "no time",
    "amount": "no number (is decimal set as they write it?)",
    "count": "no whole number",
    "yes": "neither yes nor no",
    "word": "no word that values lists for it",
    "currency": "no currency like SEK",
}


class CardMapping:
    """What a source's settings make of its rows. `watch`: of whoever tries a definition before it is published."""

    watch: Watch | None = None

    def __init__(self, config: MappedConfig) -> None:
        """Raises Misconfigured."""
        self._config = config
        self._named = check(config)
        self._zone = ZoneInfo(config.time_zone)
        self._values = {field: _lowered(words) for field, words in config.values.items()}

    @property
    def answers(self) -> frozenset[Identifier]:
        """What its cards say they are about."""
        return frozenset(self._config.about)

    @property
    def columns(self) -> frozenset[str]:
        """All that is named of a row."""
        return frozenset(self._named)

    def check_columns(self, columns: Collection[str]) -> None:
        """That the source has all that is named. Raises Misconfigured."""
        for path, setting in self._named.items():
            head = path.partition(".")[0]
            if not {path, path.removesuffix("[]"), head, head.removesuffix("[]")} & set(columns):
                there = ", ".join(sorted(columns)[:40]) or "none"
                raise Misconfigured(setting, f"{setting}: there is no column {path}; there are: {there}.")

    def cards(
        self,
        rows: Iterable[Row],
        now: datetime,
        *,
        as_of: datetime | None = None,
        asked: Subject | None = None,
        words: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    ) -> list[AnyCard]:
        """One for each row, or group of rows. Raises Unreadable.

        `as_of`: of all of them, where no column says it. `asked` repeats nothing: where the source says it is about
        several, it tells which of these to name. `words`: more `values`, those that the source itself has a list of.
        """
        if words:
            return self._with(words).cards(rows, now, as_of=as_of, asked=asked)
        if self.watch is not None:
            rows = list(islice(rows, MOST_ROWS + 1))
            self.watch.came(asked, rows)
        made = [(group[0], self._card(group, now, as_of, asked)) for group in self._groups(rows, asked)]
        if self.watch is not None:
            self.watch.made(asked, made)
        return [card for _, card in made]

    def check_rows(self, rows: Iterable[Row], now: datetime) -> None:
        """That these can become cards; one that lacks what a card needs may be among them. Raises Misconfigured."""
        made, lacking = 0, None
        for group in self._groups(rows, None):
            try:
                self._card(group, now, None, None)
                made += 1
            except NoCard as error:
                if not error.lacks:
                    raise Misconfigured(error.setting, f"There are rows that give no card: {error}") from error
                lacking = error
        if lacking is not None and not made:
            raise Misconfigured(lacking.setting, f"No row gives a card: {lacking}") from lacking

    def _groups(self, rows: Iterable[Row], asked: Subject | None) -> Iterable[list[Row]]:
        groups: dict[object, list[Row]] = {}
        for number, row in enumerate(rows):
            if number >= MOST_ROWS:
                raise Unreadable(f"The source answers with more than {MOST_ROWS:,} rows.")
            if fits(row, self._config.only, every=True):
                groups.setdefault(self._group(row, asked) or number, []).append(row)
        return groups.values()

    def _group(self, row: Row, asked: Subject | None) -> tuple[str, ...]:
        """What the rows of one card have in common. Whom they are about always: a number may be used twice."""
        by = self._config.group_by
        if not by:
            return ()
        about = self._about(row, asked)
        whose = "".join(
            filter(str.isdigit, about.identity or "")
        )  # with its century, unlike where one of several is meant
        others = (_folded(each, getattr(about, each) or "") for each in self._config.about if each != "identity")
        return (*(_said(row, path) for path in by), whose, *others)

    def _with(self, words: Mapping[str, Mapping[str, str]]) -> "CardMapping":
        """The settings' own come first."""
        other = copy(self)
        other._values = {
            field: _lowered(words.get(field, {})) | self._values.get(field, {}) for field in self._values.keys() | words
        }
        return other

    def _card(self, group: Sequence[Row], now: datetime, as_of: datetime | None, asked: Subject | None) -> AnyCard:
        config, row = self._config, group[0]
        today = now.astimezone(self._zone).date()
        read = {
            name: self._field(row, config.card, name, reading, config.fields.get(name), today)
            for name, reading in FIELDS[config.card].items()
        }
        for name in NEEDED[config.card]:
            if read[name] in {None, ""}:
                raise NoCard(f"fields.{name}", f"A row says nothing of {name}: the card isn't without it.", lacks=True)
        said = self._moment(row) or as_of or now
        whole = {
            "about": self._about(row, asked),
            "as_of": min(said, now),
            "link": self._link(row),
            **self._lists(group, today),
        }
        if config.card == "fields":
            whole["fields"] = self._lines(row, today)
        card: AnyCard = MAKE[config.card](
            {name: value for name, value in read.items() if value is not None} | whole, today
        )
        return card

    def _field(self, row: Row, owner: str, name: str, reading: Reading, source: Source | None, today: date) -> Any:
        """As the card has it; None where the row says nothing."""
        to = next((rule.to for rule in self._rules(owner, name) if fits(row, rule.when)), None)
        try:
            if to is not None:
                return self._read(name, owner, to, reading, today)
            if source is None:
                return None if name in NOT_SAID else OTHERWISE.get((owner, name))
            if isinstance(source, str) and (reading == "texts" or (reading in {"text", "when"} and "[]" in source)):
                every = [self._ours(name, each) for each in paths.found(row, source)]
                several = self._several(name, owner, every, reading, today)
                return ", ".join(dict.fromkeys(several)) if reading == "text" else several
            return self._read(name, owner, self._ours(name, written(row, source)), reading, today)
        except ValueError as error:
            where = "rules" if to is not None else _where(source)
            table = "fields" if owner == self._config.card else owner if owner == "lines" else f"lists.{owner}"
            setting = "rules" if to is not None else table if owner == "lines" else f"{table}.{name}"
            raise NoCard(setting, f"{name}: what stands at {where} is {_MEANT[reading]}.") from error

    def _rules(self, owner: str, name: str) -> list[Rule]:
        return [rule for rule in self._config.rules if owner == self._config.card and rule.field == name]

    def _ours(self, name: str, value: object) -> object:
        """Our word for theirs, where there is one. Nothing is no other word of a field that says so by being empty."""
        words = self._values.get(name)
        if not words:
            return value
        said = paths.text(value).casefold()
        otherwise = value if name in NOT_SAID and not said else words.get(ANYTHING_ELSE, value)
        return words.get(said, otherwise)

    def _several(self, name: str, owner: str, values: Sequence[object], reading: Reading, today: date) -> Any:
        each_reading: Reading = "when" if reading == "when" else "text"
        read = [self._read(name, owner, value, each_reading, today) for value in values]
        return [each for each in read if each][:MOST_OF_A_LIST]

    def _read(self, name: str, owner: str, value: object, reading: Reading, today: date) -> Any:  # noqa: PLR0911 - a way for each
        """Raises ValueError."""
        form = self._config.date_format
        if reading == "text":
            return paths.text(value)
        if reading == "day":
            return read_day(value, form=form, zone=self._zone)
        if reading == "when":
            return read_when(value, today, form=form, zone=self._zone)
        if reading == "moment":
            return read_moment(value, form=form, zone=self._zone)
        if reading == "yes":
            return None if value is None else paths.yes(value)
        if reading == "word":
            return word(owner, name, paths.text(value))
        if reading == "currency":
            return currency(paths.text(value))
        amount = paths.number(value, self._config.decimal)
        if reading == "count" and amount is not None:
            if amount != amount.to_integral_value():
                raise ValueError("no whole number")
            return int(amount)
        in_hundredths = self._config.hundredths and name not in NO_MONEY
        return amount.scaleb(-2) if in_hundredths and amount is not None else amount

    def _about(self, row: Row, asked: Subject | None) -> About:
        said = {}
        for by, source in self._config.about.items():
            try:
                if isinstance(source, Text):
                    said_each = [_said(row, path) for path in paths.names_in(source.text)]
                    said[by] = paths.text(written(row, source)) if all(said_each) else ""
                else:
                    several = [source] if isinstance(source, str) else source
                    every = [paths.text(each) for path in several for each in paths.found(row, path)]
                    said[by] = _theirs([each for each in every if each], by, asked)
            except ValueError as error:
                raise NoCard(f"about.{by}", f"about.{by}: what stands there is no single text.") from error
        return About(**{by: value for by, value in said.items() if value})

    def _moment(self, row: Row) -> datetime | None:
        if not self._config.as_of:
            return None
        try:
            written = paths.one(row, self._config.as_of)
            return read_moment(written, form=self._config.date_format, zone=self._zone)
        except ValueError as error:
            raise NoCard("as_of", f"as_of: what stands at {self._config.as_of} is no time.") from error

    def _link(self, row: Row) -> str | None:
        names = paths.names_in(self._config.link)
        values = {name: quote(_said(row, name), safe="") for name in names}
        return paths.filled(self._config.link, values) if self._config.link and all(values.values()) else None

    def _lists(self, group: Sequence[Row], today: date) -> dict[str, Any]:
        return {
            name: [
                read
                for row in self._rows_of(group, name)[:MOST_OF_A_LIST]
                if (read := self._one_of(row, name, today)) is not None
            ]
            for name in self._config.lists
        }

    def _rows_of(self, group: Sequence[Row], name: str) -> list[Row]:
        listed = self._config.lists[name]
        try:
            inner = [each for row in group for each in paths.found(row, listed.rows)] if listed.rows else list(group)
        except ValueError as error:
            raise NoCard(f"lists.{name}", f"lists.{name}: what stands at {listed.rows} is no list.") from error
        # What is in a list may be a word by itself: it is named `value` then.
        rows: list[Row] = [each if isinstance(each, Mapping) else {"value": each} for each in inner if each is not None]
        return [row for row in rows if fits(row, listed.only, every=True)]

    def _one_of(self, row: Row, name: str, today: date) -> Any:
        """None where nothing is said of it at all, as an outer join says it."""
        listed = self._config.lists[name]
        read = {
            field: self._field(row, name, field, reading, listed.fields.get(field), today)
            for field, reading in LISTS[self._config.card][name].items()
        }
        lacking = [field for field in NEEDED[name] if read[field] in {None, ""}]
        if len(lacking) == len(NEEDED[name]):
            return None
        if lacking:
            raise NoCard(f"lists.{name}", f"lists.{name}: one says nothing of {lacking[0]}.", lacks=True)
        return ONE_OF[name]({field: value for field, value in read.items() if value is not None}, today)

    def _lines(self, row: Row, today: date) -> list[Field]:
        return [made for line in self._config.lines if (made := self._line(row, line, today)) is not None]

    def _line(self, row: Row, line: Line, today: date) -> Field | None:
        reading: Mapping[str, Reading] = {"text": "text", "date": "day", "amount": "amount"}
        read = self._field(row, "lines", line.label, reading[line.kind], line.value, today)
        if read in {None, ""}:
            return None
        written = f"{read:f}" if isinstance(read, Decimal) else str(read)
        currency = self._field(row, "lines", "currency", "currency", line.currency or None, today)
        return Field(line.label, written, line.kind, currency or "")


def _lowered(words: Mapping[str, str]) -> dict[str, str]:
    return {theirs.strip().casefold(): ours for theirs, ours in words.items()}


def _where(source: Source | None) -> str:
    return (
        source.text if isinstance(source, Text) else " or ".join([source] if isinstance(source, str) else source or ())
    )


def written(row: Row, source: Source) -> object:
    """What stands at a path, or a text with it; empty where all that it names is empty. Raises ValueError."""
    if isinstance(source, str):
        return paths.one(row, source)
    if isinstance(source, list):
        return next((said for path in source if not _is_blank(said := paths.one(row, path))), None)
    values = {name: paths.text(paths.one(row, name)) for name in paths.names_in(source.text)}
    return paths.filled(source.text, values) if not values or any(values.values()) else ""


def _said(row: Row, path: str) -> str:
    try:
        return paths.text(paths.one(row, path))
    except ValueError as error:
        raise Unreadable(f"What stands at {path} is no single text.") from error


def _theirs(said: Sequence[str], by: Identifier, asked: Subject | None) -> str:
    """Of several the one that was asked by, when it is among them; else the first."""
    if asked is not None and asked.by == by:
        for each in said:
            if _folded(by, each) == _folded(by, asked.value):
                return each
    return said[0] if said else ""


def _folded(by: Identifier, value: str) -> str:
    if by == "identity":
        return "".join(filter(str.isdigit, value))[-_IDENTITY_DIGITS:]
    return " ".join(value.split()).casefold()


def _is_blank(said: object) -> bool:
    return said is None or (isinstance(said, str) and not said.strip())


def fits(row: Row, wanted: Wanted, *, every: bool = False) -> bool:
    """Whether at each path there is one of its words; where nothing stands, an empty one. Raises Unreadable.

    `every`: of several that stand there all, not any.
    """
    return all(
        (all if every else any)(
            any(_equal(said, word) for word in ([words] if isinstance(words, str) else words))
            for said in _all_said(row, path)
        )
        for path, words in wanted.items()
    )


def _all_said(row: Row, path: str) -> list[str]:
    try:
        return [paths.text(each) for each in paths.found(row, path)] or [""]
    except ValueError as error:
        raise Unreadable(f"What stands at {path} is no single text.") from error


def _equal(said: str, word: str) -> bool:
    if said.casefold() == word.strip().casefold():
        return True
    try:
        return bool(word.strip() and said) and paths.number(said) == paths.number(word)
    except ValueError:
        return False
