"""Talks: calls and visits as a timeline shows them: how they came, how long it took, how they ended."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from hub.inbox.names import Names
from hub.inbox.timeline import CallFields, EntryLine
from inbox_ui.words import gettext as _
from inbox_ui.words import ngettext, word

LONG_WAIT = 120
"""Seconds after which a wait is a long one."""
_HOUR = 3_600
_BAR = 360
_GAP = 2


class Ended(Struct, frozen=True):
    """A question, and how it ended. `tone`: of its chip."""

    words: str
    tone: str


class Talk(Struct, frozen=True, kw_only=True):
    """`by`: who took it; `path`: where it came in, what was chosen, which queue. `wait` and `talk`: m:ss, or nothing.

    `wait_width`, `talk_width`: of a bar of 360. `open`: nobody has written down yet what it was about.
    """

    kind: str
    title: str
    by: str
    path: Sequence[str] = ()
    wait: str = ""
    talk: str = ""
    is_long: bool = False
    wait_width: int = 0
    talk_width: int = 0
    said: str = ""
    questions: Sequence[Ended] = ()
    lost: str = ""
    unended: str = ""
    open: bool = False
    staff: bool = False


def talk(entry: EntryLine, names: Names) -> Talk:
    """Of a call or a visit."""
    body: Mapping[str, Any] = entry.body or {}
    registered = body.get("registered")
    questions = [ended(each, names) for each in (registered or {}).get("questions", ())]
    call = entry.call
    if call is None:
        return Talk(kind="visit", title=_("Visit at the desk"), by="", questions=questions, open=registered is None)
    total = (call.wait_seconds or 0) + (call.talk_seconds or 0)
    wait_width = round((call.wait_seconds or 0) / total * (_BAR - _GAP)) if total else 0
    lost = lost_words(call)
    return Talk(
        kind="call",
        title=_("Call to the citizen") if call.direction == "out" else _("Call"),
        by=_("answered by %(name)s") % {"name": call.answered_by} if call.answered_by else "",
        path=[each for each in (call.called, *call.menu_path, call.queue) if each],
        wait=minutes(call.wait_seconds),
        talk=minutes(call.talk_seconds),
        is_long=(call.wait_seconds or 0) > LONG_WAIT,
        wait_width=wait_width,
        talk_width=_BAR - _GAP - wait_width if call.talk_seconds else 0,
        said=bar_words(call),
        questions=questions,
        lost=lost,
        unended=unended_words(call),
        open=registered is None and not lost,
        staff=call.staff,
    )


def ended(said: Mapping[str, Any], names: Names) -> Ended:
    """As it was written down."""
    outcomes = {
        "solved_here": (_("solved here"), "ok"), "handed_over": (_("handed over"), "info"),
        "not_finished": (_("not finished"), "warn"),
    }  # fmt: skip
    words, tone = outcomes.get(str(said.get("outcome")), ("", ""))
    topic = names.topics[str(said.get("topic"))]
    cause = dict(causes()).get(str(said.get("avoidable_cause") or ""))
    needless = [_("should not have been needed: %(cause)s") % {"cause": cause}] if cause else []
    return Ended(", ".join([word(topic.words), words, *needless]), tone)


def lost_words(call: CallFields) -> str:
    """Of one that nobody took: where it was given up."""
    if call.direction == "out":
        return "" if call.answered_at or not call.ended_at else _("Nobody answered")
    if call.answered_at is not None or call.ended_at is None:
        return ""
    if call.called_back_at is not None:
        return _("Lost, called back")
    return {"menu": _("Hung up in the menu"), "queue": _("Gave up in the queue")}.get(
        call.lost_in or "", _("Nobody answered")
    )


def unended_words(call: CallFields) -> str:
    """Of one that the hub gave up."""
    return _("Its end was never told") if call.cause == "unknown" else ""


def minutes(seconds: int | None) -> str:
    """1:48, 1:02:10; nothing of what isn't known."""
    if seconds is None:
        return ""
    if seconds < _HOUR:
        return f"{seconds // 60}:{seconds % 60:02d}"
    return f"{seconds // _HOUR}:{seconds % _HOUR // 60:02d}:{seconds % 60:02d}"


def clock_face(seconds: int) -> str:
    """01:48, 1:02:10: as a time that runs is shown, so that it doesn't jump."""
    said = minutes(max(0, seconds))
    return said if len(said) > len("1:48") else f"0{said}"


def causes() -> list[tuple[str, str]]:
    """Why a contact should not have been needed."""
    return [
        ("letter_unclear", _("Unclear letter")),
        ("web_unclear", _("Missing information on the web")),
        ("promise_not_kept", _("No answer from department")),
        ("wrong_place", _("Wrong address or misdirected")),
        ("status_not_visible", _("No way to see how it goes")),
        ("other", _("Other")),
    ]


def bar_words(call: CallFields) -> str:
    """The bar, for whoever doesn't see it."""
    parts = []
    if call.wait_seconds is not None:
        parts.append(_("waited %(time)s") % {"time": long_words(call.wait_seconds)})
    if call.talk_seconds is not None:
        parts.append(_("talked %(time)s") % {"time": long_words(call.talk_seconds)})
    return ", ".join(parts)


def long_words(seconds: int) -> str:
    """1 minute 48 seconds."""
    whole, rest = divmod(seconds, 60)
    parts = [ngettext("%(num)s minute", "%(num)s minutes", whole) % {"num": whole}] if whole else []
    return " ".join([*parts, ngettext("%(num)s second", "%(num)s seconds", rest) % {"num": rest}])
