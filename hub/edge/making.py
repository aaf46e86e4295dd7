"""Making: a lookup as its department writes it: a draft, tried, approved by its owner, published, rolled back.

What a draft says is whatever somebody typed, finished or not; before anything is asked of a source by it, it is read as
its plugin reads it, and the place is one that departments may read from.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import get_type_hints

from msgspec import Struct, to_builtins
from msgspec.structs import replace
from sqlalchemy import select

from hub import clock
from hub.access import policy
from hub.access.audit import log_act
from hub.access.person import Actor, Membership, Person
from hub.allowed import problem
from hub.channels.open import read_settings
from hub.contract import Config, Misconfigured, PluginError
from hub.contract.config import convert, secret_fields
from hub.contract.rules import broken_bounds
from hub.edge import defining, versions
from hub.edge.desk import Desk
from hub.edge.versions import fingerprint
from hub.errors import Invalid, NotAllowed, NotFound
from hub.inbox.department import Department, by_name, of_municipality
from hub.inbox.topic import Topic
from hub.lookups import audience, definition, places
from hub.lookups import open as opening
from hub.lookups.audience import Wider
from hub.lookups.cover import require_lines
from hub.lookups.definition import DRAFT, Declared, Lookup, Published, Whose
from hub.plugin_host.http import Forbidden
from hub.plugin_host.registry import LookupClass, Registry
from hub.storage.base import Words
from hub.storage.unit import Unit

KINDS = ("sql", "table", "rest")
"""Kinds whose settings a department writes itself; those of the others are IT's, by torg lookup import."""


class Ready(Struct, frozen=True):
    """A draft that could be published. `wider`: what its owner approves then; `key`: of that list, so that what was
    approved is what is published."""

    draft: Published
    config: Config
    wider: Sequence[Wider]
    key: str
    is_owner: bool


class Ended(Struct, frozen=True):
    """What came of it: `published` (as which version), `waiting` for its owner, or `asks` that it be approved."""

    what: str
    number: int = 0
    wider: Sequence[Wider] = ()
    key: str = ""


class Standing(Struct, frozen=True):
    """Who could answer for it, by id; which topics ask it."""

    is_owner: bool
    colleagues: Mapping[int, str]
    topics: Sequence[Words]


def begin(
    unit: Unit, actor: Actor, registry: Registry, municipality_id: int, declared: Declared, department_id: int | None
) -> None:
    """A new one, as a draft. Raises NotFound, Invalid for a name that is taken."""
    if not policy.makes_lookup(actor, municipality_id, department_id):
        raise NotFound("There is no such department of yours.")
    _require_no_register(declared)
    _require_shape(registry, declared)
    taken = {row.name for row in definition.all_of(unit, municipality_id)}
    if declared.name in taken:
        raise Invalid("name", "there is a lookup of this name already: choose another")
    whose = Whose(department_id, actor.id, actor.id)
    row_id = definition.save_draft(unit, municipality_id, replace(declared, department=""), {}, whose)
    log(unit, actor, "lookup.draft", municipality_id, row_id)


def save(
    unit: Unit,
    actor: Actor,
    registry: Registry,
    municipality_id: int,
    declared: Declared,
    secrets: Mapping[str, str],
    if_match: str | None,
) -> None:
    """As its draft. `secrets`: those that were typed now; the others stay, unless it leads elsewhere. What IT's command
    has put where no department may point stays approvable while it leads there.

    Raises NotFound, NotAllowed, Stale, Invalid.
    """
    row = held(unit, actor, municipality_id, declared.name, if_match)
    before = definition.read(unit, row)
    cls = registry.lookups.get(declared.kind)
    _require_no_register(declared, before.declared, definition.published_now(unit, municipality_id, declared.name))
    _require_shape(registry, declared)
    if declared.department:
        to = by_name(unit, municipality_id, declared.department).id
        if not policy.makes_lookup(actor, municipality_id, to):
            raise Invalid("file", "a lookup can't be given to a department that you aren't of")
    kept = definition.secrets_of(before, declared, secret_fields(cls.Config) if cls is not None else ())
    is_same = (declared.kind, declared.settings) == (before.declared.kind, before.declared.settings)
    if declared.kind not in KINDS and not is_same:
        raise Invalid("kind", "its source is set by IT, with torg lookup import: what is set there stays as it is")
    secrets = {**kept, **secrets}
    stays = places.is_same(before, declared.kind, {**declared.settings, **secrets})
    placed_at = before.whose.placed_at if stays else None
    columns = before.columns if places.is_same_source(before, declared, secrets) else ()
    whose = replace(before.whose, saved_by_id=actor.id, approved_by_id=None, placed_at=placed_at)
    row_id = definition.save_draft(unit, municipality_id, declared, secrets, whose, columns=columns)
    log(unit, actor, "lookup.draft", municipality_id, row_id)


def discard(unit: Unit, actor: Actor, municipality_id: int, name: str, if_match: str | None) -> None:
    """The draft goes; what is asked stays. Raises NotFound, NotAllowed, Stale."""
    row = held(unit, actor, municipality_id, name, if_match)
    if row.version == DRAFT:
        definition.drop_draft(unit, municipality_id, name)
        log(unit, actor, "lookup.discard", municipality_id, row.id)


async def check(desk: Desk, registry: Registry, municipality_id: int, name: str, if_match: str | None) -> Ready:
    """Whether the draft could be published: as it is read, from where it reads, and its source answers.

    Raises NotFound, NotAllowed, Stale, Invalid with the field.
    """
    ready, cls = await desk.write(_ready, registry, municipality_id, name, if_match, desk.settings.lookup_places)
    try:
        await opening.tried(cls, ready.config)
    except Misconfigured as error:
        raise Invalid(error.field, str(error)) from error
    except PluginError as error:
        raise Invalid("", "the source gives no answer: {why}", why=str(error)) from error
    except Forbidden as error:
        raise Invalid("", "these settings ask for what no lookup may: {why}", why=str(error)) from error
    return ready


async def publish(
    desk: Desk, registry: Registry, municipality_id: int, name: str, if_match: str | None, approves: str
) -> Ended:
    """Tried first. `approves`: the key of what whoever presses has approved. Raises as `check`."""
    ready = await check(desk, registry, municipality_id, name, if_match)
    if ready.wider and ready.is_owner and approves != ready.key:
        return Ended("asks", wider=ready.wider, key=ready.key)
    return await desk.write(_publish, municipality_id, name, if_match, ready)


def asks(unit: Unit, actor: Actor, municipality_id: int, name: str) -> Ended | None:
    """What a draft that waits asks of whoever answers for it, nothing tried; of others nothing.

    Raises NotFound, NotAllowed.
    """
    row = held(unit, actor, municipality_id, name, versions.ANY)
    one = definition.read(unit, row)
    if row.state != "waiting" or not is_owner(unit, actor, one):
        return None
    wider = shows_more(unit, definition.published_now(unit, municipality_id, name), one)
    return Ended("asks", wider=wider, key=_key(wider))


def roll_back(
    unit: Unit, actor: Actor, municipality_id: int, name: str, number: int, if_match: str | None, approves: str,
    allowed: Sequence[str],
) -> Ended:  # fmt: skip
    """An earlier version is asked again; where that shows more to more people its owner approves, as of a draft.

    `allowed`: where departments may read from. Raises NotFound, NotAllowed, Stale, Invalid.
    """
    held(unit, actor, municipality_id, name, if_match)
    wanted = definition.earlier(unit, municipality_id, name, number)
    live = definition.published_now(unit, municipality_id, name)
    _require_no_register(wanted.declared, live)
    places.require_place(unit, wanted, allowed)
    wider = shows_more(unit, live, wanted)
    key = _key(wider)
    if wider and not is_owner(unit, actor, wanted):
        wait(unit, wanted, actor.id)
        return Ended("waiting", wider=wider)
    if wider and approves != key:
        return Ended("asks", wider=wider, key=key)
    definition.roll_back(unit, municipality_id, name, number)
    log(unit, actor, "lookup.publish", municipality_id, wanted.id)
    return Ended("published", number)


def wait(unit: Unit, one: Published, saved_by: int | None) -> int:
    """As the draft that its owner is to approve, until then nobody has. `saved_by` None: a command; returns its id."""
    secrets = {name: value for name, value in one.values.items() if name not in one.declared.settings}
    whose = replace(one.whose, saved_by_id=saved_by, approved_by_id=None)
    return definition.save_draft(unit, one.municipality_id, one.declared, secrets, whose, "waiting", one.columns)


def withdraw(unit: Unit, actor: Actor, municipality_id: int, name: str, if_match: str | None) -> None:
    """It is asked no more. Raises NotFound, NotAllowed, Stale, Invalid."""
    held(unit, actor, municipality_id, name, if_match)
    _require_no_register(definition.published_now(unit, municipality_id, name))
    was = definition.withdraw(unit, municipality_id, name)
    log(unit, actor, "lookup.withdraw", municipality_id, was.id)


def give(unit: Unit, actor: Actor, municipality_id: int, name: str, person_id: int, if_match: str | None) -> None:
    """Somebody else of the department answers for it from now on: given by who does, or taken where nobody does.

    Raises NotFound, NotAllowed, Stale, Invalid.
    """
    row = held(unit, actor, municipality_id, name, if_match)
    if not is_owner(unit, actor, definition.read(unit, row)):
        raise NotAllowed("To give this lookup to a colleague takes its owner.")
    if person_id not in colleagues(unit, municipality_id, row.department_id):
        raise Invalid("owner", "choose a colleague of the department")
    definition.give(unit, municipality_id, name, person_id)
    log(unit, actor, "lookup.give", municipality_id, row.id)


def colleagues(unit: Unit, municipality_id: int, department_id: int | None) -> Mapping[int, str]:
    """Who may answer for a lookup of this department: names by id."""
    now = clock.now()
    query = (
        select(Person.id, Person.name)
        .join(Membership, Membership.person_id == Person.id)
        .where(
            Membership.municipality_id == municipality_id,
            Membership.role == "department",
            Membership.department_id.is_(None) | (Membership.department_id == department_id),
            Membership.since <= now,
            Membership.until.is_(None) | (Membership.until > now),
            Person.disabled_at.is_(None),
        )
        .order_by(Person.name, Person.id)
    )
    return dict(unit.rows(query))


def departments(unit: Unit, actor: Actor, municipality_id: int) -> Sequence[tuple[str, Words]]:
    """Those that this person makes lookups of; with an empty id: of no department's own. Raises NotFound."""
    there = [(row.id, row.words) for row in of_municipality(unit, municipality_id)]
    own = [(str(row_id), words) for row_id, words in there if policy.makes_lookup(actor, municipality_id, row_id)]
    whole = policy.makes_lookup(actor, municipality_id, None)
    if not own and not whole:
        raise NotFound("There is no such municipality of yours.")
    return [*own, *([("", {})] if whole else [])]


def standing(unit: Unit, actor: Actor, municipality_id: int, name: str) -> Standing:
    """Raises NotFound, NotAllowed."""
    row = held(unit, actor, municipality_id, name, versions.ANY)
    one = definition.read(unit, row)
    there = colleagues(unit, municipality_id, row.department_id)
    return Standing(is_owner(unit, actor, one), there, topics(unit, municipality_id, name))


def _require_no_register(*several: Declared | Published | None) -> None:
    """The register of protected identities is asked before all other lookups of the municipality, and by its word they
    are asked or not: no department makes, changes or stops it. Raises Invalid."""
    if any((each.declared if isinstance(each, Published) else each).register for each in several if each is not None):
        raise Invalid("file", "who has a protected identity is told by IT's lookup: torg lookup import changes it")


def _require_shape(registry: Registry, declared: Declared) -> None:
    """That each setting is of its kind, whether they are all there or not; and none a secret. Raises Invalid."""
    for name, hint in get_type_hints(Declared, include_extras=True).items():
        found = problem(name, hint, to_builtins(getattr(declared, name)), convert)
        if found:
            raise Invalid(name, found)
    cls = registry.lookup(declared.kind)
    hints = get_type_hints(cls.Config, include_extras=True)
    for name, value in declared.settings.items():
        if name not in hints:
            raise Invalid(name, "{kind} has no setting {name}", kind=cls.kind, name=name)
        if name in secret_fields(cls.Config):
            raise Invalid("file", "{name} is secret, and a file is read by many: write it in its field", name=name)
        found = problem(name, hints[name], value, convert)
        if found:
            raise Invalid(name, found)
    require_lines(declared)


def topics(unit: Unit, municipality_id: int, name: str) -> Sequence[Words]:
    """Names of the topics that ask it."""
    rows = unit.all(select(Topic).where(Topic.municipality_id == municipality_id).order_by(Topic.id))
    return [row.words for row in rows if name in row.lookups]


def is_owner(unit: Unit, actor: Actor, one: Published) -> bool:
    """Who answers for it; where nobody does, or they are of the department no more, whoever of it comes first.

    By what was published last: a draft that names another department moves nothing past its owner.
    """
    last = next(iter(definition.versions(unit, one.municipality_id, one.declared.name)), None)
    owner, department_id = one.whose.owner_id, one.whose.department_id
    if last is not None:
        owner, department_id = last.owner_id or owner, last.department_id
    return owner == actor.id or owner not in colleagues(unit, one.municipality_id, department_id)


def held(unit: Unit, actor: Actor, municipality_id: int, name: str, if_match: str | None) -> Lookup:
    """Its draft, or the version that is asked, to be changed. Raises NotFound, NotAllowed, Stale."""
    rows = defining.seen(unit, actor, municipality_id, name)
    row = defining.current(rows)
    if not policy.makes_lookup(actor, municipality_id, rows[0].department_id):
        raise NotAllowed("To change a lookup takes its department, and a token that may write.")
    if if_match != versions.ANY:
        versions.expect(str(row.id), if_match)
    return row


def read_draft(
    unit: Unit, actor: Actor, registry: Registry, municipality_id: int, name: str, if_match: str | None,
    allowed: Sequence[str], as_far: Callable[[Published], Published] = lambda one: one,
) -> tuple[Published, LookupClass, Config]:  # fmt: skip
    """As its plugin reads it. `as_far`: what is read of one that isn't finished. Raises NotFound, NotAllowed, Stale,
    Invalid with the field."""
    one = as_far(definition.read(unit, held(unit, actor, municipality_id, name, if_match)))
    _require_no_register(one.declared, definition.published_now(unit, municipality_id, name))
    if not any(each.strip() for each in one.declared.title.values()):
        raise Invalid("title", "write what it is called")
    places.require_place(unit, one, allowed)
    try:
        cls = registry.lookup(one.declared.kind)
        config = read_settings(cls, one.values)
        for broken in broken_bounds(cls.kind, cls.bounds(config)):
            raise Invalid("by", broken)
    except Misconfigured as error:
        raise Invalid(error.field, str(error)) from error
    return one, cls, config


def _ready(
    unit: Unit, actor: Actor, registry: Registry, municipality_id: int, name: str, if_match: str | None,
    allowed: Sequence[str],
) -> tuple[Ready, LookupClass]:  # fmt: skip
    one, cls, config = read_draft(unit, actor, registry, municipality_id, name, if_match, allowed)
    wider = shows_more(unit, definition.published_now(unit, municipality_id, name), one)
    log(unit, actor, "lookup.check", municipality_id, one.id)
    return Ready(one, config, wider, _key(wider), is_owner(unit, actor, one)), cls


def _publish(unit: Unit, actor: Actor, municipality_id: int, name: str, if_match: str | None, ready: Ready) -> Ended:
    row = held(unit, actor, municipality_id, name, if_match)
    one, live = ready.draft, definition.published_now(unit, municipality_id, name)
    wider = shows_more(unit, live, one)
    if wider and not is_owner(unit, actor, one):
        wait(unit, one, actor.id)
        return Ended("waiting", wider=wider)
    if _key(wider) != ready.key:  # another version was published meanwhile
        return Ended("asks", wider=wider, key=_key(wider))
    approved_by = actor.id if wider else live.whose.approved_by_id if live is not None else None
    owner = actor.id if is_owner(unit, actor, one) else one.whose.owner_id
    whose = replace(
        one.whose, owner_id=owner, saved_by_id=one.whose.saved_by_id or actor.id, approved_by_id=approved_by
    )
    made = definition.publish(unit, municipality_id, one.declared, ready.config, whose, one.columns)
    if row.version == DRAFT:
        definition.drop_draft(unit, municipality_id, name)
    log(unit, actor, "lookup.publish", municipality_id, made.id)
    return Ended("published", made.version)


def shows_more(unit: Unit, live: Published | None, one: Published) -> Sequence[Wider]:
    """What its owner approves before it is asked. Where it isn't asked yet, topics that name it count as well."""
    if live is not None:
        moved = {} if live.values.get("url") == one.values.get("url") else {"url": True}
        to = one.whose.department_id
        goes = [Wider("department", _called(unit, to))] if to != live.whose.department_id else []
        return [*audience.wider(live.declared, one.declared, moved), *goes]
    named = topics(unit, one.municipality_id, one.declared.name)
    asked = [Wider("topic", next(iter(words.values()), "")) for words in named]
    return [*audience.wider(None, one.declared, {}), *asked]


def _called(unit: Unit, department_id: int | None) -> str:
    row = None if department_id is None else unit.get(Department, department_id)
    return "" if row is None else next(iter(row.words.values()), "")


def _key(wider: Sequence[Wider]) -> str:
    return fingerprint(*wider)


def log(unit: Unit, actor: Actor, act: str, municipality_id: int, row_id: int) -> None:
    """In the audit."""
    log_act(unit, act, actor, municipality_id=municipality_id, subject=("lookup", row_id))
