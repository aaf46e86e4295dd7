"""The contract's own tests."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest

from connectors.graph_mail import GraphMail
from connectors.graph_mail.notifying import client_state_of
from hub.contract import WebCall
from hub.contract.testing import Manner, PullTests, ReceiveTests, SendTests
from tests.connectors.tools import free_port
from tests.stand_ins.graph import Graph
from tests.stand_ins.graph.outward import notice
from tests.stand_ins.graph.server import MAILBOX, SECRET

pytest.importorskip("msgraph", reason="torg[msgraph] isn't installed")

DEEDS: dict[str, dict[str, Any]] = {
    "refuses": {"deed": "status", "status": 400, "code": "ErrorInvalidRecipients"},
    "defers": {"deed": "status", "status": 429, "code": "ApplicationThrottled", "retry_after": "10"},
    "silent": {"deed": "silent"},
}


class Side:
    """The stand-in, as the contract's tests see it."""

    def __init__(self, graph: Graph, settings: Mapping[str, Any]) -> None:
        self.graph, self.settings = graph, settings

    def taken(self) -> Sequence[str]:
        return [body.split(b"Message-ID: ")[1].split(b"\r\n")[0].decode() for body in self.graph.sent]

    def bring(self, body: bytes) -> None:
        self.graph.post("inbox", body)

    def state(self) -> object:
        messages = self.graph.mailbox.messages.values()
        return sorted((each.key, each.folder, tuple(each.categories)) for each in messages)


class TestGraphMail(PullTests, ReceiveTests, SendTests):
    connector = GraphMail
    samples: ClassVar[Sequence[Path]] = sorted(Path(__file__).parent.glob("samples/*"))
    settings: ClassVar[Mapping[str, Any]] = {
        "mailbox": MAILBOX,
        "addresses": {MAILBOX: "granvik/1"},
        "tenant": "granvik.example",
        "client_id": "24d3b144",
        "forbidden_mailbox": "kommundirektoren@granvik.example",
        "client_secret": SECRET,
        "certificate": "-----BEGIN",
    }

    @asynccontextmanager
    async def source(self) -> AsyncIterator[Side]:
        with Graph() as graph:
            yield Side(graph, {**graph.settings, "begin": "all"})

    def away(self) -> Mapping[str, Any]:
        nowhere = f"http://127.0.0.1:{free_port()}"
        settings = {name: value for name, value in self.settings.items() if name != "certificate"}
        return {**settings, "graph_url": nowhere, "login_url": nowhere}

    def refused(self, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**settings, "client_secret": "not this one"}

    @asynccontextmanager
    async def other_side(self, manner: Manner) -> AsyncIterator[Side]:
        with Graph() as graph:
            if manner in DEEDS:
                graph.misbehave(path="/send", **DEEDS[manner])
            yield Side(graph, self.away() if manner == "away" else graph.settings)

    def calls(self) -> Sequence[WebCall]:
        state = client_state_of(self.settings["certificate"], MAILBOX)
        return [
            called([notice({**SUBSCRIPTION, "clientState": state})]),
            called([notice({**SUBSCRIPTION, "clientState": state}) | {"lifecycleEvent": "missed"}]),
            WebCall(query={"validationToken": "Validation: å+%<script>"}, headers={"content-type": "text/plain"}),
        ]

    def forged(self) -> Sequence[WebCall]:
        state = client_state_of(self.settings["certificate"], MAILBOX)
        right = notice({**SUBSCRIPTION, "clientState": state})
        return [
            called([{**right, "clientState": wrong}]) for wrong in (None, "", "ö", state[:-1], state + "0", SECRET)
        ] + [called([right, {**right, "clientState": "other"}]), called([])]


SUBSCRIPTION = {"id": "7f105c7d-2dc5-4530-97cd-4e7ae6534c07", "expirationDateTime": "2026-11-28T18:23:45Z"}


def called(notices: Sequence[Mapping[str, Any]]) -> WebCall:
    return WebCall(headers={"content-type": "application/json"}, content=json.dumps({"value": notices}).encode())
