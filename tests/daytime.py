"""Tests of a day that look back or ahead by minutes, at any hour of it."""

import time
from zoneinfo import ZoneInfo

from hub import clock

_LATER = 8 * 3600 * clock.SECOND


def by_day() -> None:
    """From 22 to 1 o'clock in Stockholm it is eight hours later, in this process, until the clock is given back."""
    if 1 <= clock.to_datetime(clock.now()).astimezone(ZoneInfo("Europe/Stockholm")).hour < 22:
        return
    then, began = clock.now() + _LATER, time.monotonic_ns() // 1000
    clock.set_source(lambda: then + time.monotonic_ns() // 1000 - began)
