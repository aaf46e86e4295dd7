"""What was meant for somebody else: a copy in another municipality of the centre, or a note; and the way back."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from hub import clock
from hub.access import person
from hub.access.audit import Audit
from hub.channels.channel import Channel
from hub.edge import looking, misdirecting
from hub.edge.looking import Looked
from hub.inbox.citizen import Citizen, CitizenPoint
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Attachment, Entry, Mail
from hub.inbox.municipality import Municipality
from hub.inbox.participant import Participant
from hub.storage.scope import Scope
from hub.storage.unit import Unit
from tests.web.world import World, let_pass, must


def send(world: World, conversation_id: int, to: str = "holmo", queue: str = "kontakt", who: str = "sara") -> Any:
    body = {"municipality": str(world.ids[to]), "queue": str(world.ids[queue])}
    version = world.version(conversation_id, who)
    return world.change("PUT", f"/conversations/{conversation_id}/misdirection", who, version, json=body)


def looked(world: World, conversation_id: int, who: str = "sara") -> Looked:
    actor = world.actor(who)
    return world.storage.write_now(Scope.of(actor), looking.look_at, actor, conversation_id)


def copy_of(answer: Any) -> int:
    assert answer.status_code == 200, answer.text
    return int(answer.json()["copy"]["id"])


def test_the_copy_holds_what_the_citizen_wrote_and_was_answered(world: World) -> None:
    found = world.mail(
        "Vår väg är oplogad",
        subject="Väg",
        sender="Eva.Berg@example.com",
        attachments=[("a.txt", "text/plain", b"fil")],
    )
    world.ask("POST", f"/conversations/{found}/replies", json={"text": "Vi skickar den vidare."})
    world.ask("POST", f"/conversations/{found}/notes", json={"text": "Intern anteckning"})
    world.ask("POST", f"/conversations/{found}/matters", json={"topic": str(world.ids["fakturor"])})
    answer = send(world, found)
    closed = answer.json()["conversation"]
    assert (closed["closed_as"], closed["due_at"]) == ("misdirected", None)
    copy = copy_of(answer)
    page = world.get(f"/conversations/{copy}").json()
    assert page["conversation"]["subject"] == "Väg"
    assert page["conversation"]["municipality_id"] == str(world.ids["holmo"])
    assert page["matters"] == []
    assert [each["value"] for each in page["participants"]] == ["Ev••••••@example.com"]
    entries = world.everything(f"/conversations/{copy}/timeline")
    assert [each["text"] for each in entries if each["kind"] != "change"] == [
        "Vår väg är oplogad",
        "Vi skickar den vidare.",
    ]
    assert world.get(f"/attachments/{entries[0]['attachments'][0]['public_id']}").content == b"fil"
    hits = {each["conversation_id"] for each in world.everything("/search", q="oplogad")}
    assert hits == {str(found), str(copy)}
    audit = world.do(lambda unit: unit.rows(select(Audit.act, Audit.municipality_id, Audit.conversation_id)))
    assert {tuple(row) for row in audit if "direct" in row.act or "receive" in row.act} == {
        ("conversation.misdirect", world.ids["granvik"], found),
        ("conversation.receive", world.ids["holmo"], copy),
    }


def test_not_a_row_of_it_stays_the_other_municipalitys(world: World) -> None:
    """And the copy's files have addresses of their own: who reads one can't read the other by it."""
    found = world.mail(attachments=[("a.txt", "text/plain", b"fil")])
    copy = copy_of(send(world, found))

    def rows(unit: Unit) -> set[int]:
        of = select(Entry.id).where(Entry.conversation_id == copy)
        conversation = must(unit.get(Conversation, copy))
        homes = {conversation.municipality_id, must(unit.get(Citizen, conversation.citizen_id)).municipality_id}
        for cls in (Mail, Attachment):
            homes |= set(unit.all(select(cls.municipality_id).where(cls.entry_id.in_(of))))
        homes |= set(unit.all(select(Entry.municipality_id).where(Entry.conversation_id == copy)))
        homes |= set(unit.all(select(Participant.municipality_id).where(Participant.conversation_id == copy)))
        return homes

    assert world.do(rows) == {world.ids["holmo"]}
    files = world.do(lambda unit: unit.all(select(Attachment.public_id)))
    assert len(set(files)) == 2


def test_it_is_due_there_from_when_it_came(world: World) -> None:
    monday = clock.from_datetime(datetime(2027, 2, 8, 10, tzinfo=ZoneInfo("Europe/Stockholm")))
    clock.set_source(lambda: monday)
    found = world.mail()
    clock.set_source(lambda: monday + 3 * clock.DAY)
    due = world.get(f"/conversations/{copy_of(send(world, found))}").json()["conversation"]["due_at"]
    assert must(clock.from_iso(due)) < monday + 3 * clock.DAY


def test_a_citizen_who_is_known_there_is_the_same_one(world: World) -> None:
    known = world.mail(municipality="holmo", sender="eva@example.com")
    found = world.mail(sender="eva@example.com")
    copy = copy_of(send(world, found))
    citizens = world.do(lambda unit: [must(unit.get(Conversation, each)).citizen_id for each in (known, copy, found)])
    assert citizens[0] == citizens[1] != citizens[2]


def test_both_say_where_the_other_is_to_who_may_open_it(world: World) -> None:
    found = world.mail(queue="vatten")
    copy = copy_of(send(world, found, queue="vatten"))
    here, there = looked(world, found), looked(world, copy)
    assert must(here.moved_to).id == str(copy)
    assert must(there.moved_from).id == str(found)
    assert here.also_sent == there.also_sent == []  # it was sent once
    assert looked(world, found, "vera").moved_to is None  # she works in Granvik alone


def give_addresses(world: World) -> None:
    """One to each municipality."""

    def give(unit: Unit) -> None:
        here = {f"{code}@torg.example": f"{code}/{world.ids['kontakt']}" for code in ("granvik", "holmo")}
        must(unit.get(Channel, world.ids["in"])).config = {"addresses": here}

    world.do(give)


def answered_as(world: World, conversation_id: int) -> tuple[str, str, list[str]]:
    """Our address and name, and to whom."""

    def sent(unit: Unit) -> tuple[str, str, list[str]]:
        of = select(Entry).where(Entry.conversation_id == conversation_id, Entry.author_kind == "person")
        entry = must(unit.first(of.where(Entry.kind == "mail").order_by(Entry.id.desc())))
        mail = must(unit.first(select(Mail).where(Mail.entry_id == entry.id)))
        return mail.sender, entry.body["name"], mail.recipients["to"]

    answer = world.ask("POST", f"/conversations/{conversation_id}/replies", json={"text": "Vi plogar i kväll."})
    assert answer.status_code == 201, answer.text
    return world.do(sent)


def test_it_is_answered_there_as_that_municipality(world: World) -> None:
    found = world.mail(sender="eva@example.com")
    copy = copy_of(send(world, found))
    said = {"text": "Vi plogar i kväll."}
    assert world.ask("POST", f"/conversations/{copy}/replies", json=said).status_code == 422  # no address of its own
    give_addresses(world)
    for _ in range(2):  # what we answered there ourselves changes nothing
        assert answered_as(world, copy) == ("holmo@torg.example", "Holmö", ["eva@example.com"])


@pytest.mark.parametrize("way", ["copy into own", "own into copy"])
def test_merged_with_what_came_there_it_is_answered_as_that_came(world: World, way: str) -> None:
    """Though what was misdirected is the newer mail."""
    give_addresses(world)
    own = world.mail(sender="eva@example.com", municipality="holmo")
    let_pass(10)
    found = world.mail(sender="eva@example.com")
    copy = copy_of(send(world, found))
    into, other = (own, copy) if way == "copy into own" else (copy, own)
    body = {"version": int(world.version(other).strip('"'))}
    path = f"/conversations/{into}/merges/{other}"
    assert world.change("PUT", path, version=world.version(into), json=body).status_code == 200
    assert answered_as(world, into) == ("kommunen@holmo.example", "Holmö", ["eva@example.com"])


def test_what_was_handed_on_with_it_is_not_taken_back_alone(world: World) -> None:
    """Where it was handed on to, it stands as answered."""
    found = world.mail()
    said = world.ask("POST", f"/conversations/{found}/replies", json={"text": "Fel svar"}).json()
    copy = copy_of(send(world, found))
    path = f"/conversations/{found}/replies/{said['id']}"
    late = world.change("DELETE", path)
    assert (late.status_code, "take the conversation back first" in late.json()["detail"]) == (409, True)
    world.change("DELETE", f"/conversations/{found}/misdirection", version=world.version(found))
    assert world.change("DELETE", path).status_code == 200
    assert world.get(f"/conversations/{copy}").json()["conversation"]["closed_as"] == "misdirected"
    assert copy_of(send(world, found)) != copy
    noted = world.mail()
    said = world.ask("POST", f"/conversations/{noted}/replies", json={"text": "Fel svar"}).json()
    where = {"where": "Trafikverket"}
    world.change("PUT", f"/conversations/{noted}/misdirection", version=world.version(noted), json=where)
    assert world.change("DELETE", f"/conversations/{noted}/replies/{said['id']}").status_code == 200


def test_what_is_confidential_is_so_there(world: World) -> None:
    found = world.mail("kanarie", confidential="vatten")

    def join_holmo(unit: Unit) -> None:
        from hub.access.person import Membership  # noqa: PLC0415 - for this one row

        unit.add(
            Membership(
                person_id=world.ids["vera"], municipality_id=world.ids["holmo"], role="agent",
                queue_id=world.ids["vatten"], since=0,
            )
        )  # fmt: skip

    assert send(world, found, queue="vatten", who="vera").status_code == 422  # she doesn't work there
    world.do(join_holmo)
    clock.set_source(lambda: clock._machine() + 5 * clock.SECOND)  # past what is cached of a token
    unread = send(world, found, queue="kontakt", who="vera")  # nobody is named for it in Holmö
    assert (unread.status_code, unread.json()["field"]) == (422, "queue")
    copy = copy_of(send(world, found, queue="vatten", who="vera"))
    assert world.get(f"/conversations/{copy}", "vera").json()["conversation"]["confidential"] is True
    for outside in ("sara", "kim", "nils"):
        assert world.get(f"/conversations/{copy}", outside).status_code == 404
    assert world.everything("/search", q="kanarie") == []
    gate = world.get(f"/conversations/{copy}/glass").json()
    assert (gate["queue"], gate["since"] is not None) == ({"sv": "vatten"}, True)


@pytest.mark.parametrize(
    ("to", "queue", "field"),
    [
        ("granvik", "kontakt", "municipality"),
        ("nesoy", "innbygger", "municipality"),
        ("holmo", "innbygger", "queue"),
        ("nowhere", "kontakt", "municipality"),
        ("holmo", "nowhere", "queue"),
    ],
)
def test_only_another_municipality_that_one_works_for_and_a_queue_of_it(
    world: World, to: str, queue: str, field: str
) -> None:
    world.ids["nowhere"] = 2**63 - 1
    found = world.mail()
    answer = send(world, found, to, queue)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert world.get(f"/conversations/{found}").json()["conversation"]["closed_at"] is None
    assert send(world, world.mail(queue="vatten"), who="vera").status_code == 422


def test_a_note_of_where_it_belongs(world: World) -> None:
    found = world.mail()
    path = f"/conversations/{found}/misdirection"
    both = {"municipality": str(world.ids["holmo"]), "queue": str(world.ids["kontakt"]), "where": "Regionen"}
    for wrong, status in (
        ({}, 422),
        (both, 422),
        ({"municipality": str(world.ids["holmo"])}, 422),
        ({"where": "x"}, 400),
        ({"where": "   "}, 422),
    ):
        assert world.change("PUT", path, version=world.version(found), json=wrong).status_code == status
    assert world.ask("PUT", path, json={"where": "Regionen"}).status_code == 428
    assert world.change("PUT", path, version='"0"', json={"where": "Regionen"}).status_code == 412
    answer = world.change("PUT", path, version=world.version(found), json={"where": "Trafikverket, väg 40"})
    assert (answer.json()["copy"], answer.json()["conversation"]["closed_as"]) == (None, "misdirected")
    entry = world.everything(f"/conversations/{found}/timeline")[-1]
    assert entry["body"] == {"what": "misdirected", "where": "Trafikverket, väg 40"}
    back = world.change("DELETE", path, version=world.version(found)).json()
    assert (back["copy"], back["conversation"]["closed_at"]) == (None, None)
    assert back["conversation"]["due_at"] is not None


def test_taken_back_a_copy_that_nobody_touched_is_closed(world: World) -> None:
    found = world.mail()
    copy = copy_of(send(world, found))
    path = f"/conversations/{found}/misdirection"
    assert world.ask("DELETE", path).status_code == 428
    back = world.change("DELETE", path, version=world.version(found)).json()
    assert (back["conversation"]["closed_at"], back["copy"]["id"]) == (None, str(copy))
    there = world.get(f"/conversations/{copy}").json()["conversation"]
    assert there["closed_as"] == "misdirected"
    assert world.everything(f"/conversations/{copy}/timeline")[-1]["body"]["what"] == "taken_back"
    assert looked(world, found).moved_to is None
    assert world.change("DELETE", path, version=world.version(found)).status_code == 409


def test_taken_back_a_copy_that_somebody_works_on_stays(world: World) -> None:
    found = world.mail()
    copy = copy_of(send(world, found))
    world.ask("POST", f"/conversations/{copy}/notes", json={"text": "Jag tar den"})
    back = world.change("DELETE", f"/conversations/{found}/misdirection", version=world.version(found)).json()
    assert (back["conversation"]["closed_at"], back["copy"]["id"]) == (None, str(copy))
    assert world.get(f"/conversations/{copy}").json()["conversation"]["closed_at"] is None


@pytest.mark.parametrize("role", [None, "auditor", "it"])
def test_taken_back_by_who_does_not_work_there_the_copy_stays(world: World, role: str | None) -> None:
    """Though some other role of theirs may reach that far."""

    def join_holmo(unit: Unit) -> None:
        kim = must(unit.get(person.Person, world.ids["kim"]))
        person.join(unit, kim, must(unit.get(Municipality, world.ids["holmo"])), role or "")

    if role is not None:
        world.do(join_holmo)
    found = world.mail()
    copy = copy_of(send(world, found))
    path = f"/conversations/{found}/misdirection"
    back = world.change("DELETE", path, "kim", world.version(found, "kim")).json()
    assert (back["conversation"]["closed_at"], back["copy"]) == (None, None)
    assert world.get(f"/conversations/{copy}").json()["conversation"]["closed_at"] is None


def test_where_it_could_go_from_here(world: World) -> None:
    def offered(who: str, of: int) -> set[tuple[str, str]]:
        actor = world.actor(who)
        found = world.storage.read_now(Scope.of(actor), misdirecting.destinations, actor, of)
        return {(each.municipality_id, each.queue_id) for each in found}

    ids = {name: str(row_id) for name, row_id in world.ids.items()}
    assert offered("sara", world.mail()) == {(ids["holmo"], ids["kontakt"]), (ids["holmo"], ids["vatten"])}
    assert offered("vera", world.mail(queue="vatten")) == set()


def same_mail(world: World, *conversations: int) -> None:
    """One Message-ID."""

    def claim(unit: Unit) -> None:
        of = select(Entry.id).where(Entry.conversation_id.in_(conversations))
        unit.change(update(Mail).where(Mail.entry_id.in_(of)).values(message_id="<one@post.example>"))

    world.do(claim)


def test_one_mail_to_several_mailboxes_is_linked_to_who_may_open_the_other(world: World) -> None:
    here = world.mail("Samma text", sender="eva@example.com")
    there = world.mail("Samma text", municipality="holmo", sender="eva@example.com")
    secret = world.mail("Samma text", municipality="holmo", sender="eva@example.com", confidential="vatten")
    foreign = world.mail("Samma text", municipality="nesoy", queue="innbygger", sender="eva@example.com")
    beside = world.mail("Samma text", sender="eva@example.com")
    same_mail(world, here, there, secret, foreign, beside)
    (linked,) = looked(world, here).also_sent
    assert (linked.id, linked.municipality_id) == (str(there), str(world.ids["holmo"]))
    assert {each.id for each in looked(world, there).also_sent} == {str(here), str(beside)}
    assert looked(world, here, "kim").also_sent == []


@pytest.mark.parametrize("what", ["text", "sender"])
def test_a_message_id_that_somebody_else_claims_links_nothing(world: World, what: str) -> None:
    here = world.mail("Samma text", sender="eva@example.com")
    claimed = {"text": "Samma text", "sender": "eva@example.com", what: "an@other.example"}
    same_mail(world, here, world.mail(municipality="holmo", **claimed))
    assert looked(world, here).also_sent == []


def test_the_point_of_an_identity_is_not_copied(world: World) -> None:
    found = world.mail()

    def take_part(unit: Unit) -> None:
        row = must(unit.get(Conversation, found))
        point = CitizenPoint(
            municipality_id=row.municipality_id, citizen_id=row.citizen_id, first_citizen_id=row.citizen_id,
            kind="identity", value="CIPHER", match_key="HASH",
        )  # fmt: skip
        unit.add(point)
        unit.add(
            Participant(
                municipality_id=row.municipality_id, conversation_id=row.id, citizen_point_id=point.id, role="added"
            )
        )

    world.do(take_part)
    copy = copy_of(send(world, found))
    kinds = [each["kind"] for each in world.get(f"/conversations/{copy}").json()["participants"]]
    assert kinds == ["email"]
