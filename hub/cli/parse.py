"""`torg parse`: raw samples to items, by the parser of a kind, in child processes; no database and no settings."""

import asyncio
import hashlib
import mimetypes
import os
import sys
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, BinaryIO

import click
import msgspec

from hub import clock
from hub.contract import Address, RawEvent, ReceivedMessage
from hub.errors import TorgError
from hub.inbound.child import MEMORY, Answer, Job
from hub.inbound.children import Children
from hub.plugin_host.manager import load

SECONDS = 10.0
"""For one file: the default of the setting parse_seconds."""
AHEAD = 200
"""Results held while an earlier file is still being parsed."""
_NO_TYPE = "application/octet-stream"
_ENCODER = msgspec.json.Encoder()


@click.command("parse")
@click.argument("kind")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(allow_dash=True))
@click.option("--lines", is_flag=True, help="A JSON object a line, for one file as well.")
@click.option("--children", type=click.IntRange(1, 64), default=os.cpu_count() or 2, help="Processes that parse.")
def command(kind: str, files: Sequence[str], lines: bool, children: int) -> None:
    """Parse raw samples without a database; nothing is stored. FILE - reads standard input.

    One file gives its items as a JSON array. Several, or --lines, give an object a line: {"file":…,"items":[…]}, or
    {"file":…,"error":…} for one that can't be read. The kind mail is the parser of all mail connectors.

    \b
    Examples:
      torg parse mail sample.eml
      find samples -name '*.eml' -print0 | xargs -0 torg parse mail --lines
    """
    out = sys.stdout.buffer
    if lines or len(files) > 1:
        asyncio.run(_print_lines(kind, files, children, out))
    else:
        out.write(asyncio.run(_parse_one(kind, files[0])) + b"\n")


async def _parse_one(kind: str, file: str) -> bytes:
    async with _started(1, kind) as parser:
        result = await _parse(parser, kind, file)
    if "error" in result:
        raise TorgError(f"{result['file']}: {result['error']}")
    return _ENCODER.encode(result["items"])


async def _print_lines(kind: str, files: Sequence[str], count: int, out: BinaryIO) -> None:
    """In the order of the files. All children are kept busy; what is read ahead is bounded in files and in results."""
    in_hand = asyncio.Semaphore(2 * count)
    async with _started(count, kind) as parser:

        async def line(file: str) -> bytes:
            async with in_hand:
                return _ENCODER.encode(await _parse(parser, kind, file)) + b"\n"

        waiting: deque[asyncio.Task[bytes]] = deque()
        for file in files:
            waiting.append(asyncio.create_task(line(file)))
            while waiting and (waiting[0].done() or len(waiting) >= AHEAD):
                out.write(await waiting.popleft())
        while waiting:
            out.write(await waiting.popleft())
    out.flush()


@asynccontextmanager
async def _started(count: int, kind: str) -> AsyncIterator[Children]:
    """Raises Invalid for an unknown kind: no child would tell it from a parser's bug."""
    load().connector(kind)
    async with Children(count, SECONDS) as parser:
        yield parser


async def _parse(parser: Children, kind: str, file: str) -> dict[str, Any]:
    """{"file", "items"} or {"file", "error"}: never raises for what is in a file, or for one that can't be opened."""
    name = os.fsencode(file).decode(errors="replace")
    try:
        body = _read(file)
    except OSError as error:
        return {"file": name, "error": f"It can't be opened: {error.strerror}."}
    if len(body) > MEMORY:
        return {"file": name, "error": f"It has more than {MEMORY} bytes, and no child may hold them."}
    media_type = mimetypes.guess_type(file)[0] or _NO_TYPE
    event = RawEvent(key=hashlib.sha256(body).hexdigest(), body=body, media_type=media_type)
    return {"file": name} | _result((await parser.parse([Job(kind, [event])]))[0])


def _read(file: str) -> bytes:
    """At most a byte more than can be parsed: /dev/zero has no end."""
    if file == "-":
        return sys.stdin.buffer.read(MEMORY + 1)
    with Path(file).open("rb") as stream:
        return stream.read(MEMORY + 1)


def _result(answer: Answer) -> dict[str, Any]:
    if answer.unreadable is not None:
        return {"error": answer.unreadable}
    if answer.bug is not None:
        *frames, error = answer.bug.splitlines()
        return {"error": f"The parser failed with {error}{f' at {frames[-1]}' if frames else ''}."}
    return {"items": [_item(each.message) for each in answer.items]}


def _item(message: ReceivedMessage) -> dict[str, Any]:
    return {
        "type": "message",
        "from": _address(message.sender),
        "to": [_address(each) for each in message.to],
        "cc": [_address(each) for each in message.cc],
        "reply_to": [_address(each) for each in message.reply_to],
        "subject": message.subject,
        "text": message.text,
        "visible_text": message.visible_text,
        "html": message.html,
        "sent_at": clock.to_iso(message.sent_at),
        "message_id": message.message_id,
        "in_reply_to": message.in_reply_to,
        "references": message.references,
        "automatic": message.automatic,
        "attachments": [
            {
                "name": each.name,
                "media_type": each.media_type,
                "size": each.size,
                "sha256": each.sha256,
                "inline": each.inline,
                "content_id": each.content_id,
            }
            for each in message.attachments
        ],
        "problems": message.problems,
    }


def _address(address: Address) -> dict[str, str]:
    return {"name": address.name, "address": address.address}
