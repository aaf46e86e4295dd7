"""Settings: how one's own screen looks and answers, kept by the browser that they are for."""

from typing import Annotated

from litestar import Response, post
from litestar.datastructures import Cookie
from litestar.params import URLEncodedBody
from msgspec import Meta, Struct

from hub.edge.person import PERSON
from hub.edge.session import local_path
from inbox_ui.rendering import Asking
from inbox_ui.words import LANGUAGES

Short = Annotated[str, Meta(max_length=10)]
_YEAR = 31_536_000
_ALLOWED = {"theme": {"", "light", "dark"}, "keys": {"on", "off"}, "language": set(LANGUAGES)}


class Chosen(Struct):
    """`back`: where it was chosen."""

    theme: Short | None = None
    keys: Short | None = None
    language: Short | None = None
    back: Annotated[str, Meta(max_length=2_000)] = "/"


@post("/settings", opt=PERSON)
async def choose(request: Asking, data: URLEncodedBody[Chosen]) -> Response[bytes]:
    """Theme, language, and whether single keys do anything. What can't be chosen changes nothing."""
    secure = request.app.state.settings.cookie_secure
    cookies = [
        Cookie(key=name, value=value, path="/", max_age=_YEAR, samesite="lax", secure=secure)
        for name, allowed in _ALLOWED.items()
        if (value := getattr(data, name)) is not None and value in allowed
    ]
    return Response(b"", status_code=303, headers={"Location": local_path(data.back)}, cookies=cookies)


def single_keys(request: Asking) -> bool:
    """Whether keys without a modifier do anything (WCAG 2.1.4)."""
    return request.cookies.get("keys") != "off"


ROUTES = (choose,)
