"""A room without doors: code in it reaches no file, network, process or clock, by whatever name it imported them."""

import gc
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from types import FrameType
from typing import Any

OUTSIDE = ("open", "socket.", "subprocess.", "os.", "shutil.", "sqlite3.", "urllib.", "http.", "smtplib.", "tempfile.")
"""Audit events (PEP 578) of what goes outside."""
CLOCKS = frozenset({"now", "utcnow", "today"})
TIMES = frozenset({"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "localtime", "ctime"})

TOOLS = "hub.contract.testing.stage"
"""Whose clock is the hub's, which an `accept` may ask: it is given to it."""

_sealed = threading.local()
_watching = False


class WentOutside(BaseException):
    """A pure function isn't. Not an Exception, so that no `except Exception` hides it."""


@contextmanager
def sealed() -> Iterator[None]:
    """Raises WentOutside in this thread at what isn't pure, and again at the end if it was swallowed.

    What earlier code left behind isn't cleared away meanwhile: its last words would be taken for what is done here.
    """
    _watch()
    collecting = gc.isenabled()
    gc.disable()
    _sealed.seen = []
    _sealed.on = True
    before = sys.getprofile()
    sys.setprofile(_on_call)
    try:
        yield
    finally:
        sys.setprofile(before)
        _sealed.on = False
        if collecting:
            gc.enable()
    if _sealed.seen:
        raise WentOutside(_sealed.seen[0])


def _watch() -> None:
    """An audit hook stays for the life of the process: one, that does nothing outside the seal."""
    global _watching  # noqa: PLW0603 - as above
    if not _watching:
        _watching = True
        sys.addaudithook(_on_event)


def _on_event(event: str, _arguments: tuple[Any, ...]) -> None:
    if getattr(_sealed, "on", False) and event.startswith(OUTSIDE):
        _went_outside(event)


def _on_call(frame: FrameType, event: str, called: Any) -> None:
    """The clock raises no audit events, and its functions are C: the profiler sees them called."""
    if event != "c_call" or not _sealed.on or frame.f_globals.get("__name__") == TOOLS:
        return
    owner, name = getattr(called, "__self__", None), getattr(called, "__name__", "")
    if owner is time and name in TIMES:
        _went_outside(f"time.{name}")
    if isinstance(owner, type) and issubclass(owner, date) and name in CLOCKS:
        _went_outside(f"{owner.__name__}.{name}")


def _went_outside(what: str) -> None:
    _sealed.seen.append(what)
    raise WentOutside(what)
