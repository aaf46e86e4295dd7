"""The router that ours begin with."""

import pytest

from hub.contract import Arrival, Routing
from plugins.routing.by_recipient import by_recipient


@pytest.mark.parametrize(
    ("route", "routing"),
    [
        ("granvik/17", Routing("granvik", "17")),
        ("granvik/a/b", Routing("granvik", "a/b")),
        ("granvik/", None),
        ("/17", None),
        ("granvik", None),
        ("", None),
        (None, None),
    ],
)
def test_the_route_that_the_connector_looked_up(route: str | None, routing: Routing | None) -> None:
    origin = {} if route is None else {"route": route}
    assert by_recipient(Arrival("1", origin, "Hej", "a@b.example", ())) == routing
