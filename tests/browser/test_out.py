"""Who is disabled or has logged out elsewhere is out within five seconds: of pages, and of the stream they hear."""

import time
from collections.abc import Callable, Mapping

import httpx
import pytest
from playwright.sync_api import StorageState, expect
from sqlalchemy import select

from hub import clock
from hub.access import session
from hub.access.person import Person
from hub.edge.headers import PAGE_POLICY
from hub.storage.unit import Unit
from tests import asking
from tests.browser.conftest import LogIn, OpenDesk
from tests.browser.house import House
from tests.pace import here

WITHIN = 5


def _disable(unit: Unit, name: str, token: str) -> None:
    row = unit.first(select(Person).where(Person.email.startswith(name)))
    assert row is not None
    row.disabled_at = clock.now()


def _end(unit: Unit, name: str, token: str) -> None:
    session.end(unit, token)


WAYS: Mapping[str, tuple[str, Callable[[Unit, str, str], None]]] = {
    "disabled": ("anton", _disable),
    "logged out": ("sara", _end),
}


@pytest.mark.parametrize("way", WAYS)
def test_page_and_stream_end(house: House, open_desk: OpenDesk, log_in: LogIn, way: str) -> None:
    name, put_out = WAYS[way]
    desk = open_desk(name, "/inbox?view=open")
    desk.watch.expect("401")
    token = _token(log_in(name))
    headers = {"Cookie": f"__Host-torg={token}", "Accept": "text/event-stream"}
    with httpx.stream("GET", f"{house.url}/events", headers=headers, timeout=60) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        assert stream.headers["Content-Security-Policy"] == PAGE_POLICY
        assert stream.headers["X-Content-Type-Options"] == "nosniff"
        assert stream.headers["Cache-Control"] in {"no-store", "no-cache"}
        house.write(put_out, name, token)
        then = time.monotonic()
        for _ in stream.iter_raw():
            pass
        assert time.monotonic() - then < here(WITHIN)
    assert asking.get(f"{house.url}/inbox", headers=headers).status_code == 401
    desk.page.wait_for_url("**/login**")
    expect(desk.at("#email")).to_be_visible()


def _token(kept: StorageState) -> str:
    return next(str(each["value"]) for each in kept["cookies"] if each["name"] == "__Host-torg")
