"""A citizen's form that doesn't come from its own page: refused in words that help; a browser of text may send it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub import clock
from tests.web.form_world import AT, SLOW, Forms, forms, hidden

MINE = {"f-vad": "lampa", "f-beskrivning": "Lampan är trasig.", "f-namn": "Ida Berg", "f-epost": "ida@post.example"}
ELSEWHERE = [{"Origin": "null"}, {"Origin": "https://ond.example"}, {"Sec-Fetch-Site": "cross-site"}]


@pytest.fixture
def there(database_url: str, tmp_path: Path) -> Iterator[Forms]:
    with forms(database_url, tmp_path) as made:
        yield made
        clock.set_source(None)


def sent(there: Forms, headers: dict[str, str], token: str | None = None) -> tuple[int, str]:
    """By a page that was looked at for a while."""
    fields = {**MINE, "token": hidden(there.page(), "token") if token is None else token}
    at = clock.now() + SLOW
    clock.set_source(lambda: at)
    answer = there.client.post(f"{AT}/sv", data=fields, headers=headers, follow_redirects=False)
    return answer.status_code, answer.text


@pytest.mark.parametrize("headers", ELSEWHERE)
def test_what_comes_from_elsewhere_is_refused_and_told_what_to_do(there: Forms, headers: dict[str, str]) -> None:
    status, said = sent(there, headers | {"Accept-Language": "sv"})
    assert status == 403
    assert "Öppna sedan formuläret på dess egen adress" in said
    assert "Försök igen om en stund" not in said
    assert there.intake() == 0


def test_a_browser_that_says_nothing_of_where_it_comes_from_sends_by_the_token_of_the_page(there: Forms) -> None:
    status, _ = sent(there, {})
    assert (status, there.intake()) == (303, 1)


def test_without_a_token_it_sends_nothing(there: Forms) -> None:
    status, said = sent(there, {}, token="")
    assert (status, there.intake()) == (422, 0)
    assert "Lampan är trasig." in said
