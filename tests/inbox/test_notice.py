"""What was promised, told by text message: the day and the time as the citizen's language writes them."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from hub import clock
from hub.inbox import notice
from hub.inbox.text import TextRoute
from hub.storage.unit import Unit
from tests.inbox.writing import opened
from tests.storage.centre import Centre, conversation

AT = clock.from_datetime(datetime(2099, 12, 2, 10, 5, tzinfo=ZoneInfo("Europe/Stockholm")))


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("sv", "vi ringer dig onsdag 2 december kl. 10:05."),
        ("nb", "vi ringer deg onsdag 2. desember kl. 10:05."),
        ("nn", "vi ringjer deg onsdag 2. desember kl. 10:05."),
        ("da", "vi ringer til dig onsdag den 2. december kl. 10.05."),
        ("fi", "soitamme sinulle keskiviikkona 2. joulukuuta klo 10.05."),
        ("en", "we will call you on Wednesday 2 December at 10:05."),
    ],
)
def test_the_day_and_the_time_are_written_as_the_language_does(centre: Centre, language: str, said: str) -> None:
    one = opened(centre)

    def promise(unit: Unit) -> str:
        found = conversation(unit, one)
        found.language = language
        route = TextRoute(centre.ids["out"], "+46766861004", "+46706861004")
        return notice.send(unit, found, route, None, AT).text

    assert centre.here(promise).endswith(said)
