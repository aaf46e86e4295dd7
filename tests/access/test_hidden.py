"""What may only be known of: a matrix written by hand, and lists that agree with it row by row."""

from itertools import product

import pytest
from sqlalchemy import select

from hub.access import policy
from hub.access.person import ROLES, Actor, Held
from hub.errors import NotAllowed, NotFound
from hub.inbox.conversation import Conversation
from hub.storage.scope import Scope
from hub.storage.unit import Unit
from tests.access.test_policy import ALL_SCOPES, MINE, OTHER, OWN, THEIRS, Place, cells, conversation, who
from tests.web.world import World

# A line: role, where they hold it, the conversation's municipality, its queue, whose confidence | is it known of?
# Held in None is the whole municipality. Every other line than these says no: it may be opened, or isn't there.
MAY_KNOW_OF = {
    ("agent", None, OWN, MINE, MINE),
    ("agent", None, OWN, MINE, THEIRS),
    ("agent", None, OWN, THEIRS, MINE),
    ("agent", None, OWN, THEIRS, THEIRS),
    ("agent", MINE, OWN, MINE, THEIRS),
    ("lead", None, OWN, MINE, MINE),
    ("lead", None, OWN, MINE, THEIRS),
    ("lead", None, OWN, THEIRS, MINE),
    ("lead", None, OWN, THEIRS, THEIRS),
    ("lead", MINE, OWN, MINE, THEIRS),
}


def test_every_cell_of_the_matrix() -> None:
    for cell in cells():
        role, held_in, municipality_id, queue_id, confidential = cell
        actor, place = who((OWN, role, held_in)), Place(municipality_id, queue_id, confidential)
        assert policy.may_know_of(actor, place) is (cell in MAY_KNOW_OF), cell
        assert not (policy.may_know_of(actor, place) and policy.may_open(actor, place)), cell
        blind = who((OWN, role, held_in), grants=ALL_SCOPES - {"read"})
        assert not policy.may_know_of(blind, place), cell


def test_roles_do_not_lend_each_other_their_places() -> None:
    """Agent of a queue and IT of the municipality; agent of the other municipality's same queue."""
    actor = who((OWN, "agent", MINE), (OWN, "it", None), (OTHER, "agent", THEIRS))
    assert not policy.may_know_of(actor, Place(OWN, THEIRS, THEIRS))
    assert policy.may_know_of(actor, Place(OWN, MINE, THEIRS))
    assert policy.may_know_of(actor, Place(OTHER, THEIRS, MINE))
    assert not policy.may_know_of(actor, Place(OTHER, MINE, MINE))


def test_the_gate_is_for_who_may_know_and_not_open() -> None:
    agent = who((OWN, "agent", MINE))
    behind = conversation(OWN, MINE, THEIRS)
    assert policy.require_gate(agent, behind) is policy.require_break(agent, behind) is behind
    for other in (None, conversation(OWN, MINE), conversation(OWN, MINE, MINE), conversation(OTHER, MINE, THEIRS)):
        for require in (policy.require_gate, policy.require_break):
            with pytest.raises(NotFound, match="behind glass"):
                require(agent, other)


def test_to_break_the_glass_takes_a_token_that_may_write() -> None:
    reader = who((OWN, "agent", MINE), grants=frozenset({"read"}))
    policy.require_gate(reader, conversation(OWN, MINE, THEIRS))
    with pytest.raises(NotAllowed, match="lacks the scope write"):
        policy.require_break(reader, conversation(OWN, MINE, THEIRS))


def test_what_was_meant_for_another_municipality_is_handed_over_by_who_works_there_too() -> None:
    both = who((OWN, "agent", MINE), (OTHER, "agent", THEIRS))
    assert policy.may_hand_to(both, OTHER)
    assert not policy.may_hand_to(who((OWN, "agent", None)), OTHER)
    assert not policy.may_hand_to(who((OWN, "agent", None), (OTHER, "it", None)), OTHER)
    assert not policy.may_hand_to(who((OWN, "agent", None), (OTHER, "agent", None), grants=frozenset({"read"})), OTHER)


def by_condition(unit: Unit, actor: Actor) -> tuple[set[int], set[int]]:
    """Shown by `hidden_in` and by `known_in`, over all municipalities."""
    hidden: set[int] = set()
    known: set[int] = set()
    for home in set(unit.all(select(Conversation.municipality_id))):
        here = select(Conversation.id).where(Conversation.municipality_id == home)
        hidden |= set(unit.all(here.where(policy.hidden_in(actor, home))))
        known |= set(unit.all(here.where(policy.known_in(actor, home))))
    return hidden, known


def test_the_conditions_of_lists_say_the_same_as_the_policy_of_a_row(world: World) -> None:
    for code, queues in (("granvik", ("kontakt", "vatten")), ("nesoy", ("innbygger",))):
        for queue, confidential in product(queues, (None, *queues)):
            world.mail(municipality=code, queue=queue, confidential=confidential)
    ids, seen = world.ids, 0
    single = [
        Held(ids[code], role, ids[queue] if queue else None)
        for code, role, queue in product(("granvik", "nesoy"), ROLES, (None, "kontakt", "vatten"))
    ]
    for held in [(each,) for each in single] + [(single[1], each) for each in single]:
        for grants in (ALL_SCOPES, frozenset({"it"})):
            actor = Actor(1, "Sara", "sara@granvik.example", "sv", held, grants)
            hidden, known = world.storage.read_now(Scope.everything("test"), by_condition, actor)
            rows = world.storage.read_now(Scope.everything("test"), lambda unit: unit.all(select(Conversation)))
            assert hidden == {row.id for row in rows if policy.may_know_of(actor, row)}, held
            assert known == {row.id for row in rows if policy.shown_as(actor, row)}, held
            seen += len(hidden)
    assert seen > 50
