"""Sheet: rows as CSV that a spreadsheet opens as they are: UTF-8 that says so, semicolons, no cell a formula."""

import csv
import io
from collections.abc import AsyncIterator, Sequence

from hub.edge.download import SANDBOX

MEDIA_TYPE = "text/csv"
_BOM = "\ufeff"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - spreadsheets take them for the plain ones
"""What a spreadsheet takes for the beginning of one, in whatever width: https://owasp.org/www-community/attacks/CSV_Injection."""


def headers(name: str) -> dict[str, str]:
    """Of an answer that is one: a file to keep. `name`: ours, of plain letters."""
    return {"Content-Disposition": f'attachment; filename="{name}"', "Content-Security-Policy": SANDBOX}


def begun(titles: Sequence[str]) -> bytes:
    """The first line, and what says that it is UTF-8."""
    return (_BOM + _lines([titles])).encode()


def rows(cells: Sequence[Sequence[object]]) -> bytes:
    """More of them."""
    return _lines(cells).encode()


async def streamed(titles: Sequence[str], parts: AsyncIterator[Sequence[Sequence[object]]]) -> AsyncIterator[bytes]:
    """All of it, part by part. What goes wrong on the way cuts the answer off, so nobody takes it for the whole."""
    yield begun(titles)
    async for part in parts:
        yield rows(part)


def _lines(cells: Sequence[Sequence[object]]) -> str:
    written = io.StringIO()
    # Semicolons: with decimals in commas, as here, a spreadsheet parts cells by them.
    csv.writer(written, delimiter=";", quoting=csv.QUOTE_ALL).writerows(
        [[_cell(each) for each in row] for row in cells]
    )
    return written.getvalue()


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text
