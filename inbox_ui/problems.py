"""Problems: what went wrong, to a person who looks at a page: a page of its own, or words where a page has them."""

import logging
import re
from http import HTTPStatus
from typing import Any

from litestar import Response
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap

from hub.edge.headers import PAGE_HEADERS
from hub.edge.problems import RETRY_SECONDS, WENT_AWAY, asked_for, log_damage, status_of
from hub.errors import Corrupt, Invalid, TorgError, Unavailable
from inbox_ui.places import start_of
from inbox_ui.rendering import Asking, is_part, page
from inbox_ui.words import gettext as _
from inbox_ui.words import preferred, speak, told

log = logging.getLogger(__name__)
_NAME = re.compile(r"([a-z_]{1,40}\.[0-9]{1,2}\.)?[a-z_]{1,40}\Z")
"""Of a field, or of one of the several that a form has: `questions.1.outcome`."""


def _of_ours(request: Asking, error: TorgError) -> Response[bytes]:
    status = status_of(error)
    if status is None:
        return _of_a_bug(request, error)
    headers = {"Retry-After": str(RETRY_SECONDS)} if isinstance(error, Unavailable) else {}
    _speak(request)
    detail = told(error)
    if isinstance(error, Corrupt):
        log_damage(request, error)
        detail += " " + _("Nothing was changed. Tell IT: torg db check names all that is damaged.")
    if isinstance(error, Invalid) and _NAME.match(error.field):
        headers["X-Field"] = error.field
    return _answer(request, status, detail, headers)


def of_http(request: Asking, error: HTTPException) -> Response[bytes]:
    """A page of what the web server refused; part of a page: words in one that is open."""
    if error.detail == WENT_AWAY:
        return Response(b"", status_code=HTTPStatus.BAD_REQUEST)
    if error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _of_a_bug(request, error)
    status = HTTPStatus(error.status_code)
    _speak(request)
    nothing = _("There is nothing at this address. It may be mistyped, or what stood there is gone.")
    said = {
        HTTPStatus.NOT_FOUND: nothing,
        HTTPStatus.METHOD_NOT_ALLOWED: nothing,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: _("That is larger than can be taken here."),
    }
    return _answer(request, status, said.get(status, _("That can't be used as it is. Nothing was changed.")), {})


def _of_a_bug(request: Asking, error: Exception) -> Response[bytes]:
    log.error("%s failed", asked_for(request), exc_info=error)
    _speak(request)
    said = _("Something went wrong here. It was written to the log; nothing was changed.")
    return _answer(request, HTTPStatus.INTERNAL_SERVER_ERROR, said, {})


def _answer(request: Asking, status: HTTPStatus, detail: str, headers: dict[str, str]) -> Response[bytes]:
    _speak(request)
    headers = {**PAGE_HEADERS, **headers}
    if is_part(request):
        headers |= {"HX-Retarget": "#toast", "HX-Reswap": "beforeend"}  # beside what can be undone yet
        return page(request, "toasts/_problem.html", status=status, headers=headers, detail=detail)
    titles = {
        HTTPStatus.NOT_FOUND: _("Not found"),
        HTTPStatus.METHOD_NOT_ALLOWED: _("Not found"),
        HTTPStatus.FORBIDDEN: _("Not allowed"),
        HTTPStatus.SERVICE_UNAVAILABLE: _("Out of reach just now"),
    }
    title = titles.get(status, _("That didn't work"))
    actor = request.scope.get("user")
    start = "/" if actor is None else start_of(actor)  # who isn't logged in yet is told where to do that
    return page(request, "errors/page.html", status=status, headers=headers, title=title, detail=detail, start=start)


def _speak(request: Asking) -> None:
    """Before anybody's language is known, the browser's. A page that had begun has set theirs already."""
    user: Any = request.scope.get("user")
    language = user.language if user is not None else preferred(request.headers.get("accept-language", ""))
    speak(request.cookies.get("language", language), "UTC")


PAGE_PROBLEMS: ExceptionHandlersMap = {TorgError: _of_ours, HTTPException: of_http, Exception: _of_a_bug}
