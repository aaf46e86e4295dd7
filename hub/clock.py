"""Time: microseconds since 1970 in UTC, as one int. The only place that asks the machine what time it is."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = 86_400 * SECOND

NEVER = 2**62
"""A time that never comes: orders after every real one, fits a 64-bit column."""


def _machine() -> int:
    return time.time_ns() // 1000


_source: Callable[[], int] = _machine


def now() -> int:
    """Microseconds since 1970, UTC."""
    return _source()


def set_source(source: Callable[[], int] | None) -> None:
    """Replace the clock (tests, proofs); None gives the machine's back."""
    global _source  # noqa: PLW0603 - one clock for the process is the point
    _source = source or _machine


def to_datetime(at: int) -> datetime:
    """Aware, UTC."""
    return datetime.fromtimestamp(at // SECOND, UTC).replace(microsecond=at % SECOND)


def from_datetime(value: datetime) -> int:
    """From an aware datetime; a naive one is a bug."""
    if value.tzinfo is None:
        raise ValueError("a time without a zone")
    whole = value.astimezone(UTC).replace(microsecond=0)
    return int(whole.timestamp()) * SECOND + value.microsecond


def to_iso(at: int | None) -> str | None:
    """ISO 8601 in UTC with a Z, as the API writes it. None and NEVER give None."""
    if at is None or at >= NEVER:
        return None
    return to_datetime(at).isoformat().replace("+00:00", "Z")


def from_iso(text: str | None) -> int | None:
    """What `to_iso` wrote."""
    return None if text is None else from_datetime(datetime.fromisoformat(text))
