"""F17: the line to PostgreSQL is cut when COMMIT was said and before it was answered: nothing is lost, nothing doubled.

Whether the server has heard it, whoever asked can't know; both are tried, at each commit on a mail's way in and out.
"""

import os
import socket
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
from litestar.testing import TestClient
from msgspec import structs
from sqlalchemy import make_url, select

from hub.app import Hub, create_app
from hub.edge import replying
from hub.edge.problems import RETRY_SECONDS
from hub.inbound import pipeline as inbound
from hub.inbound import receive
from hub.inbound.raw_event import RawEvent
from hub.inbox.delivery import Delivery
from hub.inbox.entry import Entry
from hub.outbound import pipeline as outbound
from hub.outbound import settle
from hub.proof.ledgers import read_lines
from hub.proof.stand_ins.cutting_proxy import CuttingProxy, cutting
from hub.storage.unit import Unit
from tests.flows.house import CitizensMailServer, House
from tests.line import letter, reachable, until

COMMITS: dict[str, tuple[ModuleType, str]] = {
    "intake": (receive, "_write"),
    "reading": (inbound, "settle"),
    "an answer": (replying, "send_reply"),
    "leased": (outbound, "lease"),
    "handed over": (settle, "hand_over"),
    "sent": (settle, "settle"),
}
"""Units, and where whoever runs them finds them."""
LEASE = 3
"""Seconds; what was leased and not told of waits as long."""


def cut_after(work: Callable[..., Any], proxy: CuttingProxy, *, reaches: bool) -> Callable[..., Any]:
    """The same unit; the first time that it has done something, its line is cut at COMMIT."""
    is_armed = True

    def worked(unit: Unit, *args: Any, **kwargs: Any) -> Any:
        nonlocal is_armed
        result = work(unit, *args, **kwargs)
        if is_armed and result != []:  # nothing was due
            is_armed = False
            proxy.cut_after(_port(unit), b"COMMIT", reaches=reaches)
        return result

    return worked


def _port(unit: Unit) -> int:
    """Ours, of its connection."""
    driver = unit.session.connection().connection.driver_connection
    assert driver is not None
    with socket.socket(fileno=os.dup(driver.pgconn.socket)) as line:
        return int(line.getsockname()[1])


@pytest.fixture
def proxy(postgres_database: str) -> Iterator[CuttingProxy]:
    """Before the PostgreSQL of this run."""
    url = make_url(postgres_database)
    folder = url.query.get("host")
    behind = f"{folder}/.s.PGSQL.5432" if isinstance(folder, str) else url.port or 5432
    with cutting(behind) as made:
        yield made


@pytest.mark.parametrize("reaches", [True, False], ids=["heard", "unheard"])
@pytest.mark.parametrize("what", COMMITS)
def test_f17_an_answer_to_commit_that_is_lost_neither_loses_nor_doubles(
    what: str, reaches: bool, build: Callable[..., House], postgres_database: str, proxy: CuttingProxy,
    outside: CitizensMailServer, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    module, name = COMMITS[what]
    monkeypatch.setattr(module, name, cut_after(getattr(module, name), proxy, reaches=reaches))
    monkeypatch.setattr(settle, "_PAUSES", (1,) * 7)
    house = build(postgres_database, lease_seconds=LEASE)
    by_proxy = make_url(postgres_database).set(host="127.0.0.1", port=proxy.port, query={})
    settings = structs.replace(house.settings, database_url=by_proxy.render_as_string(hide_password=False))
    with TestClient(create_app(Hub(settings, serves=True, works=True))) as client:
        client.headers["Authorization"] = f"Bearer {house.token}"
        until(lambda: reachable(house.port))
        answers = [house.try_to_send(letter())]
        if what == "intake":
            assert 400 <= answers[0] < 500
            answers.append(house.try_to_send(letter()))  # as a mail server does
        assert answers[-1] == 250
        (entry,) = house.entries(1)
        path = f"/api/v1/conversations/{entry.conversation_id}/replies"
        said, key = {"text": "Hej"}, {"Idempotency-Key": "en-gang-1"}
        answer = client.post(path, json=said, headers=key)
        if what == "an answer":
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, str(RETRY_SECONDS))
            assert "look first" in answer.json()["detail"]
            answer = client.post(path, json=said, headers=key)
            assert ("Idempotency-Replayed" in answer.headers) == reaches
        assert answer.status_code == 201
        house.sent(1)
    assert proxy.cuts == 1
    assert house.all(select(RawEvent.arrivals)) == [1 + (reaches and what == "intake")]
    assert [(each.kind, each.author_kind) for each in house.all(select(Entry).order_by(Entry.id))] == [
        ("mail", "citizen"),
        ("mail", "person"),
    ]
    (delivery,) = house.all(select(Delivery))
    assert [line["message_id"] for line in read_lines(outside.ledger)] == [delivery.message_id]
    assert delivery.state == "sent"
