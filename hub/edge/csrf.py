"""Forged requests: what another site makes a browser send to us in a person's name.

Two walls. The browser says where a request comes from (`Sec-Fetch-Site`, or `Origin` from older ones and over plain
http): without either, nothing is changed, the log-in form included. And who is logged in shows a token that only our
pages hold, made from their session. A citizen's form has no session to be misused: a browser that says nothing of where
it comes from, as those of text do, sends it by the token of its page alone.
"""

import hmac
import secrets
from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.enums import RequestEncodingType

from hub.errors import NotAllowed
from hub.storage.keys import Keys

HEADER, FIELD = "x-csrftoken", "_csrf_token"
_FORMS = {RequestEncodingType.URL_ENCODED, RequestEncodingType.MULTI_PART}
_SALT = 8
Connection = ASGIConnection[Any, Any, Any, Any]


def token_for(keys: Keys, session_token: str) -> str:
    """For the pages of this session; another one each time, so that compressing a page gives nothing away."""
    return _with_salt(keys, session_token, secrets.token_bytes(_SALT)) if session_token else ""


def require_own_site(connection: Connection, *, said: bool = True) -> None:
    """Raises NotAllowed when what may change something doesn't come from one of our own pages.

    `said` False: a browser that says nothing of where it comes from is let by. Those that could be made to send it by
    another site say so; who asks this wants a token of its page.
    """
    if _only_reads(connection):
        return
    site, origin = connection.headers.get("sec-fetch-site"), connection.headers.get("origin")
    if site is None and origin is None:
        own = not said
    elif site is None:
        host = connection.headers.get("host", "")
        own = bool(host) and (origin or "").partition("://")[2] == host
    else:
        own = site in {"same-origin", "none"}  # none: the person's own doing, as when they load a page again
    if not own:
        raise NotAllowed("This was sent from another site, so nothing was done. Do it on Torg's own page.")


async def require_token(connection: Connection, session_token: str) -> None:
    """Raises NotAllowed when the page that sent this isn't of this session. Looks in the header, then in the form."""
    if _only_reads(connection):
        return
    shown = connection.headers.get(HEADER, "")
    if not shown and isinstance(connection, Request) and connection.content_type[0] in _FORMS:
        shown = str((await connection.form()).get(FIELD, ""))
    keys: Keys = connection.app.state.storage.keys
    try:
        salt = bytes.fromhex(shown)[:_SALT]
    except ValueError:
        salt = b""
    # As bytes: a text with a strange letter can't be compared.
    if not hmac.compare_digest(shown.encode("utf-8", "replace"), _with_salt(keys, session_token, salt).encode()):
        raise NotAllowed("This page is out of date, so nothing was done. Reload it, then do it again.")


def _with_salt(keys: Keys, session_token: str, salt: bytes) -> str:
    return (salt + keys.mac("csrf", salt + session_token.encode())[:16]).hex()


def _only_reads(connection: Connection) -> bool:
    return connection.scope.get("method") in {"GET", "HEAD", "OPTIONS"}  # a WebSocket has none
