"""Storage in trouble: nothing is acknowledged that wasn't kept, and it goes on by itself when the trouble is over."""

import smtplib
import subprocess
import sys
import time
from pathlib import Path

import pytest
from litestar.testing import TestClient
from sqlalchemy import select

from hub.access import login
from hub.access.person import Person
from hub.app import create_app
from hub.inbound.raw_event import RawEvent
from hub.inbox.entry import Attachment
from hub.settings import Settings
from hub.storage.unit import Unit
from tests import line as lines
from tests.inbound.conftest import OpenHub, ReceivingHub
from tests.line import TEST, Line, letter, reachable, until

OpenLine = tuple[Line, OpenHub]
LOCKER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
"""


def test_a_full_disk_is_answered_4xx_and_over_by_itself(open_line: OpenLine) -> None:
    line, hub = open_line
    line.send(letter("före"))
    line.entries(1)
    pages = pragma(hub, "page_count")
    pragma(hub, f"max_page_count={pages}")
    size = 60_000  # more than the free pages of the file: those may still be used
    refused = letter("under" + "x" * size, Subject="under")
    assert answer(line, refused) == 452
    assert answer(line, refused) == 452
    assert len(line.raw_states()) == 1
    pragma(hub, "max_page_count=1000000")
    assert answer(line, refused) == 250
    assert line.entries(2)[1].text.startswith("under")
    assert line.all(select(RawEvent.arrivals)) == [1, 1]


def test_a_blob_folder_that_takes_nothing_is_answered_4xx(line: Line) -> None:
    large = letter("x" * 100_000)
    blobs = line.folder / "blobs"
    blobs.rmdir() if blobs.exists() else None
    blobs.write_text("in the way")
    assert answer(line, large) == 452
    assert answer(line, letter("liten")) == 250
    blobs.unlink()
    assert answer(line, large) == 250
    line.entries(2)


def test_what_was_kept_waits_until_its_files_can_be_kept_too(line: Line) -> None:
    """The raw event was taken; the disk fills before its attachments are written."""
    in_the_way = line.folder / "blobs" / "attachments"
    in_the_way.parent.mkdir(exist_ok=True)
    in_the_way.write_text("in the way")
    mail = letter()
    mail.add_attachment(b"\0" * 100_000, maintype="application", subtype="pdf", filename="a.pdf")
    assert answer(line, mail) == 250
    time.sleep(1.5)  # a sweep tries, and waits
    assert line.raw_states() == ["new"]
    line.send(letter("liten", Subject="liten"))
    line.entries(1)
    in_the_way.unlink()
    line.entries(2)
    assert line.raw_states() == ["read", "read"]
    assert len(line.all(select(Attachment))) == 1


def test_mails_without_files_do_not_wait_for_those_that_came_with_them(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Line(tmp_path, database_url)
    with monkeypatch.context() as patched:
        patched.setattr(lines, "Hub", ReceivingHub)
        with line.running():
            mail = letter(Subject="stort")
            mail.add_attachment(b"\0" * 100_000, maintype="application", subtype="pdf", filename="a.pdf")
            line.send(letter("före"), mail, letter("efter"))
    in_the_way = line.folder / "blobs" / "attachments"
    in_the_way.write_text("in the way")
    with line.running():  # the sweep takes all three in hand at once
        assert [each.text.strip() for each in line.entries(2)] == ["före", "efter"]
        in_the_way.unlink()
        line.entries(3)
    line.storage.close()


def test_a_database_locked_by_another_process_is_answered_4xx(open_line: OpenLine) -> None:
    line, hub = open_line
    pragma(hub, "busy_timeout=200")
    locker = subprocess.Popen(
        [sys.executable, "-c", LOCKER, str(line.folder / "torg.db")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with locker:
        assert locker.stdout is not None
        assert locker.stdout.readline() == b"locked\n"
        assert answer(line, letter()) == 452
        time.sleep(1.2)  # the sweep meets it as well
    until(lambda: answer(line, letter()) == 250)
    line.entries(1)
    assert line.all(select(RawEvent.arrivals)) == [1]


def test_a_full_disk_is_503_for_whoever_answers_and_the_answer_is_then_given_once(line: Line) -> None:
    line.send(letter())
    (entry,) = line.entries(1)
    token = line.storage.write_now(TEST, make_token, "sara@granvik.example")
    settings = {name: getattr(line.settings, name) for name in ("database_url", "key_file", "blob_folder")}
    hub = OpenHub(Settings(**settings, undo_seconds=600), serves=False, works=True)
    with TestClient(create_app(hub)) as client:
        client.headers["Authorization"] = f"Bearer {token}"
        path = f"/api/v1/conversations/{entry.conversation_id}/replies"
        said, key = {"text": "Hej " + "x" * 50_000}, {"Idempotency-Key": "en-gang-123"}
        pragma(hub, f"max_page_count={pragma(hub, 'page_count')}")
        refused = client.post(path, json=said, headers=key)
        assert refused.status_code == 503
        assert refused.headers["Retry-After"]
        assert line.deliveries() == []
        assert client.get("/api/v1/conversations").status_code == 200
        pragma(hub, "max_page_count=1000000")
        assert client.post(path, json=said, headers=key).status_code == 201
        assert client.post(path, json=said, headers=key).status_code in {200, 201}
    assert len(line.deliveries()) == 1


def test_the_port_stays_open_through_all_of_it(open_line: OpenLine) -> None:
    line, hub = open_line
    pragma(hub, f"max_page_count={pragma(hub, 'page_count')}")
    for number in range(20):
        answer(line, letter("x" * 60_000, Subject=f"{number}"))
    assert reachable(line.port)
    pragma(hub, "max_page_count=1000000")
    assert answer(line, letter("efter")) == 250


def pragma(hub: OpenHub, words: str) -> int:
    """On the one connection that the hub writes by, as of its next transaction."""
    with hub.storage.engines.writer.connect() as connection:
        row = connection.exec_driver_sql(f"PRAGMA {words}").fetchone()
        return int(row[0]) if row else 0


def answer(line: Line, mail: object) -> int:
    """To the mail as a whole: what came after its dot."""
    try:
        line.send(mail)  # type: ignore[arg-type]  # an EmailMessage
    except smtplib.SMTPDataError as error:
        return error.smtp_code
    return 250


def make_token(unit: Unit, email: str) -> str:
    found = unit.first(select(Person).where(Person.email == email))
    assert found is not None
    return login.add_token(unit, found, "test")
