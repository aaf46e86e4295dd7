"""Two web processes, two workers, a PostgreSQL and a Redis, each a process of its own, while mail pours in.

Whatever is taken away and comes back, every mail is there once, and every page that listens knows of it within 30 s.
"""

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

import httpx
import pytest
import redis
from sqlalchemy import select

from hub.access import session
from hub.access.person import Person
from hub.inbound.raw_event import RawEvent
from hub.proof.installation import bring_up
from hub.storage.unit import Unit
from tests.flows.house import CitizensMailServer, House
from tests.line import letter, until
from tests.servers import Missing, Postgres, Valkey

pytestmark = [pytest.mark.large, pytest.mark.timeout(600)]
GAP = 30.0
"""Seconds in which a page that was cut off is back, and knows what came meanwhile."""


class Page(threading.Thread):
    """A desk in a browser: listens, and when it is told, or comes back, fetches its list. Of two web processes it asks
    the other one when one doesn't answer, as a balancer would have it do."""

    def __init__(self, house: House, first: int, cookie: str) -> None:
        super().__init__(daemon=True)
        self._addresses = itertools.cycle([house.web_ports[first], house.web_ports[1 - first]])
        self._house, self._cookie = house, cookie
        self.known: set[str] = set()
        self.longest = 0.0
        """Seconds without a stream."""
        self.connected = 0
        self._ended = threading.Event()

    def run(self) -> None:
        lost = time.monotonic()
        while not self._ended.is_set():
            port = next(self._addresses)
            try:
                with httpx.stream(
                    "GET", f"http://127.0.0.1:{port}/events", headers={"Cookie": f"torg={self._cookie}"}, timeout=20
                ) as stream:
                    stream.raise_for_status()
                    self.longest = max(self.longest, time.monotonic() - lost)
                    self.connected += 1
                    self._fetch(port)
                    for line in stream.iter_lines():
                        if self._ended.is_set():
                            return
                        if line.startswith("event:") and line.partition(":")[2].strip() in {"row", "entry", "resync"}:
                            self._fetch(port)
            except httpx.HTTPError:
                pass
            lost = time.monotonic()
            time.sleep(0.5)

    def _fetch(self, port: int) -> None:
        """Its list, to the end."""
        after: dict[str, str] = {}
        while True:
            answer = httpx.get(
                f"http://127.0.0.1:{port}/api/v1/conversations", params={"limit": 100, **after}, timeout=20,
                headers={"Authorization": f"Bearer {self._house.token}"},
            )  # fmt: skip
            answer.raise_for_status()
            said = answer.json()
            self.known |= {each["subject"] for each in said["items"]}
            if said["next"] is None:
                return
            after = {"after": said["next"]}

    def end(self) -> None:
        self._ended.set()


class Pour(threading.Thread):
    """A mail server that hands mail over, five a second, and again what wasn't taken."""

    def __init__(self, house: House) -> None:
        super().__init__(daemon=True)
        self._house, self._ended = house, threading.Event()
        self.taken: list[str] = []

    def run(self) -> None:
        for number in itertools.count(1):
            mail = letter(f"brev {number}", Subject=f"nr {number}", Message_ID=f"<{number}@post.example>")
            while self._house.try_to_send(mail) != 250:
                if self._ended.is_set():
                    return
                time.sleep(0.2)
            self.taken.append(f"nr {number}")
            if self._ended.wait(0.2):
                return

    def end(self) -> None:
        self._ended.set()
        self.join(30)


@pytest.fixture
def servers() -> Iterator[tuple[Postgres, Valkey]]:
    """Of this test's own: it takes them away."""
    try:
        database, ring = Postgres(), Valkey()
    except Missing as missing:
        pytest.skip(str(missing))
    with database, ring:
        bring_up(database.url)
        yield database, ring


def _cookie(unit: Unit, person_id: int) -> str:
    person = unit.get(Person, person_id)
    assert person is not None
    return session.begin(unit, person)


@contextmanager
def at_work(house: House, pages: int) -> Iterator[tuple[Sequence[Page], Pour, list[object]]]:
    """Everything runs; at the end all pages must know of all that was taken, in time."""
    with ExitStack() as stack:
        webs: list[object] = [stack.enter_context(house.serving(web, listens=web == 0)) for web in (0, 1)]
        for _ in range(2):
            stack.enter_context(house.process("worker"))
        listening = [Page(house, number % 2, house.write(_cookie, house.ids["sara"])) for number in range(pages)]
        pour = Pour(house)
        for each in (*listening, pour):
            each.start()
        until(lambda: all(each.connected for each in listening), 30)
        yield listening, pour, webs
        pour.end()
        told = time.monotonic()
        until(lambda: all(set(pour.taken) <= each.known for each in listening), GAP)
        assert time.monotonic() - told < GAP
        for each in listening:
            each.end()
    assert sorted(each.subject for each in house.conversations()) == sorted(pour.taken), "each once"
    assert set(house.raw_states()) == {"read"}
    assert house.bugs() == []


Build = Callable[..., House]


def test_redis_flushed_restarted_and_gone(
    build: Build, servers: tuple[Postgres, Valkey], outside: CitizensMailServer
) -> None:
    database, ring = servers
    house = build(database.url, worker="separate", redis_url=ring.url, cookie_secure=False)
    with at_work(house, 10) as (_, pour, _webs):
        time.sleep(3)
        with redis.Redis.from_url(ring.url) as client:
            client.flushall()
        time.sleep(3)
        ring.kill()
        time.sleep(1)
        ring.start()
        time.sleep(5)
        ring.kill()  # and stays away
        before = len(pour.taken)
        time.sleep(8)
        assert len(pour.taken) > before + 10, "mail is taken without it"
        ring.start()


def test_postgresql_restarted(build: Build, servers: tuple[Postgres, Valkey], outside: CitizensMailServer) -> None:
    database, ring = servers
    house = build(database.url, worker="separate", redis_url=ring.url, cookie_secure=False)
    with at_work(house, 10) as (pages, pour, _webs):
        for end in (database.stop, database.kill):
            time.sleep(4)
            end()
            time.sleep(2)
            database.start()
            before = len(pour.taken)
            until(lambda before=before: len(pour.taken) > before + 3, GAP)  # type: ignore[misc]  # bound now
        assert max(each.longest for each in pages) < GAP
    assert set(house.all(select(RawEvent.state))) == {"read"}


def test_a_web_process_killed_under_load(
    build: Build, servers: tuple[Postgres, Valkey], outside: CitizensMailServer
) -> None:
    database, ring = servers
    house = build(database.url, worker="separate", redis_url=ring.url, cookie_secure=False)
    with at_work(house, 40) as (pages, pour, webs):
        time.sleep(4)
        connected = [each.connected for each in pages]
        webs[0].kill()  # type: ignore[attr-defined]  # a process; it had the mail port, too
        until(
            lambda: sum(now.connected > was for now, was in zip(pages, connected, strict=True)) >= len(pages) // 2, GAP
        )
        before = len(pour.taken)
        until(lambda: len(pour.taken) > before + 5, GAP)
        with house.serving(0, listens=False):
            time.sleep(4)
        assert max(each.longest for each in pages) < GAP
