"""Normalise: a group of parsed mails becomes rows, table by table: a statement a table, not a statement a mail."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select, update

from hub import clock, faults
from hub.clock import NEVER
from hub.contract import Invitation
from hub.inbound.files import attachment_rows, note_waiting
from hub.inbound.raw_event import PARSER_VERSION, RawEvent
from hub.inbound.receipts import Begun, Receipt, receipts
from hub.inbound.reports import Arrived, Reports
from hub.inbound.thread import Incoming, Thread, Threads
from hub.inbox import calendar, question
from hub.inbox.citizen import Citizen, CitizenPoint
from hub.inbox.conversation import AUTOMATIC, NO_CONTACT, Conversation, oldest_unanswered
from hub.inbox.delivery import Delivery
from hub.inbox.entry import Attachment, Entry, Mail
from hub.inbox.participant import Participant
from hub.inbox.receipt import SentReceipt
from hub.storage import search_index
from hub.storage.ids import new_id
from hub.storage.unit import Happening, Unit
from hub.storage.words import from_marks


def normalise(unit: Unit, group: Sequence[Incoming], state: str = "new") -> int:
    """Makes entries of the mails whose raw event is still in `state`, not another worker's by now; returns how many."""
    ours = claim(unit, group, state)
    if not ours:
        return 0
    rows = _Rows(unit, ours)
    for mail in ours:
        rows.take(mail)
    rows.write()
    note_waiting(unit, ours)
    faults.point("normalised")
    return len(ours)


def arrived(mail: Incoming) -> Arrived:
    """As `reports` looks at it."""
    return Arrived((mail.raw_id, mail.message.key), mail.place.municipality_id, mail.received_at, mail.message)


def mail_values(mail: Incoming) -> dict[str, Any]:
    """The columns of `mail` that parsing decides."""
    message = mail.message
    return {
        "message_id": message.message_id,
        "in_reply_to": message.in_reply_to,
        "refs": list(message.references),
        "sender": mail.sender,
        "recipients": {"to": [each.address for each in message.to], "cc": [each.address for each in message.cc]},
        "automatic": message.automatic,
        "authentication": mail.authentication,
        "safe_html": message.html,
    }


def entry_values(mail: Incoming) -> dict[str, Any]:
    """The columns of `entry` that parsing decides."""
    message = mail.message
    return {
        "language": mail.language or mail.place.language,
        "text": message.visible_text,
        "body": {
            "subject": message.subject,
            "name": message.sender.name,
            "sender": message.sender.address,
            "address": mail.our_address,
            "to": [[each.name, each.address] for each in message.to],
            "cc": [[each.name, each.address] for each in message.cc],
            "sent_at": clock.to_iso(message.sent_at),
            "full_text": message.text if message.text != message.visible_text else None,
            "problems": list(message.problems),
            "remote_images": list(message.remote_images),
            "invitations": [_invitation(each) for each in message.invitations],
        },
    }


def _invitation(invitation: Invitation) -> dict[str, Any]:
    """As the timeline shows it; a whole day is a date."""
    return {
        "method": invitation.method,
        "summary": invitation.summary,
        "starts": clock.to_iso(invitation.starts),
        "ends": clock.to_iso(invitation.ends),
        "all_day": invitation.all_day,
        "place": invitation.place,
        "organizer": [invitation.organizer.name, invitation.organizer.address],
        "repeats": invitation.repeats,
    }


def claim(unit: Unit, group: Sequence[Incoming], state: str) -> list[Incoming]:
    """Those that nobody else has made entries of meanwhile: the row's lock decides."""
    claimed = unit.changed(
        update(RawEvent)
        .where(RawEvent.id.in_([mail.raw_id for mail in group]), RawEvent.state == state)
        .values(state="read", reason=None, parser=PARSER_VERSION, attempts=RawEvent.attempts + 1)
        .returning(RawEvent.id, RawEvent.municipality_id)
    )
    known = {row.id: row.municipality_id for row in claimed}
    ours = [mail for mail in group if mail.raw_id in known]
    # A shared channel's event is whose its router says.
    placed = [mail for mail in ours if known[mail.raw_id] != mail.place.municipality_id]
    unit.update_many(RawEvent, [{"id": mail.raw_id, "municipality_id": mail.place.municipality_id} for mail in placed])
    return ours


class _Rows:
    """Rows of a group, gathered per table and written in the order of their references."""

    def __init__(self, unit: Unit, group: Sequence[Incoming]) -> None:
        self._unit = unit
        reports = Reports(unit, [arrived(mail) for mail in group])
        self._threads = Threads(unit, group, reports.conversations)
        self._failed = reports.apply()
        self._points, self._names = known_senders(unit, group)
        came_back = [reports.conversations[key] for key in self._failed]
        waiting = [
            thread.id
            for named, thread in self._threads.threads.items()
            if thread.wait_until is not None or named in came_back
        ]
        self._unanswered = oldest_unanswered(unit, waiting)
        self._joined: dict[int, Thread] = {}
        self._new: dict[type[Any], list[dict[str, Any]]] = {
            table: []
            for table in (
                Citizen, CitizenPoint, Conversation, Participant, Entry, Mail, Attachment, Delivery, SentReceipt,
            )
        }  # fmt: skip
        self._begun: dict[int, tuple[Begun, dict[str, Any]]] = {}
        self._tokens: list[tuple[int, int, Sequence[str]]] = []
        self._recorded_at = clock.now()

    def take(self, mail: Incoming) -> None:
        """One mail: the conversation it joins or begins, then its entry."""
        thread, related = self._threads.find(mail)
        if thread is None:
            thread = self._begin(mail, related)
        else:
            self._join(thread, mail)
        self._add_entry(thread, mail)
        self._threads.learn(thread, mail.message)

    def write(self) -> None:
        """All of it, in one go."""
        for each in receipts(self._unit, [begun for begun, _ in self._begun.values()]):
            self._add_receipt(each)
        for table, rows in self._new.items():
            self._unit.insert_many(table, rows)
        search_index.write(self._unit, self._tokens)
        self._unit.update_many(
            Conversation,
            [
                {
                    "id": thread.id,
                    "due_at": thread.due_at,
                    "wait_until": thread.wait_until,
                    "closed_at": thread.closed_at,
                    "version": thread.version,
                    "last_entry_id": thread.last_entry_id,
                    "contact_kind": thread.contact_kind,
                }
                for thread in self._joined.values()
            ],
        )

    def _begin(self, mail: Incoming, related: int | None) -> Thread:
        citizen_id, point_id = self._citizen(mail)
        place = mail.place
        thread = Thread(new_id(), place.municipality_id, place.answer_days)
        if mail.message.automatic not in NO_CONTACT:
            thread.due_at = _due(thread, mail, mail.received_at)
        if mail.message.automatic is not None:
            thread.contact_kind = AUTOMATIC
        row = {
            "id": thread.id,
            "municipality_id": place.municipality_id,
            "citizen_id": citizen_id,
            "queue_id": place.queue_id,
            "subject": mail.message.subject,
            "language": mail.language or place.language,
            "opened_at": mail.received_at,
            "due_at": thread.due_at,
            "contact_kind": thread.contact_kind,
            "version": 1,
            "related_id": related,
            "hold": False,
            "last_entry_id": None,
        }
        self._new[Conversation].append(row)
        self._begun[thread.id] = Begun(thread, mail), row
        if point_id is not None:
            self._new[Participant].append(
                {
                    "id": new_id(),
                    "municipality_id": place.municipality_id,
                    "conversation_id": thread.id,
                    "citizen_point_id": point_id,
                    "role": "sender",
                }
            )
        self._threads.begin(thread, mail)
        return thread

    def _join(self, thread: Thread, mail: Incoming) -> None:
        """A contact makes an answer due again, and a closed conversation open; an automatic mail does neither.

        Except for one by which an answer of ours failed: what it answered is owed again.
        """
        thread.version += 1
        self._joined[thread.id] = thread
        if mail.message.automatic is None:
            thread.contact_kind = "mail"
        failed = (mail.raw_id, mail.message.key) in self._failed
        if mail.message.automatic in NO_CONTACT and not failed:
            return
        if thread.closed_at is not None:
            thread.closed_at = None
            self._add_row(
                thread,
                {
                    "occurred_at": mail.received_at,
                    "kind": "change",
                    "author_kind": "hub",
                    "visibility": "internal",
                    "text": "",
                    "body": {"what": "reopened", **self._asked(thread, mail)},
                },
            )
        if thread.due_at == NEVER or thread.wait_until is not None:
            since = self._unanswered.get(thread.id, mail.received_at)  # what was put off by waiting is older
            thread.due_at, thread.wait_until = _due(thread, mail, since), None

    @staticmethod
    def _asked(thread: Thread, mail: Incoming) -> dict[str, bool]:
        """Whether somebody has to say if it is the same question."""
        return {question.ASKED: True} if question.is_another(mail.message.subject, thread.subject) else {}

    def _add_entry(self, thread: Thread, mail: Incoming) -> None:
        entry_id = self._add_row(
            thread,
            {
                "occurred_at": mail.received_at,
                "kind": "mail",
                "author_kind": "citizen",
                "channel_id": mail.channel_id,
                "raw_event_id": mail.raw_id,
                "item_key": mail.message.key,
                "visibility": "public",
                **entry_values(mail),
            },
        )
        self._new[Mail].append(
            {"id": new_id(), "municipality_id": thread.municipality_id, "entry_id": entry_id, **mail_values(mail)}
        )
        self._new[Attachment] += attachment_rows(mail, entry_id)
        self._tokens.append((entry_id, thread.municipality_id, found_by(mail, self._names)))

    def _add_row(self, thread: Thread, values: dict[str, Any]) -> int:
        entry_id: int = values.get("id") or new_id()
        self._new[Entry].append(
            {
                "id": entry_id,
                "municipality_id": thread.municipality_id,
                "conversation_id": thread.id,
                "first_conversation_id": thread.id,
                "recorded_at": self._recorded_at,
                "channel_id": None,
                "raw_event_id": None,
                "item_key": None,
                "language": None,
                **values,
            }
        )
        thread.last_entry_id = entry_id
        self._unit.note(Happening("entry_added", entry_id, thread.municipality_id, thread.id))
        if thread.id in self._begun:
            self._begun[thread.id][1]["last_entry_id"] = entry_id
        return entry_id

    def _add_receipt(self, receipt: Receipt) -> None:
        """An entry and a delivery as any other."""
        thread = receipt.thread
        self._add_row(thread, receipt.entry)
        self._new[Mail].append(receipt.mail)
        self._new[Delivery].append(receipt.delivery)
        self._new[SentReceipt].append(receipt.sent)
        self._tokens.append((receipt.entry["id"], thread.municipality_id, receipt.found_by))
        self._unit.note(Happening("delivery_queued", receipt.delivery["id"], thread.municipality_id, thread.id))

    def _citizen(self, mail: Incoming) -> tuple[int, int | None]:
        """Whose address this is, and the address; a new citizen when nobody's."""
        key = (mail.place.municipality_id, mail.sender)
        if mail.sender and key in self._points:
            return self._points[key]
        citizen_id, municipality_id = new_id(), mail.place.municipality_id
        name = mail.message.sender.name or mail.message.sender.address
        self._new[Citizen].append(
            {
                "id": citizen_id,
                "municipality_id": municipality_id,
                "kind": "person",
                "name": name,
                "language": mail.language,
                "protection": "unknown",
            }
        )
        if not mail.sender:
            return citizen_id, None
        point_id = new_id()
        self._new[CitizenPoint].append(
            {
                "id": point_id,
                "municipality_id": municipality_id,
                "citizen_id": citizen_id,
                "first_citizen_id": citizen_id,
                "kind": "email",
                "value": mail.message.sender.address.strip(),
                "match_key": mail.sender,
            }
        )
        self._points[key], self._names[key] = (citizen_id, point_id), name
        return citizen_id, point_id


Key = tuple[int, str]
"""A municipality and an address."""


def found_by(mail: Incoming, names: Mapping[Key, str]) -> Sequence[str]:
    """By the name that we know its sender by, too, which this mail may leave out. `names`: of `known_senders`."""
    name = names.get((mail.place.municipality_id, mail.sender), "")
    return mail.tokens if name in {"", mail.message.sender.name} else [*mail.tokens, *from_marks(name)]


def known_senders(unit: Unit, group: Sequence[Incoming]) -> tuple[dict[Key, tuple[int, int]], dict[Key, str]]:
    """Citizen and point of each address, and the citizen's name: of several who share it, the one known longest."""
    rows = unit.rows(
        select(
            CitizenPoint.municipality_id, CitizenPoint.match_key, CitizenPoint.citizen_id, CitizenPoint.id, Citizen.name
        )
        .join(Citizen, Citizen.id == CitizenPoint.citizen_id)
        .where(
            CitizenPoint.municipality_id.in_({mail.place.municipality_id for mail in group}),
            CitizenPoint.kind == "email",
            CitizenPoint.match_key.in_({mail.sender for mail in group}),
            CitizenPoint.claimed_at.is_(None),
            CitizenPoint.ended_at.is_(None),
        )
        .order_by(CitizenPoint.id.desc())
    )
    points = {(row.municipality_id, row.match_key): (row.citizen_id, row.id) for row in rows}
    return points, {(row.municipality_id, row.match_key): row.name for row in rows}


def _due(thread: Thread, mail: Incoming, since: int) -> int:
    days = calendar.ANSWER_DAYS if thread.answer_days is None else thread.answer_days
    return calendar.due(since, days, mail.place.timezone, mail.place.country)
