"""Any database: one SELECT or one view for each thing that it can be asked by, declared in a file, without code.

We call it through `tools.rows`: a user that only reads, a transaction that can't write and is rolled back, limits. What
was asked by is a bound value, in the way that the source writes it (`:ten_dashed`); no text of anybody's is in the SQL.
What a source means stands in `recipes/`, not here.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from msgspec import Meta, Struct

from hub.contract import (
    AnyCard,
    Bounds,
    Identifier,
    Lookup,
    Misconfigured,
    Register,
    Rows,
    Secret,
    Subject,
    Unreadable,
    days,
    hook_impl,
    paths,
)
from hub.contract.houses import chosen, folded, parts
from hub.contract.mapping import CardMapping
from hub.contract.mapping_config import MappedConfig

MOST_DIGITS = 18
"""Of a number that every database takes; and no longer one is in a column of numbers."""
MOST_CODES = 20
"""Different words in a column: with more it is no column of codes, and what stands in it may be somebody's."""
OF_ALL = ("value", "digits")
OF_AN_IDENTITY = ("dashed", "ten", "ten_dashed", "sixteen", "sixteen_dashed")
OF_AN_ADDRESS = ("street", "house", "number", "letter", "postcode")
DAYS = ("today", "today_minus_30", "today_plus_30", "today_minus_30_digits")
"""Beside what was asked by: any number of days; as a day of the settings' zone, or as the number 20261029."""
NOBODYS: Mapping[Identifier, str] = {
    "identity": "000000000000",
    "customer": "0",
    "property": "PROV 1:1",
    "address": "Provgatan 1",
    "invoice": "0",
    "case": "0",
}
"""What is asked by when settings are tried: about nobody. What comes is looked at for its columns alone."""

_AS_NUMBER = "_digits"
_NAME = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*){0,3}")
_VALUE = re.compile(r"(?<!:):([A-Za-z_]\w*)")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_RECKONED = re.compile(r":today\w*\s*[-+]\s*(\d+)")
_MONTHS = frozenset(f"{month:02}" for month in range(1, 13))


class Question(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """What is asked by one identifier: a `where` after the select of all or of a `view`; a `select` of its own; or a
    `view`, whose `column` has what was asked by, written `like`.
    """

    where: str = ""
    select: str = ""
    view: str = ""
    column: str = ""
    like: str = "value"


class SqlConfig(MappedConfig, frozen=True, kw_only=True):
    """Where it is and what is asked; the rest is how its rows become cards."""

    url: Annotated[Secret, Meta(title="Address, with user and password: postgresql://user:password@host/database")]
    by: Annotated[dict[Identifier, Question], Meta(title="What is asked by an identifier", min_length=1)]
    select: Annotated[str, Meta(title="What is asked by all, up to its WHERE")] = ""
    in_the_open: Annotated[bool, Meta(title="Without encryption")] = False


class Sql(Lookup[SqlConfig]):
    """Rows as cards."""

    kind = "sql"
    title = "Any database (SQL)"
    Config = SqlConfig
    answers = frozenset({"identity", "customer", "property", "address", "invoice", "case"})

    def __init__(self, config: SqlConfig, tools: Any) -> None:
        super().__init__(config, tools)
        self.mapping = CardMapping(config)

    @classmethod
    def bounds(cls, config: SqlConfig) -> Bounds:
        CardMapping(config)
        for by, question in config.by.items():
            if config.says_whom and by not in config.about:
                where = f"about.{by}"
                raise Misconfigured(where, f"{where} is missing: what says that the answer is about that {by}?")
            _check(f"by.{by}", by, question, config.select)
        return Bounds(frozenset(config.by), says_whom=config.says_whom, shows=config.card)

    @classmethod
    async def columns(
        cls, settings: Mapping[str, Any], tools: Any, within: str, codes: Collection[str]
    ) -> Mapping[str, Sequence[str]]:
        if not settings.get("url"):
            raise Misconfigured("url", "url is missing: IT has the address of the database.")
        select = str(settings.get("select") or "").strip()
        if not select and not _NAME.fullmatch(within):
            raise Misconfigured(
                "view",
                "view is the name of one view or table: what stands in several is put together by a view in the "
                "database, or by a SELECT of your own.",
            )
        values = {name: _day(name, tools.now().date()) for name in _names(select)}  # nothing was asked by yet
        rows = await tools.rows(f"{select or f'SELECT * FROM {within}'} WHERE 1 = 0", values)  # noqa: S608 - a name only
        within = f"({select}) torg_columns" if select else within
        found: dict[str, Sequence[str]] = dict.fromkeys(rows.columns, ())
        for column in (each for each in rows.columns if each in codes):
            name = column if _NAME.fullmatch(column) else '"' + column.replace('"', '""') + '"'
            grouped = f"SELECT {name} FROM {within} GROUP BY {name}"  # noqa: S608 - names only
            try:
                said = await tools.rows(grouped, values)
            except (Unreadable, Misconfigured):  # more than a question may answer, or two columns of one name: no codes
                continue
            words = [paths.text(value) for row in said for value in row.values()]
            found[column] = sorted(filter(None, words)) if len(words) <= MOST_CODES else ()
        return found

    async def check(self) -> None:
        for by in self.config.by:
            rows = await self._rows(Subject(by, NOBODYS[by]))
            if rows is not None:
                self.mapping.check_columns(rows.columns)

    async def find(self, subject: Subject) -> Sequence[AnyCard]:
        rows, now = await self._rows(subject), self.tools.now()
        if rows is None:
            return []
        cards = await self.tools.block(lambda: self.mapping.cards(rows, now, asked=subject))
        return _meant(subject, cards) if subject.by == "address" else cards

    async def _rows(self, subject: Subject) -> Rows | None:
        """None: it can't be there, so it isn't asked."""
        question, known = self.config.by[subject.by], values_of(subject)
        select = self._select(question)
        names = _names(select)
        if known["digits"] is None and {"digits"} == set(names) & known.keys():
            return None
        if {"house", "number"} & set(names) and not known["number"]:
            raise Unreadable("This source wants an address with its house number: Storgatan 1.")
        try:
            today = self.tools.now().astimezone(ZoneInfo(self.config.time_zone)).date()
            values = {name: known[name] if name in known else _day(name, today) for name in names}
            rows = await self.tools.rows(select, values)
        except Misconfigured as error:
            where = self._where(subject.by) if error.field == "select" else error.field
            raise Misconfigured(where, f"{where}: {error}") from error
        return _as_named(rows, self.mapping.columns)

    def _where(self, by: Identifier) -> str:
        """The setting that what is wrong in a statement most likely stands in."""
        question = self.config.by[by]
        is_select = self.config.select.lstrip().casefold().startswith(("select", "with"))
        if question.where and not (question.view or is_select):
            return "select"
        return f"by.{by}.{'where' if question.where else 'select' if question.select else 'view'}"

    def _select(self, question: Question) -> str:
        if question.view:
            return _of_view(question, self.mapping.columns)
        return question.select or f"{self.config.select}\nWHERE ({question.where})"


def values_of(subject: Subject) -> Mapping[str, str | int | None]:
    """What was asked by, in every way that a source may write it, by its name in a SELECT."""
    value = subject.value if subject.by == "identity" else folded(subject.value)
    is_number = value.isascii() and value.isdigit() and len(value) <= MOST_DIGITS
    known: dict[str, str | int | None] = {"value": value, "digits": int(value) if is_number else None}
    if subject.by == "address":
        known |= parts(value)
    if subject.by == "identity":
        ten = value[-10:]
        sixteen = value if _is_person(ten) else f"16{ten}"
        known |= {"dashed": _dashed(value), "ten": ten, "ten_dashed": _dashed(ten)}
        known |= {"sixteen": sixteen, "sixteen_dashed": _dashed(sixteen)}
    return known


def _is_day(name: str) -> bool:
    return days.NAMED.fullmatch(name.removesuffix(_AS_NUMBER)) is not None


def _day(name: str, today: date) -> date | int | None:
    """As a day, or as systems without days in their tables have one: the number 20261029."""
    day = days.named(name.removesuffix(_AS_NUMBER), today)
    return int(f"{day:%Y%m%d}") if day is not None and name.endswith(_AS_NUMBER) else day


def _is_person(ten: str) -> bool:
    """Where a person's month stands, an organisation has 20 or more."""
    return ten[2:4] in _MONTHS


def _dashed(digits: str) -> str:
    return f"{digits[:-4]}-{digits[-4:]}"


def _check(setting: str, by: Identifier, question: Question, select: str) -> None:
    """Raises Misconfigured."""
    if sum(map(bool, (question.where, question.select, question.column))) != 1 or (question.select and question.view):
        raise Misconfigured(
            setting, f"{setting}: give a where, a select of its own, or a view with its column or a where."
        )
    if question.where and not (question.view or select):
        raise Misconfigured("select", f"select is missing: what {setting}.where comes after.")
    if (question.view or question.column) and not all(map(_NAME.fullmatch, (question.view, question.column or "any"))):
        raise Misconfigured(setting, f"{setting}: view and column are names; for others write a select.")
    for text in (question.select or question.where, select if question.where and not question.view else ""):
        if reckoned := _RECKONED.search(_QUOTED.sub("", text)):
            # SQLite and MariaDB would take the year from a day's text, and find what nobody meant.
            way = "plus" if "+" in reckoned[0] else "minus"
            raise Misconfigured(
                setting, f"{setting}: {reckoned[0]} isn't a day in every database: write :today_{way}_{reckoned[1]}."
            )
    known = (*OF_ALL, *(OF_AN_ADDRESS if by == "address" else OF_AN_IDENTITY if by == "identity" else ()))
    names = [question.like] if question.column else _names(question.select or question.where)
    there = ", ".join(f":{each}" for each in known)
    if all(map(_is_day, names)):
        raise Misconfigured(setting, f"{setting}: it asks the same whatever is asked by. There are: {there}.")
    for name in [*names, *(_names(select) if question.where and not question.view else ())]:
        if name not in known and not _is_day(name):
            there = ", ".join(f":{each}" for each in (*known, *DAYS))
            raise Misconfigured(setting, f"{setting}: :{name} isn't known here; there are: {there}.")


def _names(select: str) -> list[str]:
    return list(dict.fromkeys(_VALUE.findall(_QUOTED.sub("", select))))


def _of_view(question: Question, columns: frozenset[str]) -> str:
    """Of its columns those that the card needs, and no others."""
    heads = sorted({each.partition(".")[0].removesuffix("[]").replace('"', '""') for each in columns})
    wanted = ", ".join(each if _NAME.fullmatch(each) else f'"{each}"' for each in heads)
    condition = f"({question.where})" if question.where else f"{question.column} = :{question.like}"
    return f"SELECT {wanted} FROM {question.view} WHERE {condition}"  # noqa: S608 - names, and what IT wrote


def _as_named(rows: Rows, columns: frozenset[str]) -> Rows:
    """By the names that the settings have: where nobody quotes one, PostgreSQL has it in small letters, Oracle in
    capitals.
    """
    known = {each.partition(".")[0].removesuffix("[]").casefold(): each for each in columns}
    names = {
        column: column
        if column in columns
        else known.get(column.casefold(), column).partition(".")[0].removesuffix("[]")
        for column in rows.columns
    }
    return Rows(names.values(), ({names[column]: value for column, value in row.items()} for row in rows))


def _meant(subject: Subject, cards: Sequence[AnyCard]) -> Sequence[AnyCard]:
    """Those of the address that was asked for. Raises DidYouMean."""
    labels = list(dict.fromkeys(card.about.address for card in cards if card.about.address))
    label = chosen(subject.value, labels) if labels else None
    return [card for card in cards if card.about.address == label] if label else cards


@hook_impl
def register_plugins(register: Register) -> None:
    register.lookup(Sql)
