"""A sheet opens in a spreadsheet as it is, and nothing in it is a formula there (attack A20)."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Sequence

import pytest

from hub.edge import sheet


@pytest.mark.parametrize(
    "cell", ["=1+1", "+46 70 1", "-2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "＝1", '=cmd|"/c calc"!A1']
)
def test_what_would_be_a_formula_is_text(cell: str) -> None:
    (row,) = csv.reader(io.StringIO(sheet.rows([[cell]]).decode(), newline=""), delimiter=";")
    assert row == [f"'{cell}"]


@pytest.mark.parametrize("cell", ["Anna; Bo", 'sa "hej"', "två\nrader", "5 = 5", "", "å"])
def test_the_rest_stands_as_it_is(cell: str) -> None:
    (row,) = csv.reader(io.StringIO(sheet.rows([[cell, 7, None]]).decode(), newline=""), delimiter=";")
    assert row == [cell, "7", ""]


def test_it_says_that_it_is_utf_8_and_comes_in_parts() -> None:
    async def parts() -> AsyncIterator[Sequence[Sequence[object]]]:
        yield [["å", 1]]
        yield [["ö", 2]]

    async def read() -> list[bytes]:
        return [part async for part in sheet.streamed(["Namn", "Antal"], parts())]

    found = asyncio.run(read())
    assert len(found) == 3
    assert b"".join(found).startswith(b'\xef\xbb\xbf"Namn";')
    assert b"".join(found).decode("utf-8-sig").splitlines() == ['"Namn";"Antal"', '"å";"1"', '"ö";"2"']
