"""Threads of storage: what may wait goes behind what may not, and waits for ever behind nothing."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError
from types import SimpleNamespace

import pytest

from hub import due
from hub.due import due_in
from hub.storage.threads import Threads
from hub.storage.turn import Turn
from hub.storage.unit import Unit
from tests.storage.centre import EVERYTHING, Centre, must

PATIENCE = 30.0


class Held:
    """One thread that is busy until it is let go; `ran`: what it did then, in order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(due, "time", SimpleNamespace(monotonic=lambda: self.now))
        self.ran: list[str] = []
        self.threads = Threads(1, "test")
        self._go_on = threading.Event()
        self.threads.submit(self._go_on.wait, PATIENCE)

    def ask(self, *names: str) -> None:
        for name in names:
            self.threads.submit(self.ran.append, name)

    def let_go(self) -> None:
        self._go_on.set()
        self.threads.shutdown()


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    made = Held(monkeypatch)
    yield made
    made.let_go()


def test_what_may_wait_lets_pass_what_may_not(held: Held) -> None:
    with due_in(0.5):
        held.ask("news")
    held.now += 0.1
    held.ask("a click", "another")
    held.let_go()
    assert held.ran == ["a click", "another", "news"]


def test_what_has_waited_for_as_long_as_it_may_goes_first(held: Held) -> None:
    with due_in(0.5):
        held.ask("news")
    held.now += 0.6
    held.ask("a click")
    held.let_go()
    assert held.ran == ["news", "a click"]


def test_what_is_written_first_is_chosen_once_it_is_this_process_s_turn(sqlite_centre: Centre) -> None:
    """While another has it, what is due sooner may come."""
    storage, ran = sqlite_centre.storage, list[str]()
    turn = must(storage.engines.embedded).turn
    waits = threading.Event()

    def note(_: Unit, name: str) -> None:
        ran.append(name)

    async def write() -> None:
        other = threading.Thread(target=_keep, args=(turn, has_it := threading.Event(), waits))
        other.start()
        has_it.wait(PATIENCE)
        with due_in(PATIENCE):
            later = asyncio.create_task(storage.write(EVERYTHING, note, "what may wait"))
        await asyncio.sleep(0.2)  # its thread waits for the turn by now
        click = asyncio.create_task(storage.write(EVERYTHING, note, "a click"))
        await asyncio.sleep(0)
        waits.set()
        await asyncio.gather(later, click)
        other.join(PATIENCE)

    asyncio.run(write())
    assert ran == ["a click", "what may wait"]


def _keep(turn: Turn, has_it: threading.Event, until: threading.Event) -> None:
    with turn.taken():
        has_it.set()
        until.wait(PATIENCE)


def test_all_that_one_asks_for_counts_from_when_it_began(held: Held) -> None:
    with due_in(0):
        held.now += 0.1
        with due_in(0):
            held.ask("who came later")
        held.ask("who came first, once more")
    held.let_go()
    assert held.ran == ["who came first, once more", "who came later"]


def test_a_failure_is_told_to_who_asked_and_the_next_goes_on() -> None:
    made = Threads(1, "test")
    failed = made.submit(int, "no number")
    assert made.submit(int, "7").result(PATIENCE) == 7
    with pytest.raises(ValueError, match="no number"):
        failed.result(PATIENCE)
    made.shutdown()


def test_who_goes_away_before_it_has_begun_leaves_nothing_to_do(held: Held) -> None:
    given_up = held.threads.submit(held.ran.append, "nobody waits for it")
    held.ask("somebody does")
    assert given_up.cancel()
    held.let_go()
    assert held.ran == ["somebody does"]
    with pytest.raises(CancelledError):
        given_up.result(PATIENCE)


def test_all_that_was_asked_for_is_done_at_the_end_and_nothing_after_it() -> None:
    made, done = Threads(2, "test"), list[int]()
    for number in range(50):
        made.submit(done.append, number)
    made.shutdown()
    assert sorted(done) == list(range(50))
    with pytest.raises(RuntimeError):
        made.submit(done.append, 50)
    assert len(done) == 50
