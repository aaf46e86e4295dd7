"""Identity numbers of the Nordic countries: whether one can be right, by day and check digits; not whose it is.

Sweden: personnummer and samordningsnummer (SKV 704), Norway: fødselsnummer, D-number and the synthetic ones of tests,
Denmark: CPR, whose check digit those of some days lack since 2007, Finland: henkilötunnus, with its new signs of 2023.
"""

import re
from collections.abc import Iterator
from datetime import date

_SWEDISH = re.compile(r"(\d{2})?(\d{6})[-+]?(\d{4})")
_ELEVEN = re.compile(r"(\d{6})[ -]?(\d{5})")
_DANISH = re.compile(r"(\d{6})[ -]?(\d{4})")
_FINNISH = re.compile(r"(\d{6})([-+A-FU-Y])(\d{3})([0-9A-FHJ-NPR-Y])")
_DASH = "[-\u2010-\u2013\u2212]"
_WRITTEN = re.compile(
    rf"(?<![0-9A-Z+])(?:\d{{8}}(?:{_DASH}|\+)?\d{{4}}|\d{{6}}(?:{_DASH}|\+)\d{{4}}|\d{{6}}(?: |{_DASH})?\d{{5}}"
    rf"|\d{{6}}(?:{_DASH}|[+A-FU-Y])\d{{3}}[0-9A-Y])(?![0-9A-Z])",
    re.I | re.ASCII,
)
"""In a text: what may be one of some country, written as one. Ten digits in a row may be anything's number."""
_DANISH_WEIGHTS = (4, 3, 2, 7, 6, 5, 4, 3, 2, 1)
_FIRST_OF_JANUARY = "0101"
"""Of this day Danish numbers ran out in many years: those given since 2007 have no check digit."""
COUNTRIES = ("SE", "NO", "DK", "FI")
_FINNISH_CHECKS = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_FINNISH_CENTURIES = {"+": 1800, **dict.fromkeys("-YXWVU", 1900), **dict.fromkeys("ABCDEF", 2000)}
_NORWEGIAN_WEIGHTS = ((3, 7, 6, 1, 8, 9, 4, 5, 2, 1), (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1))
_SAMORDNING = 60
_D_NUMBER = 40
_SYNTHETIC = 80
_OLDEST = 120
"""Years: nobody of a century ago writes here, and yet somebody may have been born in it."""


def can_be_right(number: str, country: str, today: date) -> bool:
    """By the rules of the country (SE, NO, DK, FI); of another one any number that isn't empty."""
    plain = "".join(number.split()).upper()
    check = {"SE": _is_swedish, "NO": _is_norwegian, "DK": _is_danish, "FI": _is_finnish}.get(country)
    return bool(plain) if check is None else check(plain, today)


def written(text: str, today: date) -> Iterator[tuple[int, int]]:
    """Where in a text some stand that are right by the rules of any of the four: beginning and end of each.

    A number of something else is seldom one of these: they have their dash or century, and their check digit.
    """
    for found in _WRITTEN.finditer(text):
        number = re.sub(_DASH, "-", found[0])
        checked = any(can_be_right(number, country, today) for country in COUNTRIES if country != "DK")
        if checked or (_is_danish(number, today) and _has_danish_check(number)):
            yield found.span()


def _has_danish_check(number: str) -> bool:
    digits = number.replace("-", "")
    weighed = sum(weight * int(each) for weight, each in zip(_DANISH_WEIGHTS, digits, strict=True))
    return weighed % 11 == 0 or digits.startswith(_FIRST_OF_JANUARY)


def _is_swedish(number: str, today: date) -> bool:
    found = _SWEDISH.fullmatch(number)
    if found is None:
        return False
    century, digits, end = found[1], found[2], found[3]
    sums = (int(each) * (2 - place % 2) for place, each in enumerate(digits + end))
    if sum(each // 10 + each % 10 for each in sums) % 10:
        return False
    year, month, day = int(digits[:2]), int(digits[2:4]), int(digits[4:])
    day = day - _SAMORDNING if day > _SAMORDNING else day
    years = [int(century) * 100 + year] if century else [each + year for each in (1800, 1900, 2000)]
    return any(_is_day(each, month, day, today) for each in years)


def _is_norwegian(number: str, today: date) -> bool:
    found = _ELEVEN.fullmatch(number)
    if found is None:
        return False
    digits = [int(each) for each in found[1] + found[2]]
    if any(sum(a * b for a, b in zip(weights, digits, strict=False)) % 11 for weights in _NORWEGIAN_WEIGHTS):
        return False
    day, month, year = (int(found[1][place : place + 2]) for place in (0, 2, 4))
    day = day - _D_NUMBER if day > _D_NUMBER else day
    month = next(month - each for each in (_SYNTHETIC, _D_NUMBER, 0) if month > each or each == 0)
    return any(_is_day(each + year, month, day, today) for each in (1800, 1900, 2000))


def _is_danish(number: str, today: date) -> bool:
    found = _DANISH.fullmatch(number)
    if found is None:
        return False
    day, month, year = (int(found[1][place : place + 2]) for place in (0, 2, 4))
    day = day - _SAMORDNING if day > _SAMORDNING else day  # those of patients and of tests
    return any(_is_day(each + year, month, day, today) for each in (1800, 1900, 2000))


def _is_finnish(number: str, today: date) -> bool:
    found = _FINNISH.fullmatch(number)
    if found is None or _FINNISH_CHECKS[int(found[1] + found[3]) % 31] != found[4]:
        return False
    day, month, year = (int(found[1][place : place + 2]) for place in (0, 2, 4))
    return _is_day(_FINNISH_CENTURIES[found[2]] + year, month, day, today)


def _is_day(year: int, month: int, day: int, today: date) -> bool:
    try:
        born = date(year, month, day)
    except ValueError:
        return False
    return today.year - _OLDEST <= born.year and born <= today
