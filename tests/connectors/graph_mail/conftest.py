"""The library, imported once; the documentation's examples, or our own of the same shape where those aren't here."""

import json
from typing import Any

import pytest

from tests.connectors.graph_mail.opened import Hub, fetch
from tests.stand_ins.graph import Graph
from tests.stand_ins.graph.mailbox import mail
from tests.stand_ins.recorded import samples


@pytest.fixture(scope="session", autouse=True)
def _imported() -> None:
    """A second and more, in which no test shall wait for something."""
    pytest.importorskip("msgraph.graph_service_client", reason="torg[msgraph] isn't installed")
    with Graph() as graph:
        graph.post("inbox", mail())
        fetch(Hub(graph))


@pytest.fixture
def examples() -> list[dict[str, Any]]:
    """Page, kind, text, and the parsed body."""
    found: list[dict[str, Any]] = json.loads((samples("graph") / "examples.json").read_text(encoding="utf-8"))
    return found
