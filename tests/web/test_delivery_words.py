"""Deliveries in words: with several recipients it is said with whom one stands otherwise."""

from types import SimpleNamespace
from typing import Any

import msgspec

from hub import clock
from hub.inbox.timeline import DeliveryLine
from inbox_ui.deliveries import of_entry
from inbox_ui.words import speak

NOW = clock.to_datetime(clock.now())


def _said(*stands: dict[str, Any]) -> list[str]:
    lines = [
        DeliveryLine(
            **{
                **{each.name: None for each in msgspec.structs.fields(DeliveryLine)},
                "id": str(at), "recipient": f"r{at}@post.example", "state": "sent", "not_before": NOW, **given,
            }
        )
        for at, given in enumerate(stands)
    ]  # fmt: skip
    speak("en", "UTC")  # whatever another test has spoken
    entry: Any = SimpleNamespace(deliveries=lines, body={})
    return [each.words for each in of_entry(entry, "Ida Berg", "r0@post.example")]


def test_all_the_same_is_said_once() -> None:
    assert _said({}) == ["Sent"]
    assert _said({}, {}, {}) == ["Sent"]


def test_one_that_stands_otherwise_is_named_and_the_citizens_address_stays_covered() -> None:
    read, sent = _said({"read_at": NOW}, {})
    assert (read.startswith("Read "), read.endswith(": Ida Berg"), sent) == (True, True, "Sent: r1@post.example")
    assert _said({}, {"state": "failed", "reason": "550 no"}) == ["Sent", "Not delivered: r1@post.example"]
