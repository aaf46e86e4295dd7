"""Parsing children: mails are read in them and nowhere else, under limits, and one that dies or hangs loses nothing."""

import asyncio
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

import nh3
import pytest
from sqlalchemy import select

from connectors.smtp_in import SmtpIn
from hub.contract import RawEvent as Event
from hub.formats import mail
from hub.inbound import children
from hub.inbound.child import MEMORY, Answer, Job
from hub.inbound.children import Children
from hub.inbound.raw_event import RawEvent
from hub.inbox.entry import Mail
from tests.line import Line, letter, parsing_children, until

pytestmark = pytest.mark.own_children
HANGS = """
import os
import time
from hub.formats import mail
reads = mail._parse
def hangs(body, *rest, **named):
    if b"X-Hang: yes" in body:
        time.sleep(3600)
    if b"X-End: yes" in body:
        os._exit(1)
    if b"X-Work: yes" in body:
        end = time.process_time() + 1
        while time.process_time() < end:
            pass
    return reads(body, *rest, **named)
mail._parse = hangs
"""


def test_a_parser_that_hangs_is_ended_and_its_mail_set_aside(
    sqlite_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text(HANGS)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{Path(__file__).parents[2]}")
    line = Line(tmp_path, sqlite_database, parse_seconds=1)
    with line.running():
        line.send(letter(X_Hang="yes"), letter("jag kom fram", Subject="b"))
        (entry,) = line.entries(1)
        until(lambda: line.raw_states() == ["quarantined", "read"])
    assert entry.text == "jag kom fram"
    reason = line.one(select(RawEvent.reason).where(RawEvent.state == "quarantined"))
    assert reason == "It took more than 1 s to read."
    line.storage.close()


def test_what_a_child_has_before_it_is_read_though_the_first_ends_or_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text(HANGS)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{Path(__file__).parents[2]}")
    texts = [f"nummer {number}" for number in range(children.AT_ONCE + 2)]
    bodies = [letter(text).as_bytes() for text in texts]
    bodies.insert(0, letter(X_Hang="yes").as_bytes())
    bodies.insert(2, letter(X_End="yes").as_bytes())
    hung, first, ended, *rest = asyncio.run(parsed(bodies))
    assert (hung.unreadable, ended.unreadable) == (
        "It took more than 2 s to read.",
        "Reading it ended the process that read it, 3 times.",
    )
    assert [item.message.text.strip() for answer in (first, *rest) for item in answer.items] == texts


def test_what_is_being_worked_at_has_the_time_that_it_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second of processor time, which a busy machine may give in ten."""
    (tmp_path / "sitecustomize.py").write_text(HANGS)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{Path(__file__).parents[2]}")
    (answer,) = asyncio.run(parsed([letter("till slut", X_Work="yes").as_bytes()], seconds=0.2))
    assert [item.message.text.strip() for item in answer.items] == ["till slut"]


def test_an_answer_that_came_while_we_stood_still_counts() -> None:
    async def stand_still() -> Answer:
        async with Children(1, 0.2) as reading:
            first, second = ([Job("smtp_in", [Event(n, letter(n).as_bytes(), "message/rfc822")])] for n in "ab")
            await reading.parse(first)  # the child is up
            answering = asyncio.ensure_future(reading.parse(second))
            while not reading._tasks.empty() or not answering.done():
                await asyncio.sleep(0)
                time.sleep(0.4)  # noqa: ASYNC251 - as a machine that is being copied does
            (answer,) = await answering
            return answer

    assert [item.message.text.strip() for item in asyncio.run(stand_still()).items] == ["b"]


async def parsed(bodies: Sequence[bytes], seconds: float = 2) -> Sequence[Answer]:
    """By one child."""
    async with Children(1, seconds) as reading:
        return await reading.parse(
            [Job("smtp_in", [Event(str(n), body, "message/rfc822")]) for n, body in enumerate(bodies)]
        )


def test_children_are_there_before_anything_has_come() -> None:
    async def started() -> None:
        async with Children(1, 2, ahead=True) as reading:
            async with asyncio.timeout(60):
                while not parsing_children():  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.02)
            (answer,) = await reading.parse(
                [Job("smtp_in", [Event("a", letter("först").as_bytes(), "message/rfc822")])]
            )
            assert [item.message.text.strip() for item in answer.items] == ["först"]

    asyncio.run(started())


def test_nothing_is_parsed_or_cleaned_in_the_hub(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("parsed outside a child")

    html = letter()
    html.add_alternative("<p>Hej</p>", subtype="html")
    for module, name in ((mail, "parse_mail"), (mail, "_parse"), (nh3, "clean")):
        monkeypatch.setattr(module, name, never)
    with pytest.raises(AssertionError, match="outside a child"):  # what the connector calls would notice
        SmtpIn.parse([Event("a", html.as_bytes(), "message/rfc822")])
    line.send(html)
    line.entries(1)
    assert "Hej" in (line.one(select(Mail.safe_html)) or "")
    assert line.raw_states() == ["read"]


def test_a_killed_child_loses_and_quarantines_nothing(line: Line) -> None:
    for number in range(1, 31):
        line.send(letter(f"nummer {number}", Subject=f"{number}"))
        if number % 10 == 9:
            line.at_least(number - 1)  # the one before has been read: no mail meets two kills
            for child in parsing_children():
                os.kill(child, signal.SIGKILL)
    line.entries(30)
    assert set(line.raw_states()) == {"read"}


def test_a_child_has_its_limits(line: Line) -> None:
    line.send(letter())
    line.entries(1)
    (child,) = parsing_children()
    limits = Path(f"/proc/{child}/limits").read_text()
    assert any(row.startswith("Max address space") and row.split()[3] == str(MEMORY) for row in limits.splitlines())
    if os.geteuid() == 0:
        hub, its = (Path(f"/proc/{pid}/ns/net").readlink() for pid in ("self", child))
        assert hub != its
