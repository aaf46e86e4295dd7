"""A lookup's own database, as a plugin is given it: `tools.rows`, and everything behind it."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

from msgspec import Meta
from sqlalchemy import make_url

from hub.contract import Config, Identifier, Lookup, Rows, Secret
from hub.lookups.databases.database import Database, Limits
from hub.lookups.open import check_lookup, close_lookup, columns, opened
from hub.lookups.rows import _engine
from hub.lookups.statement import Statement
from plugins.lookups.sql import Sql

NOTHING: Mapping[str, object] = {}


class Settings(Config, frozen=True):
    url: Annotated[Secret, Meta(title="Address")]
    in_the_open: Annotated[bool, Meta(title="Without encryption")] = False


class Adapter(Lookup[Settings]):
    """Asks whatever it likes."""

    kind = "adapter"
    title = "An adapter"
    Config = Settings
    answers: ClassVar[frozenset[Identifier]] = frozenset({"invoice"})


def rows(url: str, sql: str, values: Mapping[str, object] = NOTHING, seconds: float = 60.0) -> Rows:
    """As an adapter asks."""

    async def ask() -> Rows:
        lookup = adapter(url, seconds)
        try:
            return await lookup.tools.rows(sql, values)
        finally:
            await close_lookup(lookup)

    return asyncio.run(ask())


def check(url: str) -> None:
    """As settings are checked before they are saved."""

    async def checked() -> None:
        lookup = adapter(url)
        try:
            await check_lookup(lookup)
        finally:
            await close_lookup(lookup)

    asyncio.run(checked())


def unread(url: str, sql: str) -> Rows:
    """Without anybody looking at the statement first: what then stands between is the transaction."""
    return database(url).rows(Statement((sql,)), {})


def database(url: str, seconds: float = 60.0) -> Database:
    """For one question, in this thread."""
    read = make_url(url)
    host = [read.host] if read.host else []
    return _engine(read)(read, host, Limits(seconds))


def adapter(url: str, seconds: float = 60.0) -> Lookup[Any]:
    return opened(Adapter, Settings(url=Secret(url)), seconds)


def as_user(url: str, user: str, password: str | None = None, database: str | None = None) -> str:
    """The same address for another user."""
    address = make_url(url).set(username=user, password=password)
    return (address.set(database=database) if database else address).render_as_string(hide_password=False)


def joined(url: str, table: str) -> Mapping[str, Sequence[str]]:
    """What an editor is told of a SELECT of two tables that names days, of whose columns one has codes."""
    days = ":today_minus_30 < :today_plus_7"
    select = f"SELECT a.nr, a.total AS state, b.who FROM {table} a JOIN {table} b ON b.nr = a.nr AND {days}"  # noqa: S608 - a name only
    settings = {"url": url, "select": select, "in_the_open": True}
    return asyncio.run(columns(Sql, settings, "", {"state"}))
