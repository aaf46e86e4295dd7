"""Area: the municipalities that a channel works for. Whoever stops it stops it for all of them."""

from collections.abc import Iterator, Mapping

from sqlalchemy import select

from hub.channels.channel import Channel
from hub.inbox.municipality import Municipality
from hub.storage.unit import Unit


def area(unit: Unit, channel: Channel) -> frozenset[int]:
    """Its own municipality; of a shared channel those that its settings name, or those of the channels that send by it.

    Where nothing tells, it may be anybody's: every municipality of the installation.
    """
    codes = {row.code: row.id for row in unit.rows(select(Municipality.code, Municipality.id))}
    found = _told(channel, codes)
    if channel.home_id is None:
        for other in unit.all(select(Channel).where(Channel.sends_by_id == channel.id)):
            found |= _told(other, codes) or set(codes.values())
    return frozenset(found or codes.values())


def _told(channel: Channel, codes: Mapping[str, int]) -> set[int]:
    if channel.home_id is not None:
        return {channel.home_id}
    return {codes[code] for code in _named(channel.config) if code in codes}


def _named(setting: object) -> Iterator[str]:
    """The code of every destination in it, however deep, whatever the kind: saved, one reads `code/queue id`."""
    if isinstance(setting, str):
        code, _, queue_id = setting.partition("/")
        if queue_id.isdecimal():
            yield code
    elif isinstance(setting, Mapping):
        for each in setting.values():
            yield from _named(each)
    elif isinstance(setting, list):
        for each in setting:
            yield from _named(each)
