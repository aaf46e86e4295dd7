"""Merges over the API: what is offered, what it takes, and that the way back leaves no trace."""

import random
import re
from typing import Any

import pytest
from sqlalchemy import select

from hub.access import person
from hub.access.audit import Audit
from hub.access.person import Actor
from hub.edge import changing, guarding, merging, misdirecting
from hub.errors import TorgError
from hub.inbound.thread import _load
from hub.inbox.conversation import Conversation
from hub.inbox.delivery import Delivery
from hub.inbox.entry import Entry
from hub.inbox.merge import all_parts
from hub.inbox.municipality import Municipality
from hub.storage.scope import Scope
from hub.storage.unit import Unit
from tests.web.test_administration import Visit, kept, visit
from tests.web.world import World, let_pass, must

pytestmark = pytest.mark.both_engines

__all__ = ["kept", "visit"]


def of_one_citizen(world: World, *conversations: int) -> None:
    """As when somebody writes several times from one address."""

    def give(unit: Unit) -> None:
        first = must(unit.get(Conversation, conversations[0])).citizen_id
        for each in conversations[1:]:
            must(unit.get(Conversation, each)).citizen_id = first

    world.do(give)


def related(world: World, conversation_id: int, to: int) -> None:
    world.do(lambda unit: setattr(must(unit.get(Conversation, conversation_id)), "related_id", to))


def offered(world: World, conversation_id: int, who: str = "sara") -> list[int]:
    return [int(each["id"]) for each in world.everything(f"/conversations/{conversation_id}/merge-candidates", who)]


def merge(world: World, into: int, other: int, who: str = "sara", **options: Any) -> Any:
    number = int(world.version(other, who).strip('"'))
    path = f"/conversations/{into}/merges/{other}"
    given = {"version": world.version(into, who), "json": {"version": number}, **options}
    return world.change("PUT", path, who, **given)


def test_what_may_be_the_same_exchange_is_merged_by_one_click_and_taken_out_again(world: World, visit: Visit) -> None:
    found, hint = world.mail(), world.mail()
    related(world, found, hint)
    sara, at = visit("sara"), f"/conversations/{found}"
    button = f'name="other" value="{hint}"'
    shown = sara.get(at).text
    assert button in shown
    form = must(re.search(rf'action="({at}/merges\?[^"&]*)"', shown))[1]
    merged = sara.send(form, at, script=True, other=str(hint))
    assert merged.status_code == 200, merged.text
    assert "/merges/end" in merged.text
    assert merged.headers["HX-Retarget"] == "#thread", "what came before is shown as well"
    assert must_merge(world, hint) == found
    assert "Perhaps the same exchange" not in sara.get(at).text
    assert button not in visit("sara").get(f"/conversations/{hint}").text


def must_merge(world: World, conversation_id: int) -> int | None:
    """What it is part of now."""
    row = world.do(lambda unit: must(unit.get(Conversation, conversation_id)))
    return row.related_id if row.is_part else None


def test_offered_is_the_related_one_and_what_else_the_citizen_has_open(world: World) -> None:
    found, second, closed, hint = world.mail(), world.mail(), world.mail(closed=True), world.mail(due_at=1)
    somebody_elses = world.mail()
    of_one_citizen(world, found, second, closed)
    assert offered(world, found) == [second]
    related(world, found, hint)
    assert offered(world, found) == [hint, second]
    assert somebody_elses not in offered(world, found)
    assert world.get(f"/conversations/{found}/merge-candidates", "nils").status_code == 404


def test_a_confidential_one_is_no_hint_to_those_outside_nor_to_those_inside_what_they_may_not_open(
    world: World,
) -> None:
    found, secret = world.mail(), world.mail(confidential="vatten", text="kanarie", subject="kanarie")
    of_one_citizen(world, found, secret)
    related(world, found, secret)
    assert offered(world, found) == []
    assert "kanarie" not in world.get(f"/conversations/{found}/merge-candidates").text
    assert offered(world, secret, "vera") == []
    assert world.get(f"/conversations/{secret}/merge-candidates").status_code == 404
    water = world.mail(queue="vatten")
    of_one_citizen(world, found, water)
    assert offered(world, secret, "vera") == []  # hers to open, but not confidential: they can't become one
    refused = merge(world, water, secret, "vera")
    assert (refused.status_code, refused.json()["field"]) == (422, "conversation")


def test_merged_and_taken_out_again(world: World) -> None:
    into, other = world.mail("Var är min faktura?"), world.mail("Och min andra faktura?")
    merged = merge(world, into, other)
    assert merged.status_code == 200
    assert merged.headers["ETag"] == world.version(into)
    texts = [each["text"] for each in world.everything(f"/conversations/{into}/timeline") if each["kind"] == "mail"]
    assert texts == ["Var är min faktura?", "Och min andra faktura?"]
    part = world.get(f"/conversations/{other}").json()
    assert (part["conversation"]["closed_as"], part["related"]) == ("merged", str(into))
    assert [each["conversation_id"] for each in world.everything("/search", q="andra")] == [str(into)]
    assert [int(each["id"]) for each in world.everything(f"/conversations/{into}/merges")] == [other]
    let_pass(1)
    split = world.change("DELETE", f"/conversations/{into}/merges/{other}", version=world.version(into))
    assert split.status_code == 200
    assert world.everything(f"/conversations/{into}/merges") == []
    assert world.get(f"/conversations/{other}").json()["conversation"]["closed_at"] is None
    assert [each["conversation_id"] for each in world.everything("/search", q="andra")] == [str(other)]
    audit = world.do(lambda unit: unit.rows(select(Audit.act, Audit.conversation_id).order_by(Audit.id)))
    assert [tuple(row) for row in audit] == [
        ("conversation.merge", into),
        ("conversation.merged", other),
        ("conversation.split", into),
        ("conversation.split_off", other),
    ]


def test_what_somebody_writes_meanwhile_is_not_put_where_nobody_looks(world: World) -> None:
    """Nor done twice: what was written before the merge is answered as it was then."""
    into, other = world.mail(sender="eva@example.com"), world.mail(sender="eva@example.com")
    path, note = f"/conversations/{other}/notes", {"text": "Hon ringde"}
    before = world.ask("POST", path, json=note, headers={"Idempotency-Key": "a"})
    assert merge(world, into, other).status_code == 200
    again = world.ask("POST", path, json=note, headers={"Idempotency-Key": "a"})
    assert (again.status_code, again.json()) == (201, before.json())
    world.ask("PUT", f"/conversations/{other}/drafts/reply", json={"text": "Hej"})
    for what, body in (
        ("replies", {"text": "Hej"}),
        ("notes", {"text": "Hej"}),
        ("forwards", {"to": ["region@example.org"], "text": "Hej"}),
        ("matters", {"topic": str(world.ids["fakturor"])}),
    ):
        refused = world.ask("POST", f"/conversations/{other}/{what}", json=body)
        assert (refused.status_code, "go on there" in refused.json()["detail"]) == (409, True), what
    assert world.get(f"/conversations/{other}/drafts").json()["own"][0]["written"]["text"] == "Hej"


@pytest.mark.parametrize("times", [1, 2])
def test_an_answer_that_was_merged_away_is_taken_back_where_it_was_given(world: World, times: int) -> None:
    """Its undo time runs on, and the page that it was sent from may still stand at the old address."""
    found, other, last = world.mail(), world.mail(), world.mail()
    path = f"/conversations/{found}/replies"
    sent = world.ask("POST", path, json={"text": "Svar"}).json()["id"]
    whole = [other, last][times - 1]
    for into, part in ((other, found), (last, other))[:times]:
        assert merge(world, into, part).status_code == 200
    undone = world.change("DELETE", f"{path}/{sent}")
    assert (undone.status_code, undone.json().get("id")) == (200, str(whole)), undone.text
    assert undone.headers["ETag"] == world.version(whole)
    assert world.do(lambda unit: unit.all(select(Delivery.state))) == ["failed"]
    (draft,) = world.get(f"/conversations/{whole}/drafts").json()["own"]
    assert draft["written"]["text"] == "Svar"
    assert world.everything(f"/conversations/{whole}/timeline")[-1]["body"] == {"what": "undone", "entry": sent}
    assert world.change("DELETE", f"{path}/{sent}").status_code == 409
    assert world.change("DELETE", f"{path}/{sent}", version='"1"').status_code == 412


def test_where_it_lies_now_its_writer_takes_it_back_unseen_and_nobody_else_does(world: World) -> None:
    """Into which one it was merged isn't told to who may not open that."""
    found, other = world.mail(queue="vatten"), world.mail(queue="kontakt")
    path = f"/conversations/{found}/replies"
    sent = world.ask("POST", path, "vera", json={"text": "Svar"}).json()["id"]
    assert merge(world, other, found).status_code == 200
    assert world.change("DELETE", f"{path}/{sent}", "lena").status_code == 404
    assert world.do(lambda unit: unit.all(select(Delivery.state))) == ["queued"]
    undone = world.change("DELETE", f"{path}/{sent}", "vera")
    assert (undone.status_code, undone.content) == (204, b"")
    assert world.do(lambda unit: unit.all(select(Delivery.state))) == ["failed"]
    assert world.get(f"/conversations/{other}/drafts").json() == {"own": [], "others": []}


def test_both_are_as_they_were_read(world: World) -> None:
    into, other = world.mail(), world.mail()
    path = f"/conversations/{into}/merges/{other}"
    assert world.ask("PUT", path, json={"version": 1}).status_code == 428
    assert merge(world, into, other, version='"0"').status_code == 412
    stale = merge(world, into, other, json={"version": 99})
    assert (stale.status_code, stale.json()["title"]) == (409, "Conflict")
    assert merge(world, into, other, json={}).status_code == 400
    assert merge(world, into, into).status_code == 404
    assert world.everything(f"/conversations/{into}/merges") == []


@pytest.mark.parametrize("which", ["into", "other"])
def test_it_takes_the_right_to_work_on_both(world: World, which: str) -> None:
    mine, theirs = world.mail(queue="vatten"), world.mail()
    into, other = (theirs, mine) if which == "into" else (mine, theirs)
    path, body = f"/conversations/{into}/merges/{other}", {"version": 1}
    for method in ("PUT", "DELETE"):
        answer = world.change(method, path, "vera", '"1"', json=body if method == "PUT" else None)
        assert answer.status_code == 404
    read_only = world.ask("PUT", path, "reader", json=body, headers={"If-Match": '"1"'})
    assert read_only.status_code == 403


def test_spam_and_back(world: World) -> None:
    found = world.mail()
    path = f"/conversations/{found}/spam"
    assert world.change("DELETE", path, version=world.version(found)).status_code == 409
    marked = world.change("PUT", path, version=world.version(found)).json()
    assert (marked["closed_as"], marked["due_at"]) == ("spam", None)
    assert world.change("PUT", path, version=world.version(found)).status_code == 409
    back = world.change("DELETE", path, version=world.version(found)).json()
    assert (back["closed_as"], back["closed_at"]) == (None, None)
    assert back["due_at"] is not None
    acts = world.do(lambda unit: unit.all(select(Audit.act).order_by(Audit.id)))
    assert list(acts) == ["conversation.spam", "conversation.no_spam"]
    world.change("PUT", f"/conversations/{found}/closure", version=world.version(found))
    assert world.change("DELETE", path, version=world.version(found)).status_code == 409


@pytest.mark.parametrize("seed", range(4))
def test_however_they_are_merged_everything_lies_where_its_whole_is(world: World, seed: int) -> None:
    """And all of a whole is limited as it is, and a mail to a part joins the whole."""

    def join_water(unit: Unit) -> None:
        sara, granvik = unit.get(person.Person, world.ids["sara"]), unit.get(Municipality, world.ids["granvik"])
        person.join(unit, must(sara), must(granvik), "agent", world.ids["vatten"])

    world.do(join_water)
    actor, chance = world.actor("sara"), random.Random(seed)  # noqa: S311 - the same each time, on purpose
    ids = [world.mail(sender=f"{chance.choice('abc')}@example.com") for _ in range(5)]
    done = 0
    for _ in range(40):
        what, into, other = chance.choice(sorted(ACTS)), *chance.sample(ids, 2)
        try:
            world.storage.write_now(Scope.of(actor), act, actor, what, into, other, world.ids["vatten"])
        except TorgError:
            continue  # what can't be done, isn't: it is rolled back, and all is as it was looked at
        done += 1
        world.do(all_is_where_it_belongs, ids)
    assert done > 5


ACTS = {"merge", "split", "limit", "lift", "close", "reopen", "note", "take back"}


def act(unit: Unit, actor: Actor, what: str, into: int, other: int, queue_id: int) -> None:
    version = f'"{must(unit.get(Conversation, into)).version}"'
    match what:
        case "merge":
            merging.merge(unit, actor, into, version, other)
        case "split":
            merging.split(unit, actor, into, version, other)
        case "limit":
            guarding.limit(unit, actor, into, version, queue_id)
        case "lift":
            guarding.lift(unit, actor, into, version)
        case "close":
            changing.close(unit, actor, into, version)
        case "reopen":
            changing.reopen(unit, actor, into, version)
        case "note":
            misdirecting.note(unit, actor, into, version, "Regionen")
        case _:
            misdirecting.take_back(unit, actor, into, version)


def all_is_where_it_belongs(unit: Unit, ids: list[int]) -> None:
    rows = {row_id: must(unit.get(Conversation, row_id)) for row_id in ids}
    wholes = {}
    for row_id, row in rows.items():
        whole = row
        while whole.is_part:
            whole = rows[must(whole.related_id)]
        wholes[row_id] = whole.id
        assert row.confidential_queue_id == whole.confidential_queue_id
    mails = select(Entry.first_conversation_id, Entry.conversation_id).where(Entry.kind == "mail")
    assert dict(unit.rows(mails.where(Entry.first_conversation_id.in_(ids)))) == wholes
    assert {row_id: thread.id for row_id, thread in _load(unit, set(ids)).items()} == wholes
    for row_id in set(wholes.values()):
        parts = {each.id for each in all_parts(unit, rows[row_id])}
        assert parts == {each for each, whole in wholes.items() if whole == row_id != each}
