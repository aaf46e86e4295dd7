"""Torg at work: pages that listen, and mail that pours in, while a test takes something away and gives it back."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import httpx
from msgspec import Struct

from hub.access import session
from hub.access.person import Person
from hub.storage.unit import Unit
from tests.flows.house import House
from tests.line import letter, until

GAP = 30.0
"""Seconds in which a page that was cut off is back, and knows what came meanwhile."""
SILENT = 25.0
"""Seconds after which a page takes a line for dead on which nothing is said, as `desk/line.js` has it."""
_TELLS = frozenset({"row", "entry", "resync"})


class Page(threading.Thread):
    """A desk in a browser: listens, and when it is told, or comes back, fetches its list.

    `addresses`: of the web processes. When one doesn't answer it asks the next, as a balancer would have it do.
    """

    def __init__(self, addresses: Sequence[str], cookie: str, token: str) -> None:
        super().__init__(daemon=True)
        self._addresses = itertools.cycle(addresses)
        self._cookie, self._token = cookie, token
        self.known: set[str] = set()
        self.longest = 0.0
        """Seconds without a stream."""
        self.connected = 0
        self._ended = threading.Event()

    def run(self) -> None:
        lost = time.monotonic()
        while not self._ended.is_set():
            address = next(self._addresses)
            try:
                with httpx.stream(
                    "GET", f"{address}/events", headers={"Cookie": f"torg={self._cookie}"},
                    timeout=httpx.Timeout(SILENT, connect=2),
                ) as stream:  # fmt: skip
                    stream.raise_for_status()
                    self.longest = max(self.longest, time.monotonic() - lost)
                    self.connected += 1
                    self._fetch(address)
                    for line in stream.iter_lines():
                        if self._ended.is_set():
                            return
                        if line.startswith("event:") and line.partition(":")[2].strip() in _TELLS:
                            self._fetch(address)
            except httpx.HTTPError:
                pass
            lost = time.monotonic()
            self._ended.wait(0.5)

    def _fetch(self, address: str) -> None:
        """Its list, to the end."""
        after: dict[str, str] = {}
        while True:
            answer = httpx.get(
                f"{address}/api/v1/conversations", params={"limit": 100, **after},
                timeout=httpx.Timeout(20, connect=2), headers={"Authorization": f"Bearer {self._token}"},
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
    """A mail server that hands mail over, some five a second, and again what wasn't taken.

    `send` hands one over, and returns what it was answered at its end.
    """

    def __init__(self, send: Callable[[bytes], int]) -> None:
        super().__init__(daemon=True)
        self._send, self._ended = send, threading.Event()
        self.taken: list[str] = []

    def run(self) -> None:
        for number in itertools.count(1):
            mail = letter(f"brev {number}", Subject=f"nr {number}", Message_ID=f"<{number}@post.example>").as_bytes()
            while self._send(mail) != 250:
                if self._ended.wait(0.2):
                    return
            self.taken.append(f"nr {number}")
            if self._ended.wait(0.2):
                return

    def goes_on(self, more: int = 5, seconds: float = GAP) -> None:
        """Until so many more are taken."""
        wanted = len(self.taken) + more
        until(lambda: len(self.taken) >= wanted, seconds)

    def end(self) -> None:
        self._ended.set()
        self.join(60)


class AtWork(Struct, frozen=True):
    """Pages and mail, for as long as the block lasts."""

    pages: Sequence[Page]
    pour: Pour
    gap: float
    """Seconds that anything may take."""

    def all_goes_on(self, more: int = 5) -> None:
        """Until so many more are taken, and every page knows them."""
        self.pour.goes_on(more, self.gap)
        self.all_know()

    def all_know(self) -> None:
        """Until every page knows what is taken by now."""
        taken = set(self.pour.taken)
        until(lambda: all(taken <= each.known for each in self.pages), self.gap)


@contextmanager
def at_work(
    house: House, addresses: Sequence[str], send: Callable[[bytes], int], pages: int = 10, gap: float = GAP
) -> Iterator[AtWork]:
    """At the end all pages must know of all that was taken, in time, and each mail be there once."""
    cookies = [cookie(house) for _ in range(pages)]
    turned = [[*addresses[number % len(addresses) :], *addresses[: number % len(addresses)]] for number in range(pages)]
    desks = [Page(those, cookie, house.token) for those, cookie in zip(turned, cookies, strict=True)]
    work = AtWork(desks, Pour(send), gap)
    threads: Sequence[Page | Pour] = (*work.pages, work.pour)
    try:
        for each in threads:
            each.start()
        until(lambda: all(each.connected for each in work.pages), gap)
        work.all_goes_on()
        yield work
        work.pour.end()
        work.all_know()
    finally:
        for each in threads:
            each.end()
    assert sorted(each.subject for each in house.conversations()) == sorted(work.pour.taken), "each once"
    assert set(house.raw_states()) == {"read"}
    assert house.bugs() == []


def cookie(house: House) -> str:
    """Of Sara, who has logged in."""

    def begin(unit: Unit) -> str:
        sara = unit.get(Person, house.ids["sara"])
        assert sara is not None
        return session.begin(unit, sara)

    return house.write(begin)
