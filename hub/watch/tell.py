"""Tell: notices of alarms go out, by mail or as a signed call, one attempt at a time under a lease.

By mail they leave by a channel that nothing is the matter with; only where there is none, by the one in trouble.
A call is made again until it is answered, and says its id, by which the other side knows it again: only where this side
died before it had written the answer down, it comes twice. A mail that may have arrived isn't sent a second time.
"""

import hmac
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct
from sqlalchemy import select, update

from hub import clock
from hub.channels.channel import Channel
from hub.channels.open import close_connector, open_channel
from hub.channels.route import senders
from hub.channels.way_out import way_out
from hub.contract import Address, AuthFailed, Deferred, Misconfigured, OutgoingMessage, PluginError, Refused, Sends
from hub.errors import TorgError
from hub.inbox.municipality import Municipality
from hub.plugin_host.registry import Registry
from hub.storage.scope import Scope
from hub.storage.unit import Storage, Unit
from hub.watch.alarm import AlarmNotice
from hub.watch.health import look, sends
from hub.watch.target import AlarmTarget, key_of, outside

WATCH = Scope.everything("watch over channels")
LEASE = 60 * clock.SECOND
TOGETHER = 10
_PAUSES = (30, 60, 120, 300, 600, 1800)
"""Seconds before the next attempt."""
_GIVE_UP = 24 * 3600 * clock.SECOND
_OK = range(200, 300)
Say: TypeAlias = Callable[[str, str], str]
"""A sentence of ours, in a language."""

log = logging.getLogger(__name__)


class Leased(Struct, frozen=True):
    """A notice that is ours until its lease ends, with whom it goes to. `key`: of a call's signature."""

    id: int
    fence: int
    what: str
    said: dict[str, Any]
    made_at: int
    kind: str
    address: str
    key: bytes
    again_hours: int
    language: str
    zone: str
    channel_id: int | None
    sender: str


class LostLease(Exception):
    """Somebody else has it by now."""


async def tell(storage: Storage, registry: Registry, say: Say) -> int:
    """What is due; returns how many were tried."""
    leased = await storage.write(WATCH, lease, registry)
    for each in leased:
        try:
            await _attempt(storage, registry, say, each)
        except LostLease:
            log.warning("alarm notice %d: another process has it now", each.id)
    return len(leased)


def any_due(unit: Unit) -> bool:
    return unit.first(select(AlarmNotice.id).where(_is_due())) is not None


def lease(unit: Unit, registry: Registry) -> Sequence[Leased]:
    """Those that are due, and those of processes that died: a mail that was handed over then is uncertain."""
    now = clock.now()
    rows = unit.all(select(AlarmNotice).where(_is_due()).order_by(AlarmNotice.id).limit(TOGETHER).with_for_update())
    found = []
    for row in rows:
        target = unit.get(AlarmTarget, row.target_id)
        if target is None or (row.state == "handed_over" and target.kind == "mail"):
            row.state, row.settled_at = "uncertain" if target else "failed", now
            continue
        row.state, row.attempt, row.fence, row.lease_until = "leased", row.attempt + 1, row.fence + 1, now + LEASE
        found.append(_leased(unit, registry, row, target))
    return found


def settle(unit: Unit, notice: Leased, state: str, reason: str | None) -> None:
    """`queued`: tried again, unless it is a day old."""
    row = unit.lock(AlarmNotice, notice.id)
    if row is None or row.fence != notice.fence:
        return
    now = clock.now()
    if state == "queued" and now - row.made_at > _GIVE_UP:
        state = "failed"
    row.state, row.reason, row.lease_until = state, reason, None
    row.not_before = now + _PAUSES[min(row.attempt, len(_PAUSES)) - 1] * clock.SECOND
    row.settled_at = None if state == "queued" else now


def hand_over(unit: Unit, notice: Leased) -> bool:
    """Commit that from now on it may arrive. Those before it took their time: its lease begins anew."""
    of = (AlarmNotice.id == notice.id, AlarmNotice.fence == notice.fence, AlarmNotice.state == "leased")
    values = {"state": "handed_over", "lease_until": clock.now() + LEASE}
    return unit.change(update(AlarmNotice).where(*of).values(**values)) == 1


def _is_due() -> Any:
    now = clock.now()
    waits = (AlarmNotice.state == "queued") & (AlarmNotice.not_before <= now)
    left = AlarmNotice.state.in_(("leased", "handed_over")) & (AlarmNotice.lease_until < now)
    return waits | left


def _leased(unit: Unit, registry: Registry, row: AlarmNotice, target: AlarmTarget) -> Leased:
    home = unit.get(Municipality, target.municipality_id) or unit.first(select(Municipality).order_by(Municipality.id))
    sender = next((each.address for each in senders(unit, home)), "") if home else ""
    troubled = int(row.said.get("channel_id", 0))
    return Leased(
        id=row.id,
        fence=row.fence,
        what=row.what,
        said=row.said,
        made_at=row.made_at,
        kind=target.kind,
        address=target.address,
        key=key_of(unit, target) if target.kind == "webhook" else b"",
        again_hours=target.again_hours,
        language=home.language if home else "en",
        zone=home.timezone if home else "UTC",
        channel_id=_way(unit, registry, troubled, target.municipality_id) if target.kind == "mail" else None,
        sender=sender or target.address,
    )


def _way(unit: Unit, registry: Registry, troubled: int, municipality_id: int | None) -> int | None:
    """A channel that sends: one without a trouble before one with, the municipality's own before others'."""
    unwell = unit.get(Channel, troubled)
    beside = {troubled, unwell.sends_by_id if unwell else None}
    candidates = [each for each in look(unit, registry, lambda _: True) if sends(each.cls) and each.cls is not None]
    ranked = sorted(
        candidates,
        key=lambda each: (
            each.row.paused_why is not None,
            bool(each.troubles),
            each.row.id in beside,
            municipality_id is not None and each.row.home_id not in {municipality_id, None},
            each.row.id,
        ),
    )
    return ranked[0].row.id if ranked else None


async def _attempt(storage: Storage, registry: Registry, say: Say, notice: Leased) -> None:
    handed_over = False

    async def handing_over() -> None:
        nonlocal handed_over
        if not await storage.write(WATCH, hand_over, notice):
            raise LostLease
        handed_over = True

    state, reason = "sent", None
    try:
        if notice.kind == "webhook":
            await handing_over()
            handed_over = False  # it may be called again
            await _call(notice)
        else:
            await _mail(storage, registry, say, notice, handing_over)
    except LostLease:
        raise
    except Refused as error:
        state, reason = "failed", str(error)
    except (AuthFailed, Deferred) as error:
        state, reason = "queued", str(error)
    except (PluginError, TorgError) as error:
        state, reason = "uncertain" if handed_over else "queued", str(error)
    except Exception as error:  # a connector's bug must not end the watch
        log.exception("alarm notice %d couldn't be sent", notice.id)
        state, reason = "uncertain" if handed_over else "queued", type(error).__name__
    if reason is not None:  # which may quote an address of ours
        log.warning("alarm notice %d is %s: torg alarm list says why", notice.id, state)
    await storage.write(WATCH, settle, notice, state, reason)


async def _call(notice: Leased) -> None:
    """Signed as Torg-Signature: t=SECONDS,v1=HEX, an HMAC-SHA256 of `SECONDS.BODY`."""
    place, path, query = outside(notice.address)
    body = msgspec.json.encode({"id": str(notice.id), "what": notice.what, **notice.said})
    at = clock.now() // clock.SECOND
    signature = hmac.new(notice.key, f"{at}.".encode() + body, sha256).hexdigest()
    headers = {
        "content-type": "application/json",
        "torg-signature": f"t={at},v1={signature}",
        "torg-notice": str(notice.id),
    }
    gate = way_out(place)
    try:
        answer = await gate.request("POST", path, query=query, headers=headers, content=body)
    finally:
        await gate.close()
    if answer.status not in _OK:
        raise Deferred(f"It was answered with {answer.status}.")


async def _mail(
    storage: Storage, registry: Registry, say: Say, notice: Leased, handing_over: Callable[[], Awaitable[None]]
) -> None:
    if notice.channel_id is None:
        raise Misconfigured("", "There is no channel that sends: add one, or a webhook.")
    connector = await storage.read(WATCH, _open, registry, notice.channel_id)
    try:
        await connector.send(message(notice, say), handing_over)
    finally:
        await close_connector(connector)


def _open(unit: Unit, registry: Registry, channel_id: int) -> Sends[Any]:
    channel = unit.get(Channel, channel_id)
    connector = open_channel(channel, registry, unit.keys) if channel else None
    if not isinstance(connector, Sends):
        raise Misconfigured("kind", "This channel can't send: choose one that can.")
    return connector


def message(notice: Leased, say: Say) -> OutgoingMessage:
    """The mail: ours alone, in the language of the municipality, the same on every attempt."""
    said, name = notice.said, notice.said["channel"]
    subject = {
        "raised": f"Alarm: {name}",
        "again": f"Alarm, still: {name}",
        "over": f"All clear: {name}",
        "try": "A trial of the alarm",
    }[notice.what]
    lines = [said["sentence"], said["advice"] if notice.what != "over" else "It is over."]
    if said.get("since"):
        since = datetime.fromisoformat(said["since"]).astimezone(ZoneInfo(notice.zone))
        lines += ["", f"Since {since:%Y-%m-%d %H:%M} ({notice.zone})."]
    if notice.what in {"raised", "again"}:
        lines += [f"You are told again in {notice.again_hours} h, and when it is over."]
    text = "\n".join(say(line, notice.language) if line else "" for line in lines)
    domain = notice.sender.rpartition("@")[2]
    return OutgoingMessage(
        message_id=f"<alarm-{notice.id}@{domain}>",
        sender=Address("Torg", notice.sender),
        reply_to=Address("", notice.address),
        recipient=Address("", notice.address),
        subject=say(subject, notice.language),
        text=text,
        written_at=notice.made_at,
        language=notice.language,
        automatic=True,
    )
