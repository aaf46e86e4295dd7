"""Problems: every error as RFC 9457 problem details. No trace, no text of somebody else's, ever leaves this way."""

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap
from msgspec import Struct
from sqlalchemy.exc import IntegrityError

from hub.access.knock import TooManyKnocks
from hub.errors import Conflict, Corrupt, Invalid, NotAllowed, NotFound, TorgError, Unavailable
from hub.inbox.reply import Overtaken

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 5
WENT_AWAY = "client disconnected prematurely"
"""What Litestar says, as a 500, when whoever asks is gone before their request was whole: a page that was left, say."""
_TOO_DEEP = "recursion depth exceeded while deserializing"
"""What msgspec says of a body that is nested a thousand times."""
_NO_ADDRESS = {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}
"""Nothing of that name is served, or nothing that can be looked at."""
_OF_PROGRAMS = "/api/"
_UNUSABLE = "The request can't be used as it is."
_BUG = "Something went wrong here. It was written to the log; nothing was changed."
_TELL_IT = "Nothing was changed. Tell IT: torg db check names all that is damaged."


class Fault(Struct, frozen=True):
    """A part of the input that can't be used."""

    field: str
    detail: str


class Problem(Struct, frozen=True, omit_defaults=True):
    """RFC 9457. `field`: the part of the input that is meant, dotted; `entry`: what somebody else wrote meanwhile.

    `given_anew`: secrets that the other side handed out in place of the given ones, sealed, to be sent along next.
    """

    title: str
    status: int
    detail: str
    field: str | None = None
    errors: tuple[Fault, ...] = ()
    entry: str | None = None
    given_anew: str = ""


class Stale(Conflict):
    """What `If-Match` names is no longer what there is."""


class VersionMissing(TorgError):
    """A change was asked for without the version that was seen."""


_STATUS: dict[type[TorgError], HTTPStatus] = {
    NotFound: HTTPStatus.NOT_FOUND,
    NotAllowed: HTTPStatus.FORBIDDEN,
    Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    Conflict: HTTPStatus.CONFLICT,
    Overtaken: HTTPStatus.CONFLICT,
    Stale: HTTPStatus.PRECONDITION_FAILED,
    VersionMissing: HTTPStatus.PRECONDITION_REQUIRED,
    TooManyKnocks: HTTPStatus.TOO_MANY_REQUESTS,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    Corrupt: HTTPStatus.INTERNAL_SERVER_ERROR,
}


def status_of(error: TorgError) -> HTTPStatus | None:
    """None: it should have been answered before it came here."""
    return _STATUS.get(type(error))


def log_damage(request: Request[Any, Any, Any], error: Corrupt) -> None:
    """No bug, so no trace: it says itself what is missing."""
    log.error("%s: %s", asked_for(request), error)


def problem_of(request: Request[Any, Any, Any], error: TorgError, given_anew: str = "") -> Response[bytes]:
    """What the hub itself refused."""
    status = status_of(error)
    if status is None:
        return _of_a_bug(request, error)
    headers = {"Retry-After": str(RETRY_SECONDS)} if isinstance(error, Unavailable) else {}
    if isinstance(error, TooManyKnocks):
        headers["Retry-After"] = str(60 * error.minutes)
    detail = str(error)
    if isinstance(error, Corrupt):
        log_damage(request, error)
        detail = f"{detail} {_TELL_IT}"
    return _answer(
        status,
        detail,
        headers,
        field=error.field or None if isinstance(error, Invalid) else None,
        entry=str(error.entry_id) if isinstance(error, Overtaken) else None,
        given_anew=given_anew,
    )


def _of_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    if error.detail == WENT_AWAY:
        return Response(b"", status_code=HTTPStatus.BAD_REQUEST)
    if error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _of_a_bug(request, error)
    status = HTTPStatus(error.status_code)
    headers = dict(error.headers or {})
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="torg"'
    if status is HTTPStatus.NOT_FOUND:
        return _answer(status, "There is nothing at this address.", headers)
    extra = error.extra if isinstance(error.extra, list) else []
    faults = tuple(
        Fault(str(each.get("key", "")), str(each.get("message", ""))) for each in extra if isinstance(each, dict)
    )
    # The detail of a failed validation goes on with method, address and query.
    detail = _UNUSABLE if faults else error.detail.partition(" for ")[0]
    return _answer(status, detail, headers, errors=faults)


def _of_encoding(request: Request[Any, Any, Any], error: UnicodeDecodeError) -> Response[bytes]:
    """A body that is no UTF-8: msgspec's decoder raises it as it is, past Litestar."""
    log.info("%s %s: a body that is no UTF-8", request.method, request.url.path, exc_info=error)
    return _answer(HTTPStatus.BAD_REQUEST, _UNUSABLE, {})


def _of_nesting(request: Request[Any, Any, Any], error: RecursionError) -> Response[bytes]:
    """As above: a body that is nothing but brackets."""
    return _answer(HTTPStatus.BAD_REQUEST, _UNUSABLE, {}) if _TOO_DEEP in str(error) else _of_a_bug(request, error)


def _of_integrity(request: Request[Any, Any, Any], error: IntegrityError) -> Response[bytes]:
    log.warning("a constraint refused %s: %s", asked_for(request), type(error.orig).__name__)
    return _answer(HTTPStatus.CONFLICT, "Somebody did the same at the same moment: read again, then decide.", {})


def _of_a_bug(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    log.error("%s failed", asked_for(request), exc_info=error)
    return _answer(HTTPStatus.INTERNAL_SERVER_ERROR, _BUG, {})


def asked_for(request: Request[Any, Any, Any]) -> str:
    """For the log: method and route, with the numbers in it. Of an address the rest may be a secret, or a name."""
    ids = (f"{name}={value}" for name, value in request.path_params.items() if isinstance(value, int))
    return " ".join([request.method, request.scope.get("path_template", "an unknown address"), *ids])


def _answer(
    status: HTTPStatus,
    detail: str,
    headers: Mapping[str, str],
    *,
    field: str | None = None,
    errors: tuple[Fault, ...] = (),
    entry: str | None = None,
    given_anew: str = "",
) -> Response[bytes]:
    body = msgspec.json.encode(Problem(status.phrase, status.value, detail, field, errors, entry, given_anew))
    return Response(body, status_code=status.value, media_type=MEDIA_TYPE, headers=dict(headers))


PROBLEMS: ExceptionHandlersMap = {
    TorgError: problem_of,
    HTTPException: _of_http,
    IntegrityError: _of_integrity,
    UnicodeDecodeError: _of_encoding,
    RecursionError: _of_nesting,
    Exception: _of_a_bug,
}
Nowhere = Callable[[Request[Any, Any, Any], HTTPException], Response[bytes]]


def problems(nowhere: Nowhere | None) -> ExceptionHandlersMap:
    """`PROBLEMS`; `nowhere` shows its page to a browser that asks for an address at which there is nothing."""

    def of_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
        if nowhere is not None and error.status_code in _NO_ADDRESS and _looks(request):
            return nowhere(request, error)
        return _of_http(request, error)

    return {**PROBLEMS, HTTPException: of_http}


def _looks(request: Request[Any, Any, Any]) -> bool:
    """Somebody wants to see a page there. No program does, nor what comes from a form, which has a page of its own."""
    wants_page = "text/html" in request.headers.get("accept", "")
    return wants_page and request.method in {"GET", "HEAD"} and not request.scope["path"].startswith(_OF_PROGRAMS)
