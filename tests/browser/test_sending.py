"""What goes into an answer besides its words: what is kept ready, pictures, the signature; and what becomes of it."""

from playwright.sync_api import expect
from sqlalchemy import select

from hub.inbox import canned, letterhead, municipality
from hub.inbox.delivery import Delivery
from hub.storage.unit import Happening, Unit
from tests.browser.conftest import OpenDesk
from tests.browser.house import House
from tests.line import until

PASTE = """async () => {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 4;
  const picture = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  const clipboardData = new DataTransfer();
  clipboardData.items.add(new File([picture], "image.png", { type: "image/png" }));
  const pasted = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
  document.querySelector("#composer textarea.for-reply").dispatchEvent(pasted);
}"""


def _keep_ready(unit: Unit) -> None:
    home = municipality.by_code(unit, "granvik")
    letterhead.put(unit, home, None, "{{agent}}, Granvik", None)
    for title in ("Adress", "Öppettider"):
        canned.write(unit, home, None, {"sv": title}, {"sv": f"{title} har vi, {{{{citizen}}}}."})


def _doubt(unit: Unit, entry_id: int) -> None:
    row = unit.first(select(Delivery).where(Delivery.entry_id == entry_id))
    assert row is not None
    row.state, row.reason = "uncertain", "The mail server didn't say whether it took it."
    unit.note(Happening("delivery_changed", row.id, row.municipality_id))


def test_an_answer_begins_with_what_is_kept_ready_and_ends_signed(house: House, open_desk: OpenDesk) -> None:
    house.write(_keep_ready)
    conversation_id = house.arrives("Var ligger ni?", From="Ida Berg <ida.sending@post.example>")
    desk = open_desk("sara", f"/conversations/{conversation_id}")
    desk.at("#thread-title").focus()
    desk.press("r")
    expect(desk.at("details.below summary")).to_contain_text("Granvik")
    desk.type("Hej! ;")
    expect(desk.at("#m-canned .option")).to_have_count(2)
    desk.type("öppet")
    desk.press("Enter")
    field = desk.at("#composer textarea.for-reply")
    expect(field).to_have_value("Hej! Öppettider har vi, Ida Berg.")
    for _ in range(2):
        desk.page.evaluate(PASTE)
        expect(desk.at("#files-reply .chip")).to_have_count(1 + _)
    expect(field).to_have_value("Hej! Öppettider har vi, Ida Berg.\n[image.png]\n[image-2.png]")
    before = len(house.outgoing(0))
    desk.at("#send-open").click()
    desk.says("Sent")
    mail = house.outgoing(before + 1)[-1]
    plain, html = [str(part.get_content()) for part in mail.walk() if part.get_content_maintype() == "text"]
    assert plain.replace("\r\n", "\n").endswith("\n> Var ligger ni?\n")
    assert ", Granvik" in plain
    assert html.count('<img src="cid:') == 2
    entry = house.timeline(conversation_id)[-1]
    leaves = select(Delivery.state).where(Delivery.entry_id == int(entry["id"]))
    until(lambda: house.one(leaves) == "sent")  # it lies in the folder a moment before that is written down
    house.write(_doubt, int(entry["id"]))
    desk.goto(f"/conversations/{conversation_id}")
    chip = desk.at(f"#deliveries-{entry['id']}")
    expect(chip).to_contain_text("Perhaps sent")
    desk.press("Control+k")
    desk.type("it arrived")
    desk.press("Enter")
    expect(chip).to_have_text("Sent Sara Lind says that it arrived.", use_inner_text=True)
    expect(desk.at("#timeline")).to_contain_text("knows that it arrived")
