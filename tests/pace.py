"""Pace: what is promised in seconds is promised of a machine that does nothing else."""

import time

_STEPS = 1_000_000
_QUIET = 0.04
"""Seconds that so many steps take on a core of today that has nothing else to do."""


def here(seconds: float) -> float:
    """How long that may take here and now: more where others work, too, or the machine is a slow one."""
    began = time.perf_counter()
    for _ in range(_STEPS):
        pass
    return seconds * max(1.0, (time.perf_counter() - began) / _QUIET)
