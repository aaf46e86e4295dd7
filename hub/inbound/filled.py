"""Filled: forms that were filled in become conversations, one each. What they say of their sender is claimed.

A typed address or number merges no histories and joins no conversation: it is a new citizen's, reached by it and not
known by it. What may be spam is kept, closed as spam, where it can be seen and opened.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from hub.channels.route import new_route
from hub.clock import NEVER
from hub.contract import ReceivedForm
from hub.errors import Invalid
from hub.inbound.files import attachment_rows
from hub.inbound.normalise import claim
from hub.inbound.receipts import Begun, Way, of_form
from hub.inbound.thread import Incoming, Thread
from hub.inbox import calendar
from hub.inbox.citizen import Citizen, CitizenPoint
from hub.inbox.conversation import Conversation
from hub.inbox.delivery import Delivery
from hub.inbox.entry import Attachment, Entry, Mail
from hub.inbox.matter import Matter
from hub.inbox.municipality import Municipality
from hub.inbox.number import e164
from hub.inbox.participant import Participant
from hub.inbox.receipt import SentReceipt
from hub.inbox.topic import Topic
from hub.storage import search_index
from hub.storage.ids import new_id
from hub.storage.unit import Happening, Unit

KIND = "form"
_ANONYMOUS: Mapping[str, str] = {"sv": "Anonym", "nb": "Anonym", "nn": "Anonym", "da": "Anonym", "fi": "Nimetön"}


def begin(unit: Unit, group: Sequence[Incoming], state: str = "new") -> int:
    """Conversations of those whose raw event is still in `state`; returns how many."""
    ours = claim(unit, group, state)
    for each in ours:
        if each.message.form is not None:
            _begin(unit, each, each.message.form)
    return len(ours)


def entry_values(mail: Incoming, form: ReceivedForm) -> dict[str, Any]:
    """The columns of `entry` that parsing decides."""
    return {
        "language": form.language,
        "text": mail.message.visible_text,
        "body": {
            "form": form.form,
            "version": form.version,
            "title": form.title,
            "name": mail.message.sender.name,
            "answers": [
                {"key": each.key, "kind": each.kind, "label": each.label, "text": each.text}
                | ({"identity": each.sealed[0]} if each.sealed else {})
                for each in form.answers
            ],
        },
    }


def _begin(unit: Unit, mail: Incoming, form: ReceivedForm) -> None:
    place, here = mail.place, {"municipality_id": mail.place.municipality_id}
    days = calendar.ANSWER_DAYS if place.answer_days is None else place.answer_days
    due_at = calendar.due(mail.received_at, days, place.timezone, place.country)
    citizen = _citizen(unit, mail, form)
    conversation = Conversation(
        **here,
        id=mail.conversation_id or new_id(),
        citizen_id=citizen.id,
        queue_id=place.queue_id,
        subject=mail.message.subject,
        language=form.language,
        opened_at=mail.received_at,
        due_at=due_at,
        contact_kind=KIND,
    )
    unit.add(conversation)
    reached_by = _points(unit, mail, form, citizen)
    for point in reached_by:
        unit.add(Participant(**here, conversation_id=conversation.id, citizen_point_id=point.id, role="sender"))
    entry = conversation.append(
        unit,
        Entry(
            kind=KIND,
            author_kind="citizen",
            channel_id=mail.channel_id,
            raw_event_id=mail.raw_id,
            item_key=mail.message.key,
            visibility="public",
            occurred_at=mail.received_at,
            **entry_values(mail, form),
        ),
    )
    unit.insert_many(Attachment, attachment_rows(mail, entry.id))
    search_index.write(unit, [(entry.id, conversation.municipality_id, mail.tokens)])
    topic = unit.get(Topic, int(form.topic)) if form.topic else None
    if topic is not None and topic.municipality_id == conversation.municipality_id and topic.retired_at is None:
        unit.add(Matter(**here, conversation_id=conversation.id, topic_id=topic.id, set_at=mail.received_at))
    if form.doubts:
        conversation.end("spam")
        conversation.append_change(unit, None, "spam", {"doubts": list(form.doubts)})
    elif form.receipt and any(each.kind == "email" for each in reached_by):
        _receipt(unit, conversation, mail)


def _citizen(unit: Unit, mail: Incoming, form: ReceivedForm) -> Citizen:
    sender = mail.message.sender
    name = sender.name or sender.address or _ANONYMOUS.get(form.language, "Anonymous")
    row = Citizen(
        municipality_id=mail.place.municipality_id,
        kind="person",
        name=name,
        language=form.language,
        protection="unknown",
    )
    unit.add(row)
    return row


def _points(unit: Unit, mail: Incoming, form: ReceivedForm, citizen: Citizen) -> Sequence[CitizenPoint]:
    """All that was claimed; returns the address and the number that answers can go to."""
    known: list[tuple[str, str, str]] = []
    address = mail.message.sender.address.strip()
    if address:
        known.append(("email", address, address.lower()))
    number = e164(form.phone, mail.place.country) if form.phone else None
    if number:
        known.append(("phone", number, number))
    known += [("identity", *each.sealed) for each in form.answers if each.sealed]
    rows = [
        CitizenPoint(
            municipality_id=citizen.municipality_id,
            citizen_id=citizen.id,
            first_citizen_id=citizen.id,
            kind=kind,
            value=value,
            match_key=match_key,
            claimed_at=mail.received_at,
        )
        for kind, value, match_key in known
    ]
    for row in rows:
        unit.add(row)
    return [row for row in rows if row.kind in {"email", "phone"}]


def _receipt(unit: Unit, conversation: Conversation, mail: Incoming) -> None:
    municipality = unit.get(Municipality, conversation.municipality_id)
    try:
        route = new_route(unit, municipality, conversation.queue_id) if municipality else None
    except Invalid:  # nothing sends for it: the number stood on the page
        return
    if route is None:
        return
    thread = Thread(conversation.id, conversation.municipality_id, mail.place.answer_days, due_at=NEVER)
    made = of_form(unit, Begun(thread, mail), Way(route.channel_id, route.name, route.address))
    if made is None:
        return
    entry = Entry(**made.entry)
    conversation.append(unit, entry)
    unit.insert_many(Mail, [made.mail])
    unit.insert_many(Delivery, [made.delivery])
    unit.insert_many(SentReceipt, [made.sent])
    search_index.write(unit, [(entry.id, conversation.municipality_id, made.found_by)])
    delivery_id = made.delivery["id"]
    unit.note(Happening("delivery_queued", delivery_id, conversation.municipality_id, conversation.id))
