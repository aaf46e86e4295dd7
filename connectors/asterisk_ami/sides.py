"""Which side of the exchange a channel is on, and so which way a call goes.

What a channel is goes before how long a number is: who calls under their own extension is a telephone, whatever their
context is called, and who is reached by a trunk is outside, however short their number.
"""

import re
from collections.abc import Mapping
from typing import Literal, TypeAlias

from connectors.asterisk_ami.facts import Channel, Dial
from connectors.asterisk_ami.parties import is_long, is_short, peer, technology

Side: TypeAlias = Literal["outside", "inside"]
Way: TypeAlias = Literal["in", "out", "internal"]

_TRUNKS = frozenset({"dahdi", "zap", "misdn", "capi", "khomp", "ooh323", "h323", "unistim-trunk"})
_OF_TELEPHONES = re.compile(
    r"from-?internal|(?:^|[-_])(?:dial-?out|out(?:bound|going|rt)?|to|utg[aå]ende)(?:$|[-_\d])", re.IGNORECASE
)
"""Theirs, or of what they dial: an outgoing call goes on in it, whatever trunk it names."""
_OF_LINES = re.compile(
    r"from-?(?:trunk|pstn|did|sip-external|digital|analog|zaptel|dahdi|outside|extern)|trunk|inbound|incoming|ext-did"
    r"|pstn|(?:^|[-_])(?:did|in|world|external|extern)$",
    re.IGNORECASE,
)
_OF_EITHER = re.compile(r"(?:^|[-_])(?:internal|intern|phones|account|users|agents?)(?:$|[-_])", re.IGNORECASE)
"""Mostly of telephones; a trunk to another exchange may be let in there, too."""
_LONGEST_CODE = 2
"""Digits that give a line outside: mostly 0 or 9."""
_TELLING = 7
"""Last digits of a number by which it is known, however it is written."""
_SHORTEST = 3


def side(channel: Channel, settings: Mapping[str, str]) -> Side | None:
    """Where it surely is; None: neither its name nor its context says it."""
    said = _by_settings(channel.context, settings)
    if said is not None:
        return said
    who, number = peer(channel.name), channel.first_number
    if technology(channel.name) in _TRUNKS:
        return "outside"
    if number and number in {who, channel.account}:
        return "inside"
    return _by_context(channel.context, who, number)


def _by_settings(context: str, settings: Mapping[str, str]) -> Side | None:
    if not context:
        return None
    if context in settings.get("outside", "").split(","):
        return "outside"
    return "inside" if context in settings.get("inside", "").split(",") else None


def _by_context(context: str, who: str, number: str) -> Side | None:
    if _OF_TELEPHONES.search(context):
        return "inside" if "internal" in context.lower() or is_short(who) else None
    if _OF_LINES.search(context):
        return "outside"
    if not is_long(number):
        return "inside" if is_short(who) or _OF_EITHER.search(context) else None
    return "inside" if who.isdigit() and _OF_EITHER.search(context) else None


def way(
    root: Channel, called: str, reached: Channel | None, dial: Dial | None, settings: Mapping[str, str], *, queued: bool
) -> Way:
    """Of a call that `root` began by dialling `called`. `dial` rang `reached`; `queued`: they wait in a queue."""
    mine, theirs = side(root, settings), side(reached, settings) if reached is not None else None
    if mine == "outside":
        return "in"
    dialled_it = reached is not None and theirs != "inside" and _is_dialled(called, reached, dial)
    if theirs == "outside" and dialled_it:
        return "out"
    if mine is None and (_is_numbered_as_lines(root) or (theirs == "inside" and is_long(called))):
        return "in"
    return "out" if not queued and _goes_outside(called, reached, theirs) else "internal"


def is_a_line(channel: Channel) -> bool:
    """Of one that the exchange itself rang, and whose context is that of whom it is let in to."""
    if technology(channel.name) in _TRUNKS:
        return True
    who, number = peer(channel.name), channel.first_number
    return is_long(number) and not is_short(who) and number not in {who, channel.account}


def without_access_code(called: str, rung: str) -> str:
    """The number of who is rung, where all that was dialled before it is the digit or two that give a line outside."""
    before = called.removesuffix(rung) if is_long(rung) else ""
    is_code = before.isdigit() and len(before) <= _LONGEST_CODE and (rung[0] in "0+" or before == "9")
    return rung if before != called and is_code else called


def _is_numbered_as_lines(channel: Channel) -> bool:
    """Where nothing else says it, by its numbers: an extension has a short one."""
    who, number = peer(channel.name), channel.first_number
    if _OF_TELEPHONES.search(channel.context) or is_short(number):
        return False
    return bool(number) or not who.isdigit()


def _is_dialled(called: str, reached: Channel, dial: Dial | None) -> bool:
    """Whether who is reached has the number that was dialled: a line may also be where an extension is sent on to."""
    if not called:
        return False
    said = [reached.first_number, *re.split(r"[/@&,^:]", dial.string if dial is not None else "")]
    who = peer(reached.name)
    if who.isdigit() and len(who) >= _SHORTEST:
        said.append(who)
    numbers = [each for each in said if each.lstrip("+").isalnum() and sum(map(str.isdigit, each)) >= _SHORTEST]
    return not numbers or any(_is_same(called, each) for each in numbers)


def _is_same(one: str, other: str) -> bool:
    one, other = (each.lower().lstrip("+").removeprefix("00") for each in (one, other))
    if min(len(one), len(other)) >= _TELLING:
        return one[-_TELLING:] == other[-_TELLING:]
    return one.endswith(other) or other.endswith(one)


def _goes_outside(called: str, reached: Channel | None, theirs: Side | None) -> bool:
    """A number of the world: long, or not an extension's and not reached by one."""
    if theirs == "inside":
        return False
    if reached is None:
        return is_long(called) and not is_short(called)
    return is_long(called) or (not is_short(called) and bool(reached.name) and not peer(reached.name).isdigit())
