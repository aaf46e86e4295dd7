"""A file that a department exports: CSV or XLSX, columns by name. It lies in a folder that Torg reads; we call nobody.

Read anew when it has changed and was quiet for a second. One that is being written or is broken changes nothing: the
last whole one answers on, and its cards say of when they are. Write it elsewhere and rename it: then it is never half.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta, field

from hub.contract import (
    AnyCard,
    Bounds,
    DidYouMean,
    Identifier,
    Lookup,
    Misconfigured,
    Register,
    Subject,
    Unreachable,
    Unreadable,
    hook_impl,
    paths,
)
from hub.contract.houses import chosen, folded, parts
from hub.contract.mapping import CardMapping, Row
from hub.contract.mapping_config import MappedConfig
from plugins.lookups.table.files import KINDS, Form, Sheet, Stamp, read, stamp_of
from plugins.lookups.table.streets import Streets

QUIET = timedelta(seconds=1)
"""Nobody has written to it for as long."""

MOST_CODES = 20
"""Different words in a column: with more it is no column of codes, and what stands in it may be somebody's."""

TRIED = 200
"""Rows, when settings are tried: so many say how the rest are written."""

_TEN, _TWELVE = 10, 12
"""Digits of a Swedish number without its century, and with it."""


class TableConfig(MappedConfig, frozen=True, kw_only=True):
    """Where it is and how it is written; the rest is how its rows become cards."""

    path: Annotated[str, Meta(title="File: a whole path to a .csv, .tsv, .txt or .xlsx", min_length=1)]
    by: Annotated[dict[Identifier, str], Meta(title="What it can be asked by = their column; empty: as in about")] = (
        field(default_factory=dict)
    )
    sheet: Annotated[str, Meta(title="Sheet of the workbook; empty: the first")] = ""
    delimiter: Annotated[Literal["", ",", ";", "\t", "|"], Meta(title="Between columns; empty: it shows")] = ""
    encoding: Annotated[
        Literal["", "utf-8", "cp1252", "iso-8859-1", "utf-16"], Meta(title="Of its letters; empty: it shows")
    ] = ""
    header: Annotated[int, Meta(title="Line with the columns' names", ge=1, le=100)] = 1
    keep_last: Annotated[bool, Meta(title="While it is broken, the last whole one answers")] = True
    too_old_hours: Annotated[float, Meta(title="From when on it is too old to answer by; 0: never", ge=0)] = 0


class Table(Lookup[TableConfig]):
    """Rows as cards."""

    kind = "table"
    title = "A file: CSV or XLSX"
    Config = TableConfig
    answers = frozenset({"identity", "customer", "property", "address", "invoice", "case"})

    def __init__(self, config: TableConfig, tools: Any) -> None:
        super().__init__(config, tools)
        self.mapping = CardMapping(config)
        self.path = Path(config.path)
        self._form = Form(config.delimiter, config.encoding, config.sheet, config.header)
        self._by = _columns(config)
        self._last: _Indexed | None = None
        self._seen: Stamp | None = None
        self._reading = asyncio.Lock()

    @classmethod
    def bounds(cls, config: TableConfig) -> Bounds:
        CardMapping(config)
        by = _columns(config)
        _check(config, by)
        return Bounds(frozenset(by), says_whom=config.says_whom, shows=config.card)

    @classmethod
    async def columns(
        cls,
        settings: Mapping[str, Any],
        tools: Any,
        within: str,  # noqa: ARG003 - it has no views
        codes: Collection[str],
    ) -> Mapping[str, Sequence[str]]:
        path = Path(str(settings.get("path", "")))
        if not path.is_absolute() or path.suffix.lower() not in KINDS:
            raise Misconfigured("path", f"path is the whole path of a file that ends in {', '.join(KINDS)}.")
        delimiter, encoding, sheet_name = (str(settings.get(each, "")) for each in ("delimiter", "encoding", "sheet"))
        form = Form(delimiter, encoding, sheet_name, int(settings.get("header", 1)))
        sheet = await tools.block(lambda: read(path, form))
        found: dict[str, Sequence[str]] = dict.fromkeys(sheet.columns, ())
        for column in (each for each in sheet.columns if each in codes):
            words = {paths.text(row[column]) for row in sheet.rows} - {""}
            found[column] = sorted(words) if len(words) <= MOST_CODES else ()
        return found

    async def check(self) -> None:
        """Reads it, looks for every column that is named, and tries whether its first rows can become cards."""
        try:
            whole, now = await self._whole(), self.tools.now()
            await self.tools.block(lambda: self.mapping.check_rows(whole.sheet.rows[:TRIED], now))
        except Unreachable as error:
            raise Misconfigured("path", f"{error} It is looked for in {self.path.parent}.") from error
        except Unreadable as error:
            raise Misconfigured("path", str(error)) from error

    async def find(self, subject: Subject) -> Sequence[AnyCard]:
        whole, now = await self._whole(), self.tools.now()

        def cards() -> Sequence[AnyCard]:
            return self.mapping.cards(whole.rows(subject), now, as_of=whole.sheet.stamp.at, asked=subject)

        return await self.tools.block(cards)

    async def _whole(self) -> "_Indexed":
        """The file as it is; or as it was, while it can't be read. Raises Unreachable, Unreadable, Misconfigured."""
        async with self._reading:
            stamp = await self._quiet()
            if stamp != self._seen or self._last is None:
                try:
                    self._last = await self.tools.block(self._read)
                    self._seen = self._last.sheet.stamp
                except (Unreadable, Misconfigured):
                    self._seen = stamp  # it is read again when it has changed
                    if self._last is None or not self.config.keep_last:
                        self._last = self._seen = None
                        raise
            self._refuse_old(self._last.sheet)
            return self._last

    async def _quiet(self) -> Stamp:
        """Which file it is now; while somebody writes to it, the one that was read. Raises Unreachable."""
        stamp = await self.tools.block(lambda: stamp_of(self.path))
        if stamp is None:  # it may be being replaced
            await asyncio.sleep(QUIET.total_seconds())
            stamp = await self.tools.block(lambda: stamp_of(self.path))
        if stamp is None:
            raise Unreachable(f"{self.path.name} isn't there.")
        if stamp == self._seen:
            return stamp
        since = self.tools.now() - stamp.at
        if since >= QUIET:
            return stamp
        await asyncio.sleep(min(QUIET, QUIET - since).total_seconds())  # of a clock that is ahead no more than that
        if await self.tools.block(lambda: stamp_of(self.path)) == stamp:
            return stamp
        if self._last is None or self._seen is None or not self.config.keep_last:
            raise Unreachable(f"{self.path.name} is being written: ask again in a moment.")
        return self._seen

    def _read(self) -> "_Indexed":
        named = {*self.mapping.columns, *self._by.values()}
        sheet = read(self.path, self._form, named)
        if named.isdisjoint(sheet.columns):  # a row, it may be: then what stands in it is somebody's
            raise Misconfigured(
                "header",
                f"header: line {sheet.header} has none of the columns that are named: which line, or sheet, has?",
            )
        self.mapping.check_columns(sheet.columns)
        for by, column in self._by.items():
            if column not in sheet.columns:
                there = ", ".join(sheet.columns)
                raise Misconfigured(f"by.{by}", f"by.{by}: there is no column {column}; there are: {there}.")
        return _Indexed(sheet, self._by)

    def _refuse_old(self, sheet: Sheet) -> None:
        hours, age = self.config.too_old_hours, self.tools.now() - sheet.stamp.at
        if hours and age > timedelta(hours=hours):
            written = sheet.stamp.at.strftime("%Y-%m-%d %H:%M UTC")
            raise Unreachable(f"{self.path.name} is of {written}: too old to answer by (too_old_hours = {hours:g}).")


class _Indexed:
    """All rows, found by what they are asked by."""

    def __init__(self, sheet: Sheet, by: Mapping[Identifier, str]) -> None:
        """Raises Unreadable."""
        self.sheet = sheet
        self._places: dict[Identifier, dict[str, list[Row]]] = {each: {} for each in by}
        for number, row in enumerate(sheet.rows, sheet.header + 1):
            for each, column in by.items():
                try:
                    said = paths.text(row[column])
                except ValueError as error:
                    raise Unreadable(f"Row {number}: what stands at {column} is no text.") from error
                if said:
                    self._places[each].setdefault(_key(each, said), []).append(row)
        self._by = by

    def rows(self, subject: Subject) -> list[Row]:
        """Raises DidYouMean."""
        places = self._places[subject.by]
        if subject.by != "address":
            column = self._by[subject.by]
            return [row for row in places.get(_key(subject.by, subject.value), ()) if _same(row[column], subject)]
        street = parts(subject.value)["street"].casefold()
        label = chosen(subject.value, [label for label in places if label.casefold().startswith(street)])
        if label is None and (alike := self._streets.alike(subject.value)):
            raise DidYouMean(alike)
        return places[label] if label else []

    @cached_property
    def _streets(self) -> Streets:
        """Of this file; made when an address is first not in it."""
        return Streets(self._places["address"])


def _columns(config: TableConfig) -> Mapping[Identifier, str]:
    if config.by:
        return config.by
    return {by: source for by, source in config.about.items() if isinstance(source, str)}


def _check(config: TableConfig, by: Mapping[Identifier, str]) -> None:
    path = Path(config.path)
    if "\0" in config.path or not path.is_absolute() or path.suffix.lower() not in KINDS:
        raise Misconfigured("path", f"path is the whole path of a file that ends in {', '.join(KINDS)}.")
    if not by:
        raise Misconfigured("by", "by is missing: the column that it is asked by, e.g. by.customer.")
    for each in by:
        if config.says_whom and each not in config.about:
            raise Misconfigured(f"about.{each}", f"about.{each} is missing: it can be asked by that.")


def _key(by: Identifier, value: str) -> str:
    if by == "address":
        return folded(value)
    if by == "identity":
        digits = "".join(filter(str.isdigit, value))
        return digits[-_TEN:] if len(digits) == _TWELVE else digits
    return ("" if by in {"invoice", "customer"} else " ").join(value.split()).casefold()


def _same(said: object, subject: Subject) -> bool:
    """Of two numbers that both have their century it is the same."""
    if subject.by != "identity":
        return True
    one, other = ("".join(filter(str.isdigit, text)) for text in (paths.text(said), subject.value))
    return one == other or not len(one) == len(other) == _TWELVE


@hook_impl
def register_plugins(register: Register) -> None:
    register.lookup(Table)
