"""Hostile mail ends a child at worst: it is read or set aside within the limits, and the mail behind it arrives."""

import asyncio
import os
import signal
import time
from pathlib import Path

from sqlalchemy import Select, select

from hub.contract import RawEvent
from hub.inbound.child import MEMORY, Job
from hub.inbound.children import Children
from hub.inbox.entry import Entry
from tests.line import Line, letter, until

DEEP = range(999)
HEAD = b"From: ida@post.example\r\nSubject: x\r\n"
HOSTILE = {
    "nested parts": HEAD
    + b"".join(b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n" % (n, n) for n in DEEP),
    "nested messages": HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 1000,
    "100,000 parts": HEAD + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + b"--b\r\n\r\n" * 100_000,
    "nested comments": b"From: " + b"(" * 3000 + b")" * 3000 + b" a@b.example\r\nSubject: x\r\n\r\nhej",
    "20,000 addresses": HEAD + b"To: " + b",\r\n ".join(b"a%d@b.example" % n for n in range(20_000)) + b"\r\n\r\nhej",
    "5,000 encoded words": b"From: a@b.example\r\nSubject: " + b" =?utf-8?q?=C3=A5?=" * 5000 + b"\r\n\r\nhej",
    "one huge header": HEAD + b"X-A: " + b"a" * 1_000_000 + b"\r\n\r\nhej",
    "many headers": HEAD + b"X-A: a\r\n" * 100_000 + b"\r\nhej",
    "nested divs": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<div>" * 200_000,
    "nested tables": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<table><tr><td>" * 50_000,
    "60 kB of On": HEAD + b"\r\n" + b"On " * 20_000,
    "quotes without end": HEAD + b"\r\n" + b">" * 2_000_000,
    "one long line": HEAD + b"\r\n" + b"a" * 8_000_000,
    "broken base64": HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n" + b"=A" * 500_000,
    "broken quoted-printable": HEAD + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + b"=" * 2_000_000,
    "an unknown charset": HEAD + b'Content-Type: text/plain; charset="\xff\x00utf-9"\r\n\r\n\xe5\xe4\xf6',
    "nothing": b"",
    "zeroes": b"\0" * 100_000,
    "noise": bytes(range(256)) * 4000,
    "parameters without end": HEAD + b"Content-Type: text/plain" + b"; a*0*=b" * 3000 + b"\r\n\r\nhej",
    "a boundary of nothing": HEAD + b'Content-Type: multipart/mixed; boundary=""\r\n\r\n--\r\n--\r\n' * 2000,
    "a group of groups": b"From: " + b"a:" * 5000 + b";\r\nSubject: x\r\n\r\nhej",
    "entities": HEAD + b"Content-Type: text/html\r\n\r\n" + b"&lt;" * 400_000,
}  # fmt: skip


def test_every_hostile_mail_is_settled_and_the_next_one_arrives(line: Line) -> None:
    for number, body in enumerate(HOSTILE.values()):
        line.send(b"X-N: %d\r\n" % number + body)
    began = time.monotonic()
    line.send(letter("jag kom fram"))
    until(lambda: any(entry.text == "jag kom fram" for entry in line.all(_mails())), 60)
    assert time.monotonic() - began < 10
    until(lambda: "new" not in line.raw_states())
    assert len(line.raw_states()) == len(HOSTILE) + 1
    assert set(line.raw_states()) <= {"read", "quarantined"}


def test_a_killed_child_loses_and_quarantines_nothing(line: Line) -> None:
    for number in range(1, 31):
        line.send(letter(f"nummer {number}", Subject=f"{number}"))
        if number % 10 == 9:
            line.at_least(number - 1)  # the one before has been read: no mail meets two kills
            for child in _children():
                os.kill(child, signal.SIGKILL)
    line.entries(30)
    assert set(line.raw_states()) == {"read"}


def test_a_child_has_its_limits(line: Line) -> None:
    line.send(letter())
    line.entries(1)
    (child,) = _children()
    limits = Path(f"/proc/{child}/limits").read_text()
    assert any(row.startswith("Max address space") and row.split()[3] == str(MEMORY) for row in limits.splitlines())
    if os.geteuid() == 0:
        hub, its = (Path(f"/proc/{pid}/ns/net").readlink() for pid in ("self", child))
        assert hub != its


def test_what_takes_too_long_is_killed_and_set_aside() -> None:
    async def run() -> tuple[object, object]:
        async with Children(1, 0.01) as children:
            # The first answer waits for the child to start, which alone takes longer than it may.
            slow = (await children.parse([Job("mail", [RawEvent("a", b"hej", "message/rfc822")])]))[0]
        async with Children(1, 20) as children:
            fine = (await children.parse([Job("mail", [RawEvent("a", b"hej", "message/rfc822")])]))[0]
        return slow.unreadable, fine.unreadable

    slow, fine = asyncio.run(run())
    assert "more than 0.01 s" in str(slow)
    assert fine is None


def _mails() -> Select[Entry]:
    return select(Entry).where(Entry.kind == "mail")


def _children() -> list[int]:
    """The parsing processes of this one."""
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            words = status.parent.joinpath("cmdline").read_bytes()
            parent = next(row for row in status.read_text().splitlines() if row.startswith("PPid"))
        except (OSError, StopIteration):
            continue
        if b"hub.inbound.child" in words and int(parent.split()[1]) == os.getpid():
            found.append(int(status.parent.name))
    return found
