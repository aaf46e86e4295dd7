"""Rows as people name them on the command line: by code, name or e-mail address, or by id."""

from collections.abc import Iterable, Sequence

from sqlalchemy import select

from hub.access.person import Person, by_email
from hub.channels.channel import Channel
from hub.errors import Invalid, NotFound
from hub.inbox.municipality import LANGUAGES, Municipality, by_code
from hub.inbox.queue import Queue, resolve
from hub.storage.base import Words
from hub.storage.unit import Unit


def municipality(unit: Unit, named: str) -> Municipality:
    """By code or id; a code of digits goes before an id. Raises Invalid, naming the codes there are."""
    known = unit.first(select(Municipality).where(Municipality.code == named))
    row = known or (unit.get(Municipality, int(named)) if _is_id(named) else None)
    return row or by_code(unit, named)


def queue(unit: Unit, home: Municipality, named: str) -> Queue:
    """A queue of this municipality, by name in any language or id. Raises Invalid, naming those there are."""
    return resolve(unit, f"{home.code}/{named}")[1]


def person(unit: Unit, named: str) -> Person:
    """By e-mail address or id. Raises Invalid."""
    return (unit.get(Person, int(named)) if _is_id(named) else None) or by_email(unit, named)


def channel(unit: Unit, channel_id: int) -> Channel:
    """Raises NotFound."""
    row = unit.get(Channel, channel_id)
    if row is None:
        raise NotFound(f"There is no channel {channel_id}; torg channel list shows those there are.")
    return row


def municipality_codes(unit: Unit) -> dict[int, str]:
    """Codes by id, in the order of the codes."""
    rows = unit.rows(select(Municipality.id, Municipality.code).order_by(Municipality.code))
    return {row.id: row.code for row in rows}


def words(names: Sequence[str], language: str) -> Words:
    """`sv=Kundtjänst` counts for that language, a plain name for the municipality's. Raises Invalid for two of one."""
    found: Words = {}
    for name in names:
        prefix, sign, rest = name.partition("=")
        said_in, said = (prefix, rest) if sign and prefix in LANGUAGES else (language, name)
        said = plain(said)
        if said_in in found:
            raise Invalid("name", f"there are two names in {said_in}: {found[said_in]} and {said}")
        found[said_in] = said
    return found


def plain(name: str) -> str:
    """A name without space around it. Raises Invalid for nothing."""
    if not name.strip():
        raise Invalid("name", "a name is at least one letter")
    return name.strip()


def refuse_taken(there_is: str, taken: Iterable[Words], names: Words) -> None:
    """Two of one name in one place couldn't be told apart by it. `there_is`: as in `granvik has a queue`."""
    known = {name.casefold() for each in taken for name in each.values()}
    for name in names.values():
        if name.casefold() in known:
            raise Invalid("name", f"{there_is} {name} already")


def in_language(names: Words, language: str = "") -> str:
    """The name in this language, else the first there is."""
    return names.get(language) or next(iter(names.values()), "")


def _is_id(named: str) -> bool:
    return named.isascii() and named.isdigit() and int(named) < 2**63
