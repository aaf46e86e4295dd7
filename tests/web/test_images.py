"""A mail's images from elsewhere: blocked, shown after a click that is written down, and to who may read the mail."""

import re
from collections.abc import Sequence

import pytest
from sqlalchemy import select, update

from hub.access.audit import Audit
from hub.access.reading import Reading
from hub.inbox.entry import Entry, Mail
from hub.plugin_host import pictures
from hub.plugin_host.pictures import Picture
from hub.storage.unit import Unit
from tests.web.test_administration import Visit, kept, visit, words
from tests.web.world import World, let_pass, must

__all__ = ["kept", "visit"]
TRACKER = "https://tracker.example/o.gif?u=17"


@pytest.fixture
def mail(world: World) -> tuple[str, str]:
    """The ids of a conversation and its entry, which would load two images."""
    conversation = world.mail()

    def give(unit: Unit) -> int:
        row = must(unit.first(select(Entry).where(Entry.conversation_id == int(conversation), Entry.kind == "mail")))
        row.body = {**row.body, "remote_images": [TRACKER, "https://post.example/logo.png"]}
        html = '<p>Hej</p><img data-remote="0"><img alt="Logo" data-remote="1"><img data-remote="9">'
        unit.change(update(Mail).where(Mail.entry_id == row.id).values(safe_html=html))
        return row.id

    return str(conversation), str(world.do(give))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was fetched."""
    found: list[str] = []

    async def fetch(addresses: Sequence[str]) -> dict[int, Picture]:
        found.extend(addresses)
        return {1: Picture("image/png", b"bytes")} if addresses else {}

    monkeypatch.setattr(pictures, "fetch", fetch)
    return found


def test_they_are_shown_after_a_click(world: World, visit: Visit, mail: tuple[str, str], asked: list[str]) -> None:
    conversation, entry = mail
    sara, at = visit("sara"), f"/entries/{entry}/images"
    page = f"/conversations/{conversation}"
    assert "2 images blocked" in words(sara.get(page))
    assert TRACKER not in sara.get(page).text
    plain = sara.get(f"/entries/{entry}/html")
    assert (asked, "tracker" in plain.text, "<img src" in plain.text) == ([], False, False)
    shown = sara.send(at, page, script=True)
    src = must(re.search(r'src="([^"]+)"', shown.text))[1].replace("&amp;", "&")
    assert asked == [], "the click gives a pass"
    frame = sara.get(src)
    assert asked == [TRACKER, "https://post.example/logo.png"]
    assert 'src="data:image/png;base64,Ynl0ZXM="' in frame.text
    assert "default-src 'none'" in frame.headers["Content-Security-Policy"]
    assert "https://" not in frame.text
    kinds = world.do(lambda unit: unit.all(select(Reading.kind).where(Reading.kind == "remote_images")))
    acts = world.do(lambda unit: unit.all(select(Audit.act).where(Audit.act == "entry.show_images")))
    assert (len(kinds), len(acts)) == (1, 1)
    asked.clear()
    let_pass(11 * 60)
    assert "data:image" not in sara.get(src).text, "the pass is over"
    assert asked == []


def test_no_address_alone_fetches_anything(visit: Visit, mail: tuple[str, str], asked: list[str]) -> None:
    _, entry = mail
    sara = visit("sara")
    for given in ("1", f"{2**62}-{'0' * 32}", "-", "0-0"):
        assert "data:image" not in sara.get(f"/entries/{entry}/html?images={given}").text
    assert sara.get(f"/entries/{entry}/images").status_code == 405
    assert sara.post(f"/entries/{entry}/images").status_code == 403, "without the form's token"
    assert asked == []


def test_a_pass_is_one_persons_for_one_message(visit: Visit, mail: tuple[str, str], asked: list[str]) -> None:
    conversation, entry = mail
    sara, lena = visit("sara"), visit("lena")
    shown = sara.send(f"/entries/{entry}/images", f"/conversations/{conversation}", script=True)
    src = must(re.search(r'src="([^"]+)"', shown.text))[1]
    answer = lena.get(src)
    assert "data:image" not in answer.text
    assert asked == []
    assert visit("ida").get(src).status_code in {403, 404}


def test_without_a_script_the_mail_is_shown_with_them(visit: Visit, mail: tuple[str, str], asked: list[str]) -> None:
    conversation, entry = mail
    shown = visit("sara").send(f"/entries/{entry}/images", f"/conversations/{conversation}")
    assert "data:image/png" in shown.text
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    assert len(asked) == 2
