"""Ring: a chat that waits is rung to one of those on duty, then to the next, until somebody takes it.

Whoever has been ready longest comes first, of those who hold fewer chats than they do at most: as they, or whoever runs
the centre, said of them, else as the channel has it. When all were rung it begins anew: somebody may have come. A chat
whose page is gone rings at nobody's.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import Struct
from sqlalchemy import func, select

from hub import clock
from hub.access import duty, policy
from hub.access.duty import Duty, State
from hub.access.person import actor
from hub.access.policy import Placed
from hub.inbox.chat import TURNS_PAGE, Chat, has_left
from hub.inbox.conversation import Conversation
from hub.storage.unit import Happening, Unit

_READY: tuple[State, ...] = ("ready",)
_READS = frozenset({"read"})


class Rule(Struct, frozen=True):
    """Of a channel. `each`: chats that one holds at most who has no number of their own; `seconds`: one is rung."""

    each: int
    seconds: int


def ring(unit: Unit, rules: Mapping[int, Rule]) -> int:
    """Of all that wait, those whose turn it is; how many rang anew. `rules`: by channel."""
    waiting = unit.rows(
        select(
            Chat.id,
            Chat.channel_id,
            Chat.rung_id,
            Chat.rung_at,
            Conversation.municipality_id,
            Conversation.queue_id,
            Conversation.confidential_queue_id,
            has_left(clock.now() - TURNS_PAGE).label("left"),
        )
        .join(
            Conversation,
            (Conversation.municipality_id == Chat.municipality_id) & (Conversation.id == Chat.conversation_id),
        )
        .where(Chat.ended_at.is_(None), Chat.taken_at.is_(None), Conversation.closed_at.is_(None))
        .order_by(Chat.id)
    )
    now = clock.now()
    silent = [
        each
        for each in waiting
        if each.channel_id in rules
        and (each.rung_id is None or each.left or each.rung_at + rules[each.channel_id].seconds * clock.SECOND <= now)
    ]
    if not silent:
        return 0
    held = _held(unit)
    rung = Counter(each.rung_id for each in waiting if each.rung_id is not None and each not in silent)
    ready: dict[tuple[int, int, int | None], Sequence[Duty]] = {}
    anew = 0
    for each in silent:
        where = (each.municipality_id, each.queue_id, each.confidential_queue_id)
        if where not in ready:
            ready[where] = _ready(unit, each)
        most = rules[each.channel_id].each
        there = () if each.left else ready[where]
        free = [who.person_id for who in there if held[who.person_id] + rung[who.person_id] < who.most_chats(most)]
        free.sort(key=rung.__getitem__)  # who is rung for another comes later; else as they were
        if not free and each.rung_id is None:
            continue  # nobody to ring, as before
        choice = _ask_next(unit, each.id, free)
        if choice is not None:
            rung[choice] += 1
            anew += 1
    return anew


def _ask_next(unit: Unit, chat_id: int, free: Sequence[int]) -> int | None:
    """Whoever of those hasn't been asked, and when all were, the first. None: nobody, or the chat waits no more."""
    row = unit.lock(Chat, chat_id)
    if row is None or row.taken_at is not None or row.ended_at is not None:
        return None
    asked = row.rung
    choice = next((who for who in free if str(who) not in asked), None)
    if choice is None and free:
        asked, choice = [], free[0]
    _set(unit, row, choice, asked if choice is None else [*asked, str(choice)])
    return choice


def _ready(unit: Unit, conversation: Placed) -> Sequence[Duty]:
    """Who can be rung for it, who has been ready longest first. For a confidential one, whoever may read it alone."""
    secret = conversation.confidential_queue_id
    found = duty.on_duty(unit, secret or conversation.queue_id, _READY)
    if secret is None:
        return found
    actors = ((row, actor(unit, row.person_id, _READS)) for row in found)
    return [row for row, each in actors if each is not None and policy.may_open(each, conversation)]


def stop(unit: Unit, row: Chat) -> None:
    """Whoever is rung doesn't want it now: the next look rings another."""
    _set(unit, row, None, row.rung)


def _set(unit: Unit, row: Chat, person_id: int | None, rung: list[str]) -> None:
    row.rung_id, row.rung_at, row.rung = person_id, None if person_id is None else clock.now(), rung
    unit.note(Happening("chat_changed", row.id, row.municipality_id, row.conversation_id))


def _held(unit: Unit) -> Counter[int]:
    """How many chats each person is in."""
    query = select(Chat.taken_by, func.count()).where(Chat.ended_at.is_(None), Chat.taken_by.is_not(None))
    return Counter(dict(unit.rows(query.group_by(Chat.taken_by))))
