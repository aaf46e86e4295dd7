"""F28 with the whole line: fetched by the hub's own loop, told of news, answered from the mailbox."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

import pytest
from sqlalchemy import select

from hub.app import Hub
from hub.channels import add
from hub.channels.change import change
from hub.channels.channel import Channel
from hub.channels.pause import resume
from hub.contract import AuthFailed, WebCall
from hub.inbound.raw_event import RawEvent
from hub.inbox.municipality import Municipality
from hub.storage.unit import Unit
from tests import line as lines
from tests.line import TEST, Line, until
from tests.stand_ins.graph import Graph
from tests.stand_ins.graph.mailbox import mail
from tests.stand_ins.graph.server import MAILBOX

pytest.importorskip("msgraph", reason="torg[msgraph] isn't installed")


class Here(Hub):
    """Where it runs, so that it can be called from outside."""

    last: ClassVar["Here"]
    loop: ClassVar[asyncio.AbstractEventLoop]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        Here.last, Here.loop = self, asyncio.get_running_loop()
        async with super().running():
            yield


class Door(BaseHTTPRequestHandler):
    """The web before it: what `hub/web/channel_calls.py` does, in a thread."""

    def do_POST(self) -> None:
        parts = urlsplit(self.path)
        content = self.rfile.read(int(self.headers.get("content-length") or 0))
        call = Here.last.called(
            int(parts.path.removeprefix("/calls/")), WebCall(dict(parse_qsl(parts.query)), {}, content)
        )
        try:
            answer = asyncio.run_coroutine_threadsafe(call, Here.loop).result(60)
            status, said = answer.status, answer.content
        except AuthFailed:
            status, said = 401, b""
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: object) -> None:
        """Tests say what they have to say."""


@pytest.fixture
def graph() -> Iterator[Graph]:
    with Graph() as graph:
        yield graph


@pytest.fixture
def line(sqlite_database: str, tmp_path: Path, graph: Graph, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    """A channel of Granvik's for the stand-in's mailbox, which answers leave by, too."""
    monkeypatch.setattr(lines, "Hub", Here)
    door = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    threading.Thread(target=door.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    made = Line(tmp_path, sqlite_database)
    settings = {
        **graph.settings,
        "addresses": {MAILBOX: "granvik/Kundtjänst"},
        "begin": "all",
        "notification_url": f"https://127.0.0.1:{door.server_address[1]}",
    }
    made.ids["graph"] = made.storage.write_now(TEST, _add, made, settings)
    yield made
    made.storage.close()
    door.shutdown()
    door.server_close()


def _add(unit: Unit, line: Line, settings: dict[str, Any]) -> int:
    _, config = add.prepare(unit, line.registry, "graph_mail", settings)
    channel = add.add(unit, "graph_mail", "Kontakt", config, unit.get(Municipality, line.ids["granvik"]))
    change(unit, channel, None, channel.id)
    return channel.id


def test_all_of_it_is_here_once_whatever_graph_does(line: Line, graph: Graph) -> None:
    for number in range(3):
        graph.post("inbox", mail(number))
    with line.running():
        line.entries(3)
        until(lambda: graph.subscriptions)
        graph.post("inbox", mail(3))
        line.entries(4, 20)  # a minute, had nobody rung
        graph.expire_links()
        graph.post("inbox", mail(3, Message_ID="<x@exempel.example>"))
        line.entries(5, 20)
        graph.misbehave("status", path="delta", status=429, code="ApplicationThrottled", retry_after="1.5")
        graph.post("inbox", mail(5))
        line.entries(6, 20)
        graph.misbehave("cut", path="$value")
        graph.post("inbox", mail(6))
        line.entries(7, 30)
        graph.open_mailboxes.clear()
        graph.post("inbox", mail(7))
        until(lambda: paused(line))
        assert "consent was withdrawn" in str(paused(line))
        graph.open_mailboxes.add(MAILBOX)
        line.storage.write_now(TEST, resume, line.registry, line.ids["graph"], lambda _: True)
        line.entries(8, 30)
    kept = line.all(select(RawEvent.source_key).where(RawEvent.channel_id == line.ids["graph"]))
    assert sorted(kept) == sorted(each.key for each in graph.mailbox.within("inbox"))


def test_an_answer_leaves_from_the_mailbox(line: Line, graph: Graph) -> None:
    graph.post("inbox", mail(1))
    with line.running():
        (entry,) = line.entries(1)
        line.answer(entry.conversation_id, "Vi plogar i natt.")
        until(lambda: graph.sent)
    (sent,) = graph.sent
    assert b"To: <anna@exempel.example>" in sent or b"anna@exempel.example" in sent
    assert b"From: Granviks kommun <kontakt@granvik.example>" in sent
    assert b"In-Reply-To: <1.graph@exempel.example>" in sent


def paused(line: Line) -> str | None:
    found: str | None = line.one(select(Channel.paused_why).where(Channel.id == line.ids["graph"]))
    return found
