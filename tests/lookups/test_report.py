"""A citizen's report: every question about them and in their conversations, and what was shown in clear of the answers,
by role and unit, and nobody's name."""

import msgspec
import pytest
from sqlalchemy import select

from hub import clock
from hub.access import person
from hub.access.person import Actor
from hub.errors import NotFound
from hub.inbox import merge
from hub.inbox.citizen import Citizen, CitizenPoint
from hub.inbox.conversation import Conversation
from hub.inbox.municipality import Municipality
from hub.inbox.points import seal_identity
from hub.lookups import definition
from hub.lookups.definition import Declared
from hub.lookups.looked import revealed
from hub.lookups.report import Report, report
from hub.storage.unit import Unit
from tests.lookups.looking import look
from tests.lookups.source import Settings
from tests.storage.centre import Centre, conversation, must

ANNA = "191212121212"


class Told:
    """Anna, protected, known by her number, her house and her mail; and Sara, who asked."""

    def __init__(self, centre: Centre) -> None:
        self.centre, self.granvik = centre, centre.ids["granvik"]
        self.conversation_id = centre.mail()
        self.anna = centre.do(self._know)
        self.sara = centre.do(self._join)

    def _know(self, unit: Unit) -> int:
        citizen = must(unit.get(Citizen, conversation(unit, self.conversation_id).citizen_id))
        citizen.name, citizen.protection = "Anna Kanarie", "yes"
        value, key = seal_identity(unit.keys, self.granvik, ANNA)
        self._point(unit, citizen.id, "identity", value, key)
        self._point(unit, citizen.id, "address", "Åvägen 2", "åvägen 2")
        self._point(unit, citizen.id, "property", "GRANVIK BJÖRKEN 1:23", "granvik björken 1:23")
        return citizen.id

    def _point(self, unit: Unit, citizen_id: int, kind: str, value: str, key: str) -> None:
        unit.add(
            CitizenPoint(
                municipality_id=self.granvik, citizen_id=citizen_id, first_citizen_id=citizen_id, kind=kind,
                value=value, match_key=key,
            )
        )  # fmt: skip

    def _join(self, unit: Unit) -> Actor:
        row = must(unit.get(person.Person, self.centre.ids["sara"]))
        person.join(unit, row, must(unit.get(Municipality, self.granvik)), "agent", self.centre.ids["kontakt"])
        return must(person.actor(unit, row.id, frozenset()))

    def look(self, about: tuple[str, str], conversation_id: int | None = None, **said: str) -> None:
        self.centre.do(look, self.granvik, self.sara, about=about, conversation_id=conversation_id, **said)
        clock.set_source(None)

    def report(self, citizen_id: int | None = None, number: str = "") -> Report:
        return self.centre.here(report, self.granvik, citizen_id, number)


@pytest.fixture
def told(centre: Centre) -> Told:
    return Told(centre)


def test_who_looked_when_why_where_and_how_it_concerns_them(told: Told) -> None:
    declared = Declared(name="invoices", kind="ledgered", title={"sv": "Fakturor"})
    told.centre.do(definition.publish, told.granvik, declared, Settings())
    told.look(("identity", "19121212-1212"), purpose="Undrar över faktura")
    told.look(("property", "Granvik  Björken 1:23"), lookup="permits")
    told.look(("invoice", "17"), told.conversation_id, ended="Unreachable")
    told.look(("invoice", "17"))
    told.look(("identity", "192001010101"))
    told.look(("address", "Åvägen 22"))
    told.look(("address", "åvägen  2"), lookup="waste")
    found = told.report(told.anna)
    assert [(each.because, each.ended, each.lookup) for each in found.looked] == [
        ("address", "found", "waste"),
        ("conversation", "failed", "invoices"),
        ("property", "found", "permits"),
        ("identity", "found", "invoices"),
    ]
    first = found.looked[-1]
    assert (first.purpose, first.title) == ("Undrar över faktura", {"sv": "Fakturor"})
    assert [(each.role, each.unit) for each in first.offices] == [("agent", {"sv": "kontakt"})]
    assert not found.cut


def test_what_was_shown_in_clear_is_no_question_and_says_which_field(told: Told) -> None:
    told.look(("identity", ANNA), told.conversation_id)
    elsewhere = told.centre.mail(sender="bo@example.com")
    for field, conversation_id in (("fields.Kod, card 2", told.conversation_id), ("collector", elsewhere)):
        told.look(
            ("identity", ANNA), conversation_id, act="lookup.reveal", purpose="Bilen står vid bommen",
            ended=revealed(field, 0, 2, clock.to_datetime(clock.now())),
        )  # fmt: skip
    told.look(
        ("identity", "192001010101"), elsewhere, act="lookup.reveal",
        ended=revealed("collector", 0, 1, clock.to_datetime(clock.now())),
    )  # fmt: skip
    found = told.report(told.anna)
    assert [(each.ended, each.field, each.because) for each in found.looked] == [
        ("revealed", "collector", "identity"),
        ("revealed", "fields.Kod, card 2", "identity"),
        ("found", "", "identity"),
    ]
    assert (found.questions, found.reveals) == (1, 2)
    assert found.looked[0].purpose == "Bilen står vid bommen"


def test_it_names_nobody(told: Told) -> None:
    told.look(("identity", ANNA), told.conversation_id)
    said = msgspec.json.encode(told.report(told.anna)).decode()
    for word in ("Sara", str(told.sara.id), "Anna", "Kanarie", "1212", "anna@example.com"):
        assert word not in said


@pytest.mark.parametrize("number", [ANNA, "19121212-1212", "121212-1212"])
def test_by_number_it_is_the_same(told: Told, number: str) -> None:
    told.look(("identity", ANNA))
    told.look(("invoice", "17"), told.conversation_id)
    assert told.report(number=number) == told.report(told.anna)


def test_of_who_is_not_known_what_was_asked_by_number(told: Told) -> None:
    told.look(("identity", "192001010101"))
    found = told.report(number="19200101-0101")
    assert found.citizens == []
    assert [each.because for each in found.looked] == ["identity"]


def test_another_row_of_the_same_citizen_counts(told: Told) -> None:
    other = told.centre.mail(sender="anna@work.example")

    def know(unit: Unit) -> int:
        citizen_id = conversation(unit, other).citizen_id
        told._point(unit, citizen_id, "identity", *seal_identity(unit.keys, told.granvik, ANNA))
        return citizen_id

    told.centre.do(know)
    told.look(("invoice", "17"), other)
    assert len(told.report(told.anna).looked) == 1


def test_a_conversation_that_theirs_was_merged_into_counts(told: Told) -> None:
    into = told.centre.mail(sender="anna@work.example")

    def join(unit: Unit) -> None:
        merge.merge(unit, conversation(unit, into), told.sara.id, conversation(unit, told.conversation_id))

    told.centre.do(join)
    told.look(("invoice", "17"), into)
    assert [each.because for each in told.report(told.anna).looked] == ["conversation"]


def test_what_is_asked_of_it_in_a_strangers_conversation_afterwards_is_the_strangers(told: Told) -> None:
    told.centre.do(_sell, told.anna)
    told.look(("property", "GRANVIK BJÖRKEN 1:23"), told.centre.mail())
    assert told.report(told.anna).looked == []
    told.look(("property", "GRANVIK BJÖRKEN 1:23"), told.conversation_id)
    assert [each.because for each in told.report(told.anna).looked] == ["conversation"]


def _sell(unit: Unit, citizen_id: int) -> None:
    house = select(CitizenPoint).where(CitizenPoint.citizen_id == citizen_id, CitizenPoint.kind == "property")
    must(unit.first(house)).ended_at = clock.now()


def test_what_was_theirs_once_counts_until_then(told: Told) -> None:
    told.look(("property", "GRANVIK BJÖRKEN 1:23"))

    def move(unit: Unit) -> None:
        house = must(unit.first(select(CitizenPoint).where(CitizenPoint.kind == "property")))
        house.ended_at = clock.now()

    told.centre.do(move)
    told.look(("property", "GRANVIK BJÖRKEN 1:23"), lookup="permits")
    assert [each.lookup for each in told.report(told.anna).looked] == ["invoices"]


def test_of_elsewhere_there_is_nobody(told: Told) -> None:
    other = told.centre.mail(of="nesoy", queue_name="innbygger")
    citizen_id = told.centre.do(lambda unit: must(unit.get(Conversation, other)).citizen_id)
    for each in (citizen_id, 4711):
        with pytest.raises(NotFound):
            told.report(each)
