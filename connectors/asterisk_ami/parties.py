"""Who a channel is: the extension or number behind its name, or that of who calls."""

import re

from connectors.asterisk_ami.facts import Channel

_SUFFIX = re.compile(r"-(?:[0-9a-fA-F]{1,10}|\d+)(?:;[12])?\Z")
_ASIDE = re.compile(r"<(?:ZOMBIE|MASQ)>\Z")
_BEHIND_THE_SCENES = frozenset(
    {"message", "cbann", "recorder", "announcer", "bridge", "confbridgerecorder", "surrogate", "parking", "unicastrtp"}
)
_SHORT = re.compile(r"[1-9]\d{1,5}\Z")
_LONG = re.compile(r"(?:\+|00?)?\d[\dxX]{5,19}\Z")
"""Those who hand a recording on write x for digits of a number that isn't to be known."""
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


def is_long(number: str) -> bool:
    """As numbers of the world are; an extension may be as long."""
    return bool(_LONG.match(number))


def is_number(extension: str) -> bool:
    """Somebody may have dialled it: not one of the dialplan's own labels."""
    return extension.lower() not in _NO_NUMBER and bool(re.match(r"[+*#]?\d[\d*#xX]*\Z", extension))


def shown(number: str) -> str:
    """Of a caller: empty when it is withheld."""
    return "" if number.lower() in _WITHHELD else number


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
    return number if is_long(number) and number != called else who
