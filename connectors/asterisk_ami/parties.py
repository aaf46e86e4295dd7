"""Who a channel is: the extension or number behind its name, and which side of the exchange it is on."""

import re
from collections.abc import Mapping

from connectors.asterisk_ami.facts import Channel

_SUFFIX = re.compile(r"-(?:[0-9a-fA-F]{1,10}|\d+)(?:;[12])?\Z")
_ASIDE = re.compile(r"<(?:ZOMBIE|MASQ)>\Z")
_BEHIND_THE_SCENES = frozenset(
    {"message", "cbann", "recorder", "announcer", "bridge", "confbridgerecorder", "surrogate", "parking", "unicastrtp"}
)
_OUTSIDE = re.compile(
    r"from-?(?:trunk|pstn|did|sip-external|digital|analog|zaptel|dahdi|outside|extern)|trunk|inbound|incoming|ext-did"
    r"|pstn|(?:^|[-_])(?:did|in|world|external|extern)$",
    re.IGNORECASE,
)
_INSIDE = re.compile(
    r"from-internal|(?:^|[-_])(?:internal|intern|phones|account|users|agents?)(?:$|[-_])", re.IGNORECASE
)
_SHORT = re.compile(r"[1-9]\d{1,5}\Z")
_LONG = re.compile(r"(?:\+|00?)?\d[\dxX]{5,19}\Z")
"""Those who hand a recording on write x for digits of a number that isn't to be known."""
_TRUNKS = frozenset({"dahdi", "zap", "misdn", "capi", "khomp", "ooh323", "h323", "unistim-trunk"})
_LONGEST_CODE = 2
"""Digits that give a line outside: mostly 0 or 9."""
_NO_NUMBER = frozenset({"", "s", "h", "i", "t", "o", "a", "fax", "failed", "onhangup"})
_WITHHELD = frozenset({"anonymous", "restricted", "private", "unavailable", "withheld", "asterisk"})


def peer(name: str) -> str:
    """201 of SIP/201-0000002a, PJSIP/201-…, Local/201@from-queue-…;2."""
    return registered(_SUFFIX.sub("", _ASIDE.sub("", name.removeprefix("AsyncGoto/"))))


def registered(interface: str) -> str:
    """201 of SIP/201, Local/201@from-queue/n, DAHDI/i1/201; 1001 of Agent/1001."""
    kind, slash, rest = interface.partition("/")
    if not slash:
        return interface
    return rest.partition("@")[0] if kind.lower() == "local" else rest.rpartition("/")[2].partition("@")[0]


def technology(name: str) -> str:
    """sip, pjsip, local, dahdi … in lower case."""
    return name.removeprefix("AsyncGoto/").partition("/")[0].lower()


def is_real(name: str) -> bool:
    """A telephone or trunk: not half of a Local channel, a left-over of a masquerade, or the exchange's own."""
    kind = technology(name)
    return bool(kind) and kind != "local" and kind not in _BEHIND_THE_SCENES and not _ASIDE.search(name)


def is_short(number: str) -> bool:
    """As extensions are."""
    return bool(_SHORT.match(number))


def is_number(extension: str) -> bool:
    """Somebody may have dialled it: not one of the dialplan's own labels."""
    return extension.lower() not in _NO_NUMBER and bool(re.match(r"[+*#]?\d[\d*#xX]*\Z", extension))


def shown(number: str) -> str:
    """Of a caller: empty when it is withheld."""
    return "" if number.lower() in _WITHHELD else number


def is_outside(channel: Channel, settings: Mapping[str, str]) -> bool:
    """Whether it came in by a line from outside, and not from an extension."""
    for name, side in (("outside", True), ("inside", False)):
        if channel.context and channel.context in settings.get(name, "").split(","):
            return side
    if technology(channel.name) in _TRUNKS:
        return True
    for pattern, side in ((_OUTSIDE, True), (_INSIDE, False)):
        if channel.context and pattern.search(channel.context):
            return side
    return _is_a_line(channel)


def _is_a_line(channel: Channel) -> bool:
    """By its numbers: an extension has a short one, or calls under its own name."""
    who, number = peer(channel.name), channel.first_number
    if number and number in {who, channel.account}:
        return False
    if is_short(number) or (is_short(who) and not _LONG.match(number)):
        return False
    return bool(number) or not who.isdigit()


def goes_outside(dialled: str, name: str) -> bool:
    """Whether what an extension dials is a number of the world: long, or reached by a trunk that has a name."""
    if _LONG.match(dialled):
        return True
    if technology(name) in _TRUNKS:
        return True
    return not is_short(dialled) and bool(name) and not peer(name).isdigit()


def without_access_code(dialled: str, rung: str) -> str:
    """The number of who is rung, where all that was dialled before it is the digit or two that give a line outside."""
    before = dialled.removesuffix(rung) if _LONG.match(rung) else ""
    is_code = before.isdigit() and len(before) <= _LONGEST_CODE and (rung[0] in "0+" or before == "9")
    return rung if before != dialled and is_code else dialled


def agent(channel: Channel, others: int, called: str) -> str:
    """What the exchange knows its telephone by: the name it is registered by, or its extension where that is no number.

    `others`: how many more were rung under the same number: then it is the group's, not theirs.
    """
    who = peer(channel.name)
    number = channel.number
    if who.isdigit() or not number:
        return who
    if is_short(number) and not others:
        return number
    return number if _LONG.match(number) and number != called else who
