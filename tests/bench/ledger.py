"""The ledger of scale: one table, ours by engine and size beside the floor and what others take, in Markdown.

The others were measured in November 2026 on two cores and 24 GiB, Debian 12, on PostgreSQL 15, each with four web
workers and, unless it says eight, one client: a machine like this one, not in this run, so compare orders, not digits.
Where two figures stand they are of 1,000 and of 100,000 tickets. The floors of lists and searches are bare SQL on a
million rows of that same machine (SQLite / PostgreSQL), the rest are of this run.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

OTHERS = ("Request Tracker 5.0.3", "django-helpdesk 2.6.1", "roundup 2.6.0")
_NONE = ("", "", "")


class Line(Struct, frozen=True):
    """`floor`: the name of a figure of this run, else words. `others`: in the order of OTHERS."""

    title: str
    figure: str
    digits: int = 1
    floor: str = ""
    others: tuple[str, str, str] = _NONE


LINES = (
    Line("mails/s out of a mailbox", "fetched", 0, "floor"),
    Line("· of the floor", "fetched ratio", 2),
    Line("· CPU ms a mail, hub", "fetched hub", 2, others=("287-307", "21 · 37", "147")),
    Line("· CPU ms a mail, database server", "fetched database", 2),
    Line("mails/s by SMTP", "came", 0, "floor", ("4.9 · 6.4-6.8", "38-45 · 24.5-26.1", "6.5")),
    Line("· of the floor, without the client's CPU", "came ratio", 2),
    Line("· CPU ms a mail, hub", "came hub", 2, others=("287-307", "21 · 37", "147")),
    Line("· CPU ms a mail, database server", "came database", 2),
    Line(
        "reply, in a conversation of 20 messages, ms",
        "reply",
        others=("390 (10 k) · 559", "106 (10 k) · 176", "233 (10 k) · 316"),
    ),
    Line("· p99", "reply p99"),
    Line("answers/s, one after the other, until the mail server has them", "answers"),
    Line("· CPU ms an answer, request and sending, hub", "answer hub", 2),
    Line("· CPU ms an answer, database server", "answer database", 2),
    Line("list page, 50 rows, ms", "list", 1, "0.09 / 0.26", ("544 · 654", "78 · 462", "88 · 153")),
    Line("· p99", "list p99"),
    Line("· CPU ms, hub", "list hub", 2),
    Line("· CPU ms, database server", "list database", 2),
    Line("list page, eight clients, a second", "eight per_second", 0, "page floor", ("1.6", "3.0", "9.8")),
    Line("· of a plain page of 50 rows", "eight ratio", 2),
    Line("· p99, ms", "eight p99", 0, others=("5,700", "2,900", "1,300")),
    Line("conversation page, 20 messages, ms", "open", others=("150 · 228", "66 · 74", "175 · 211")),
    Line("· p99", "open p99"),
    Line("· CPU ms, hub", "open hub", 2),
    Line("· CPU ms, database server", "open database", 2),
    Line("what changed, five rows, ms", "news"),
    Line("· CPU ms, hub", "news hub", 2),
    Line("· CPU ms, database server", "news database", 2),
    Line("counts of the rail, ms", "rail"),
    Line("· CPU ms, hub", "rail hub", 2),
    Line("· CPU ms, database server", "rail database", 2),
    Line("search, rare word, ms", "search rare", 1, "0.06 / 0.34", ("518", "1,656", "151")),
    Line("· p99", "search rare p99"),
    Line("search, common word, ms", "search common", 1, "0.23 / 0.32", ("775", "1,905", "19,957")),
    Line("· p99", "search common p99"),
    Line("· CPU ms, hub", "search common hub", 2),
    Line("· CPU ms, database server", "search common database", 2),
    Line("search, two common words, ms", "search two"),
    Line("search, two that never meet, ms", "search never"),
    Line("event to 200 listeners, p50 ms", "event", 0),
    Line("· p99", "event p99", 0),
    Line("· told within 1.5 s, of all", "event told", 3),
    Line("first page after the start, s", "start", 2, "0.8", ("1.4-2.7", "4.3-5.2", "1.5-2.3")),
    Line("memory, MB, idle", "memory", 0, "52", ("287", "215", "134")),
    Line("· the web process alone", "memory web", 0),
    Line("· after the load", "memory after", 0),
    Line("first load of the inbox, kB", "first load"),
    Line("database, MB per 1,000 mails of 41 MB", "rows", 1),
    Line("files beside it, MB per 1,000 mails", "files", 1),
    Line("database, MB per 1,000 conversations of one short text", "plain", 2),
    Line("database, MB, whole", "whole", 0),
    Line("conversations filled a second", "filled", 0),
)


class Cell(Struct, frozen=True):
    """What was measured of one engine at one size."""

    engine: str
    size: int
    figures: Mapping[str, float]


def table(cells: Sequence[Cell]) -> str:
    """Of all that was measured, a column each."""
    heads = ["", "floor", *(f"{each.engine} {_short(each.size)}" for each in cells), *OTHERS]
    rows = [heads, ["---", *["---:"] * (len(heads) - 1)]]
    for line in LINES:
        own = [_figure(each.figures.get(line.figure), line.digits) for each in cells]
        if any(own):
            rows.append([line.title, _floor(line, cells), *own, *line.others])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def _floor(line: Line, cells: Sequence[Cell]) -> str:
    measured = sorted(each.figures[line.floor] for each in cells if line.floor in each.figures)
    if not measured:
        return "" if line.floor in {"floor", "page floor"} else line.floor
    least, most = (_figure(each, line.digits) for each in (measured[0], measured[-1]))
    return least if least == most else f"{least}-{most}"


def _figure(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


def _short(size: int) -> str:
    for unit, name in ((1_000_000, "M"), (1000, "k")):
        if size >= unit:
            return f"{size / unit:g} {name}"
    return str(size)
