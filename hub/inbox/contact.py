"""Contact: a call or a visit as whoever took it writes it down: what it was about, how it ended, what was promised.

Calls come with their steps where an exchange tells them; those that nobody told, and visits, are begun by hand.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

from msgspec import Struct
from sqlalchemy import select

from hub import clock
from hub.clock import NEVER
from hub.errors import Conflict, Invalid
from hub.inbox import callback, findable, matter
from hub.inbox.call import Call
from hub.inbox.citizen import Citizen
from hub.inbox.conversation import Conversation, due_for
from hub.inbox.department import Department
from hub.inbox.entry import Entry
from hub.inbox.matter import Matter
from hub.inbox.municipality import Municipality
from hub.inbox.promise import Promise
from hub.inbox.queue import Queue, answers_for
from hub.inbox.topic import Topic
from hub.storage import search_index
from hub.storage.unit import Happening, Unit

Kind: TypeAlias = Literal["call", "visit"]
KINDS: tuple[Kind, ...] = ("call", "visit")
LONGEST_NOTE = 10_000
MOST_QUESTIONS = 8
_NOBODY: Mapping[str, Mapping[str, str]] = {
    "call": {"sv": "Uppringare", "nb": "Innringer", "nn": "Innringar", "da": "Opkalder", "fi": "Soittaja"},
    "visit": {"sv": "Besökare", "nb": "Besøkende", "nn": "Besøkande", "da": "Besøgende", "fi": "Kävijä"},
}
_ENGLISH = {"call": "Caller", "visit": "Visitor"}
_NAMELESS = {"", *_ENGLISH.values(), *(each for words in _NOBODY.values() for each in words.values())}


class Question(Struct, frozen=True):
    """One of those that it was about. `known`: the conversation's own, else it is added."""

    topic: Topic
    outcome: str
    cause: str | None = None
    known: Matter | None = None


class Said(Struct, frozen=True, kw_only=True):
    """What is written down. `name` empty: as it is. Times in microseconds UTC."""

    questions: Sequence[Question]
    note: str = ""
    name: str = ""
    department: Department | None = None
    answer_by: int | None = None
    call_back_at: int | None = None
    number: str | None = None


def begin(unit: Unit, municipality: Municipality, queue: Queue, by_id: int, kind: Kind) -> tuple[Conversation, Entry]:
    """One that no exchange has told of, from now on: theirs who takes it. Nothing is known of the citizen yet."""
    if not answers_for(unit, queue, municipality):
        raise Invalid("queue", "this queue doesn't answer for the municipality: choose another one")
    now = clock.now()
    citizen = Citizen(
        municipality_id=municipality.id,
        name=nobody(kind, municipality.language),
        language=municipality.language,
    )
    unit.add(citizen)
    conversation = Conversation(
        municipality_id=municipality.id,
        citizen_id=citizen.id,
        queue_id=queue.id,
        subject="",
        language=municipality.language,
        opened_at=now,
        due_at=NEVER,
        assignee_id=by_id,
    )
    unit.add(conversation)
    conversation.due_at = due_for(unit, municipality.id, queue.id, now)
    entry = conversation.append(
        unit,
        Entry(
            kind=kind,
            author_kind="citizen",
            visibility="public",
            language=municipality.language,
            text="",
            body={"by_hand": str(by_id)},
        ),
    )
    if kind == "call":
        unit.add(
            Call(
                municipality_id=municipality.id,
                entry_id=entry.id,
                state="answered",
                menu_path=[],
                answered_by_id=by_id,
                offered_at=now,
                answered_at=now,
                transfers=[],
                steps={},
                seen={},
            )
        )
    _index(unit, conversation, entry)
    return conversation, entry


def nobody(kind: str, language: str | None) -> str:
    """What somebody is called who gave no name."""
    return _NOBODY[kind].get(language or "", _ENGLISH[kind])


def is_unnamed(name: str) -> bool:
    """Nobody has said yet what they are called: they have our word for it, or their number, masked or not."""
    plain = name.lstrip("+").replace(" ", "").replace("•", "0")
    return name in _NAMELESS or plain.isdecimal()


def call_of(unit: Unit, entry: Entry) -> Call | None:
    """What only a call has."""
    return unit.first(select(Call).where(Call.municipality_id == entry.municipality_id, Call.entry_id == entry.id))


def finish(unit: Unit, conversation: Conversation, entry: Entry) -> None:
    """They have gone, or hung up: of one that no exchange tells of. Said twice it stays as it was."""
    call = call_of(unit, entry)
    if call is None or not is_by_hand(entry) or call.ended_at is not None:
        return
    call.ended_at, call.state, call.cause = clock.now(), "ended", "completed"
    if call.answered_at is not None:
        call.talk_seconds = (call.ended_at - call.answered_at) // clock.SECOND
    _tell(unit, conversation)


def discard(unit: Unit, conversation: Conversation, entry: Entry, by_id: int) -> None:
    """It wasn't one after all. Raises Conflict for one that an exchange told of, or that is written down."""
    if not is_by_hand(entry) or entry.body.get("registered") or entry.undone_at is not None:
        raise Conflict("What an exchange told, or somebody has written down, stays. Correct it instead.")
    entry.undone_at = clock.now()
    finish(unit, conversation, entry)
    if conversation.closed_at is None:
        conversation.end(None)
    conversation.append_change(unit, by_id, "closed", {})


def keep(entry: Entry, by_id: int, begun: Mapping[str, Any]) -> None:
    """What somebody has filled in so far, for them to go on from."""
    entry.body = {**entry.body, "begun": {**begun, "by": str(by_id)}}


def register(unit: Unit, conversation: Conversation, entry: Entry, by_id: int, said: Said) -> None:
    """What it was about and how it ended. Again, it is corrected. Raises Invalid, naming what is missing."""
    conversation.require_whole()
    _require(unit, said)
    if any(each.outcome == "not_finished" for each in said.questions) and _reached_at(unit, entry, said) is None:
        raise Invalid("number", "write the number that they can be called back at: theirs isn't known")
    finish(unit, conversation, entry)
    settled = [_settle(unit, conversation, by_id, each) for each in said.questions]
    entry.text = said.note
    _name(unit, conversation, entry, said)
    promised = _promise(unit, conversation, entry, by_id, said)
    entry.body = {name: value for name, value in entry.body.items() if name != "begun"} | {
        "registered": {
            "by": str(by_id),
            "at": clock.to_iso(clock.now()),
            "questions": settled,
            "promises": promised,
        }
    }
    call = call_of(unit, entry)
    if call is not None:
        call.registered_at = clock.now()
        if call.ended_at is None:  # nobody waits for it any more
            unit.note(Happening("call_changed", entry.id, conversation.municipality_id, conversation.id))
    if conversation.assignee_id is None:
        conversation.assignee_id = by_id
    _index(unit, conversation, entry)
    _end(unit, conversation, by_id, said)
    _tell(unit, conversation)


def is_by_hand(entry: Entry) -> bool:
    """Nobody but people tell of it."""
    return bool(entry.body and "by_hand" in entry.body)


def _require(unit: Unit, said: Said) -> None:
    if not said.questions:
        raise Invalid("topic", "choose what it was about: a topic, by its key")
    if len(said.questions) > MOST_QUESTIONS:
        raise Invalid("topic", "that is more than {most} questions: write the rest in the note", most=MOST_QUESTIONS)
    for each in said.questions:
        if each.outcome not in matter.OUTCOMES:
            raise Invalid("outcome", "say how each question ended")
    outcomes = {each.outcome for each in said.questions}
    if "handed_over" in outcomes:
        if said.answer_by is None or said.answer_by <= clock.now():
            raise Invalid("answer_by", "choose a day to come by which the answer is promised")
        if said.department is None and unit.first(select(Department.id)) is not None:
            raise Invalid("department", "choose which department it is handed over to")
    if "not_finished" in outcomes and (said.call_back_at is None or said.call_back_at <= clock.now()):
        raise Invalid("call_back_at", "choose a time to come at which somebody calls back")


def _settle(unit: Unit, conversation: Conversation, by_id: int, question: Question) -> dict[str, Any]:
    row = question.known or matter.add(unit, conversation, by_id, question.topic)
    if row.topic_id != question.topic.id:
        matter.change_topic(unit, conversation, by_id, row, question.topic)
    if (row.outcome, row.avoidable_cause) != (question.outcome, question.cause):
        matter.settle(unit, conversation, by_id, row, question.outcome, question.cause)
    return {
        "matter": str(row.id),
        "topic": str(question.topic.id),
        "outcome": question.outcome,
        "avoidable_cause": question.cause,
    }


def _name(unit: Unit, conversation: Conversation, entry: Entry, said: Said) -> None:
    """What they say they are called, of somebody nobody has named yet; what the row is about, where nothing says it."""
    citizen = unit.get(Citizen, conversation.citizen_id)
    name = " ".join(said.name.split())
    if citizen is not None and name and is_unnamed(citizen.name):
        citizen.name = name
        findable.name_again(unit, citizen)
    if not conversation.subject or not entry.body.get("registered"):
        words = said.questions[0].topic.words
        topic = words.get(conversation.language or "") or next(iter(words.values()), "")
        if not conversation.subject or entry.id == _first(unit, conversation):
            conversation.subject = topic or conversation.subject


def _first(unit: Unit, conversation: Conversation) -> int | None:
    query = select(Entry.id).where(Entry.conversation_id == conversation.id)
    return unit.first(query.order_by(Entry.occurred_at, Entry.id))


def _promise(unit: Unit, conversation: Conversation, entry: Entry, by_id: int, said: Said) -> list[str]:
    """What is promised now, in place of what was when it was written down before."""
    before = (entry.body.get("registered") or {}).get("promises", ())
    for row in unit.all(select(Promise).where(Promise.id.in_([int(each) for each in before]))):
        if row.kept_at is None and row.released_at is None:
            row.released_at = clock.now()
    outcomes = {each.outcome for each in said.questions}
    made = []
    if "handed_over" in outcomes and said.answer_by is not None:
        row = Promise(
            municipality_id=conversation.municipality_id,
            conversation_id=conversation.id,
            kind="handover",
            department_id=None if said.department is None else said.department.id,
            due_at=said.answer_by,
            due_rule=callback.AGREED,
        )
        unit.add(row)
        made.append(str(row.id))
    if "not_finished" in outcomes and said.call_back_at is not None:
        number = _reached_at(unit, entry, said)
        made.append(str(callback.agree(unit, conversation, by_id, number, said.call_back_at).id))
    return made


def _reached_at(unit: Unit, entry: Entry, said: Said) -> str | None:
    """Their own number, else what they said, now or when it was written down before."""
    call = call_of(unit, entry)
    if call is not None and call.number is not None:
        return call.number
    return said.number or promised_at(unit, entry)


def promised_at(unit: Unit, entry: Entry) -> str | None:
    """The number of a call-back that was agreed when it was written down."""
    before = [int(each) for each in (entry.body.get("registered") or {}).get("promises", ())]
    promised = select(Promise.number).where(Promise.id.in_(before), Promise.number.is_not(None))
    return unit.first(promised) if before else None


def _end(unit: Unit, conversation: Conversation, by_id: int, said: Said) -> None:
    """All solved: closed. What a department answers is waited for; else it is due when somebody is called back."""
    outcomes = {each.outcome for each in said.questions}
    if outcomes != {"solved_here"} and conversation.closed_at is not None:
        conversation.reopen(unit, by_id)
    if "handed_over" in outcomes and said.answer_by is not None:
        until = said.answer_by
        if "not_finished" in outcomes and said.call_back_at is not None:
            until = min(until, said.call_back_at)
        conversation.wait(unit, by_id, until)
    elif conversation.closed_at is None:
        conversation.wait_until = None
        conversation.due_at = conversation.owed(unit)
        if conversation.due_at == NEVER and not _has_open(unit, conversation):
            conversation.close(unit, by_id)


def _has_open(unit: Unit, conversation: Conversation) -> bool:
    """A question that nobody has answered yet, whoever asked it, or that waits for a department."""
    query = select(Matter.id).where(
        Matter.municipality_id == conversation.municipality_id,
        Matter.conversation_id == conversation.id,
        Matter.outcome.is_(None) | (Matter.outcome != "solved_here"),
    )
    return unit.first(query) is not None


def _index(unit: Unit, conversation: Conversation, entry: Entry) -> None:
    citizen = unit.get(Citizen, conversation.citizen_id)
    found = findable.of_call(entry, call_of(unit, entry), citizen.name if citizen else "")
    search_index.replace(unit, entry.id, entry.municipality_id, found)


def _tell(unit: Unit, conversation: Conversation) -> None:
    conversation.version += 1
    unit.note(Happening("conversation_changed", conversation.id, conversation.municipality_id, conversation.id))
