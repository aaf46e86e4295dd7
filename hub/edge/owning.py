"""Owning: who answers for a lookup is asked before it is shown to more people, however that comes about.

A page asks them as it publishes (making). What a command changes waits here: a file that shows more, an earlier version
that does, a topic that is to ask it at once. Of a lookup that nobody answers for a command decides.
"""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import select

from hub import clock
from hub.access.audit import log_act
from hub.access.person import Actor
from hub.contract import Config
from hub.edge import making, versions
from hub.edge.making import Ended
from hub.errors import Conflict, NotAllowed, NotFound
from hub.inbox.department import by_name
from hub.inbox.topic import Topic
from hub.lookups import definition
from hub.lookups.audience import Wider
from hub.lookups.definition import DRAFT, Declared, Lookup, Published, Whose
from hub.storage.base import Words
from hub.storage.unit import Unit

_COMMAND = "command line"


class TopicAsks(Struct, frozen=True):
    """A topic that is to ask a lookup as soon as the identity is confirmed, without a purpose being said."""

    id: str
    words: Words


def has_owner(unit: Unit, one: Published | None) -> bool:
    """Whether there is somebody to be asked: its owner, or, once they have left, whoever is of its department."""
    if one is None or one.whose.owner_id is None:
        return False
    return bool(making.colleagues(unit, one.municipality_id, one.whose.department_id))


def publish(unit: Unit, municipality_id: int, declared: Declared, config: Config) -> Ended:
    """By command: at once, or, where it shows more than now and somebody answers for it, once they agree.

    Raises Conflict where their department is at work on a draft.
    """
    live, last = _before(unit, municipality_id, declared.name)
    plain, secrets = definition.apart(config)
    said = replace(declared, settings=plain)
    own = Whose() if last is None else Whose(last.whose.department_id, last.whose.owner_id, placed_at=clock.now())
    if declared.department:
        own = replace(own, department_id=by_name(unit, municipality_id, declared.department).id)
    wanted = Published(0, municipality_id, DRAFT, "waiting", said, {**plain, **secrets}, own)
    wider = making.shows_more(unit, live, wanted)
    if last is None or not wider or not has_owner(unit, last):
        _supersede(unit, municipality_id, declared.name)
        made = definition.publish(unit, municipality_id, declared, config)
        _log(unit, "lookup.publish", municipality_id, made.id)
        return Ended("published", made.version)
    return _wait(unit, wanted, wider)


def roll_back(unit: Unit, municipality_id: int, name: str, number: int) -> Ended:
    """By command, an earlier version: at once, or once who answers for it agrees. Raises NotFound, Conflict."""
    live, last = _before(unit, municipality_id, name)
    wanted = definition.earlier(unit, municipality_id, name, number)
    wider = making.shows_more(unit, live, wanted)
    if wider and has_owner(unit, last):
        return _wait(unit, wanted, wider)
    _supersede(unit, municipality_id, name)
    made = definition.roll_back(unit, municipality_id, name, number)
    _log(unit, "lookup.publish", municipality_id, made.id)
    return Ended("published", number)


def _wait(unit: Unit, wanted: Published, wider: Sequence[Wider]) -> Ended:
    _require_no_draft(unit, wanted.municipality_id, wanted.declared.name)
    _log(unit, "lookup.draft", wanted.municipality_id, making.wait(unit, wanted, None))
    return Ended("waiting", wider=wider)


def allow(unit: Unit, topic: Topic, names: Sequence[str]) -> Sequence[str]:
    """These it allows, and no others; those that wait for who answers for them are returned. Raises NotFound."""
    allowed: list[str] = []
    waiting: list[str] = []
    for name in dict.fromkeys(names):
        one = definition.published(unit, topic.municipality_id, name)
        (allowed if name in topic.lookups or not has_owner(unit, one) else waiting).append(name)
    topic.lookups, topic.waiting = allowed, waiting
    return waiting


def asking(unit: Unit, actor: Actor, municipality_id: int, name: str) -> Sequence[TopicAsks]:
    """Topics that wait for who answers for it. Raises NotFound, NotAllowed."""
    making.held(unit, actor, municipality_id, name, versions.ANY)
    return [TopicAsks(str(row.id), row.words) for row in _topics(unit, municipality_id) if name in row.waiting]


def decide(
    unit: Unit, actor: Actor, municipality_id: int, name: str, topic_id: int, if_match: str | None, *, agrees: bool
) -> None:
    """By who answers for it: the topic asks it from now on, or it doesn't. Raises NotFound, NotAllowed, Stale."""
    row = making.held(unit, actor, municipality_id, name, if_match)
    topic = next((each for each in _topics(unit, municipality_id) if each.id == topic_id), None)
    if topic is None or name not in topic.waiting:
        raise NotFound("No such topic waits for this lookup.")
    if not making.is_owner(unit, actor, definition.read(unit, row)):
        raise NotAllowed("Which topics ask this lookup is its owner's to approve.")
    topic.waiting = [each for each in topic.waiting if each != name]
    if agrees:
        topic.lookups = [*topic.lookups, name]
    act = "topic.allow" if agrees else "topic.refuse"
    log_act(unit, act, actor, municipality_id=municipality_id, subject=("topic", topic.id), outcome=name)


def _topics(unit: Unit, municipality_id: int) -> Sequence[Topic]:
    return unit.all(select(Topic).where(Topic.municipality_id == municipality_id).order_by(Topic.id))


def _before(unit: Unit, municipality_id: int, name: str) -> tuple[Published | None, Published | None]:
    """The version that is asked, and that or else the newest: who withdrew it answers for it as before."""
    live = definition.published_now(unit, municipality_id, name)
    rows = definition.versions(unit, municipality_id, name)
    return live, live or (definition.read(unit, rows[0]) if rows else None)


def _supersede(unit: Unit, municipality_id: int, name: str) -> None:
    """What waits since a command before is in nobody's mind any more: approved later, it would replace this one."""
    draft = definition.draft(unit, municipality_id, name)
    if draft is not None and _is_commands(draft):
        definition.drop_draft(unit, municipality_id, name)


def _is_commands(draft: Lookup) -> bool:
    return (draft.state, draft.saved_by_id) == ("waiting", None)


def _require_no_draft(unit: Unit, municipality_id: int, name: str) -> None:
    """But one that waits since a command before."""
    draft = definition.draft(unit, municipality_id, name)
    if draft is not None and not _is_commands(draft):
        raise Conflict(
            "This shows more than the version that is asked, so its owner approves it first; but its department is at "
            "work on a draft, which would be lost. Ask them to publish or to discard it."
        )


def _log(unit: Unit, act: str, municipality_id: int, row_id: int) -> None:
    log_act(unit, act, None, municipality_id=municipality_id, subject=("lookup", row_id), source=_COMMAND)
