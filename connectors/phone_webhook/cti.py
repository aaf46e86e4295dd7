"""The events that exchanges send to helpdesks: newCall, answer and hangup, as form fields or JSON, one each.

As in Zammad's documentation of its generic CTI; `call_id` stands for `callId`, and `caller` for `user`, as exchanges
write them. Of `user` all are read: an exchange that rings a group lists them. sipgate.io says the same in form fields;
Placetel has other names for the events, and `type` for a cause.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs

import msgspec

from hub.contract import CallStep, Cause, RawEvent, Unreadable

DIRECTIONS = ("in", "out")
_OTHER_NAMES = {"call_id": "callId", "caller": "user", "user[]": "user", "type": "cause", "peer": "user"}
_PLACETEL = {
    "IncomingCall": ("newCall", "in"),
    "OutgoingCall": ("newCall", "out"),
    "CallAccepted": ("answer", None),
    "HungUp": ("hangup", None),
}
"""Event -> event, and the direction that it has."""
_TAKEN = ("event", "callId", "from", "to", "direction", "user", "queue", "answeringNumber", "cause")
_MOST = 500
"""Signs of a field."""
_MOST_USERS = 100
VOICEMAIL = "voicemail"
"""The `user` of an answer that a machine gave."""
_OVER = ":over"
"""Ends the keys of ends that no hangup told."""
_CAUSES: Mapping[str, Cause] = {
    "normalclearing": "completed",
    "busy": "busy",
    "cancel": "no-answer",
    "noanswer": "no-answer",
    "congestion": "congestion",
    "notfound": "not-found",
    "forwarded": "forwarded",
    "missed": "no-answer",
    "accepted": "completed",
    "voicemail": "no-answer",
    "blocked": "blocked",
}


def read(media_type: str, content: bytes) -> dict[str, str]:
    """The fields that are known, as text; of a list the first, of `user` all, one a line.

    Raises Unreadable for what is no event.
    """
    try:
        given = _json(content) if "json" in media_type.lower() else _form(content)
    except (ValueError, RecursionError) as error:
        raise Unreadable("An event is form fields or a JSON object, in UTF-8.") from error
    fields: dict[str, str] = {}
    for name, value in given.items():
        ours = _OTHER_NAMES.get(name, name)
        said = _users(value) if ours == "user" else _text(value)
        if ours in _TAKEN and said and not (ours in fields and name != ours):
            fields[ours] = said
    if fields.get("event") in _PLACETEL:
        fields["event"], direction = _PLACETEL[fields["event"]]
        fields.pop("direction", None)
        fields |= {"direction": direction} if direction else {}
    elif fields.get("direction") not in DIRECTIONS:
        raise Unreadable("Invalid direction!")
    if fields.get("event") not in {"newCall", "answer", "hangup"}:
        raise Unreadable("event is newCall, answer or hangup.")
    for name in ("callId", "from", "to"):
        if name not in fields:
            raise Unreadable(f"An event names its {name}.")
    return fields


def lines(body: bytes) -> Sequence[str | None]:
    """What may name one of ours, of what `read` gave: the queue first, then what was dialled. Raises Unreadable."""
    try:
        fields = msgspec.json.decode(body, type=dict[str, str])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unreadable("It is no call event.") from error
    return fields.get("queue"), fields.get("to"), fields.get("from")


def steps(events: Sequence[RawEvent]) -> list[CallStep]:
    """What events of one call tell. Raises Unreadable.

    A caller who wasn't let through, or has come to the voicemail, waits for nobody any more: unless one of ours answers
    all the same.
    """
    found = [step for event in events for step in _steps(event)]
    if any(step.kind == "answered" for step in found):
        return [step for step in found if not step.key.endswith(_OVER)]
    return found


def _steps(event: RawEvent) -> list[CallStep]:
    """The exchange says no time: it is when it was told."""
    try:
        fields = msgspec.json.decode(event.body, type=dict[str, str])
        kind = fields["event"], fields["callId"], fields["from"], fields["to"]
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError) as error:
        raise Unreadable("It is no call event.") from error
    if kind[0] not in {"newCall", "answer", "hangup"} or fields.get("direction", "in") not in DIRECTIONS:
        raise Unreadable("It is no call event.")
    told: dict[str, Any] = {
        "call": fields["callId"],
        "at": event.received_at,
        "timed": False,
        "route": event.origin.get("route"),
        "direction": fields.get("direction"),
        "caller": _number(fields["from"]),
        "called": _number(fields["to"]),
    }
    users = fields.get("user", "").split("\n")
    match fields["event"]:
        case "newCall":
            keys = [event.key, *(f"{event.key}:{n}" for n in range(2, len(users) + 1))]
            offered = [
                CallStep(key=key, kind="offered", queue=fields.get("queue"), agent=user or None, **told)
                for key, user in zip(keys, users, strict=True)
            ]
            if event.origin.get("blocked"):
                offered.append(CallStep(key=event.key + _OVER, kind="ended", cause="blocked", **told))
            return offered
        case "answer" if users[0].casefold() == VOICEMAIL:
            return [CallStep(key=event.key + _OVER, kind="ended", cause="no-answer", **told)]
        case "answer":
            agent = fields.get("answeringNumber") or users[0] or None
            return [CallStep(key=event.key, kind="answered", agent=agent, agent_name=users[0] or None, **told)]
        case _:
            cause = _CAUSES.get(fields.get("cause", "").replace("_", "").lower())
            told |= {"by": "caller"} if cause == "no-answer" else {}
            return [CallStep(key=event.key, kind="ended", cause=cause, **told)]


def _json(content: bytes) -> dict[str, Any]:
    given = json.loads(content)
    if not isinstance(given, dict):
        raise ValueError("no object")
    return given


def _form(content: bytes) -> dict[str, Any]:
    return dict(parse_qs(content.decode(), max_num_fields=200))


def _text(value: object) -> str:
    if isinstance(value, list):
        value = value[0] if value else ""
    said = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return "".join(sign for sign in said if sign.isprintable()).strip()[:_MOST]


def _users(value: object) -> str:
    said = [_text(each) for each in value[:_MOST_USERS]] if isinstance(value, list) else [_text(value)]
    return "\n".join(dict.fromkeys(each for each in said if each))


def _number(written: str) -> str:
    return "" if written.casefold() == "anonymous" else written
