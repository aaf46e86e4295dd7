"""A mail's images from elsewhere: their server is asked nothing until somebody wants them, and then by us."""

import threading
from collections.abc import Iterator
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from hub.access.audit import Audit
from hub.access.reading import Reading
from tests.browser.conftest import OpenDesk
from tests.browser.house import WASTE, House
from tests.browser.let_in import NAME
from tests.line import until

GIF = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;"


class Far(BaseHTTPRequestHandler):
    """Where the sender's pictures are."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(f"{self.path} {self.headers}".lower())
        self.send_response(200)
        self.end_headers()
        self.wfile.write(GIF)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture
def far() -> Iterator[str]:
    Far.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Far)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://{NAME}:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_images_are_shown_after_a_click_and_fetched_by_us(house: House, open_desk: OpenDesk, far: str) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Ida Berg <ida@post.example>", WASTE, "Se bilden"
    mail.set_content("Se bilden")
    mail.add_alternative(f'<p>Se <b>bilden</b></p><img src="{far}/brunn.png?u=17" alt="Brunnen">', subtype="html")
    conversation_id = house.takes(mail)
    with house.process("serve", program="tests.browser.let_in", TORG_PORT=str(house.web_ports[1])):
        until(lambda: house.healthy(1), 40)
        desk = open_desk("sara", f"/conversations/{conversation_id}", web=1)
        desk.at("details.html > summary", "Show as sent").click()
        frame = desk.page.frame_locator("iframe.mail-frame")
        expect(frame.locator("b")).to_have_text("bilden")
        expect(desk.at("details.html")).to_contain_text("1 image blocked")
        assert Far.asked == []
        desk.at("details.html .btn", "Show images").focus()
        desk.press("Enter")
        image = frame.locator("img[src^='data:image/gif;']")
        expect(image).to_be_visible()
        expect(desk.at("details.html > summary")).to_be_focused()
        assert image.evaluate("image => image.naturalWidth") == 1
        expect(desk.at("details.html")).not_to_contain_text("blocked")
        (asked,) = Far.asked
        assert asked.startswith("/brunn.png?u=17 ")
        assert not any(word in asked for word in ("cookie", "referer", "mozilla", "chrome"))
        assert not [each.url for each in desk.requests if NAME in each.url]
        desk.page.goto("about:blank")  # before that server ends
    assert len(house.all(select(Audit.id).where(Audit.act == "entry.show_images"))) == 1
    assert len(house.all(select(Reading.id).where(Reading.kind == "remote_images"))) == 1
