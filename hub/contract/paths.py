"""A value out of a source's row, by its name or by a path: `DueDate`, `Invoice.DueDate`, `Payments[].Amount`.

A row is a mapping of the source's own names. A name that has dots itself is found whole first. `[]` goes through a
list, each of it; an XML element that came once is a list of one.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation

YES = frozenset({"true", "yes", "ja", "j", "y", "1", "x", "sann"})
NO = frozenset({"false", "no", "nej", "nei", "n", "0", "", "falsk"})

_LIST = "[]"
_PART = re.compile(r"[^\[\]{}]*(?:\[\])?")
_UNPRINTABLE = re.compile(r"[\0-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_NAMES = re.compile(r"\{([^{}]+)\}")
_MOST_TEXT = 20_000
_MOST_DIGITS = 18
_SPACES = " \t\u00a0\u2009\u202f'"
_CURRENCY = re.compile(r"^(?:kr|[A-Z]{3})\.?(?=[\d-])|(?<=\d)(?:kr\.?|:-|,-|[A-Z]{3})$")


def found(row: object, path: str) -> list[object]:
    """All that stands there: nothing where something on the way isn't there. Raises ValueError for a list without
    `[]`.
    """
    if path in {"", _LIST}:
        return _each(row, path)
    if path.startswith("[]."):
        return [value for each in _listed(row) for value in found(each, path[3:])]
    if isinstance(row, Mapping):
        for name, many in ((path, ""), (path.removesuffix(_LIST), _LIST)):
            if name in row and (not many or path.endswith(_LIST)):
                return _each(row[name], many)
    head, _, rest = path.partition(".")
    if not rest or not isinstance(row, Mapping):
        return []
    name = head.removesuffix(_LIST)
    inner = row.get(name)
    return [value for each in _each(inner, _LIST if head.endswith(_LIST) else "") for value in found(each, rest)]


def is_path(path: str) -> bool:
    """Whether it can be one: `[]` at the end of a name, no other brackets and no braces."""
    return bool(path.strip()) and all(_PART.fullmatch(part) for part in path.split("."))


def one(row: object, path: str) -> object:
    """What stands there, or None. Raises ValueError for several."""
    values = found(row, path)
    if len(values) > 1:
        raise ValueError("several")
    return values[0] if values else None


def names_in(text: str) -> list[str]:
    """The paths in a text like `{Street} {Number}`."""
    return _NAMES.findall(text)


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with these in their places."""
    return _NAMES.sub(lambda match: values[match[1]], text)


def text(value: object) -> str:
    """As a text of one line. Raises ValueError for what is no single value, or too long."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():  # spreadsheets have no whole numbers
        return str(int(value))
    if isinstance(value, date):
        return value.isoformat()
    if not isinstance(value, str | int | float | Decimal):
        raise ValueError("no text")
    if isinstance(value, Decimal):  # 1E+2 is 100, and 1E+999999999 nothing that anybody wants written out
        value = f"{_limited(str(value)):f}"
    written = str(value)
    if len(written) > _MOST_TEXT:
        raise ValueError("too long")
    return " ".join(_UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", written).split())


def yes(value: object) -> bool:
    """Yes or no, in Nordic words. Raises ValueError."""
    said = text(value).casefold()
    if said in YES:
        return True
    if said in NO:
        return False
    raise ValueError("neither yes nor no")


def number(value: object, point: str = ".") -> Decimal | None:
    """Exactly as written; None where nothing is. Raises ValueError.

    `point`: what stands before the decimals. Groups of thousands may have spaces, and the other of comma and point
    where there is a `point` after them or `point` is the comma. A minus may stand behind (`100,00-`).
    """
    if value is None or isinstance(value, bool):
        if value is None:
            return None
        raise ValueError("no number")
    if isinstance(value, int | float | Decimal):
        return _limited(str(value))
    written = text(value).replace("\N{MINUS SIGN}", "-")
    for space in _SPACES:
        written = written.replace(space, "")
    written = _CURRENCY.sub("", written)
    if not written:
        return None
    if written.endswith("-"):
        written = "-" + written[:-1]
    other = r"\." if point == "," else ","
    whole = rf"\d+|\d{{1,3}}(?:{other}\d{{3}})+"
    if point == ".":  # 1,234 may be a decimal comma: only 1,234.50 is sure
        whole = r"\d+|\d{1,3}(?:,\d{3})+(?=\.)"
    if not re.fullmatch(rf"[+-]?(?:{whole})?(?:{re.escape(point)}\d+)?", written) or not re.search(r"\d", written):
        raise ValueError("no number")
    return _limited(re.sub(other, "", written).replace(point, "."))


def _limited(written: str) -> Decimal:
    try:
        value = Decimal(written)
    except InvalidOperation as error:
        raise ValueError("no number") from error
    if not value.is_finite() or value.adjusted() >= _MOST_DIGITS or len(value.as_tuple().digits) > 2 * _MOST_DIGITS:
        raise ValueError("too large a number")
    return value


def _each(value: object, path: str) -> list[object]:
    if path == _LIST:
        return list(_listed(value))
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        raise ValueError("a list")
    return [value]


def _listed(value: object) -> Iterator[object]:
    if value is None or value == "":
        return
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        yield from value
    else:
        yield value
