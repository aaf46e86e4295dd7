"""Given anew: secrets that the other side handed out while settings were tried, in place of those that were typed.

A refresh token may serve once: the next is lost with the answer unless whoever asked has it. It goes to them sealed, in
a form, in a problem of the API or in a command's words, for this person and these settings alone and for an hour, and
comes back with whatever is sent next.
"""

import base64
from collections.abc import Mapping
from typing import TypeVar

import msgspec
from msgspec import Struct

from hub import clock
from hub.contract import Secret
from hub.errors import Corrupt
from hub.storage.keys import Keys

LASTS = 60 * clock.MINUTE
_PURPOSE = "secrets-given-anew"
T = TypeVar("T")


class Handed(Struct, frozen=True):
    """`typed`: what was given for it, in place of which it is `now` this."""

    typed: str
    now: str


class _Sealed(Struct, frozen=True):
    until: int
    handed: dict[str, Handed]


def seal(keys: Keys, person_id: int, which: str, handed: Mapping[str, Handed]) -> str:
    """For a hidden field; empty when there is nothing. `which`: the channel, or the kind of a new one."""
    if not handed:
        return ""
    plain = msgspec.json.encode(_Sealed(clock.now() + LASTS, dict(handed)))
    return base64.urlsafe_b64encode(keys.encrypt(_PURPOSE, f"{person_id} {which}", plain)).decode()


def unseal(keys: Keys, person_id: int, which: str, sealed: str) -> dict[str, Handed]:
    """Nothing of what isn't theirs, or is too old: then the form has what was typed, and no more."""
    try:
        cipher = base64.b64decode(sealed, altchars=b"-_", validate=True)
        found = msgspec.json.decode(keys.decrypt(_PURPOSE, f"{person_id} {which}", cipher), type=_Sealed)
    except (ValueError, Corrupt, msgspec.DecodeError):
        return {}
    return found.handed if clock.now() < found.until else {}


def put_in(given: Mapping[str, T], handed: Mapping[str, Handed]) -> dict[str, T | str]:
    """What is given, with them, but for settings that somebody has given something else since."""
    now = {name: each.now for name, each in handed.items() if given.get(name, "") in ("", each.typed)}
    return {**given, **now}


def with_new(
    handed: Mapping[str, Handed], given: Mapping[str, object], renewed: Mapping[str, Secret]
) -> dict[str, Handed]:
    """And those that were handed out now."""
    return {**handed, **{name: Handed(str(given.get(name, "")), new.reveal()) for name, new in renewed.items()}}
