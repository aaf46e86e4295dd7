"""Deliveries: where a mail of ours stands with each recipient, in words."""

from collections.abc import Sequence
from datetime import timedelta

from msgspec import Struct

from hub.inbox.timeline import DeliveryLine, EntryLine
from inbox_ui import times
from inbox_ui.stored import stored
from inbox_ui.words import gettext as _

_SOON = timedelta(seconds=15)
_DECIDED = {"failed": ("again",), "uncertain": ("again", "arrived"), "deferred": ()}
"""States that say why, and what a person may decide there."""


class Delivery(Struct, frozen=True):
    """Where a mail of ours stands with one recipient. `decides`: a person may: again, and where uncertain arrived."""

    id: str
    words: str
    tone: str | None
    why: str
    decides: Sequence[str] = ()


def of_entry(entry: EntryLine, citizen: str, first: str) -> list[Delivery]:
    """Several that all went well in the same way are one; else each says with whom it stands so.

    The citizen's own address stays covered.
    """
    several, is_answer = len(entry.deliveries) > 1, (entry.body or {}).get("what") != "forward"
    stands = [(line, delivery(line)) for line in entry.deliveries]
    is_named = several and len({made.words for _line, made in stands if not (made.why or made.decides)}) > 1
    found: list[Delivery] = []
    for line, made in stands:
        whom = citizen if is_answer and line.recipient == first else short(line.recipient)
        if several and (is_named or made.why or made.decides):
            found.append(delivery(line, whom))
        elif all(each.words != made.words for each in found):
            found.append(made)
    return found


def delivery(line: DeliveryLine, whom: str = "") -> Delivery:
    """In words; only what went wrong is loud. `whom`: one recipient of several, who is named."""
    said: dict[str, tuple[str, str | None]] = {
        "queued": (_queued(line), "info"),
        "leased": (_("Being sent"), "info"),
        "handed_over": (_("Being sent"), "info"),
        "sent": (_("Sent"), "ok"),
        "deferred": (_("Not taken yet; trying again"), "warn"),
        "failed": (_("Not delivered"), "late"),
        "uncertain": (_("Perhaps sent: nobody answered"), "warn"),
    }
    words, tone = _reported(line) or said.get(line.state, (line.state, None))
    if whom:
        words = _("%(words)s: %(whom)s") % {"words": words, "whom": whom}
    return Delivery(line.id, words, tone, stored(line.reason or ""), _DECIDED.get(line.state, ()))


def _queued(line: DeliveryLine) -> str:
    """Long due, it waits for its channel: for its turn, or until that is resumed."""
    if line.not_before > times.now():
        return _("Leaves soon")
    return _("Being sent") if times.now() - line.not_before < _SOON else _("Waits for its turn")


def _reported(line: DeliveryLine) -> tuple[str, str] | None:
    """Words and tone; None when it said nothing."""
    if line.state != "sent":
        return None
    if line.read_at is not None:
        return _("Read %(when)s") % {"when": times.when(line.read_at)}, "ok"
    if line.delivered_at is not None:
        return _("Delivered %(when)s") % {"when": times.when(line.delivered_at)}, "ok"
    return (_("Delayed on its way"), "warn") if line.delayed_at is not None else None


def short(address: str) -> str:
    """Without the tag of its local part."""
    local, at, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}{at}{domain}"
