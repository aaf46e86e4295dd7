"""Session: who sits at the browser, by its cookie. The guard of every page; the API takes no cookie.

`hub.edge.login` begins and ends sessions, `hub.edge.csrf` keeps other sites from using them.
"""

import hashlib
from typing import Any
from urllib.parse import quote, urlsplit

from litestar import Request, Response
from litestar.datastructures import Cookie
from litestar.handlers.base import BaseRouteHandler
from litestar.types import ExceptionHandlersMap

from hub import clock
from hub.access import session
from hub.access.person import Actor
from hub.edge import csrf
from hub.edge.person import ANYONE, CACHED, Cache, Connection, permission_of, require
from hub.errors import TorgError
from hub.settings import Settings
from hub.storage.scope import Scope
from hub.storage.unit import Storage

LOG_IN_PATH, LOG_OUT_PATH = "/login", "/logout"
ASK_AGAIN = 2 * clock.SECOND
"""How often (microseconds) a long answer asks `session_actor`: with what is cached, the disabled are out in 4 s."""
assert ASK_AGAIN + CACHED < 5 * clock.SECOND
_LONGEST_TOKEN = 100
_LONGEST_PATH = 2_000


class NotLoggedIn(TorgError):
    """This page is for those who have logged in. `next`: where they wanted to go."""

    def __init__(self, wanted: str) -> None:
        super().__init__("Log in first.")
        self.next = wanted


async def admit_page(connection: Connection, handler: BaseRouteHandler) -> None:
    """The guard of every page. Raises NotLoggedIn, and NotAllowed for what another site or an old page sent."""
    permission = permission_of(handler)
    csrf.require_own_site(connection, said=not handler.opt.get("own_token"))
    if permission == ANYONE["permission"]:
        return
    actor = await session_actor(connection)
    if actor is None:
        raise NotLoggedIn(_wanted(connection))
    connection.scope["user"] = actor  # also of whom it is refused to: they are told in their own language
    await csrf.require_token(connection, shown_token(connection))
    require(permission, actor)


async def session_actor(connection: Connection) -> Actor | None:
    """Who is logged in there now, with their memberships of now, at most `CACHED` old. For streams and the log-in page.

    A long answer asks every `ASK_AGAIN` and ends itself when this is None.
    """
    token = shown_token(connection)
    if not token:
        return None
    state = connection.app.state
    key = _key(token)
    cache = _cache(state)
    actor = cache.get(key)
    if actor is None:
        storage: Storage = state.storage
        actor = await storage.read(Scope.everything("session"), session.by_session, token)
        if actor is not None:
            cache.put(key, actor)
    return actor


def shown_token(connection: Connection) -> str:
    """The token in the cookie, or nothing; whether it is anybody's is another question."""
    token = connection.cookies.get(cookie_name(connection.app.state.settings), "")
    return token if token.isascii() and len(token) <= _LONGEST_TOKEN else ""


def csrf_token(connection: Connection) -> str:
    """For what this session's pages send, as header or form field (`hub.edge.csrf` names them). No session: empty."""
    return csrf.token_for(connection.app.state.storage.keys, shown_token(connection))


def forget(connection: Connection) -> None:
    """Its session has just ended: in this process nobody is let in by what was cached."""
    _cache(connection.app.state).drop(_key(shown_token(connection)))


def cookie_name(settings: Settings) -> str:
    """With `__Host-` a browser takes it from this very host alone, over TLS alone."""
    return "__Host-torg" if settings.cookie_secure else "torg"


def cookie(settings: Settings, token: str) -> Cookie:
    """The session's cookie; of an empty token: the one that takes it away."""
    return Cookie(
        key=cookie_name(settings),
        value=token,
        path="/",
        max_age=session.LASTS // clock.SECOND if token else 0,
        secure=settings.cookie_secure,
        httponly=True,
        samesite="lax",
    )


def local_path(wanted: str) -> str:
    """`wanted` where it is an address of ours to go on to, else `/`.

    Browsers read `\\` as `/` and drop tabs and line breaks, so only plain ASCII signs pass; the rest comes encoded.
    """
    plain = (
        wanted.isascii() and wanted.isprintable() and not set(wanted) & set(' \\"<>') and len(wanted) <= _LONGEST_PATH
    )
    if not plain or not wanted.startswith("/") or wanted.startswith("//"):
        return "/"
    path = wanted.partition("?")[0].partition("#")[0].rstrip("/")
    return "/" if path in {LOG_IN_PATH, LOG_OUT_PATH} else wanted


def _wanted(connection: Connection) -> str:
    """The page itself, or the one that a part was for. What was posted is not posted again."""
    try:
        page = urlsplit(connection.headers.get("hx-current-url", ""))
    except ValueError:
        return "/"
    if page.netloc:
        own = page.netloc == connection.headers.get("host")
        return local_path(page.path + (f"?{page.query}" if page.query else "")) if own else "/"
    if connection.scope.get("method") != "GET" or _is_part(connection):
        return "/"
    query = connection.scope["query_string"].decode("ascii", "replace")
    return local_path(quote(connection.scope["path"]) + (f"?{query}" if query else ""))


def _is_part(connection: Connection) -> bool:
    """A script fetches it for a page that is open: a redirect would put the log-in page inside that page."""
    return connection.headers.get("hx-request") == "true" or "text/event-stream" in connection.headers.get("accept", "")


def _to_log_in(request: Request[Any, Any, Any], error: NotLoggedIn) -> Response[bytes]:
    address = LOG_IN_PATH + (f"?next={quote(error.next, safe='/')}" if error.next != "/" else "")
    if _is_part(request):
        return Response(b"", status_code=401, headers={"HX-Redirect": address})
    return Response(b"", status_code=303, headers={"Location": address})


LOG_IN_FIRST: ExceptionHandlersMap = {NotLoggedIn: _to_log_in}
"""For every router of pages."""


def _key(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _cache(state: Any) -> Cache:
    """Apart from that of API tokens: a session's token opens no API, not even for two seconds."""
    if "sessions" not in state:
        state.sessions = Cache()
    found: Cache = state.sessions
    return found
