"""Used: a lookup's figures in words and bars."""

from collections.abc import Sequence
from datetime import date

from babel.numbers import format_percent
from msgspec import Struct

from hub.lookups.use import LookupUse
from inbox_ui import looked
from inbox_ui.looked import error
from inbox_ui.times import on_day, took
from inbox_ui.words import language, ngettext

BARS_HIGH, BAR_WIDE, BAR_APART = 36, 8, 2
_LOWEST = 1


class Bar(Struct, frozen=True):
    """A day's questions; lengths in the drawing's own units."""

    x: int
    y: int
    height: int
    words: str


class Shown(Struct, frozen=True):
    """A lookup as its box shows it. Questions are answered, unanswered or refused: by us, before the source was asked
    or when it had answered. `share`: of those that weren't refused, how many were answered; empty: there is none."""

    use: LookupUse
    answered: int
    share: str
    unanswered: int
    refused: int
    errors: Sequence[tuple[str, int]]
    alarms: int
    median: str
    p95: str
    bars: Sequence[Bar]
    width: int
    first: str
    last: str
    most: int


def shown(use: LookupUse) -> Shown:
    """Its figures in the reader's language."""
    ended = use.ended
    good = ended["found"] + ended["none"] + ended["several"]
    refused = ended["not_theirs"] + ended["protected"] + ended["stopped"]
    put = max(0, use.asked - refused)
    unanswered = max(0, put - good)  # with those of which nothing is on record
    errors = [*((error(word), count) for word, count in use.errors.items())]
    errors += [(looked.ends()["another's"], ended["another's"])] if ended["another's"] else []
    rest = unanswered - sum(count for _, count in errors)
    errors += [(looked.ends()["unanswered"], rest)] if rest > 0 else []
    most = max((each.asked for each in use.days), default=0)
    return Shown(
        use=use,
        answered=good,
        share=format_percent(good / put, locale=language()) if put else "",
        unanswered=unanswered,
        refused=refused,
        errors=errors,
        alarms=ended["another's"] + ended["not_theirs"] + ended["protected"] + ended["stopped"],
        median=took(use.median_ms),
        p95=took(use.p95_ms),
        bars=[_bar(number, each.day, each.asked, most) for number, each in enumerate(use.days)],
        width=len(use.days) * (BAR_WIDE + BAR_APART) - BAR_APART,
        first=on_day(use.days[0].day),
        last=on_day(use.days[-1].day),
        most=most,
    )


def _bar(number: int, day: date, asked: int, most: int) -> Bar:
    height = max(_LOWEST, round(asked * BARS_HIGH / most)) if asked else 0
    said = ngettext("%(num)s question", "%(num)s questions", asked) % {"num": asked}
    return Bar(number * (BAR_WIDE + BAR_APART), BARS_HIGH - height, height, f"{on_day(day)}: {said}")
