"""The gate: no question without its audit row, no answer about somebody else, and whatever the source does is told."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select, text

from hub.access.audit import Audit
from hub.contract import About, AnyCard, DidYouMean, Field, FieldsCard, InvoiceCard, Subject, Unreachable
from hub.errors import Invalid, NotAllowed, NotFound
from hub.inbox.citizen import Citizen, CitizenPoint
from hub.inbox.points import seal_identity
from hub.lookups import definition
from hub.lookups.ask import ask
from hub.lookups.definition import Declared
from hub.lookups.question import Answered, Question, is_about
from hub.lookups.sources import Sources
from hub.storage.unit import Unit
from tests.lookups.source import Ledgered, Settings, registry
from tests.storage.centre import EVERYTHING, Centre

ANNA = "19121212-1212"


class Asked:
    """A centre with a lookup of Granvik's."""

    def __init__(self, centre: Centre) -> None:
        self.centre, self.registry = centre, registry()
        self.granvik = centre.ids["granvik"]
        declared = Declared(name="invoices", kind="ledgered", title={"sv": "Fakturor"}, seconds=30)
        centre.do(definition.publish, self.granvik, declared, Settings())

    def ask(self, by: str = "invoice", value: str = "17", **fields: Any) -> Answered:
        said = {"municipality_id": self.granvik, "name": "invoices", "purpose": "The citizen asks", **fields}
        question = Question(by=by, value=value, **said)  # type: ignore[arg-type]  # tests ask by anything
        return asyncio.run(self.put(question))

    async def put(self, question: Question) -> Answered:
        sources = Sources(self.centre.storage, self.registry)
        try:
            return await ask(sources, EVERYTHING, None, question)
        finally:
            await sources.close()

    def audited(self) -> list[tuple[str, str]]:
        rows = self.centre.storage.read_now(EVERYTHING, _audited)
        return [(row.act, row.outcome) for row in rows]


def _audited(unit: Unit) -> Sequence[Audit]:
    return unit.all(select(Audit).where(Audit.act.like("lookup.%")).order_by(Audit.id))


@pytest.fixture
def asked(centre: Centre) -> Asked:
    return Asked(centre)


def test_the_row_is_there_before_the_source_is_asked(asked: Asked) -> None:
    seen: list[list[tuple[str, str]]] = []

    def look(subject: Subject) -> Sequence[AnyCard]:
        seen.append(asked.audited())
        return []

    Ledgered.does = look
    assert asked.ask().state == "none"
    assert seen == [[("lookup.ask", "asked")]]
    assert asked.audited() == [("lookup.ask", "asked"), ("lookup.answer", "none")]


def test_what_was_asked_by_stands_nowhere_in_clear(asked: Asked) -> None:
    asked.ask("identity", ANNA)
    rows = asked.centre.storage.read_now(EVERYTHING, _audited)
    assert len({row.subject_key for row in rows}) == 1
    columns = [each.name for each in Audit.__table__.columns]
    told = " ".join(str(getattr(row, column)) for row in rows for column in columns)
    assert "1212" not in told
    assert [row.purpose for row in rows] == ["The citizen asks"] * 2


def test_without_an_audit_nothing_is_asked(centre: Centre) -> None:
    asked = Asked(centre)
    _break_audit(centre)
    with pytest.raises(Exception):  # noqa: B017, PT011 - whatever the engine calls it
        asked.ask()
    assert Ledgered.asked == []


def _break_audit(centre: Centre) -> None:
    if centre.storage.engines.writer.dialect.name == "sqlite":
        broken = "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no audit'); END"
    else:
        broken = "REVOKE INSERT ON audit FROM torg_system"
    with centre.storage.engines.writer.begin() as connection:
        connection.execute(text(broken))


def test_a_card_comes_with_its_version(asked: Asked) -> None:
    answered = asked.ask()
    assert (answered.state, answered.lookup, answered.version) == ("found", "invoices", 1)
    assert [type(card) for card in answered.cards] == [InvoiceCard]
    assert asked.audited()[-1] == ("lookup.answer", "found 1")


def test_an_answer_about_somebody_else_is_thrown_away_whole(asked: Asked) -> None:
    def lie(subject: Subject) -> Sequence[AnyCard]:
        return [_card(About(invoice=subject.value)), _card(About(invoice="18"))]

    Ledgered.does = lie
    answered = asked.ask()
    assert (answered.state, answered.cards) == ("down", ())
    assert "somebody else" in answered.sentence
    assert asked.audited()[-1] == ("lookup.answer", "another's")


def _card(about: About) -> AnyCard:
    return InvoiceCard(about=about, as_of=datetime.now(UTC), number="1", status="paid", currency="SEK")


@pytest.mark.parametrize(
    ("error", "state", "outcome"),
    [
        (Unreachable("The economy system doesn't answer."), "down", "Unreachable"),
        (DidYouMean(["Åvägen 2", "Åvägen 22"]), "several", "several"),
        (ZeroDivisionError("bug"), "down", "fault"),
    ],
)
def test_what_the_source_does_is_an_answer(asked: Asked, error: Exception, state: str, outcome: str) -> None:
    def fail(_: Subject) -> Sequence[AnyCard]:
        raise error

    Ledgered.does = fail
    answered = asked.ask()
    assert answered.state == state
    assert answered.suggestions == (("Åvägen 2", "Åvägen 22") if state == "several" else ())
    assert asked.audited()[-1] == ("lookup.answer", outcome)


OTHER, OWNED = "850709-9805", "Ek, Bo (850709-9805)"


def test_what_the_source_says_beside_its_cards_shows_no_number(asked: Asked) -> None:
    """Of whom it was asked in whatever way, of others where one is written as one."""

    def fail(_: Subject) -> Sequence[AnyCard]:
        raise Unreachable(f"No account 1212121212, nor of {OWNED}; case 2611281234.")

    Ledgered.does = fail
    said = "No account 1912••••-••••, nor of Ek, Bo (••••••-••••); case 2611281234."
    assert asked.ask("identity", ANNA).sentence == said


def test_what_could_be_meant_and_holds_a_number_is_left_out(asked: Asked) -> None:
    """Masked, nothing could be asked by it."""

    def several(_: Subject) -> Sequence[AnyCard]:
        raise DidYouMean(["Åvägen 2", OWNED, OTHER, "Åvägen 22"])

    Ledgered.does = several
    answered = asked.ask("customer", "Åvägen")
    assert (answered.state, answered.suggestions) == ("several", ("Åvägen 2", "Åvägen 22"))


def test_a_fault_is_logged_without_its_words(asked: Asked, caplog: pytest.LogCaptureFixture) -> None:
    def fail(subject: Subject) -> Sequence[AnyCard]:
        raise ValueError(f"no such person: {subject.value}")

    Ledgered.does = fail
    assert asked.ask("identity", ANNA).state == "down"
    assert "ValueError in" in caplog.text
    assert "1212" not in caplog.text.partition("ValueError")[2]


def test_who_goes_away_leaves_a_row(asked: Asked) -> None:
    Ledgered.does = "hang"

    async def leave() -> None:
        question = Question(asked.granvik, "invoices", "invoice", "17", "The citizen asks")
        asking = asyncio.create_task(asked.put(question))
        while not Ledgered.asked:  # noqa: ASYNC110 - the source sets no event
            await asyncio.sleep(0.01)
        asking.cancel()
        await asyncio.wait([asking])

    asyncio.run(leave())
    assert asked.audited() == [("lookup.ask", "asked"), ("lookup.answer", "left")]


def test_a_source_that_hangs_is_left(asked: Asked) -> None:
    Ledgered.does = "never"
    answered = asked.ask()
    assert (answered.state, answered.sentence) == ("down", "The source did not answer within 30 seconds.")


@pytest.mark.parametrize(
    ("fields", "error", "words"),
    [
        ({"purpose": " "}, Invalid, "needed for"),
        ({"by": "property", "value": "1:23"}, Invalid, "only by: customer, identity, invoice"),
        ({"value": "a\nb"}, Invalid, "on one line"),
        ({"by": "identity", "value": "12"}, Invalid, "8 to 12 digits"),
        ({"by": "identity", "value": "121212-1212"}, Invalid, "with its century"),
        ({"name": "waste"}, NotFound, "there are: invoices"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_it_is(
    asked: Asked, fields: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        asked.ask(**fields)
    assert (Ledgered.asked, asked.audited()) == ([], [])


@pytest.mark.parametrize("protection", ["yes", "unknown"])
def test_of_who_is_protected_nothing_is_asked(asked: Asked, protection: str) -> None:
    asked.centre.do(_know, asked.granvik, "191212121212", protection)
    for written in (ANNA, "191212121212"):
        with pytest.raises(NotAllowed, match="protected identity"):
            asked.ask("identity", written)
    assert Ledgered.asked == []
    assert asked.audited() == [("lookup.ask", "protected")] * 2


def test_of_who_is_protected_nothing_is_shown_however_it_was_asked(asked: Asked) -> None:
    asked.centre.do(_know, asked.granvik, "191212121212", "yes")
    Ledgered.does = lambda subject: [_card(About(invoice=subject.value, identity="121212-1212"))]
    answered = asked.ask()
    assert (answered.state, answered.cards) == ("down", ())
    assert asked.audited()[-1] == ("lookup.answer", "protected")


def test_numbers_are_masked(asked: Asked) -> None:
    (card,) = asked.ask("identity", ANNA).cards
    assert card.about.identity == "1912••••-••••"


def test_a_number_among_plain_fields_is_masked(asked: Asked) -> None:
    said = [Field("Pnr", "121212-1212"), Field("Avtal", "1234567890")]
    now = datetime.now(UTC)
    Ledgered.does = lambda subject: [FieldsCard(about=About(identity=subject.value), as_of=now, title="A", fields=said)]
    (card,) = asked.ask("identity", ANNA).cards
    assert isinstance(card, FieldsCard)
    assert [each.value for each in card.fields] == ["1912••••-••••", "1234567890"]


def test_without_the_second_row_nothing_is_shown(asked: Asked) -> None:
    def answer(subject: Subject) -> Sequence[AnyCard]:
        _break_audit(asked.centre)
        return [_card(About(invoice=subject.value))]

    Ledgered.does = answer
    with pytest.raises(Exception):  # noqa: B017, PT011 - whatever the engine calls it
        asked.ask()
    assert asked.audited() == [("lookup.ask", "asked")]


def test_what_is_no_card_is_a_fault(asked: Asked) -> None:
    Ledgered.does = lambda _: [None]  # type: ignore[list-item]  # as a plugin might
    assert asked.ask().state == "down"
    assert asked.audited()[-1] == ("lookup.answer", "fault")


def test_who_is_known_and_not_protected_is_asked_about(asked: Asked) -> None:
    asked.centre.do(_know, asked.granvik, "191212121212", "no")
    assert asked.ask("identity", ANNA).state == "found"


def _know(unit: Unit, municipality_id: int, number: str, protection: str) -> None:
    citizen = Citizen(municipality_id=municipality_id, name="Anna", protection=protection)
    unit.add(citizen)
    value, key = seal_identity(unit.keys, municipality_id, number)
    unit.add(
        CitizenPoint(
            municipality_id=municipality_id,
            citizen_id=citizen.id,
            first_citizen_id=citizen.id,
            kind="identity",
            value=value,
            match_key=key,
        )
    )


def test_a_finnish_number_is_asked_by_whole_and_its_flag_is_found(asked: Asked) -> None:
    assert asked.ask("identity", "131052-308t").state == "found"
    assert Ledgered.asked == [Subject("identity", "131052-308T")]
    asked.centre.do(_know, asked.granvik, "131052-308T", "yes")
    with pytest.raises(NotAllowed):
        asked.ask("identity", "131052-308T")
    assert asked.ask("identity", "131052A308T").state == "found"


def test_a_purpose_that_no_database_keeps_is_refused(asked: Asked) -> None:
    with pytest.raises(Invalid):
        asked.ask(purpose="Fakturan \udcff")


def test_a_number_with_its_century_is_nobodys_a_hundred_years_younger(asked: Asked) -> None:
    asked.centre.do(_know, asked.granvik, "191212121212", "yes")
    assert asked.ask("identity", "20121212-1212").state == "found"
    asked.centre.do(_know, asked.granvik, "1612121213", "yes")
    with pytest.raises(NotAllowed):
        asked.ask("identity", "161612121213")


@pytest.mark.parametrize(
    ("by", "asked_by", "said", "same"),
    [
        ("identity", "191212121212", "121212-1212", True),
        ("identity", "5566778899", "16556677-8899", True),
        ("identity", "191212121212", "19121212-1213", False),
        ("identity", "191212121212", "20121212-1212", False),
        ("identity", "131052-308T", "131052-308t", True),
        ("identity", "131052-308T", "131052A308T", False),
        ("invoice", "53489546", "5348 9546", True),
        ("property", "GRANVIK BJÖRKEN 1:23", "Granvik Björken 1:23", True),
        ("property", "GRANVIK BJÖRKEN 1:23", "GRANVIK BJÖRKEN 12:3", False),
        ("invoice", "53489546", None, False),
    ],
)
def test_whom_an_answer_is_about(by: Any, asked_by: str, said: str | None, same: bool) -> None:
    assert is_about(Subject(by, asked_by), About(**{by: said})) is same
