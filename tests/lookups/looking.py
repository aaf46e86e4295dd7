"""Questions as the gate leaves them in the audit, without a source to ask."""

from functools import partial

from hub import clock
from hub.access.audit import log_act
from hub.access.person import Actor
from hub.contract import Identifier, Subject
from hub.lookups.question import asked_about
from hub.storage.unit import Unit


def look(
    unit: Unit,
    municipality_id: int,
    by: Actor | None = None,
    *,
    lookup: str = "invoices",
    place: str = "desk",
    purpose: str = "The citizen asks",
    about: tuple[Identifier, str] = ("invoice", "17"),
    conversation_id: int | None = None,
    ended: str | None = "found 1",
    act: str = "lookup.ask",
    after: int = 300,
) -> None:
    """A question, and after so many milliseconds what came of it; None: nothing did."""
    begun = clock.now()
    subject = asked_about(unit, municipality_id, Subject(*about))
    log = partial(
        log_act, unit, by=by, municipality_id=municipality_id, subject=subject, conversation_id=conversation_id,
        purpose=purpose, source=f"{place}: {lookup}",
    )  # fmt: skip
    if act != "lookup.ask" or ended == "refused":
        log(act, outcome="protected" if ended == "refused" else str(ended))
        return
    log(act, outcome="asked")
    if ended is not None:
        clock.set_source(lambda: begun + after * 1000)
        log("lookup.answer", outcome=ended)
