"""Picturing: a mail's pictures from elsewhere, shown to who asked for them by a click, which is written down.

The click gives a pass for this message, this person and ten minutes: to open an address fetches nothing. The right to
read is asked anew when the pictures are shown.
"""

import base64
import hmac
import re
from html import escape

from hub import clock
from hub.access.audit import log_act
from hub.access.person import Actor
from hub.access.reading import log_reading
from hub.edge import glances, work
from hub.edge.desk import Desk
from hub.errors import NotFound
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.plugin_host import pictures
from hub.storage.unit import Unit

_HOLDS = 10 * clock.MINUTE
_REMOTE = re.compile(r'data-remote="(\d{1,3})"')


def allow(unit: Unit, actor: Actor, entry_id: int) -> str:
    """A pass, and a line in the reading log and the audit. Raises NotFound."""
    entry = _readable(unit, actor, entry_id)
    log_reading(unit, actor, "remote_images", entry.id, entry.conversation_id)
    log_act(
        unit,
        "entry.show_images",
        actor,
        municipality_id=entry.municipality_id,
        subject=("entry", entry.id),
        conversation_id=entry.conversation_id,
    )
    until = clock.now() + _HOLDS
    return f"{until}-{_mac(unit, actor, entry_id, until)}"


async def html_of(desk: Desk, entry_id: int, instead: str, given: str) -> str:
    """The mail as it was sent, with what could be had of its pictures from elsewhere. Raises NotFound."""
    html = await desk.write(glances.html_of, entry_id, instead)
    addresses = await desk.read(_addresses, entry_id, given)
    found = await pictures.fetch(addresses)

    def shown(place: re.Match[str]) -> str:
        picture = found.get(int(place[1]))
        if picture is None:
            return place[0]
        encoded = base64.b64encode(picture.content).decode()
        return f'src="{escape(f"data:{picture.media_type};base64,{encoded}")}"'

    return _REMOTE.sub(shown, html)


def _addresses(unit: Unit, actor: Actor, entry_id: int, given: str) -> list[str]:
    entry = _readable(unit, actor, entry_id)
    until, _, mac = given.partition("-")
    is_good = until.isdecimal() and hmac.compare_digest(mac, _mac(unit, actor, entry_id, int(until)))
    if not is_good or int(until) < clock.now():
        return []
    return [str(each) for each in entry.body.get("remote_images", ())]


def _readable(unit: Unit, actor: Actor, entry_id: int) -> Entry:
    entry = unit.get(Entry, entry_id)
    if entry is None:
        raise NotFound("There is no such message.")
    work.readable(unit, actor, unit.get(Conversation, entry.conversation_id))
    return entry


def _mac(unit: Unit, actor: Actor, entry_id: int, until: int) -> str:
    return unit.keys.mac("show-images", f"{actor.id}:{entry_id}:{until}".encode()).hex()[:32]
