"""Together: small units of several questions as one transaction. Six cards are asked for at once, and a commit takes as
long for six rows as for one."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, TypeVar

from hub.errors import TorgError
from hub.storage.scope import Scope
from hub.storage.unit import Storage, Unit

T = TypeVar("T")
Shared: TypeAlias = dict[Any, Any]
Work: TypeAlias = Callable[[Unit, Shared], Any]


class Together:
    """While one unit of a scope is under way, what comes for it meanwhile waits for the next, which takes all of it."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._waiting: dict[Scope, list[tuple[Work, asyncio.Future[Any]]]] = defaultdict(list)
        self._writing: dict[Scope, asyncio.Task[None]] = {}

    async def write(self, scope: Scope, work: Callable[[Unit, Shared], T]) -> T:
        """What `work` returns, after the commit. What it has read it may leave in `shared` for the others of its unit.

        It may raise a TorgError before it writes anything. Whatever else it raises undoes the unit, and then each is
        tried once more alone: so it may be run twice, and one's fault is nobody else's. Unavailable is everybody's.
        """
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting[scope].append((work, done))
        if scope not in self._writing:
            self._writing[scope] = asyncio.create_task(self._write_all(scope))
        return await done

    async def _write_all(self, scope: Scope) -> None:
        try:
            while waiting := self._waiting.pop(scope, []):
                await self._write_some(scope, waiting)
        finally:
            del self._writing[scope]

    async def _write_some(self, scope: Scope, waiting: Sequence[tuple[Work, "asyncio.Future[Any]"]]) -> None:
        try:
            results = await self._storage.write(scope, _each, [work for work, _ in waiting])
        except BaseException as error:  # noqa: BLE001 - whoever waits is told, whatever it was
            if len(waiting) > 1 and isinstance(error, Exception) and not isinstance(error, TorgError):
                for each in waiting:
                    await self._write_some(scope, [each])
                return
            for _, done in waiting:
                if not done.done():
                    done.set_exception(error)
            return
        for (_, done), result in zip(waiting, results, strict=True):
            if done.done():  # whoever asked has gone away
                continue
            if isinstance(result, TorgError):
                done.set_exception(result)
            else:
                done.set_result(result)


def _each(unit: Unit, works: Sequence[Work]) -> list[Any]:
    results: list[Any] = []
    shared: Shared = {}
    for work in works:
        try:
            results.append(work(unit, shared))
        except TorgError as error:
            results.append(error)
    return results
