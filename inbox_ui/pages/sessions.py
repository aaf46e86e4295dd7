"""Log-in and log-out."""

from typing import Annotated, Any

from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.params import QueryParameter, URLEncodedBody
from litestar.response import Redirect
from msgspec import Meta, Struct

from hub.access.attempt import TooManyAttempts, WrongLogIn
from hub.edge import login
from hub.edge.person import ANYONE, PERSON
from hub.edge.session import LOG_IN_PATH, LOG_OUT_PATH, local_path, session_actor
from hub.errors import TorgError, Unavailable
from inbox_ui.rendering import Asking, page
from inbox_ui.words import LANGUAGES, ngettext, preferred, speak, told
from inbox_ui.words import gettext as _

Path = Annotated[str, QueryParameter(max_length=2_000)]
Language = Annotated[str | None, QueryParameter(max_length=10)]
_YEAR = 31_536_000


class Credentials(Struct):
    """As the form sends them. `next`: where they wanted to go."""

    email: Annotated[str, Meta(max_length=254)] = ""
    password: Annotated[str, Meta(max_length=4_000)] = ""
    next: Annotated[str, Meta(max_length=2_000)] = "/"


@get(LOG_IN_PATH, opt=ANYONE)
async def show_login(request: Asking, next: Path = "/", language: Language = None) -> Response[bytes] | Redirect:  # noqa: A002 - the address says `next`
    """The form; whoever is logged in goes on at once."""
    if await session_actor(request) is not None:
        return Redirect(local_path(next))
    _speak(request, language)
    answer = page(request, "sessions/login.html", problem="", email="", next=local_path(next))
    if language in LANGUAGES:
        secure = request.app.state.settings.cookie_secure
        kept = Cookie(key="language", value=language, path="/", samesite="lax", max_age=_YEAR, secure=secure)
        answer.set_cookie(kept)
    return answer


@post(LOG_IN_PATH, opt=ANYONE)
async def log_in(request: Asking, data: URLEncodedBody[Credentials]) -> Response[bytes]:
    """On to where they wanted to go, or the form again with what was wrong."""
    _speak(request)
    try:
        cookie = await login.log_in(request, data.email, data.password)
    except (WrongLogIn, TooManyAttempts, Unavailable) as error:
        status = {WrongLogIn: 401, TooManyAttempts: 429}.get(type(error), 503)
        shown: dict[str, Any] = {"problem": _problem(error), "email": data.email, "next": local_path(data.next)}
        return page(request, "sessions/login.html", status=status, **shown)
    return Response(b"", status_code=303, headers={"Location": local_path(data.next)}, cookies=[cookie])


@post(LOG_OUT_PATH, opt=PERSON)
async def log_out(request: Asking) -> Response[bytes]:
    """The session ends, here and in every tab; what the browser kept of drafts goes with it."""
    cookie = await login.log_out(request)
    headers = {"Location": LOG_IN_PATH, "Clear-Site-Data": '"storage"'}
    return Response(b"", status_code=303, headers=headers, cookies=[cookie])


def _problem(error: TorgError) -> str:
    if isinstance(error, WrongLogIn):
        return _("The e-mail address or the password is wrong.")
    if isinstance(error, TooManyAttempts):
        said = ngettext(
            "Too many attempts to log in. Try again in %(num)s minute.",
            "Too many attempts to log in. Try again in %(num)s minutes.",
            error.minutes,
        )
        return said % {"num": error.minutes}
    return told(error)


def _speak(request: Asking, language: str | None = None) -> None:
    chosen = language or request.cookies.get("language") or preferred(request.headers.get("accept-language", ""))
    speak(chosen, "UTC")


ROUTES = (show_login, log_in, log_out)
