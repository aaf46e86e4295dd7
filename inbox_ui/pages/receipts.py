"""Receipts: whether a first mail is answered with its number, by municipality and queue, and with which words."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency

from hub.edge import receiving
from hub.edge.desk import Desk
from hub.edge.parameters import InQueue, PathId
from hub.edge.person import ADMIN
from hub.edge.problems import Stale
from hub.edge.receiving import RuleLine, RuleSaid
from hub.edge.versions import etag
from hub.errors import Invalid, NotFound
from hub.inbox import receipt
from inbox_ui.administered import (
    InLanguage,
    by_language,
    languages,
    own_first,
    place_of,
    placeholder_words,
    places,
    problem_of,
    queue_id,
    texts,
)
from inbox_ui.administration import administration
from inbox_ui.rendering import Asking, onward, page
from inbox_ui.words import told


@get("/receipts", opt=ADMIN)
async def show_rules(request: Asking, desk: NamedDependency[Desk]) -> Response[bytes]:
    """Of all queues of the municipalities that this person administers."""
    values = await administration(request, desk)
    rules = {(each.municipality_id, each.queue_id): each for each in await desk.read(receiving.rules)}
    shown: dict[str, Any] = {"rules": rules, "places": places(values["names"], desk.actor)}
    shown |= {"languages_of": languages(), "tests": _senders_are_tested(desk)}
    return page(request, "receipts/page.html", **values, **shown)


@get("/receipts/{municipality_id:int}", opt=ADMIN)
async def show_rule(
    request: Asking, desk: NamedDependency[Desk], municipality_id: PathId, queue: InQueue = None
) -> Response[bytes]:
    """One of them, to be changed."""
    return await _shown(request, desk, await _rule(desk, municipality_id, queue_id(queue)), {})


@post("/receipts/{municipality_id:int}", opt=ADMIN, status_code=200)
async def set_rule(
    request: Asking, desk: NamedDependency[Desk], municipality_id: PathId, queue: InQueue = None
) -> Response[bytes]:
    """From the next mail on. What somebody else set meanwhile is shown beside what was written here."""
    said, of = texts(await request.form()), queue_id(queue)
    await administration(request, desk)
    line, version = await _rule(desk, municipality_id, of, also_retired=True), etag(said.get("version", ""))
    try:
        if said.get("sends") in {"on", "off"}:
            rule = RuleSaid(said["sends"] == "on", said.get("unconfirmed") == "on", by_language(said, "text"))
            await desk.write(receiving.set_rule, municipality_id, of, rule, version)
        elif line.is_set:
            await desk.write(receiving.drop_rule, municipality_id, of, version)
    except (Invalid, Stale) as error:
        return await _shown(request, desk, await _rule(desk, municipality_id, of, also_retired=True), said, error)
    return onward("/receipts")


@post("/receipts/{municipality_id:int}/preview", opt=ADMIN, status_code=200)
async def preview(
    request: Asking,
    desk: NamedDependency[Desk],
    municipality_id: PathId,
    queue: InQueue = None,
    language: InLanguage = "sv",
) -> Response[bytes]:
    """As it would be sent, in that language."""
    said = texts(await request.form())
    await administration(request, desk)
    found = await _previewed(desk, municipality_id, queue_id(queue), language, said)
    return page(request, "receipts/_preview.html", preview=found)


async def _rule(desk: Desk, municipality_id: int, of: int | None, *, also_retired: bool = False) -> RuleLine:
    """Raises NotFound, for a queue as well: it stands in the address."""
    try:
        return await desk.read(receiving.rule_of, municipality_id, of, also_retired=also_retired)
    except Invalid as error:
        raise NotFound("There is no such queue.") from error


def _senders_are_tested(desk: Desk) -> bool:
    """A mail gateway is named whose tests of senders count."""
    return bool(desk.settings.authserv_ids)


async def _previewed(
    desk: Desk, municipality_id: int, of: int | None, code: str, said: Mapping[str, str]
) -> dict[str, str]:
    try:
        found = await desk.read(receiving.preview, municipality_id, of, code, said.get(f"text-{code}", ""))
    except Invalid as error:
        return {"subject": "", "text": "", "cannot": told(error)}
    return {"subject": found[0], "text": found[1], "cannot": ""}


async def _shown(
    request: Asking,
    desk: Desk,
    line: RuleLine,
    said: Mapping[str, str],
    error: Invalid | Stale | None = None,
) -> Response[bytes]:
    values = await administration(request, desk)
    state = ("on" if line.on else "off") if line.is_set or line.queue_id is None else ""
    as_is = {"sends": state, "unconfirmed": "on" if line.unconfirmed else ""}
    as_is |= {f"text-{code}": text for code, text in line.words.items()}
    typed = dict(said) or as_is
    place, of = place_of(values["names"], desk.actor, line.municipality_id), queue_id(line.queue_id)
    filled = {code for code in languages() if typed.get(f"text-{code}", "").strip()}
    home = int(line.municipality_id)
    shown: dict[str, Any] = {
        "line": line,
        "place": place,
        "typed": typed,
        "is_stale": isinstance(error, Stale),
        "field": error.field.removeprefix("words.") if isinstance(error, Invalid) else "",
        "problem": problem_of(error) if isinstance(error, Invalid) else "",
        "languages_of": languages(),
        "order": own_first(place, filled),
        "filled": filled,
        "tests": _senders_are_tested(desk),
        "names_of": {each: placeholder_words()[each] for each in receipt.FIELDS},
        "previews": {code: await _previewed(desk, home, of, code, typed) for code in languages()},
    }
    status = HTTPStatus.OK if error is None else HTTPStatus.UNPROCESSABLE_ENTITY
    status = HTTPStatus.PRECONDITION_FAILED if shown["is_stale"] else status
    return page(request, "receipts/edit.html", status=status, **values, **shown)


ROUTES = (show_rules, show_rule, set_rule, preview)
