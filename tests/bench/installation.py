"""A whole installation in a temporary folder, for measuring: many municipalities, a queue each, an agent of all."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.access import login, person, session
from hub.channels import add
from hub.channels.channel import Channel
from hub.edge.session import cookie_name
from hub.inbox import municipality, queue
from hub.proof.installation import bring_up
from hub.proof.misdeeds import SinkProcess
from hub.proof.ports import free_ports
from hub.storage.scope import Scope
from hub.storage.unit import Unit
from tests import installation
from tests.started import Started

BENCH = Scope.everything("bench")


class Installation(installation.Installation):
    """`smtp`, `web`: loopback ports; `token`, `cookie`: of an agent of all municipalities.

    `long_ones`: the conversations that `fill` gave many mails.
    """

    forks = False  # what a start takes is measured

    def __init__(self, folder: Path, database_url: str, municipalities: int) -> None:
        self.smtp, self.web = free_ports(2)
        super().__init__(folder, database_url, {"undo_seconds": 0, "port": self.web})
        self.municipalities, self.queues, self.channel_id, self.token, own = self.write(self._set_up, municipalities)
        self.cookie = f"{cookie_name(self.settings)}={own}"
        self.long_ones: list[int] = []

    def _set_up(self, unit: Unit, count: int) -> tuple[list[int], list[int], int, str, str]:
        ours = [municipality.add(unit, f"m{n}", f"Kommun {n}", "SE") for n in range(1, count + 1)]
        queues = [queue.add(unit, {"sv": "Kundtjänst"}, [each]) for each in ours]
        agent = person.add(unit, "agent@m1.example", "Agent")
        for each in ours:
            person.join(unit, agent, each, "agent")
        _, config = add.prepare(unit, self.registry, "eml_folder", {"folder": str(self.folder / "outgoing")})
        out = add.add(unit, "eml_folder", "out", config)
        addresses = {f"post@{each.code}.example": f"{each.code}/Kundtjänst" for each in ours}
        _, config = add.prepare(unit, self.registry, "smtp_in", {"port": self.smtp, "addresses": addresses})
        channel = add.add(unit, "smtp_in", "mail", config, sends_by_id=out.id)
        token = login.add_token(unit, agent, "bench")
        own = session.begin(unit, agent)
        return [each.id for each in ours], [each.id for each in queues], channel.id, token, own


def set_up(folder: Path, database_url: str, municipalities: int = 1) -> Installation:
    """Municipalities m1, m2, … with `post@mN.example` to write to, on an empty database."""
    bring_up(database_url)
    return Installation(folder, database_url, municipalities)


@contextmanager
def mail_server(installation: Installation) -> Iterator[SinkProcess]:
    """That answers leave to meanwhile, by SMTP, instead of into a folder."""
    server = SinkProcess(installation.folder, installation.environment)
    try:
        installation.write(_send_to, installation, server.port)
        yield server
    finally:
        server.stop()


def _send_to(unit: Unit, installation: Installation, port: int) -> None:
    settings = {"host": "127.0.0.1", "port": port, "security": "none"}
    _, config = add.prepare(unit, installation.registry, "smtp", settings)
    taken = unit.get(Channel, installation.channel_id)
    assert taken is not None
    taken.sends_by_id = add.add(unit, "smtp", "mail out", config).id


@contextmanager
def serving(installation: Installation) -> Iterator[Started]:
    """`torg serve`, until it answers on both ports; ended with SIGTERM."""
    with installation.process("serve") as process:
        try:
            for port in (installation.smtp, installation.web):
                wait_for(port)
        except TimeoutError as error:
            raise TimeoutError(f"{error}:\n{installation.log()}") from error
        yield process


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
