"""Bombs (attack A12, fault F21), one by one through a real child: read or set aside within ten seconds and 512 MB, and
the next is read. TORG_TEST_LARGE=1 sends two hundred through the whole line."""

import asyncio
import base64
import os
import random
import zlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import select

from hub.contract import RawEvent as Event
from hub.inbound.child import MEMORY, Answer, Job
from hub.inbound.children import Children
from hub.inbound.raw_event import RawEvent
from hub.inbox.entry import Entry
from tests.line import Line, letter, parsing_children, until

pytestmark = pytest.mark.own_children
HOSTILE = 200 if os.environ.get("TORG_TEST_LARGE") else 8
SEED = 20_261_127
HEAD = b"From: ida@post.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
PLAIN, MIXED = HEAD + b"Content-Type: text/plain; ", HEAD + b"Content-Type: multipart/mixed; "
HTML = HEAD + b"Content-Type: text/html; charset=utf-8\r\n\r\n"
TEXT = PLAIN + b"charset=utf-8\r\n\r\n"


def parts(*bodies: bytes, kind: bytes = b"mixed") -> bytes:
    joined = b"".join(b"--b\r\n" + body + b"\r\n" for body in bodies)
    return HEAD + b"Content-Type: multipart/" + kind + b'; boundary="b"\r\n\r\n' + joined + b"--b--\r\n"


def file(content: bytes, name: bytes = b"a.pdf", kind: bytes = b"application/pdf") -> bytes:
    head = b"Content-Type: " + kind + b'\r\nContent-Disposition: attachment; filename="' + name + b'"\r\n'
    return head + b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(content).replace(b"\n", b"\r\n")


@cache
def bombs() -> Mapping[str, bytes]:
    """By name; a hundred megabytes, made where they are thrown and not wherever tests are collected."""
    return {
        "attributes without end": HTML + b"<p " + b"a=b " * 500_000 + b">hej</p>",
        "tags that never close": HTML + b"<" * 1_000_000,
        "comments in comments": HTML + b"<!--" * 300_000,
        "formatting adopted again and again": HTML + b"<b><i><a href=x><p>" * 30_000,
        "nested lists": HTML + b"<ul><li>" * 60_000,
        "nested quotes": HTML + b"<blockquote>" * 100_000,
        "nested svg and math": HTML + b"<svg><math>" * 50_000,
        "styles without end": HTML + b'<p style="' + b"color:red;" * 200_000 + b'">hej</p>',
        "a template in templates": HTML + b"<template>" * 50_000,
        "a table of odd cells": HTML + b"<table>" + b"<td><table>" * 40_000,
        "a link of two megabytes": HTML + b'<a href="https://a.example/' + b"a" * 2_000_000 + b'">hej</a>',
        "data images": HTML + b'<img src="data:image/png;base64,AAAA">' * 50_000,
        "named entities": HTML + b"&CounterClockwiseContourIntegral;" * 100_000,
        "written by, line after line": TEXT + b"Den 1 jan. skrev Ida <ida@post.example>:\r\n> hej\r\n" * 20_000,
        "On and no end": TEXT + b"On Mon, 1 Jan, " * 60_000,
        "dividers": TEXT + b"-----" * 400_000,
        "lines of one letter": TEXT + b"a\r\n" * 1_500_000,
        "marks upon marks": TEXT + b"a" + "\u0301".encode() * 500_000,
        "right to left and back": TEXT + "\u202e\u202d".encode() * 300_000,
        "words, all different": TEXT + b" ".join(b"w%x" % n for n in range(400_000)),
        "words that never end": TEXT + (b"a" * 200_000 + b" ") * 20,
        "files without end": parts(*[file(b"x")] * 5_000),
        "one name of a megabyte": parts(file(b"x", b"a" * 1_000_000)),
        "names that climb": parts(*[file(b"x", b"../" * 300 + b"etc/passwd%d" % n) for n in range(200)]),
        "names in pieces": parts(
            b"Content-Type: application/pdf\r\nContent-Disposition: attachment"
            + b"".join(b";\r\n filename*%d*=%%41" % n for n in range(3_000))
            + b"\r\n\r\nx"
        ),
        "alternatives of alternatives": parts(
            *[b"Content-Type: text/html\r\n\r\n" + b"<p>hej</p>" * 50] * 900, kind=b"alternative"
        ),
        "a boundary that is a prefix": MIXED + b"boundary=b\r\n\r\n" + b"--bb\r\n\r\nx\r\n" * 100_000,
        "a boundary of ten thousand letters": MIXED + b"boundary=" + b"b" * 10_000 + b"\r\n\r\n",
        "dashes": MIXED + b"boundary=b\r\n\r\n" + b"--" * 1_000_000,
        "a zipped bomb": parts(file(zlib.compress(b"\0" * 50_000_000), b"a.gz", b"application/gzip")),
        "uuencoded": TEXT + b"begin 644 a.txt\r\n" + b"M" + b"A" * 60 + b"\r\n" * 100_000,
        "a winmail.dat of noise": parts(file(os.urandom(500_000), b"winmail.dat", b"application/ms-tnef")),
        "a calendar without end": HEAD + b"Content-Type: text/calendar\r\n\r\n" + b"BEGIN:VEVENT\r\n" * 100_000,
        "a report of reports": HEAD + b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        + b"--b\r\nContent-Type: message/delivery-status\r\n\r\n" + b"Action: failed\r\n\r\n" * 50_000,
        "references without end": HEAD
        + b"References:" + b"".join(b" <%d@a>" % n for n in range(100_000)) + b"\r\n\r\n",
        "folded for ever": HEAD + b"X-A: a\r\n" + b" a\r\n" * 300_000 + b"\r\nhej",
        "a header without a body or an end": b"Subject: " + b"a" * 3_000_000,
        "a date of digits": HEAD + b"Date: " + b"1" * 20_000 + b"\r\n\r\nhej",
        "quoted names without end": b'From: "' + b"\\" * 20_000 + b'" <ida@post.example>\r\n\r\nhej',
        "sixteen bits that aren't": PLAIN + b"charset=utf-16\r\n\r\n" + b"\xd8\x00" * 500_000,
        "another seven bits": PLAIN + b"charset=utf-7\r\n\r\n" + b"+AAA" * 500_000,
        "iso-2022": PLAIN + b"charset=iso-2022-jp\r\n\r\n" + b"\x1b$B" * 400_000,
        "a charset that is a codec": PLAIN + b"charset=zlib_codec\r\n\r\n" + zlib.compress(b"a" * 90_000_000),
        "punycode": PLAIN + b"charset=punycode\r\n\r\n" + b"a-" * 100_000 + b"9" * 100_000,
        "an idna domain": b"From: a@" + b"xn--" * 20_000 + b".example\r\n\r\nhej",
        "nested parts": HEAD
        + b"".join(b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n" % (n, n) for n in range(999)),
        "nested messages": HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 1000,
        "100,000 parts": HEAD + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + b"--b\r\n\r\n" * 100_000,
        "nested comments": b"From: " + b"(" * 3000 + b")" * 3000 + b" a@b.example\r\nSubject: x\r\n\r\nhej",
        "20,000 addresses": HEAD
        + b"To: " + b",\r\n ".join(b"a%d@b.example" % n for n in range(20_000)) + b"\r\n\r\nhej",
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
        "noise": bytes(range(256)) * 390,
        "parameters without end": HEAD + b"Content-Type: text/plain" + b"; a*0*=b" * 3000 + b"\r\n\r\nhej",
        "a boundary of nothing": HEAD + b'Content-Type: multipart/mixed; boundary=""\r\n\r\n--\r\n--\r\n' * 2000,
        "a group of groups": b"From: " + b"a:" * 5000 + b";\r\nSubject: x\r\n\r\nhej",
        "entities": HEAD + b"Content-Type: text/html\r\n\r\n" + b"&lt;" * 400_000,
        "text of forty-five megabytes": TEXT + b"hej hopp lilla du\r\n" * 2_400_000,
    }  # fmt: skip


def test_each_is_read_or_set_aside_within_the_limits_and_the_next_one_is_read() -> None:
    async def run() -> list[str]:
        found = []
        async with Children(1, 10) as children:
            await read(children, letter().as_bytes())  # a child that is up
            for name, body in bombs().items():
                answer = await read(children, body)
                most = most_memory()
                after = await read(children, letter("jag kom fram").as_bytes())
                if answer.bug or not (answer.items or answer.unreadable):
                    found.append(f"{name}: {answer.bug}")
                if most > MEMORY:
                    found.append(f"{name}: {most} bytes")
                if [item.message.text.strip() for item in after.items] != ["jag kom fram"]:
                    found.append(f"{name}: the next one is lost")
        return found

    assert asyncio.run(run()) == []


def test_whatever_is_made_of_the_small_ones_is_stored(line: Line) -> None:
    """Through the whole line at once: odd names, charsets and bytes."""
    small = [body for body in bombs().values() if len(body) < 400_000]
    line.send(*small, letter("jag kom fram"))
    until(lambda: line.raw_states().count("new") == 0)
    assert len(line.raw_states()) == len(small) + 1 > 20
    why = line.all(select(RawEvent.reason).where(RawEvent.state == "quarantined"))
    assert [each for each in why if "limit" not in (each or "")] == []
    assert line.one(select(Entry.id).where(Entry.text == "jag kom fram"))


def test_a12_hostile_mails_are_stored_and_the_next_is_never_late(line: Line) -> None:
    """Each bent in its own way, each followed by an ordinary one, which is waited for before the next one is sent."""
    chance = random.Random(SEED)  # noqa: S311 - seeded, so that it can be run again
    for number in range(HOSTILE):
        line.send(_bent(chance, number))
        line.send(letter(f"jag kom fram {number}"))
        arrived = select(Entry.id).where(Entry.text == f"jag kom fram {number}")
        until(lambda arrived=arrived: line.all(arrived))  # type: ignore[misc]  # bound here, for the loop goes on
    until(lambda: "new" not in line.raw_states())
    assert len(line.raw_states()) == 2 * HOSTILE


def _bent(chance: random.Random, number: int) -> bytes:
    """A bomb with some of its bytes changed or its end missing; no two alike."""
    names = [name for name, body in bombs().items() if 100 < len(body) < 9_000_000]
    body = bytearray(bombs()[chance.choice(names)])
    for _ in range(chance.choice((0, 3, 30))):
        body[chance.randrange(len(body))] = chance.randrange(256)
    return b"X-Number: %d\r\n" % number + bytes(body[: chance.choice((len(body), chance.randrange(len(body)) + 1))])


def test_a_large_ordinary_mail_is_no_bomb() -> None:
    """Forty-seven megabytes, as a camera's pictures are: within what `smtp_in` takes."""
    content = os.urandom(35_000_000)

    async def run() -> Answer:
        async with Children(1, 10) as children:
            return await read(children, parts(b"Content-Type: text/plain\r\n\r\nhej", file(content)))

    answer = asyncio.run(run())
    assert answer.unreadable is None
    ((size, same),) = [
        (each.size, each.content == content) for item in answer.items for each in item.message.attachments
    ]
    assert (size, same) == (len(content), True)


async def read(children: Children, body: bytes) -> Answer:
    (answer,) = await children.parse([Job("mail", [Event("key", body, "message/rfc822")])])
    return answer


def most_memory() -> int:
    """Bytes of address space that a parsing child of ours has had; 0 when it has ended."""
    most = 0
    for child in parsing_children():
        try:
            rows = Path(f"/proc/{child}/status").read_text().splitlines()
        except OSError:  # it has ended meanwhile
            continue
        most = max([most, *(int(row.split()[1]) * 1024 for row in rows if row.startswith("VmPeak"))])
    return most
