"""A file with a header and rows: CSV or a sheet of a workbook (XLSX). Whole, or not at all."""

import csv
import io
import os
import re
import stat
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from hub.contract import Unreachable, Unreadable
from hub.contract.mapping import Row

MOST_BYTES, MOST_UNPACKED, MOST_ROWS, MOST_COLUMNS = 64_000_000, 400_000_000, 200_000, 400
MOST_TIMES, SMALL = 150, 10_000_000
"""A part of a workbook that isn't small is no more times larger unpacked: a program makes some 10 to 50 times; what
is 500 times fills the memory long before MOST_UNPACKED, a cell at a time."""
KINDS = (".csv", ".tsv", ".txt", ".xlsx")

_DELIMITERS = ";\t,|"
_SEP = re.compile(r"sep=([;\t,|])\r?\n")
_BROKEN = (
    zipfile.BadZipFile, zlib.error, SyntaxError, KeyError, ValueError, TypeError, IndexError, AttributeError,
    EOFError, OSError, OverflowError, NotImplementedError, RuntimeError,
)  # fmt: skip
"""What openpyxl, and what it stands on, raise for a workbook that is cut, encrypted or none; SyntaxError is XML's."""


class Stamp(Struct, frozen=True):
    """Which file it is, and how it was when it was looked at."""

    inode: int
    size: int
    written: int
    """Nanoseconds since 1970."""
    changed: int
    """The same, or when its name or rights changed."""

    @property
    def at(self) -> datetime:
        """When it was written: aware, UTC."""
        return datetime.fromtimestamp(self.written / 1e9, UTC)


class Form(Struct, frozen=True):
    """How it is written: empty, what it looks like. `header`: the line that names the columns."""

    delimiter: str = ""
    encoding: str = ""
    sheet: str = ""
    header: int = 1


class Sheet(Struct, frozen=True):
    """All of it, of one moment."""

    stamp: Stamp
    columns: Sequence[str]
    rows: Sequence[Row]
    header: int


def stamp_of(path: Path) -> Stamp | None:
    """None where there is no such file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return _stamp(found) if stat.S_ISREG(found.st_mode) else None


def read(path: Path, form: Form, wanted: Iterable[str] | None = None) -> Sheet:
    """`wanted`: the columns that are kept. Raises Unreachable, Unreadable; nothing of a row stands in a sentence."""
    stamp, content = _content(path)
    lines = _of_workbook(content, form) if path.suffix.lower() == ".xlsx" else _of_text(content, form, path.suffix)
    columns = _header(lines, form)
    kept = set(columns if wanted is None else wanted)
    rows: list[Row] = []
    for line in lines:
        if len(rows) >= MOST_ROWS:
            raise Unreadable(f"{path.name} has more than {MOST_ROWS:,} rows.")
        rows.append({name: value for name, value in zip(columns, line, strict=True) if name in kept})
    return Sheet(stamp, [name for name in columns if name], rows, form.header)


def _content(path: Path) -> tuple[Stamp, bytes]:
    """All of it, if nobody wrote to it meanwhile."""
    try:
        with path.open("rb") as file:
            before = _stamp(os.fstat(file.fileno()))
            if before.size > MOST_BYTES:
                raise Unreadable(f"{path.name} is larger than {MOST_BYTES:,} bytes.")
            content = file.read(MOST_BYTES + 1)
            after = _stamp(os.fstat(file.fileno()))
    except OSError as error:
        raise Unreachable(f"{path.name} can't be opened ({os.strerror(error.errno or 0)}).") from error
    if before != after or len(content) != after.size:
        raise Unreadable(f"{path.name} is being written.")
    return after, content


def _stamp(found: os.stat_result) -> Stamp:
    return Stamp(found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _header(lines: Iterator[Sequence[object]], form: Form) -> list[str]:
    for _ in range(form.header - 1):
        next(lines, None)
    columns = ["" if each is None else " ".join(str(each).split()) for each in next(lines, ())]
    named = [name for name in columns if name]
    if not named:
        raise Unreadable(f"There are no names of columns in line {form.header}.")
    if len(named) > len(set(named)):
        raise Unreadable("Two columns have the same name.")
    if len(columns) > MOST_COLUMNS:
        raise Unreadable(f"There are more than {MOST_COLUMNS} columns.")
    return columns


def _of_text(content: bytes, form: Form, suffix: str) -> Iterator[Sequence[object]]:
    text = _decoded(content, form.encoding)
    if told := _SEP.match(text):  # Excel's own way of saying it
        text, form = text[told.end() :], replace(form, delimiter=form.delimiter or told[1])
    lines = text.split("\n", form.header)
    heading = lines[form.header - 1] if len(lines) >= form.header else ""
    delimiter = form.delimiter or ("\t" if suffix.lower() == ".tsv" else max(_DELIMITERS, key=heading.count))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    width = 0
    try:
        for number, line in enumerate(reader, 1):
            if number > form.header and not any(line):
                continue
            if number == form.header:
                width = len(line)
            elif number > form.header and len(line) != width:
                raise Unreadable(f"Line {reader.line_num} has {len(line)} columns, and the header has {width}.")
            yield line
    except csv.Error as error:
        raise Unreadable(f"Line {reader.line_num} isn't CSV, or the file is cut off.") from error


def _decoded(content: bytes, encoding: str) -> str:
    for mark, name in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            encoding = name
    try:
        return content.decode(encoding or "utf-8")
    except UnicodeDecodeError as error:
        if encoding or error.reason == "unexpected end of data":
            raise Unreadable(f"It isn't {encoding or 'utf-8'}, or it is cut off: set encoding.") from error
    try:
        return content.decode("cp1252")
    except UnicodeDecodeError as error:
        raise Unreadable("It is neither utf-8 nor cp1252: set encoding.") from error


def _of_workbook(content: bytes, form: Form) -> Iterator[Sequence[object]]:
    """Values as they were last calculated."""
    from openpyxl import load_workbook  # noqa: PLC0415 - half of what a process that parses mail would load

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            parts = packed.infolist()
            if any(each.file_size > max(SMALL, MOST_TIMES * each.compress_size) for each in parts):
                raise Unreadable("It is packed far tighter than workbooks are: export it anew.")
            if sum(each.file_size for each in parts) > MOST_UNPACKED:
                raise Unreadable(f"Unpacked, the workbook is larger than {MOST_UNPACKED:,} bytes.")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what it can't keep when it writes
            book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
            try:
                if form.sheet and form.sheet not in book.sheetnames:
                    raise Unreadable(f"There is no sheet {form.sheet}; there are: {', '.join(book.sheetnames)}.")
                lines = _lines(book[form.sheet or book.sheetnames[0]], form)
            finally:
                book.close()
    except _BROKEN as error:
        raise Unreadable("It isn't a workbook (XLSX), or it is cut off.") from error
    yield from lines


def _lines(sheet: object, form: Form) -> list[Sequence[object]]:
    """As wide as the header, without empty ones."""
    sheet.reset_dimensions()  # type: ignore[attr-defined]  # some programs write too small ones
    lines: list[Sequence[object]] = []
    width = 0
    for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):  # type: ignore[attr-defined]  # read-only sheets
        line = [_whole(cell) for cell in cells]
        if number == form.header:
            while line and line[-1] in {None, ""}:
                line.pop()
            width = len(line)
        elif number > form.header:
            if all(cell in {None, ""} for cell in line):
                continue
            line = (line + [None] * width)[:width]
        lines.append(line)
        if len(lines) > MOST_ROWS + form.header:
            break
    return lines


def _whole(cell: object) -> object:
    """An error of a formula says nothing."""
    return None if isinstance(cell, str) and cell.startswith("#") and cell in _ERRORS else cell


_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!"})
