"""The manager's wire: blocks of `Key: value` and an empty line, as they go over the socket or were recorded.

Recordings have more than that in them: the banner, what the client said, answers with free text, and some are a JSON
list of objects. What is no event is left out; what is broken is read as far as it goes.
"""

import re
from collections.abc import Iterator, Mapping

import msgspec
from msgspec import Struct

from hub.contract import Unreadable

BLOCK, OBJECT = "text/x-asterisk-manager", "application/json"
_MOST = 4096
"""Characters of a value: a variable may hold a whole document."""
_BETWEEN = re.compile(rb"\r?\n[ \t]*\r?\n")
_CONTROL = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_ODD = re.compile("[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_WRAPPERS = ("data", "event", "message", "body")
"""Under which name some recorders put the event into their object."""


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
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start[:1] in (b"[", b"{") and (found := _objects(start)) is not None:
        yield from found
        return
    seen = False
    for body in _BETWEEN.split(data):
        block = read(body)
        seen = seen or bool(block.values)
        yield block
    if not seen:
        raise Unreadable("This is no stream of the Asterisk Manager: it has no lines `Key: value` and no JSON.")


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


def _objects(data: bytes) -> list[Block] | None:
    """A list, an object with a list in it, or an object a line; None: it isn't JSON at all."""
    try:
        whole = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        lines = [read(line, OBJECT) for line in data.splitlines() if line.lstrip()[:1] == b"{"]
        return [line for line in lines if line.values] or None
    if isinstance(whole, dict) and not _is_event(whole):
        lists = [each for each in whole.values() if isinstance(each, list)]
        whole = lists[0] if lists else [whole]
    objects = whole if isinstance(whole, list) else [whole]
    return [block for each in objects if (block := _object(each)) is not None]


def _object(whole: object) -> Block | None:
    if isinstance(whole, dict) and not _is_event(whole):
        whole = next((whole[name] for name in _WRAPPERS if _is_event(whole.get(name))), whole)
    if not isinstance(whole, dict):
        return None
    values = {
        str(name).lower(): _clean(str(value)) for name, value in whole.items() if isinstance(value, str | int | float)
    }
    return Block(msgspec.json.encode(whole), values, OBJECT)


def _is_event(whole: object) -> bool:
    return isinstance(whole, dict) and any(str(name).lower() == "event" for name in whole)


def _clean(value: str) -> str:
    return _CONTROL.sub(" ", value)[:_MOST].strip()
