"""Crash points. Named places where a proof may kill the process; nothing happens unless TORG_CRASH_POINT names one.

An armed point writes its name to TORG_CRASH_FILE and stands still until it is killed from outside:
the proof sees the name, sends SIGKILL and counts the hit.
"""

import os
import time
from pathlib import Path

INGEST_POINTS = (
    "received",
    "raw_written",
    "raw_committed",
    "acknowledged",
    "parsed",
    "normalised",
    "conversation_committed",
)
PULL_POINTS = ("pulled", "told_source")
"""Besides those of every way in, but for acknowledged."""
CALL_POINTS = ("summed_up",)
"""Of calls, instead of normalised."""
SEND_POINTS = ("reply_written", "reply_committed", "leased", "connected", "handed_over", "accepted", "settled")
LOOKUP_POINTS = ("audit_committed",)
POINTS = frozenset(INGEST_POINTS + PULL_POINTS + CALL_POINTS + SEND_POINTS + LOOKUP_POINTS)

_armed = ""
_hits_left = 0


def arm() -> None:
    """As the environment says it now. Done at import; again by a process whose environment was replaced since."""
    global _armed, _hits_left  # noqa: PLW0603 - a process has one armed point
    _armed = os.environ.get("TORG_CRASH_POINT", "")
    _hits_left = int(os.environ.get("TORG_CRASH_AFTER", "0"))


def point(name: str) -> None:
    """Stand still here until killed, if this point is armed and has been passed TORG_CRASH_AFTER times."""
    global _hits_left  # noqa: PLW0603 - a process has one armed point
    if name != _armed:
        return
    if _hits_left > 0:
        _hits_left -= 1
        return
    with Path(os.environ["TORG_CRASH_FILE"]).open("a", encoding="ascii") as file:
        file.write(name + "\n")
    time.sleep(3600)


arm()
