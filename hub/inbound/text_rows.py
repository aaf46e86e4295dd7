"""Text rows: text messages become entries, what is said of ours comes to its delivery. One by one: they are few.

A text joins the conversation that its number and ours had last, unless that ended some time ago. A number is a hint:
whose it may be, not who writes.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct
from sqlalchemy import Update, select, update

from hub import clock
from hub.clock import NEVER
from hub.contract import Arrival, ReceivedText, Router, TextReport
from hub.inbound.child import Answer
from hub.inbound.raw_event import PARSER_VERSION, RawEvent
from hub.inbound.receive import Kept
from hub.inbound.route import Directory, Place, destination
from hub.inbox import text
from hub.inbox.caller import Callers
from hub.inbox.citizen import Citizen
from hub.inbox.conversation import Conversation, due_for
from hub.inbox.entry import Entry
from hub.inbox.findable import found_by
from hub.inbox.number import e164
from hub.inbox.participant import Participant
from hub.inbox.text import Text
from hub.storage import search_index
from hub.storage.ids import new_id
from hub.storage.unit import Happening, Unit

GOES_ON = 14 * clock.DAY
"""So long after its last message a closed conversation is gone on with; later it is another matter."""
REPORTS_WAIT = 10 * clock.MINUTE
"""A report may come before we have written down what its message is called: so long it is looked at again."""
_SUBJECT = 60


class IncomingText(Struct, frozen=True):
    """A text message on its way in, with whose it is. `number`: the sender's in E.164, or the name that wrote."""

    raw_id: int
    channel_id: int
    received_at: int
    place: Place
    number: str
    our_number: str
    said: ReceivedText


class IncomingReport(Struct, frozen=True):
    """What is said of a text message of ours."""

    raw_id: int
    channel_id: int
    received_at: int
    said: TextReport


def incoming(
    routers: Mapping[str, Router], directory: Directory, kept: Kept, answer: Answer
) -> Sequence[IncomingText | IncomingReport]:
    """Of one parsed raw event. Raises Invalid when a text can't be placed."""
    found: list[IncomingText | IncomingReport] = [
        IncomingReport(kept.id, kept.channel_id, kept.received_at, each) for each in answer.text_reports
    ]
    for each in answer.texts:
        arrival = Arrival(str(kept.channel_id), kept.event.origin, "", each.sender, [each.recipient])
        place = destination(routers, directory, arrival)
        number = e164(each.sender, place.country) or each.sender.strip()
        ours = e164(each.recipient, place.country) or each.recipient.strip()
        found.append(IncomingText(kept.id, kept.channel_id, kept.received_at, place, number, ours, each))
    return found


def take_texts(unit: Unit, group: Sequence[IncomingText | IncomingReport], state: str = "new") -> None:
    """Entries, and news of deliveries, of those whose raw event is still in `state`."""
    for each in group:
        if isinstance(each, IncomingReport):
            _take_report(unit, each, state)
        elif _claim(unit, each.raw_id, state, each.place.municipality_id):
            _take(unit, each)


def read_anew(unit: Unit, group: Sequence[IncomingText | IncomingReport]) -> None:
    """What parsing decides, of those that are entries already."""
    for each in group:
        if isinstance(each, IncomingReport):
            _report(unit, each)
            continue
        entry = unit.first(select(Entry).where(Entry.raw_event_id == each.raw_id, Entry.item_key == each.said.key))
        if entry is not None:
            entry.text, entry.language = each.said.text, each.place.language
            conversation = unit.get(Conversation, entry.conversation_id)
            assert conversation is not None  # a composite foreign key sees to it
            found = _found_by(unit, each, conversation.citizen_id)
            search_index.replace(unit, entry.id, entry.municipality_id, found)
            where = entry.municipality_id, entry.conversation_id
            unit.note(Happening("conversation_changed", entry.conversation_id, *where))


def _take(unit: Unit, each: IncomingText) -> None:
    line = (each.place.municipality_id, each.number)
    unit.take_turns([f"number {line[0]}/{line[1]}"])
    conversation = _goes_on(unit, each) or _begin(unit, each)
    if conversation.closed_at is not None:
        conversation.reopen(unit, None)
    entry = conversation.append(
        unit,
        Entry(
            kind="sms",
            author_kind="citizen",
            channel_id=each.channel_id,
            raw_event_id=each.raw_id,
            item_key=each.said.key,
            occurred_at=each.received_at,
            visibility="public",
            language=each.place.language,
            text=each.said.text,
            body={
                "number": each.number,
                "our_number": each.our_number,
                "sent_at": clock.to_iso(each.said.sent_at),
            },
        ),
    )
    unit.add(Text(municipality_id=line[0], entry_id=entry.id, number=each.number, our_number=each.our_number))
    if conversation.due_at == NEVER or conversation.wait_until is not None:
        conversation.wait_until = None
        conversation.due_at = due_for(unit, line[0], conversation.queue_id, each.received_at)
    search_index.write(unit, [(entry.id, line[0], _found_by(unit, each, conversation.citizen_id))])


def _goes_on(unit: Unit, each: IncomingText) -> Conversation | None:
    """The one that these two numbers had last; what was merged since, goes on in the whole."""
    newest = unit.first(
        select(Entry)
        .join(Text, (Text.municipality_id == Entry.municipality_id) & (Text.entry_id == Entry.id))
        .where(
            Text.municipality_id == each.place.municipality_id,
            Text.number == each.number,
            Text.our_number == each.our_number,
        )
        .order_by(Text.id.desc())
    )
    conversation = None if newest is None else unit.lock(Conversation, newest.conversation_id)
    if newest is None or conversation is None:
        return None
    long_ago = each.received_at - newest.occurred_at > GOES_ON
    return None if conversation.closed_at is not None and (long_ago or conversation.closed_as) else conversation


def _begin(unit: Unit, each: IncomingText) -> Conversation:
    place = each.place
    callers = Callers(unit, {(place.municipality_id, each.number)})
    known = each.number if each.number.startswith("+") else None
    citizen_id, point_id = callers.citizen(place.municipality_id, known, each.number, place.language)
    callers.write()
    conversation = Conversation(
        id=new_id(),
        municipality_id=place.municipality_id,
        citizen_id=citizen_id,
        queue_id=place.queue_id,
        subject=_subject(each.said.text),
        language=place.language,
        opened_at=each.received_at,
        due_at=NEVER,
        contact_kind="sms",
        version=0,
        hold=False,
    )
    unit.add(conversation)
    if point_id is not None:
        where = {"municipality_id": place.municipality_id, "conversation_id": conversation.id}
        unit.add(Participant(citizen_point_id=point_id, role="sender", **where))
    return conversation


def _subject(said: str) -> str:
    line = " ".join(said.split())
    return line if len(line) <= _SUBJECT else f"{line[: _SUBJECT - 1].rstrip()}…"


def _take_report(unit: Unit, each: IncomingReport, state: str) -> None:
    if _report(unit, each):
        _claim(unit, each.raw_id, state, None)
    elif clock.now() - each.received_at > REPORTS_WAIT:
        reason = "No text message of ours has the name that this report is about."
        unit.change(_of(each.raw_id, state).values(state="quarantined", reason=reason, parser=PARSER_VERSION))


def _report(unit: Unit, each: IncomingReport) -> bool:
    said = each.said
    return text.report(unit, each.channel_id, said.outside_id, said.action, said.at or each.received_at, said.words)


def _claim(unit: Unit, raw_id: int, state: str, municipality_id: int | None) -> bool:
    """Nobody else has made an entry of it meanwhile: the row's lock decides."""
    whose = {} if municipality_id is None else {"municipality_id": municipality_id}
    read = {"state": "read", "reason": None, "parser": PARSER_VERSION, "attempts": RawEvent.attempts + 1}
    return unit.change(_of(raw_id, state).values(**read, **whose)) == 1


def _of(raw_id: int, state: str) -> Update:
    return update(RawEvent).where(RawEvent.id == raw_id, RawEvent.state == state)


def _found_by(unit: Unit, each: IncomingText, citizen_id: int) -> Sequence[str]:
    citizen = unit.get(Citizen, citizen_id)
    name = "" if citizen is None or citizen.name == each.number else citizen.name
    return found_by("sms", each.said.text, each.place.language, name, each.number)
