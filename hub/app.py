"""Composition root: the one place that knows every room. A `Hub` is what a process holds."""

import asyncio
import gc
import importlib
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from types import ModuleType
from typing import Literal

from litestar import Litestar
from msgspec import Struct

from hub.channels import faces
from hub.channels.pause import standing
from hub.contract import Answer, RawEvent, WebCall
from hub.doorbell import Doorbell
from hub.edge import ringing
from hub.edge.meter import Meter
from hub.edge.visits import Visits
from hub.errors import Invalid
from hub.inbound import scan
from hub.inbound.replay import Replayed, replay
from hub.inbox.entry import WAITS
from hub.live.publish import Live
from hub.live.sibling_line import SiblingLine
from hub.lookups.sources import Sources
from hub.plugin_host.manager import load
from hub.plugin_host.registry import Registry
from hub.settings import Settings
from hub.storage.migrate import require_newest
from hub.storage.open import open_storage, require_role
from hub.storage.scope import Scope
from hub.storage.unit import Storage
from hub.watch.tell import Say
from hub.worker.embedded import RINGS, Worker, ring_here, ring_on_commit

_KINDS = Scope.everything("which channels strangers come to")
_COLLECTS = (5_000, 10, 50)
"""Python's own thresholds of its collector, ten times as high: each stop is 3 to 5 ms. At 50,000 it was 77 ms for all
who waited, and longer in sum."""

log = logging.getLogger(__name__)


class Sibling(Struct, frozen=True):
    """One of several processes of the same `torg serve`: its number, from 0 on, and the line between them."""

    number: int
    line: SiblingLine


class Hub:
    """What a process holds while it runs. `serves`: it answers requests and listens; `works`: it reads and sends.

    A public face (`settings.face`) answers strangers, keeps what they bring, and neither listens, reads nor sends.
    """

    def __init__(self, settings: Settings, *, serves: bool, works: bool, sibling: Sibling | None = None) -> None:
        """`sibling`: which of several processes of one `torg serve` it is. The first of them listens and works."""
        self.settings = settings
        self._is_first = sibling is None or sibling.number == 0
        self.registry: Registry = load(settings.blocked_plugins)
        for broken in self.registry.broken:
            log.error("plugin %s %s is left out: %s", broken.name, broken.version, broken.sentence)
        for name in settings.routers:
            self.registry.router(name)  # a wrong name is told now, in a sentence
        self.storage = open_storage(settings)
        require_newest(self.storage.engines.reader)
        require_role(self.storage.engines, settings.face)
        self.is_public = settings.face == "public"
        if not self.is_public and settings.scanner is None:
            _warn_of_files_that_wait(self.storage)
        if not self.is_public and self.storage.read_now(_KINDS, faces.unsaid, self.registry):
            self.storage.write_now(_KINDS, faces.say, self.registry)
        self.sources = Sources(self.storage, self.registry)
        self._rings_by_line = sibling is not None and settings.redis_url is None
        self.live = Live(
            self.storage, settings.redis_url, standing, serves=serves, ours=not self.is_public,
            siblings=sibling.line if sibling else None, also=frozenset(RINGS) if self._rings_by_line else frozenset(),
        )  # fmt: skip
        self.visits = Visits()
        self._serves, self._works = serves, works and self._is_first and not self.is_public
        self._worker: Worker | None = None
        self.failure: BaseException | None = None
        self.on_failure: Callable[[], None] = lambda: None

    async def replay(self, raw_id: int) -> Replayed:
        """Read a raw event again, in this process's children."""
        if self._worker is None:
            raise RuntimeError("the hub isn't running")
        worker = self._worker
        return (await replay(self.storage, worker.pipeline, self.registry, worker.routers, [raw_id]))[0]

    async def called(self, channel_id: int, call: WebCall) -> Answer:
        """What a channel answers to whoever calls it from outside."""
        if self._worker is None:
            raise RuntimeError("the hub isn't running")
        return await self._worker.calls.take(channel_id, call)

    async def keep(self, channel_id: int, events: Sequence[RawEvent]) -> Sequence[str]:
        """What came by our own public face: a reference per event, after its commit."""
        if self._worker is None:
            raise RuntimeError("the hub isn't running")
        return await self._worker.pipeline.receiver.keep(channel_id, events)

    async def called_by(self, token: str) -> int | None:
        """The channel that is called by that token, where exchanges know to call helpdesks."""
        if self._worker is None:
            raise RuntimeError("the hub isn't running")
        return await self._worker.calls.channel_of(token)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The worker, the doorbell and live events, for as long as the block lasts. Raises what ended them."""
        async with asyncio.TaskGroup() as tasks:
            url = self.settings.redis_url
            rope = arq_worker().Bellrope(url) if url else None
            bell = Doorbell(rope.pull if rope and self._serves else None)
            worker = Worker(
                self.storage, self.registry, self.settings, bell,
                listens=self._serves and self._is_first and not self.is_public, works=self._works,
                say=_say(self.settings),
            )  # fmt: skip
            self._worker = worker
            ring_on_commit(self.storage, bell, also_read=not self._works)
            if self._rings_by_line and self._works:
                self.live.on_heard = lambda said: ring_here(bell, None if said.resync else said.happened)
            started = [tasks.create_task(worker.run(), name="worker")]
            live = tasks.create_task(self.live.run(), name="live")
            if self._serves:
                goes_round = self._is_first and not self.is_public
                rings = ringing.run(self.storage, self.visits, goes_round=goes_round)
                started.append(tasks.create_task(rings, name="chats"))
            for task in (*started, live):
                task.add_done_callback(self._ended)
            if self._works and url:
                started.append(tasks.create_task(arq_worker().answer_the_door(url, bell), name="door"))
            gc.collect()
            gc.freeze()
            gc.set_threshold(*_COLLECTS)
            try:
                yield
            finally:
                self.live.end()
                for task in started:
                    task.cancel()
                await asyncio.wait(started)
                live.cancel()  # after the worker, whose last commits are told, too
                await self.sources.close()
                if rope:
                    await rope.close()
        self._worker = None
        self.storage.close()

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A hub that answers but neither listens nor reads would look well and lose time: it ends instead."""
        if not task.cancelled() and task.exception() is not None:
            self.failure = task.exception()
            log.critical("the %s ended", task.get_name(), exc_info=self.failure)
            self.on_failure()


def arq_worker() -> ModuleType:
    """arq and redis take 0.3 s to import: only where there is a Redis."""
    return importlib.import_module("hub.worker.arq_worker")


class _Web(Struct, eq=False):
    """An application, and the hub that it is over once there is one."""

    app: Litestar
    meter: Meter
    hub: Hub | None = None


_ready: dict[tuple[str, str | None], _Web] = {}
"""Applications that `preload` has built and nobody has taken, by face and screen."""


def create_app(hub: Hub, meter: Meter | None = None) -> Litestar:
    """The web application over a hub, which runs as long as the application does. `meter`: counts what it answers."""
    of = (hub.settings.face, hub.settings.screen)
    web = _ready.pop(of, None) or _build(*of)
    web.hub = hub
    if meter is not None:
        web.meter.counts_as(meter)
    return web.app


def preload(settings: Settings) -> None:
    """Imports what the web needs, and builds it, before processes part that would each do so for half a second."""
    of = (settings.face, settings.screen)
    _ready[of] = _build(*of)


def _build(face: Literal["both", "public", "inside"], screen_name: str | None) -> _Web:
    from hub.web import routes  # noqa: PLC0415 - `torg worker` needs no web

    screen = _screen(screen_name) if screen_name else None
    pages = screen.routers(face) if screen else None
    nowhere = screen.nowhere(face) if screen and hasattr(screen, "nowhere") else None

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        hub = web.hub
        if hub is None:
            raise RuntimeError("an application without a hub")
        app.state.storage, app.state.settings = hub.storage, hub.settings
        app.state.registry, app.state.replay = hub.registry, hub.replay
        app.state.live, app.state.sources = hub.live, hub.sources
        app.state.called, app.state.keep = hub.called, hub.keep
        app.state.visits, app.state.called_by = hub.visits, hub.called_by
        async with hub.running():
            yield

    meter = Meter()
    web = _Web(routes.create(pages, face, nowhere, meter, lifespan=[lifespan]), meter)
    return web


def _warn_of_files_that_wait(storage: Storage) -> None:
    """A setting that was taken away shall open nothing by itself, and yet be no riddle."""
    waiting = storage.read_now(scan.SCANS, scan.counts)[WAITS]
    if waiting:
        log.warning(
            "%d files wait for a virus scanner, and the setting scanner names none: set it, or let them be opened by"
            " torg scan release --waiting --purpose TEXT",
            waiting,
        )


def _say(settings: Settings) -> Say:
    """In the languages of the screen, where it has some."""
    package = _screen(settings.screen) if settings.screen else None
    in_english: Say = lambda sentence, _: sentence  # noqa: E731 - as it was written
    return getattr(package, "say", in_english)


def _screen(name: str) -> ModuleType:
    """The package of pages. Raises Invalid where there is none of the name; one that is broken says so itself."""
    try:
        screen = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name.partition(".")[0]:
            raise
        raise Invalid("screen", f"screen = {name!r} can't be used: there is no such package here") from error
    if not hasattr(screen, "routers"):
        raise Invalid("screen", f"screen = {name!r} can't be used: it has no pages (no function routers)")
    return screen
