"""What commands print: sentences and tables for people, one JSON value where a machine reads."""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click
import msgspec

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, for a machine to read.")


def print_json(value: Any) -> None:
    """One line of JSON in UTF-8, whatever the terminal's encoding. 63-bit ids are given as text by the caller."""
    line = msgspec.json.encode(value) + b"\n"
    click.echo(line.decode() if _takes_unicode() else line, nl=False)


def print_added(what: str, row_id: int, *, as_json: bool) -> None:
    """How every `add` ends that has nothing more to say."""
    if as_json:
        print_json({"id": str(row_id)})
    else:
        click.echo(f"Added {what} {row_id}.")


def print_items(
    items: Sequence[dict[str, Any]],
    titles: Sequence[str],
    row_of: Callable[[dict[str, Any]], Sequence[object]],
    nothing: str,
    *,
    as_json: bool,
) -> None:
    """How every `list` ends."""
    if as_json:
        print_json({"items": items})
    else:
        print_table(titles, [row_of(each) for each in items], nothing)


def print_table(titles: Sequence[str], rows: Sequence[Sequence[object]], nothing: str) -> None:
    """Columns as wide as their longest cell; `nothing` is the sentence for no rows."""
    if not rows:
        click.echo(nothing)
        return
    cells = [list(titles), *([_cell(each) for each in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(titles))]
    for row in cells:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def counts(numbers: Mapping[str, int]) -> str:
    """As in `read 12, quarantined 1`; nothing is a dash."""
    return ", ".join(f"{name} {number}" for name, number in numbers.items() if number) or "-"


def _cell(value: object) -> str:
    text = "-" if value is None or value == "" else str(value)
    return " ".join(text.split())


def _takes_unicode() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
