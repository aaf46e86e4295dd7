"""Registering: what the form of a call or a visit is given, and what it says, for the page that shows and takes it."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from litestar.datastructures import FormMultiDict
from msgspec import Struct

from hub.edge.contacting import NewRegistration
from hub.edge.looking import Looked
from hub.edge.talking import ContactShown
from hub.errors import Invalid
from hub.inbox.names import Names
from inbox_ui import talks, times
from inbox_ui.amounts import money
from inbox_ui.forms import usable
from inbox_ui.words import gettext as _
from inbox_ui.words import timezone, word

KEYED = 8
UNSAID = "?"
"""In the place of a cause: it should not have been needed, and why isn't said yet."""
"""Topics that have a key; of more, the last key is for all the others."""
_OPENS, _SHUTS = 8, 17
_FIELDS = ("note", "name", "department", "answer_by", "answer_date", "call_day", "call_time", "number")


class Asked(Struct, frozen=True):
    """One question as the form has it; empty: nothing is chosen yet."""

    topic: str = ""
    outcome: str = ""
    cause: str = ""
    matter: str = ""

    @property
    def line(self) -> str:
        """As a hidden field carries those that aren't in focus."""
        return f"{self.topic}|{self.outcome}|{self.cause}|{self.matter}"

    @classmethod
    def of(cls, line: str) -> "Asked":
        """Of such a field; what is no such line is an empty one."""
        parts = line.split("|")
        return cls(*parts) if len(parts) == len(cls.__struct_fields__) else cls()


class Choice(Struct, frozen=True):
    """Of a select."""

    value: str
    words: str


def filled(contact: ContactShown, looked: Looked) -> dict[str, Any]:
    """What is in the form: what its reader has begun, else what was written down, else the conversation's topics."""
    begun: Mapping[str, Any] = contact.begun or {}
    questions = [Asked.of(each) for each in begun.get("questions", ())]
    if not questions and contact.registered is not None:
        questions = [
            Asked(str(each["topic"]), str(each["outcome"]), each.get("avoidable_cause") or "", str(each["matter"]))
            for each in contact.registered.get("questions", ())
        ]
    if not questions:
        known = [each for each in looked.page.matters if each.outcome is None]
        questions = [Asked(each.topic_id, "", "", each.id) for each in known[:KEYED]]
    fields = {name: str(begun.get(name) or "") for name in _FIELDS}
    fields["note"] = fields["note"] or contact.note
    return {"said": fields, "focus_question": questions[0] if questions else Asked(), "others": questions[1:]}


def begun(form: FormMultiDict) -> dict[str, Any]:
    """What somebody has filled in so far, to be kept as it is."""
    fields = {name: str(form.get(name) or "")[:10_000] for name in _FIELDS}
    return {**fields, "questions": [each.line for _place, each in _placed(form)][: KEYED + 1]}


def registration(form: FormMultiDict, names: Names) -> NewRegistration:
    """What the form says. Raises Invalid, naming what is missing, and of several questions the one that lacks it:
    `questions.1.outcome` of the second."""
    placed = _placed(form)
    for number, (place, each) in enumerate(placed, start=1):
        if lacks := _lacks(each):
            if len(placed) == 1:
                raise Invalid(lacks, _MISSING[lacks][0]())
            topic = names.topics.get(each.topic)
            question = word(topic.words) if topic else _("Question %(number)s") % {"number": number}
            raise Invalid(f"questions.{place}.{lacks}", _MISSING[lacks][1]() % {"question": question})
    questions = [each for _place, each in placed]
    outcomes = {each.outcome for each in questions}
    said: dict[str, Any] = {
        "questions": [
            {
                "topic": each.topic,
                "outcome": each.outcome,
                "avoidable_cause": each.cause or None,
                "matter": each.matter or None,
            }
            for each in questions
        ],
        "note": str(form.get("note") or "").replace("\r\n", "\n").strip(),
        "name": str(form.get("name") or "").strip(),
        "department": form.get("department") or None,
        "answer_by": _answer_by(form) if "handed_over" in outcomes else None,
        "call_back_at": _call_back_at(form) if "not_finished" in outcomes else None,
        "number": str(form.get("number") or "").strip() if "not_finished" in outcomes else "",
        "notice": bool(form.get("notice")) and bool(outcomes - {"solved_here"}),
    }
    return usable(said, NewRegistration)


def _lacks(question: Asked) -> str:
    """The field that is missing; empty: none."""
    if not question.topic:
        return "topic"
    if not question.outcome:
        return "outcome"
    return "cause" if question.cause == UNSAID else ""


_MISSING: Mapping[str, tuple[Callable[[], str], Callable[[], str]]] = {
    "topic": (
        lambda: _("Choose what it was about: a topic, by its key."),
        lambda: _("%(question)s: choose what it was about."),
    ),
    "outcome": (lambda: _("Say how it ended."), lambda: _("%(question)s: say how it ended.")),
    "cause": (
        lambda: _("Say why it should not have been needed."),
        lambda: _("%(question)s: say why it should not have been needed."),
    ),
}
"""What is to be done, where there is one question, and of one of several."""


def choices(contact: ContactShown) -> dict[str, Any]:
    """Days and times that can be promised, in the reader's words. A time to call back is in office hours."""
    here = times.local(times.now())
    slots = [f"{hour:02d}:{minute:02d}" for hour in range(_OPENS, _SHUTS) for minute in (0, 30)]
    after = here + timedelta(minutes=30)
    left = (
        [each for each in slots if each >= f"{after.hour:02d}:{after.minute:02d}"]
        if after.date() == here.date()
        else []
    )
    days = [day for day in contact.working_days if left or day > here.date()]
    return {
        "promised": [
            Choice(at.isoformat(), _("%(day)s, by %(time)s") % {"day": times.day(at), "time": times.clock_time(at)})
            for at in contact.answer_by
        ],
        "days": [Choice(day.isoformat(), _day_words(day, here)) for day in days],
        "slots": slots,
        "first_slot": left[0] if days and days[0] == here.date() else "09:00",
    }


def journey(contact: ContactShown, names: Names, queue_id: str) -> list[tuple[str, str, str]]:
    """How it reached whoever takes it: words, what, and a tone."""
    call = contact.call
    if call is None:
        return []
    hops = [(_("Called line"), call.called or "", "")]
    hops.append((_("Menu choice"), ", ".join(call.menu_path), ""))
    queue = names.queues[queue_id]
    hops.append((_("Queue"), call.queue or next(iter(queue.words.values()), ""), ""))
    wait = talks.minutes(call.wait_seconds)
    hops.append((_("Waited"), wait, "warn" if (call.wait_seconds or 0) > talks.LONG_WAIT else ""))
    if contact.tries:
        hops.append((_("Tries today"), _("call no. %(n)s") % {"n": contact.tries}, ""))
    return [each for each in hops if each[1]]


def text_length(contact: ContactShown) -> str:
    """What is said beside the text message that tells what was promised: how many it is, and what that costs."""
    count, price = contact.text_parts, contact.text_price
    counted = _("1 SMS") if count == 1 else _("at most %(parts)s SMS") % {"parts": count}
    if price is None:
        return counted
    return _("%(count)s, about %(price)s") % {"count": counted, "price": money(count * price.amount, price.currency)}


def _placed(form: FormMultiDict) -> list[tuple[int, Asked]]:
    """Questions by their place in the form, from 0. The one in focus is the last: empty, it counts only where it is the
    only one."""
    lines = [Asked.of(str(line)) for line in form.getall("q", [])]
    others = [(place, each) for place, each in enumerate(lines) if each.topic or each.outcome]
    topic = str(form.get("topic") or "")
    if topic == "other":
        topic = str(form.get("topic_other") or "")
    cause = (str(form.get("cause") or "") or UNSAID) if form.get("avoidable") else ""
    focus = Asked(topic, str(form.get("outcome") or ""), cause, str(form.get("matter") or ""))
    return [*others, (len(lines), focus)] if focus.topic or focus.outcome or not others else others


def _answer_by(form: FormMultiDict) -> str | None:
    said = str(form.get("answer_by") or "")
    if said != "date":
        return said or None
    return _at(str(form.get("answer_date") or ""), "16:00")


def _call_back_at(form: FormMultiDict) -> str | None:
    return _at(str(form.get("call_day") or ""), str(form.get("call_time") or ""))


def _at(day: str, time: str) -> str | None:
    try:
        return datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=ZoneInfo(timezone())).isoformat()
    except ValueError:
        return None


def _day_words(day: date, here: datetime) -> str:
    at = datetime(day.year, day.month, day.day, 12, tzinfo=here.tzinfo)
    return f"{_('Today')}, {times.day_within(at)}" if day == here.date() else times.day(at)
