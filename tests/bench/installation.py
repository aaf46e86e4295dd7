"""A whole installation in a temporary folder, for measuring: database, channels, people, `torg serve`."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from hub.access import login, person
from hub.channels import add
from hub.inbox import municipality, queue
from hub.plugin_host.manager import load
from hub.settings import Settings
from hub.storage.migrate import upgrade
from hub.storage.open import open_storage
from hub.storage.scope import Scope
from hub.storage.unit import Storage, Unit

BENCH = Scope.everything("bench")


class Installation(Struct, frozen=True):
    """`smtp`, `web`: loopback ports; `token`: of an agent of municipality number one."""

    folder: Path
    settings: Settings
    storage: Storage
    municipalities: list[int]
    queues: list[int]
    channel_id: int
    token: str
    smtp: int
    web: int


def set_up(folder: Path, database_url: str, municipalities: int = 1) -> Installation:
    """Municipalities m1, m2, … with a queue each, `post@mN.example` to write to, and an agent of all of them."""
    settings = Settings(
        database_url=database_url, key_file=str(folder / "key"), blob_folder=str(folder / "blobs"), undo_seconds=0
    )
    storage = open_storage(settings)
    upgrade(storage.engines.writer)
    registry = load()
    smtp, web = free_port(), free_port()

    def make(unit: Unit) -> tuple[list[int], list[int], int, str]:
        ours = [municipality.add(unit, f"m{n}", f"Kommun {n}", "SE") for n in range(1, municipalities + 1)]
        queues = [queue.add(unit, {"sv": "Kundtjänst"}, [each]) for each in ours]
        agent = person.add(unit, "agent@m1.example", "Agent")
        for each in ours:
            person.join(unit, agent, each, "agent")
        out, outgoing = add.prepare(unit, registry, "eml_folder", {"folder": str(folder / "outgoing")})
        sender = add.add(unit, out.kind, "out", outgoing)
        addresses = {f"post@{each.code}.example": f"{each.code}/Kundtjänst" for each in ours}
        kind, config = add.prepare(unit, registry, "smtp_in", {"port": smtp, "addresses": addresses})
        channel = add.add(unit, kind.kind, "mail", config, sends_by_id=sender.id)
        token = login.add_token(unit, agent, "bench")
        return [each.id for each in ours], [each.id for each in queues], channel.id, token

    found = storage.write_now(BENCH, make)
    return Installation(folder, settings, storage, *found, smtp, web)


@contextmanager
def serving(installation: Installation) -> Iterator[subprocess.Popen[bytes]]:
    """`torg serve`, until it answers on both ports; ended with SIGTERM."""
    settings = installation.settings
    environment = {
        **os.environ,
        "TORG_CONFIG": "/dev/null",
        "TORG_DATABASE_URL": settings.database_url,
        "TORG_KEY_FILE": settings.key_file,
        "TORG_BLOB_FOLDER": settings.blob_folder,
        "TORG_UNDO_SECONDS": "0",
        "TORG_PORT": str(installation.web),
        "TORG_LOG_LEVEL": "warning",
    }
    process = subprocess.Popen([sys.executable, "-m", "hub.cli", "serve"], env=environment)
    try:
        for port in (installation.smtp, installation.web):
            wait_for(port)
        yield process
    finally:
        process.terminate()
        process.wait(30)


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, seconds: float = 30) -> None:
    """Until somebody listens there."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise TimeoutError(f"nobody listens on port {port}")
