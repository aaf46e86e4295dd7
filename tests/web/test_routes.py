"""Every route states who may ask it, and is described."""

from collections.abc import Iterator

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from hub.edge.person import PERMISSIONS, admit
from hub.web.routes import create

UNDESCRIBED = {"/", "/api/v1/openapi.json", "/api/v1/openapi.json/openapi.json", "/api/v1/openapi.json/{path:str}"}


def test_every_route_states_a_permission() -> None:
    silent = [path for path, handler in handlers(create()) if handler.opt.get("permission") not in PERMISSIONS]
    assert not silent, f"State who may ask these, with an opt of hub.edge.person: {silent}"


def test_every_route_is_guarded() -> None:
    open_ones = [path for path, handler in handlers(create()) if admit not in handler.resolve_guards()]
    assert not open_ones, f"Put these under a router with guards=[admit]: {open_ones}"


def test_every_route_is_described() -> None:
    app = create()
    described = {
        (path, method.upper()) for path, item in app.openapi_schema.to_schema()["paths"].items() for method in item
    }
    for route in app.routes:
        if isinstance(route, HTTPRoute) and route.path not in UNDESCRIBED:
            for method in route.methods - {"OPTIONS"}:
                assert (route.path_format, method) in described


def test_ids_are_text_and_times_are_times() -> None:
    line = create().openapi_schema.to_schema()["components"]["schemas"]["ConversationLine"]["properties"]
    assert line["id"] == {"type": "string"}
    assert line["opened_at"] == {"type": "string", "format": "date-time"}


def handlers(app: Litestar) -> Iterator[tuple[str, HTTPRouteHandler]]:
    """Those that we wrote: OPTIONS answers itself."""
    for route in app.routes:
        assert isinstance(route, HTTPRoute), f"{route.path} isn't plain HTTP: extend these tests"
        for handler in route.route_handlers:
            if handler.http_methods != {"OPTIONS"}:
                yield route.path, handler
