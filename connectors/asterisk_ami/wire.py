"""The manager's wire: blocks of `Key: value` and an empty line, as they go over the socket or were recorded.

Recordings have more than that in them: the banner, what the client said, answers with free text, and some are a JSON
list of objects. What is no event is left out; what is broken is read as far as it goes.
"""

import codecs
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import msgspec
from msgspec import Struct

from hub.contract import Unreadable

BLOCK, OBJECT = "text/x-asterisk-manager", "application/json"
_MOST = 4096
"""Characters of a value: a variable may hold a whole document."""
_BETWEEN = re.compile(rb"\r*\n[ \t]*\r*\n")
_BEGINS = re.compile(rb"^Event:", re.MULTILINE)
_CONTROL = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_ODD = re.compile("[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_WRAPPERS = ("data", "event", "message", "body", "headers", "keys")
"""Under which name some recorders put the event into their object."""
_OF_MANAGER = frozenset({"event", "response", "action"})
"""One of these begins a block, whoever said it."""
_BANNER = b"Asterisk Call Manager/"
_PACKED = (b"\x1f\x8b", b"PK\x03\x04", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd")
_NONE = "This is no recording of the Asterisk Manager"
_WANTED = "Give its events as blocks of `Key: value` with an empty line between, or as a JSON list of objects."


class Block(Struct, frozen=True):
    """One block as it came, and what it says: names in lower case, of a name that is there twice the last value."""

    body: bytes
    values: Mapping[str, str]
    media_type: str = BLOCK

    @property
    def event(self) -> str:
        """The event's name in lower case; empty when it is none."""
        return "" if "response" in self.values else self.values.get("event", "").lower()


def blocks(data: bytes) -> Iterator[Block]:
    """Of a whole recording. Raises Unreadable when nothing in it looks like the manager's."""
    data = _as_utf8(data)
    if data.startswith(_PACKED):
        raise Unreadable("This recording is compressed: unpack it first (gunzip, unzip, xz -d, zstd -d).")
    start = data.lstrip(b" \t\r\n")
    if start[:1] in (b"[", b"{"):
        yield from _objects(start)
        return
    if b"\n" not in data:
        data = data.replace(b"\r", b"\n")
    seen = False
    for body in (part for block in _BETWEEN.split(data) for part in _apart(block)):
        block = read(body)
        seen = seen or not _OF_MANAGER.isdisjoint(block.values) or _BANNER in body
        yield block
    if not seen:
        raise Unreadable(f"{_NONE}: it has no lines `Event: …` and no JSON. {_WANTED}")


def read(body: bytes, media_type: str = BLOCK) -> Block:
    """One block, or one object of JSON."""
    if media_type == OBJECT:
        try:
            return _object(msgspec.json.decode(body)) or Block(body, {}, OBJECT)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return Block(body, {}, OBJECT)
    values = {}
    text = body.decode("utf-8", "replace")
    clean = _clean if len(body) > _MOST or _ODD.search(text) else str.strip
    for line in text.split("\n"):
        name, colon, value = line.partition(":")
        name = name.strip()
        if colon and name and " " not in name:
            values[name.lower()] = clean(value)
    return Block(body.strip(b"\r\n"), values)


def write(values: Mapping[str, str]) -> bytes:
    """A block for the socket. A line break in a value would be another line: it becomes a blank."""
    lines = "".join(f"{name}: {_CONTROL.sub(' ', value)}\r\n" for name, value in values.items())
    return lines.encode() + b"\r\n"


def _apart(body: bytes) -> Sequence[bytes]:
    """Several events in one, where whoever recorded them left out the empty lines."""
    begins = [found.start() for found in _BEGINS.finditer(body)]
    if len(begins) < 2:  # noqa: PLR2004 - it is one
        return [body]
    return [body[start:end] for start, end in pairwise([0, *begins[1:], len(body)])]


def _as_utf8(data: bytes) -> bytes:
    """Recorded through Windows' shell it is UTF-16."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if data.startswith(mark):
            return data[len(mark) :].decode(name, "replace").encode("utf-8", "replace")
    return data


def _objects(data: bytes) -> list[Block]:
    """A list, an object with a list in it, or objects one after the other. Raises Unreadable."""
    try:
        objects = _listed(msgspec.json.decode(data))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        objects = [one for each in _whole_ones(data.decode("utf-8", "replace")) for one in _listed(each)]
        if not objects:
            raise Unreadable(f"{_NONE}: it begins as JSON and can't be read as that. {_WANTED}") from None
    found = [block for each in objects if (block := _object(each)) is not None]
    if any(objects) and not found:
        raise Unreadable(f"{_NONE}: no object of its JSON has an `Event`. {_WANTED}")
    return found


def _whole_ones(text: str) -> Iterator[object]:
    """What can be read of JSON that was cut off, or has an object a line."""
    decoder, place = json.JSONDecoder(), 0
    while (place := text.find("{", place)) >= 0:
        try:
            found, place = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            place += 1
            continue
        yield found


def _listed(whole: object) -> list[object]:
    """Of a list, or of an object that has it; what is neither is one by itself."""
    if isinstance(whole, dict) and not _is_event(whole):
        lists = [each for each in whole.values() if isinstance(each, list)]
        whole = lists[0] if lists else whole
    return whole if isinstance(whole, list) else [whole]


def _object(whole: object) -> Block | None:
    """None: it is no event, and no answer or order either."""
    if isinstance(whole, str):
        block = read(whole.encode("utf-8", "replace"))
        return None if _OF_MANAGER.isdisjoint(block.values) else block
    if not isinstance(whole, dict):
        return None
    inner = next((each for name in _WRAPPERS if isinstance(each := whole.get(name), dict)), None)
    if inner is not None:
        whole = inner if _is_event(inner) else {**inner, **whole}
    values = {
        str(name).lower(): _clean(str(value)) for name, value in whole.items() if isinstance(value, str | int | float)
    }
    return None if _OF_MANAGER.isdisjoint(values) else Block(msgspec.json.encode(whole), values, OBJECT)


def _is_event(whole: object) -> bool:
    return isinstance(whole, dict) and any(str(name).lower() == "event" for name in whole)


def _clean(value: str) -> str:
    return _CONTROL.sub(" ", value)[:_MOST].strip()
