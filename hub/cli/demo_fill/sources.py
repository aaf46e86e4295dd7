"""Sources: what the demo's economy, waste and permit systems know, as files of the demo's folder. They are the systems:
whoever changes one of them while the demo runs finds the card changed when it is asked the next time.

A file is written where it is missing, and never over one that is there.
"""

import re
import sqlite3
from contextlib import closing
from datetime import date, timedelta
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

_FROM = files("hub.cli").joinpath("demo_data", "sources")
_IN_BRACES = re.compile(r"\{(?:(day|week|month)([+-]\d+)|year)\}")
_SATURDAY, _MONTHS = 5, 12


def write(folder: Path, today: date) -> None:
    """Those that aren't there: tables and views from a file of SQL, the rest as it is, with its days."""
    _write(_FROM, folder, today)


def _write(source: Traversable, folder: Path, today: date) -> None:
    folder.mkdir(exist_ok=True)
    for each in source.iterdir():
        if each.is_dir():
            _write(each, folder / each.name, today)
            continue
        is_database = each.name.endswith(".sql")
        file = (folder / each.name).with_suffix(".db") if is_database else folder / each.name
        if file.exists():
            continue
        new, text = file.with_name(f"{file.name}.new"), dated(each.read_text(encoding="utf-8"), today)
        new.unlink(missing_ok=True)
        if is_database:
            with closing(sqlite3.connect(new)) as connection:
                connection.executescript(f"BEGIN; {text} COMMIT;")
        else:
            new.write_text(text, encoding="utf-8")
        new.replace(file)  # whole, or not there


def dated(text: str, today: date) -> str:
    """`{day-3}`, `{week+1}`, `{month+5}`, `{year}`: counted from today. Nobody works on a Saturday or Sunday."""
    return _IN_BRACES.sub(lambda match: _written(match[1] or "year", int(match[2] or 0), today), text)


def _written(what: str, count: int, today: date) -> str:
    if what == "year":
        return f"{today.year}"
    if what == "day":
        day = today + timedelta(days=count)
        over = day.weekday() - _SATURDAY
        return f"{day + timedelta(days=(-1, 1)[over] if over >= 0 else 0)}"
    if what == "week":
        year, week, _ = (today + timedelta(weeks=count)).isocalendar()
        return f"{week} {year}"
    years, month = divmod(today.month - 1 + count, _MONTHS)
    return f"{today.year + years}-{month + 1:02}"
