"""Centres: the demo's municipalities, with their departments, topics, queues, people and channels."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from sqlalchemy import Select, select

from hub.access import password, person
from hub.access.person import Actor, Person
from hub.channels import add as channels
from hub.channels.channel import Channel
from hub.channels.open import read_settings, store_settings
from hub.channels.port import require_free
from hub.cli.demo_fill.content import Content
from hub.inbox import canned, department, letterhead, municipality, queue, topic
from hub.inbox.municipality import Municipality
from hub.plugin_host.registry import Registry
from hub.storage.unit import Unit


class Place(Struct, frozen=True):
    """A municipality: where it is, and the address its citizens write to."""

    name: str
    country: str
    language: str
    address: str
    hue: int
    phone: str = ""
    """Of a range that the regulator keeps for stories."""


class Colleague(Struct, frozen=True):
    """One of ours, by e-mail address; the roles are held in every municipality of their centre."""

    name: str
    roles: Sequence[str]

    @property
    def signature(self) -> str:
        """How they sign."""
        return self.name.partition(" ")[0]


PLACES = {
    "granvik": Place("Granvik kommun", "SE", "sv", "kommunen@granvik.example", 1, "+46846500401"),
    "holmo": Place("Holmö kommun", "SE", "sv", "kommunen@holmo.example", 3, "+46846500402"),
    "nesoy": Place("Nesøy kommune", "NO", "nb", "post@nesoy.example", 2),
    "fjordal": Place("Fjordal kommune", "NO", "nb", "post@fjordal.example", 4),
    "strandby": Place("Strandby Kommune", "DK", "da", "borgerservice@strandby.example", 5),
}
PASSWORD = "welcome-to-torg"  # noqa: S105 - printed and documented: the demo answers on its own machine alone
"""Everybody's."""
COLLEAGUES = {
    "sv": {
        "sara@granvik.example": Colleague("Sara Lindgren", ["agent"]),
        "anton@granvik.example": Colleague("Anton Berg", ["agent"]),
        "leila@granvik.example": Colleague("Leila Haddad", ["lead"]),
        "goran@granvik.example": Colleague("Göran Nyström", ["it", "admin"]),
        "vera@granvik.example": Colleague("Vera Åkesson", ["department"]),
        "rut@granvik.example": Colleague("Rut Ekman", ["auditor"]),
    },
    "nb": {
        "kari@nesoy.example": Colleague("Kari Solberg", ["agent"]),
        "ole@nesoy.example": Colleague("Ole Bakken", ["lead"]),
        "marit@nesoy.example": Colleague("Marit Vik", ["it"]),
        "tor@nesoy.example": Colleague("Tor Haugen", ["department"]),
        "liv@nesoy.example": Colleague("Liv Strand", ["auditor"]),
    },
    "da": {
        "mette@strandby.example": Colleague("Mette Holm", ["agent"]),
        "jens@strandby.example": Colleague("Jens Kjær", ["lead", "it"]),
        "bente@strandby.example": Colleague("Bente Lund", ["department"]),
        "aage@strandby.example": Colleague("Aage Friis", ["auditor"]),
    },
}
"""By language, which is by centre."""


class Founded(Struct, frozen=True):
    """The ids that the past needs. Queues and topics by (municipality, code), actors by (language, signature)."""

    smtp_in: int
    queues: Mapping[tuple[str, str], int]
    topics: Mapping[tuple[str, str], int]
    actors: Mapping[tuple[str, str], Actor]


def found(unit: Unit, registry: Registry, contents: Mapping[str, Content], outgoing: Path, mail_port: int) -> Founded:
    """All of it, as a person of IT would set it up."""
    queues: dict[tuple[str, str], int] = {}
    topics: dict[tuple[str, str], int] = {}
    actors: dict[tuple[str, str], Actor] = {}
    for language, content in contents.items():
        homes = {
            code: municipality.add(unit, code, place.name, place.country, hue=place.hue)
            for code, place in PLACES.items()
            if place.language == language
        }
        for each in content.queues:
            row = queue.add(unit, {language: each.words}, list(homes.values()))
            queues |= {(code, each.code): row.id for code in homes}
        for code, home in homes.items():
            domain = PLACES[code].address.rpartition("@")[2]
            for office in content.departments:
                department.add(unit, home, {language: office.words}, office.address.format(domain=domain))
            topics |= _add_topics(unit, home, language, content)
        for email, colleague in COLLEAGUES[language].items():
            actors[language, colleague.signature] = _add_person(unit, email, colleague, language, list(homes.values()))
    return Founded(_add_channels(unit, registry, contents, outgoing, mail_port), queues, topics, actors)


def keep_ready(unit: Unit, contents: Mapping[str, Content]) -> None:
    """Signatures and canned answers. After the past, whose answers were signed by hand."""
    for code, place in PLACES.items():
        home = municipality.by_code(unit, code)
        letterhead.put(unit, home, None, f"{{{{agent}}}}\n{{{{queue}}}}, {home.name}", None)
        for each in contents[place.language].canned:
            canned.write(unit, home, None, {place.language: each.title}, {place.language: each.text})


def move_mail_port(unit: Unit, registry: Registry, port: int) -> None:
    """The demo listens for mail on another port than it did. Channels that somebody added to it keep theirs.

    Raises Invalid when one of those has the port.
    """
    own = unit.first(select(Channel).where(Channel.kind == "smtp_in").order_by(Channel.id))
    if own is None or own.config.get("port") == port:
        return
    cls = registry.connector(own.kind)
    config = read_settings(cls, {**own.config, "port": port})
    require_free(unit, registry, cls, config)
    store_settings(own, config, unit.keys)


def employ(unit: Unit) -> None:
    """Those of the colleagues whom an older program didn't know."""
    known = set(unit.all(select(Person.email)))
    for language, colleagues in COLLEAGUES.items():
        codes = [code for code, place in PLACES.items() if place.language == language]
        for email, colleague in colleagues.items():
            if email not in known:
                homes = unit.all(select(Municipality).where(Municipality.code.in_(codes)))
                _add_person(unit, email, colleague, language, homes)


def give_passwords(unit: Unit, password_hash: str) -> None:
    """To those of the colleagues who have none."""
    for row in unit.all(_without_password()):
        password.set_password(unit, row, password_hash)


def lack_passwords(unit: Unit) -> bool:
    """As in a demo that an older program filled."""
    return unit.first(_without_password()) is not None


def _without_password() -> Select[Person]:
    emails = [email for colleagues in COLLEAGUES.values() for email in colleagues]
    return select(Person).where(Person.email.in_(emails), Person.password.is_(None))


def _add_topics(unit: Unit, home: Municipality, language: str, content: Content) -> dict[tuple[str, str], int]:
    added: dict[tuple[str, str], int] = {}
    for each in content.topics:  # a parent stands above its children
        parent = added[home.code, each.parent] if each.parent else None
        added[home.code, each.code] = topic.add(unit, home, {language: each.words}, parent, each.synonyms).id
    return added


def _add_person(unit: Unit, email: str, colleague: Colleague, language: str, homes: Sequence[Municipality]) -> Actor:
    row = person.add(unit, email, colleague.name, language)
    for home in homes:
        for role in colleague.roles:
            person.join(unit, row, home, role)
    actor = person.actor(unit, row.id, frozenset({"read", "write"}))
    assert actor is not None  # added a line above
    return actor


def _add_channels(
    unit: Unit, registry: Registry, contents: Mapping[str, Content], outgoing: Path, mail_port: int
) -> int:
    """One port takes everybody's mail: the address decides whose it is. Answers become files in one folder."""
    first_queue = {language: content.queues[0].words for language, content in contents.items()}
    addresses = {place.address: f"{code}/{first_queue[place.language]}" for code, place in PLACES.items()}
    _, folder = channels.prepare(unit, registry, "eml_folder", {"folder": str(outgoing)})
    mail_out = channels.add(unit, "eml_folder", "Mail out, to a folder", folder)
    _, settings = channels.prepare(unit, registry, "smtp_in", {"addresses": addresses, "port": mail_port})
    return channels.add(unit, "smtp_in", "Mail in", settings, sends_by_id=mail_out.id).id
