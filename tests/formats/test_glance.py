"""A glance at a header: right for nearly all, quick for any."""

import time

import pytest

from hub.formats.glance import glance

ANNA = ("anna@post.example", "1@post.example")


@pytest.mark.parametrize(
    "head",
    [
        b"From: Anna <anna@post.example>\r\nMessage-ID: <1@post.example>\r\n\r\nFrom: x@y.example",
        b"message-id:<1@Post.example>\nfrom: ANNA@post.example\n\nx",
        b'From: "bo@other.example" <anna@post.example>\r\nMessage-ID:\r\n <1@post.example>\r\n\r\n',
        b"From: =?utf-8?q?=C3=85sa?=\r\n <anna@post.example>\r\nMessage-Id: <1@post.example>\r\n\r\n",
        b"Subject: From: x@y.example\r\nFrom: \xc5sa <anna@post.example>\r\nMessage-ID: <1@post.example>",
        b"From: anna@post.example (Anna)\r\nFrom: other@y.example\r\nMessage-ID: <1@post.example>\r\n\r\n",
    ],
)
def test_who_and_which(head: bytes) -> None:
    assert glance(head) == ANNA


@pytest.mark.parametrize("body", [b"", b"\r\n\r\nFrom: a@b.example", b"From:\r\nMessage-ID: none\r\n\r\n", b"\xff\x00"])
def test_nothing_is_found_where_nothing_is(body: bytes) -> None:
    assert glance(body) == ("", "")


@pytest.mark.parametrize(
    "body",
    [
        b"From: " + b"a" * 60_000, b"From:" * 13_000, b"From: " + b"<" * 60_000, b"From: x\r\n " * 6_000,
        b"\n" * 65_000, b"Message-ID: " + b"<a" * 30_000, b"From: " + b"a@" * 30_000, b"From" + b" " * 60_000,
    ],
)  # fmt: skip
def test_no_header_takes_long(body: bytes) -> None:
    began = time.thread_time()  # its own: others may have the machine meanwhile
    glance(body)
    assert time.thread_time() - began < 0.5
