"""Events of the manager: which are kept, whom they are about, when they happened.

A call gives hundreds of events, and nearly all are noise. The names are those of Asterisk 1.8 to 22.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from msgspec import Struct

from connectors.asterisk_ami.wire import Block

SECOND = 1_000_000
KEPT = frozenset(
    (
        *("newchannel", "newstate", "newcallerid", "newconnectedline", "rename", "masquerade", "hangup"),
        *("hanguprequest", "softhanguprequest", "coreshowchannel"),
        *("dial", "dialbegin", "dialend", "localbridge", "pickup"),
        *("bridge", "link", "unlink", "bridgeenter", "bridgeleave", "bridgemerge"),
        *("join", "leave", "queuecallerjoin", "queuecallerleave", "queuecallerabandon", "queueentry"),
        *("agentcalled", "agentconnect", "agentcomplete", "agentringnoanswer"),
        *("attendedtransfer", "blindtransfer", "transfer", "parkedcall", "unparkedcall"),
        *("newexten", "userevent", "varset"),
    )
)
JOINED = frozenset({"queuecallerjoin", "join", "queueentry"})
ENDS = frozenset({"hangup", "busy", "congestion"})
"""Applications after which the dialplan has nothing more for a caller."""
_APPLICATIONS = frozenset({"queue", "voicemail", "vm", *ENDS})
_MENU = re.compile(r"^(?:ivr|menu|.*-ivr)(?:[-_\d].*)?$", re.IGNORECASE)
"""The context of a menu, as FreePBX (`ivr-3`) and others name them."""
_CHOICE = re.compile(r"[\d*#]{1,4}\Z")
MENU_NAMES = ("menu_choice", "menuchoice", "ivr_choice", "ivrchoice")
"""Variables or user events that tell a choice, where the settings name no other."""
DID_NAMES = frozenset({"from_did"})
"""Variables in which FreePBX keeps what was dialled from outside, where the line's own channel is at `s`."""
_OF_DIALPLAN = (b"queue", b"voicemail", b"ivr", b"menu", b": vm", b": hangup", b": busy", b": congestion")
_STAMP = re.compile(r"(\d{1,11})(?:\.(\d+))?\Z", re.ASCII)
_EPOCH = re.compile(r"(\d{9,10})\.(\d+)\Z")
_UNKNOWN = frozenset({"<unknown>", "unknown", "<null>", "(null)", "n/a"})
_LONGEST_ID = 150
"""As Asterisk has it; a longer one is no channel's."""
_TOLD = re.compile(r"(.*)uniqueid(\d?)\Z")


class Event(Struct, frozen=True):
    """One that is kept. `place`: its order in the stream, finer than `at`."""

    name: str
    values: Mapping[str, str]
    at: int
    timed: bool
    place: int
    key: str
    route: str = ""
    """Whose its call was by then, as the channel's settings say."""

    def get(self, name: str) -> str:
        """A value, empty where the exchange doesn't know it."""
        value = self.values.get(name, "")
        return "" if value.lower() in _UNKNOWN else value


def is_kept(block: Block, menu_names: frozenset[str] = frozenset(MENU_NAMES)) -> bool:
    """Of the variables only those that tell a choice or what was dialled, of the dialplan only queues, voice mail,
    menus and the end."""
    name, values = block.event, block.values
    if name not in KEPT:
        return False
    if name == "newexten":
        return values.get("application", "").lower() in _APPLICATIONS or menu_step(values) != ""
    if name == "varset":
        return variable(values) in menu_names | DID_NAMES
    if name == "userevent":
        return values.get("userevent", "").lower() in menu_names
    return True


def is_noise(body: bytes, menu_names: frozenset[str] = frozenset(MENU_NAMES)) -> bool:
    """Told at a glance, without reading it: most of what the manager says."""
    first, _, _ = body.lstrip().partition(b"\n")
    label, _, value = first.partition(b":")
    if label.strip().lower() != b"event":
        return False
    name = value.strip().lower().decode("latin-1")
    if name.endswith("complete") or name in KEPT - {"newexten", "varset"}:
        return False
    said = body.lower()
    if name == "newexten":
        return not any(word in said for word in _OF_DIALPLAN)
    return name != "varset" or not any(word.encode() in said for word in menu_names | DID_NAMES)


def variable(values: Mapping[str, str]) -> str:
    """The name of what was set, without the signs that hand it on to others."""
    return values.get("variable", "").lstrip("_").lower()


def menu_step(values: Mapping[str, str]) -> str:
    """The choice that brought a caller to this extension of a menu; empty: it is none."""
    extension = values.get("extension", "")
    first = values.get("priority", "1") == "1"
    return extension if first and _CHOICE.match(extension) and _MENU.match(values.get("context", "")) else ""


def mentions(values: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """(prefix, Uniqueid, Linkedid or empty) of every channel that the event names; bridges have ids of their own."""
    for name, value in values.items():
        told = _prefix(name)
        if told is None or not 0 < len(value) <= _LONGEST_ID or value.lower() in _UNKNOWN:
            continue
        prefix, digit = told
        linked = values.get(f"{prefix}linkedid", "") if not digit else ""
        unknown = linked.lower() in _UNKNOWN or len(linked) > _LONGEST_ID
        yield prefix + digit, value, "" if unknown else linked


@lru_cache(1024)
def _prefix(header: str) -> tuple[str, str] | None:
    """Of a header that names a channel by its id; headers are few, and events many."""
    told = _TOLD.match(header)
    return None if told is None or "bridge" in told[1] else (told[1], told[2])


def epoch(uniqueid: str) -> tuple[int, int]:
    """When a channel was made, as its id tells: seconds, and a count. (0, 0) when it doesn't."""
    found = _EPOCH.search(uniqueid)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def timestamp(values: Mapping[str, str]) -> int | None:
    """Microseconds, when the manager is set to say it (`timestampevents = yes`)."""
    said = _STAMP.match(values.get("timestamp", ""))
    return int(said[1]) * SECOND + int((said[2] or "").ljust(6, "0")[:6]) if said else None
