"""Calls: what came by telephone and at the desk in the demo's last days, told and written down as on a real day."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from hub import clock
from hub.channels import add as channels
from hub.channels.channel import Channel
from hub.cli.demo_fill import centres
from hub.cli.demo_fill.centres import Founded
from hub.cli.demo_fill.content import Content, Spoken
from hub.clock import DAY, MINUTE, SECOND
from hub.contract import CallStep, Routing
from hub.inbound.call_rows import take_calls
from hub.inbound.route import Directory
from hub.inbound.telling import Telling
from hub.inbox import contact, municipality
from hub.inbox.contact import Question, Said
from hub.inbox.conversation import Conversation
from hub.inbox.department import Department
from hub.inbox.entry import Entry
from hub.inbox.queue import Queue
from hub.inbox.topic import Topic
from hub.plugin_host.registry import Registry
from hub.storage.unit import Unit

TOKEN = "welcome-to-torg-telephone"  # noqa: S105 - of the demo, which is known to everybody
"""Of the demo's exchange: `README.md` rings by it."""
_KIND = "phone_webhook"
HOUR = 60 * MINUTE


def connect(unit: Unit, registry: Registry, contents: Mapping[str, Content]) -> int:
    """The exchange's channel."""
    queues = {each.municipality: content.queues[0].words for content in contents.values() for each in content.stories}
    lines = {place.phone: f"{code}/{queues[code]}" for code, place in centres.PLACES.items() if place.phone}
    _, settings = channels.prepare(unit, registry, _KIND, {"token": TOKEN, "lines": lines})
    return channels.add(unit, _KIND, "Telephone", settings).id


def tell(unit: Unit, founded: Founded, language: str, spoken: Sequence[Spoken], now: int) -> None:
    """Each when it was: its clock stands there."""
    channel_id = unit.first(select(Channel.id).where(Channel.kind == _KIND))
    for number, each in enumerate(spoken):
        at = now - each.minutes_ago * MINUTE
        by = founded.actors[language, each.by] if each.by else None
        queue_id = founded.queues[each.municipality, each.queue]
        _stand_at(at)
        queue = unit.get(Queue, queue_id)
        assert queue is not None  # founded
        if each.kind == "visit" and by is not None:
            home = municipality.by_code(unit, each.municipality)
            conversation, entry = contact.begin(unit, home, queue, by.id, "visit")
        else:
            assert channel_id is not None  # connected
            agent = by.email if by is not None else None
            conversation, entry = _called(unit, channel_id, f"demo-{language}-{number}", each, agent)
        if by is not None and each.topics:
            _stand_at(at + (each.waited + each.talked) * SECOND)
            contact.register(unit, conversation, entry, by.id, _said(unit, founded, each, conversation, now))


def _called(unit: Unit, channel_id: int, name: str, each: Spoken, agent: str | None) -> tuple[Conversation, Entry]:
    """As the exchange would have told it, from now on."""
    at, queue = clock.now(), each.queue_name
    line = centres.PLACES[each.municipality].phone
    answered, ended = at + each.waited * SECOND, at + (each.waited + each.talked) * SECOND
    told = [
        CallStep(
            key="1",
            call=name,
            kind="offered",
            at=at,
            direction="in",
            caller=each.number,
            called=line,
        ),
        *([CallStep(key="2", call=name, kind="menu", at=at, choice=each.menu)] if each.menu else ()),
        CallStep(key="3", call=name, kind="queued", at=at, queue=queue),
    ]
    if agent is not None:
        told.append(CallStep(key="4", call=name, kind="answered", at=answered, agent=agent))
        told.append(CallStep(key="5", call=name, kind="ended", at=ended, cause="completed"))
    else:
        told.append(CallStep(key="4", call=name, kind="abandoned", at=answered))
    place = Directory(unit).place(Routing(each.municipality, queue))
    telling = Telling(
        raw_ids=frozenset(), channel_id=channel_id, exchange_id=channel_id, name=name, source=f"{channel_id}/{name}",
        seen=1, steps=told, place=place, routed=True,
    )  # fmt: skip
    take_calls(unit, [telling], None)
    entry = unit.first(select(Entry).where(Entry.channel_id == channel_id, Entry.item_key == name))
    conversation = unit.get(Conversation, entry.conversation_id) if entry is not None else None
    assert entry is not None
    assert conversation is not None
    return conversation, entry


def _said(unit: Unit, founded: Founded, each: Spoken, conversation: Conversation, now: int) -> Said:
    topics = [unit.get(Topic, founded.topics[each.municipality, code]) for code in each.topics]
    offices = select(Department).where(Department.municipality_id == conversation.municipality_id)
    return Said(
        questions=[Question(topic, each.outcome, each.avoidable or None) for topic in topics if topic is not None],
        note=each.note,
        name=each.name,
        department=unit.first(offices.order_by(Department.id)),
        answer_by=now + DAY,
        call_back_at=now + 2 * HOUR,
    )


def _stand_at(at: int) -> None:
    clock.set_source(lambda: at)
