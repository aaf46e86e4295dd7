"""Two web processes, a worker, a PostgreSQL and a Redis, each on a host of its own; one cable after another is pulled.

Nobody is told that anything happened: what was being said stays unanswered, on both sides. Mail is taken by whichever
web process can be reached; in the end each is there once, every page knows of it, and each answer has left once.
"""

import itertools
import smtplib
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from msgspec import Struct
from sqlalchemy import make_url, select

from hub.channels.channel import Channel
from hub.inbox.conversation import Conversation
from hub.proof.installation import bring_up
from hub.storage.engine import libpq_words
from hub.storage.unit import Unit
from tests.architecture.source import ROOT
from tests.flows.at_work import GAP, AtWork, at_work
from tests.flows.hosts import Host, here, hosts
from tests.flows.house import CitizensMailServer, House, citizens_mail_server
from tests.line import until
from tests.servers import Missing, Postgres, Valkey

EVERYWHERE = "0.0.0.0"  # noqa: S104 - each host is alone on a network of ours
pytestmark = [pytest.mark.large, pytest.mark.timeout(900)]


class PostgresThere(Postgres):
    """On another host; from here by its socket all the same."""

    def __init__(self, host: Host) -> None:
        super().__init__()
        self._host = host

    def prepare(self) -> None:
        super().prepare()
        with (self.folder / "data" / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all all {self._host.address}/16 trust\n")

    def command(self) -> list[str | Path]:
        become = [f"--set{kind}id={self.identity[name]}" for kind, name in (("u", "user"), ("g", "group"))]
        enter, end = self._host.enter[:-1], self._host.enter[-1]
        return [*enter, *become, end, *super().command(), "-c", f"listen_addresses={self._host.address}"]

    def starts_as(self) -> dict[str, Any]:
        """Root, who alone may enter the host, and becomes nobody there."""
        return {"cwd": "/"}

    @property
    def from_afar(self) -> str:
        """The address for the other hosts."""
        return f"postgresql+psycopg://postgres@{self._host.address}/postgres"


class ValkeyThere(Valkey):
    """The same."""

    def __init__(self, host: Host) -> None:
        super().__init__()
        self._host = host

    def command(self) -> list[str | Path]:
        door: list[str | Path] = ["--bind", self._host.address, "--port", "6379", "--protected-mode", "no"]
        return [*self._host.enter, *super().command(), *door]

    @property
    def from_afar(self) -> str:
        """The address for the other hosts."""
        return f"redis://{self._host.address}:6379"


class Centre(Struct, frozen=True):
    """All of it, running. `hosts` by name; `addresses`: of the two web processes."""

    house: House
    hosts: dict[str, Host]
    addresses: Sequence[str]
    outside: CitizensMailServer


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    """Five hosts, and the citizens' mail server on this one."""
    names = ("database", "redis", "web1", "web2", "worker")
    with ExitStack() as stack:
        try:
            by_name = dict(zip(names, stack.enter_context(hosts(*names)), strict=True))
            database = stack.enter_context(PostgresThere(by_name["database"]))
            ring = stack.enter_context(ValkeyThere(by_name["redis"]))
        except Missing as missing:
            pytest.skip(str(missing))
        bring_up(database.url)
        outside = stack.enter_context(citizens_mail_server(tmp_path, here(by_name["worker"])))
        house = House(
            tmp_path, database.url, outside.port, worker="separate", redis_url=ring.from_afar, cookie_secure=False,
            host=EVERYWHERE,
        )  # fmt: skip
        stack.callback(house.storage.close)
        house.environment["TORG_DATABASE_URL"] = database.from_afar
        house.write(_reachable, {house.ids["in"]: EVERYWHERE, house.ids["out"]: here(by_name["worker"])})
        stack.enter_context(house.process("worker", enter=by_name["worker"].enter))
        addresses = []
        for port, host in zip(house.web_ports, (by_name["web1"], by_name["web2"]), strict=False):
            stack.enter_context(house.process("serve", enter=host.enter, TORG_PORT=str(port)))
            addresses.append(f"http://{host.address}:{port}")
        for each in addresses:
            until(lambda each=each: is_ready(each), 60)  # type: ignore[misc]  # bound now
        yield Centre(house, by_name, addresses, outside)


HOLDS = """
import sys
from sqlalchemy import text
from hub.storage.engine import open_engines

with open_engines(sys.argv[1]).writer.begin() as unit:
    unit.execute(text("LOCK TABLE channel"))
    print("held", flush=True)
    sys.stdin.read()
"""
"""What a program does that is in the midst of a unit."""


def test_what_a_machine_held_that_is_gone_is_let_go_within_30_s() -> None:
    with ExitStack() as stack:
        try:
            there, other = stack.enter_context(hosts("database", "other"))
            database = stack.enter_context(PostgresThere(there))
        except Missing as missing:
            pytest.skip(str(missing))
        bring_up(database.url)
        command = [*other.enter, sys.executable, "-c", HOLDS, database.from_afar]
        held = stack.enter_context(subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
        stack.callback(held.kill)
        assert held.stdout is not None
        assert held.stdout.readline() == b"held\n"
        assert not is_free(database)
        other.pull()
        until(lambda: is_free(database), GAP)


def is_free(database: Postgres) -> bool:
    """Whether nobody holds what is held above."""
    try:
        with psycopg.connect(**libpq_words(make_url(database.url))) as connection:
            connection.execute("LOCK TABLE channel NOWAIT")
    except psycopg.errors.LockNotAvailable:
        return False
    return True


def _reachable(unit: Unit, hosts_of: dict[int, str]) -> None:
    for row in unit.all(select(Channel).where(Channel.id.in_(hosts_of))):
        row.config = {**row.config, "host": hosts_of[row.id]}


def is_ready(address: str) -> bool:
    """Whether it would have requests sent to it."""
    try:
        return httpx.get(f"{address}/health/ready", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def answer(centre: Centre, conversation_id: int) -> None:
    """Asked of one web process after the other, with one key, until one says that it is done."""
    address = itertools.cycle(centre.addresses)

    def said() -> bool:
        try:
            made = httpx.post(
                f"{next(address)}/api/v1/conversations/{conversation_id}/replies", json={"text": "Hej"}, timeout=5,
                headers={"Authorization": f"Bearer {centre.house.token}", "Idempotency-Key": f"{conversation_id}"},
            )  # fmt: skip
        except httpx.HTTPError:
            return False
        return made.status_code == 201

    until(said, 2 * GAP)


def test_whichever_cable_is_pulled_nothing_is_lost_and_all_know_within_30_s(centre: Centre) -> None:
    house, answered = centre.house, 0
    webs = itertools.cycle([centre.hosts["web1"].address, centre.hosts["web2"].address])

    def send(mail: bytes) -> int:
        try:
            return house.try_to_send(mail, host=next(webs), seconds=5)
        except smtplib.SMTPException:  # it was cut off in the middle
            return 0

    def unanswered(work: AtWork) -> Iterator[int]:
        """Ids of conversations that nobody has answered."""
        for each in house.conversations()[answered:]:
            yield each.id

    with at_work(house, centre.addresses, send) as work:
        for name in ("redis", "worker", "web1", "web2", "database"):
            host = centre.hosts[name]
            one, other, *_ = unanswered(work)
            host.pull()
            if name == "database":
                until(lambda: not any(map(is_ready, centre.addresses)), 2 * GAP)
            elif name == "worker":
                answer(centre, one)
                # What it had locked is let go first; what is taken waits for the only one who reads it.
                work.pour.goes_on(seconds=2 * GAP)
            else:
                answer(centre, one)
                work.all_goes_on()
            host.put_back()
            if name == "database":
                answer(centre, one)
            work.all_goes_on()
            answer(centre, other)
            answered += 2
        house.sent(answered)
    centre.outside.mails(answered)
    assert len(house.all(select(Conversation.id))) == len(work.pour.taken)
