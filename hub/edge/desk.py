"""Desk: what a route works with: who asks, and storage in the scope of that person."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar

from litestar import Request

from hub.access.person import Actor
from hub.edge.kept import note_change
from hub.edge.work import log_opening
from hub.settings import Settings
from hub.storage.scope import Scope
from hub.storage.unit import Happening, Storage, Unit

P = ParamSpec("P")
T = TypeVar("T")


class Desk:
    """One for a request. What it runs is given the unit of work and who asks."""

    def __init__(self, storage: Storage, settings: Settings, actor: Actor) -> None:
        self.storage, self.settings, self.actor = storage, settings, actor

    async def read(self, work: Callable[Concatenate[Unit, Actor, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """In the person's own scope; nothing can be written."""
        return await self.storage.read(Scope.of(self.actor), work, self.actor, *args, **kwargs)

    async def look(
        self,
        work: Callable[Concatenate[Unit, Actor, int, P], T],
        conversation_id: int,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """What is read of a conversation they open. It is given when it is in the reading log, too: two units, for a
        page takes long to read, and nobody waits for it to write. Raises NotFound when they may not."""
        logged = self.write(log_opening, conversation_id)
        return (await asyncio.gather(self.read(work, conversation_id, *args, **kwargs), logged))[0]

    async def write(self, work: Callable[Concatenate[Unit, Actor, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """In their own scope. What is kept for them is reckoned anew after a change; a logged reading is none."""
        happened: Sequence[Happening] = ()

        def noted(unit: Unit) -> T:
            nonlocal happened
            happened = unit.happened
            return work(unit, self.actor, *args, **kwargs)

        done = await self.storage.write(Scope.of(self.actor), noted)
        if happened:
            note_change(self.storage, self.actor.id)
        return done


def provide_desk(request: Request[Actor, Any, Any]) -> Desk:
    """For routes that ask who is there."""
    state = request.app.state
    return Desk(state.storage, state.settings, request.user)
