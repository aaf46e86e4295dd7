"""Due: by when what is asked for should be begun, for whoever has several things to do and one pair of hands."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_DUE: ContextVar[float | None] = ContextVar("due", default=None)
"""By the monotonic clock; None: as soon as it is asked for."""


@contextmanager
def due_in(seconds: float) -> Iterator[None]:
    """All that is asked of storage in this block, and in tasks begun there: due so many seconds from now."""
    token = _DUE.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _DUE.reset(token)


def due() -> float:
    """Of what is asked for here and now, by the monotonic clock."""
    return _DUE.get() or time.monotonic()
