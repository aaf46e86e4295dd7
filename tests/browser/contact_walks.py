"""Walks of test_axe.py through what isn't mail: calls, chats, forms, text messages and how they are set up."""

from collections.abc import Callable, Mapping

from playwright.sync_api import expect
from sqlalchemy import select

from hub import clock
from hub.access import duty
from hub.access.person import Person
from hub.channels import forms as channels
from hub.channels.channel import Channel
from hub.edge import filling
from hub.inbox import callback, department, form
from hub.inbox.call import Call
from hub.inbox.conversation import Conversation
from hub.inbox.department import Department
from hub.inbox.entry import Entry
from hub.inbox.municipality import Municipality
from hub.inbox.queue import Queue
from hub.storage.unit import Unit
from tests.browser.chat_page import Widget, add_chat, site
from tests.browser.desk import Desk
from tests.browser.house import House
from tests.browser.look import NOBODY, DeskOf, Look, menu
from tests.browser.test_contact import begin, pops, rings
from tests.flows.test_texts import Numbers
from tests.line import until
from tests.stand_ins import elks
from tests.web.form_world import DEFINITION


def _calls(look: Look, desk_of: DeskOf, house: House, things: Mapping[str, int]) -> None:
    """What rings over any page; the view of a call that is controlled; what is written down, and what is refused."""
    house.write(_furnish, house.ids)
    house.write(duty.say, house.ids["sara"], "ready")
    conversation_id, entry_id = rings(house)
    house.write(_steer, house.ids, entry_id)
    try:
        _call_from_end_to_end(look, desk_of, house, f"/conversations/{conversation_id}/contacts/{entry_id}")
    finally:
        house.write(_hang_up, entry_id, None)  # else the next walk is in its view
        house.write(duty.say, house.ids["sara"], "away")


def _call_from_end_to_end(look: Look, desk_of: DeskOf, house: House, address: str) -> None:
    entry_id = int(address.rpartition("/")[2])
    desk = desk_of("sara", "/inbox?view=open")
    pops(desk)
    look.at(desk, "a call pops")
    desk.goto(address)
    expect(desk.at("#thread-title")).to_contain_text("May be Hanne Myklebust")
    look.at(desk, "a call rings")
    house.write(_answer, entry_id, house.ids["sara"])
    desk.goto(address)
    expect(desk.at("#hang-up")).to_be_visible()
    _fill(desk)
    look.at(desk, "talking, all of the form opened")
    menu(look, desk, "m-transfer")
    menu(look, desk, "m-identify")
    house.write(_hang_up, entry_id, house.ids["sara"])
    desk.goto("/callbacks")
    expect(desk.at(".callbacks tbody tr").first).to_contain_text("Hanne")
    expect(desk.at("#rail .nav-link[aria-current]")).to_have_attribute("href", "/callbacks")
    look.at(desk, "call-backs")
    desk.at(".callbacks button", "Call back").first.click()
    expect(desk.at(".callbacks button", "Reached")).to_be_visible()
    look.at(desk, "whoever is called back")
    desk.at(".callbacks button", "Not needed").first.click()


def _written_down(look: Look, desk_of: DeskOf, house: House, things: Mapping[str, int]) -> None:
    """A visit that nobody told of, from Alt+N to the list."""
    house.write(_furnish, house.ids)
    desk = desk_of("sara", "/inbox?view=mine")
    desk.press("Alt+n")
    expect(desk.at("#m-new")).to_be_visible()
    look.at(desk, "something new", "#m-new")
    desk.press("Escape")
    begin(desk, "2")
    look.at(desk, "a visit")
    desk.watch.expect("status of 422")
    desk.at("#callnote").fill("Ville ha en blankett.")
    desk.press("Control+Enter")
    desk.says("Choose what it was about")
    look.at(desk, "a visit, refused")
    at = desk.page.url.removeprefix(desk.url)
    _fill(desk)
    desk.press("Control+Enter")
    desk.page.wait_for_url("**/inbox?**")
    desk.goto(at)
    expect(desk.at("#saved")).to_contain_text("Written down")
    look.at(desk, "a visit that is written down")
    desk.goto(at.partition("/contacts")[0])
    expect(desk.at('.event[data-kind="call"]')).to_be_visible()
    look.at(desk, "a visit in its conversation")


def _fill(desk: Desk) -> None:
    """All parts of the form that a choice opens."""
    for topic, outcome in ((1, 2), (0, 1)):
        desk.at(".topics .topic").nth(topic).click()
        desk.at(".outcome").nth(outcome).click()
        desk.at("#avoidable").check()
        desk.at(".causes .check").first.click()
        if topic:
            desk.at("[data-adds]").click()
    desk.at("#call-department").select_option(index=1)
    if desk.at("#call-number").count():  # of a caller whose number nobody knows, and of a visitor
        desk.at("#call-number").fill("070-174 06 99")


def _chats(look: Look, desk_of: DeskOf, house: House, things: Mapping[str, int]) -> None:
    """The widget and the desk beside it: open, refused, in the queue, taken, mailed, over; and one when closed."""
    house.ask("PUT", "/me/duty", {"state": "ready"})
    with site(house.url) as made:
        queue = f"granvik/{house.ids['kundtjanst']}"
        made.channel = house.write(add_chat, queue, origins=[made.origin], topics={"Avfall": queue}, name="must")
        outside = desk_of("nobody", None, **NOBODY)
        widget = Widget(outside.page, made)
        widget.goto()
        look.at(outside, "the widget's button", "body")
        widget.open()
        widget.at("#submit").click()
        expect(widget.at("#p-question")).to_be_visible()
        look.at(outside, "the widget, refused", frame=widget.frame)
        widget.at("#name").fill("Astrid Mårtensson-Löwenhielm")
        widget.at("#topic").select_option(index=1)
        widget.at("#question").fill("När töms min brunn? https://granvik.example/" + "slamtomning" * 6)
        widget.at("#submit").click()
        expect(widget.at("#stands")).to_be_visible()
        look.at(outside, "the widget, in the queue", frame=widget.frame)
        desk = desk_of("sara", "/inbox?view=open")
        expect(desk.at("#ringing [data-chat-rings]")).to_be_visible()
        look.at(desk, "a chat rings")
        desk.at("#ringing").get_by_role("button", name="Take the chat").click()
        expect(desk.at("#chat-bar")).to_contain_text("You are in this chat")
        desk.at("textarea.for-chat").fill("På torsdag.")
        desk.at("textarea.for-chat").press("Enter")
        expect(widget.at(".turn:not(.mine) p")).to_have_text("Sara: På torsdag.")
        look.at(desk, "a chat")
        widget.at("#by-mail").click()
        widget.at("#address").fill("astrid")
        widget.at("#address").press("Enter")
        expect(widget.at("#p-address")).to_be_visible()
        look.at(outside, "the widget, by mail", frame=widget.frame)
        widget.at("#mail-cancel").click()
        widget.at("#end").click()
        look.at(outside, "the widget, asks", frame=widget.frame)
        widget.at("#end-yes").click()
        expect(widget.at("#over-words")).to_be_visible()
        look.at(outside, "the widget, over", frame=widget.frame)
        expect(desk.at("#chat-bar")).to_contain_text("The chat is over")
        look.at(desk, "a chat that is over")
        house.ask("PUT", "/me/duty", {"state": "away"})
        made.channel = house.write(add_chat, queue, origins=[made.origin], hours="mon 00:00-00:01")
        outside = desk_of("nobody", None, **NOBODY)
        closed = Widget(outside.page, made)
        closed.goto()
        closed.open()
        expect(closed.at("#lead")).to_be_visible()
        look.at(outside, "the widget, closed", frame=closed.frame)


def _forms(look: Look, desk_of: DeskOf, house: House, things: Mapping[str, int]) -> None:
    """As citizens fill one in, and as it is made."""
    house.write(_publish, house)
    outside = desk_of("nobody", "/forms/granvik/felanmalan/en", **NOBODY)
    look.at(outside, "a form")
    outside.watch.expect("422")
    outside.page.get_by_text("Something else", exact=True).click()
    outside.page.get_by_label("E-mail").fill("nobody")
    outside.page.get_by_role("button", name="Send").click()
    expect(outside.page.get_by_role("alert")).to_be_visible()
    look.at(outside, "a form, refused")
    outside.page.get_by_label("What is it?").fill("Ett" + "långtord" * 12)
    outside.page.get_by_label("Describe it").fill("A hole.")
    outside.page.get_by_label("E-mail").fill("ida@post.example")
    outside.page.wait_for_timeout(filling.FASTEST / 1_000)  # a browser that is driven is as fast as a program
    outside.page.get_by_role("button", name="Send").click()
    expect(outside.page.locator(".form-receipt")).to_be_visible()
    look.at(outside, "a form's receipt")
    newest = select(Conversation.id).where(Conversation.contact_kind == "form")
    until(lambda: house.all(newest), 40)
    desk = desk_of("sara", f"/conversations/{house.all(newest)[-1]}?view=open")
    expect(desk.at('.event[data-kind="form"]')).to_be_visible()
    look.at(desk, "what came by a form")
    desk = desk_of("goran", "/web-forms")
    look.at(desk, "forms that are made")
    desk.at(".kept .what a").first.click()
    for each in desk.at("details summary").all():
        if each.is_visible():
            each.click()
    look.at(desk, "a form that is made")
    desk.goto(str(desk.at("[href*='/preview/']").first.get_attribute("href")))
    look.at(desk, "a form's preview")
    desk.goto(f"/web-forms/new/{house.ids['granvik']}")
    desk.at("#f-title").fill("Ny")
    desk.at("#f-name").fill("Fel Namn")
    desk.watch.expect("422")
    desk.at("main form .btn[data-kind=primary]").click()
    expect(desk.at("main .problem").first).to_be_visible()
    look.at(desk, "a new form, refused")


def _texts(look: Look, desk_of: DeskOf, house: House, things: Mapping[str, int]) -> None:
    """One that came, and its answer; and how channels of all these kinds are set."""
    with elks.Elks() as there:
        Numbers(house, there).write("Hej! När töms brunnen?", key=f"s{house.mails()}{look.window['width']}")
        entry = select(Entry).where(Entry.kind == "sms").order_by(Entry.id.desc())
        until(lambda: house.all(entry), 40)
        desk = desk_of("sara", f"/conversations/{house.all(entry)[0].conversation_id}")
        desk.at("#thread-title").focus()
        desk.press("r")
        desk.at("#composer textarea.for-reply").fill("å" * 161)
        expect(desk.at("#length")).to_contain_text("2 SMS")
        look.at(desk, "an answer by text message")
        desk.at("#composer textarea.for-reply").fill("")
    desk = desk_of("goran", "/channels")
    expect(desk.at('#channels [data-channel="sms"]').first).to_be_attached()
    look.at(desk, "channels of all kinds")
    for kind in ("asterisk_ami", "phone_webhook", "phone_log", "elks", "web_chat"):
        desk.goto(f"/channels/new/{kind}")
        expect(desk.at("#f-name")).to_be_visible()
        look.at(desk, f"a new channel of {kind}", "#main")


def _furnish(unit: Unit, ids: Mapping[str, int]) -> None:
    """A department to hand over to, and a telephone."""
    home, sara = unit.get(Municipality, ids["granvik"]), unit.get(Person, ids["sara"])
    assert home is not None
    assert sara is not None
    sara.phone = "101"
    if unit.first(select(Department.id)) is None:
        department.add(unit, home, {"sv": "Renhållning"}, None)


def _steer(unit: Unit, ids: Mapping[str, int], entry_id: int) -> None:
    """It came by an exchange that can be told; the channel stands still, for nothing is at its other end."""
    row = Channel(kind="asterisk_ami", name="Växeln", home_id=ids["granvik"], config={}, paused_why="Provas.")
    unit.add(row)
    entry = unit.get(Entry, entry_id)
    assert entry is not None
    entry.channel_id = row.id


def _answer(unit: Unit, entry_id: int, by_id: int) -> None:
    row = _call(unit, entry_id)
    row.state, row.answered_by_id, row.answered_at = "answered", by_id, clock.now()


def _hang_up(unit: Unit, entry_id: int, by_id: int | None) -> None:
    """Its caller is promised another by that one of ours."""
    row, entry = _call(unit, entry_id), unit.get(Entry, entry_id)
    row.state, row.ended_at, row.cause = "ended", clock.now(), "completed"
    assert entry is not None
    conversation = unit.lock(Conversation, entry.conversation_id)
    assert conversation is not None
    if by_id is not None:
        callback.agree(unit, conversation, by_id, row.number, clock.now() + 90 * clock.MINUTE)


def _call(unit: Unit, entry_id: int) -> Call:
    row = unit.first(select(Call).where(Call.entry_id == entry_id))
    assert row is not None
    return row


def _publish(unit: Unit, house: House) -> None:
    home, queue = unit.get(Municipality, house.ids["granvik"]), unit.get(Queue, house.ids["kundtjanst"])
    assert home is not None
    assert queue is not None
    if form.by_name(unit, home.id, "felanmalan") is None:
        row = form.add(unit, home, "felanmalan", queue, DEFINITION)
        for _ in range(2):  # so that an older one can be shown again
            form.publish(unit, row, None)
        channels.require(unit, house.registry, home)


WALKS: Mapping[str, Callable[[Look, DeskOf, House, Mapping[str, int]], None]] = {
    "calls": _calls,
    "written_down": _written_down,
    "chats": _chats,
    "forms": _forms,
    "texts": _texts,
}
