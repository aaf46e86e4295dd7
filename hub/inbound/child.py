"""The child process: parses one group of raw events at a time, under limits, and answers with items and search tokens.

Run as `python -m hub.inbound.child` by `children`; frames are a length of four bytes and MessagePack.
Hostile input ends this process at worst, never the hub.
"""

import contextlib
import ctypes
import fcntl
import gc
import os
import resource
import sys
from collections.abc import Sequence
from typing import Any, BinaryIO

import msgspec
from msgspec import Struct

from hub.contract import CallStep, RawEvent, ReceivedMessage, ReceivedText, TextReport, Unreadable

MEMORY = 512 * 1024 * 1024
"""Bytes of address space."""
_NICE = 10
"""Whoever waits for a page goes before mails that wait to be read."""
CPU_SECONDS = 5
"""For one group."""
READY = b"ready"
"""What it says first: from then on a job's time counts."""
_PIPE = 1024 * 1024
_NEW_NETWORK, _NEW_USERS = 0x40000000, 0x10000000


class Job(Struct, frozen=True):
    """Raw events to parse together, by the parser of a kind."""

    kind: str
    events: Sequence[RawEvent]


class Read(Struct, frozen=True):
    """An item with what search and timeline need of it: made here, because it costs more than storing it."""

    message: ReceivedMessage
    language: str | None
    tokens: str
    """With blanks between: one text is handed over in a fraction of the time that eighty take."""


class Answer(Struct, frozen=True):
    """Items, or why there are none. `bug`: the parser failed in a way that its contract doesn't know."""

    items: Sequence[Read] = ()
    steps: Sequence[CallStep] = ()
    texts: Sequence[ReceivedText] = ()
    text_reports: Sequence[TextReport] = ()
    unreadable: str | None = None
    bug: str | None = None


def main() -> None:
    """Answers jobs until its standard input ends."""
    _limit()
    from hub.plugin_host.manager import load  # noqa: PLC0415 - outside code loads under the limits

    gc.disable()  # what is loaded stays: it isn't looked through for garbage
    registry = load(blocked=sys.argv[1].split(",") if len(sys.argv) > 1 else ())
    gc.freeze()
    gc.enable()
    decoder, encoder = msgspec.msgpack.Decoder(Job), msgspec.msgpack.Encoder()
    stream_in, stream_out = sys.stdin.buffer, sys.stdout.buffer
    for stream in (stream_in, stream_out):
        _widen(stream)
    _write_frame(stream_out, READY)
    while frame := _read_frame(stream_in):
        used = resource.getrusage(resource.RUSAGE_SELF)
        resource.setrlimit(
            resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + 1 + CPU_SECONDS, resource.RLIM_INFINITY)
        )
        job = decoder.decode(frame)
        try:
            answer = answer_of(registry.connector(job.kind).parse(job.events))
        except Unreadable as error:
            answer = Answer(unreadable=str(error))
        except MemoryError:
            answer = Answer(unreadable="It takes more memory to read than one message may have.")
        except RecursionError:
            answer = Answer(unreadable="It is nested more deeply than can be read.")
        except Exception as error:  # noqa: BLE001 - a parser's bug: this one item is set aside with its trace
            answer = Answer(bug=_trace(error))
        _write_frame(stream_out, encoder.encode(answer))


def answer_of(items: Sequence[Any]) -> Answer:
    """With what search and timeline need."""
    from hub.storage import words  # noqa: PLC0415 - the stemmers take a while, and not every job needs them

    read = []
    for item in items:
        if not isinstance(item, ReceivedMessage):
            continue
        said = item.visible_text
        language = item.form.language if item.form else words.guess_language(said)
        names = " ".join(attachment.name for attachment in item.attachments)
        everything = f"{item.subject} {item.sender.name} {item.sender.address} {said} {names}"
        files = any(attachment.content_id is None for attachment in item.attachments)
        marks = words.marks("form" if item.form else "mail", item.sender.name, item.sender.address, files=files)
        read.append(Read(item, language, " ".join((*words.tokens(everything, language), *marks))))
    return Answer(
        read,
        [item for item in items if isinstance(item, CallStep)],
        [item for item in items if isinstance(item, ReceivedText)],
        [item for item in items if isinstance(item, TextReport)],
    )


def _trace(error: BaseException) -> str:
    import traceback  # noqa: PLC0415 - only for a bug

    # File, line and error's kind: its text may quote the mail.
    frames = traceback.extract_tb(error.__traceback__)[-8:]
    return "\n".join([f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames] + [type(error).__name__])


def _limit() -> None:
    os.nice(_NICE)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    # A network of its own with nothing in it, where the kernel lets us; elsewhere the limits above must do.
    ctypes.CDLL(None, use_errno=True).unshare(_NEW_USERS | _NEW_NETWORK)


def _widen(stream: BinaryIO) -> None:
    """A mail with files passes through in one go, not in pieces with a change of process between them."""
    with contextlib.suppress(OSError):  # not more than the system lets a user have
        fcntl.fcntl(stream, fcntl.F_SETPIPE_SZ, _PIPE)


def _read_frame(stream: BinaryIO) -> bytes:
    head = stream.read(4)
    return stream.read(int.from_bytes(head)) if len(head) == 4 else b""  # noqa: PLR2004 - its four bytes


def _write_frame(stream: BinaryIO, frame: bytes) -> None:
    stream.write(len(frame).to_bytes(4) + frame)  # in one: whoever waits would be woken for the length alone
    stream.flush()


if __name__ == "__main__":
    main()
