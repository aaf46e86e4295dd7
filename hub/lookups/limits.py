"""Limits: how much one person may ask, and how many different things in one conversation.

Counted in the audit, which every process writes and nobody can change: so it holds for all of them together.
"""

from typing import Literal, TypeAlias

from sqlalchemy import BigInteger, ColumnElement, bindparam, select

from hub import clock
from hub.access.audit import Audit
from hub.access.reading import subject_key
from hub.lookups.looked import name_of, of_lookups
from hub.storage.ids import first_at
from hub.storage.prepared import Prepared
from hub.storage.unit import Unit

Stopped: TypeAlias = Literal["too many", "neighbours"]
WINDOW = 10 * clock.MINUTE
MOST = 200
"""Questions of one person within the window."""
MOST_SUBJECTS = 40
"""Different persons, properties, addresses, invoices that one person asks about within the window."""
MOST_IN_CONVERSATION = 8
"""Different ones in one conversation: a citizen has a few invoices and a house, not a street."""


def stopped(
    unit: Unit,
    municipality_id: int,
    person_id: int | None,
    conversation_id: int | None,
    subject: tuple[str, int],
    register: str | None,
) -> Stopped | None:
    """Whether this person has asked enough for now, in whatever municipalities of theirs; by command nobody is known,
    and only the number counts, in the one. What the hub asked the `register` of its own accord is nobody's question."""
    since = clock.now() - WINDOW
    window = {"first": first_at(since), "since": since}
    if person_id is None:
        rows = _OF_NOBODY.rows(unit, **window, municipality_id=municipality_id)
    else:
        rows = _OF_ONE.rows(unit, **window, person_id=person_id)
    asked = [(key, where) for key, where, source in rows if register is None or name_of(source) != register]
    if len(asked) >= MOST:
        return "too many"
    if person_id is None:
        return None
    now = subject_key(unit, *subject)
    everywhere = {key for key, _ in asked} | {now}
    beside = {key for key, where in asked if where == conversation_id} | {now}
    return "neighbours" if len(everywhere) > MOST_SUBJECTS or len(beside) > MOST_IN_CONVERSATION else None


def _asked(*by: ColumnElement[bool]) -> Prepared:
    """By the index of who looked."""
    return Prepared(
        select(Audit.subject_key, Audit.conversation_id, Audit.source).where(
            of_lookups(),
            Audit.act == "lookup.ask",
            Audit.id >= bindparam("first", type_=BigInteger),
            Audit.at >= bindparam("since", type_=BigInteger),
            *by,
        )
    )


_OF_ONE = _asked(Audit.person_id == bindparam("person_id", type_=BigInteger))
_OF_NOBODY = _asked(Audit.person_id.is_(None), Audit.municipality_id == bindparam("municipality_id", type_=BigInteger))
