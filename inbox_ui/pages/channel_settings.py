"""Settings of a channel: the form that its kind draws, to change one or to add one. Saved only when they work."""

import time
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import PathParameter
from msgspec import Struct

from hub.contract import Secret
from hub.contract.steps import CheckStep, Steps
from hub.edge import configuring, given_anew, running
from hub.edge.configuring import Field, Form
from hub.edge.desk import Desk
from hub.edge.parameters import PathId
from hub.edge.person import IT
from hub.edge.versions import etag
from hub.errors import Conflict, Invalid
from hub.watch.health import needs_a_way_out, sends
from inbox_ui import health, source_health, times
from inbox_ui.administration import administration
from inbox_ui.proved import shown_step
from inbox_ui.rendering import Asking, is_part, onward, page
from inbox_ui.stored import stored
from inbox_ui.words import told

Kind = Annotated[str, PathParameter(max_length=60, pattern="^[a-z0-9_]+$")]
_OWN = ("name", "home", "sends_by", "version", "given_anew")
"""Fields of the page itself."""
_SHORT = frozenset({"number", "choice", "secret"})
"""Kinds of fields that need half a line."""


class Tried(Struct, frozen=True):
    """Settings that were only tried: for how long, and what was proved on the way."""

    milliseconds: int
    steps: Sequence[CheckStep]


@get("/channels/new", opt=IT)
async def choose_kind(request: Asking, desk: NamedDependency[Desk]) -> Response[bytes]:
    """What kinds there are to choose from."""
    values = await administration(request, desk)
    found = configuring.kinds(request.app.state.registry)
    kinds = sorted(((kind, stored(title)) for kind, title in found.items()), key=lambda each: each[1].casefold())
    return page(request, "channels/new.html", **values, kinds=kinds)


@get("/channels/new/{kind:str}", opt=IT)
async def show_new(request: Asking, desk: NamedDependency[Desk], kind: Kind) -> Response[bytes]:
    """An empty form, with the defaults."""
    return await _shown(request, desk, configuring.form_of_kind(request.app.state.registry, kind), {})


@post("/channels/new/{kind:str}", opt=IT, status_code=200)
async def add(request: Asking, desk: NamedDependency[Desk], kind: Kind) -> Response[bytes]:
    """It runs from now on, if its settings work."""
    return await _put(request, desk, kind, saves=True)


@post("/channels/new/{kind:str}/try", opt=IT, status_code=200)
async def try_new(request: Asking, desk: NamedDependency[Desk], kind: Kind) -> Response[bytes]:
    """Whether they work; nothing is saved."""
    return await _put(request, desk, kind, saves=False)


@get("/channels/{channel_id:int}/settings", opt=IT)
async def show(request: Asking, desk: NamedDependency[Desk], channel_id: PathId) -> Response[bytes]:
    """As they are, without secrets."""
    form = await configuring.form(desk, request.app.state.registry, channel_id)
    return await _shown(request, desk, form, {}, channel_id=channel_id)


@post("/channels/{channel_id:int}/settings", opt=IT, status_code=200)
async def change(request: Asking, desk: NamedDependency[Desk], channel_id: PathId) -> Response[bytes]:
    """Whoever runs it begins anew with them, if they work."""
    return await _put(request, desk, channel_id, saves=True)


@post("/channels/{channel_id:int}/settings/try", opt=IT, status_code=200)
async def try_settings(request: Asking, desk: NamedDependency[Desk], channel_id: PathId) -> Response[bytes]:
    """Whether they work; nothing is saved."""
    return await _put(request, desk, channel_id, saves=False)


async def _put(request: Asking, desk: Desk, which: str | int, *, saves: bool) -> Response[bytes]:
    """`which`: the kind of a new channel, or the id of one that is there."""
    registry, said = request.app.state.registry, await _said(request)
    await administration(request, desk)
    began, error = time.monotonic(), None
    if isinstance(which, str):
        form = configuring.form_of_kind(registry, which)
    else:
        form = await configuring.form(desk, registry, which)
    keys, place = request.app.state.storage.keys, f"kind {which}" if isinstance(which, str) else f"channel {which}"
    texts, renewed, steps = _settings(said), dict[str, Secret](), Steps()
    handed = given_anew.unseal(keys, desk.actor.id, place, said.get("given_anew", ""))
    try:
        values = configuring.values_of_texts(registry, form.kind, given_anew.put_in(texts, handed))
        if isinstance(which, str):
            home, by = (int(said[name]) if said.get(name, "").isdecimal() else None for name in ("home", "sends_by"))
            name = said.get("name", "")
            await configuring.add(
                desk, registry, which, name, home, by, values, saves=saves, renewed=renewed, steps=steps
            )
        else:
            version = etag(said.get("version", ""))
            await configuring.change(desk, registry, which, values, version, saves=saves, renewed=renewed, steps=steps)
    except (Invalid, Conflict) as wrong:
        error = wrong
    if saves and error is None:
        return onward("/channels")
    tried = None if saves else Tried(round((time.monotonic() - began) * 1000), steps.taken(error))
    sealed = given_anew.seal(keys, desk.actor.id, place, given_anew.with_new(handed, texts, renewed))
    said = {**said, "given_anew": sealed}
    return await _shown(request, desk, form, said, error, None if isinstance(which, str) else which, tried)


async def _said(request: Asking) -> dict[str, str]:
    return {name: str(value) for name, value in (await request.form()).items()}


def _settings(said: Mapping[str, str]) -> dict[str, str]:
    """What is the connector's of it; a setting that is called as a field of the page's own was told apart from it."""
    there = {name: text for name, text in said.items() if name not in _OWN}
    return there | {name: said[f"setting-{name}"] for name in _OWN if f"setting-{name}" in said}


async def _shown(
    request: Asking,
    desk: Desk,
    form: Form,
    said: Mapping[str, str],
    error: Invalid | Conflict | None = None,
    channel_id: int | None = None,
    tried: Tried | None = None,
) -> Response[bytes]:
    """`tried`: they aren't saved, whatever came of it."""
    values, registry = await administration(request, desk), request.app.state.registry
    field = error.field if isinstance(error, Invalid) else ""
    shown: dict[str, Any] = {
        "form": form,
        "rows": _rows(form.fields),
        "own": _OWN,
        "tried_at": None if tried is None else times.clock_time(times.now()),
        "took": times.took(tried.milliseconds if tried else None),
        "steps": [shown_step(each) for each in tried.steps] if tried else [],
        "title": stored(form.title),
        "said": said,
        "field": field,
        "is_placed": field in {each.name for each in form.fields} | {"name"},
        "problem": stored(told(error)) if error else "",
        "channel_id": channel_id,
        "brings": needs_a_way_out(registry.connectors.get(form.kind)),
        "ways_out": [each for each in await desk.read(running.sources) if sends(registry.connectors.get(each.kind))],
    }
    if tried is not None and is_part(request):
        return page(request, "channels/_tried_form.html", **values, **shown)
    shown |= await health.listed(desk, registry)
    shown["sources"] = await source_health.listed(desk, registry)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK
    return page(request, "channels/settings.html", status=status, **values, **shown)


def _rows(fields: Sequence[Field]) -> list[list[Field]]:
    """Two short ones that follow each other stand side by side."""
    rows: list[list[Field]] = []
    for each in fields:
        before = rows[-1] if rows else []
        if each.kind in _SHORT and len(before) == 1 and before[0].kind in _SHORT:
            before.append(each)
        else:
            rows.append([each])
    return rows


ROUTES = (choose_kind, show_new, add, try_new, show, change, try_settings)
