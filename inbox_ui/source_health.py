"""How the systems do that lookups ask, in words: IT's list, and beside their use."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from hub.edge import auditing
from hub.edge.desk import Desk
from hub.lookups.health import LookupHealth
from inbox_ui import looked, lookup_words, times
from inbox_ui.health import spark
from inbox_ui.stored import stored
from inbox_ui.words import gettext as _


class ShownHealth(Struct, frozen=True):
    """`title`, `icon`: of the kind of source; `tone`: of the dot and the word; `why`: what is the matter."""

    of: LookupHealth
    title: str
    icon: str
    word: str
    tone: str
    why: str
    took: str
    spark: str


async def listed(desk: Desk, registry: Any) -> Sequence[ShownHealth]:
    """Of all that this person may see, what fails first. `registry`: the application's."""
    titles = {kind: cls.title for kind, cls in registry.lookups.items()}
    found = [shown(each, titles) for each in await desk.read(auditing.health)]
    return sorted(found, key=lambda each: each.of.failing_since is None)


def shown(of: LookupHealth, titles: Mapping[str, str]) -> ShownHealth:
    """In the reader's language."""
    why = ""
    if of.failing_since is not None:
        said = looked.error(of.failed_as or "")
        why = _("Since %(time)s: %(why)s.") % {"time": times.when(of.failing_since), "why": said}
        word, tone = _("Failing"), "late"
    elif of.last_answer_at is None:
        word, tone = _("Not asked in 7 days"), ""
    else:
        word, tone = _("Working"), "ok"
    title, icon = lookup_words.kinds().get(of.kind, (stored(titles.get(of.kind, of.kind)), "search"))
    return ShownHealth(of, title, icon, word, tone, why, times.took(of.last_ms), spark(of.hours))
