"""What a department's lookup hides: from whom, until when, and from replies; set on its page, kept by its card."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selectolax.parser import HTMLParser, Node
from sqlalchemy import select

from hub import clock
from hub.access.audit import Audit
from hub.access.reading import Reading
from hub.contract import About, AnyCard, Field, FieldsCard, Subject
from hub.inbox.entry import Entry
from hub.lookups.definition import Declared
from hub.storage.unit import Unit
from inbox_ui.lookup_rows import field_rows
from tests.lookups.looking import look
from tests.lookups.source import Ledgered, registry
from tests.web.test_lookup_cards import ANNA, Asked, invoice, one, said
from tests.web.test_lookup_editing import at, fields_of, made, press, problem, published_once, screen
from tests.web.test_pages import Screen
from tests.web.world import let_pass, must
from tests.web.world import world as make_world

__all__ = ["screen"]
CODE = "bom 4711"


@pytest.fixture
def asked(database_url: str, tmp_path: Path) -> Iterator[Asked]:
    with make_world(database_url, tmp_path, pages=True) as world:
        yield Asked(Screen(world))


def tank(subject: Subject) -> list[AnyCard]:
    """With a line that is nobody's to read unless they need it."""
    lines = (Field("Läge", "Bokad"), Field("Bomkod", CODE), Field("Nästa", "2026-12-19", "date"))
    about = About(**{subject.by: subject.value})
    return [FieldsCard(about=about, as_of=clock.to_datetime(clock.now()), title="Tank 1", fields=lines)]


def hides(asked: Asked, **fields: Any) -> None:
    asked.publish("waits", **fields)
    Ledgered.does = tank
    asked.confirm()


def reveal(asked: Asked, field: str = "fields.Bomkod", purpose: str = "Bilen står vid bommen", **said_: Any) -> Any:
    path = f"/conversations/{asked.id}/lookups/waits/reveals"
    body = {"asked_at": asked.asked_at(), "field": field, "purpose": purpose} | said_
    return asked.world.ask("POST", path, json=body)


def acts(asked: Asked) -> list[tuple[str, str | None, str, int | None]]:
    rows = asked.world.do(lambda unit: unit.all(select(Audit).where(Audit.act == "lookup.reveal").order_by(Audit.id)))
    return [(row.act, row.purpose, row.outcome, row.conversation_id) for row in rows]


def test_one_line_is_dots_until_somebody_asks_to_see_it(asked: Asked) -> None:
    hides(asked, until_asked=("fields.Bomkod",))
    card = asked.card()
    assert "Bokad" in said(card)
    assert CODE not in (card.html or "")
    assert "Bomkod" in said(card)
    assert CODE not in (asked.page().html or "")
    assert CODE not in asked.sentence()
    kept = asked.world.get(f"/conversations/{asked.id}/lookups").json()["lookups"][0]["answered"]
    assert kept["masked"] == [{"card": 0, "field": "fields.Bomkod"}]
    assert acts(asked) == []
    button = one(card, ".waits button")
    dialog = asked.screen.get(button.attributes["hx-get"] or "", "sara", part=True)[1]
    assert "Reveal Bomkod" in dialog
    assert CODE not in dialog
    address = re.search(r'hx-post="([^"]+)"', dialog)
    assert address is not None
    assert acts(asked) == []
    answer = asked.screen.post(address[1].replace("&amp;", "&"), "sara", {"purpose": "Bilen står vid bommen"}, "en")
    assert answer.status_code == 200, answer.text
    assert CODE in answer.text
    assert 'data-revealed="120"' in answer.text or 'data-revealed="119"' in answer.text
    which = f"fields.Bomkod, card 1 of 1 asked for at {asked.asked_at()}"
    assert acts(asked) == [("lookup.reveal", "Bilen står vid bommen", which, asked.id)]
    readings = asked.world.do(lambda unit: unit.all(select(Reading).where(Reading.kind == "lookup")))
    assert [(row.person_id, row.reason) for row in readings] == [(asked.world.ids["sara"], "Bilen står vid bommen")]
    covers = re.search(r'hx-get="([^"]+)" hx-trigger="cover"', answer.text)
    assert covers is not None
    again = asked.screen.get(covers[1].replace("&amp;", "&"), "sara", part=True)[1]
    assert CODE not in again
    assert "Reveal" in again


def test_a_reveal_is_among_who_looked(asked: Asked) -> None:
    hides(asked, until_asked=("fields.Bomkod",))
    asked.card()
    assert reveal(asked).status_code == 201
    lines = asked.world.get("/lookups/asked", "olle").json()["items"]
    assert [(each["ended"], each["purpose"]) for each in lines][:1] == [("revealed", "Bilen står vid bommen")]
    assert lines[0]["outcome"].startswith("fields.Bomkod, card 1 of 1")
    assert [each["field"] for each in lines] == ["fields.Bomkod", ""]
    assert lines[0]["about"] == lines[1]["about"] != ""  # so that it is in the report of whom it was about


def test_a_reveal_is_about_whom_the_answer_was_about_whatever_was_asked_since(asked: Asked) -> None:
    hides(asked, until_asked=("fields.Bomkod",))
    asked.card("waits", {"by": "invoice", "value": "17", "purpose": "Undrar"})
    sara, here = asked.world.actor("sara"), asked.world.ids["granvik"]
    # Another question of hers, left while the first one's answer was on its way.
    left = {"place": "conversation", "lookup": "waits", "about": ("invoice", "18"), "conversation_id": asked.id}
    asked.world.do(look, here, sara, **left, ended="left")
    assert reveal(asked).status_code == 201
    shown, of_another, first = asked.world.get("/lookups/asked", "olle").json()["items"]
    assert (shown["ended"], of_another["ended"], first["ended"]) == ("revealed", "failed", "found")
    assert shown["about"] == first["about"] != of_another["about"]


def test_a_reveal_takes_a_purpose_and_an_answer_that_is_not_old(asked: Asked) -> None:
    hides(asked, until_asked=("fields.Bomkod",))
    assert reveal(asked).status_code == 409  # nothing was shown yet
    asked.card()
    assert reveal(asked, purpose=" ").status_code == 422
    assert reveal(asked, field="fields.Läge").status_code == 422  # it isn't hidden: nothing to be asked for
    assert reveal(asked, card=1).status_code == 422
    assert acts(asked) == []
    clear = reveal(asked)
    assert (clear.status_code, clear.json()["value"]) == (201, CODE)
    assert len(acts(asked)) == 1
    path = f"/conversations/{asked.id}/lookups/waits/reveals"
    body = {"asked_at": asked.asked_at(), "field": "fields.Bomkod", "purpose": "Bilen står vid bommen"}
    assert asked.world.ask("POST", path, "kim", json=body).status_code == 409  # what others were told is theirs
    let_pass(16 * 60)
    assert reveal(asked).status_code == 409


def test_what_was_asked_anew_in_another_tab_is_not_taken_for_what_is_shown(asked: Asked) -> None:
    """A number tells one card of an answer from another, not one answer from the next."""
    hides(asked, until_asked=("fields.Bomkod",))
    card = asked.card()
    shown = asked.asked_at()
    button = one(card, ".waits button").attributes["hx-get"] or ""
    pins = dict(field(each) for each in one(card, "form[action*=pins]").css("input[type=hidden]"))
    assert (pins["asked_at"], one(card, "[data-asked-at], *").attributes["data-asked-at"]) == (shown, shown)
    asked.card()  # the other tab's
    assert asked.asked_at() != shown
    refused = reveal(asked, asked_at=shown)
    assert (refused.status_code, "asked anew since it was shown" in refused.json()["detail"]) == (409, True)
    address = button.replace("&amp;", "&")
    dialog = asked.screen.get(address, "sara", part=True)[1]
    to = must(re.search(r'hx-post="([^"]+)"', dialog))[1].replace("&amp;", "&")
    answer = asked.screen.post(to, "sara", {"purpose": "Bilen står vid bommen"}, "en")
    assert (answer.status_code, CODE in answer.text) == (409, False)
    assert "asked anew since it was shown" in answer.text
    assert asked.post("lookups/waits/pins", pins).status_code == 409
    assert asked.post("lookups/waits/sentence", {"asked_at": shown}).status_code == 409
    assert asked.post("lookups/waits/sentence", {"asked_at": asked.asked_at()}).status_code == 200
    assert acts(asked) == []
    assert reveal(asked).status_code == 201


def field(node: Node) -> tuple[str, str]:
    return node.attributes["name"] or "", node.attributes["value"] or ""


def test_a_line_for_leads_alone_is_not_there_for_agents(asked: Asked) -> None:
    hides(asked, leads_only=("fields.Bomkod",))
    card = asked.card()
    assert CODE not in (card.html or "")
    assert "Not shown to your role: Bomkod" in said(card)
    assert "Bokad" in said(card)
    assert card.css_first(".waits") is None
    assert reveal(asked).status_code == 422


def test_all_lines_can_wait(asked: Asked) -> None:
    hides(asked, until_asked=("fields",))
    card = asked.card()
    assert [said(each) for each in card.css("dt")] == ["Läge", "Bomkod", "Nästa"]
    assert len(card.css(".waits button")) == 3
    assert "Bokad" not in (card.html or "")
    assert reveal(asked, field="fields.Nästa").json()["value"] == "2026-12-19"


def test_a_field_of_another_card_can_wait(asked: Asked) -> None:
    asked.publish("waits", until_asked=("collector",))
    asked.confirm(ANNA)
    asked.answers(lambda about: invoice(about, status="debt_collection", collector="Svea", collector_case="K-1"))
    card = asked.card()
    assert "Svea" not in (card.html or "")
    assert "Debt collector" in said(one(card, ".facts"))
    assert reveal(asked, field="collector").json()["value"] == "Svea"


def test_what_no_reply_says_stands_on_the_card(asked: Asked) -> None:
    hides(asked, not_in_replies=("fields.Bomkod",))
    assert CODE in said(asked.card())
    sentence = asked.sentence()
    assert "Bokad" in sentence
    assert CODE not in sentence
    assert "Bomkod" not in sentence
    asked.publish("waits", not_in_replies=("fields.Bomkod",), sentence={"sv": "Koden är {Bomkod}."})
    asked.card()
    assert CODE not in asked.sentence()


def test_what_is_pinned_keeps_its_dots(asked: Asked) -> None:
    hides(asked, until_asked=("fields.Bomkod",))
    asked.card()
    pins = f"/conversations/{asked.id}/lookups/waits/pins"
    assert asked.world.ask("POST", pins, json={"asked_at": asked.asked_at()}).status_code == 201
    assert CODE not in (asked.page().html or "")
    assert CODE not in asked.world.get(f"/conversations/{asked.id}/timeline").text


BO = "Ek, Bo (850709-9805)"


def owned(subject: Subject) -> list[AnyCard]:
    """With a co-owner in a line that everybody sees and in one that waits."""
    lines = (Field("Ägare", BO), Field("Bomkod", BO), Field("Fakturanr", "8507099805"))
    about = About(**{subject.by: subject.value})
    link = "https://tank.example/850709-9805"
    return [FieldsCard(about=about, as_of=clock.to_datetime(clock.now()), title="Tank 1", fields=lines, link=link)]


def test_a_number_in_a_text_is_masked_on_the_card_and_where_it_is_pinned(asked: Asked) -> None:
    hides(asked, until_asked=("fields.Bomkod",))
    Ledgered.does = owned
    card = asked.card()
    assert "Ek, Bo (••••••-••••)" in said(card)
    assert "8507099805" in said(card)  # of something else, as far as anybody can tell
    pins = f"/conversations/{asked.id}/lookups/waits/pins"
    assert asked.world.ask("POST", pins, json={"asked_at": asked.asked_at()}).status_code == 201
    kept = asked.world.get(f"/conversations/{asked.id}/lookups").text
    pinned = asked.world.get(f"/conversations/{asked.id}/timeline").text
    for shown in (card.html or "", asked.page().html or "", asked.sentence(), kept, pinned):
        assert "9805)" not in shown
        assert "850709-9805" not in shown
    assert "••••••-••••" in pinned
    assert acts(asked) == []
    clear = reveal(asked)  # who asks, for a purpose, sees what the line says
    assert (clear.status_code, clear.json()["value"], len(acts(asked))) == (201, BO, 1)


def _unmask(unit: Unit) -> None:
    for entry in unit.all(select(Entry).where(Entry.kind == "card")):
        card = entry.body["card"]
        entry.body = {**entry.body, "card": {**card, "title": BO, "link": "https://tank.example/850709-9805"}}


def test_a_card_pinned_before_numbers_were_masked_shows_none(asked: Asked) -> None:
    hides(asked)
    Ledgered.does = owned
    asked.card()
    pins = f"/conversations/{asked.id}/lookups/waits/pins"
    entry = asked.world.ask("POST", pins, json={"asked_at": asked.asked_at()}).json()["id"]
    asked.world.do(_unmask)
    at, before = f"/conversations/{asked.id}", asked.world.get(f"/conversations/{asked.id}/timeline").text
    alone = asked.screen.get(f"{at}/entries/{entry}", "sara", part=True)
    assert alone[0] == 200
    for shown in (before, asked.page().html or "", alone[1]):
        assert "Ek, Bo (••••••-••••)" in shown
        assert "850709-9805" not in shown


def test_the_editor_says_of_a_part_by_what_it_is_hidden(screen: Screen) -> None:
    declared = Declared(
        name="bygg", kind="rest", title={"sv": "Bygglov"}, leads_only=("decision",), not_in_replies=("period",),
        settings={"card": "permit", "fields": {"decision": "D", "decision_text": "T", "missing_since": "M"}},
    )  # fmt: skip
    rows = {row.name: row for row in field_rows(declared)}
    assert (rows["decision"].seen, rows["decision"].ways, rows["decision"].part_of) == ("leads", ["all", "leads"], "")
    assert (rows["decision_text"].seen, rows["decision_text"].ways) == ("leads", [])
    assert rows["decision_text"].part_of == "Decision"
    assert rows["missing_since"].part_of == ""
    begun = {"title": "Bygg", "department": str(screen.world.ids["waste"]), "kind": "rest", "card": "permit"}
    screen.post(f"/made-lookups/new/{screen.world.ids['granvik']}", "disa", begun, part=False)
    saved = press(screen, "save", name="bygg", **{"field-decision_text": "T", "field-decision": "D"})
    assert saved.status_code == 303, problem(saved)
    hidden = press(screen, "save", name="bygg", **{"seen-decision": "leads"})
    assert hidden.status_code == 303, problem(hidden)
    page = HTMLParser(screen.get(at(screen, "bygg"), "disa")[1])
    assert said(one(page, "tr:has(#field-decision_text) td[colspan]")) == "as Decision: Heads of queues alone"


def test_the_editor_says_who_sees_each_line(screen: Screen, tmp_path: Path) -> None:
    made(screen, tmp_path)
    lines = {"line-2-label": "Bomkod", "line-2-value": "TMEMO", "seen-line-2": "asked", "seen-line-1": "leads"}
    page = fields_of(screen.get(at(screen), "disa")[1])
    assert page["seen-line-0"] == "all"
    assert page["reply-line-0"] == "on"
    saved = press(screen, "save", **lines, **{"field-title": '"Avtal"', "seen-title": "leads"})
    assert saved.status_code == 303, problem(saved)
    page = fields_of(screen.get(at(screen), "disa")[1])
    assert [page[f"seen-line-{n}"] for n in range(3)] == ["all", "leads", "asked"]
    assert page["seen-title"] == "leads"
    assert "reply-line-2" not in page  # its switch is off: what is hidden is in no reply
    text = screen.get(f"{at(screen)}/versions/0/file", "disa")[1]
    assert 'leads_only = ["title", "fields.Nästa tömning"]' in text
    assert 'until_asked = ["fields.Bomkod"]' in text
    assert "not_in_replies" not in text
    assert press(screen, "save", **{"seen-line-2": "all"}).status_code == 303  # nor does it get there by being shown
    assert 'not_in_replies = ["fields.Bomkod"]' in screen.get(f"{at(screen)}/versions/0/file", "disa")[1]
    assert press(screen, "save", **{"seen-line-2": "asked"}).status_code == 303
    # Moved and renamed it is the same line; the file says the same as the page.
    press(screen, "up:2")
    page = fields_of(screen.get(at(screen), "disa")[1])
    assert [page[f"seen-line-{n}"] for n in range(3)] == ["all", "asked", "leads"]
    asked_for = press(screen, "publish", **{"line-1-label": "Kod"})
    assert "Seen when somebody asks for it, for a purpose: Kod." in asked_for.text
    assert "All who ask see on the card: Läge" in asked_for.text
    key = must(re.search(r'name="approves" value="(\w+)"', asked_for.text))
    assert press(screen, "publish", approves=key[1], approved="on").status_code == 303
    shown = press(screen, "publish", **{"seen-line-1": "all", "reply-line-1": "on"})
    assert shown.status_code == 200, problem(shown)
    assert "Less hidden than before: Kod." in shown.text
    assert "A reply may say: Kod." in shown.text


def test_a_field_that_can_not_wait_is_refused_and_the_draft_stays(screen: Screen, tmp_path: Path) -> None:
    made(screen, tmp_path)
    before = fields_of(screen.get(at(screen), "disa")[1])
    answer = press(screen, "save", **{"field-title": '"Avtal"', "seen-title": "asked"})
    assert answer.status_code == 422
    assert "Until_asked = " in " ".join(problem(answer))
    assert 'href="#file"' in answer.text  # where it stands under that name
    assert fields_of(screen.get(at(screen), "disa")[1]) == before


def changed(page: str) -> list[tuple[str, str, str]]:
    """What differs, field by field."""
    rows = HTMLParser(page).css(".changes tbody tr")
    return [(said(one(row, "th")), said(row.css("td")[0]), said(row.css("td")[1])) for row in rows]


def test_versions_are_compared_field_by_field_in_the_words_of_the_page(screen: Screen, tmp_path: Path) -> None:
    published_once(screen, tmp_path)
    said_ = {"seen-line-1": "asked", "purpose": "Svar om {topic}", "codes-line-0-0-ours": "Inbokad", "keep_days": "30"}
    page = fields_of(screen.get(at(screen), "disa")[1])
    posted = {name: text for name, text in page.items() if name != "reply-line-1"} | said_ | {"do": "save"}
    assert screen.post(at(screen), "disa", posted, part=False).status_code == 303
    page_ = screen.get(f"{at(screen)}/versions/0/changes", "disa")[1]
    assert changed(page_) == [
        ("Codes of Läge", "10 = Bokad", "10 = Inbokad"),
        ("Who sees Nästa tömning", "All who ask", "Hidden until asked for"),
        ("In reply: Nästa tömning", "yes", "no"),
        ("Purpose written to the access log", "–", "Svar om {topic}"),
        ("Keep pinned cards, days", "–", "30"),
    ]
    assert "Line by line of the file" in page_
    assert changed(screen.get(f"{at(screen)}/versions/0/changes?against=0", "disa")[1]) == []


def test_the_preview_shows_dots_as_an_agent_would_see_them(screen: Screen, tmp_path: Path) -> None:
    made(screen, tmp_path)
    lines = {"line-2-label": "Bomkod", "line-2-value": "TMEMO", "seen-line-2": "asked", "test-TMEMO": CODE}
    page = fields_of(screen.get(at(screen), "disa")[1])
    seen = screen.post(f"{at(screen)}/preview", "disa", {**page, **lines, "test-TMEMO": CODE}).text
    assert "Bomkod" in seen
    assert "••••" in seen
    assert CODE not in seen
    assert "Läge" in seen.partition("In a reply")[2]
    shown = {**page, **lines, "seen-line-2": "all"}
    seen = screen.post(f"{at(screen)}/preview", "disa", shown).text
    assert f"Bomkod {CODE}" in seen.partition("In a reply")[2]
    del shown["reply-line-2"]
    seen = screen.post(f"{at(screen)}/preview", "disa", shown).text
    assert CODE in seen.partition("In a reply")[0]
    assert CODE not in seen.partition("In a reply")[2]


def test_of_a_kind_that_it_sets_a_cover_can_be_taken_away(screen: Screen) -> None:
    page = fields_of(screen.get(at(screen, "invoices"), "disa")[1])
    assert page["leads_only:total"] == "on"
    screen.world.client.app.state.registry = registry()
    off = {name: text for name, text in page.items() if name != "leads_only:total"} | {"do": "save"}
    answer = screen.post(at(screen, "invoices"), "disa", off, part=False)
    assert answer.status_code == 303, problem(answer)
    assert "leads_only" not in screen.get(f"{at(screen, 'invoices')}/versions/0/file", "disa")[1]
