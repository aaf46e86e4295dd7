"""Places: where a department may point a lookup at by itself. Whoever has the machine says it, in `lookup_places`.

A lookup's source is asked by Torg, from Torg's network and with Torg's eyes on its disk: a path or an address that
anybody could write would be a way to its own database, and to whatever answers nobody else.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from hub.contract import Misconfigured
from hub.contract.mapping_config import MappedConfig
from hub.errors import Invalid
from hub.inbox.municipality import Municipality
from hub.lookups.definition import Declared, Published, published_now
from hub.storage.unit import Unit

_LOCAL = frozenset({"host", "unix_socket"})
"""Options of a database's address that lead to a socket of this machine."""
_OF_A_CARD = frozenset({"by", *MappedConfig.__struct_fields__})
_PORTS = {"https": 443, "http": 80, "postgresql": 5432, "mariadb": 3306, "mssql": 1433, "oracle": 1521}


def require_place(unit: Unit, one: Published, allowed: Sequence[str]) -> None:
    """From where it is asked already it may go on reading, and from where IT's command has put it, whoever has saved it
    since. Raises Invalid."""
    if one.whose.placed_at is not None:
        return
    live = published_now(unit, one.municipality_id, one.declared.name)
    if live is not None and is_same(live, one.declared.kind, one.values):
        return
    home = unit.get(Municipality, one.municipality_id)
    assert home is not None  # a foreign key sees to it
    try:
        require_allowed(allowed, home.code, one.values)
    except Misconfigured as error:
        raise Invalid(error.field, str(error)) from error


def is_same(one: Published, kind: str, values: Mapping[str, object]) -> bool:
    """Whether these settings, with their secrets, lead to where that version does."""
    return one.declared.kind == kind and where(one.values) == where(values)


def is_same_source(one: Published, declared: Declared, secrets: Mapping[str, object]) -> bool:
    """Whether a definition reads what that version reads: there, and the same view, sheet or SELECT."""
    here = is_same(one, declared.kind, {**declared.settings, **secrets})
    return here and _source(one.declared) == _source(declared)


def _source(declared: Declared) -> Mapping[str, object]:
    """Settings that don't say what it is asked by, or what is on its card; and the views that it asks."""
    own = {name: said for name, said in declared.settings.items() if said and name not in _OF_A_CARD}
    asked = declared.settings.get("by", {}).values()
    return {**own, "by": {str(each["view"]) for each in asked if isinstance(each, Mapping) and each.get("view")}}


def require_allowed(places: Sequence[str], code: str, settings: Mapping[str, object]) -> None:
    """`settings` with their secrets; `code`: the municipality's, for `{municipality}`. Raises Misconfigured."""
    own = [each.replace("{municipality}", code) for each in places]
    for field, said in _asked(settings):
        if not _is_allowed(own, field, said):
            there = f"there, but from {', '.join(own)}" if own else "anywhere yet"
            raise Misconfigured(
                field, f"{field}: departments may not read from {there}. IT says where they may, in lookup_places."
            )


def where(settings: Mapping[str, object]) -> Sequence[tuple[str, str]]:
    """All places that settings lead to: what leads to the same is allowed as it was."""
    return sorted(_asked(settings))


def _asked(settings: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for field in ("base_url", "token_url", "url", "path"):
        if said := str(settings.get(field) or ""):
            yield field, said
    elsewhere = settings.get("elsewhere")
    if isinstance(elsewhere, Mapping):
        yield from ((f"elsewhere.{name}", str(said)) for name, said in elsewhere.items())


def _is_allowed(places: Sequence[str], field: str, said: str) -> bool:
    if field == "path":
        return _is_below(places, said)
    if field != "url":
        return any(_is_host(place, *_of_url(said)) for place in places if _of_url(place)[1])
    try:
        url = make_url(said)
    except (ArgumentError, ValueError):
        return True  # no address at all: whoever reads it says so
    if url.drivername == "sqlite":
        return _is_below(places, url.database or "")
    if _LOCAL & url.query.keys() or not _is_name(str(url.query.get("driver", ""))):
        return False
    return any(_is_host(place, *_of_database(url)) for place in places)


def _is_name(driver: str) -> bool:
    """As ODBC's own list has it. A path is a library that is loaded into Torg itself, from wherever it lies."""
    return "/" not in driver and "\\" not in driver


def _is_below(places: Sequence[str], path: str) -> bool:
    """In one of the folders, whatever links there are on the way."""
    if "\0" in path:
        return False
    there = Path(path).resolve()
    return any(there.is_relative_to(Path(place).resolve()) for place in places if place.startswith("/"))


def _is_host(place: str, scheme: str, host: str, port: int | None) -> bool:
    its_scheme, its_host, its_port = _of_url(place)
    fits = host.endswith(its_host[1:]) and host != its_host[2:] if its_host.startswith("*.") else host == its_host
    return bool(host) and fits and scheme == its_scheme and port == its_port


def _of_url(said: str) -> tuple[str, str, int | None]:
    try:
        parts = urlsplit(said)
        return parts.scheme, (parts.hostname or "").casefold(), parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return "", "", None


def _of_database(url: URL) -> tuple[str, str, int | None]:
    kind = {"mysql": "mariadb"}.get(url.get_backend_name(), url.get_backend_name())
    return kind, (url.host or "").casefold(), url.port or _PORTS.get(kind)
