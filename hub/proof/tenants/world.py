"""The world that the matrix is about: planted by real mail and by the domain's verbs, with canaries in everything.

A canary is a word of chance that stands in one thing alone. Whoever may not see the thing may never be sent the word.
"""

import re
import secrets
from collections.abc import Mapping
from email.message import EmailMessage

from msgspec import Struct
from sqlalchemy import select, update

from hub import clock
from hub.access import login, person
from hub.access.audit import log_act
from hub.access.person import Membership
from hub.channels import add, pause
from hub.channels.open import read_settings
from hub.channels.route import reply_route
from hub.inbound.raw_event import RawEvent
from hub.inbox import confidential, department, matter, municipality, note, queue, reply, topic
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Attachment, Entry
from hub.inbox.municipality import Municipality
from hub.inbox.queue import Queue
from hub.inbox.topic import Topic
from hub.lookups import definition
from hub.lookups.definition import Declared, Whose
from hub.plugin_host.manager import load
from hub.proof.installation import Installation
from hub.proof.source import Mail
from hub.proof.tenants.matrix import CALLERS, CHANNELS, LOOKUPS, PLACES, QUEUES
from hub.storage.unit import Unit
from hub.watch import target

CANARY = re.compile(rb"kq[0-9a-f]{12}")
COMMON = "gemensamma"
"""A word in every mail: who searches for it must find their own only."""
_HOUR = 3600


class Thing(Struct, frozen=True):
    """A place's rows, as the calls need them."""

    conversation_id: int
    municipality_id: int
    citizen_id: int
    raw_event_id: int
    file: str
    topic_id: int


class Canaries:
    """Who may see which word: by the kind and name of the thing it stands in."""

    def __init__(self) -> None:
        self.owner: dict[str, tuple[str, str]] = {}

    def plant(self, kind: str, name: str, beside: str = "") -> str:
        """A new one, after a word that people would write."""
        word = f"kq{secrets.token_hex(6)}"
        self.owner[word] = (kind, name)
        return f"{beside} {word}".strip()

    def of(self, kind: str, name: str) -> list[str]:
        """All that stand in one thing."""
        return [word for word, owner in self.owner.items() if owner == (kind, name)]


class World(Struct):
    """What was planted. `ids`: of municipalities, queues, channels and people, by kind and name."""

    canaries: Canaries
    ids: dict[str, dict[str, int]]
    tokens: dict[str, str]
    addresses: dict[str, str]
    ports: dict[str, int]
    things: dict[str, Thing]


def plant_centre(unit: Unit, installation: Installation, ports: Mapping[str, int]) -> World:
    """Municipalities, queues, topics, channels and people; before the first mail."""
    canaries = Canaries()
    world = World(
        canaries,
        {"municipality": {}, "queue": {}, "channel": {}, "person": {}, "topic": {}, "department": {}},
        {},
        {},
        dict(ports),
        {},
    )
    rows: dict[str, Municipality] = {}
    # Nothing answers there: what is proved is who may ask.
    nowhere = read_settings(load(()).lookup("edp_future"), {"base_url": "http://127.0.0.1:9"})
    for code, country in (("granvik", "SE"), ("nesoy", "NO")):
        row = rows[code] = municipality.add(unit, code, canaries.plant("municipality", code, code), country)
        world.ids["municipality"][code] = row.id
        words = {"sv": canaries.plant("municipality", code, "Sopor")}
        synonyms = [canaries.plant("municipality", code)]
        world.ids["topic"][code] = topic.add(unit, row, words, synonyms=synonyms).id
        definition.publish(unit, row.id, Declared(name="waste", kind="edp_future", title=words), nowhere)
        department.add(
            unit,
            row,
            {"sv": canaries.plant("department", code)},
            f"{canaries.plant('department address', code)}@{code}.example",
        )
    _departments(unit, world, rows)
    queues: dict[str, Queue] = {}
    for name, areas in QUEUES.items():
        words = {"sv": name, "nb": canaries.plant("queue", name)}
        queues[name] = queue.add(unit, words, [rows[code] for code in areas])
        world.ids["queue"][name] = queues[name].id
    _channels(unit, installation, world, rows)
    _people(unit, world, rows)
    return world


def _departments(unit: Unit, world: World, rows: Mapping[str, Municipality]) -> None:
    """Those that have lookups of their own; where those lead is told to nobody but whoever makes them."""
    for name, (code, department_name) in LOOKUPS.items():
        if department_name is not None:
            row = department.add(unit, rows[code], {"sv": department_name}, None)
            world.ids["department"][department_name] = row.id
            address = f"http://127.0.0.1:9/{world.canaries.plant('lookup', name)}"
            settings = read_settings(load(()).lookup("edp_future"), {"base_url": address})
            declared = Declared(name=department_name, kind="edp_future", title={"sv": department_name})
            definition.publish(unit, rows[code].id, declared, settings, Whose(row.id))


def plant_mail(unit: Unit, world: World) -> None:
    """After the mails were read: what one of ours writes, and who may open it."""
    raw = {row.sha256: row.id for row in unit.all(select(RawEvent))}
    for name, (code, _, limited) in PLACES.items():
        entry = unit.all(select(Entry).where(Entry.raw_event_id == raw[world.addresses[f"sha256 {name}"]]))[0]
        conversation = unit.all(select(Conversation).where(Conversation.id == entry.conversation_id))[0]
        topic_row = unit.all(select(Topic).where(Topic.id == world.ids["topic"][code]))[0]
        writer = world.ids["person"][f"writer {code}"]
        plant = world.canaries.plant
        note.add(unit, conversation, writer, plant("place", name, "Anteckning"))
        reply.reply(
            unit, conversation, writer, plant("place", name, "Svar"), reply_route(unit, conversation), 10 * _HOUR
        )
        question = matter.add(unit, conversation, writer, topic_row)
        matter.settle(unit, conversation, writer, question, "solved_here", plant("place", name))
        if limited is not None:
            queue_row = unit.get(Queue, world.ids["queue"][limited])
            assert queue_row is not None
            confidential.limit(unit, conversation, writer, queue_row)
        file = unit.all(select(Attachment).where(Attachment.entry_id == entry.id))[0]
        raw_id = raw[world.addresses[f"sha256 {name}"]]
        world.things[name] = Thing(
            conversation_id=conversation.id,
            municipality_id=conversation.municipality_id,
            citizen_id=conversation.citizen_id,
            raw_event_id=raw_id,
            file=file.public_id,
            topic_id=topic_row.id,
        )
        unit.change(update(RawEvent).where(RawEvent.id == raw_id).values(reason=plant("raw", name)))
        _ask_about(unit, world, conversation, code)


def _ask_about(unit: Unit, world: World, conversation: Conversation, code: str) -> None:
    """A question to another system, as the gate leaves it in the audit."""
    by = person.actor(unit, world.ids["person"][f"writer {code}"], frozenset())
    purpose = world.canaries.plant("asked", code, "Frågar")
    for act, outcome in (("lookup.ask", "asked"), ("lookup.answer", "found 1")):
        log_act(
            unit, act, by, municipality_id=conversation.municipality_id, subject=("invoice", conversation.id),
            conversation_id=conversation.id, purpose=purpose,
            source="conversation: waste", outcome=outcome,
        )  # fmt: skip


def mail_to(world: World, place: str) -> Mail:
    """A citizen's mail with a canary in whatever a mail has. Its recipient's address says which place it goes to."""
    plant = world.canaries.plant
    sender = f"{plant('citizen', place)}@example.se"
    mail = EmailMessage()
    mail["From"] = f"{plant('citizen', place, 'Invånare')} <{sender}>"
    mail["To"] = world.addresses[place]
    mail["Subject"] = plant("place", place, "Fråga")
    mail["Message-ID"] = f"<{plant('place', place)}@example.se>"
    mail.set_content(f"Hej, min {COMMON} fråga {plant('place', place)}.\n")
    mail.add_alternative(f"<p>Hej, min {COMMON} fråga <b>{plant('place', place)}</b>.</p>", subtype="html")
    mail.add_attachment(plant("place", place, "Fil"), filename=f"{plant('place', place)}.txt", cte="7bit")
    return Mail(0, "", sender, world.addresses[place], mail.as_bytes(policy=mail.policy.clone(linesep="\r\n")))


def channel_of(place: str) -> str:
    """Which channel its mail comes by: the joint queue's by the centre's."""
    code, queue_name, _ = PLACES[place]
    return "centre" if queue_name == "joint" else code


def _channels(unit: Unit, installation: Installation, world: World, rows: Mapping[str, Municipality]) -> None:
    plant = world.canaries.plant
    for name, code in CHANNELS.items():
        secret = {
            "host": f"{plant('channel config', name)}.example",
            "security": "starttls",
            "username": plant("channel config", name),
            "password": plant("channel config", name),
        }
        home = rows[code] if code else None
        _, config = add.prepare(unit, installation.registry, "smtp", secret)
        out = add.add(unit, "smtp", plant("channel", name), config, home)
        addresses = {}
        for place, (municipality_code, queue_name, _) in PLACES.items():
            if channel_of(place) == name:
                world.addresses[place] = f"{place}@{plant('address', place)}.example"
                addresses[world.addresses[place]] = f"{municipality_code}/{queue_name}"
        arrives = {"addresses": addresses, "port": world.ports[name]}
        _, config = add.prepare(unit, installation.registry, "smtp_in", arrives)
        row = add.add(unit, "smtp_in", plant("channel", name), config, home, sends_by_id=out.id)
        world.ids["channel"][name] = row.id
        target.add_mail(unit, f"{plant('alarm', name)}@centre.example", home)
        pause.pause(unit, out.id, plant("channel", name, "Står still"), by_person=True)


def _people(unit: Unit, world: World, rows: Mapping[str, Municipality]) -> None:
    plant = world.canaries.plant
    for code in rows:
        writer = person.add(unit, f"{plant('people address', code)}@{code}.example", plant("people", code))
        person.join(unit, writer, rows[code], "agent")
        world.ids["person"][f"writer {code}"] = writer.id
    for number, (name, caller) in enumerate(CALLERS.items()):
        row = person.add(unit, f"caller{number}@centre.example", name)
        world.ids["person"][name] = row.id
        for code, role, within in (*caller.memberships, *caller.past):
            place = world.ids["department" if role == "department" else "queue"][within] if within else None
            places = (None, place) if role == "department" else (place, None)
            held: Membership = person.join(unit, row, rows[code], role, *places)
            if (code, role, within) in caller.past:
                held.since, held.until = clock.now() - 2 * _HOUR * clock.SECOND, clock.now() - clock.SECOND
        expires_at = clock.now() - clock.SECOND if caller.shows == "expired" else None
        scopes = login.TOKEN_SCOPES if caller.scopes is None else caller.scopes
        token = login.add_token(unit, row, "proof", scopes, expires_at)
        if caller.shows == "ended":
            ended = unit.all(select(login.Login).where(login.Login.person_id == row.id))[0]
            ended.ended_at = clock.now()
        if caller.shows == "disabled":
            row.disabled_at = clock.now()
        world.tokens[name] = {"nothing": "", "wrong": token[:-4] + "0000"}.get(caller.shows, token)
