"""Meetings that a mail carries, as the timeline shows them: what, when and where, in the reader's words and zone."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from msgspec import Struct

from inbox_ui import times
from inbox_ui.words import gettext as _

_MOST = 5


class Meeting(Struct, frozen=True):
    """One meeting. `tone`: of its chip, where it is off."""

    kind: str
    tone: str | None
    title: str
    when: str
    place: str
    organizer: str


def meetings(body: Mapping[str, Any]) -> Sequence[Meeting]:
    """Those that a mail's entry carries."""
    return [_meeting(each) for each in (body.get("invitations") or ())[:_MOST]]


def _meeting(said: Mapping[str, Any]) -> Meeting:
    kinds = {
        "request": _("Invitation"), "cancel": _("Meeting cancelled"), "reply": _("Answer to an invitation"),
        "counter": _("Another time proposed"),
    }  # fmt: skip
    name, address = (*(said.get("organizer") or ()), "", "")[:2]
    when = _when(said.get("starts"), said.get("ends"), bool(said.get("all_day")))
    return Meeting(
        kind=kinds.get(said.get("method") or "", _("Meeting")),
        tone="late" if said.get("method") == "cancel" else None,
        title=said.get("summary") or _("(no subject)"),
        when=_("%(when)s, and again after that") % {"when": when} if when and said.get("repeats") else when,
        place=said.get("place") or "",
        organizer=name or address,
    )


def _when(starts: str | None, ends: str | None, all_day: bool) -> str:
    """Thu 3 Dec 10:00–11:00; Thu 3 Dec – Fri 4 Dec of whole days."""
    if not starts:
        return ""
    begins = datetime.fromisoformat(starts)
    until = datetime.fromisoformat(ends) if ends else None
    if all_day:
        first = begins.astimezone(UTC).date()
        last = until.astimezone(UTC).date() - timedelta(days=1) if until else first
        return _whole(first) if last <= first else f"{_whole(first)} – {_whole(last)}"
    said = f"{_whole(times.local(begins).date())} {times.clock_time(begins)}"
    if until is None or until <= begins:
        return said
    if times.local(until).date() == times.local(begins).date():
        return f"{said}–{times.clock_time(until)}"
    return f"{said} – {_whole(times.local(until).date())} {times.clock_time(until)}"


def _whole(on: date) -> str:
    return f"{times.weekday_of(on)} {times.date_short(on)}"
