"""The draft of a new message: one's own, found wherever one is, with its files; gone when sent, back when undone."""

import re
from collections.abc import Iterator, Sequence
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from httpx import Response
from sqlalchemy import select

from hub.channels.channel import Channel
from hub.inbox import confidential, letterhead
from hub.inbox.conversation import Conversation
from hub.inbox.draft import Draft
from hub.inbox.entry import Attachment
from hub.inbox.matter import Matter
from hub.inbox.municipality import Municipality
from hub.inbox.queue import Queue
from hub.inbox.topic import Topic
from hub.storage.unit import Unit
from inbox_ui.rendering import BEGUN, FORM, SHOWS
from tests.web.test_desk import PART, Desk, said
from tests.web.world import World, let_pass, must
from tests.web.world import world as make_world


def addressed(world: World) -> World:
    """Its incoming channel lists an address for each of its municipalities."""

    def configure(unit: Unit) -> None:
        here = {f"{code}@torg.example": f"{code}/{world.ids['kontakt']}" for code in ("granvik", "holmo")}
        must(unit.get(Channel, world.ids["in"])).config = {"addresses": here}

    world.do(configure)
    return world


def sender(world: World, municipality: str = "granvik", queue: str = "kontakt") -> dict[str, str]:
    return {"municipality": municipality, "queue": str(world.ids[queue])}


def save(world: World, who: str = "sara", municipality: str = "granvik", queue: str = "kontakt", **text: Any) -> Any:
    return world.ask("PUT", "/drafts/new", who, json={**sender(world, municipality, queue), **text})


def upload(
    world: World, content: bytes = b"karta", who: str = "sara", municipality: str = "granvik", queue: str = "kontakt"
) -> Any:
    file = {"file": ("karta.pdf", content, "application/pdf")}
    return world.ask("POST", "/uploads", who, files=file, params=sender(world, municipality, queue))


def drafts(world: World, who: str = "sara") -> Any:
    return world.get("/drafts", who).json()["own"]


def send(world: World, municipality: str = "granvik", **text: Any) -> Any:
    whole = {**sender(world, municipality), "to": "ny@invanare.example", "subject": "Om avgiften", "text": "Hej."}
    return world.ask("POST", "/conversations", json={**whole, **text})


def test_a_person_has_one_as_it_was_saved_last(world: World) -> None:
    assert world.get("/drafts").json() == {"own": [], "others": []}
    assert save(world, text="Hej", to=["halv@"], subject="Om").status_code == 200
    let_pass(2)
    second = save(world, queue="vatten", text="Hej igen", cc=["a@b.se"]).json()
    assert drafts(world) == [second]
    assert (second["kind"], second["municipality_id"]) == ("new", str(world.ids["granvik"]))
    assert second["written"] == {
        "text": "Hej igen", "cc": ["a@b.se"], "to": [], "subject": "", "along": None, "queue": str(world.ids["vatten"]),
        "topics": [],
    }  # fmt: skip
    assert drafts(world, "vera") == []
    assert world.ask("DELETE", "/drafts/new").status_code == 204
    assert world.ask("DELETE", "/drafts/new").status_code == 204
    assert drafts(world) == []


def test_who_may_not_write_from_there_drafts_nothing(world: World) -> None:
    for who, status in (("vera", 404), ("nils", 404), ("ida", 404), ("reader", 403)):
        assert save(world, who, text="x").status_code == status, who
        assert upload(world, who=who).status_code == status, who
    assert save(world, municipality="nesoy", text="x").status_code == 404
    for refused in (save(world, queue="innbygger", text="x"), upload(world, queue="innbygger")):
        assert (refused.status_code, refused.json()["field"]) == (422, "queue")
        assert refused.json()["detail"] == "this queue doesn't answer for the municipality: choose another one"
    assert world.do(lambda unit: unit.all(select(Draft))) == []


def test_it_goes_with_its_files_where_it_shall_be_from(world: World) -> None:
    """A file lies with its municipality."""
    one = upload(world).json()["id"]
    save(world, text="Hej")
    save(world, municipality="holmo", text="Hej")
    (moved,) = drafts(world)
    assert (moved["municipality_id"], [each["id"] for each in moved["uploads"]]) == (str(world.ids["holmo"]), [one])
    (row,) = world.do(lambda unit: unit.all(select(Draft)))
    assert row.body["uploads"][0]["blob"].startswith(f"attachments/{world.ids['holmo']}/")
    addressed(world)
    made = send(world, uploads=[one])  # from Granvik after all, before that was saved
    assert made.status_code == 201
    assert world.get(f"/attachments/{one}").content == b"karta"
    (file,) = world.do(lambda unit: unit.all(select(Attachment)))
    assert (file.municipality_id, str(file.blob).split("/")[1]) == (world.ids["granvik"], str(world.ids["granvik"]))
    assert drafts(world) == []


def test_a_file_asked_for_twice_with_one_key_is_there_once(world: World) -> None:
    def ask(municipality: str) -> Any:
        file = {"file": ("karta.pdf", b"karta", "application/pdf")}
        where, key = sender(world, municipality), {"Idempotency-Key": "k1"}
        return world.ask("POST", "/uploads", files=file, params=where, headers=key)

    first, second = ask("granvik"), ask("granvik")
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert (ask("holmo").status_code, len(drafts(world)[0]["uploads"])) == (422, 1)


def test_only_what_is_in_it_goes_along_and_can_be_taken_away(world: World) -> None:
    addressed(world)
    one = upload(world).json()["id"]
    assert world.ask("DELETE", f"/uploads/{one}", "vera").status_code == 404
    assert world.ask("DELETE", f"/uploads/{one}").status_code == 204
    assert world.ask("DELETE", f"/uploads/{one}").status_code == 404
    refused = send(world, uploads=[one])
    assert (refused.status_code, refused.json()["field"]) == (422, "uploads")
    assert drafts(world)[0]["uploads"] == []


def test_taken_back_it_is_one_again_unless_another_was_begun(world: World) -> None:
    addressed(world)
    one = upload(world).json()["id"]
    written = {"cc": ["olle@example.com"], "subject": "Avgiften", "text": "Hej då."}
    made = send(world, "holmo", uploads=[one], **written).json()
    assert drafts(world) == []
    path = f"/conversations/{made['conversation_id']}/replies/{made['id']}"
    assert world.change("DELETE", path).status_code == 200
    (again,) = drafts(world)
    assert again["written"] == {
        **written, "to": ["ny@invanare.example"], "along": None, "queue": str(world.ids["kontakt"]),
        "topics": [],
    }  # fmt: skip
    assert (again["municipality_id"], again["seen_entry_id"]) == (str(world.ids["holmo"]), None)
    assert [each["name"] for each in again["uploads"]] == ["karta.pdf"]
    made = send(world, "holmo", uploads=[again["uploads"][0]["id"]]).json()
    save(world, text="Ett annat")
    path = f"/conversations/{made['conversation_id']}/replies/{made['id']}"
    assert world.change("DELETE", path).status_code == 200
    assert [each["written"]["text"] for each in drafts(world)] == ["Ett annat"]


def test_what_it_is_about_comes_back_with_it_and_stays_with_its_municipality(world: World) -> None:
    addressed(world)
    topics = [str(world.ids["fakturor"])]
    made = send(world, topics=topics).json()
    path = f"/conversations/{made['conversation_id']}/replies/{made['id']}"
    assert world.change("DELETE", path).status_code == 200
    assert drafts(world)[0]["written"]["topics"] == topics
    assert save(world, text="Hej", topics=topics).json()["written"]["topics"] == topics
    assert save(world, municipality="holmo", text="Hej", topics=topics).json()["written"]["topics"] == []


@pytest.fixture
def desk(sqlite_database: str, tmp_path: Path) -> Iterator[Desk]:
    """What differs between engines is tested below the edge."""
    with make_world(sqlite_database, tmp_path, pages=True) as world:
        addressed(world)
        yield Desk(world)


def fields(answer: Response) -> dict[str, str]:
    """What stands in the form, and the names of its files."""
    html = answer.text
    found = dict(re.findall(r'<input id="new-(\w+)"[^>]* value="([^"]*)"', html))
    chosen = must(re.search(r'<option[^>]* value="([^"]*)" selected>', html))[1]
    text = must(re.search(r'(?s)<textarea[^>]*id="new-text"[^>]*>\n(.*?)</textarea>', html))[1]
    files = ",".join(re.findall(r'class="chip">.*?</svg>([^<]*?) <span', html))
    return {**found, "from": chosen, "text": unescape(text), "files": files}


def test_the_form_finds_what_was_begun_in_it_and_undo_brings_it_all_back(desk: Desk) -> None:
    ids = desk.world.ids
    written = {
        "from": f"{ids['holmo']} {ids['vatten']}", "to": "ny@invanare.example", "cc": "olle@example.com",
        "subject": "Avgiften", "text": "Hej då.",
    }  # fmt: skip
    assert desk.post_part("/messages/drafts/new", written).status_code == 204
    kept = desk.post_part(f"/messages/uploads?{urlencode({'from': written['from']})}", {})
    upload_id = must(re.search(r'name="uploads" value="([^"]*)"', kept.text))[1]
    for headers in ({}, PART):
        assert fields(desk.get("/messages/new?view=open", **headers)) == {**written, "files": "a.txt"}
    sent = desk.post_part("/messages?view=open", {**written, "uploads": upload_id})
    assert said(sent).startswith("Sent")
    assert fields(desk.get("/messages/new"))["text"] == ""
    undone = desk.undo(sent)
    assert (undone.headers["HX-Retarget"], undone.headers["HX-Push-Url"]) == ("#thread", "/messages/new?view=open")
    assert fields(undone) == {**written, "files": "a.txt"}
    assert said(undone) == "Taken back. Nothing was sent"


def test_taken_back_beside_another_form_it_is_offered_there(desk: Desk) -> None:
    written = {"from": f"{desk.world.ids['granvik']} {desk.world.ids['kontakt']}", "to": "ny@invanare.example"}
    sent = desk.post_part("/messages", {**written, "subject": "Avgiften", "text": "Hej."})
    undone = desk.undo(sent, **{SHOWS: FORM})
    assert undone.headers["HX-Retarget"] == "#toast"
    assert 'hx-get="/messages/new?' in undone.text
    assert fields(desk.get("/messages/new"))["subject"] == "Avgiften"


@pytest.mark.parametrize("saved", [True, False])
def test_taken_back_while_another_is_begun_both_are_kept_and_it_is_said_where(desk: Desk, saved: bool) -> None:
    """Also where the other one stands in the page, and isn't saved yet."""
    ids = desk.world.ids
    written = {"from": f"{ids['granvik']} {ids['kontakt']}", "to": "ny@invanare.example", "subject": "Avgiften"}
    sent = desk.post_part("/messages", {**written, "text": "Hej, den första."})
    if saved:
        assert desk.post_part("/messages/drafts/new", {**written, "text": "Den andra."}).status_code == 204
    undone = desk.undo(sent, **{SHOWS: FORM if saved else BEGUN})
    assert said(undone) == "Taken back, and kept in its conversation: you have begun another one meanwhile"
    assert fields(desk.get("/messages/new"))["text"] == ("Den andra." if saved else "")
    at = must(re.search(r'hx-get="(/conversations/[^"]*)"', undone.text))[1]
    assert (undone.headers["HX-Retarget"], "Hej, den första." in desk.get(unescape(at)).text) == ("#toast", True)


def test_who_may_not_open_it_any_more_is_told_and_finds_it_in_the_form(desk: Desk) -> None:
    world = desk.world
    written = {"from": f"{world.ids['granvik']} {world.ids['kontakt']}", "to": "ny@invanare.example"}
    sent = desk.post_part("/messages", {**written, "subject": "Avgiften", "text": "Hej."})

    def limit(unit: Unit) -> None:
        found = must(unit.first(select(Conversation)))
        confidential.limit(unit, found, world.ids["vera"], must(unit.get(Queue, world.ids["vatten"])))

    world.do(limit)
    undone = desk.undo(sent)
    assert said(undone) == "Taken back. Nothing was sent. You can't open the conversation any more"
    assert (undone.headers["HX-Retarget"], 'hx-get="/messages/new?' in undone.text) == ("#toast", True)
    assert fields(desk.get("/messages/new"))["text"] == "Hej."


def questions(unit: Unit, conversation_id: int) -> Sequence[dict[str, str]]:
    asked = select(Topic.words).join(Matter, Matter.topic_id == Topic.id)
    return unit.all(asked.where(Matter.conversation_id == conversation_id))


def test_the_form_has_what_it_is_about_and_sends_it_from_that_municipality_alone(desk: Desk) -> None:
    ids = desk.world.ids
    written = {"to": "ny@invanare.example", "subject": "Avgiften", "text": "Hej.", "topics": str(ids["fakturor"])}
    for municipality, asked in (("granvik", ["Fakturor"]), ("holmo", [])):
        here = {**written, "from": f"{ids['granvik']} {ids['kontakt']}"}
        assert desk.post_part("/messages/drafts/new", here).status_code == 204
        form = desk.get("/messages/new").text
        assert f'name="topics" value="{ids["fakturor"]}" data-draft="new"' in form
        assert "Fakturor" in form
        sent = desk.post_part("/messages", {**here, "from": f"{ids[municipality]} {ids['kontakt']}"})
        assert said(sent) == "Sent"
        begun = desk.world.do(lambda unit: must(unit.first(select(Conversation).order_by(Conversation.id.desc()))))
        assert [each["sv"] for each in desk.world.do(questions, begun.id)] == asked


def test_discarded_or_emptied_there_is_none(desk: Desk) -> None:
    written = {"from": f"{desk.world.ids['granvik']} {desk.world.ids['kontakt']}", "text": "Hej."}
    for end in (("/messages/drafts/new", {**written, "text": ""}), ("/messages/drafts/new/end", {})):
        assert desk.post_part("/messages/drafts/new", written).status_code == 204
        assert fields(desk.get("/messages/new"))["text"] == "Hej."
        assert desk.post_part(*end).status_code in {200, 204}
        assert fields(desk.get("/messages/new"))["text"] == ""
    plain = desk.post("/messages/drafts/new/end?view=open", "sara", {})
    assert (plain.status_code, plain.headers["Location"]) == (303, "/inbox?view=open")


def test_whence_it_shall_be_is_asked_for_in_words(desk: Desk) -> None:
    for path in ("/messages", "/messages/drafts/new"):
        answer = desk.post_part(path, {"from": "", "to": "ny@invanare.example", "subject": "A", "text": "Hej."})
        assert answer.status_code in {400, 422}
    answer = desk.post_part("/messages", {"to": "ny@invanare.example", "subject": "A", "text": "Hej."})
    assert "Choose whom the message is from." in answer.text


def test_the_form_shows_how_a_message_will_be_signed(desk: Desk) -> None:
    def sign(unit: Unit) -> None:
        letterhead.put(
            unit, must(unit.get(Municipality, desk.world.ids["granvik"])), None, "{{agent}}\n{{municipality}}", None
        )

    desk.world.do(sign)
    assert "Sara · Granvik" in desk.get("/messages/new").text
