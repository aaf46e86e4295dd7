"""The Date header, also in the forms that programs get wrong (RFC 5322, 3.3 and 4.3; ISO 8601; Nordic month names)."""

import re
from datetime import UTC, datetime, timedelta

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan tammi", "feb helmi", "mar mär maalis", "apr huhti", "may maj mai touko", "jun kesä", "jul heinä",
            "aug elo", "sep syys", "oct okt loka", "nov marras", "dec des joulu",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_ZONES = {
    "ut": 0, "utc": 0, "gmt": 0, "z": 0, "wet": 0, "cet": 60, "met": 60, "mez": 60, "bst": 60, "west": 60, "cest": 120,
    "mest": 120, "mesz": 120, "eet": 120, "eest": 180, "msk": 180, "est": -300, "edt": -240, "cst": -360, "cdt": -300,
    "mst": -420, "mdt": -360, "pst": -480, "pdt": -420,
}  # fmt: skip
_TIME = r"(\d{1,2})[:.](\d{1,2})(?:[:.](\d{1,2}))?(?:[.,]\d{1,9})?(?:\s?([ap])m\b)?"
_ZONE = r"\s*(?:\(?(?:gmt|utc)?([+-]\d{1,2}:?\d{2}|[+-]\d{1,2}\b)|([a-z]{1,5}))?"
_ZONE_OR_DIGITS = r"\s*(?:\(?(?:gmt|utc)?([+-]\d{1,2}:?\d{2}|[+-]\d{1,2}\b|\d{4}\b)|([a-z]{1,5}))?"
_MAIL = re.compile(
    r"(\d{1,2})[\s.-]{1,3}([a-zäö]{3,12})[\s.,-]{1,3}(\d{2,4})[\s,]{1,3}(?:(?:kl|klo|at)\.?\s)?"
    + _TIME
    + _ZONE_OR_DIGITS
)
_AMERICAN = re.compile(
    r"([a-z]{3,9})\.?\s{1,2}(\d{1,2}),?\s{1,2}(?:(\d{4}),?\s{1,2})?"
    + _TIME
    + r"(?:\s(?:([a-z]{1,5})\s)?(\d{4})\b)?"
    + _ZONE
)
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})[t\s]{1,2}(?:[a-z]{2,9},?\s)?" + _TIME + _ZONE)
_DOTTED = re.compile(r"(\d{1,2})[./](\d{1,2})[./](\d{4})[\s,]{1,2}" + _TIME + _ZONE)
_COMMENT = re.compile(r"\((?:[^()]|\([^()]*\))*\)")
_FULL_YEAR = 4
_LAST_SHORT_YEAR = 49
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read(value: str) -> int | None:
    """Microseconds UTC; None if there's no date and time in it. No zone is taken as UTC."""
    text = " ".join(value[:200].lower().split())
    found_at = _read(text)
    # A comment may stand anywhere (RFC 5322); most hold the zone's name and none is in the way.
    return found_at if found_at is not None or "(" not in text else _read(" ".join(_COMMENT.sub(" ", text).split()))


def _read(text: str) -> int | None:
    if found := _MAIL.search(text):
        day, month, year, *rest = found.groups()
        return _at(year, _month(month), day, rest)
    if found := _ISO.search(text):
        year, number, day, *rest = found.groups()
        return _at(year, int(number), day, rest)
    if found := _DOTTED.search(text):
        day, number, year, *rest = found.groups()
        return _at(year, int(number), day, rest)
    if found := _AMERICAN.search(text):
        month, day, early, hour, minute, second, half, zone, late, offset, last_zone = found.groups()
        return _at(early or late or "", _month(month), day, [hour, minute, second, half, offset, zone or last_zone])
    return None


def _month(word: str) -> int | None:
    """By its longest known beginning: `marras` is November, `mars` March."""
    return next((_MONTHS[word[:size]] for size in range(len(word), 2, -1) if word[:size] in _MONTHS), None)


def _at(year: str, month: int | None, day: str, rest: list[str | None]) -> int | None:
    hour, minute, second, half, offset, zone = rest
    if not month or not year:
        return None
    whole = int(year)
    if len(year) != _FULL_YEAR:  # RFC 5322, 4.3: two digits up to 49 are this century's, three count from 1900
        whole += 2000 if whole <= _LAST_SHORT_YEAR and len(year) == 2 else 1900  # noqa: PLR2004 - two digits
    hours = int(hour or 0)
    if half:
        hours = hours % 12 + (12 if half == "p" else 0)
    try:
        # 60 is a leap second; the Struct has none.
        local = datetime(whole, month, int(day), hours, int(minute or 0), min(int(second or 0), 59), tzinfo=UTC)
        return (local - timedelta(minutes=_offset(offset, zone)) - _EPOCH) // timedelta(microseconds=1)
    except (ValueError, OverflowError):
        return None


def _offset(offset: str | None, zone: str | None) -> int:
    if not offset:
        return _ZONES.get(zone or "", 0)
    digits = offset.lstrip("+-").replace(":", "")
    digits = (digits.zfill(2) + "00" if len(digits) < 3 else digits).zfill(4)  # noqa: PLR2004 - GMT+1, hours alone
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    return (-minutes if offset[0] == "-" else minutes) if minutes < 24 * 60 else 0
