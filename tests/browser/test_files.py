"""Files in by choice, drag and paste, and out as attachments; what came in is shown so that it can do nothing."""

from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import FilePayload, Locator, expect

from tests.browser.conftest import OpenDesk
from tests.browser.desk import Desk
from tests.browser.house import PASSWORD, House
from tests.line import GRANVIK, letter

MAP = bytes(range(256)) * 40
DRAGGED = """([type, name]) => {
    const carried = new DataTransfer();
    carried.items.add(new File(["Sophämtning: måndagar"], name, { type: "text/plain" }));
    const event = new DragEvent(type, { dataTransfer: carried, bubbles: true, cancelable: true });
    document.querySelector("#history").dispatchEvent(event);
}"""
COPIED = """async () => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 20, height: 20 });
    const picture = await new Promise((done) => canvas.toBlob(done, "image/png"));
    await navigator.clipboard.write([new ClipboardItem({ "image/png": picture })]);
}"""
HTML = """<html><head><style>h1 { color: red }</style></head><body onload="document.title = 'taken'">
<h1 onclick="alert(1)">Hej <b>kommunen</b></h1><script>top.document.title = "taken"</script>
<img src="https://tracker.example/pixel.png"><a href="javascript:alert(1)">Klicka</a></body></html>"""


def _files(desk: Desk) -> Locator:
    """What shall go along with the answer."""
    return desk.at("#files-reply .chip")


def test_files_by_choice_drag_and_paste_leave_with_the_answer(house: House, open_desk: OpenDesk) -> None:
    conversation_id = house.arrives("Hej, kan jag få en karta?")
    desk = open_desk(
        "sara", f"/conversations/{conversation_id}?view=open", permissions=["clipboard-read", "clipboard-write"]
    )
    desk.press("r")
    desk.type("Hej! Här är den.")
    names = ("blå karta.pdf", "fel karta.pdf")
    chosen = [FilePayload(name=name, mimeType="application/pdf", buffer=MAP) for name in names]
    desk.at(".composer [data-attach]").set_input_files(chosen)
    expect(_files(desk)).to_have_count(2)
    desk.page.evaluate(DRAGGED, ["dragover", "tider.txt"])
    expect(desk.at(".composer")).to_have_attribute("data-drops", "")
    desk.page.evaluate(DRAGGED, ["drop", "tider.txt"])
    expect(_files(desk)).to_have_count(3)
    desk.page.evaluate(COPIED)
    desk.press("Control+v")
    expect(_files(desk)).to_have_count(4)
    desk.at("#files-reply").get_by_role("button", name="Remove fel karta.pdf").click()
    expect(_files(desk)).to_have_count(3)
    desk.type(" Mvh")
    # A picture that is pasted stands in the text, where the cursor was.
    assert desk.at("textarea.for-reply").input_value() == "Hej! Här är den.\n[image.png] Mvh"
    desk.press("Control+Enter")
    desk.says("Sent and closed")
    expect(_files(desk)).to_have_count(0)
    expect(desk.at("#timeline a.file")).to_have_count(3)
    (mail,) = house.outgoing(1)
    sent = {str(each.get_filename()): each for each in mail.walk() if each.get_filename()}
    assert set(sent) == {"blå karta.pdf", "tider.txt", "image.png"}
    assert sent["blå karta.pdf"].get_content() == MAP
    assert sent["tider.txt"].get_payload(decode=True).decode() == "Sophämtning: måndagar"  # type: ignore[union-attr]  # decoded: bytes
    assert sent["image.png"].get_content().startswith(b"\x89PNG")
    assert "Mvh" in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]  # it has one


def test_a_new_message_keeps_its_files_through_reload_and_log_out_and_comes_back_whole(
    house: House, open_desk: OpenDesk
) -> None:
    desk = open_desk("anton", "/inbox?view=open", permissions=["clipboard-read", "clipboard-write"])
    desk.press("c")
    desk.at("#new-to").fill("ny@post.example")
    desk.at("#new-subject").fill("Karta")
    files = desk.at("#files-new .chip")
    desk.at(".compose [data-attach]").set_input_files(
        [FilePayload(name=name, mimeType="application/pdf", buffer=MAP) for name in ("karta.pdf", "fel.pdf")]
    )
    expect(files).to_have_count(2)
    desk.page.evaluate(DRAGGED.replace("#history", ".compose"), ["dragover", "tider.txt"])
    desk.page.evaluate(DRAGGED.replace("#history", ".compose"), ["drop", "tider.txt"])
    expect(files).to_have_count(3)
    desk.page.evaluate(COPIED)
    desk.at("#new-text").focus()
    desk.press("Control+v")
    expect(files).to_have_count(4)
    desk.at("#files-new").get_by_role("button", name="Remove fel.pdf").click()
    expect(files).to_have_count(3)
    desk.at("#new-text").fill("Hej! Här är den.")
    desk.page.reload()
    expect(desk.at("#new-text")).to_have_value("Hej! Här är den.")
    expect(files).to_have_count(3)
    desk.at("#new-text").fill("Hej! Här är kartan.")
    desk.at("#me-button").click()
    desk.at("#log-out button").click()
    desk.page.wait_for_url("**/login")
    desk.at("#email").fill("anton@granvik.example")
    desk.at("#password").fill(PASSWORD)
    desk.press("Enter")
    desk.page.wait_for_url("**/inbox")
    desk.press("c")
    expect(desk.at("#new-text")).to_have_value("Hej! Här är kartan.")
    before = len(list((house.folder / "outgoing").glob("*.eml")))
    desk.press("Control+Enter")
    desk.says("Sent")
    expect(desk.at("#timeline a.file")).to_have_count(3)
    desk.at("#thread-title").focus()
    desk.press("z")
    desk.says("Taken back")
    expect(desk.at("#new-to")).to_have_value("ny@post.example")
    expect(desk.at("#new-subject")).to_have_value("Karta")
    expect(desk.at("#new-text")).to_have_value("Hej! Här är kartan.")
    expect(files).to_have_count(3)
    desk.press("Control+Enter")
    desk.says("Sent")
    sent = house.outgoing(before + 1)[-1]
    assert [each.get_filename() for each in sent.iter_attachments()] == ["karta.pdf", "tider.txt", "image.png"]


def test_a_file_too_large_is_refused_in_plain_words_and_the_text_stays(
    house: House, open_desk: OpenDesk, tmp_path: Path
) -> None:
    conversation_id = house.arrives("Hej, kan jag få en film?")
    desk = open_desk("sara", f"/conversations/{conversation_id}?view=open")
    desk.press("r")
    desk.type("Hej! Här är den.")
    film = tmp_path / "film.mp4"
    film.write_bytes(bytes(26_000_000))
    desk.watch.expect("status of 4")
    desk.at(".composer [data-attach]").set_input_files(film)
    desk.says("25 MB")
    expect(_files(desk)).to_have_count(0)
    expect(desk.at("textarea.for-reply")).to_have_value("Hej! Här är den.")


def test_what_came_with_a_mail_is_kept_never_shown(house: House, open_desk: OpenDesk) -> None:
    mail = letter("Hej, se bilagan.", From="Eva <eva@post.example>", Subject="Med bilaga")
    mail.add_attachment(b"<script>alert(1)</script>", maintype="text", subtype="html", filename="sida.html")
    desk = open_desk("sara", f"/conversations/{house.takes(mail)}?view=open")
    expect(desk.row(desk.opened()).get_by_text("Has attachments")).to_be_attached()
    link = desk.at("#timeline a.file", has_text="sida.html")
    with desk.page.expect_download() as arriving:
        link.click()
    assert arriving.value.suggested_filename == "sida.html"
    assert arriving.value.path().read_bytes() == b"<script>alert(1)</script>"
    address = f"{desk.url}{urlsplit(str(link.get_attribute('href'))).path}"
    headers = desk.page.request.get(address).headers
    assert headers["content-disposition"].startswith("attachment")
    assert headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in headers["content-security-policy"]
    stranger = open_desk("kari", None)
    stranger.watch.expect("status of 404")
    assert stranger.page.request.get(address).status == 404  # elsewhere, it isn't there


def test_a_mail_as_it_was_sent_stands_in_a_frame_that_runs_nothing(house: House, open_desk: OpenDesk) -> None:
    mail = _html_mail()
    desk = open_desk("sara", f"/conversations/{house.takes(mail)}?view=open")
    expect(desk.at("#timeline")).to_contain_text("Hej kommunen")
    assert not [each for each in desk.told() if each.endswith("/html")]  # fetched when somebody wants to see it
    desk.at("details.html summary").click()
    frame = desk.page.frame_locator("iframe.mail-frame")
    expect(frame.locator("h1")).to_have_text("Hej kommunen")
    expect(desk.at("iframe.mail-frame")).to_have_attribute("sandbox", "")
    frame.locator("h1").click()
    expect(frame.locator("script, img[src^=http], [onclick], a[href^=javascript]")).to_have_count(0)
    assert "taken" not in desk.page.title()
    assert all(each.url.startswith(desk.url) for each in desk.requests if not each.url.startswith("about:"))


def test_what_is_quoted_is_folded(house: House, open_desk: OpenDesk) -> None:
    text = (
        "Tack!\n\nDen 3 nov. 2026 kl. 10:12 skrev Granvik <kommunen@granvik.example>:\n\n> Hej, den töms på torsdag.\n"
    )
    desk = open_desk("sara", f"/conversations/{house.arrives(text)}?view=open")
    entry = desk.at("#timeline .event[data-kind=mail]")
    expect(entry.get_by_text("Tack!").first).to_be_visible()
    quoted = entry.get_by_text("den töms på torsdag").last
    expect(quoted).to_be_hidden()
    entry.locator("details.quoted summary").focus()
    desk.press("Enter")
    expect(quoted).to_be_visible()


def _html_mail() -> EmailMessage:
    mail = letter("Hej kommunen", To=GRANVIK, From="Eva <eva@post.example>", Subject="Som webbsida")
    mail.add_alternative(HTML, subtype="html")
    return mail


def test_a_file_that_cannot_be_sent_is_said(house: House, open_desk: OpenDesk) -> None:
    conversation_id = house.arrives("Hej, kan jag få en karta?")
    desk = open_desk("sara", f"/conversations/{conversation_id}?view=open")
    desk.watch.expect("ERR_FAILED")
    desk.page.route("**/uploads*", lambda route: route.abort())
    chosen = FilePayload(name="karta.pdf", mimeType="application/pdf", buffer=MAP)
    desk.at(".composer [data-attach]").set_input_files([chosen])
    desk.says("The server can't be reached just now.")
    expect(_files(desk)).to_have_count(0)


def test_what_the_citizen_sent_goes_along_with_a_forward_where_it_is_ticked(house: House, open_desk: OpenDesk) -> None:
    mail = letter("Se kartan.", From="Ida Berg <ida.karta@post.example>", To=GRANVIK, Subject="Karta")
    mail.add_attachment(MAP, maintype="application", subtype="pdf", filename="karta.pdf")
    mail.add_attachment(MAP, maintype="image", subtype="png", filename="bild.png")
    conversation_id = house.takes(mail)
    house.goes_on(conversation_id, "Och skynda er.")
    desk = open_desk("sara", f"/conversations/{conversation_id}/forward?view=open")
    desk.at("#forward-to").fill("registrator@myndighet.example")
    chart, picture = desk.at(".goes-along [name=files]").all()
    expect(chart).not_to_be_checked()
    chart.check()
    expect(desk.at("#saved")).to_contain_text("Draft saved")
    desk.page.reload()
    expect(desk.at(".goes-along [name=files]").first).to_be_checked()
    desk.at(".goes-along summary").click()
    expect(desk.at(".goes-along .quote")).not_to_contain_text("Se kartan")
    desk.at(".goes-along [name=entries]").last.check()
    expect(desk.at(".goes-along .quote")).to_contain_text("Se kartan")
    desk.press("Control+Enter")
    desk.says("Forwarded")
    desk.press("z")
    desk.says("Taken back")
    desk.goto(f"/conversations/{conversation_id}/forward?view=open")
    expect(desk.at(".goes-along [name=files]").first).to_be_checked()
    expect(picture).not_to_be_checked()
    before = len(list((house.folder / "outgoing").glob("*.eml")))
    desk.press("Control+Enter")
    desk.says("Forwarded")
    sent = house.outgoing(before + 1)[-1]
    assert [(each.get_filename(), each.get_content()) for each in sent.iter_attachments()] == [("karta.pdf", MAP)]
