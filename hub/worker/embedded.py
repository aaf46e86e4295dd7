"""The embedded worker: the way in, the way out and the sweep, in the process of the web or in one of their own."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress

from hub import clock
from hub.access import audit
from hub.contract import Router
from hub.doorbell import DELIVER, KEEP, READ, SCAN, Doorbell
from hub.errors import TorgError
from hub.inbound import given_up
from hub.inbound.calls import Calls
from hub.inbound.children import Children
from hub.inbound.listen import Listeners
from hub.inbound.pipeline import Pipeline, Trusts
from hub.inbound.pull import Pullers
from hub.inbound.scan import Scans
from hub.lookups import kept, pin
from hub.outbound.copies import Copies
from hub.outbound.pipeline import Outbox
from hub.plugin_host.registry import Registry
from hub.settings import Settings
from hub.storage.scope import Scope
from hub.storage.unit import Happening, Storage
from hub.watch.round import Round
from hub.watch.tell import Say

RINGS = {"raw_kept": READ, "delivery_queued": DELIVER, "copy_queued": KEEP, "files_wait": SCAN}
"""Which happening is work for whom."""

_LOOK = 0.1
"""Seconds between two looks while there is more than can be taken in hand."""

log = logging.getLogger(__name__)


class Worker:
    """`listens`: holds the channels' ports, and pulls. `works`: reads and sends; without it only what came is kept.

    `say`: a sentence of the hub's in a language, for the alarms that go to IT.
    """

    def __init__(
        self,
        storage: Storage,
        registry: Registry,
        settings: Settings,
        bell: Doorbell,
        *,
        listens: bool,
        works: bool,
        say: Say = lambda sentence, _: sentence,
    ) -> None:
        self._storage, self._settings, self._bell = storage, settings, bell
        self._listens, self._works = listens, works
        self.routers: dict[str, Router] = {name: registry.router(name) for name in settings.routers}
        self._mails_wait = asyncio.Event()
        self._children = Children(
            settings.parse_children, settings.parse_seconds, settings.blocked_plugins, ahead=works
        )
        self.pipeline = Pipeline(storage, self._children, self.routers, trusts=Trusts.of(settings), reads=works)
        self._scans = Scans(storage, bell, settings.scanner, settings.sweep_seconds) if settings.scanner else None
        self._outbox = Outbox(storage, registry, bell, settings.lease_seconds, settings.sweep_seconds)
        self._watch = Round(storage, registry, say)
        self._copies = Copies(storage, registry, bell, settings.sweep_seconds)
        self._listeners = Listeners(storage, registry, self.pipeline.receiver)
        self._pullers = Pullers(storage, registry, self.pipeline.receiver, self.pipeline.room)
        self.calls = Calls(storage, registry, self.pipeline.receiver, self._pullers.ring)

    async def run(self) -> None:
        """Until cancelled. The listeners end first, while what they feed still runs: mail in hand gets its answer."""
        async with self._children, asyncio.TaskGroup() as tasks:
            tasks.create_task(self.pipeline.run(), name="way in")
            if self._works:
                tasks.create_task(self._outbox.run(), name="way out")
                tasks.create_task(self._copies.run(), name="copies")
                tasks.create_task(self._sweep(), name="sweep")
                tasks.create_task(self._watch.run(self._settings.sweep_seconds), name="watch")
                tasks.create_task(self._read_when_rung(), name="doorbell")
                tasks.create_task(self._read_mails(), name="waiting mails")
                if self._scans is not None:
                    tasks.create_task(self._scans.run(), name="virus scanner")
            if self._listens:
                tasks.create_task(self._pullers.run(), name="pulling")
            await (self._listeners.run() if self._listens else asyncio.Event().wait())

    async def sweep(self, grace: int) -> None:
        """Everything that lies waiting though nobody rang: after a crash, without Redis, after an outage."""
        more = [await self.pipeline.sweep(grace, calls=of_calls) for of_calls in (True, False)]
        if any(more):
            self._bell.ring_here(READ)
        if await self._outbox.sweep():
            self._bell.ring(DELIVER, 0)
        await self._storage.write(Scope.everything("seal the audit"), audit.seal)
        pins = Scope.everything("pinned cards whose time is over")
        if await self._storage.read(pins, pin.any_old):
            await self._storage.write(pins, pin.erase_old)
        answers = Scope.everything("kept answers that are old")
        if await self._storage.read(answers, kept.any_old):
            await self._storage.write(answers, kept.erase_old)
        await self._storage.forget_passing(clock.now() - clock.DAY)
        calls = Scope.everything("calls whose end was never told")
        if await self._storage.read(calls, given_up.silent):
            await self._storage.write(calls, given_up.give_up)

    async def _sweep(self) -> None:
        grace = 0  # what a killed process left, nobody has in hand
        while True:
            try:
                await self.sweep(grace)
            except TorgError as error:
                log.warning("the sweep waits: %s", error)
            grace = int(self._settings.sweep_seconds * clock.SECOND)
            await asyncio.sleep(self._settings.sweep_seconds)

    async def _read_when_rung(self) -> None:
        """Another process has kept something: its row is read now, not at the next sweep. That may be a call, which
        isn't looked for behind mails."""
        more = False
        while True:
            rung = await self._bell.heard(READ, _LOOK if more else 3600)
            if rung or more:
                self._mails_wait.set()
                more = await self._read_waiting(calls=True)

    async def _read_mails(self) -> None:
        """While many lie waiting they are looked for again and again."""
        more = False
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK if more else None):
                    await self._mails_wait.wait()
            self._mails_wait.clear()
            more = await self._read_waiting(calls=False)

    async def _read_waiting(self, *, calls: bool) -> bool:
        """Whether there is more."""
        try:
            return await self.pipeline.sweep(0, calls=calls)
        except TorgError as error:  # the next sweep, or ring, comes soon enough
            log.warning("reading waits: %s", error)
            return False


def ring_on_commit(storage: Storage, bell: Doorbell, *, also_read: bool) -> None:
    """Committed work rings the bell. `also_read`: raw events are read elsewhere, not handed over in memory."""

    def listen(happened: Sequence[Happening]) -> None:
        for each in happened:
            what = RINGS.get(each.kind)
            if what is not None and (what != READ or also_read):
                bell.ring(what, each.id)

    storage.on_commit(listen)


def ring_here(bell: Doorbell, happened: Sequence[Happening] | None) -> None:
    """For what another process says it has committed; None: it may have been anything."""
    kinds = RINGS.keys() if happened is None else {each.kind for each in happened}
    for kind in RINGS.keys() & kinds:
        bell.ring_here(RINGS[kind])
