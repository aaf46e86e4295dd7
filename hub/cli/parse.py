"""`torg parse`: raw samples to items, by the parser of a kind, in child processes; no database and no settings."""

import asyncio
import hashlib
import mimetypes
import os
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click
import msgspec
from msgspec import Struct

from hub import clock
from hub.cli.setting_values import SPLIT, Pairs, Typed, read_values
from hub.contract import Address, CallStep, RawEvent, ReceivedMessage, Unreadable
from hub.errors import Invalid, TorgError
from hub.inbound.child import MEMORY, Answer, Job
from hub.inbound.children import Children
from hub.plugin_host.manager import load

if TYPE_CHECKING:
    from hub.inbox.call import Told

SECONDS = 10.0
"""For one file: the default of the setting parse_seconds."""
AHEAD = 200
"""Results held while an earlier file is still being parsed."""
_NO_TYPE = "application/octet-stream"
_NOT_INSTALLED = "A package of your own is here when it is installed: pip install -e FOLDER."
_ENCODER = msgspec.json.Encoder()


@click.command("parse")
@click.argument("kind")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(allow_dash=True))
@click.option("--lines", is_flag=True, help="A JSON object a line, for one file as well.")
@click.option(
    "--set",
    "given",
    metavar="NAME=VALUE",
    multiple=True,
    callback=SPLIT,
    help="A setting of the channel by which a recording of many calls is read; a mapping also as a=b,c=d.",
)
@click.option("--children", type=click.IntRange(1, 64), default=os.cpu_count() or 2, help="Processes that parse.")
def command(kind: str, files: Sequence[str], lines: bool, given: Pairs, children: int) -> None:
    """Parse raw samples without a database; nothing is stored. FILE - reads standard input.

    One file gives its items as a JSON array. Several, a folder, or --lines, give an object a line:
    {"file":…,"items":[…]}, or {"file":…,"error":…} for one that can't be read. A folder is all files below it. The kind
    mail is the parser of all mail connectors. A recorded stream of telephone events, or an exchange's log of a day,
    gives an object per call (what somebody asks a colleague meanwhile is part of it); where nobody calls in it, the
    array is empty, which is said beside it. Of a call that can't be read the reason is said, and the others are given.

    \b
    Examples:
      torg parse mail sample.eml
      torg parse mail samples
      torg parse asterisk_ami dialogue.txt
      torg parse phone_log 2026-11-27.csv --set columns=start=Tid,number=Nummer
      find samples -name '*.eml' -print0 | xargs -0 torg parse mail --lines
    """
    out = sys.stdout.buffer
    if lines or len(files) > 1 or Path(files[0]).is_dir():
        asyncio.run(_print_lines(kind, given, _below(files), children, out))
        return
    result = asyncio.run(_parse_one(kind, given, files[0], children))
    out.write(_ENCODER.encode(result["items"]) + b"\n")
    if "unread" in result:
        out.flush()
        raise TorgError(f"{result['file']}: {_how_many(result['unread'])}")


def _below(named: Sequence[str]) -> Iterator[str]:
    """Each file, and for a folder those below it, by name; itself where there are none, which is then said of it."""
    for each in named:
        if Path(each).is_dir():
            yield from sorted(str(path) for path in Path(each).rglob("*") if path.is_file()) or [each]
        else:
            yield each


async def _parse_one(kind: str, given: Pairs, file: str, children: int) -> dict[str, Any]:
    async with _started(children, kind, given) as parser:
        result = await _parse(parser, file)
    if "error" in result:
        raise TorgError(f"{result['file']}: {result['error']}")
    if not result["items"] and "unread" not in result:  # nothing is wrong with it: a recording may hold no call
        click.echo(f"torg: {result['file']}: there is nothing in it that a channel of {kind} would bring.", err=True)
    return result


def _how_many(unread: Sequence[str]) -> str:
    more = f" ({len(unread)} such)" if len(unread) > 1 else ""
    return f"What else is in it can't be read: {unread[0]}{more}"


async def _print_lines(kind: str, given: Pairs, files: Iterable[str], count: int, out: BinaryIO) -> None:
    """In the order of the files. All children are kept busy; what is read ahead is bounded in files and in results."""
    in_hand = asyncio.Semaphore(2 * count)
    async with _started(count, kind, given) as parser:

        async def line(file: str) -> bytes:
            async with in_hand:
                return _ENCODER.encode(await _parse(parser, file)) + b"\n"

        waiting: deque[asyncio.Task[bytes]] = deque()
        for file in files:
            waiting.append(asyncio.create_task(line(file)))
            while waiting and (waiting[0].done() or len(waiting) >= AHEAD):
                out.write(await waiting.popleft())
        while waiting:
            out.write(await waiting.popleft())
    out.flush()


class _Parser(Struct, frozen=True):
    """`split`: of a kind whose recordings hold many events of many calls. `given`: settings to read them by."""

    children: Children
    kind: str
    split: Callable[[bytes, Mapping[str, object]], Sequence[RawEvent]] | None
    given: Mapping[str, object]

    async def read(self, event: RawEvent) -> Sequence[Answer]:
        """An answer for each group of events in it, or the only one."""
        groups: dict[str, list[RawEvent]] = {}
        try:
            for each in [event] if self.split is None else self.split(event.body, self.given):
                groups.setdefault(each.group or each.key, []).append(each)
        except Unreadable as error:
            return [Answer(unreadable=str(error))]
        return await self.children.parse([Job(self.kind, group) for group in groups.values()])


@asynccontextmanager
async def _started(count: int, kind: str, given: Pairs) -> AsyncIterator[_Parser]:
    """Raises Invalid for an unknown kind: no child would tell it from a parser's bug; and for settings without use."""
    try:
        connector = load().connector(kind)
    except Invalid as error:
        raise Invalid("kind", f"{error.sentence} {_NOT_INSTALLED}", **error.said) from error
    split = getattr(connector, "split", None)
    if given and split is None:
        raise Invalid("set", f"A file of {kind} is read without settings: leave out --set.")
    values = read_values(connector, Typed(given)) if given else {}
    async with Children(count, SECONDS) as children:
        yield _Parser(children, kind, split, values)


async def _parse(parser: _Parser, file: str) -> dict[str, Any]:
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
    return {"file": name} | _result(await parser.read(event))


def _read(file: str) -> bytes:
    """At most a byte more than can be parsed: /dev/zero has no end."""
    if file == "-":
        return sys.stdin.buffer.read(MEMORY + 1)
    with Path(file).open("rb") as stream:
        return stream.read(MEMORY + 1)


def _result(answers: Sequence[Answer]) -> dict[str, Any]:
    """The items; `unread` why others of the file's aren't among them. Nothing but an error, where nothing can be."""
    unread = [why for answer in answers if (why := _why_not(answer)) is not None]
    if unread and len(unread) == len(answers):
        return {"error": unread[0] if len(unread) == 1 else f"{unread[0]} ({len(unread)} such)"}
    read = [each for answer in answers for each in answer.items]
    steps = [step for answer in answers for step in answer.steps]
    found: dict[str, Any] = {"items": [*(_item(each.message) for each in read), *map(_call, _calls(steps))]}
    return found | ({"unread": unread} if unread else {})


def _why_not(answer: Answer) -> str | None:
    if answer.bug is None:
        return answer.unreadable
    *frames, error = answer.bug.splitlines()
    return f"The parser failed with {error}{f' at {frames[-1]}' if frames else ''}."


def _calls(steps: Iterable[CallStep]) -> "list[Told]":
    """A call for all its steps, in the order in which they began."""
    of_call: dict[str, list[CallStep]] = {}
    for step in steps:
        of_call.setdefault(step.call, []).append(step)
    if not of_call:
        return []
    from hub.inbox.call import told  # noqa: PLC0415 - brings the database's library, and most have no calls

    found = sorted(map(told, of_call.values()), key=lambda call: (call.offered_at, call.call))
    taken_by: dict[str, list[Told]] = {}
    for each in found:
        for who in {each.answered_by, *(transfer.answered_by for transfer in each.transfers)} - {None}:
            taken_by.setdefault(str(who), []).append(each)
    return [
        each for each in found if not any(_asks_a_colleague(each, one) for one in taken_by.get(each.caller or "", ()))
    ]


def _asks_a_colleague(call: "Told", other: "Told") -> bool:
    """In the midst of the other: whoever has that by then rings somebody inside, and it is no call of a citizen's."""
    during = other.answered_at is not None and other.answered_at <= call.offered_at <= (other.ended_at or clock.NEVER)
    taken = [each.answered_by for each in other.transfers if each.at <= call.offered_at]
    theirs = {other.answered_by, *taken} - {None}
    return call.direction == "in" and other is not call and during and call.caller in theirs


def _call(call: "Told") -> dict[str, Any]:
    return {
        "type": "call",
        "call_id": call.call,
        "direction": call.direction,
        "from": call.caller,
        "to": call.called,
        "queue": call.queue,
        "menu_path": call.menu_path,
        "answered_by": call.answered_by,
        "answered_name": call.answered_name,
        "state": call.state,
        "hangup_cause": call.cause,
        "offered_at": clock.to_iso(call.offered_at),
        "answered_at": clock.to_iso(call.answered_at),
        "ended_at": clock.to_iso(call.ended_at),
        "wait_seconds": call.wait_seconds,
        "talk_seconds": call.talk_seconds,
        "transfers": [
            {
                "at": clock.to_iso(each.at),
                "by": each.by,
                "to": each.to,
                "answered_by": each.answered_by,
            }
            for each in call.transfers
        ],
    }


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
        **_carried(message),
    }


def _carried(message: ReceivedMessage) -> dict[str, Any]:
    """What few mails have: only those have the field."""
    meetings = [
        {
            "method": each.method,
            "summary": each.summary,
            "starts": clock.to_iso(each.starts),
            "ends": clock.to_iso(each.ends),
            "all_day": each.all_day,
            "place": each.place,
            "organizer": _address(each.organizer),
            "repeats": each.repeats,
        }
        for each in message.invitations
    ]
    reports = [
        {
            "kind": each.kind,
            "action": each.action,
            "recipients": each.recipients,
            "status": each.status,
            "message_id": each.message_id,
            "envelope_id": each.envelope_id,
            "words": each.words,
        }
        for each in message.reports
    ]
    fields = {"remote_images": message.remote_images, "invitations": meetings, "reports": reports}
    return {name: value for name, value in fields.items() if value}


def _address(address: Address) -> dict[str, str]:
    return {"name": address.name, "address": address.address}
