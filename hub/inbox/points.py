"""Points of a citizen's, covered until somebody asks for one and says why: addresses, numbers, identities.

What is known of a citizen is shown masked alone, by lists, pages and the API. A message is what it is: a mail's words,
sender and recipients stand in its timeline as they came and as they left, for who may open it.
"""

import base64
import binascii
import re
from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import bindparam, select

from hub.errors import Corrupt
from hub.inbox.citizen import Citizen, CitizenPoint
from hub.storage.keys import Keys
from hub.storage.unit import Unit

_THAT_HOLD = (
    select(CitizenPoint)
    .where(
        CitizenPoint.municipality_id == bindparam("municipality"),
        CitizenPoint.citizen_id == bindparam("citizen"),
        CitizenPoint.ended_at.is_(None),
    )
    .order_by(CitizenPoint.id)
)
MASKED = "••••"
_PURPOSE = "identity"
_WITH_CENTURY = 12
_NUMBER = re.compile(r"\+[0-9]{6,15}")
_COUNTRY = 3
"""Signs of a Nordic country code with its plus; Iceland's and Finland's have one more, which is covered."""


class CoveredPoint(Struct, frozen=True):
    """`masked`: enough to tell it from another, not enough to use."""

    id: str
    kind: str
    masked: str
    claimed: bool = False
    """They typed it into a form or a chat, and nobody knows yet whether it is theirs."""


def covered(unit: Unit, citizen: Citizen) -> Sequence[CoveredPoint]:
    """Those that hold now, in the order they were learned."""
    points = unit.all(_THAT_HOLD, municipality=citizen.municipality_id, citizen=citizen.id)
    return [cover(unit.keys, each) for each in points]


def cover(keys: Keys, point: CitizenPoint) -> CoveredPoint:
    """One of them."""
    return CoveredPoint(str(point.id), point.kind, masked(keys, point), point.claimed_at is not None)


def masked(keys: Keys, point: CitizenPoint) -> str:
    """As everybody sees it who may see the citizen. A property or a customer number is no secret."""
    if point.kind == "email":
        return _masked_address(point.value)
    if point.kind == "phone":
        return masked_number(point.value)
    if point.kind != "identity":
        return point.value
    try:
        return masked_identity(clear(keys, point))
    except Corrupt:
        return MASKED


def clear(keys: Keys, point: CitizenPoint) -> str:
    """What it covers: for whoever has said why, and been written down. Raises Corrupt for a cipher of another key."""
    return clear_value(keys, point.municipality_id, point.kind, point.value)


def clear_value(keys: Keys, municipality_id: int, kind: str, value: str) -> str:
    """The same of a point's fields."""
    if kind != "identity":
        return value
    try:
        cipher = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Corrupt("An identity number is stored in a form that isn't its own.") from error
    return keys.decrypt(_PURPOSE, _place(municipality_id), cipher).decode()


def seal_identity(keys: Keys, municipality_id: int, number: str) -> tuple[str, str]:
    """`value` and `match_key` of an identity number: cipher and keyed hash, both good in its municipality alone."""
    cipher = keys.encrypt(_PURPOSE, _place(municipality_id), _plain(number).encode())
    return base64.b64encode(cipher).decode(), identity_key(keys, municipality_id, number)


def identity_key(keys: Keys, municipality_id: int, number: str) -> str:
    """The `match_key` alone: to find it by."""
    return keys.mac(_PURPOSE, f"{_place(municipality_id)}:{_plain(number)}".encode()).hex()


def _plain(number: str) -> str:
    plain = "".join(number.split()).upper()
    digits = plain.replace("-", "")
    return digits if digits.isdecimal() else plain  # a Finnish one has letters, and its sign tells the century


def _place(municipality_id: int) -> str:
    return f"municipality:{municipality_id}"


def masked_identity(number: str) -> str:
    """1961••••-•••• where it begins with the century; of the others nothing, for they begin with a birthday."""
    kept = number[:4] if number.isdecimal() and len(number) == _WITH_CENTURY else ""
    return f"{kept}{'•' * (8 - len(kept)) if kept else '••••••'}-••••"


def masked_number(number: str) -> str:
    """+46 70 ••••• 41."""
    if len(number) < _COUNTRY + 2 + 4:
        return MASKED
    start, end = number[:_COUNTRY], number[-2:]
    return f"{start} {number[_COUNTRY : _COUNTRY + 2]} {'•' * (len(number) - _COUNTRY - 4)} {end}"


def masked_name(name: str) -> str:
    """What a citizen is called, but for a number that stands in for their name: like any other, it is asked for."""
    return masked_number(name) if _NUMBER.fullmatch(name) else name


def _masked_address(address: str) -> str:
    """ka••••••@post.example; of a short one less, and never how long it is."""
    local, at, domain = address.rpartition("@")
    return f"{local[: min(2, len(local) // 2)]}••••••{at}{domain}" if at else MASKED
