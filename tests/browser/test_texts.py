"""A text message is answered by one: its length is counted as it is written, and what it cost stands with it."""

from playwright.sync_api import expect
from sqlalchemy import select

from hub.inbox.entry import Entry
from tests.browser.conftest import OpenDesk
from tests.browser.house import House
from tests.flows.test_texts import OURS, Numbers
from tests.line import until
from tests.stand_ins import elks


def test_an_answer_by_text_message_is_counted_sent_and_its_cost_shown(house: House, open_desk: OpenDesk) -> None:
    with elks.Elks() as there:
        numbers = Numbers(house, there)
        numbers.write("Hej! När töms brunnen?")
        entry = select(Entry).where(Entry.kind == "sms").order_by(Entry.id)
        until(lambda: len(house.all(entry)) == 1, 40)
        conversation_id = house.one(entry).conversation_id
        desk = open_desk("sara", f"/conversations/{conversation_id}")
        expect(desk.at("#timeline")).to_contain_text("När töms brunnen?")
        expect(desk.at(".for-sms")).to_contain_text(f"By SMS from {OURS}")
        expect(desk.at("#cc-line")).to_be_hidden()
        desk.at("#thread-title").focus()
        desk.press("r")
        length = desk.at("#length")
        desk.type("Hej Ida!")
        expect(length).to_have_text("152 left, 1 SMS")
        desk.at("#composer textarea.for-reply").fill("å" * 161)
        expect(length).to_have_text("145 left, 2 SMS")
        desk.at("#composer textarea.for-reply").fill("På torsdag 🙂")
        expect(length).to_have_text("57 left, 1 SMS")
        expect(desk.at('#composer [data-mode="mail"]')).to_have_count(0)  # nothing but their number is known
        desk.at('#composer [data-mode="note"]').click()
        expect(length).to_be_hidden()
        desk.at('#composer [data-mode="sms"]').first.click()
        desk.at("#send-open").click()
        desk.says("Sent")
        house.lets_go()
        until(lambda: len(there.taken) == 1, 40)
        assert there.taken[0].said["message"] == "På torsdag 🙂"
        answer = desk.at(f"#entry-{house.all(entry)[-1].id}")
        expect(answer).to_contain_text("1 message · 0.52 SEK")
        there.report(there.taken[0])
        expect(answer).to_contain_text("Delivered")
        expect(desk.at("#composer [data-by]")).to_have_value("sms")
        desk.goto(f"/conversations/{conversation_id}")  # what a message costs is known by now
        desk.at("#composer textarea.for-reply").fill("å" * 161)
        expect(length).to_have_text("145 left, 2 SMS, about SEK\u00a01.04")
        desk.at("#composer textarea.for-reply").fill("Tack!")
        expect(length).to_have_text("155 left, 1 SMS, about SEK\u00a00.52")
        desk.at("#composer textarea.for-reply").fill("")


def test_sent_by_keys_it_is_sent_and_the_browser_complains_of_nothing(house: House, open_desk: OpenDesk) -> None:
    with elks.Elks() as there:
        numbers = Numbers(house, there)
        numbers.write("Hej igen! När töms brunnen?", number="+46706861005", key="s2")
        entry = select(Entry).where(Entry.kind == "sms", Entry.author_kind == "citizen").order_by(Entry.id.desc())
        until(lambda: house.all(entry) and house.all(entry)[0].text.startswith("Hej igen"), 40)
        desk = open_desk("sara", f"/conversations/{house.all(entry)[0].conversation_id}")
        expect(desk.at("#timeline")).to_contain_text("Hej igen")
        desk.at("#thread-title").focus()
        desk.press("r")
        desk.type("Hej Ida!")
        desk.press("Control+Enter")
        desk.says("Sent and closed")
        house.lets_go()
        until(lambda: len(there.taken) == 1, 40)
        desk.settles()
