"""Filled: what was filled in on a form, as the timeline shows it, and why it was taken for spam."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from hub.inbox.points import MASKED
from inbox_ui.words import gettext as _


class AnswerShown(Struct, frozen=True):
    """`long`: in paragraphs; `masked`: instead of a number, which the citizen's card reveals for a purpose."""

    label: str
    text: str
    long: bool
    masked: str


class Filled(Struct, frozen=True):
    """A form's answers, in its order."""

    title: str
    answers: Sequence[AnswerShown]


def filled(body: Mapping[str, Any]) -> Filled:
    """Of an entry of kind form."""
    answers = [
        AnswerShown(
            label=each["label"],
            text=each["text"],
            long=each["kind"] == "long_text",
            masked=MASKED if each["kind"] == "identity" else "",
        )
        for each in body["answers"]
    ]
    return Filled(body["title"], answers)


def doubt_words(body: Mapping[str, Any]) -> str:
    """Of a conversation that was closed as spam when it came; empty where a person closed it."""
    words = {
        "honeypot": _("a field that nobody sees was filled in"),
        "fast": _("it was filled in faster than anybody reads"),
        "links": _("it is full of links"),
    }
    reasons = [words.get(each, each) for each in body.get("doubts") or ()]
    why = ", ".join(reasons)
    return _("Closed as spam when it came: %(why)s. Open it again if it isn't") % {"why": why} if reasons else ""
