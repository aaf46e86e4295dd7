"""Alarms: whom IT is told by when something is the matter with a channel: added, changed, tried, removed."""

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from msgspec import Struct

from hub.access import policy
from hub.edge import alarming
from hub.edge.alarming import TargetLine, TargetSaid
from hub.edge.desk import Desk
from hub.edge.parameters import PathId
from hub.edge.person import IT
from hub.edge.problems import Stale
from hub.edge.versions import etag
from hub.errors import Invalid, NotFound
from hub.watch.target import AGAIN_HOURS, MOST_HOURS
from inbox_ui.administered import queue_id as row_id
from inbox_ui.administered import texts
from inbox_ui.administration import administration
from inbox_ui.rendering import Asking, is_part, onward, page
from inbox_ui.showing import Toast
from inbox_ui.stored import stored
from inbox_ui.words import gettext as _
from inbox_ui.words import told

_ALL = "all"


class Target(Struct, frozen=True):
    """As a row shows it: what was told last, and how that ended. `address`: without what may hold a key."""

    line: TargetLine
    address: str
    what: str
    at: datetime | None
    ended: str
    tone: str
    why: str


@get("/alarms", opt=IT)
async def show_targets(request: Asking, desk: NamedDependency[Desk]) -> Response[bytes]:
    """Of the municipalities whose channels this person runs; for a page that is open, the part that shows them."""
    return await _listed(request, desk)


@get("/alarms/new", opt=IT)
async def begin(request: Asking, desk: NamedDependency[Desk]) -> Response[bytes]:
    """An empty form."""
    return await _asked(request, desk, {})


@post("/alarms/new", opt=IT, status_code=200)
async def add(request: Asking, desk: NamedDependency[Desk]) -> Response[bytes]:
    """It is told from now on. A key that was made for it is shown once, here."""
    said = texts(await request.form())
    values = await administration(request, desk)
    try:
        made = await alarming.add(desk, _target_of(said))
    except (Invalid, NotFound) as error:
        return await _asked(request, desk, said, error)
    if made.key is None or said.get("key", "").strip():
        return onward("/alarms")
    return page(request, "alarms/made.html", **values, key=made.key, address=_without_query(said["address"].strip()))


@get("/alarms/{target_id:int}", opt=IT)
async def show_one(request: Asking, desk: NamedDependency[Desk], target_id: PathId) -> Response[bytes]:
    """As it is, to be changed."""
    return await _asked(request, desk, {}, of=await alarming.line(desk, target_id))


@post("/alarms/{target_id:int}", opt=IT, status_code=200)
async def change(request: Asking, desk: NamedDependency[Desk], target_id: PathId) -> Response[bytes]:
    """It is told there from now on. What may be secret, and is left empty, stays as it is."""
    said = texts(await request.form())
    await administration(request, desk)
    line = await alarming.line(desk, target_id)
    try:
        await alarming.change(desk, target_id, _target_of({**said, "kind": line.kind}), etag(said.get("version", "")))
    except (Invalid, NotFound, Stale) as error:
        return await _asked(request, desk, said, error, of=await alarming.line(desk, target_id))
    return onward("/alarms")


@post("/alarms/{target_id:int}/trial", opt=IT, status_code=200)
async def try_out(request: Asking, desk: NamedDependency[Desk], target_id: PathId) -> Response[bytes]:
    """A notice that only says that it would arrive; how it ends is shown in its row."""
    await administration(request, desk)
    await alarming.try_out(desk, target_id)
    if not is_part(request):
        return onward("/alarms")
    return await _listed(request, desk, Toast(_("A test alarm is on its way")))


@get("/alarms/{target_id:int}/removal", opt=IT)
async def ask_removal(request: Asking, desk: NamedDependency[Desk], target_id: PathId) -> Response[bytes]:
    """Whether it shall be: the key of a call can't be had back."""
    values = await administration(request, desk)
    shown = _shown(await alarming.line(desk, target_id))
    template = "alarms/_removal.html" if is_part(request) else "alarms/removal.html"
    return page(request, template, **values, one=shown)


@post("/alarms/{target_id:int}/removal", opt=IT, status_code=200)
async def remove(request: Asking, desk: NamedDependency[Desk], target_id: PathId) -> Response[bytes]:
    """It is told no more."""
    await administration(request, desk)
    was = _shown(await alarming.line(desk, target_id))
    await alarming.remove(desk, target_id)
    if not is_part(request):
        return onward("/alarms")
    return await _listed(request, desk, Toast(_("%(address)s is told no more") % {"address": was.address}))


def _target_of(said: Mapping[str, str]) -> TargetSaid:
    """Raises Invalid."""
    home, kind = said.get("home", ""), said.get("kind", "")
    if home != _ALL and not home.isdecimal():
        raise Invalid("municipality", _("Choose whose channels it is about."))
    hours = said.get("again_hours", "").strip()
    return TargetSaid(
        kind,
        said.get("address", "").strip(),
        None if home == _ALL else row_id(home),
        int(hours) if hours.isascii() and hours.isdecimal() and len(hours) < len(str(MOST_HOURS)) + 1 else 0,
        said.get("key", "").strip() if kind == "webhook" else "",
    )


async def _listed(request: Asking, desk: Desk, toast: Toast | None = None) -> Response[bytes]:
    values = await administration(request, desk)
    found = [_shown(each) for each in await alarming.lines(desk)]
    shown: dict[str, Any] = {"targets": found, "toast": toast}
    shown["on_its_way"] = any(each.line.is_on_its_way for each in found)
    template = "alarms/_targets.html" if is_part(request) else "alarms/page.html"
    return page(request, template, headers={"HX-Retarget": "#targets"} if toast else None, **values, **shown)


async def _asked(
    request: Asking,
    desk: Desk,
    said: Mapping[str, str],
    error: Invalid | NotFound | Stale | None = None,
    of: TargetLine | None = None,
) -> Response[bytes]:
    """`of`: the one that is changed; None: a new one."""
    values = await administration(request, desk)
    as_is: dict[str, str] = {}
    shown_address = ""
    if of is not None:
        shown_address = _shown(of).address
        as_is = {"kind": of.kind, "again_hours": str(of.again_hours), "home": of.municipality_id or _ALL}
        as_is["address"] = "" if "?" in shown_address else shown_address
    field = (
        {"mail": "address", "webhook": "address"}.get(error.field, error.field) if isinstance(error, Invalid) else ""
    )
    shown: dict[str, Any] = {
        "typed": {"kind": "mail", "again_hours": str(AGAIN_HOURS), **as_is, **said, "key": ""},
        "of": of,
        "address_is": shown_address,
        "homes": [
            each for each in values["names"].municipalities.values() if policy.runs_channels(desk.actor, int(each.id))
        ],
        "tells_all": await alarming.tells_all(desk),
        "most_hours": MOST_HOURS,
        "field": "municipality" if isinstance(error, NotFound) else field,
        "problem": told(error) if error else "",
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK
    status = HTTPStatus.PRECONDITION_FAILED if isinstance(error, Stale) else status
    return page(request, "alarms/new.html", status=status, **values, **shown)


def _shown(line: TargetLine) -> Target:
    whats = {"raised": _("Alarm"), "again": _("Alarm, again"), "over": _("All clear"), "try": _("Test alarm")}
    ends = {
        "sent": (_("Sent"), "ok"),
        "failed": (_("Didn’t go out"), "late"),
        "uncertain": (_("May have arrived"), "warn"),
    }
    ended, tone = ends.get(line.state or "", (_("On its way"), "info"))
    if line.is_on_its_way and line.reason:
        ended, tone = _("Is tried again"), "warn"
    return Target(
        line,
        _without_query(line.address or "") if line.kind == "webhook" else line.address or "",
        whats.get(line.what or "", ""),
        line.told_at,
        ended,
        tone,
        stored(line.reason) if line.reason else "",
    )


def _without_query(address: str) -> str:
    """It may hold a key of theirs."""
    place, sign, _query = address.partition("?")
    return f"{place}?…" if sign else place


ROUTES = (show_targets, begin, add, show_one, change, try_out, ask_removal, remove)
