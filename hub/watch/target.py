"""Target: where IT is told of alarms: a mail address, or a web address that is called, signed."""

import secrets
from collections.abc import Sequence
from urllib.parse import parse_qsl, urlsplit

from sqlalchemy import ForeignKey, LargeBinary, select
from sqlalchemy.orm import Mapped, mapped_column

from hub.channels.way_out import way_out
from hub.contract import Misconfigured, Outside
from hub.contract.errors import Refused
from hub.errors import Invalid
from hub.formats.compose import check_address
from hub.inbox.municipality import Municipality
from hub.plugin_host.request import Forbidden, read_request
from hub.storage.base import Row
from hub.storage.ids import new_id
from hub.storage.unit import Unit

AGAIN_HOURS = 4
MOST_HOURS = 7 * 24
SECONDS = 20.0
MOST_BYTES = 100_000
_PURPOSE = "alarm-target"
_SHORTEST_KEY = 16
LONGEST = 2_000


class AlarmTarget(Row):
    """`kind`: mail | webhook. `municipality_id` null: of all channels. `again_hours`: until it is said again."""

    __tablename__ = "alarm_target"
    municipality_id: Mapped[int | None] = mapped_column(ForeignKey("municipality.id"))
    kind: Mapped[str]
    address: Mapped[str]
    key: Mapped[bytes | None] = mapped_column(LargeBinary)
    again_hours: Mapped[int]


def add_mail(unit: Unit, address: str, home: Municipality | None, again_hours: int = AGAIN_HOURS) -> AlarmTarget:
    """Raises Invalid."""
    return _add(unit, "mail", address, home, again_hours)


def add_webhook(
    unit: Unit, url: str, home: Municipality | None, again_hours: int = AGAIN_HOURS, key: str | None = None
) -> tuple[AlarmTarget, str]:
    """And the key that calls are signed with, one of ours unless it is given. Raises Invalid."""
    key = key or secrets.token_urlsafe(32)
    row = _add(unit, "webhook", url, home, again_hours)
    _lock(unit, row, key)
    return row, key


def change(
    unit: Unit, row: AlarmTarget, address: str, home: Municipality | None, again_hours: int, key: str | None = None
) -> None:
    """Where, of what and how often; how it is told stays. Empty `address`, no `key`: as they are. Raises Invalid."""
    address = address or row.address
    _check(unit, row.kind, address, home, again_hours, but=row.id)
    if row.kind == "webhook" and key:
        _lock(unit, row, key)
    row.address, row.municipality_id, row.again_hours = address, home.id if home else None, again_hours


def key_of(unit: Unit, row: AlarmTarget) -> bytes:
    """Raises Corrupt."""
    return unit.keys.decrypt(_PURPOSE, f"alarm-target:{row.id}", row.key or b"")


def targets(unit: Unit) -> Sequence[AlarmTarget]:
    return unit.all(select(AlarmTarget).order_by(AlarmTarget.id))


def outside(url: str) -> tuple[Outside, str, dict[str, str]]:
    """The place, and path and query there. Raises Invalid, without repeating what may hold a key."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise _no_address() from error
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    place = Outside(
        base_url=f"{parts.scheme}://{parts.netloc}", asks=[("POST", ".*")], seconds=SECONDS, most_bytes=MOST_BYTES
    )
    try:
        way_out(place)
        read_request("POST", parts.path or "/", query, {}, b"")
    except Misconfigured as error:
        if parts.scheme == "http":
            raise Invalid("webhook", "alarms don't go over an open line: begin the address with https://") from error
        raise _no_address() from error
    except Forbidden as error:
        raise Invalid(
            "webhook", "this address can't be called: after the host it has letters, digits and plain signs only"
        ) from error
    return place, parts.path or "/", query


def _no_address() -> Invalid:
    return Invalid(
        "webhook", "this can't be called: write it as https://alarm.granvik.example/torg, without a log-in in it"
    )


def _lock(unit: Unit, row: AlarmTarget, key: str) -> None:
    if len(key) < _SHORTEST_KEY:
        raise Invalid("key", "the key is too short: {least} characters or more", least=_SHORTEST_KEY)
    row.key = unit.keys.encrypt(_PURPOSE, f"alarm-target:{row.id}", key.encode())


def _check(
    unit: Unit, kind: str, address: str, home: Municipality | None, again_hours: int, but: int | None = None
) -> None:
    if kind == "webhook":
        outside(address)
    else:
        try:
            check_address(address)
        except Refused as error:
            raise Invalid("mail", "{address} is no mail address, as it@granvik.example is", address=address) from error
    if not 1 <= again_hours <= MOST_HOURS:
        raise Invalid("again_hours", "say from 1 to {most} hours", most=MOST_HOURS)
    if len(address) > LONGEST:
        raise Invalid(kind, "this has {most} characters at most", most=LONGEST)
    here = AlarmTarget.municipality_id.is_(None) if home is None else AlarmTarget.municipality_id == home.id
    same = select(AlarmTarget.id).where(AlarmTarget.kind == kind, AlarmTarget.address == address, here)
    if any(each != but for each in unit.all(same)):
        raise Invalid(kind, "this address is told of these alarms already")


def _add(unit: Unit, kind: str, address: str, home: Municipality | None, again_hours: int) -> AlarmTarget:
    _check(unit, kind, address, home, again_hours)
    row = AlarmTarget(
        id=new_id(),
        municipality_id=home.id if home else None,
        kind=kind,
        address=address,
        key=None,
        again_hours=again_hours,
    )
    unit.add(row)
    return row
