"""Lookups beside a conversation: who may ask what, what it takes, and what is shown of the answer."""

import json
import time
from collections.abc import Callable, Sequence
from threading import Thread
from typing import Any

import msgspec
import pytest
from httpx import Response
from msgspec.structs import replace
from sqlalchemy import select

from hub import clock
from hub.access.audit import Audit
from hub.contract import About, AnyCard, Bounds, Field, FieldsCard, InvoiceCard, Misconfigured, Subject, Unreachable
from hub.edge import asking
from hub.inbox import identity
from hub.inbox.citizen import Citizen
from hub.inbox.conversation import Conversation
from hub.inbox.topic import Topic
from hub.lookups import definition, limits
from hub.lookups import kept as keeping
from hub.lookups.definition import Declared
from hub.lookups.kept import KeptAnswer
from hub.lookups.pin import any_old, erase_old
from hub.lookups.sources import Sources
from hub.storage.ids import new_id
from hub.storage.unit import Unit
from tests.flying import fly
from tests.lookups.source import Ledgered, Placed, Settings, registry
from tests.web.world import EVERYTHING, World, let_pass, must

ANNA, BERTIL = "19121212-1212", "19101010-1010"
THEN = {"asked_at": "2026-11-28T05:00:00Z"}
SECONDS = 10
"""That a source has to answer, where one hangs."""


class Asked:
    """A conversation in Granvik, with a lookup of invoices and one of a place."""

    def __init__(self, world: World) -> None:
        self.world = world
        world.client.app.state.sources = Sources(world.storage, registry())
        self.publish("invoices")
        self.publish("waste", kind="placed")
        self.id = world.mail()

    def publish(self, name: str, kind: str = "ledgered", **fields: Any) -> None:
        declared = Declared(name=name, kind=kind, title={"sv": name}, **({"seconds": 30} | fields))
        self.world.do(definition.publish, self.world.ids["granvik"], declared, Settings())

    def confirm(self, number: str = "", who: str = "sara") -> Response:
        said = {"how": "called_back", "number": number}
        path, version = f"/conversations/{self.id}/identity", self.world.version(self.id)
        return self.world.change("PUT", path, who, version=version, json=said)

    def ask(self, name: str = "invoices", who: str = "sara", **said: Any) -> Response:
        return self.world.ask("POST", f"/conversations/{self.id}/lookups/{name}", who, json=said)

    def offered(self, who: str = "sara") -> dict[str, dict[str, Any]]:
        found = self.world.get(f"/conversations/{self.id}/lookups", who).json()
        return {each["name"]: each for each in found["lookups"]}

    def shown(self, **more: Any) -> dict[str, Any]:
        """The answer that they were shown last, as what is done with it names it."""
        return {"asked_at": self.offered()["invoices"]["answered"]["asked_at"], **more}

    def allow(self, *names: str) -> None:
        """By the topic of a question here."""
        self.world.do(_allow, self.world.ids["fakturor"], names)
        topic = str(self.world.ids["fakturor"])
        self.world.ask("POST", f"/conversations/{self.id}/matters", json={"topic": topic})

    def audited(self) -> list[tuple[str, str, str | None]]:
        return [(row.act, row.outcome, row.purpose) for row in self.world.do(_audited)]


def _allow(unit: Unit, topic_id: int, names: Sequence[str]) -> None:
    must(unit.get(Topic, topic_id)).lookups = list(names)


def _audited(unit: Unit) -> Sequence[Audit]:
    return unit.all(select(Audit).where(Audit.act.like("lookup.%")).order_by(Audit.id))


def _protect(unit: Unit, conversation_id: int, protection: str) -> None:
    conversation = must(unit.get(Conversation, conversation_id))
    must(unit.get(Citizen, conversation.citizen_id)).protection = protection


@pytest.fixture
def asked(world: World) -> Asked:
    return Asked(world)


def test_what_is_somebodys_own_waits_for_the_identity(asked: Asked) -> None:
    asked.allow("invoices")
    assert asked.offered()["invoices"]["stands"] == "waits"
    refused = asked.ask(by="invoice", value="17")
    assert (refused.status_code, "Confirm" in refused.json()["detail"]) == (403, True)
    assert (Ledgered.asked, asked.audited()) == ([], [])
    assert asked.confirm(ANNA).status_code == 200
    answer = asked.ask().json()
    assert (answer["state"], answer["asked_by"]) == ("found", "1912••••-••••")
    assert Ledgered.asked == [Subject("identity", "191212121212")]
    assert asked.audited() == [("lookup.ask", "asked", "Fakturor"), ("lookup.answer", "found 1", "Fakturor")]


def test_what_the_topic_does_not_allow_takes_a_purpose(asked: Asked) -> None:
    asked.confirm(ANNA)
    assert asked.offered()["invoices"]["stands"] == "other"
    refused = asked.ask()
    assert (refused.status_code, refused.json()["field"]) == (422, "purpose")
    assert asked.ask(purpose="Hon undrar om avgiften").json()["state"] == "found"
    assert asked.audited()[0] == ("lookup.ask", "asked", "Hon undrar om avgiften")


def test_an_address_needs_no_identity(asked: Asked) -> None:
    assert asked.offered()["waste"]["stands"] == "address"
    answer = asked.ask("waste", by="address", value="Åvägen 2").json()
    assert (answer["state"], answer["asked_by"]) == ("found", "Åvägen 2")
    assert asked.audited()[0] == ("lookup.ask", "asked", "Address only")


def test_a_number_that_is_told_is_kept_and_another_one_is_not_asked_by(asked: Asked) -> None:
    assert asked.confirm("121212-1212").status_code == 422
    assert "mistyped" in asked.confirm("19121212-1213").json()["detail"]
    asked.confirm(ANNA)
    asked.allow("invoices")
    assert asked.offered()["invoices"]["known"] == {"identity": "1912••••-••••"}
    assert asked.confirm(BERTIL).status_code == 422
    refused = asked.ask(by="identity", value=BERTIL)
    assert (refused.status_code, refused.json()["field"]) == (422, "value")
    assert Ledgered.asked == []


def test_what_is_anothers_than_whose_identity_is_confirmed_is_not_shown(asked: Asked) -> None:
    asked.confirm(ANNA)
    Ledgered.does = lambda subject: [_card(About(invoice=subject.value, identity="101010-1010"))]
    answer = asked.ask(by="invoice", value="17", purpose="Fakturan i mejlet").json()
    assert (answer["state"], answer["cards"]) == ("down", [])
    assert "somebody else's" in answer["sentence"]
    assert asked.audited()[-1][:2] == ("lookup.answer", "of another")


def _card(about: About, **fields: Any) -> AnyCard:
    made: dict[str, Any] = {"number": "1", "status": "paid", "currency": "SEK", "as_of": clock.to_datetime(clock.now())}
    return InvoiceCard(about=about, **(made | fields))


@pytest.mark.parametrize("protection", ["yes", "unknown"])
def test_nothing_is_asked_about_who_is_protected(asked: Asked, protection: str) -> None:
    asked.world.do(_protect, asked.id, protection)
    asked.confirm(ANNA)
    refused = asked.ask(purpose="Fakturan")
    assert (refused.status_code, "protected identity" in refused.json()["detail"]) == (403, True)
    assert Ledgered.asked == []
    assert asked.audited() == [("lookup.ask", "protected", "Fakturan")]
    assert asked.ask("waste", by="address", value="Åvägen 2").json()["state"] == "found"


def _register(asked: Asked, says: Callable[[], str]) -> None:
    """Of protected identities: it answers by the name `register`, and the invoices by theirs."""
    asked.publish("register", register=True)

    def answer(subject: Subject) -> Sequence[AnyCard]:
        if len(Ledgered.asked) % 2 == 0:
            return [_card(About(**{subject.by: subject.value}))]
        flag = [Field("protected", says())]
        now = clock.to_datetime(clock.now())
        return [FieldsCard(about=About(identity=subject.value), as_of=now, title="Skydd", fields=flag)]

    Ledgered.does = answer


def test_a_register_is_asked_first_and_each_time(asked: Asked) -> None:
    asked.world.do(_protect, asked.id, "unknown")
    asked.confirm(ANNA)
    flag = "nej"
    _register(asked, lambda: flag)
    assert "register" not in asked.offered()
    assert asked.ask(purpose="Fakturan").json()["state"] == "found"
    ends = [(act, outcome) for act, outcome, _ in asked.audited()]
    assert ends == [("lookup.ask", "asked")] * 2 + [("lookup.answer", "found 1")] * 2
    flag = "ja"
    Ledgered.asked.clear()
    refused = asked.ask(purpose="Fakturan")
    assert (refused.status_code, len(Ledgered.asked)) == (403, 1)
    assert asked.audited()[-1][:2] == ("lookup.answer", "protected")
    assert asked.offered()["invoices"]["answered"] is None


def test_by_whatever_it_is_asked_the_register_is_asked_of_the_citizen_first(asked: Asked) -> None:
    """A lookup with a purpose of its department's own words is no other."""
    asked.publish("invoices", purpose="Faktura: {topic}")
    asked.allow("invoices")
    asked.world.do(_protect, asked.id, "unknown")
    asked.confirm(ANNA)
    _register(asked, lambda: "ja")
    refused = asked.ask(by="invoice", value="17")
    assert (refused.status_code, Ledgered.asked) == (403, [Subject("identity", "191212121212")])
    assert asked.audited()[0] == ("lookup.ask", "asked", "Faktura: Fakturor")


def test_what_a_register_is_asked_of_an_answers_people_is_in_the_audit_first(asked: Asked) -> None:
    asked.confirm()
    asked.publish("register", register=True)
    before: list[list[tuple[str, str, str]]] = []

    def answer(subject: Subject) -> Sequence[AnyCard]:
        before.append([(row.act, row.source, row.outcome) for row in asked.world.do(_audited)])
        if subject.by == "invoice":
            return [_card(About(invoice=subject.value, identity="191010101010"))]
        now = clock.to_datetime(clock.now())
        return [
            FieldsCard(about=About(identity=subject.value), as_of=now, title="Skydd", fields=[Field("protected", "ja")])
        ]

    Ledgered.does = answer
    assert asked.ask(by="invoice", value="17", purpose="Fakturan").json()["why"] == "protected"
    invoices, register = "conversation: invoices", "conversation: register"
    assert before[1] == [("lookup.ask", invoices, "asked"), ("lookup.ask", register, "asked")]
    rows = asked.world.do(_audited)
    assert [(row.source, row.outcome) for row in rows[2:]] == [(register, "found 1"), (invoices, "protected")]
    assert rows[1].subject_key == rows[2].subject_key != rows[0].subject_key


def test_a_register_of_the_protected_alone_has_nobody_else(asked: Asked) -> None:
    asked.world.do(_protect, asked.id, "unknown")
    asked.confirm(ANNA)
    asked.publish("register", kind="ledgered", register=True, register_lists="protected")
    Ledgered.does = lambda subject: [] if len(Ledgered.asked) % 2 else [_card(About(**{subject.by: subject.value}))]
    assert asked.ask(purpose="Fakturan").json()["state"] == "found"
    Ledgered.asked.clear()
    Ledgered.does = lambda subject: [_card(About(**{subject.by: subject.value}))]  # who is in it, and says nothing more
    assert asked.ask(purpose="Fakturan").status_code == 403


def _unreachable() -> str:
    raise Unreachable("The register doesn't answer.")


@pytest.mark.parametrize("says", [_unreachable, lambda: "", lambda: 1 / 0])
def test_a_register_that_cannot_be_read_protects(asked: Asked, says: Callable[[], str]) -> None:
    asked.confirm(ANNA)
    _register(asked, says)
    assert asked.ask(purpose="Fakturan").status_code == 403
    assert len(Ledgered.asked) == 1


def test_a_register_that_fails_again_and_again_rests(asked: Asked) -> None:
    asked.confirm(ANNA)
    _register(asked, _unreachable)
    for _ in range(5):
        assert asked.ask(purpose="Fakturan").status_code == 403
        Ledgered.asked.clear()
    assert asked.ask(purpose="Fakturan").status_code == 403
    assert Ledgered.asked == []
    assert asked.audited()[-1][:2] == ("lookup.answer", "protected")


def test_what_is_said_to_be_of_addresses_only_tells_of_nobody(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ledgered, "says_whom", False)
    monkeypatch.setattr(Ledgered, "answers", frozenset({"address"}))
    asked.publish("places")
    Ledgered.does = lambda subject: [_card(About(address=subject.value, identity="191010101010"))]
    answer = asked.ask("places", by="address", value="Åvägen 2").json()
    assert (answer["state"], answer["why"], answer["cards"]) == ("down", "anothers", [])


def test_fields_for_leads_are_covered_for_agents(asked: Asked) -> None:
    asked.publish("invoices", leads_only=("collector", "total"))
    asked.confirm(ANNA)
    Ledgered.does = lambda subject: [_card(About(identity=subject.value), collector="Inkasso AB")]
    answer = asked.ask(purpose="Fakturan").json()
    assert (answer["cards"][0]["collector"], answer["covered"]) == ("", ["collector"])
    asked.id = asked.world.mail(queue="vatten")
    asked.confirm(ANNA)
    answer = asked.ask(who="lena", purpose="Fakturan").json()
    assert (answer["cards"][0]["collector"], answer["covered"]) == ("Inkasso AB", [])


def test_a_title_for_leads_is_covered_though_every_card_has_one(asked: Asked) -> None:
    asked.publish("invoices", leads_only=("title",))
    asked.confirm(ANNA)
    now = clock.to_datetime(clock.now())
    Ledgered.does = lambda subject: [FieldsCard(about=About(identity=subject.value), as_of=now, title="Underhåll")]
    answer = asked.ask(purpose="Fakturan").json()
    assert (answer["cards"][0]["title"], answer["covered"]) == ("", ["title"])


def test_what_a_role_may_not_ask_says_which_it_takes(asked: Asked) -> None:
    asked.publish("invoices", roles=("lead",))
    asked.confirm(ANNA)
    assert (asked.offered()["invoices"]["stands"], asked.offered()["invoices"]["lacks"]) == ("no_access", "lead")
    assert asked.ask(purpose="Fakturan").status_code == 403
    assert Ledgered.asked == []


def test_an_answer_is_kept_for_who_got_it_until_it_is_old(asked: Asked) -> None:
    asked.confirm(ANNA)
    asked.ask(purpose="Fakturan")
    assert asked.offered()["invoices"]["answered"]["cards"][0]["number"] == "1"
    assert asked.offered("kim")["invoices"]["answered"] is None
    (row,) = asked.world.do(_kept)
    assert b"SEK" not in row.cipher
    asked.world.change("DELETE", f"/conversations/{asked.id}/identity", version=asked.world.version(asked.id))
    assert asked.offered()["invoices"]["answered"] is None
    asked.confirm(ANNA)
    let_pass(16 * 60)
    assert asked.offered()["invoices"]["answered"] is None


def test_a_kept_answer_is_erased_when_it_is_old(asked: Asked) -> None:
    asked.confirm(ANNA)
    asked.ask(purpose="Fakturan")
    asked.ask(purpose="Fakturan")
    assert len(asked.world.do(_kept)) == 1, "the newest alone"
    assert not asked.world.storage.read_now(EVERYTHING, keeping.any_old)
    let_pass(16 * 60)
    assert asked.world.storage.read_now(EVERYTHING, keeping.any_old)
    asked.world.do(keeping.erase_old)
    assert asked.world.do(_kept) == []
    assert not asked.world.storage.read_now(EVERYTHING, keeping.any_old)


def test_a_kept_answer_is_read_in_its_own_place_alone(asked: Asked) -> None:
    asked.confirm(ANNA)
    asked.ask(purpose="Fakturan")
    asked.world.do(_copy, asked.world.ids["kim"])
    assert asked.offered("kim")["invoices"]["answered"] is None
    assert asked.offered()["invoices"]["answered"]


def _copy(unit: Unit, person_id: int) -> None:
    (row,) = _kept(unit)
    there = {each.key: getattr(row, each.key) for each in KeptAnswer.__table__.columns}
    unit.add(KeptAnswer(**{**there, "id": new_id(), "person_id": person_id}))


def _kept(unit: Unit) -> Sequence[KeptAnswer]:
    return unit.all(select(KeptAnswer))


def test_a_pin_is_the_card_as_it_was(asked: Asked) -> None:
    asked.publish("invoices", leads_only=("collector",), keep_days=30)
    asked.confirm(ANNA)
    path = f"/conversations/{asked.id}/lookups/invoices/pins"
    assert asked.world.ask("POST", path, json=THEN).status_code == 409
    Ledgered.does = lambda subject: [_card(About(identity=subject.value), collector="Inkasso AB")]
    asked.ask(purpose="Fakturan")
    assert asked.world.ask("POST", path, json={"card": 0}).status_code == 400  # of which answer?
    assert asked.world.ask("POST", path, json=asked.shown(card=1)).status_code == 422
    pinned = asked.world.ask("POST", path, json=asked.shown(card=0))
    assert pinned.status_code == 201
    entry = pinned.json()
    assert (entry["kind"], entry["visibility"]) == ("card", "internal")
    assert entry["body"]["card"] is None, "a stored answer would outlive the card"
    shown = _pinned(asked)
    assert shown["card"]["about"]["identity"] == "1912••••-••••"
    assert "Inkasso" not in json.dumps(shown)
    assert asked.world.ask("POST", path, "kim", json=asked.shown()).status_code == 409


def _withdraw(asked: Asked) -> None:
    path = f"/conversations/{asked.id}/identity"
    assert asked.world.change("DELETE", path, version=asked.world.version(asked.id)).status_code == 200


def test_an_answer_goes_with_the_confirmation_that_it_was_asked_by(asked: Asked) -> None:
    pins = f"/conversations/{asked.id}/lookups/invoices/pins"
    asked.confirm()
    assert asked.ask(by="invoice", value="17", purpose="Fakturan").json()["state"] == "found"
    shown = asked.shown()
    _withdraw(asked)
    assert asked.world.ask("POST", pins, json=shown).status_code == 409
    asked.confirm()  # as somebody else
    assert asked.offered()["invoices"]["answered"] is None
    assert asked.world.ask("POST", pins, json=shown).status_code == 409


def test_what_is_asked_again_in_vain_is_not_shown_from_before(asked: Asked) -> None:
    asked.confirm()
    asked.ask(by="invoice", value="17", purpose="Fakturan")
    asked.world.do(_protect, asked.id, "yes")
    assert asked.ask(by="invoice", value="17", purpose="Fakturan").status_code == 403
    asked.world.do(_protect, asked.id, "no")
    assert asked.offered()["invoices"]["answered"] is None


def test_a_card_kept_for_a_lead_is_covered_when_they_are_an_agent_alone(asked: Asked) -> None:
    asked.publish("invoices", leads_only=("collector",))
    asked.id = asked.world.mail(queue="vatten")
    asked.confirm()
    Ledgered.does = lambda subject: [_card(About(invoice=subject.value), collector="Inkasso AB")]
    said = {"by": "invoice", "value": "17", "purpose": "Fakturan"}
    assert "Inkasso" in asked.ask(who="lena", **said).text
    assert asked.offered("lena")["invoices"]["answered"]["cards"][0]["collector"] == "Inkasso AB"
    lena = asked.world.actor("lena")
    now = replace(lena, memberships=tuple(replace(each, role="agent") for each in lena.memberships))
    found = asked.world.do(asking.offers, now, asked.id, asked.world.client.app.state.sources)
    answered = must(next(each for each in found.lookups if each.name == "invoices").answered)
    assert (json.loads(msgspec.json.encode(answered.cards))[0]["collector"], answered.covered) == ("", ("collector",))


def test_what_is_withdrawn_while_it_is_asked_is_not_shown(asked: Asked) -> None:
    asked.confirm()

    def answer(subject: Subject) -> Sequence[AnyCard]:
        asked.world.do(_end, asked.id, asked.world.ids["sara"])
        return [_card(About(invoice=subject.value))]

    Ledgered.does = answer
    refused = asked.ask(by="invoice", value="17", purpose="Fakturan")
    assert (refused.status_code, "withdrawn" in refused.json()["detail"]) == (403, True)
    assert asked.audited()[-1][:2] == ("lookup.answer", "withdrawn")


def _end(unit: Unit, conversation_id: int, by_id: int) -> None:
    identity.withdraw(unit, must(unit.get(Conversation, conversation_id)), by_id)


def test_what_is_made_confidential_while_it_is_asked_is_not_shown(asked: Asked) -> None:
    asked.confirm()

    def answer(subject: Subject) -> Sequence[AnyCard]:
        asked.world.do(_seal, asked.id, asked.world.ids["vatten"])
        return [_card(About(invoice=subject.value))]

    Ledgered.does = answer
    assert asked.ask(by="invoice", value="17", purpose="Fakturan").status_code == 404
    assert asked.audited()[-1][:2] == ("lookup.answer", "withdrawn")


def _seal(unit: Unit, conversation_id: int, queue_id: int) -> None:
    must(unit.get(Conversation, conversation_id)).confidential_queue_id = queue_id


def test_a_topic_of_two_letters_is_purpose_enough(asked: Asked) -> None:
    asked.world.do(_call, asked.world.ids["fakturor"], "VA")
    asked.allow("invoices")
    asked.confirm(ANNA)
    assert asked.ask().json()["state"] == "found"
    assert asked.audited()[0] == ("lookup.ask", "asked", "VA")


def _call(unit: Unit, topic_id: int, name: str) -> None:
    must(unit.get(Topic, topic_id)).words = {"sv": name}


def test_a_pin_is_gone_when_its_time_is_over(asked: Asked) -> None:
    asked.publish("invoices", keep_days=1)
    asked.confirm(ANNA)
    asked.ask(purpose="Fakturan")
    asked.world.ask("POST", f"/conversations/{asked.id}/lookups/invoices/pins", json=asked.shown())
    assert _pinned(asked)["card"]
    let_pass(25 * 3600)
    assert _pinned(asked)["card"] is None
    assert asked.world.storage.read_now(EVERYTHING, any_old)
    asked.world.do(erase_old)
    assert not asked.world.storage.read_now(EVERYTHING, any_old)
    assert _pinned(asked)["card"] is None
    assert _pinned(asked)["title"] == {"sv": "invoices"}


def _pinned(asked: Asked) -> dict[str, Any]:
    entries = asked.world.everything(f"/conversations/{asked.id}/timeline")
    found: dict[str, Any] = next(each["body"] for each in entries if each["kind"] == "card")
    return found


def test_who_browses_neighbours_is_stopped_and_told_of(asked: Asked, caplog: pytest.LogCaptureFixture) -> None:
    asked.confirm(ANNA)
    for number in range(limits.MOST_IN_CONVERSATION):
        assert asked.ask("waste", by="address", value=f"Åvägen {number}").status_code == 200
    refused = asked.ask("waste", by="address", value="Åvägen 99")
    assert (refused.status_code, "more people and places" in refused.json()["detail"]) == (403, True)
    assert asked.audited()[-1][:2] == ("lookup.stopped", "neighbours")
    assert "was stopped" in caplog.text
    assert "Åvägen" not in caplog.text
    assert asked.ask("waste", by="address", value="Åvägen 1").status_code == 200  # what was asked about already
    let_pass(11 * 60)
    assert asked.ask("waste", by="address", value="Åvägen 99").status_code == 200


def test_who_asks_too_much_is_stopped(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST", 3)
    for _ in range(3):
        asked.ask("waste", by="address", value="Åvägen 2")
    assert asked.ask("waste", by="address", value="Åvägen 2").status_code == 403
    assert asked.audited()[-1][:2] == ("lookup.stopped", "too many")
    assert asked.ask("waste", "kim", by="address", value="Åvägen 2").status_code == 200


def test_what_the_register_is_asked_is_nobodys_question(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST", 3)
    asked.confirm(ANNA)
    _register(asked, lambda: "nej")
    for _ in range(3):
        assert asked.ask(purpose="Fakturan").json()["state"] == "found"
    assert asked.ask(purpose="Fakturan").status_code == 403
    assert asked.audited()[-1][:2] == ("lookup.stopped", "too many")


def test_who_works_in_several_municipalities_asks_no_more_for_that(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MOST", 3)
    declared = Declared(name="waste", kind="placed", title={"sv": "waste"}, seconds=30)
    asked.world.do(definition.publish, asked.world.ids["holmo"], declared, Settings())
    for _ in range(3):
        asked.ask("waste", by="address", value="Åvägen 2")
    asked.id = asked.world.mail(municipality="holmo")
    assert asked.ask("waste", by="address", value="Åvägen 2").status_code == 403


def test_a_source_that_fails_again_and_again_rests(asked: Asked) -> None:
    Placed.does = "fail"
    for _ in range(5):
        assert asked.ask("waste", by="address", value="Åvägen 2").json()["state"] == "down"
    times = len(Placed.asked)
    answer = asked.ask("waste", by="address", value="Åvägen 2").json()
    assert (answer["state"], len(Placed.asked)) == ("down", times)
    assert asked.audited()[-1][:2] == ("lookup.answer", "resting")
    Placed.does = "answer"
    let_pass(31)
    assert asked.ask("waste", by="address", value="Åvägen 2").json()["state"] == "found"


@pytest.mark.parametrize("error", [Misconfigured("base_url", "No address is set."), ZeroDivisionError("secret")])
def test_one_that_cannot_say_what_it_is_asked_by_stops_no_other(
    asked: Asked, error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: type[Ledgered], __: Settings) -> Bounds:
        raise error

    monkeypatch.setattr(Ledgered, "bounds", classmethod(fail))
    assert list(asked.offered()) == ["waste"]
    assert asked.ask(purpose="Fakturan").status_code == 422
    assert asked.ask("waste", by="address", value="Åvägen 2").json()["state"] == "found"
    assert "secret" not in caplog.text


def test_a_new_version_is_asked_at_once(asked: Asked) -> None:
    asked.ask("waste", by="address", value="Åvägen 2")
    asked.publish("waste", kind="placed")
    assert asked.ask("waste", by="address", value="Åvägen 2").json()["version"] == 2


def test_nobody_asks_from_outside(asked: Asked) -> None:
    assert asked.ask("waste", "nils", by="address", value="Åvägen 2").status_code == 404
    assert asked.ask("waste", "vera", by="address", value="Åvägen 2").status_code == 404
    assert asked.ask("waste", "reader", by="address", value="Åvägen 2").status_code == 403
    assert asked.ask("nothing", by="address", value="Åvägen 2").status_code == 404
    assert Placed.asked == []


@pytest.mark.parametrize("does", ["hang", "fail", "wrong", "lie"])
def test_whatever_a_source_does_the_inbox_goes_on(asked: Asked, does: str) -> None:
    asked.confirm(ANNA)

    def wrong(_: Subject) -> Sequence[AnyCard]:
        raise ZeroDivisionError

    def lie(_: Subject) -> Sequence[AnyCard]:
        return [_card(About(identity=BERTIL))]

    def fail(_: Subject) -> Sequence[AnyCard]:
        raise Unreachable("The source doesn't answer.")

    if does == "hang":
        asked.publish("invoices", seconds=SECONDS)
        Ledgered.does = "hang"
    else:
        Ledgered.does = {"fail": fail, "wrong": wrong, "lie": lie}[does]
    asking = [Thread(target=asked.ask, kwargs={"by": "identity", "purpose": f"Fråga {number}"}) for number in range(6)]
    for each in asking:
        each.start()
    while len(Ledgered.asked) < (len(asking) if does == "hang" else 1):
        time.sleep(0.01)
    assert asked.world.get("/conversations").status_code == 200
    assert asked.world.ask("POST", f"/conversations/{asked.id}/notes", json={"text": "Går ändå"}).status_code == 201
    if does == "hang":
        assert all(each.is_alive() for each in asking), "it waited for nobody"
        asked.world.client.blocking_portal.call(fly, SECONDS)
    for each in asking:
        each.join()
    states = {outcome for act, outcome, _ in asked.audited() if act == "lookup.answer"}
    told = {"hang": {"no answer"}, "fail": {"Unreachable"}, "wrong": {"fault"}, "lie": {"another's"}}[does]
    assert told <= states <= told | {"resting"}
