"""Who looked, in a browser: an auditor's search, file and report, a department's page, and who gets none of it."""

import csv
import io
import re
from html import unescape

import pytest
from sqlalchemy import select

from hub import clock
from hub.access import person
from hub.access.audit import Audit
from hub.access.person import Person
from hub.edge.looked_sheets import LINE_TITLES
from hub.inbox import municipality
from hub.inbox.citizen import Citizen, CitizenPoint
from hub.inbox.conversation import Conversation
from hub.inbox.points import seal_identity
from hub.lookups import definition
from hub.lookups.admit import ADDRESS_ONLY
from hub.lookups.definition import Declared
from hub.lookups.looked import revealed
from hub.storage.unit import Unit
from tests.lookups.looking import look
from tests.lookups.source import Settings
from tests.web.test_administration import Visit, kept, visit, words
from tests.web.world import World, let_pass, must

__all__ = ["kept", "visit"]

REASON = "Invånaren har begärt det"
ANNA = "191212121212"
AUDITORS = ("/who-looked", "/who-looked/rows", "/who-looked/export", "/who-looked/report")


@pytest.fixture
def asked(world: World) -> World:
    """Olle audits Granvik, Nora Nesøy; Disa is of a department of Granvik's. Sara and Kim have asked, and Nils."""

    def join(unit: Unit) -> None:
        for name, code, role in (("disa", "granvik", "department"), ("idun2", "nesoy", "auditor")):
            row = person.add(unit, f"{name}@granvik.example", name.capitalize())
            person.join(unit, row, municipality.by_code(unit, code), role)
            world.ids[name] = row.id
        title = {"sv": "Fakturor", "en": "Invoices"}
        declared = Declared(name="invoices", kind="ledgered", title=title)
        definition.publish(unit, world.ids["granvik"], declared, Settings())

    world.do(join)
    world.ids["told"] = world.mail()
    here = world.ids["granvik"]
    for who, said in (
        ("sara", {"conversation_id": world.ids["told"], "purpose": "Frågar om <b>faktura</b>"}),
        ("kim", {"ended": "Unreachable", "purpose": "Undrar"}),
        ("sara", {"ended": "another's", "purpose": "Undrar"}),
        ("kim", {"act": "lookup.stopped", "ended": "neighbours", "purpose": "Undrar"}),
    ):
        let_pass(60)
        world.do(look, here, world.actor(who), about=("invoice", str(clock.now())), **said)
    world.do(look, world.ids["nesoy"], world.actor("nils"), purpose="Kanarifugl")
    let_pass(60)
    return world


def test_each_lands_on_their_page(asked: World, visit: Visit) -> None:
    for who, place in (("olle", "/who-looked"), ("disa", "/lookups"), ("ida", "/channels"), ("sara", "/inbox")):
        assert visit(who).get("/").headers["Location"] == place
    auditor, department = visit("olle").get("/who-looked").text, visit("disa").get("/lookups").text
    assert 'href="/lookups"' in auditor
    assert 'href="/who-looked"' not in department
    for page in (auditor, department):
        assert 'href="/channels"' not in page
        assert 'href="/inbox"' not in page
    assert 'href="/lookups"' not in visit("ida").get("/channels").text


def test_others_get_none_of_it(asked: World, visit: Visit) -> None:
    for who in ("sara", "lena", "ida"):
        there = visit(who)
        for path in (*AUDITORS, "/lookups"):
            assert there.get(path).status_code == 403, (who, path)
    disa = visit("disa")
    token = must(re.search(r'name="_csrf_token" value="(\w+)"', disa.get("/lookups").text))[1]
    for path in AUDITORS:
        assert disa.get(path).status_code == 403
    for path in ("/who-looked/export", "/who-looked/report"):
        assert disa.post(path, _csrf_token=token, reason=REASON, who=ANNA).status_code == 403
    assert asked.do(_acts) == []


def test_who_may_not_is_told_in_their_own_language_whatever_the_browser_speaks(asked: World, visit: Visit) -> None:
    def swedish(unit: Unit) -> None:
        must(unit.get(Person, asked.ids["sara"])).language = "sv"

    asked.do(swedish)
    sara, english = visit("sara"), {"Accept-Language": "en-US"}
    refused = sara.get("/who-looked", **english)
    assert refused.status_code == 403
    assert "Inte tillåtet" in refused.text
    assert 'href="/inbox"' in refused.text
    sara.client.headers.update(english)
    old = sara.post("/next", _csrf_token="of another session")
    assert (old.status_code, "Sidan är inaktuell" in old.text) == (403, True), old.text


def test_an_auditor_sees_alarms_and_questions(asked: World, visit: Visit) -> None:
    page = visit("olle").get("/who-looked")
    said = words(page)
    assert "Kim · Invoices" in said
    assert "Asked about more people and places than one conversation needs, and was stopped." in said
    assert "The source answered about somebody else. The answer was thrown away." in said
    assert "Sara Agent, contact centre Invoices desk · 300 ms Frågar om <b>faktura</b>" in said
    assert "<b>faktura</b>" not in page.text
    assert f"Found {asked.ids['told']}" in said
    assert "No answer can’t be reached" in said
    assert "Kanarifugl" not in said
    assert f'href="/who-looked?from=&amp;ended=stopped&amp;lookup=invoices&amp;person={asked.ids["kim"]}"' in page.text
    assert "mark of whom it was about" in said


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("ended=failed", ["No answer"]),
        ("from=&ended=alarm", ["Stopped", "Answered about another"]),
        ("purpose=faktura", ["Found"]),
        ("person={kim}", ["Stopped", "No answer"]),
        ("conversation={told}", ["Found"]),
        ("lookup=waste", []),
        ("to=2020-01-01&from=", []),
    ],
)
def test_narrowed(asked: World, visit: Visit, query: str, found: list[str]) -> None:
    page = visit("olle").get(f"/who-looked?{query.format(**asked.ids)}")
    assert re.findall(r'<td><span class="chip" data-tone="\w+">([^<]*)<', page.text) == found
    if not found:
        assert "Nobody looked" in words(page)


def test_what_cannot_be_searched_for_is_told(asked: World, visit: Visit) -> None:
    olle = visit("olle")
    for query, sentence in (
        ("conversation=hej", "A conversation’s number has digits alone"),
        ("ended=gone", "Choose what came of it from the list."),
        ("from=2026-02-31", "There is no such day."),
        (f"municipality={asked.ids['nesoy']}", "municipality that you audit"),
    ):
        page = olle.get(f"/who-looked?{query}")
        assert (page.status_code, sentence in words(page)) == (422, True), query


def test_more_come_when_they_are_asked_for(asked: World, visit: Visit) -> None:
    for _ in range(60):
        asked.do(look, asked.ids["granvik"], asked.actor("sara"), ended=None)
    olle = visit("olle")
    first = olle.get("/who-looked")
    whole, rows = (
        unescape(each) for each in must(re.search(r'href="([^"]*after=[^"]*)" hx-get="([^"]*)"', first.text)).groups()
    )
    assert first.text.count("<tr>") == 51
    assert olle.part(rows).text.count("<tr>") == olle.get(whole).text.count("<tr>") - 1 == 14


def test_the_list_is_taken_along_for_a_reason(asked: World, visit: Visit) -> None:
    olle = visit("olle")
    assert "<dialog" in olle.part("/who-looked/export?ended=failed").text
    form = "/who-looked/export?from=&person={kim}".format(**asked.ids)
    action = unescape(must(re.search(r'action="(/who-looked/export[^"]*)"', olle.get(form).text))[1])
    token = must(re.search(r'name="_csrf_token" value="(\w+)"', olle.get(form).text))[1]
    again = olle.post(action, _csrf_token=token, reason="därför")
    assert (again.status_code, "Say in a sentence why" in words(again), "därför" in words(again)) == (422, True, True)
    assert asked.do(_acts) == []
    answer = olle.post(action, _csrf_token=token, reason=REASON)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="who-looked.csv"'
    titles, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";")
    assert titles == list(LINE_TITLES)
    assert [(row[2], row[3], row[4], row[8]) for row in rows] == [
        ("Kim", "Agent, kontakt", "Invoices", "Stopped"),
        ("Kim", "Agent, kontakt", "Invoices", "No answer"),
    ]
    assert asked.do(_acts) == [("audit.export", REASON, "screen")]


def test_a_citizens_report_by_row_and_by_number(asked: World, visit: Visit) -> None:
    citizen = asked.do(_know_anna, asked.ids)
    olle = visit("olle")
    assert "<dialog" in olle.part("/who-looked/report").text
    for who in (str(citizen), "19121212-1212"):
        page = olle.send("/who-looked/report", "/who-looked/report", who=who, reason=REASON)
        said = words(page)
        assert "Somebody of ours asked another system about you, or in a conversation of yours, 1 time." in said
        assert "Invoices Frågar om <b>faktura</b> Agent, contact centre Found In a conversation of yours" in said
        assert "make sure who they are before you hand it out" in said
        main = page.text.partition("<main")[2].partition("</main>")[0]
        assert "Sara" not in main
        assert "Kanarie" not in main
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', main))
    answer = olle.post("/who-looked/report", **fields)
    titles, row = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";")
    assert titles == ["Time", "Source", "Why", "Role and unit", "What came", "How it concerns you"]
    assert row[1:] == [
        "Invoices",
        "Frågar om <b>faktura</b>",
        "Agent, contact centre",
        "Found",
        "In a conversation of yours",
    ]
    assert asked.do(_acts) == [("audit.report", REASON, "screen")] * 3


def test_what_was_shown_in_clear_is_told_apart_from_questions(asked: World, visit: Visit) -> None:
    shown = {"conversation_id": asked.ids["told"], "purpose": "Bilen väntar", "act": "lookup.reveal"}
    for field in ("fields.Bomkod", "collector"):
        outcome = revealed(field, 0, 1, clock.to_datetime(clock.now()))
        asked.do(look, asked.ids["granvik"], asked.actor("sara"), **shown, ended=outcome)
    citizen = asked.do(_know_anna, asked.ids)
    olle = visit("olle")
    listed = words(olle.get("/who-looked?ended=revealed"))
    assert "Shown in clear Bomkod" in listed
    assert "Shown in clear debt collector" in listed
    page = olle.send("/who-looked/report", "/who-looked/report", who=str(citizen), reason=REASON)
    said = words(page)
    assert "conversation of yours, 1 time. It stands here with role and unit. What answers hide was shown" in said
    assert "shown in clear 2 times, to people who said what for: the rows say which fields." in said
    assert "Bilen väntar Agent, contact centre Shown in clear debt collector In a conversation of yours" in said
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text.partition("<main")[2]))
    answer = olle.post("/who-looked/report", **fields)
    _, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";")
    came = [row[4] for row in rows]
    assert came == ["Shown in clear: debt collector", "Shown in clear: Bomkod", "Found"]
    reports = asked.do(lambda unit: unit.all(select(Audit.outcome).where(Audit.act == "audit.report")))
    assert reports == ["1 questions, 2 shown in clear"] * 2
    for who in ("olle", "disa"):
        assert "Refused 1 Fields shown in clear 2" in words(visit(who).get("/lookups"))


def test_a_report_of_reveals_alone_says_so(asked: World, visit: Visit) -> None:
    outcome = revealed("collector", 0, 1, clock.to_datetime(clock.now()))
    said = {"about": ("identity", "192001010101"), "act": "lookup.reveal", "ended": outcome}
    asked.do(look, asked.ids["granvik"], asked.actor("sara"), **said)
    page = words(visit("olle").send("/who-looked/report", "/who-looked/report", who="192001010101", reason=REASON))
    assert "What an answer hides was shown in clear 1 time, to somebody who said what for: the row says" in page
    assert "has asked another system about you" not in page


def test_what_a_register_answers_is_not_found(asked: World, visit: Visit) -> None:
    def register(unit: Unit) -> None:
        declared = Declared(name="protected", kind="ledgered", title={"en": "Protected identities"}, register=True)
        definition.publish(unit, asked.ids["granvik"], declared, Settings())

    asked.do(register)
    told = {"conversation_id": asked.ids["told"], "purpose": "Undrar"}
    asked.do(look, asked.ids["granvik"], asked.actor("sara"), lookup="protected", ended="found 1", **told)
    citizen = asked.do(_know_anna, asked.ids)
    olle = visit("olle")
    assert f"Checked {asked.ids['told']}" in words(olle.get("/who-looked"))
    page = olle.send("/who-looked/report", "/who-looked/report", who=str(citizen), reason=REASON)
    assert "Protected identities Undrar Agent, contact centre Checked" in words(page)


def test_a_report_of_nobody_says_so_and_loses_nothing(asked: World, visit: Visit) -> None:
    olle = visit("olle")
    theirs = asked.mail(municipality="nesoy", queue="innbygger")
    foreign = asked.do(lambda unit: must(unit.get(Conversation, theirs)).citizen_id)
    for who, reason, sentence in (
        (str(foreign), REASON, "There is no such citizen."),
        ("12", REASON, "Write an identity number: 8 to 12 digits, a Swedish one with its century."),
        (ANNA, "x", "Say in a sentence why you have to see it"),
    ):
        again = olle.send("/who-looked/report", "/who-looked/report", who=who, reason=reason)
        assert (again.status_code, sentence in words(again)) == (422, True)
        assert f'value="{who}"' in again.text
        assert f">{reason}</textarea>" in again.text
    nobody = olle.send("/who-looked/report", "/who-looked/report", who=ANNA, reason=REASON)
    assert "Nobody of ours has asked another system about you" in words(nobody)


def test_a_department_sees_use_and_no_name(asked: World, visit: Visit) -> None:
    page = visit("disa").get("/lookups")
    said = words(page)
    assert re.search(r"Invoices invoices · version 1 Failing Since [^·]* 2 alarms", said)
    assert "Questions 4 Answered 1 33% Without an answer 2 Refused 1" in said  # 1 + 2 + 1
    assert "Who asks Agent, contact centre 2 Agent, kontakt 2" in said
    assert "Purposes Undrar 3" in said
    assert "can’t be reached 1 Answered about another 1" in said
    assert "ended=alarm" not in page.text  # names are for auditors
    assert re.search(
        r'href="/who-looked\?from=[\d-]+&amp;ended=alarm&amp;lookup=invoices', visit("olle").get("/lookups").text
    )
    main = page.text.partition("<main")[2].partition("</main>")[0]
    for word in ("Sara", "Kim", "faktura", "Kanarifugl"):
        assert word not in main
    assert "28 days" in words(visit("olle").get("/lookups?days=28"))


def test_it_sees_how_the_systems_do_and_nobody_who_asked(asked: World, visit: Visit) -> None:
    let_pass(60)
    asked.do(look, asked.ids["granvik"], asked.actor("kim"), ended="Unreachable", purpose="Undrar")
    page = visit("ida").get("/channels")
    said = words(page).partition("Lookups Name")[2]
    assert "Invoices" in said
    assert "Failing Since" in said
    assert "can’t be reached." in said
    table = page.text.partition('class="table wide flush plugins channels lookups"')[2].partition("</table>")[0]
    for word in ("Sara", "Kim", "Undrar", "faktura"):
        assert word not in table
    assert "Lookups" not in words(visit("ida").part("/channels")), "a part of the page has channels alone"
    assert "Failing Since" in words(visit("disa").get("/lookups"))


def test_before_any_lookup_it_says_how_one_comes(world: World, visit: Visit) -> None:
    olle = visit("olle")
    assert "No lookup yet IT publishes one with torg lookup import." in words(olle.get("/lookups"))
    assert "No question has been asked of another system yet." in words(olle.get("/who-looked?from="))


def _know_anna(unit: Unit, ids: dict[str, int]) -> int:
    citizen = must(unit.get(Citizen, must(unit.get(Conversation, ids["told"])).citizen_id))
    citizen.name, citizen.protection = "Anna Kanarie", "yes"
    value, key = seal_identity(unit.keys, ids["granvik"], ANNA)
    unit.add(
        CitizenPoint(
            municipality_id=ids["granvik"], citizen_id=citizen.id, first_citizen_id=citizen.id, kind="identity",
            value=value, match_key=key,
        )
    )  # fmt: skip
    return citizen.id


def _acts(unit: Unit) -> list[tuple[str, str | None, str]]:
    rows = unit.all(select(Audit).where(Audit.act.like("audit.%")).order_by(Audit.id))
    return [(row.act, row.purpose, row.source) for row in rows]


def test_what_needed_no_purpose_says_so_in_the_reader_s_language(asked: World, visit: Visit) -> None:
    def ask(unit: Unit) -> None:
        must(unit.first(select(person.Person).where(person.Person.id == asked.ids["olle"]))).language = "sv"
        look(unit, asked.ids["granvik"], asked.actor("sara"), purpose=ADDRESS_ONLY)

    asked.do(ask)
    olle = visit("olle")
    assert "Bara adress" in words(olle.get("/who-looked"))
    token = must(re.search(r'name="_csrf_token" value="(\w+)"', olle.get("/who-looked").text))[1]
    answer = olle.post("/who-looked/export", _csrf_token=token, reason=REASON)
    assert ';"Bara adress";' in answer.content.decode("utf-8-sig")
