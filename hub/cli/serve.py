"""`torg serve`: the web, the listening channels and, unless workers are separate, reading and sending."""

import asyncio
import ctypes
import errno
import gc
import logging
import socket
import sys
import traceback
from datetime import UTC, datetime
from functools import partial
from typing import Any, Literal

import click
import msgspec
import uvicorn
from msgspec import Struct, structs

from hub.app import Hub, Sibling, create_app, preload
from hub.cli.forking import fork
from hub.edge import meter
from hub.edge.meter import Meter
from hub.errors import Conflict
from hub.live.publish import Live
from hub.live.sibling_line import Siblings
from hub.settings import Settings, load_settings

PORT = click.IntRange(1, 65535)
_SWITCH = 0.0005
"""Seconds after which a thread that waits for the interpreter gets it, where processes share the right to write: a unit
of work gives the interpreter away at each statement, and the others wait for it meanwhile. One alone keeps Python's own
5 ms: with 500 open chats their slowest lines took two to five times as long with less.
"""


@click.command("serve")
@click.option("--host", help="Address to answer on; otherwise the setting host.")
@click.option("--port", type=PORT, help="Port to answer on; otherwise the setting port.")
@click.option(
    "--face", type=click.Choice(["both", "public", "inside"]), help="For whom it answers; otherwise the setting face."
)
def command(host: str | None, port: int | None, face: Literal["both", "public", "inside"] | None) -> None:
    """Answer requests, listen for mail, read and send.

    A public face answers citizens and other systems (chats, forms, calls to channels), on a hostname of its own; an
    inside face answers your own people. The public one neither listens for mail, reads nor sends.
    """
    settings = load_settings()
    settings = structs.replace(settings, face=face or settings.face)
    host, port = host or settings.host, port or settings.port
    require_free(host, port, "Take another with --port or the setting port")
    serve(settings, host, port)


def serve(settings: Settings, host: str, port: int) -> None:
    """Until a signal ends it: then open requests are answered and what is in hand is settled."""
    set_up_logging(settings)
    _return_memory()
    gc.disable()  # as for what is imported: none of this is garbage till the end
    place = _part(settings, host, port) if settings.web_processes > 1 else _Place()
    hub = Hub(settings, serves=True, works=settings.worker == "embedded", sibling=place.sibling)
    server = Server(web(create_app(hub, place.meter), settings, host, port), hub.live, place.watched)
    gc.freeze()
    gc.enable()
    hub.on_failure = partial(setattr, server, "should_exit", True)
    server.run(place.sockets)
    if hub.failure is not None or not server.started:
        sys.exit(1)


class _Place(Struct, frozen=True):
    """What a process was given by the one that started it; nothing where there is one alone."""

    sibling: Sibling | None = None
    sockets: list[socket.socket] | None = None
    meter: Meter | None = None
    watched: int | None = None


def _part(settings: Settings, host: str, port: int) -> _Place:
    """Into `web_processes`, which have the port and what they share before; returns in each of them."""
    preload(settings)  # once for all of them
    sys.setswitchinterval(_SWITCH)
    sockets = [web(None, settings, host, port).bind_socket()]
    siblings, cells = Siblings(settings.web_processes), meter.shared(settings.web_processes)
    forked = fork(settings.web_processes)
    sibling = Sibling(forked.number, siblings.line(forked.number))
    return _Place(sibling, sockets, Meter(cells, forked.number), forked.watched)


def web(app: Any, settings: Settings, host: str, port: int) -> uvicorn.Config:
    """Who asks is told by `X-Forwarded-For` of the proxies that are trusted, and of nobody else: the nearest address
    to us that isn't one of theirs, so that what a stranger writes into it before them is never taken."""
    return uvicorn.Config(
        app, host=host, port=port, log_config=None, access_log=False, server_header=False,
        timeout_graceful_shutdown=10, timeout_keep_alive=30, proxy_headers=True,
        forwarded_allow_ips=[each.strip() for each in settings.trusted_proxies],
    )  # fmt: skip


def _return_memory() -> None:
    """Where it is glibc's: what was large for a moment goes back, and threads that come and go share two heaps.

    By itself it keeps up to 64 MB once a password was hashed, and a heap for each of 16 threads (mallopt(3)).
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        trim_threshold, mmap_threshold, arena_max = -1, -3, -8  # malloc.h
        for what, value in ((trim_threshold, 262_144), (mmap_threshold, 262_144), (arena_max, 2)):
            mallopt(what, value)


def require_free(host: str, port: int, advice: str) -> None:
    """Raises Conflict for a port that can't be opened: a sentence, before anything is begun."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            used = error.errno == errno.EADDRINUSE
            why = "is in use by another program" if used else f"can't be opened ({error.strerror})"
            raise Conflict(f"Port {port} on {host} {why}. {advice}, or stop the other program.") from error


class Server(uvicorn.Server):
    """Streams of live events have no end of their own: they are ended before open requests are waited for."""

    def __init__(self, config: uvicorn.Config, live: Live, watched: int | None = None) -> None:
        """`watched`: a descriptor that ends when whoever started this process has; then it ends, too."""
        super().__init__(config)
        self._live, self._watched = live, watched

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        if self._watched is not None:
            loop = asyncio.get_running_loop()
            loop.add_reader(self._watched, self._left_alone, loop, self._watched)
        await super().startup(sockets)

    def _left_alone(self, loop: asyncio.AbstractEventLoop, watched: int) -> None:
        loop.remove_reader(watched)
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Whatever asked for it: a signal, or the failure of what runs behind."""
        self._live.end()
        await super().shutdown(sockets)


def set_up_logging(settings: Settings) -> None:
    """One line an event, on standard error; nothing personal is ever logged."""
    handler = logging.StreamHandler(sys.stderr)
    plain = Impersonal("%(asctime)s %(levelname)s %(name)s: %(message)s")
    handler.setFormatter(AsJson() if settings.log_format == "json" else plain)
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler])
    for noisy in ("alembic", "mail.log", "uvicorn.access", "arq"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


class Impersonal(logging.Formatter):
    """An error by its kind and where it was raised: its words may quote a citizen or a row."""

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        """File, line and function of each frame, then the kinds of the error and its causes."""
        frames = traceback.extract_tb(ei[2])
        error, kinds = ei[1], []
        while error is not None:
            kinds.append(type(error).__name__)
            error = error.__cause__ or error.__context__
        return "\n".join([f"  {each.filename}:{each.lineno} {each.name}" for each in frames] + [" <- ".join(kinds)])


class AsJson(Impersonal):
    """The same as an object a line: at, level, logger, message and, of an error, where and which."""

    def format(self, record: logging.LogRecord) -> str:
        """UTC, ISO 8601."""
        said: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            said["error"] = self.formatException(record.exc_info)
        return msgspec.json.encode(said).decode()
