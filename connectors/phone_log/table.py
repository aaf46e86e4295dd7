"""A CSV file as it stands there: its header as text, its rows as bytes, for a row is kept as it came."""

import csv
import hashlib
import re
from collections.abc import Collection, Iterator, Sequence

_UNREAD = "\N{REPLACEMENT CHARACTER}"
"""What stands for bytes that aren't of the encoding."""
_LONGEST = 500
"""Letters of a cell."""


def table(content: bytes, encoding: str, separator: str) -> tuple[list[str], list[bytes]]:
    """Header, and rows; one that is quoted may have several lines. Raises csv.Error."""
    lines: list[bytes] = []
    rows: list[bytes] = []
    for row in csv.reader(_lines(content, encoding, lines), delimiter=_sign(separator)):
        if any(row):
            rows.append(b"".join(lines))
        lines.clear()
    return cells(rows[0], encoding, separator) if rows else [], rows[1:]


def cells(row: bytes, encoding: str, separator: str) -> list[str]:
    """Of one row. Raises csv.Error."""
    lines = _lines(row, encoding, [])
    return [each.strip()[:_LONGEST] for each in next(csv.reader(lines, delimiter=_sign(separator)), [])]


def digest(header: Sequence[str], rows: Sequence[bytes]) -> str:
    """By which rows that were read are known again."""
    return hashlib.sha256("\n".join(header).encode("utf-8", "replace") + b"".join(rows)).hexdigest()


def mended(header: Sequence[str], names: Collection[str]) -> list[str]:
    """Names that were read in the wrong encoding, where one column alone can be meant: its own letters stand there,
    with U+FFFD for those that couldn't be read."""
    found = list(header)
    for name in set(names) - set(header):
        like = [
            place for place, each in enumerate(header)
            if _UNREAD in each and re.fullmatch(re.escape(each).replace(_UNREAD, ".+"), name)
        ]  # fmt: skip
        if len(like) == 1:
            found[like[0]] = name
    return found


def _lines(content: bytes, encoding: str, lines: list[bytes]) -> Iterator[str]:
    """As text; `lines` gets each as it is. A NUL, which csv can't read, is a blank."""
    for number, line in enumerate(content.splitlines(keepends=True)):
        lines.append(line)
        yield line.decode(encoding if number == 0 else _plain(encoding), "replace").replace("\0", " ")


def _plain(encoding: str) -> str:
    return "utf-8" if encoding.lower().replace("_", "-") == "utf-8-sig" else encoding


def _sign(written: str) -> str:
    return "\t" if written == "\\t" else written[:1]
