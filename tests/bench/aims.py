"""What was aimed at beside what was measured, and whether it holds: the second table of `make bench`, in Markdown.

An aim is of the largest size; one of growth compares it with the smallest, on a machine that stays as it is.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from tests.bench.ledger import Cell

ENGINES = ("sqlite", "postgresql")


class Aim(Struct, frozen=True):
    """`figure`: of the ledger. `asked`: by engine, or of both. `since`: divided by that figure of the same column.

    `grows`: divided by the same figure at the smallest size. `least`: at least that, else at most.
    """

    title: str
    figure: str
    asked: float | Mapping[str, float]
    digits: int = 1
    since: str = ""
    grows: bool = False
    least: bool = False


AIMS = (
    Aim("mails/s out of a mailbox, of the floor", "fetched ratio", {"sqlite": 1.5, "postgresql": 1.2}, 2, least=True),
    Aim("mails/s by SMTP, of the floor", "came ratio", {"sqlite": 0.9, "postgresql": 0.8}, 2, least=True),
    Aim("list page, eight clients, of a plain page", "eight ratio", {"sqlite": 0.4, "postgresql": 0.25}, 2, least=True),
    Aim("list page, ms", "list", 8),
    Aim("conversation page, ms", "open", 12),
    Aim("search, rare word, ms", "search rare", 10),
    Aim("search, common word, ms", "search common", 10),
    Aim("search, two that never meet, ms", "search never", 100),
    Aim("reply, ms", "reply", 20),
    Aim("event to 200 listeners, p99 ms", "event p99", 300, 0),
    Aim("first page after the start, s", "start", 2, 2),
    Aim("memory of the web process, MB", "memory web", 120, 0),
    Aim("memory with its children, MB", "memory", 200, 0),
    Aim("· after the load, of that", "memory after", 1.2, 2, since="memory"),
    Aim("first load of the inbox, kB", "first load", 150, 0),
    Aim("mails/s by SMTP of the floor, of the smallest's", "came ratio", 0.8, 2, grows=True, least=True),
    Aim("list page, of the smallest's", "list", 1.3, 2, grows=True),
    Aim("conversation page, of the smallest's", "open", 1.3, 2, grows=True),
    Aim("search, rare word, of the smallest's", "search rare", 1.3, 2, grows=True),
    Aim("search, common word, of the smallest's", "search common", 1.3, 2, grows=True),
    Aim("search, two that never meet, of the smallest's", "search never", 1.3, 2, grows=True),
    Aim("reply, of the smallest's", "reply", 1.3, 2, grows=True),
)


def aims(cells: Sequence[Cell]) -> str:
    """A row an aim, a column an engine that was measured; what doesn't hold says so."""
    columns = {engine: of for engine in ENGINES if (of := [each for each in cells if each.engine == engine])}
    rows = [["at the largest size", *(f"{each}, asked | {each}" for each in columns)]]
    rows.append(["---", *["---: | ---:"] * len(columns)])
    rows += [[aim.title, *(_held(aim, engine, columns[engine]) for engine in columns)] for aim in AIMS]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def _held(aim: Aim, engine: str, cells: Sequence[Cell]) -> str:
    """What is asked, and what came of it."""
    asked = aim.asked[engine] if isinstance(aim.asked, Mapping) else aim.asked
    words = f"{'≥' if aim.least else '≤'} {asked:g}"
    found = _measured(aim, cells)
    if found is None:
        return f"{words} | "
    holds = found >= asked if aim.least else found <= asked
    return f"{words} | {found:,.{aim.digits}f}{'' if holds else ': no'}"


def _measured(aim: Aim, cells: Sequence[Cell]) -> float | None:
    smallest, largest = (which(cells, key=lambda cell: cell.size) for which in (min, max))
    if aim.figure not in largest.figures or (aim.grows and smallest is largest):
        return None
    against = smallest.figures[aim.figure] if aim.grows else largest.figures[aim.since] if aim.since else 1.0
    return round(largest.figures[aim.figure] / against, aim.digits)
