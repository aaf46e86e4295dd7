"""Health of the process, for whoever watches it, and the plain page at `/` of a hub without a screen."""

import hmac
import ipaddress
import time
from typing import Any, Literal

from litestar import MediaType, Request, Response, get
from msgspec import Struct
from sqlalchemy import select

from hub.edge import meter
from hub.edge.person import ANYONE
from hub.edge.problems import RETRY_SECONDS
from hub.errors import NotFound, Unavailable
from hub.inbox.municipality import Municipality
from hub.storage.scope import Scope
from hub.storage.unit import Unit
from hub.watch import metrics

PROMETHEUS = "text/plain; version=0.0.4"
"""Litestar adds the charset."""
_FRESH = 5.0
"""Seconds for which the installation's figures are those that were counted last."""

WELCOME = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Torg</title><meta name="viewport" content="width=device-width"></head>
<body>
<h1>Torg</h1>
<p>One inbox for a municipality's contact centre. This process serves its API, and no screen.</p>
<ul>
<li><a href="/api/v1/openapi.json">What the API offers</a> (OpenAPI). It wants an API token:
<code>torg token add EMAIL --name NAME</code>.</li>
<li><a href="/health">Health</a></li>
</ul>
</body>
</html>
"""


class Health(Struct, frozen=True):
    """`status`: ok | trouble."""

    status: Literal["ok", "trouble"]


@get("/health", opt=ANYONE)
async def show_health(request: Request[Any, Any, Any]) -> Response[Health]:
    """Whether the database answers: 200 or 503."""
    try:
        await request.app.state.storage.read(Scope.everything("health"), _answers)
    except Unavailable:
        return Response(Health("trouble"), status_code=503, headers={"Retry-After": str(RETRY_SECONDS)})
    return Response(Health("ok"))


@get("/health/live", opt=ANYONE)
async def show_alive() -> Health:
    """That the process answers, whatever the database does: whoever restarts it on trouble asks this."""
    return Health("ok")


@get("/health/ready", opt=ANYONE)
async def show_ready(request: Request[Any, Any, Any]) -> Response[Health]:
    """Whether requests may be sent here: 200, or 503 while the database is away or the process is ending."""
    live = request.app.state.get("live")
    if live is not None and live.ended:
        return Response(Health("trouble"), status_code=503, headers={"Retry-After": str(RETRY_SECONDS)})
    answer: Response[Health] = await show_health.fn(request)
    return answer


@get("/metrics", opt=ANYONE, media_type=PROMETHEUS)
async def show_metrics(request: Request[Any, Any, Any]) -> Response[str]:
    """What waits, what went wrong, how long it takes: for Prometheus.

    For this machine itself, when no proxy stands between, or whoever has the setting `metrics_token` as a bearer.
    """
    state = request.app.state
    _require_watcher(request, state.settings.metrics_token)
    until, text = state.get("metrics") or (0.0, "")
    if time.monotonic() >= until:
        found = await state.storage.read(Scope.everything("metrics"), metrics.samples, state.registry)
        text = "\n".join(meter.gauges(found, metrics.HELP))
        state.metrics = (time.monotonic() + _FRESH, text)
    own = "\n".join(request.state.meter.lines())
    return Response(f"{text}\n{own}\n", media_type=PROMETHEUS)


def _require_watcher(request: Request[Any, Any, Any], token: str | None) -> None:
    """Raises NotFound: that there are figures is nobody else's business."""
    kind, _, said = request.headers.get("authorization", "").partition(" ")
    if token is not None:
        if kind.lower() == "bearer" and hmac.compare_digest(said.strip().encode(), token.encode()):
            return
        raise NotFound("There is nothing here.")
    host = request.client.host if request.client else ""
    passed_on = any(name in request.headers for name in ("x-forwarded-for", "x-real-ip", "forwarded", "via"))
    if passed_on or not is_this_machine(host):
        raise NotFound("There is nothing here.")


def is_this_machine(host: str) -> bool:
    """By the address of whoever asks."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@get("/", opt=ANYONE, media_type=MediaType.HTML, include_in_schema=False)
async def welcome() -> str:
    """What is here."""
    return WELCOME


def _answers(unit: Unit) -> None:
    unit.first(select(Municipality.id))


ROUTES = (show_health, show_alive, show_ready)
INSIDE = (show_metrics,)
"""Not where strangers ask."""
