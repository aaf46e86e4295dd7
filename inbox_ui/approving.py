"""Approving: what a version shows to more people than the one before it, in sentences that its owner answers for."""

from collections.abc import Sequence

from hub.lookups.audience import Wider
from hub.lookups.definition import LINE
from inbox_ui import lookup_words
from inbox_ui.lookups.panel import by_words
from inbox_ui.words import gettext as _


def approvals(wider: Sequence[Wider]) -> Sequence[str]:
    """One for each, fields of the card together."""
    known, asked_by = {**lookup_words.fields(), "as_of": _("When it was so")}, by_words()
    fields, asked, unmasked, replies = (
        ", ".join(known.get(each.name, each.name.removeprefix(LINE)) for each in wider if each.what == what)
        for what in ("field", "asked", "unmasked", "reply")
    )
    roles = [lookup_words.roles().get(each.name, each.name) for each in wider if each.what == "role"]
    by = [asked_by.get(each.name, each.name) for each in wider if each.what == "by"]  # type: ignore[call-overload]  # an identifier
    department = "".join(each.name for each in wider if each.what == "department")
    topics = ", ".join(each.name for each in wider if each.what == "topic")
    there = {each.what for each in wider}
    said = [
        (_("It is asked for the first time."), "first" in there),
        (_("Who may ask it: %(roles)s.") % {"roles": ", ".join(roles)}, roles),
        (_("All who ask see on the card: %(fields)s.") % {"fields": fields}, fields),
        (_("Seen when somebody asks for it, for a purpose: %(fields)s.") % {"fields": asked}, asked),
        (_("Less hidden than before: %(fields)s.") % {"fields": unmasked}, unmasked),
        (_("A reply may say: %(fields)s.") % {"fields": replies}, replies),
        (_("It can also be asked by: %(by)s.") % {"by": ", ".join(by)}, by),
        (_("It is asked without a confirmed identity."), "identity" in there),
        (_("It reads from somewhere else, or asks for something else there."), "source" in there),
        (_("Rows that were left out may be shown."), "rows" in there),
        (_("Pinned cards are kept for longer."), "kept" in there),
        (_("What it asks and what it is told can be read on the way: without encryption."), "open" in there),
        (_("%(department)s answers for it from then on.") % {"department": department}, department),
        (_("No department of its own answers for it from then on."), "department" in there and not department),
        (_("It is asked at once, without a purpose being said, under: %(topics)s.") % {"topics": topics}, topics),
    ]
    return [sentence for sentence, is_so in said if is_so]
