"""Kept answers: what wasn't checked to its end isn't kept, and what can't be kept is a fault of its source alone."""

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from hub import clock
from hub.contract import About, AnyCard, DidYouMean, InvoiceCard, PluginError, Subject
from hub.errors import Unavailable
from hub.lookups import kept
from hub.lookups.ask import ask
from hub.lookups.kept import KeptAnswer, Place, Whole
from hub.lookups.question import Question
from hub.lookups.sources import Sources
from hub.storage.scope import Scope
from hub.storage.unit import Unit
from tests.lookups.source import Ledgered
from tests.web.test_lookups import BERTIL, Asked
from tests.web.world import World

SAID = {"by": "invoice", "value": "17", "purpose": "Fakturan"}


@pytest.fixture
def asked(world: World) -> Asked:
    made = Asked(world)
    made.confirm()
    return made


def card(about: About, **fields: Any) -> AnyCard:
    made: dict[str, Any] = {"number": "1", "status": "paid", "currency": "SEK", "as_of": clock.to_datetime(clock.now())}
    return InvoiceCard(about=about, **(made | fields))


def of_bertil(subject: Subject) -> Sequence[AnyCard]:
    """Asked by an invoice, it is about a person whom the question wasn't about."""
    return [card(About(invoice=subject.value, identity=BERTIL))]


def rows(unit: Unit) -> Sequence[KeptAnswer]:
    return unit.all(select(KeptAnswer))


def nothing_is_kept(asked: Asked, outcome: str) -> None:
    assert asked.audited()[-1][:2] == ("lookup.answer", outcome)
    assert asked.world.do(rows) == []
    assert asked.offered()["invoices"]["answered"] is None


def test_what_no_storage_could_check_is_not_kept(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> bool:
        raise Unavailable("The database is away.")

    Ledgered.does = of_bertil
    monkeypatch.setattr("hub.lookups.ask._is_known_protected", away)
    assert asked.ask(**SAID).status_code == 503
    monkeypatch.undo()
    nothing_is_kept(asked, "left")


def test_what_nobody_waited_for_to_be_checked_is_not_kept(asked: Asked) -> None:
    asked.publish("register", register=True)

    def answer(subject: Subject) -> Sequence[AnyCard]:
        Ledgered.does = "hang"  # the register, of Bertil
        return of_bertil(subject)

    Ledgered.does = answer
    sara = asked.world.actor("sara")
    question = Question(None, "invoices", "invoice", "17", "Fakturan", asked.id, "conversation")

    async def leave() -> None:
        sources = Sources(asked.world.storage, asked.world.client.app.state.sources.registry)
        asking = asyncio.create_task(ask(sources, Scope.of(sara), sara, question))
        while len(Ledgered.asked) < 2 and not asking.done():  # noqa: ASYNC110 - the source sets no event
            await asyncio.sleep(0.01)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await sources.close()

    asyncio.run(leave())
    assert [each.by for each in Ledgered.asked] == ["invoice", "identity"]
    nothing_is_kept(asked, "left")


def made_wrong(subject: Subject, **fields: Any) -> Sequence[AnyCard]:
    return [card(About(**{subject.by: subject.value}), **fields)]


@pytest.mark.parametrize(
    "wrong",
    [{"title": "half a sign: \ud83d"}, {"total": object()}, {"status": "maybe"}, {"due": "soon"}, {"reminders": "2"}],
    ids=["surrogate", "foreign type", "unknown word", "no date", "no number"],
)
def test_a_card_that_cannot_be_kept_is_a_fault_of_its_source(asked: Asked, wrong: dict[str, Any]) -> None:
    Ledgered.does = lambda subject: made_wrong(subject, **wrong)
    answer = asked.ask(**SAID)
    assert (answer.status_code, answer.json()["state"], answer.json()["why"]) == (200, "down", "fault")
    assert asked.audited()[-1][:2] == ("lookup.answer", "fault")
    assert asked.offered()["invoices"]["answered"]["cards"] == []
    Ledgered.does = lambda subject: made_wrong(subject, due=date(2026, 12, 1))
    assert asked.ask(**SAID).json()["state"] == "found"
    assert asked.offered()["invoices"]["answered"]["cards"][0]["due"] == "2026-12-01"


@pytest.mark.parametrize("error", [DidYouMean(["Åvägen \ud83d"]), PluginError("It says \ud83d.")])
def test_words_that_cannot_be_kept_are_a_fault_of_their_source(asked: Asked, error: PluginError) -> None:
    def fail(_: Subject) -> Sequence[AnyCard]:
        raise error

    Ledgered.does = fail
    answer = asked.ask(**SAID)
    assert (answer.status_code, answer.json()["why"]) == (200, "fault")
    assert asked.audited()[-1][:2] == ("lookup.answer", "fault")


def test_a_source_whose_cards_cannot_be_kept_rests_in_the_end(asked: Asked) -> None:
    Ledgered.does = lambda subject: made_wrong(subject, status="maybe")
    whys = [asked.ask(**SAID).json()["why"] for _ in range(6)]
    assert whys == ["fault"] * 5 + ["resting"]


@pytest.mark.parametrize("told", [b"{}", b"no JSON", b'{"state":"found","lookup":"invoices","version":1}'])
def test_what_another_release_has_kept_counts_as_not_kept(asked: Asked, told: bytes) -> None:
    asked.ask(**SAID)
    (row,) = asked.world.do(rows)
    place = Place(row.municipality_id, asked.id, row.person_id, row.lookup_id, row.confirmation_id)
    asked.world.do(kept.keep, place, Whole(row.asked_at, told))
    assert asked.offered()["invoices"]["answered"] is None
    pins = f"/conversations/{asked.id}/lookups/invoices/pins"
    assert asked.world.ask("POST", pins, json={"asked_at": "2026-11-28T05:00:00Z"}).status_code == 409


def test_an_answer_without_cards_has_nothing_to_pin(asked: Asked) -> None:
    Ledgered.does = lambda _: []
    assert asked.ask(**SAID).json()["state"] == "none"
    pins = f"/conversations/{asked.id}/lookups/invoices/pins"
    refused = asked.world.ask("POST", pins, json=asked.shown())
    assert (refused.status_code, refused.json()["field"]) == (422, "card")
    assert "no card: there is nothing to pin" in refused.json()["detail"]
