"""Pace: what is promised in seconds is promised of a machine that does nothing else."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
_STEPS = 1_000_000
_QUIET = 0.04
"""Seconds that so many steps take on a core of today that has nothing else to do."""


def here(seconds: float) -> float:
    """How long that may take here and now: more where others work, too, or the machine is a slow one."""
    return seconds * _slower(time.perf_counter)


def in_time(seconds: float, call: Callable[[], T]) -> T:
    """What it answers. Fails if it takes longer of a processor, all of three times: another process may slow one."""
    for _ in range(3):
        began = time.process_time()
        answer = call()
        took = time.process_time() - began
        if took <= seconds or took <= seconds * _slower(time.process_time):
            return answer
    raise AssertionError(f"it took {took:.2f} s; of a machine that does nothing else {seconds} s are promised")


def _slower(now: Callable[[], float]) -> float:
    began = now()
    for _ in range(_STEPS):
        pass
    return max(1.0, (now() - began) / _QUIET)
