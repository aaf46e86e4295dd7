"""Problems: what went wrong, to a citizen, who has no inbox to go back to. Of no municipality: none may be known."""

from http import HTTPStatus
from typing import Any

from litestar import Response
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap

from hub.edge.headers import PAGE_HEADERS
from hub.edge.problems import status_of
from hub.errors import TorgError
from inbox_ui.public import spoken
from inbox_ui.rendering import Asking, page

_WORDS = {
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.METHOD_NOT_ALLOWED: "not_found",
    HTTPStatus.FORBIDDEN: "elsewhere",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too_large",
}
_LANGUAGE = 4
"""Its place in /forms/granvik/fault/sv."""


def is_public(path: str) -> bool:
    """An address for citizens, whether there is anything at it or not."""
    return path.startswith(("/forms/", "/chat/"))


def went_wrong(request: Asking, error: Exception) -> Response[bytes]:
    """In the language that the address asks for, or else the browser."""
    status = error.status_code if isinstance(error, HTTPException) else HTTPStatus.SERVICE_UNAVAILABLE
    if isinstance(error, TorgError):
        status = status_of(error) or status
    said = _WORDS.get(HTTPStatus(status), "failed")
    asked = request.query_params.get("lang") or "".join(request.scope["path"].split("/")[_LANGUAGE : _LANGUAGE + 1])
    language = spoken.preferred(f"{asked},{request.headers.get('accept-language', '')}")
    words = spoken.words(language)
    shown: dict[str, Any] = {"language": language, "title": words[said], "detail": words[f"{said}_why"]}
    return page(request, "public/problem.html", status=int(status), headers=PAGE_HEADERS, **shown)


PUBLIC_PROBLEMS: ExceptionHandlersMap = {TorgError: went_wrong, HTTPException: went_wrong}
