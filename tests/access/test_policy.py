"""Who may do what to which thing: a matrix written by hand, and lists that show exactly what may be opened."""

from collections.abc import Iterator, Sequence
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct
from sqlalchemy import func, select

from hub.access import policy
from hub.access.login import TOKEN_SCOPES
from hub.access.person import ROLES, Actor, Held
from hub.access.reading import Reading
from hub.errors import NotAllowed, NotFound
from hub.inbox.conversation import Conversation
from hub.storage.scope import Scope
from hub.storage.unit import Unit
from tests.web.world import World, must

OWN, OTHER = 1, 2
MINE, THEIRS = 10, 20
ALL_SCOPES = frozenset(TOKEN_SCOPES)

# A line: role, where they hold it, the conversation's municipality, its queue, whose confidence | may it be opened?
# Held in None is the whole municipality. Every other line than these says no.
MAY_OPEN = {
    ("agent", None, OWN, MINE, None),
    ("agent", None, OWN, THEIRS, None),
    ("agent", MINE, OWN, MINE, None),
    ("agent", MINE, OWN, MINE, MINE),
    ("agent", MINE, OWN, THEIRS, MINE),
    ("lead", None, OWN, MINE, None),
    ("lead", None, OWN, THEIRS, None),
    ("lead", MINE, OWN, MINE, None),
    ("lead", MINE, OWN, MINE, MINE),
    ("lead", MINE, OWN, THEIRS, MINE),
}


class Place(Struct):
    """A conversation, as far as policy looks at it."""

    municipality_id: int
    queue_id: int
    confidential_queue_id: int | None


def who(*memberships: tuple[int, str, int | None], grants: frozenset[str] = ALL_SCOPES) -> Actor:
    held = tuple(Held(*each) for each in memberships)
    return Actor(1, "Sara", "sara@granvik.example", "sv", held, grants)


def cells() -> Iterator[tuple[str, int | None, int, int, int | None]]:
    return product(ROLES, (None, MINE), (OWN, OTHER), (MINE, THEIRS), (None, MINE, THEIRS))


def test_every_cell_of_the_matrix() -> None:
    counted = 0
    for cell in cells():
        role, held_in, municipality_id, queue_id, confidential = cell
        actor = who((OWN, role, held_in))
        assert policy.may_open(actor, Place(municipality_id, queue_id, confidential)) is (cell in MAY_OPEN), cell
        counted += 1
    assert counted == 6 * 2 * 2 * 2 * 3


def test_without_the_scope_read_no_cell_opens() -> None:
    for role, held_in, municipality_id, queue_id, confidential in cells():
        actor = who((OWN, role, held_in), grants=ALL_SCOPES - {"read"})
        assert not policy.may_open(actor, Place(municipality_id, queue_id, confidential))


def test_no_other_scope_is_needed_to_open_and_none_opens_more() -> None:
    for grants in (frozenset({"read"}), frozenset({"read", "it"}), frozenset({"read", "write", "audit"})):
        for cell in cells():
            role, held_in, municipality_id, queue_id, confidential = cell
            place = Place(municipality_id, queue_id, confidential)
            assert policy.may_open(who((OWN, role, held_in), grants=grants), place) is (cell in MAY_OPEN), cell


def test_who_belongs_nowhere_opens_nothing() -> None:
    for *_, municipality_id, queue_id, confidential in cells():
        assert not policy.may_open(who(), Place(municipality_id, queue_id, confidential))


def test_roles_do_not_lend_each_other_their_places() -> None:
    """Agent in one queue and IT of the municipality: IT's reach is no agent's."""
    actor = who((OWN, "agent", MINE), (OWN, "it", None), (OTHER, "auditor", None))
    assert not policy.may_open(actor, Place(OWN, THEIRS, None))
    assert not policy.may_open(actor, Place(OTHER, MINE, None))
    assert not policy.may_open(actor, Place(OWN, MINE, THEIRS))
    assert policy.may_open(actor, Place(OWN, THEIRS, MINE))


def test_an_own_queue_of_another_municipality_is_another_queue() -> None:
    both = who((OWN, "agent", MINE), (OTHER, "agent", THEIRS))
    assert not policy.may_open(both, Place(OTHER, MINE, None))
    assert not policy.may_open(both, Place(OTHER, MINE, MINE))
    assert policy.may_open(both, Place(OTHER, MINE, THEIRS))


def conversation(municipality_id: int = OWN, queue_id: int = MINE, confidential: int | None = None) -> Conversation:
    return Conversation(municipality_id=municipality_id, queue_id=queue_id, confidential_queue_id=confidential)


def test_what_may_not_be_opened_is_answered_as_what_is_not_there() -> None:
    said = set()
    for hidden in (None, conversation(OTHER), conversation(OWN, MINE, THEIRS)):
        for require in (policy.require_open, policy.require_work):
            with pytest.raises(NotFound) as caught:
                require(who((OWN, "agent", None)), hidden)
            said.add(str(caught.value))
    assert said == {"There is no such conversation."}


def test_to_work_on_it_needs_the_scope_write() -> None:
    found = conversation()
    assert policy.require_work(who((OWN, "agent", None)), found) is found
    reader = who((OWN, "agent", None), grants=frozenset({"read"}))
    assert policy.require_open(reader, found) is found
    with pytest.raises(NotAllowed, match="lacks the scope write"):
        policy.require_work(reader, found)


def test_who_may_be_assigned_does_not_hang_on_a_token() -> None:
    tokenless = who((OWN, "agent", None), grants=frozenset())
    assert policy.may_be_assigned(tokenless, conversation())
    assert not policy.may_be_assigned(tokenless, conversation(OWN, MINE, MINE))
    assert not policy.may_be_assigned(who((OWN, "it", None)), conversation())


@pytest.mark.parametrize(
    ("role", "held_in", "municipality_id", "reads", "runs"),
    [
        ("agent", None, OWN, True, False),
        ("agent", MINE, OWN, True, False),
        ("lead", MINE, OWN, True, False),
        ("it", None, OWN, False, True),
        ("department", None, OWN, False, False),
        ("auditor", None, OWN, False, False),
        ("admin", None, OWN, False, False),
        ("agent", None, OTHER, False, False),
        ("it", None, OTHER, False, False),
    ],
)
def test_who_reads_citizens_and_who_runs_channels(
    role: str, held_in: int | None, municipality_id: int, reads: bool, runs: bool
) -> None:
    actor = who((OWN, role, held_in))
    assert policy.reads_citizens(actor, municipality_id) is reads
    assert policy.runs_channels(actor, municipality_id) is runs
    assert not policy.reads_citizens(who((OWN, role, held_in), grants=ALL_SCOPES - {"read"}), municipality_id)
    assert not policy.runs_channels(who((OWN, role, held_in), grants=ALL_SCOPES - {"it"}), municipality_id)


def test_a_shared_channel_is_for_it_of_any_municipality() -> None:
    for role in ROLES:
        actor = who((OWN, role, None))
        assert policy.runs_channels(actor, None) is (role == "it")
        if role == "it":
            policy.require_it(actor)
        else:
            with pytest.raises(NotAllowed, match="for IT"):
                policy.require_it(actor)


@pytest.mark.parametrize(
    ("held_in", "area", "pauses"),
    [
        ((OWN,), {OWN}, True),
        ((OWN,), {OTHER}, False),
        ((OWN,), {OWN, OTHER}, False),
        ((OWN, OTHER), {OWN, OTHER}, True),
        ((OWN, OTHER), {OWN}, True),
        ((OWN, OTHER), set(), False),
        ((), {OWN}, False),
    ],
)
def test_a_channel_is_stopped_by_it_of_all_whom_it_serves(
    held_in: tuple[int, ...], area: set[int], pauses: bool
) -> None:
    held = [(each, "it", None) for each in held_in]
    for actor, may in ((who(*held), pauses), (who(*held, grants=ALL_SCOPES - {"it"}), False)):
        if may:
            policy.require_pause(actor, area)
        else:
            with pytest.raises(NotAllowed, match="IT of every municipality"):
                policy.require_pause(actor, area)


@pytest.fixture
def placed(world: World) -> World:
    """A conversation of every place and confidence there can be."""
    for code, queues in (
        ("granvik", ("kontakt", "vatten")),
        ("holmo", ("kontakt", "vatten")),
        ("nesoy", ("innbygger",)),
    ):
        for queue, confidential in product(queues, (None, *queues)):
            world.mail(municipality=code, queue=queue, confidential=confidential)
    return world


def shown(unit: Unit, actor: Actor) -> tuple[set[int], set[int], set[int]]:
    """By `visible`, by `visible_in` of each municipality, and by asking of each row."""
    every: Sequence[Conversation] = unit.all(select(Conversation))
    listed = set(unit.all(select(Conversation.id).where(policy.visible(actor))))
    homes = {each.municipality_id for each in every}
    within = policy.within(actor)
    by_home = {
        found
        for home in homes
        for found in unit.all(select(Conversation.id).where(Conversation.municipality_id == home, within(home)))
    }
    return listed, by_home, {each.id for each in every if policy.may_open(actor, each)}


def test_lists_show_exactly_what_may_be_opened(placed: World) -> None:
    """For every single membership there can be, and for several at once, drawn at random."""
    ids = placed.ids
    municipalities = [ids["granvik"], ids["holmo"], ids["nesoy"]]
    queues = [None, ids["kontakt"], ids["vatten"], ids["innbygger"]]
    every = [Held(*each) for each in product(municipalities, ROLES, queues)]
    scopes = st.sampled_from([ALL_SCOPES, frozenset({"read"}), frozenset({"read", "write"}), frozenset({"it"})])
    seen: set[int] = set()

    def agree(memberships: tuple[Held, ...], grants: frozenset[str]) -> None:
        actor = Actor(1, "Sara", "sara@granvik.example", "sv", memberships, grants)
        listed, by_home, allowed = placed.storage.read_now(Scope.everything("test"), shown, actor)
        assert listed == by_home == allowed
        seen.update(allowed)

    for one in every:
        agree((one,), ALL_SCOPES)
    assert len(seen) == 14
    several = st.lists(st.sampled_from(every), max_size=5).map(tuple)
    given(several, scopes)(settings(max_examples=80, deadline=None, database=None, derandomize=True)(agree))()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", ["sara", "vera", "nils", "ida", "idun", "olle", "reader"])
def test_each_person_finds_by_the_api_what_may_be_opened_and_no_more(placed: World, name: str) -> None:
    actor = placed.actor(name)
    *_, allowed = placed.storage.read_now(Scope.everything("test"), shown, actor)
    answer = placed.get("/conversations", name)
    listed = {int(each["id"]) for each in placed.everything("/conversations", name)} if answer.is_success else set()
    assert listed == allowed
    every = placed.storage.read_now(Scope.everything("test"), lambda unit: unit.all(select(Conversation.id)))
    opened = {each for each in every if placed.get(f"/conversations/{each}", name).is_success}
    assert opened == allowed
    assert len(allowed) == {"sara": 4, "reader": 4, "vera": 3, "nils": 1}.get(name, 0)


def test_opening_is_in_the_reading_log_and_being_refused_is_not(world: World) -> None:
    mine, hidden = world.mail(), world.mail(confidential="vatten")
    assert world.get(f"/conversations/{mine}").status_code == 200
    assert world.get(f"/conversations/{hidden}").status_code == 404
    one = world.do(lambda unit: must(unit.first(select(Reading))))
    assert (one.person_id, one.kind, one.conversation_id) == (world.ids["sara"], "conversation", mine)
    assert world.do(lambda unit: unit.rows(select(func.count()).select_from(Reading)))[0][0] == 1
