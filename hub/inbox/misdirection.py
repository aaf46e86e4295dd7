"""Misdirection: it wasn't for this municipality. A row can't leave its municipality: close, copy and link."""

import secrets
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import select

from hub import clock
from hub.errors import Conflict, Invalid
from hub.inbox import callback, confidential
from hub.inbox.call import Call, is_pending
from hub.inbox.citizen import Citizen, CitizenPoint
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Attachment, Entry, Mail
from hub.inbox.municipality import Municipality
from hub.inbox.participant import Participant
from hub.inbox.queue import Queue, QueueArea
from hub.inbox.text import Text
from hub.storage import search_index
from hub.storage.unit import Unit
from hub.storage.words import marks, tokens

_OF_A_CALL = (
    "direction", "number", "called", "queue_name", "menu_path", "answered_by_id", "answered_by", "offered_at",
    "answered_at", "cause", "lost_in", "wait_seconds", "talk_seconds", "transfers", "staff", "callback_asked_at",
    "registered_at", "called_back_at",
)  # fmt: skip


def note(unit: Unit, conversation: Conversation, by_id: int, where: str) -> Entry:
    """Closed, with a note of where it belongs: nobody there can be given it from here."""
    conversation.end("misdirected")
    return conversation.append_change(unit, by_id, "misdirected", {"where": where})


def send(unit: Unit, conversation: Conversation, by_id: int, municipality: Municipality, queue: Queue) -> Conversation:
    """The copy: what the citizen wrote and was answered, nothing internal. Both say where the other is.

    What was confidential is so there, too: to the members named for the queue it comes to.
    """
    if conversation.closed_at is not None:
        raise Conflict("This conversation is closed already.")
    if municipality.id == conversation.municipality_id:
        raise Invalid("municipality", "it is there already: move it to another queue")
    answers = select(QueueArea).where(QueueArea.queue_id == queue.id, QueueArea.municipality_id == municipality.id)
    if queue.retired_at is not None or unit.first(answers) is None:
        raise Invalid("queue", "this queue doesn't answer for that municipality")
    citizen, points = _people(unit, conversation, municipality.id)
    copy = Conversation(
        municipality_id=municipality.id,
        citizen_id=citizen.id,
        queue_id=queue.id,
        subject=conversation.subject,
        language=conversation.language,
        opened_at=conversation.opened_at,
        moved_from=conversation.id,
    )
    unit.add(copy)
    for point, role in points:
        unit.add(
            Participant(
                municipality_id=copy.municipality_id, conversation_id=copy.id, citizen_point_id=point, role=role
            )
        )
    public = select(Entry).where(
        Entry.conversation_id == conversation.id,
        Entry.visibility == "public",
        Entry.undone_at.is_(None),
    )
    for entry in unit.all(public.order_by(Entry.occurred_at, Entry.id)):
        _copy_entry(unit, copy, entry)
    _owe_calls(unit, copy)
    copy.due_at = copy.owed(unit)
    here = {"municipality": str(conversation.municipality_id), "conversation": str(conversation.id)}
    copy.append_change(unit, by_id, "received", here)
    if conversation.confidential_queue_id is not None:
        confidential.limit(unit, copy, by_id, queue)
    there: dict[str, Any] = {"municipality": str(municipality.id), "queue": str(queue.id), "conversation": str(copy.id)}
    there["version"] = copy.version
    conversation.end("misdirected")
    conversation.append_change(unit, by_id, "misdirected", there)
    return copy


def take_back(
    unit: Unit, conversation: Conversation, by_id: int, may_hand_to: Callable[[int], bool]
) -> Conversation | None:
    """Open again here; returns its copy, closed unless somebody has worked on it. Raises Conflict when there's nothing.

    None: it was only noted, or the copy is out of this person's reach, and stays. `may_hand_to`: whether they could
    have given it to that municipality.
    """
    if conversation.closed_at is None or conversation.closed_as != "misdirected":
        raise Conflict("This conversation isn't closed as misdirected.")
    sent = next(
        entry.body
        for entry in unit.all(
            select(Entry)
            .where(Entry.conversation_id == conversation.id, Entry.kind == "change")
            .order_by(Entry.occurred_at.desc(), Entry.id.desc())
        )
        if entry.body["what"] == "misdirected"
    )
    conversation.reopen(unit, by_id)
    copy = unit.lock(Conversation, int(sent["conversation"])) if "conversation" in sent else None
    if copy is None or not may_hand_to(copy.municipality_id):
        return None
    if copy.version == sent["version"]:
        copy.end("misdirected")
        here = {"municipality": str(conversation.municipality_id), "conversation": str(conversation.id)}
        copy.append_change(unit, by_id, "taken_back", here)
    return copy


def _people(unit: Unit, conversation: Conversation, there: int) -> tuple[Citizen, Sequence[tuple[int, str]]]:
    """Its citizen and who takes part, as that municipality knows them, or as new there."""
    here = unit.rows(
        select(CitizenPoint, Participant.role)
        .join(Participant, Participant.citizen_point_id == CitizenPoint.id)
        # An identity is sealed for its municipality.
        .where(Participant.conversation_id == conversation.id, CitizenPoint.kind != "identity")
        .order_by(Participant.id)
    )
    citizen: Citizen | None = None
    points: list[tuple[int, str]] = []
    for point, role in here:
        known = _known(unit, point, there)
        if known is None:
            citizen = citizen or _new_citizen(unit, conversation, there)
            known = CitizenPoint(
                municipality_id=there,
                citizen_id=citizen.id,
                first_citizen_id=citizen.id,
                kind=point.kind,
                value=point.value,
                match_key=point.match_key,
                claimed_at=point.claimed_at,
            )
            unit.add(known)
        citizen = citizen or unit.get(Citizen, known.citizen_id)
        points.append((known.id, role))
    return citizen or _new_citizen(unit, conversation, there), points


def _known(unit: Unit, point: CitizenPoint, there: int) -> CitizenPoint | None:
    """Who has it there. What somebody only claims, in either place, brings nobody together."""
    if point.claimed_at is not None:
        return None
    return unit.first(
        select(CitizenPoint)
        .where(
            CitizenPoint.municipality_id == there,
            CitizenPoint.kind == point.kind,
            CitizenPoint.match_key == point.match_key,
            CitizenPoint.claimed_at.is_(None),
            CitizenPoint.ended_at.is_(None),
        )
        .order_by(CitizenPoint.id)
    )


def _new_citizen(unit: Unit, conversation: Conversation, there: int) -> Citizen:
    known = unit.get(Citizen, conversation.citizen_id)
    assert known is not None  # a composite foreign key sees to it
    row = Citizen(
        municipality_id=there, kind=known.kind, name=known.name, language=known.language, protection=known.protection
    )
    unit.add(row)
    return row


def _copy_entry(unit: Unit, copy: Conversation, entry: Entry) -> None:
    """Without its raw event, which stays with the municipality that it came to."""
    made = copy.append(
        unit,
        Entry(
            kind=entry.kind,
            occurred_at=entry.occurred_at,
            author_kind=entry.author_kind,
            author_id=entry.author_id,
            channel_id=entry.channel_id,
            visibility=entry.visibility,
            language=entry.language,
            text=entry.text,
            body=_said(entry),
        ),
    )
    call = unit.first(select(Call).where(Call.municipality_id == entry.municipality_id, Call.entry_id == entry.id))
    if call is not None:
        unit.add(_call(made, call))
    mail = unit.first(select(Mail).where(Mail.entry_id == entry.id))
    if mail is not None:
        unit.add(
            Mail(
                municipality_id=copy.municipality_id,
                entry_id=made.id,
                message_id=mail.message_id,
                in_reply_to=mail.in_reply_to,
                refs=mail.refs,
                sender=mail.sender,
                recipients=mail.recipients,
                automatic=mail.automatic,
                authentication=mail.authentication,
                safe_html=mail.safe_html,
            )
        )
    text = unit.first(select(Text).where(Text.municipality_id == entry.municipality_id, Text.entry_id == entry.id))
    if text is not None:  # what becomes of one that was sent is told of the original
        numbers = {"number": text.number, "our_number": text.our_number}
        unit.add(Text(municipality_id=copy.municipality_id, entry_id=made.id, outside_id=None, **numbers))
    files = _copy_files(unit, entry, made)
    search_index.write(unit, [(made.id, made.municipality_id, _found_by(made, mail, text, files))])


def _copy_files(unit: Unit, entry: Entry, made: Entry) -> Sequence[Attachment]:
    """Also those that wait for the virus scanner, or were shut away: as they are."""
    files = unit.all(select(Attachment).where(Attachment.entry_id == entry.id).order_by(Attachment.id))
    blobs = {file.id: f"attachments/{made.municipality_id}/{file.sha256}" for file in files if file.blob is not None}
    # Flushed inside the unit: rare enough for the others to wait.
    unit.blobs.put_many({blobs[file.id]: unit.blobs.get(file.blob) for file in files if file.blob is not None})
    for file in files:
        unit.add(
            Attachment(
                municipality_id=made.municipality_id,
                public_id=secrets.token_urlsafe(16),
                entry_id=made.id,
                sha256=file.sha256,
                body=file.body,
                blob=blobs.get(file.id),
                name=file.name,
                media_type=file.media_type,
                size=file.size,
                inline_id=file.inline_id,
                scan=file.scan,
                scan_said=file.scan_said,
                scan_at=file.scan_at,
            )
        )
    return files


def _call(made: Entry, call: Call) -> Call:
    """As it ended, or stood: what the exchange tells of it later, it tells of the call that came. Nobody is rung."""
    told = {name: getattr(call, name) for name in _OF_A_CALL}
    told["ended_at"], told["state"] = call.ended_at or clock.now(), "ended"
    return Call(municipality_id=made.municipality_id, entry_id=made.id, steps={}, seen={}, **told)


def _owe_calls(unit: Unit, copy: Conversation) -> None:
    """Who called and reached nobody is to be called back from there."""
    numbers = (
        select(Call.number)
        .join(Entry, (Entry.municipality_id == Call.municipality_id) & (Entry.id == Call.entry_id))
        .where(Entry.conversation_id == copy.id, is_pending(), Call.number.is_not(None))
    )
    lines = {(copy.municipality_id, number) for number in unit.all(numbers) if number is not None}
    unit.take_turns([f"number {municipality_id}/{number}" for municipality_id, number in lines])
    callback.reckon(unit, lines)


def _said(entry: Entry) -> Any:
    """Without what is sealed for the municipality that it came to, or names rows of its own."""
    body = dict(entry.body or {})
    if entry.kind == "form":
        body["answers"] = [{**each, "identity": None} if "identity" in each else each for each in body["answers"]]
    return {name: said for name, said in body.items() if name not in {"begun", "registered"}}


def _found_by(made: Entry, mail: Mail | None, text: Text | None, files: Sequence[Attachment]) -> list[str]:
    """By what the original is found by: its subject, sender and files' names, too."""
    outside = made.author_kind == "citizen"
    name = str(made.body.get("name", "")) if outside else ""
    address = mail.sender if outside and mail is not None else text.number if text is not None else ""
    names = " ".join(file.name for file in files)
    everything = f"{made.body.get('subject', '')} {name} {address} {made.text} {names}"
    has_files = any(file.inline_id is None for file in files)
    return [*tokens(everything, made.language), *marks(made.kind, name, address, files=has_files)]
