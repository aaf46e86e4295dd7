"""Ids: 63 bits, ordered by time, and nobody's twice."""

import multiprocessing
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from hub import clock
from hub.storage.ids import EPOCH, _Source, id_at, new_id
from tests.architecture.source import ROOT

MANY = 20_000


@pytest.fixture(autouse=True)
def own_clock() -> Iterator[None]:
    """Given back afterwards."""
    yield
    clock.set_source(None)


def test_ids_rise() -> None:
    made = [new_id() for _ in range(MANY)]
    assert made == sorted(set(made))


def test_ids_fit_63_bits_until_2089() -> None:
    assert 0 < new_id() < 2**63
    last = clock.from_datetime(clock.to_datetime((EPOCH + 2**41 - 1) * 1000))
    assert 0 < id_at(last) < 2**63
    assert clock.to_datetime(last).year == 2089


def test_an_id_holds_its_millisecond() -> None:
    # A source of its own: another test may have lived in the future, and ids never go back.
    source = _Source()
    before = clock.now() // 1000
    made = (source.next() >> 22) + EPOCH
    assert before <= made <= before + 1000


def test_ids_of_many_threads_are_all_different() -> None:
    made: list[list[int]] = [[] for _ in range(8)]

    def draw(into: list[int]) -> None:
        into.extend(new_id() for _ in range(5_000))

    threads = [threading.Thread(target=draw, args=(each,)) for each in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({row_id for each in made for row_id in each}) == 40_000
    assert all(each == sorted(each) for each in made)


def _draw(count: int) -> list[int]:
    return [new_id() for _ in range(count)]


def test_ids_of_processes_are_all_different() -> None:
    """Each draws its ten bits of process anew, so two that drew the same are one in a thousand: then once more."""
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        for _ in range(3):
            drawn = pool.map(_draw, [2_000] * 3, chunksize=1)
            everyone = [row_id for each in drawn for row_id in each]
            if len(set(everyone)) == len(everyone):
                return
    raise AssertionError("processes share their ids")


FORKS = """
import os
from hub.storage import ids
print(ids._source._process, flush=True)
for _ in range(4):
    if os.fork() == 0:
        print(ids._source._process, flush=True)
        os._exit(0)
    os.wait()
"""


def test_forked_children_draw_their_process_anew() -> None:
    said = subprocess.run([sys.executable, "-c", FORKS], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert len(said.split()) == 5
    assert len(set(said.split())) > 1


def test_a_clock_set_back_gives_no_id_twice() -> None:
    first = new_id()
    clock.set_source(lambda: 1_600_000_000 * clock.SECOND)
    assert new_id() > first


def test_more_ids_than_a_millisecond_has_go_on_into_the_next() -> None:
    standing = clock.now()
    clock.set_source(lambda: standing)
    made = [new_id() for _ in range(10_000)]
    assert made == sorted(set(made))


def test_ids_of_imports_are_ordered_by_when_it_happened() -> None:
    hour = 3600 * clock.SECOND
    times = [1_600_000_000 * clock.SECOND + i * hour for i in range(100)]
    made = [id_at(at) for at in times]
    assert made == sorted(made)
    assert len({id_at(times[0]) for _ in range(100)}) > 90
