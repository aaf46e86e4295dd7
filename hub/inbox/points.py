"""Points of a citizen's, covered until somebody asks for one and says why: addresses, numbers, identities.

What is known of a citizen is shown masked alone, by lists, pages and the API. A message is what it is: a mail's words,
sender and recipients stand in its timeline as they came and as they left, for who may open it.
"""

import base64
import binascii
from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import select

from hub.errors import Corrupt
from hub.inbox.citizen import Citizen, CitizenPoint
from hub.storage.keys import Keys
from hub.storage.unit import Unit

MASKED = "••••"
_PURPOSE = "identity"
_WITH_CENTURY = 12
_COUNTRY = 3
"""Signs of a Nordic country code with its plus; Iceland's and Finland's have one more, which is covered."""


class CoveredPoint(Struct, frozen=True):
    """`masked`: enough to tell it from another, not enough to use."""

    id: str
    kind: str
    masked: str


def covered(unit: Unit, citizen: Citizen) -> Sequence[CoveredPoint]:
    """Those that hold now, in the order they were learned."""
    points = unit.all(
        select(CitizenPoint)
        .where(
            CitizenPoint.municipality_id == citizen.municipality_id,
            CitizenPoint.citizen_id == citizen.id,
            CitizenPoint.ended_at.is_(None),
        )
        .order_by(CitizenPoint.id)
    )
    return [cover(unit.keys, each) for each in points]


def cover(keys: Keys, point: CitizenPoint) -> CoveredPoint:
    """One of them."""
    return CoveredPoint(str(point.id), point.kind, masked(keys, point))


def masked(keys: Keys, point: CitizenPoint) -> str:
    """As everybody sees it who may see the citizen. A property or a customer number is no secret."""
    if point.kind == "email":
        return _masked_address(point.value)
    if point.kind == "phone":
        return _masked_number(point.value)
    if point.kind != "identity":
        return point.value
    try:
        return _masked_identity(clear(keys, point))
    except Corrupt:
        return MASKED


def clear(keys: Keys, point: CitizenPoint) -> str:
    """What it covers: for whoever has said why, and been written down. Raises Corrupt for a cipher of another key."""
    if point.kind != "identity":
        return point.value
    try:
        cipher = base64.b64decode(point.value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Corrupt("An identity number is stored in a form that isn't its own.") from error
    return keys.decrypt(_PURPOSE, _place(point.municipality_id), cipher).decode()


def seal_identity(keys: Keys, municipality_id: int, number: str) -> tuple[str, str]:
    """`value` and `match_key` of an identity number: cipher and keyed hash, both good in its municipality alone."""
    plain = "".join(number.split()).upper()
    if plain.replace("-", "").isdecimal():  # a Finnish one has letters, and its sign tells the century
        plain = plain.replace("-", "")
    place = _place(municipality_id)
    cipher = keys.encrypt(_PURPOSE, place, plain.encode())
    return base64.b64encode(cipher).decode(), keys.mac(_PURPOSE, f"{place}:{plain}".encode()).hex()


def _place(municipality_id: int) -> str:
    return f"municipality:{municipality_id}"


def _masked_identity(number: str) -> str:
    """1961••••-•••• where it begins with the century; of the others nothing, for they begin with a birthday."""
    kept = number[:4] if number.isdecimal() and len(number) == _WITH_CENTURY else ""
    return f"{kept}{'•' * (8 - len(kept)) if kept else '••••••'}-••••"


def _masked_number(number: str) -> str:
    """+46 70 ••••• 41."""
    if len(number) < _COUNTRY + 2 + 4:
        return MASKED
    start, end = number[:_COUNTRY], number[-2:]
    return f"{start} {number[_COUNTRY : _COUNTRY + 2]} {'•' * (len(number) - _COUNTRY - 4)} {end}"


def _masked_address(address: str) -> str:
    """ka••••••@post.example; of a short one less, and never how long it is."""
    local, at, domain = address.rpartition("@")
    return f"{local[: min(2, len(local) // 2)]}••••••{at}{domain}" if at else MASKED
