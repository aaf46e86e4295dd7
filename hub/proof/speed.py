"""Speed: how fast the machine itself is just now. Many change by half within the hour: what was measured is compared
beside it.
"""

import statistics
import time
from collections.abc import Sequence

_ROUNDS = 250_000


def probe() -> float:
    """Milliseconds of processor time that always the same sum takes; what runs beside it isn't counted."""
    began, total = time.thread_time(), 0
    for number in range(_ROUNDS):
        total += number * number
    return 1000 * (time.thread_time() - began)


def said(probes: Sequence[float]) -> str:
    """Of several, in words."""
    return f"the same sum takes {statistics.median(probes):.1f} ms ({min(probes):.1f} to {max(probes):.1f})"
