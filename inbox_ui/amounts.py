"""Amounts as a person reads them, in a language: whole ones without their zeros."""

import re
from decimal import Decimal
from functools import cache

from babel import Locale
from babel.numbers import format_currency, format_decimal

from inbox_ui.words import language

_MOST_DIGITS = 15
"""A source may answer with anything; what is larger than any invoice stands as it came."""

_CODE_FIRST = re.compile(r"^(-?[A-Z]{3})(?=\d)")
"""SEK1,486: Babel leaves out the space there that CLDR asks for."""


def money(amount: Decimal, currency: str, code: str | None = None) -> str:
    """With its currency (ISO 4217). `code`: of a language, else the reader's."""
    spoken = code or language()
    if not _is_usable(amount):
        return f"{str(amount)[:_MOST_DIGITS]} {currency}".strip()
    if not currency:
        return number(amount, spoken)
    whole = amount == amount.to_integral_value()
    pattern = _pattern(spoken, whole=whole)
    said = format_currency(amount, currency, format=pattern, locale=spoken, currency_digits=not whole)
    return _CODE_FIRST.sub("\\1\u00a0", said)


def number(amount: Decimal, code: str | None = None) -> str:
    """Without one; with two decimals where there are any."""
    if not _is_usable(amount):
        return str(amount)[:_MOST_DIGITS]
    whole = amount == amount.to_integral_value()
    return format_decimal(amount, format="#,##0" if whole else "#,##0.00", locale=code or language())


def size(amount: Decimal, code: str | None = None) -> str:
    """Of a container: with as many decimals as it has."""
    return format_decimal(amount, format="#,##0.###", locale=code or language()) if _is_usable(amount) else ""


def _is_usable(amount: Decimal) -> bool:
    return amount.is_finite() and abs(amount.adjusted()) <= _MOST_DIGITS


@cache
def _pattern(code: str, *, whole: bool) -> str:
    pattern = Locale.parse(code).currency_formats["standard"].pattern
    return re.sub(r"\.0+", "", pattern) if whole else str(pattern)
