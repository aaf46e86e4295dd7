"""What an agent writes, over the API: past a newer entry, with a close or a wait, forwarded, and first."""

from typing import Any

import pytest
from sqlalchemy import select

from hub import clock
from hub.access.audit import Audit
from hub.channels.channel import Channel
from hub.edge import writing
from hub.errors import NotFound
from hub.inbox.citizen import Citizen
from hub.inbox.delivery import Delivery
from hub.inbox.entry import Attachment
from hub.settings import Settings
from hub.storage.scope import Scope
from hub.storage.unit import Unit
from tests.web.world import World, must


def begin(world: World, who: str = "sara", **said: Any) -> Any:
    """A new message."""
    whole = {"municipality": "granvik", "queue": str(world.ids["kontakt"]), "to": "ny@invanare.example"}
    return world.ask("POST", "/conversations", who, json={**whole, "subject": "Om avgiften", "text": "Hej.", **said})


@pytest.fixture
def addressed(world: World) -> World:
    """Its incoming channel lists an address for each of its municipalities."""

    def configure(unit: Unit) -> None:
        here = {f"{code}@torg.example": f"{code}/{world.ids['kontakt']}" for code in ("granvik", "holmo")}
        must(unit.get(Channel, world.ids["in"])).config = {"addresses": here}

    world.do(configure)
    return world


def test_sending_over_a_newer_entry_asks_first(world: World) -> None:
    found = world.mail(queue="vatten")
    path = f"/conversations/{found}/replies"
    seen = world.get(f"/conversations/{found}").json()["conversation"]["last_entry_id"]
    newer = world.ask("POST", f"/conversations/{found}/notes", "vera", json={"text": "Vänta"}).json()["id"]
    said = {"text": "Svar", "seen_entry_id": seen}
    refused = world.ask("POST", path, json=said)
    assert (refused.status_code, refused.json()["entry"]) == (409, newer)
    assert "Vera has written a note" in refused.json()["detail"]
    assert world.ask("POST", path, json={**said, "seen_entry_id": newer}).status_code == 201
    assert world.ask("POST", path, json={**said, "over": True}).status_code == 201


def test_a_key_asked_for_again_is_not_overtaken(world: World) -> None:
    found = world.mail(queue="vatten")
    seen = world.get(f"/conversations/{found}").json()["conversation"]["last_entry_id"]
    said, key = {"text": "Svar", "seen_entry_id": seen}, {"Idempotency-Key": "k"}
    first = world.ask("POST", f"/conversations/{found}/replies", json=said, headers=key)
    world.ask("POST", f"/conversations/{found}/notes", "vera", json={"text": "Sen"})
    again = world.ask("POST", f"/conversations/{found}/replies", json=said, headers=key)
    assert (first.status_code, again.status_code, again.content) == (201, 201, first.content)


def test_copies_close_and_wait(world: World) -> None:
    found, other = world.mail(), world.mail()
    closed = world.ask(
        "POST", f"/conversations/{found}/replies", json={"text": "Klart", "then": "close", "cc": ["a@b.example"]}
    )
    assert closed.headers["ETag"] == f'"{closed.json()["version"]}"' == world.version(found)
    assert world.get(f"/conversations/{found}").json()["conversation"]["closed_at"] is not None
    undone = world.change("DELETE", f"/conversations/{found}/replies/{closed.json()['id']}")
    assert (undone.json()["closed_at"], undone.json()["due_at"] is None) == (None, False)
    until = clock.to_iso(clock.now() + clock.DAY)
    waiting = {"text": "Vi återkommer", "then": "wait", "until": until}
    assert world.ask("POST", f"/conversations/{other}/replies", json=waiting).status_code == 201
    line = world.get(f"/conversations/{other}").json()["conversation"]
    assert line["wait_until"] == line["due_at"] == until
    for wrong in ({"then": "wait"}, {"until": until}, {"cc": ["ingen"]}):
        assert world.ask("POST", f"/conversations/{other}/replies", json={"text": "x", **wrong}).status_code == 422
    naive = {"text": "x", "then": "wait", "until": "2027-01-01T10:00:00"}
    assert world.ask("POST", f"/conversations/{other}/replies", json=naive).status_code == 400


def test_a_forward_leaves_the_answer_owed(world: World) -> None:
    found = world.mail("Jag, citizen1, undrar", sender="citizen1@example.com")
    said = {"to": ["registrator@myndighet.example"], "text": "Till er"}
    made = world.ask("POST", f"/conversations/{found}/forwards", json=said)
    assert made.status_code == 201
    assert world.get(f"/conversations/{found}").json()["conversation"]["due_at"] is not None
    entry = world.everything(f"/conversations/{found}/timeline")[-1]
    assert (entry["visibility"], entry["body"]["what"]) == ("internal", "forward")
    assert "citizen1" not in entry["text"]
    undone = world.change("DELETE", f"/conversations/{found}/replies/{made.json()['id']}")
    assert undone.status_code == 200
    (again,) = world.get(f"/conversations/{found}/drafts").json()["own"]
    assert (again["kind"], again["written"]["to"], again["written"]["text"]) == ("forward", said["to"], "Till er")
    assert world.ask("POST", f"/conversations/{found}/forwards", json={**said, "to": []}).status_code == 422


def test_files_of_the_citizen_go_along_where_they_are_chosen(world: World) -> None:
    files = [("karta.pdf", "application/pdf", b"karta"), ("bild.png", "image/png", b"bild")]
    found = world.mail("Se kartan.", attachments=files)
    (mail,) = world.everything(f"/conversations/{found}/timeline")
    chart, picture = (each["public_id"] for each in mail["attachments"])
    offer = world.storage.read_now(Scope.of(world.actor("sara")), writing.offer_forward, world.actor("sara"), found)
    assert [each.name for each in offer.files] == ["karta.pdf", "bild.png"]
    said = {"to": ["registrator@myndighet.example"], "entries": [mail["id"]], "files": [chart]}
    made = world.ask("POST", f"/conversations/{found}/forwards", json=said).json()
    sent = world.everything(f"/conversations/{found}/timeline")[-1]
    assert [each["name"] for each in sent["attachments"]] == ["karta.pdf"]
    assert sent["attachments"][0]["public_id"] != chart  # whoever has the one address hasn't the other

    def content(unit: Unit) -> bytes | None:
        return unit.first(select(Attachment.body).where(Attachment.entry_id == int(sent["id"])))

    assert world.do(content) == b"karta"
    assert world.change("DELETE", f"/conversations/{found}/replies/{made['id']}").status_code == 200
    (again,) = world.get(f"/conversations/{found}/drafts").json()["own"]
    assert (again["written"]["along"], again["uploads"]) == ([mail["id"], chart], [])
    world.ask("POST", f"/conversations/{found}/replies", json={"text": "Hej"})
    elsewhere = world.mail("Annat.", attachments=[("hemlig.pdf", "application/pdf", b"hemlig")])
    (other,) = world.everything(f"/conversations/{elsewhere}/timeline")
    for wrong in (other["attachments"][0]["public_id"], sent["attachments"][0]["public_id"], "x" * 22):
        refused = world.ask("POST", f"/conversations/{found}/forwards", json={**said, "files": [chart, wrong]})
        assert (refused.status_code, refused.json()["field"]) == (422, "files")
    assert picture not in str(world.everything(f"/conversations/{found}/timeline")[1:])


def test_files_of_a_forward_have_room_together(world: World) -> None:
    found = world.mail("Se bilden.", attachments=[("stor.png", "image/png", b"s" * 1_000_001)])
    (mail,) = world.everything(f"/conversations/{found}/timeline")
    world.client.app.state.settings = Settings(upload_megabytes=1)
    said = {"to": ["a@myndighet.example"], "files": [mail["attachments"][0]["public_id"]]}
    refused = world.ask("POST", f"/conversations/{found}/forwards", json=said)
    assert (refused.status_code, "1 MB together" in refused.json()["detail"]) == (422, True)


def test_a_new_message_begins_a_conversation(addressed: World) -> None:
    made = begin(addressed, topics=[str(addressed.ids["fakturor"])], cc=["kopia@example.com"])
    assert made.status_code == 201
    shown = addressed.get(f"/conversations/{made.json()['conversation_id']}").json()
    assert (shown["conversation"]["subject"], shown["conversation"]["due_at"]) == ("Om avgiften", None)
    assert [each["value"] for each in shown["participants"]] == ["n••••••@invanare.example"]
    assert len(shown["matters"]) == 1

    def check(unit: Unit) -> None:
        sent = unit.all(select(Delivery).order_by(Delivery.id))
        assert [each.recipient for each in sent] == ["ny@invanare.example", "kopia@example.com"]
        assert {each.channel_id for each in sent} == {addressed.ids["out"]}
        acts = unit.all(select(Audit).where(Audit.act == "conversation.begin"))
        assert [row.person_id for row in acts] == [addressed.ids["sara"]]

    addressed.do(check)
    path = f"/conversations/{made.json()['conversation_id']}/replies/{made.json()['id']}"
    assert addressed.change("DELETE", path).json()["closed_at"] is not None


def test_a_new_message_to_a_known_citizen(addressed: World) -> None:
    known = addressed.get(f"/conversations/{addressed.mail()}").json()["citizen"]["id"]
    made = begin(addressed, to=None, citizen=known)
    shown = addressed.get(f"/conversations/{made.json()['conversation_id']}").json()
    assert shown["citizen"]["id"] == known
    assert begin(addressed, citizen=known).json()["field"] == "to"
    assert begin(addressed, to=None).json()["field"] == "to"
    assert begin(addressed, to=None, citizen="1").json()["field"] == "citizen"


def test_who_may_begin(addressed: World) -> None:
    for who, status in (("vera", 404), ("nils", 404), ("ida", 404), ("olle", 404), ("reader", 403)):
        assert begin(addressed, who).status_code == status, who
    assert begin(addressed, municipality="nesoy").status_code == 404
    assert begin(addressed, municipality="atlantis").status_code == 404
    assert begin(addressed, queue=str(addressed.ids["innbygger"])).json()["field"] == "queue"
    assert begin(addressed, "vera", queue=str(addressed.ids["vatten"])).status_code == 201
    assert begin(addressed, topics=[str(addressed.ids["regninger"])]).status_code == 422
    nobody = select(Citizen).where(Citizen.municipality_id == addressed.ids["nesoy"])
    assert addressed.do(lambda unit: unit.all(nobody)) == []


def test_from_where_somebody_may_write(addressed: World) -> None:
    ids = addressed.ids

    def offered(who: str) -> set[tuple[str, str, str | None]]:
        actor = addressed.actor(who)
        made = addressed.storage.read_now(Scope.of(actor), writing.offer_begin, actor)
        names = {str(row_id): name for name, row_id in ids.items()}
        return {(names[each.municipality_id], names[each.queue_id], each.address) for each in made}

    assert offered("vera") == {("granvik", "vatten", "granvik@torg.example")}
    assert offered("sara") == {
        (code, queue, f"{code}@torg.example") for code in ("granvik", "holmo") for queue in ("kontakt", "vatten")
    }
    assert offered("nils") == {("nesoy", "innbygger", None)}
    assert offered("reader") == offered("ida") == set()


def test_what_a_forward_would_say(world: World) -> None:
    found = world.mail("Ring citizen9@example.com", subject="Fråga", sender="citizen9@example.com")
    sara = world.actor("sara")
    offer = world.storage.read_now(Scope.of(sara), writing.offer_forward, sara, found)
    assert (offer.subject, "[adress]" in offer.quotation) == ("Fw: Fråga", True)
    nils = world.actor("nils")
    with pytest.raises(NotFound):
        world.storage.read_now(Scope.of(nils), writing.offer_forward, nils, found)


def test_without_an_address_to_write_from_it_says_so(world: World) -> None:
    refused = begin(world)
    assert (refused.status_code, refused.json()["field"]) == (422, "channel")
