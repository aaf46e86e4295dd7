"""Canned: answers that are kept ready: for the composer's menu, and for the admin who writes and retires them."""

import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import URLEncodedBody

from hub.edge import managing
from hub.edge.desk import Desk
from hub.edge.idempotency import asked
from hub.edge.managing import CannedLine, Wording
from hub.edge.parameters import PathId
from hub.edge.person import ADMIN, WORK
from hub.edge.problems import Stale
from hub.edge.versions import etag
from hub.errors import Invalid, NotFound
from hub.inbox.canned import PLACEHOLDERS
from inbox_ui.administered import (
    InLanguage,
    by_language,
    languages,
    own_first,
    place_of,
    placeholder_words,
    places,
    queue_id,
    texts,
)
from inbox_ui.administration import administration
from inbox_ui.context import fragment
from inbox_ui.forms import Decided
from inbox_ui.rendering import Asking, is_part, onward, page
from inbox_ui.showing import Toast
from inbox_ui.view import View
from inbox_ui.words import gettext as _
from inbox_ui.words import told, word

_LIST = "/canned"
_LONGEST_KEY = 40
"""Of a form: sent twice by two clicks it makes one answer."""


@get("/conversations/{conversation_id:int}/canned", opt=WORK)
async def show_ready(
    request: Asking, desk: NamedDependency[Desk], view: NamedDependency[View], conversation_id: PathId
) -> Response[bytes]:
    """Filled in, as whoever asks would send them."""
    values = await fragment(request, desk, view)
    return page(request, "composer/_canned.html", **values, ready=await desk.read(managing.ready, conversation_id))


@get("/canned", opt=ADMIN)
async def show_canned(request: Asking, desk: NamedDependency[Desk]) -> Response[bytes]:
    """Those of the municipalities that this person administers."""
    return await _listed(request, desk)


@get("/canned/new/{municipality_id:int}", opt=ADMIN)
async def begin(request: Asking, desk: NamedDependency[Desk], municipality_id: PathId) -> Response[bytes]:
    """An empty form."""
    await desk.read(managing.require, municipality_id)
    return await _shown(request, desk, municipality_id, None, {})


@post("/canned/new/{municipality_id:int}", opt=ADMIN, status_code=200)
async def add(request: Asking, desk: NamedDependency[Desk], municipality_id: PathId) -> Response[bytes]:
    """It is offered from now on."""
    said = texts(await request.form())
    await administration(request, desk)
    await desk.read(managing.require, municipality_id)
    try:
        wording = _wording(said)
        once = asked(said.get("key", "")[:_LONGEST_KEY] or None, request.url.path, wording)
        await desk.write(managing.add_canned, municipality_id, wording, once)
    except (Invalid, NotFound) as error:
        return await _shown(request, desk, municipality_id, None, said, error)
    return onward(_LIST)


@post("/canned/new/{municipality_id:int}/preview", opt=ADMIN, status_code=200)
async def preview(
    request: Asking, desk: NamedDependency[Desk], municipality_id: PathId, language: InLanguage = "sv"
) -> Response[bytes]:
    """As the reader would send it to somebody, in that language."""
    said = texts(await request.form())
    await administration(request, desk)
    await desk.read(managing.require, municipality_id)
    found = await _previewed(desk, municipality_id, language, said)
    return page(request, "canned/_preview.html", preview=found)


@get("/canned/{canned_id:int}", opt=ADMIN)
async def show_one(request: Asking, desk: NamedDependency[Desk], canned_id: PathId) -> Response[bytes]:
    """As it is, to be changed."""
    line = await desk.read(managing.canned_one, canned_id)
    return await _shown(request, desk, int(line.municipality_id), line, {})


@post("/canned/{canned_id:int}", opt=ADMIN, status_code=200)
async def change(request: Asking, desk: NamedDependency[Desk], canned_id: PathId) -> Response[bytes]:
    """Another wording. What somebody else wrote meanwhile is shown beside what was written here."""
    said = texts(await request.form())
    await administration(request, desk)
    line = await desk.read(managing.canned_one, canned_id, also_retired=True)
    try:
        await desk.write(managing.change_canned, canned_id, _wording(said), etag(said.get("version", "")))
    except NotFound:
        gone = Invalid("", _("Somebody retired this answer while you wrote. Save again, and yours becomes a new one."))
        return await _shown(request, desk, int(line.municipality_id), None, said, gone)
    except (Invalid, Stale) as error:
        line = await desk.read(managing.canned_one, canned_id, also_retired=True)
        return await _shown(request, desk, int(line.municipality_id), line, said, error)
    return onward(_LIST)


@post("/canned/{canned_id:int}/retirement", opt=ADMIN, status_code=200)
async def retire(
    request: Asking, desk: NamedDependency[Desk], canned_id: PathId, data: URLEncodedBody[Decided]
) -> Response[bytes]:
    """It isn't offered any more; it stands with those that were."""
    await administration(request, desk)
    line = await desk.read(managing.canned_one, canned_id)
    await desk.write(managing.retire_canned, canned_id, data.if_match)
    words = _("“%(title)s” is offered no more") % {"title": word(line.title)}
    return await _decided(request, desk, Toast(words, f"/canned/{canned_id}/retirement/end", {"version": line.version}))


@post("/canned/{canned_id:int}/retirement/end", opt=ADMIN, status_code=200)
async def offer_again(
    request: Asking, desk: NamedDependency[Desk], canned_id: PathId, data: URLEncodedBody[Decided]
) -> Response[bytes]:
    """As before it was retired."""
    await administration(request, desk)
    line = await desk.write(managing.offer_canned_again, canned_id, data.if_match)
    return await _decided(request, desk, Toast(_("“%(title)s” is offered again") % {"title": word(line.title)}))


def _wording(said: Mapping[str, str]) -> Wording:
    """Raises Invalid at the language in which one of the two is missing."""
    titles, texts_ = by_language(said, "title"), by_language(said, "text")
    for code in titles.keys() ^ texts_.keys():
        if code in titles:
            raise Invalid(f"text.{code}", _("Write its text, too."))
        raise Invalid(f"title.{code}", _("Give it a title, too."))
    return Wording(titles, texts_, queue_id(said.get("queue")))


async def _decided(request: Asking, desk: Desk, toast: Toast) -> Response[bytes]:
    return await _listed(request, desk, toast) if is_part(request) else onward(_LIST)


async def _listed(request: Asking, desk: Desk, toast: Toast | None = None) -> Response[bytes]:
    values = await administration(request, desk)
    shown: dict[str, Any] = {
        "places": places(values["names"], desk.actor),
        "lines": await desk.read(managing.canned_of),
        "retired": await desk.read(managing.canned_retired),
        "languages_of": languages(),
        "toast": toast,
    }
    template = "canned/_canned.html" if is_part(request) else "canned/page.html"
    return page(request, template, headers={"HX-Retarget": "#canned"} if toast else None, **values, **shown)


async def _previewed(desk: Desk, municipality_id: int, code: str, said: Mapping[str, str]) -> dict[str, str]:
    of, text, somebody = queue_id(said.get("queue")), said.get(f"text-{code}", ""), _("Maria Andersson")
    try:
        filled = await desk.read(managing.preview_canned, municipality_id, of, code, text, somebody)
    except (Invalid, NotFound) as error:
        return {"text": "", "cannot": told(error)}
    return {"text": filled, "cannot": ""}


async def _shown(
    request: Asking,
    desk: Desk,
    municipality_id: int,
    line: CannedLine | None,
    said: Mapping[str, str],
    error: Invalid | NotFound | Stale | None = None,
) -> Response[bytes]:
    values = await administration(request, desk)
    as_is: dict[str, str] = {}
    if line is not None:
        as_is = {f"title-{code}": text for code, text in line.title.items()}
        as_is |= {f"text-{code}": text for code, text in line.text.items()} | {"queue": line.queue_id or ""}
    typed = dict(said) or as_is
    place = place_of(values["names"], desk.actor, municipality_id)
    filled = {code for code in languages() if typed.get(f"title-{code}", "") + typed.get(f"text-{code}", "")}
    field = error.field.replace(".", "-") if isinstance(error, Invalid) else ""
    shown: dict[str, Any] = {
        "line": line,
        "key": secrets.token_urlsafe(16),
        "place": place,
        "typed": typed,
        "as_is": as_is,
        "is_stale": isinstance(error, Stale),
        "field": field,
        "problem": told(error) if isinstance(error, Invalid | NotFound) else "",
        "languages_of": languages(),
        "order": own_first(place, filled),
        "filled": filled,
        "names_of": {each: placeholder_words()[each] for each in PLACEHOLDERS},
        "previews": {code: await _previewed(desk, municipality_id, code, typed) for code in languages()},
    }
    status = HTTPStatus.OK if error is None else HTTPStatus.UNPROCESSABLE_ENTITY
    status = HTTPStatus.PRECONDITION_FAILED if shown["is_stale"] else status
    return page(request, "canned/edit.html", status=status, **values, **shown)


ROUTES = (show_ready, show_canned, begin, add, preview, show_one, change, retire, offer_again)
