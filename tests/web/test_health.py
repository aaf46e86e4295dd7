"""Health and figures: whom they are for, that they are right, and that nothing in them tells of anybody."""

import asyncio
import json
import logging
import re
import sys
from typing import Any

import pytest
from sqlalchemy import update

from hub.channels.channel import Channel
from hub.cli.serve import AsJson, Impersonal, web
from hub.edge.meter import Meter, face_of, line, shared
from hub.errors import Unavailable
from hub.inbox.delivery import Delivery
from hub.outbound import freeze
from hub.settings import Settings
from hub.watch import metrics
from tests.web.world import World, keep_raw

TOKEN = "a-token-of-the-watch"
LINE = re.compile(r'(?P<name>[a-z_]+)(\{(?P<labels>([a-z]+="[^"]*",?)+)\})? (?P<number>[-+0-9.e]+)')
CANARY = "kanariefågel"


@pytest.fixture
def watched(world: World) -> World:
    world.client.app.state.settings = Settings(metrics_token=TOKEN)
    return world


def read(world: World, **headers: str) -> dict[tuple[str, str], float]:
    """By name and labels."""
    answer = world.client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}", **headers})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = {}
    for each in answer.text.splitlines():
        if each and not each.startswith("# "):
            match = LINE.fullmatch(each)
            assert match, each
            found[match["name"], match["labels"] or ""] = float(match["number"])
    return found


def test_alive_is_asked_of_the_process_ready_of_the_database(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in ("/health", "/health/live", "/health/ready"):
        assert (world.client.get(path).status_code, world.client.get(path).json()) == (200, {"status": "ok"})

    async def away(*_: Any) -> None:
        raise Unavailable("gone")

    monkeypatch.setattr(world.storage, "read", away)
    assert world.client.get("/health/live").status_code == 200
    for path in ("/health", "/health/ready"):
        assert world.client.get(path).status_code == 503
        assert "Retry-After" in world.client.get(path).headers


def test_a_process_that_is_about_to_end_is_not_ready(world: World) -> None:
    world.client.app.state.live.end()
    assert world.client.get("/health/ready").status_code == 503
    assert world.client.get("/health/live").status_code == 200


def test_figures_are_for_the_watch_alone(watched: World) -> None:
    client = watched.client
    assert client.get("/metrics").status_code == 404
    for said in ("Bearer another-token-altogether", "Basic x", f"Bearer {watched.tokens['ida']}"):
        assert client.get("/metrics", headers={"Authorization": said}).status_code == 404
    assert client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    client.app.state.settings = Settings()
    assert client.get("/metrics").status_code == 404, "from another machine, without a token"


def test_figures_are_what_there_is(watched: World) -> None:
    conversation_id = watched.mail(CANARY, subject=CANARY, sender=f"{CANARY}@post.example", due_at=1)
    said = watched.ask("POST", f"/conversations/{conversation_id}/replies", json={"text": CANARY})
    assert said.status_code == 201
    for number, state in enumerate(("new", "new", "quarantined")):
        watched.do(keep_raw, watched.ids, f"{CANARY}{number}", CANARY.encode(), state=state)
    watched.do(lambda unit: unit.change(update(Delivery).values(not_before=1)))
    watched.do(lambda unit: unit.change(update(Channel).where(Channel.name == "mute").values(paused_why=CANARY)))
    watched.client.get("/api/v1/conversations")
    found = read(watched)
    assert found["torg_raw_events", 'kind="smtp_in",state="new"'] == 2
    assert found["torg_raw_events", 'kind="smtp_in",state="quarantined"'] == 1
    assert found["torg_deliveries", 'kind="eml_folder",state="queued"'] == 1
    assert found["torg_oldest_due_seconds", ""] > 1e9
    assert found["torg_channels", 'kind="smtp_in",state="paused"'] == 1
    assert found["torg_late_conversations", ""] == 0, "it was answered"
    assert found["torg_outbox_frozen", ""] == 0
    assert found["torg_requests_total", 'face="api",status="2xx"'] >= 1
    assert found["torg_request_seconds_count", 'face="api"'] >= 2
    names = {name for name, _ in found}
    assert metrics.HELP.keys() - names <= {"torg_lookup_answers_hour"}
    answer = watched.client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).text
    for canary in (CANARY, "granvik", "sara", "example"):
        assert canary not in answer.lower()


def test_a_frozen_outbox_shows(watched: World) -> None:
    watched.do(freeze.after_restore, 1)
    watched.client.app.state.pop("metrics", None)
    assert read(watched)["torg_outbox_frozen", ""] == 1


def test_the_meter_adds_up() -> None:
    meter = Meter()
    for seconds in (0.001, 0.03, 99.0):
        meter.note("api", 200, seconds)
    lines = list(meter.lines())
    assert 'torg_request_seconds_bucket{face="api",le="0.01"} 1' in lines
    assert 'torg_request_seconds_bucket{face="api",le="0.05"} 2' in lines
    assert 'torg_request_seconds_bucket{face="api",le="+Inf"} 3' in lines
    assert 'torg_requests_total{face="api",status="2xx"} 3' in lines
    assert {face_of(path) for path in ("/chat/1/turns", "/forms/a/b", "/calls/7", "/api/v1/cti/secret")} == {"public"}
    assert (face_of("/api/v1/search"), face_of("/inbox")) == ("api", "page")


def test_processes_that_share_cells_show_the_sum() -> None:
    cells = shared(2)
    one, other = Meter(cells, 0), Meter(cells, 1)
    one.note("page", 200, 0.02)
    other.note("page", 503, 0.5)
    for each in (one, other):
        lines = list(each.lines())
        assert 'torg_requests_total{face="page",status="2xx"} 1' in lines
        assert 'torg_requests_total{face="page",status="5xx"} 1' in lines
        assert 'torg_request_seconds_count{face="page"} 2' in lines
        assert 'torg_request_seconds_sum{face="page"} 0.52' in lines
        assert not any('face="public"' in line for line in lines)


def test_large_numbers_are_told_whole() -> None:
    assert line("torg_requests_total", {}, 12_345_678) == "torg_requests_total 12345678"


@pytest.mark.parametrize(
    ("peer", "said", "who"),
    [
        ("127.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("127.0.0.1", "198.51.100.1, 203.0.113.7", "203.0.113.7"),  # the first is what the stranger wrote
        ("127.0.0.1", "198.51.100.1, 203.0.113.7, 10.1.0.9", "203.0.113.7"),  # two proxies of ours
        ("10.1.0.9", "203.0.113.7", "203.0.113.7"),
        ("203.0.113.7", "127.0.0.1", "203.0.113.7"),  # nobody's proxy
        ("203.0.113.7", "10.1.0.9, 127.0.0.1", "203.0.113.7"),
        ("127.0.0.1", None, "127.0.0.1"),
    ],
)
def test_who_asks_is_told_by_trusted_proxies_alone(peer: str, said: str | None, who: str) -> None:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["client"][0])

    config = web(app, Settings(trusted_proxies=("127.0.0.1", "10.1.0.0/24")), "127.0.0.1", 8000)
    config.load()
    headers = [(b"x-forwarded-for", said.encode())] if said else []
    scope = {"type": "http", "client": (peer, 1), "scheme": "http", "headers": headers, "path": "/", "method": "GET"}
    asyncio.run(config.loaded_app(scope, None, None))
    assert seen == [who]


def test_a_line_of_json_is_whole_and_quotes_nobody() -> None:
    try:
        raise ValueError(CANARY)
    except ValueError:
        record = logging.LogRecord(
            "hub.x", logging.ERROR, __file__, 1, "delivery %d: a bug\nhere", (7,), sys.exc_info()
        )
    line = AsJson().format(record)
    said = json.loads(line)
    assert "\n" not in line
    assert (said["level"], said["logger"], said["message"]) == ("error", "hub.x", "delivery 7: a bug\nhere")
    assert "ValueError" in said["error"]
    assert CANARY not in line + Impersonal("%(message)s").format(record)
