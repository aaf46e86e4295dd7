"""Composition root: the one place that knows every room. A `Hub` is what a process holds."""

import asyncio
import gc
import importlib
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import ModuleType

from litestar import Litestar

from hub.channels.pause import standing
from hub.doorbell import Doorbell
from hub.errors import Invalid
from hub.inbound.replay import Replayed, replay
from hub.live.publish import Live
from hub.plugin_host.manager import load
from hub.plugin_host.registry import Registry
from hub.settings import Settings
from hub.storage.migrate import require_newest
from hub.storage.open import open_storage
from hub.worker.embedded import Worker, ring_on_commit

log = logging.getLogger(__name__)


class Hub:
    """What a process holds while it runs. `serves`: it answers requests and listens; `works`: it reads and sends."""

    def __init__(self, settings: Settings, *, serves: bool, works: bool) -> None:
        self.settings = settings
        self.registry: Registry = load(settings.blocked_plugins)
        for broken in self.registry.broken:
            log.error("plugin %s %s is left out: %s", broken.name, broken.version, broken.sentence)
        for name in settings.routers:
            self.registry.router(name)  # a wrong name is told now, in a sentence
        self.storage = open_storage(settings)
        require_newest(self.storage.engines.reader)
        self.live = Live(self.storage, settings.redis_url, standing, serves=serves)
        self._serves, self._works = serves, works
        self._worker: Worker | None = None
        self.failure: BaseException | None = None
        self.on_failure: Callable[[], None] = lambda: None

    async def replay(self, raw_id: int) -> Replayed:
        """Read a raw event again, in this process's children."""
        if self._worker is None:
            raise RuntimeError("the hub isn't running")
        return (await replay(self.storage, self._worker.pipeline, self._worker.routers, [raw_id]))[0]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The worker, the doorbell and live events, for as long as the block lasts. Raises what ended them."""
        async with asyncio.TaskGroup() as tasks:
            url = self.settings.redis_url
            rope = arq_worker().Bellrope(url) if url else None
            bell = Doorbell(rope.pull if rope and self._serves else None)
            worker = Worker(self.storage, self.registry, self.settings, bell, listens=self._serves, works=self._works)
            self._worker = worker
            ring_on_commit(self.storage, bell, also_read=not self._works)
            started = [tasks.create_task(worker.run(), name="worker")]
            live = tasks.create_task(self.live.run(), name="live")
            for task in (started[0], live):
                task.add_done_callback(self._ended)
            if self._works and url:
                started.append(tasks.create_task(arq_worker().answer_the_door(url, bell), name="door"))
            gc.collect()
            gc.freeze()
            gc.set_threshold(50_000, 20, 50)
            try:
                yield
            finally:
                self.live.end()
                for task in started:
                    task.cancel()
                await asyncio.wait(started)
                live.cancel()  # after the worker, whose last commits are told, too
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


def create_app(hub: Hub) -> Litestar:
    """The web application over a hub, which runs as long as the application does."""
    from hub.web import routes  # noqa: PLC0415 - `torg worker` needs no web

    pages = _screen(hub.settings.screen).routers() if hub.settings.screen else None

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        app.state.storage, app.state.settings = hub.storage, hub.settings
        app.state.registry, app.state.replay = hub.registry, hub.replay
        app.state.live = hub.live
        async with hub.running():
            yield

    return routes.create(pages, lifespan=[lifespan])


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
