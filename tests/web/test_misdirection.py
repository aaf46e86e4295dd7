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
from hub.channels.route import text_route
from hub.edge import looking, misdirecting
from hub.edge.looking import Looked
from hub.inbox import confidential
from hub.inbox.call import Call
from hub.inbox.citizen import Citizen, CitizenPoint
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Attachment, Entry, Mail
from hub.inbox.municipality import Municipality
from hub.inbox.participant import Participant
from hub.inbox.promise import Promise
from hub.inbox.queue import Queue
from hub.inbox.text import Text, TextRoute
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


def claim(world: World, conversation_id: int) -> None:
    """Its citizen has only said that the address is theirs, in a form or a chat."""

    def set_it(unit: Unit) -> None:
        citizen_id = must(unit.get(Conversation, conversation_id)).citizen_id
        unit.change(update(CitizenPoint).where(CitizenPoint.citizen_id == citizen_id).values(claimed_at=clock.now()))

    world.do(set_it)


@pytest.mark.parametrize("claimed_there", [False, True])
def test_a43_who_only_claims_an_address_is_nobody_there_either(world: World, claimed_there: bool) -> None:
    known = world.mail(municipality="holmo", sender="eva@example.com")
    found = world.mail(sender="eva@example.com")
    claim(world, known if claimed_there else found)
    copy = copy_of(send(world, found))
    whose = world.do(lambda unit: [must(unit.get(Conversation, each)).citizen_id for each in (known, copy)])
    assert whose[0] != whose[1]
    query = select(CitizenPoint.claimed_at).where(CitizenPoint.citizen_id == whose[1])
    assert (world.do(lambda unit: unit.first(query)) is None) == claimed_there


def test_an_identity_that_a_form_was_told_stays_where_it_is_sealed(world: World) -> None:
    found = world.mail()

    def fill_in(unit: Unit) -> None:
        answer = {"key": "nummer", "kind": "identity", "label": "Personnummer", "text": "", "identity": "CIPHER"}
        must(unit.get(Conversation, found)).append(
            unit,
            Entry(
                kind="form", author_kind="citizen", visibility="public", language="sv", text="",
                body={"form": "1", "version": 1, "title": "Felanmälan", "name": "", "answers": [answer]},
            ),
        )  # fmt: skip

    world.do(fill_in)
    copy = copy_of(send(world, found))
    bodies = world.do(lambda unit: unit.all(select(Entry.body).where(Entry.conversation_id == copy)))
    assert "Felanmälan" in str(bodies)
    assert "CIPHER" not in str(bodies)


@pytest.mark.parametrize("answered", [True, False])
def test_a_call_is_one_there_too_and_who_reached_nobody_is_called_back(world: World, answered: bool) -> None:
    now = clock.now()

    def call(unit: Unit) -> int:
        home = world.ids["granvik"]
        citizen = Citizen(municipality_id=home, name="+46701740605")
        unit.add(citizen)
        row = Conversation(
            municipality_id=home, citizen_id=citizen.id, queue_id=world.ids["kontakt"], subject="Växel", opened_at=now,
            due_at=clock.NEVER, contact_kind="call",
        )  # fmt: skip
        unit.add(row)
        body: dict[str, Any] = {
            "caller": "+46701740605",
            "called": None,
            "agent": None,
            "registered": {"questions": []},
        }
        entry = row.append(
            unit,
            Entry(kind="call", author_kind="citizen", visibility="public", language="sv", text="Ville veta", body=body),
        )
        unit.add(
            Call(
                municipality_id=home, entry_id=entry.id, state="ended", number="+46701740605", menu_path=[],
                offered_at=now, answered_at=now if answered else None, ended_at=now, cause="no-answer", transfers=[],
                steps={"1/x": []}, seen={},
            )
        )  # fmt: skip
        return row.id

    found = world.do(call)
    copy = copy_of(send(world, found))
    entries = world.everything(f"/conversations/{copy}/timeline")
    (entry,) = [each for each in entries if each["kind"] == "call"]
    assert entry["text"] == "Ville veta"
    assert "registered" not in entry["body"]
    assert "+46701740605" not in str(entry)
    assert entry["call"]["state"] == "ended"
    assert entry["call"]["number"] == "+46 70 ••••• 05"
    owed = world.do(lambda unit: unit.all(select(Promise.number).where(Promise.conversation_id == copy)))
    assert owed == ([] if answered else ["+46701740605"])
    assert (world.get(f"/conversations/{copy}").json()["conversation"]["due_at"] is None) == answered


def test_a_text_is_answered_from_a_number_of_the_municipality_that_it_was_meant_for(world: World) -> None:
    ida, ours, theirs = "+46706861004", "+46766861004", "+46766861005"

    def came(unit: Unit) -> int:
        kontakt, now = world.ids["kontakt"], clock.now()
        sms = Channel(kind="elks", name="SMS", home_id=None, sends_by_id=None, lease_until=0,
                      config={"number": ours, "destination": f"granvik/{kontakt}"})  # fmt: skip
        unit.add(sms)
        citizen = Citizen(municipality_id=world.ids["granvik"], name=ida)
        unit.add(citizen)
        row = Conversation(
            municipality_id=world.ids["granvik"], citizen_id=citizen.id, queue_id=kontakt, subject="Väg",
            opened_at=now, due_at=now, contact_kind="sms",
        )  # fmt: skip
        unit.add(row)
        entry = row.append(
            unit,
            Entry(kind="sms", author_kind="citizen", channel_id=sms.id, visibility="public", language="sv",
                  text="Vår väg är oplogad", body={"number": ida, "our_number": ours}),
        )  # fmt: skip
        unit.add(Text(municipality_id=row.municipality_id, entry_id=entry.id, number=ida, our_number=ours))
        return row.id

    found = world.do(came)
    copy = copy_of(send(world, found))
    (text,) = world.do(lambda unit: unit.all(select(Text).where(Text.municipality_id == world.ids["holmo"])))
    assert (text.number, text.our_number, text.outside_id) == (ida, ours, None)
    hits = world.get("/search", params={"q": f"from:{ida}"}).json()["items"]
    assert str(copy) in {each["conversation_id"] for each in hits}

    def route(unit: Unit) -> TextRoute | None:
        return text_route(unit, must(unit.get(Conversation, copy)))

    assert world.do(route) is None  # not from Granvik's: its answer would land there
    said = {"text": "Vi plogar", "by": "sms"}
    refused = world.ask("POST", f"/conversations/{copy}/replies", json=said)
    assert refused.status_code == 422
    assert "and Holmö has none of its own to answer from" in refused.text
    assert must(looked(world, copy).no_texts).field == "by"

    def give(unit: Unit) -> int:
        own = Channel(kind="elks", name="SMS 2", home_id=None, sends_by_id=None, lease_until=0,
                      config={"number": theirs, "destination": f"holmo/{world.ids['kontakt']}"})  # fmt: skip
        unit.add(own)
        return own.id

    own = world.do(give)
    assert world.do(route) == TextRoute(own, theirs, ida)
    assert looked(world, copy).no_texts is None


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


def test_who_may_not_open_it_any_more_is_told_whom_to_ask(world: World) -> None:
    """Their answer was handed on; they can't take that back themselves."""
    found = world.mail()
    said = world.ask("POST", f"/conversations/{found}/replies", json={"text": "Fel svar"}).json()
    copy_of(send(world, found))

    def limit(unit: Unit) -> None:
        queue = must(unit.get(Queue, world.ids["vatten"]))
        confidential.limit(unit, must(unit.get(Conversation, found)), world.ids["vera"], queue)

    world.do(limit)
    late = world.change("DELETE", f"/conversations/{found}/replies/{said['id']}")
    assert (late.status_code, "ask them to take the conversation back" in late.json()["detail"]) == (409, True)


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
    linked, second = looked(world, here).also_sent
    assert (linked.id, linked.municipality_id) == (str(there), str(world.ids["holmo"]))
    assert (second.id, second.queue_id) == (str(beside), str(world.ids["kontakt"]))  # by another mailbox of its own
    assert (linked.assignee, linked.answered_by) == (None, None)
    world.change("PUT", f"/conversations/{there}/assignment", version=world.version(there), json={"person": "me"})
    assert [each.assignee for each in looked(world, here).also_sent] == [world.actor("sara").name, None]
    world.do(_answered, there, world.actor("sara").id)
    assert [each.answered_by for each in looked(world, here).also_sent] == [world.actor("sara").name, None]
    assert {each.id for each in looked(world, there).also_sent} == {str(here), str(beside)}
    assert [each.id for each in looked(world, here, "kim").also_sent] == [str(beside)]


def _answered(unit: Unit, conversation_id: int, by_id: int) -> None:
    entry = Entry(kind="mail", author_kind="person", author_id=by_id, visibility="public", text="Ja.", body={})
    must(unit.lock(Conversation, conversation_id)).append(unit, entry)


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
