"""Kept: what many pages ask for in the same moments is reckoned once for all who ask alike.

Whoever asks while it is being reckoned waits for that same reckoning, unless that may take longer than they should
wait. In one process and one event loop.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Coroutine, Hashable
from functools import partial
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from msgspec import Struct

from hub import clock
from hub.due import due
from hub.storage.unit import Storage

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")
_MOST = 1_000
_SOONER = 0.05
"""Seconds: who clicks doesn't wait for what a page asked for by itself, and storage therefore begins so much later."""
_CHANGED: WeakKeyDictionary[Storage, dict[int, int]] = WeakKeyDictionary()


class _Reckoned(Struct, Generic[T], eq=False):
    """`since`: when it was begun, microseconds. `due`: by when storage begins it, by the monotonic clock."""

    found: "asyncio.Future[T]"
    since: int
    until: int
    due: float

    def is_late_for(self, due: float) -> bool:
        return not self.found.done() and self.due > due + _SOONER


class Kept(Generic[K, T]):
    """By what it depends on: whose it is, or what they may see. `lasts`: microseconds at most."""

    def __init__(self, lasts: int) -> None:
        self._lasts = lasts
        self._known: WeakKeyDictionary[Storage, OrderedDict[K, _Reckoned[T]]] = WeakKeyDictionary()

    async def ask(self, storage: Storage, key: K, reckoning: "partial[Coroutine[Any, Any, T]]", changed: int = 0) -> T:
        """As it was reckoned at most `lasts` ago, and begun after `changed`, when it is known to have changed last."""
        known = self._known.setdefault(storage, OrderedDict())
        there, now, wanted = known.get(key), clock.now(), due()
        if there is None or there.until <= now or there.since <= changed or there.is_late_for(wanted):
            there = known[key] = _Reckoned(asyncio.ensure_future(reckoning()), now, now + self._lasts, wanted)
            there.found.add_done_callback(partial(_ended, there))
            known.move_to_end(key)
            if len(known) > _MOST:
                known.popitem(last=False)
        return await asyncio.shield(there.found)


def note_change(storage: Storage, person_id: int) -> None:
    """They have changed something: what they are shown next was reckoned after it. In this process."""
    _CHANGED.setdefault(storage, {})[person_id] = clock.now()


def changed_by(storage: Storage, person_id: int) -> int:
    """When, microseconds; 0: nothing yet."""
    return _CHANGED.get(storage, {}).get(person_id, 0)


def _ended(kept: _Reckoned[Any], found: "asyncio.Future[Any]") -> None:
    """What went wrong is told to who waits, and tried anew for the next."""
    if found.cancelled() or found.exception() is not None:
        kept.until = 0
