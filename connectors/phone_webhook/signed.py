"""The signed variant: one JSON object for each event, whole, and a proof that it is the exchange's and of now.

The headers are those of Standard Webhooks (webhook-id, webhook-timestamp, webhook-signature): HMAC-SHA256, by a secret
that both know, over id, timestamp and body. The fields are in the README of the connectors.
"""

import hmac
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from hub.contract import AuthFailed, CallStep, Cause, Misconfigured, RawEvent, StepKind, Unreadable, WebCall

HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")
WINDOW = 300
"""Seconds that an event may be older or younger than our clock."""
PREFIX = "whsec_"
_SHORTEST = 24
"""Bytes of a secret."""
_MOST_ID = 200
_MOST_SIGNATURES = 10
_CAUSES: Mapping[str, Cause] = {
    "completed": "completed",
    "normal": "completed",
    "busy": "busy",
    "no-answer": "no-answer",
    "no_answer": "no-answer",
    "abandoned": "abandoned",
    "rejected": "rejected",
    "blocked": "blocked",
    "forwarded": "forwarded",
    "congestion": "congestion",
    "not-found": "not-found",
    "not_found": "not-found",
    "failed": "failed",
}
_Text = Annotated[str, Meta(max_length=200)]
_Seconds = Annotated[int, Meta(ge=0, le=7 * 86_400)]


class CallEvent(Struct, frozen=True, kw_only=True):
    """What the body says. Unknown fields are let by: an exchange may say more."""

    event_id: Annotated[str, Meta(min_length=1, max_length=200)]
    call_id: Annotated[str, Meta(min_length=1, max_length=200)]
    kind: StepKind
    at: datetime
    direction: Literal["in", "out"] | None = None
    from_e164: _Text | None = None
    to: _Text | None = None
    linked_id: _Text | None = None
    entry: _Text | None = None
    menu_path: Annotated[Sequence[_Text], Meta(max_length=50)] = ()
    queue: _Text | None = None
    agent: _Text | None = None
    agent_name: _Text | None = None
    target: _Text | None = None
    wait_s: _Seconds | None = None
    talk_s: _Seconds | None = None
    hangup_by: Literal["caller", "agent"] | None = None
    reason: _Text | None = None


_decoder = msgspec.json.Decoder(CallEvent)


def key_of(secret: str) -> bytes:
    """Of a secret as it stands in settings: `whsec_` and base64. Raises Misconfigured."""
    try:
        key = b64decode(secret.removeprefix(PREFIX), validate=True)
    except (Error, ValueError) as error:
        raise Misconfigured("secret", "The secret is whsec_ and base64, as the exchange shows it.") from error
    if len(key) < _SHORTEST:
        raise Misconfigured("secret", f"The secret is too short: {_SHORTEST} bytes at least, in base64.")
    return key


def signature(key: bytes, event_id: str, timestamp: str, body: bytes) -> str:
    """As the header has it."""
    signed = b".".join((event_id.encode("utf-8", "replace"), timestamp.encode("utf-8", "replace"), body))
    return "v1," + b64encode(hmac.digest(key, signed, "sha256")).decode()


def verify(key: bytes, call: WebCall, now: datetime) -> str:
    """The event's id. Raises AuthFailed: what is wrong with its headers; how its time is off is told to who knows the
    secret alone."""
    event_id, timestamp, said = (call.headers.get(name, "") for name in HEADERS)
    expected = signature(key, event_id, timestamp, call.content).encode()
    given = said.encode("utf-8", "replace").split()[:_MOST_SIGNATURES]
    proven = [hmac.compare_digest(each, expected) for each in given]
    if not any(proven):
        raise AuthFailed(
            "webhook-signature isn't v1, and the base64 of HMAC-SHA256 by the channel's secret over webhook-id, "
            "webhook-timestamp and body, with a full stop between."
        )
    if not (timestamp.isascii() and timestamp.isdigit()):
        raise AuthFailed("webhook-timestamp is no whole number of seconds since 1970.")
    off = abs(int(timestamp[:15]) - int(now.timestamp()))
    if off > WINDOW:
        raise AuthFailed(f"webhook-timestamp is {off} seconds off; it may be {WINDOW}. Set the clock of the exchange.")
    if not 0 < len(event_id) <= _MOST_ID:
        raise AuthFailed(f"webhook-id has 1 to {_MOST_ID} signs.")
    return event_id


def read(content: bytes) -> CallEvent:
    """Raises Unreadable, which names the field."""
    try:
        event = _decoder.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(f"It is no call event: {error}") from error
    if event.at.tzinfo is None:
        raise Unreadable("at has no time zone: write 2026-03-01T08:15:02Z.")
    return event


def lines(content: bytes) -> Sequence[str | None]:
    """What may name one of ours: the queue first, then what was dialled."""
    event = read(content)
    return event.queue, event.entry, event.to


def steps(events: Sequence[RawEvent]) -> list[CallStep]:
    """What they tell, together: what was chosen in the menu stands in every event after it, and counts once."""
    read_ones = sorted(((read(each.body), each) for each in events), key=lambda pair: (pair[0].at, pair[0].event_id))
    found: dict[str, CallStep] = {}
    for event, raw in read_ones:
        at = _microseconds(event.at)
        base = CallStep(
            key=event.event_id,
            call=event.call_id,
            kind=event.kind,
            at=at,
            direction=event.direction,
            caller="" if event.from_e164 == "anonymous" else event.from_e164,
            called=event.to,
            route=raw.origin.get("route"),
        )
        for place, choice in enumerate(event.menu_path):
            key = f"menu {place} {choice}"
            found.setdefault(key, msgspec.structs.replace(base, key=key, kind="menu", at=at + place, choice=choice))
        if event.kind != "menu":
            found.setdefault(base.key, _whole(base, event))
    return list(found.values())


def _whole(base: CallStep, event: CallEvent) -> CallStep:
    reason = (event.reason or "").strip().casefold()
    return msgspec.structs.replace(
        base,
        queue=event.queue,
        agent=event.agent,
        agent_name=event.agent_name,
        target=event.target,
        cause=_CAUSES.get(reason),
        by=event.hangup_by,
        wait_seconds=event.wait_s,
        talk_seconds=event.talk_s,
        linked=event.linked_id,
    )


def _microseconds(at: datetime) -> int:
    whole = at.astimezone(UTC)
    return int(whole.timestamp()) * 1_000_000 + whole.microsecond
