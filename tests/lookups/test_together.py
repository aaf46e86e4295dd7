"""Small units of several questions as one transaction, where the fault of one is nobody else's."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from hub.access.audit import Audit, log_act
from hub.errors import Invalid
from hub.lookups.together import Shared, Together
from hub.storage.unit import Unit
from tests.storage.centre import EVERYTHING, Centre


def _note(word: str, error: Exception | None = None) -> Callable[[Unit, Shared], str]:
    def work(unit: Unit, shared: Shared) -> str:
        if isinstance(error, Invalid):
            raise error
        log_act(unit, "lookup.ask", None, outcome=word)
        shared[word] = True
        if error is not None:
            raise error
        return f"{word} of {len(shared)}"

    return work


def _together(centre: Centre, *works: Callable[[Unit, Shared], str]) -> list[Any]:
    async def run() -> list[Any]:
        together = Together(centre.storage)
        first = asyncio.create_task(together.write(EVERYTHING, _note("first")))
        await asyncio.sleep(0)  # it is under way; the others wait for the next unit
        await asyncio.sleep(0)
        return [
            await first,
            *await asyncio.gather(*(together.write(EVERYTHING, each) for each in works), return_exceptions=True),
        ]

    return asyncio.run(run())


def _noted(centre: Centre) -> list[str]:
    return list(centre.here(lambda unit: unit.all(select(Audit.outcome).order_by(Audit.id))))


def test_what_waits_is_one_unit(centre: Centre) -> None:
    assert _together(centre, _note("a"), _note("b")) == ["first of 1", "a of 1", "b of 2"]
    assert _noted(centre) == ["first", "a", "b"]


def test_a_refusal_is_its_own(centre: Centre) -> None:
    _, refused, other = _together(centre, _note("a", Invalid("by", "no")), _note("b"))
    assert (type(refused), other) == (Invalid, "b of 1")
    assert _noted(centre) == ["first", "b"]


@pytest.mark.parametrize("place", [0, 1])
def test_a_fault_undoes_its_own_rows_and_nobody_elses(centre: Centre, place: int) -> None:
    works = [_note("b"), _note("c")]
    works.insert(place, _note("a", ZeroDivisionError()))
    _, *ended = _together(centre, *works)
    assert isinstance(ended.pop(place), ZeroDivisionError)
    assert ended == ["b of 1", "c of 1"]
    assert _noted(centre) == ["first", "b", "c"]


def test_who_goes_away_leaves_the_rows(centre: Centre) -> None:
    async def run() -> str:
        together = Together(centre.storage)
        first = asyncio.create_task(together.write(EVERYTHING, _note("a")))
        await asyncio.sleep(0)
        other = asyncio.create_task(together.write(EVERYTHING, _note("b")))
        await asyncio.sleep(0)
        first.cancel()
        return await other

    assert asyncio.run(run()).startswith("b")
    assert _noted(centre) == ["a", "b"]
