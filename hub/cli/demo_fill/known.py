"""Known: what some of the demo's citizens told of themselves before, so that other systems can be asked about them, and
what those of their letters are about that nobody has looked at yet.
"""

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from msgspec import Struct
from sqlalchemy import select

from hub.access import person
from hub.access.person import Actor
from hub.cli.demo_fill import desk
from hub.cli.demo_fill.centres import COLLEAGUES
from hub.cli.demo_fill.content import Content, Known, Story
from hub.cli.demo_fill.desk import Order
from hub.inbox import queue
from hub.inbox.citizen import CitizenPoint
from hub.inbox.conversation import Conversation
from hub.inbox.matter import Matter
from hub.inbox.municipality import Municipality
from hub.inbox.points import seal_identity
from hub.inbox.topic import Topic
from hub.storage.unit import Unit

Contents: TypeAlias = Mapping[str, Content]


class _Citizen(Struct, frozen=True):
    home: Municipality
    id: int
    known: Known


def tell(unit: Unit, contents: Contents) -> None:
    """Numbers and addresses, where nothing of the kind was known of them."""
    for each in _citizens(unit, contents):
        of_them = (CitizenPoint.municipality_id == each.home.id, CitizenPoint.citizen_id == each.id)
        kinds = set(unit.all(select(CitizenPoint.kind).where(*of_them)))
        said = {"address": each.known.address, "property": each.known.property}
        told = {kind: (value, value.casefold()) for kind, value in said.items() if value}
        if each.known.identity:
            told["identity"] = seal_identity(unit.keys, each.home.id, each.known.identity)
        for kind, (value, key) in told.items():
            if kind in kinds:
                continue
            unit.add(
                CitizenPoint(
                    municipality_id=each.home.id,
                    citizen_id=each.id,
                    first_citizen_id=each.id,
                    kind=kind,
                    value=value,
                    match_key=key,
                )
            )


def put_in_order(unit: Unit, contents: Contents) -> None:
    """What nobody has looked at yet, or taken on who is to: they do, and say what it is about."""
    for each in _citizens(unit, contents):
        content = contents[each.home.language]
        own = select(Conversation).where(
            Conversation.municipality_id == each.home.id,
            Conversation.citizen_id == each.id,
            Conversation.closed_at.is_(None),
        )
        for conversation in unit.all(own):
            for story in content.stories:
                if (story.municipality, story.subject) == (each.home.code, conversation.subject):
                    by = _agent(unit, each.home.language, story.colleague)
                    if unit.first(select(Matter).where(Matter.conversation_id == conversation.id)) is None:
                        desk.look(unit, by, conversation.id, _order(unit, each.home, content, story))
                    elif story.colleague and conversation.assignee_id is None:
                        conversation.assign(unit, by.id, by.id)


def _citizens(unit: Unit, contents: Contents) -> Iterator[_Citizen]:
    homes = {home.code: home for home in unit.all(select(Municipality))}
    for known in (each for content in contents.values() for each in content.known):
        home = homes.get(known.municipality)
        mail = home and unit.first(
            select(CitizenPoint)
            .where(CitizenPoint.municipality_id == home.id, CitizenPoint.match_key == known.email)
            .order_by(CitizenPoint.id)
        )
        if home and mail:
            yield _Citizen(home, mail.citizen_id, known)


def _order(unit: Unit, home: Municipality, content: Content, story: Story) -> Order:
    language = home.language
    known = {row.words.get(language): row.id for row in unit.all(select(Topic).where(Topic.municipality_id == home.id))}
    topics = [known.get(each.words) for each in content.topics if each.code in story.topics]
    queues = {row.words.get(language): row.id for row in queue.of_municipality(unit, home)}
    name = next(each.words for each in content.queues if each.code == story.queue)
    about = [each for each in topics if each is not None]
    return Order(queues.get(name, 0), about, story.note, taken_on=bool(story.colleague))


def _agent(unit: Unit, language: str, signature: str) -> Actor:
    """Who took it on; else the first of the agents."""
    colleagues = COLLEAGUES[language].items()
    agents = [email for email, each in colleagues if "agent" in each.roles]
    email = next((email for email, each in colleagues if signature and each.signature == signature), agents[0])
    found = person.actor(unit, person.by_email(unit, email).id, frozenset({"read", "write"}))
    assert found is not None  # one of the demo's own
    return found
