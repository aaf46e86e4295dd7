"""Proved: the steps of a check, as they are said."""

from msgspec import Struct

from hub.contract.steps import CheckStep
from inbox_ui import times
from inbox_ui.stored import stored
from inbox_ui.words import gettext as _


class ShownStep(Struct, frozen=True):
    """`says`: what it found, until when it holds, or how long it took; of one that failed nothing."""

    title: str
    says: str
    failed: bool


def shown_step(step: CheckStep) -> ShownStep:
    """In the reader's language, as far as the titles are ours."""
    if step.failed:
        return ShownStep(stored(step.title), "", failed=True)
    until = _("until %(day)s") % {"day": times.date_short(step.until)} if step.until else ""
    return ShownStep(stored(step.title), stored(step.says) or until or times.took(step.milliseconds), failed=False)
