"""Rows for tests without a screen: Granvik and Holmö share queues, Nesøy is elsewhere; verbs run on real storage."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from hub import clock
from hub.access import person
from hub.access.person import Actor, Held
from hub.channels.channel import Channel
from hub.clock import NEVER
from hub.inbox import municipality, queue, topic
from hub.inbox.citizen import Citizen, CitizenPoint
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry, Mail
from hub.inbox.participant import Participant
from hub.storage import search_index
from hub.storage.blobs import Blobs
from hub.storage.keys import Keys
from hub.storage.scope import Scope
from hub.storage.unit import Storage, Unit
from hub.storage.words import tokens
from tests.filled import engines_of, filled

T = TypeVar("T")
EVERYTHING = Scope.everything("test")
KEYS = Keys(b"k" * 32)


class Centre:
    """Storage, and the ids of its rows by name."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.ids: dict[str, int] = {}

    def do(self, work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """In the scope of everything."""
        return self.storage.write_now(EVERYTHING, work, *args, **kwargs)

    def scope(self, *codes: str) -> Scope:
        """As of a person of these municipalities."""
        return Scope(tuple(sorted(self.ids[code] for code in codes)), "test")

    def here(self, work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """As one of Granvik and Holmö."""
        return self.storage.write_now(self.scope("granvik", "holmo"), work, *args, **kwargs)

    def mail(self, **options: Any) -> int:
        """A conversation of one mail; its id. Options as those of `write_mail`."""
        return self.do(write_mail, self.ids, **options)

    def actor(self, *held: tuple[str, str, str | None], grants: tuple[str, ...] = ("read", "write")) -> Actor:
        """Of (municipality, role, queue)s, by name."""
        memberships = tuple(Held(self.ids[code], role, self.ids[name] if name else None) for code, role, name in held)
        return Actor(self.ids["sara"], "Sara", "sara@granvik.example", "sv", memberships, frozenset(grants))


def write_mail(
    unit: Unit,
    ids: dict[str, int],
    *,
    of: str = "granvik",
    queue_name: str = "kontakt",
    confidential: str | None = None,
    text: str = "Var är min faktura?",
    sender: str = "anna@example.com",
    at: int | None = None,
) -> int:
    """As intake leaves it: citizen, point, conversation, participant, entry, mail."""
    here, now = ids[of], at or clock.now()
    citizen = Citizen(municipality_id=here, name="Anna", protection="no")
    unit.add(citizen)
    point = CitizenPoint(
        municipality_id=here,
        citizen_id=citizen.id,
        first_citizen_id=citizen.id,
        kind="email",
        value=sender,
        match_key=sender.lower(),
    )
    unit.add(point)
    conversation = Conversation(
        municipality_id=here,
        citizen_id=citizen.id,
        queue_id=ids[queue_name],
        confidential_queue_id=ids[confidential] if confidential else None,
        subject="Faktura",
        language="sv",
        opened_at=now,
        due_at=NEVER,
    )
    unit.add(conversation)
    unit.add(
        Participant(municipality_id=here, conversation_id=conversation.id, citizen_point_id=point.id, role="sender")
    )
    entry = add_contact(unit, ids, conversation, text=text, sender=sender.lower(), at=now)
    conversation.due_at = conversation.owed(unit)
    search_index.write(unit, [(entry.id, here, tokens(text, "sv"))])
    return conversation.id


def add_contact(
    unit: Unit,
    ids: dict[str, int],
    conversation: Conversation,
    *,
    text: str = "Hej igen",
    sender: str = "anna@example.com",
    cc: tuple[str, ...] = (),
    automatic: str | None = None,
    message_id: str | None = None,
    refs: tuple[str, ...] = (),
    at: int | None = None,
) -> Entry:
    """One more mail of the citizen's in its timeline. `refs`: its References."""
    entry = conversation.append(
        unit,
        Entry(
            kind="mail",
            occurred_at=at or clock.now(),
            author_kind="citizen",
            channel_id=ids["in"],
            visibility="public",
            language="sv",
            text=text,
            body={},
        ),
    )
    unit.add(
        Mail(
            municipality_id=conversation.municipality_id,
            entry_id=entry.id,
            message_id=message_id or f"<{entry.id}@example.com>",
            refs=list(refs),
            sender=sender,
            recipients={"to": ["kommunen@granvik.example"], "cc": list(cc)},
            automatic=automatic,
        )
    )
    return entry


@contextmanager
def opened(url: str, folder: Path, *, filter_by_scope: bool = True) -> Iterator[Storage]:
    """Storage on a database that is there; the clock is given back afterwards."""
    storage = Storage(engines_of(url), KEYS, Blobs(folder / "blobs"), filter_by_scope=filter_by_scope)
    try:
        yield storage
    finally:
        clock.set_source(None)
        storage.close()


def populate(centre: Centre) -> None:
    """Municipalities, queues, topics, people and channels."""
    centre.ids |= centre.do(filled, _populate)


def _populate(unit: Unit) -> Mapping[str, int]:
    ids: dict[str, int] = {}
    places = {
        code: municipality.add(unit, code, name, country)
        for code, name, country in (("granvik", "Granvik", "SE"), ("holmo", "Holmö", "SE"), ("nesoy", "Nesøy", "NO"))
    }
    ids |= {code: row.id for code, row in places.items()}
    joint = [places["granvik"], places["holmo"]]
    for name, answers_for in (("kontakt", joint), ("vatten", joint), ("innbygger", [places["nesoy"]])):
        ids[name] = queue.add(unit, {"sv": name}, answers_for).id
    ids["fakturor"] = topic.add(unit, places["granvik"], {"sv": "Fakturor"}).id
    ids["regninger"] = topic.add(unit, places["nesoy"], {"nb": "Regninger"}).id
    for name in ("sara", "vera", "nils"):
        ids[name] = person.add(unit, f"{name}@granvik.example", name.capitalize()).id
    for name in ("in", "out"):
        row = Channel(kind="eml_folder", name=name, config={})
        unit.add(row)
        ids[name] = row.id
    return ids


def must(found: T | None) -> T:
    """What is known to be there."""
    assert found is not None
    return found


def conversation(unit: Unit, conversation_id: int) -> Conversation:
    """One that is known to be there."""
    return must(unit.get(Conversation, conversation_id))
