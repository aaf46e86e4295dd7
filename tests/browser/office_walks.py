"""Walks of test_axe.py through what admins set, and what auditors read of who looked."""

from collections.abc import Callable, Mapping

from playwright.sync_api import expect

from hub import clock
from hub.access import person
from hub.contract import Config
from hub.lookups import definition
from hub.lookups.definition import Declared
from hub.storage.unit import Unit
from tests.browser.house import House
from tests.browser.look import DeskOf, Look, asked
from tests.lookups.looking import look as look_up


def _set(look: Look, desk_of: DeskOf, house: House, things: Mapping[str, int]) -> None:
    """What an admin sets, and who is told of alarms."""
    desk = desk_of("goran", "/letterheads")
    look.at(desk, "signatures")
    desk.at(".kept .btn").first.click()
    desk.at("#f-signature").fill("{{boss}}")
    expect(desk.at("#preview .problem")).to_be_visible()
    desk.watch.expect("422")
    desk.at("main form .btn[data-kind=primary]").click()
    expect(desk.at("#f-signature-problem")).to_be_visible()
    look.at(desk, "a signature, refused")
    desk.goto("/canned")
    look.at(desk, "canned responses")
    desk.at(".kept .what a").first.click()
    for each in desk.at("details.language summary").all()[1:]:
        each.click()
    look.at(desk, "a canned response")
    desk.goto("/receipts")
    look.at(desk, "receipts")
    desk.at(".kept .btn").nth(1).click()
    look.at(desk, "receipts of a queue")
    desk.goto("/alarms")
    look.at(desk, "alarms, nobody")
    desk.goto("/alarms/new")
    desk.at("[value=webhook]").check()
    desk.at("#f-address").fill("http://larm.granvik.example/torg")
    desk.at("main form .btn[data-kind=primary]").click()
    expect(desk.at("#f-address-problem")).to_be_visible()
    look.at(desk, "an address of alarms, refused")
    desk.at("#f-address").fill("https://larm.granvik.example/torg")
    desk.at("main form .btn[data-kind=primary]").click()
    expect(desk.at("#key")).to_be_visible()
    look.at(desk, "the key of its calls")
    desk.goto("/alarms")
    look.at(desk, "alarms")
    desk.at(".kept a", "Remove").click()
    asked(look, desk, "whether it is told no more")
    desk.at(".kept a", "Remove").click()
    desk.at("#asking .btn[data-kind=primary]").click()
    desk.says("told no more")


def _looked(look: Look, desk_of: DeskOf, house: House, things: Mapping[str, int]) -> None:
    house.write(_ask_about, house.ids, things["everything"])
    desk = desk_of("olle", "/who-looked")
    look.at(desk, "who looked")
    for words, state in (("Take along", "why it is taken along"), ("A citizen", "whose report")):
        desk.at(".page-head a", words).click()
        asked(look, desk, state)
    desk.goto("/who-looked/report")
    desk.at("#report-who").fill("12")
    desk.at("#report-why").fill("Invånaren har begärt det")
    desk.watch.expect("422")
    desk.at("main form .btn[data-kind=primary]").click()
    expect(desk.at("#who-problem")).to_be_visible()
    look.at(desk, "whose report, refused")
    desk.at("#report-who").fill(house.conversation(things["everything"])["citizen"]["id"])
    desk.at("main form .btn[data-kind=primary]").click()
    expect(desk.at("main table")).to_be_visible()
    look.at(desk, "a citizen's report")
    look.at(desk_of("elsa", "/lookups"), "lookups in use")


def _ask_about(unit: Unit, ids: Mapping[str, int], conversation_id: int) -> None:
    """As Sara's questions leave it in the audit."""
    sara = person.actor(unit, ids["sara"], frozenset())
    declared = Declared(name="invoices", kind="none", title={"sv": "Fakturor", "en": "Invoices"})
    definition.publish(unit, ids["granvik"], declared, Config())
    for ended in ("found 1", "Unreachable", "another's"):
        look_up(unit, ids["granvik"], sara, conversation_id=conversation_id, ended=ended)
    look_up(unit, ids["granvik"], sara, act="lookup.stopped", ended="neighbours")
    clock.set_source(None)


WALKS: Mapping[str, Callable[[Look, DeskOf, House, Mapping[str, int]], None]] = {"set": _set, "looked": _looked}
