"""An address at which there is nothing: a browser is shown a page, a program is told a problem."""

from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from httpx import Response

from hub.edge.headers import PAGE_POLICY
from hub.edge.problems import MEDIA_TYPE
from tests.web.world import World
from tests.web.world import world as make_world

HTML = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
UNKNOWN = ("/nothing", "/nothing/at/all", "/conversations/abc", "/me/duty")
"""The last one takes what is posted and shows nothing."""
OF_CITIZENS = ("/forms/granvik/fault/sv/nothing", "/forms/granvik/nothing", "/chat/4711", "/chat/4711/nothing")


@pytest.fixture
def world(sqlite_database: str, tmp_path: Path) -> Iterator[World]:
    with make_world(sqlite_database, tmp_path, pages=True) as made:
        yield made


def _asks(world: World, path: str, language: str = "sv", accept: str = HTML, method: str = "GET") -> Response:
    headers = {"Accept": accept, "Accept-Language": language}
    return world.client.request(method, path, headers=headers, follow_redirects=False)


def test_a_browser_is_shown_what_to_do_before_it_has_signed_in_as_well(world: World) -> None:
    for path in UNKNOWN:
        answer = _asks(world, path)
        assert answer.status_code == (405 if path == "/me/duty" else 404), path
        assert answer.headers["Content-Type"].startswith("text/html")
        assert answer.headers["Content-Security-Policy"] == PAGE_POLICY
        assert answer.headers["Cache-Control"] == "no-store"
        text = unescape(answer.text)
        assert "Det finns inget på den här adressen. Den kan vara felskriven" in text
        assert '<a class="btn" href="/">Till inkorgen</a>' in text
        assert "Der er intet på denne adresse." in unescape(_asks(world, path, "da").text)


def test_programs_and_what_is_posted_get_a_problem(world: World) -> None:
    for path, accept, method in (
        *((each, "*/*", "GET") for each in UNKNOWN),
        ("/api/v1/nothing", HTML, "GET"),
        ("/nothing", HTML, "POST"),
    ):
        answer = _asks(world, path, accept=accept, method=method)
        assert answer.status_code in {404, 405}, path
        assert answer.headers["Content-Type"] == MEDIA_TYPE, path


def test_a_citizen_is_told_in_the_language_asked_for_and_led_to_no_inbox(world: World) -> None:
    for path in OF_CITIZENS:
        answer = _asks(world, path, "nb")
        assert answer.status_code == 404, path
        assert answer.headers["Content-Security-Policy"] == PAGE_POLICY
        said = "Det som fanns här" if path.endswith("/sv/nothing") else "Det som var her, kan være fjernet"
        text = unescape(answer.text)
        assert said in text, path
        assert 'href="/"' not in text
        assert "Granvik" not in text
    assert "Det, der var her" in unescape(_asks(world, "/chat/4711?lang=da", "nb").text)
    assert "Till inkorgen" in _asks(world, "/forms").text  # not one of theirs
