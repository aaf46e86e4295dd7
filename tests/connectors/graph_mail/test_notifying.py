"""Graph says that there is news: believed by its clientState alone; what it doesn't say is found all the same."""

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import pytest
from msgspec.structs import replace

from connectors.graph_mail import GraphMail
from connectors.graph_mail.notifying import LIFETIME
from hub import clock
from hub.contract import AuthFailed, Ring, Secret, WebCall
from hub.contract.testing.stage import TestTools
from tests.connectors.graph_mail.opened import Hub, fetch, run
from tests.stand_ins.graph import Graph
from tests.stand_ins.graph.mailbox import mail

pytest.importorskip("msgraph", reason="torg[msgraph] isn't installed")


@pytest.fixture
def graph() -> Iterator[Graph]:
    with Graph() as graph:
        yield graph
    clock.set_source(None)


class Door:
    """What stands at /calls/7: the connector's `accept` and `answer`, without a hub. `rings`: what it let through."""

    def __init__(self, graph: Graph) -> None:
        self.rings: list[str] = []
        self.calls: list[WebCall] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.hub = Hub(graph, notification_url=f"https://127.0.0.1:{self._server.server_address[1]}")
        self._connector = GraphMail(self.hub.config, TestTools(places=GraphMail.places(self.hub.config)))

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def set_secret(self, secret: str) -> None:
        """As `torg channel set` does: the cursor stays."""
        self.hub.config = replace(self.hub.config, client_secret=Secret(secret))
        self._connector = GraphMail(self.hub.config, TestTools(places=GraphMail.places(self.hub.config)))

    def take(self, call: WebCall) -> tuple[int, str, bytes]:
        self.calls.append(call)
        try:
            brought = self._connector.accept(call)
        except AuthFailed:
            return 401, "text/plain", b""
        self.rings += [each.word for each in brought if isinstance(each, Ring)]
        answer = self._connector.answer(call, [])
        return answer.status, answer.headers.get("content-type", "text/plain"), answer.content

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        door = self

        class Conversation(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                parts = urlsplit(self.path)
                assert parts.path == "/calls/7"
                content = self.rfile.read(int(self.headers.get("content-length") or 0))
                status, kind, said = door.take(WebCall(dict(parse_qsl(parts.query)), {}, content))
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_: object) -> None:
                """Tests say what they have to say."""

        return Conversation


def test_the_first_pull_subscribes_after_a_handshake_and_news_ring(graph: Graph) -> None:
    with Door(graph) as door:
        fetch(door.hub)
        (subscription,) = graph.subscriptions.values()
        assert subscription["resource"] == "users/kontakt@granvik.example/mailFolders('inbox')/messages"
        assert subscription["notificationUrl"] == subscription["lifecycleNotificationUrl"]
        graph.post("inbox", mail(1))
        assert (door.rings, graph.notified) == ([""], [202])
        assert len(fetch(door.hub)) == 1
        assert len(graph.subscriptions) == 1, "one is enough"
        assert door.hub.warnings == [None, None]


def test_news_that_nobody_told_of_are_found_by_asking(graph: Graph) -> None:
    with Door(graph) as door:
        fetch(door.hub)
        graph.notify = False
        graph.post("inbox", mail(1))
        assert door.rings == []
        assert len(fetch(door.hub)) == 1


def test_a_subscription_is_renewed_when_half_of_its_time_is_over(graph: Graph) -> None:
    with Door(graph) as door:
        fetch(door.hub)
        before = [each["expirationDateTime"] for each in graph.subscriptions.values()]
        fetch(door.hub)
        assert graph.asked("PATCH", "subscriptions") == []
        later(LIFETIME * 0.6)
        fetch(door.hub)
        assert len(graph.asked("PATCH", "subscriptions")) == 1
        assert [each["expirationDateTime"] for each in graph.subscriptions.values()] > before


@pytest.mark.parametrize(
    ("event", "patched", "made"),
    [("reauthorizationRequired", 1, 1), ("subscriptionRemoved", 1, 2), ("missed", 0, 1)],
)
def test_events_of_its_life_renew_it_make_it_anew_or_have_the_mailbox_asked(
    graph: Graph, event: str, patched: int, made: int
) -> None:
    with Door(graph) as door:
        fetch(door.hub)
        graph.notify = False
        graph.post("inbox", mail(1))
        graph.tell_of_life(event)
        (word,) = door.rings

        async def story(connector: GraphMail) -> None:
            connector.rung(word)
            assert len(await door.hub.catch_up(connector)) == 1
            await door.hub.catch_up(connector)

        run(door.hub, story)
        assert len(graph.asked("PATCH", "subscriptions")) == patched
        assert len(graph.asked("POST", "subscriptions$")) == made
        assert len(graph.subscriptions) == 1


def test_one_that_has_run_out_is_made_anew(graph: Graph) -> None:
    with Door(graph) as door:
        fetch(door.hub)
        graph.subscriptions.clear()
        later(LIFETIME * 2)
        fetch(door.hub)
        assert len(graph.subscriptions) == 1


def test_a_changed_log_in_is_told_to_graph_for_its_notices_would_be_strangers(graph: Graph) -> None:
    with Door(graph) as door:
        fetch(door.hub)
        before = set(graph.subscriptions)
        graph.secret = "ett nytt"
        door.set_secret("ett nytt")
        fetch(door.hub)
        assert len(graph.subscriptions) == 1
        assert before.isdisjoint(graph.subscriptions)
        graph.post("inbox", mail(1))
        assert (door.rings, graph.notified) == ([""], [202])


def test_where_microsoft_does_not_reach_us_mail_is_fetched_and_it_is_said(graph: Graph) -> None:
    graph.post("inbox", mail(1))
    hub = Hub(graph, notification_url="https://127.0.0.1:9")
    assert len(fetch(hub)) == 1
    (warning,) = set(hub.warnings)
    assert warning is not None
    assert "asked once a minute" in warning


def test_a_notice_with_another_client_state_rings_for_nobody(graph: Graph) -> None:
    with Door(graph) as door:
        fetch(door.hub)
        (subscription,) = graph.subscriptions.values()
        subscription["clientState"] = "guessed"
        graph.post("inbox", mail(1))
        assert (door.rings, graph.notified) == ([], [401])


def test_the_handshake_is_echoed_decoded_and_is_no_page(graph: Graph) -> None:
    with Door(graph) as door:
        token = "<script>alert(1)</script> å+%"
        assert door.take(WebCall({"validationToken": token})) == (200, "text/plain", token.encode())
        assert door.rings == []


def test_samples_of_the_documentation_are_understood(graph: Graph, examples: list[dict[str, Any]]) -> None:
    """Their clientStates aren't ours, so each is refused; with ours each rings."""
    pages = {"concepts/webhooks.md", "concepts/webhooks-lifecycle.md"}
    notices = [each["json"] for each in examples if each["page"] in pages and "value" in (each.get("json") or {})]
    assert notices
    with Door(graph) as door:
        fetch(door.hub)
        (subscription,) = graph.subscriptions.values()
        for each in notices:
            assert door.take(WebCall(content=json.dumps(each).encode()))[0] == 401
            for notice in each["value"]:
                notice["clientState"] = subscription["clientState"]
            assert door.take(WebCall(content=json.dumps(each).encode()))[0] == 202
        assert len(door.rings) == len(notices)


def later(by: timedelta) -> None:
    now = clock.now() + int(by.total_seconds() * clock.SECOND)
    clock.set_source(lambda: now)
