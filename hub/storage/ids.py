"""Ids: 63 bits, made by the app, ordered by time.

41 bits of milliseconds since 2020 (until 2089), 10 bits of process, 12 bits of sequence. The process bits are drawn at
start; should two processes draw the same and meet in one millisecond, the primary key refuses the second and its unit
is run again, with new ids.
"""

import os
import secrets
import threading
from collections.abc import Callable

from hub import clock

EPOCH = 1_577_836_800_000
"""2020-01-01 in milliseconds since 1970."""
_PROCESS_BITS, _SEQUENCE_BITS = 10, 12
_SEQUENCES = 1 << _SEQUENCE_BITS


class _Source:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0
        self._sequence = 0
        self.draw_process()

    def draw_process(self) -> None:
        self._process = secrets.randbelow(1 << _PROCESS_BITS)

    def next(self) -> int:
        with self._lock:
            now = clock.now() // 1000 - EPOCH
            if now > self._last:
                self._last, self._sequence = now, 0
            else:
                self._sequence += 1
                if self._sequence == _SEQUENCES:
                    self._last, self._sequence = self._last + 1, 0
            return (self._last << (_PROCESS_BITS + _SEQUENCE_BITS)) | (self._process << _SEQUENCE_BITS) | self._sequence


_source = _Source()
new_id: Callable[[], int] = _source.next
os.register_at_fork(after_in_child=_source.draw_process)


def id_at(at: int) -> int:
    """An id for something that happened at `at` (microseconds): imports order by it. The low bits are chance."""
    return ((at // 1000 - EPOCH) << (_PROCESS_BITS + _SEQUENCE_BITS)) | secrets.randbelow(1 << 22)


def first_at(at: int) -> int:
    """The lowest id of that time: what happened before it has lower ones."""
    return min(max(0, (at // 1000 - EPOCH) << (_PROCESS_BITS + _SEQUENCE_BITS)), 2**63 - 1)


def apart(by: int) -> int:
    """How far two ids are from each other that were made so many microseconds apart."""
    return by // 1000 << (_PROCESS_BITS + _SEQUENCE_BITS)


def back(row_id: int, by: int) -> int:
    """The lowest id that could have been made `by` microseconds earlier, or later than that."""
    return max(0, row_id - apart(by))
