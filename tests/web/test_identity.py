"""Identity, confirmed until midnight in its municipality; and what is covered of a citizen, revealed for a purpose."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from hub import clock
from hub.access.audit import Audit
from hub.access.reading import Reading, subject_key
from hub.inbox import points
from hub.inbox.citizen import Citizen, CitizenPoint, Identity
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.inbox.municipality import Municipality
from hub.storage.unit import Unit
from tests.web.world import World, let_pass, must

STOCKHOLM = ZoneInfo("Europe/Stockholm")
NUMBER = "19610512-1237"


def local(text: str) -> int:
    return clock.from_datetime(datetime.fromisoformat(text).replace(tzinfo=STOCKHOLM))


def confirm(world: World, conversation_id: int, how: str = "called_back", who: str = "sara") -> Any:
    version = world.version(conversation_id, who)
    return world.change("PUT", f"/conversations/{conversation_id}/identity", who, version, json={"how": how})


def shown(world: World, conversation_id: int) -> Any:
    return world.get(f"/conversations/{conversation_id}/identity").json()["identity"]


def test_confirmed_it_says_how_by_whom_and_until_when(world: World) -> None:
    at = local("2027-02-10 10:22")
    clock.set_source(lambda: at)
    found = world.mail()
    assert shown(world, found) is None
    answer = confirm(world, found)
    assert answer.status_code == 200
    assert answer.json()["identity"] == {
        "how": "called_back",
        "confirmed_at": "2027-02-10T09:22:00Z",
        "confirmed_by": {"id": str(world.ids["sara"]), "name": "Sara"},
        "ends_at": "2027-02-10T23:00:00Z",
    }
    assert answer.headers["ETag"] == world.version(found)
    entry = world.everything(f"/conversations/{found}/timeline")[-1]
    assert (entry["body"], entry["visibility"]) == ({"what": "identity_confirmed", "how": "called_back"}, "internal")
    audit = world.do(lambda unit: must(unit.first(select(Audit))))
    assert (audit.act, audit.purpose, audit.conversation_id) == ("identity.confirm", "called_back", found)


@pytest.mark.parametrize(
    ("confirmed", "holds", "ended"),
    [
        ("2027-02-10 00:00:00", "2027-02-10 23:59:59", "2027-02-11 00:00:00"),
        ("2027-02-10 23:59:59", "2027-02-10 23:59:59", "2027-02-11 00:00:00"),
        ("2027-03-28 01:30:00", "2027-03-28 23:59:59", "2027-03-29 00:00:00"),  # an hour short
        ("2027-10-31 01:30:00", "2027-10-31 23:59:59", "2027-11-01 00:00:00"),  # an hour long
    ],
)
def test_it_holds_until_midnight_there(world: World, confirmed: str, holds: str, ended: str) -> None:
    clock.set_source(lambda: local(confirmed))
    found = world.mail()
    assert confirm(world, found).status_code == 200
    clock.set_source(lambda: local(holds))
    assert shown(world, found) is not None
    clock.set_source(lambda: local(ended))
    assert shown(world, found) is None


def test_in_another_conversation_of_the_same_sender_nothing_is_confirmed(world: World) -> None:
    first = world.mail(sender="eva@example.com")
    second = world.mail(sender="eva@example.com")
    confirm(world, first)
    assert shown(world, second) is None


def test_confirmed_again_the_earlier_one_ends(world: World) -> None:
    found = world.mail()
    confirm(world, found, "control_question")
    let_pass(60)
    confirm(world, found, "eid")
    assert shown(world, found)["how"] == "eid"
    live = world.do(lambda unit: unit.all(select(Identity.how).where(Identity.ends_at > clock.now())))
    assert live == ["eid"]


def test_withdrawn_it_is_confirmed_no_more(world: World) -> None:
    found = world.mail()
    path = f"/conversations/{found}/identity"
    assert world.change("DELETE", path, version=world.version(found)).status_code == 404
    confirm(world, found)
    gone = world.change("DELETE", path, version=world.version(found))
    assert (gone.status_code, gone.json()["identity"]) == (200, None)
    assert shown(world, found) is None
    said = world.do(lambda unit: unit.all(select(Entry.body).where(Entry.kind == "change").order_by(Entry.id)))
    assert [each["what"] for each in said] == ["identity_confirmed", "identity_withdrawn"]


def _told(world: World, conversation_id: int, number: str) -> Any:
    path, body = f"/conversations/{conversation_id}/identity", {"how": "called_back", "number": number}
    return world.change("PUT", path, version=world.version(conversation_id), json=body)


def _withdraw(world: World, conversation_id: int) -> None:
    path = f"/conversations/{conversation_id}/identity"
    assert world.change("DELETE", path, version=world.version(conversation_id)).status_code == 200


def _numbers(world: World) -> int:
    return len(world.do(lambda unit: unit.all(select(CitizenPoint.id).where(CitizenPoint.kind == "identity"))))


def test_a_number_that_was_told_by_somebody_else_goes_with_the_confirmation(world: World) -> None:
    found = world.mail()
    assert _told(world, found, NUMBER).status_code == 200
    assert _told(world, found, "19121212-1212").status_code == 422
    confirm(world, found)  # once more, by another way
    world.do(_read_as_open, found)
    _withdraw(world, found)
    assert _numbers(world) == 0
    assert world.do(_protection, found) == ("unknown", None)
    assert _told(world, found, "19121212-1212").status_code == 200


@pytest.mark.parametrize("claimed", [NUMBER, "19121212-1212"])
def test_a_number_that_a_form_was_told_is_known_once_it_is_confirmed_and_stands_in_nobodys_way(
    world: World, claimed: str
) -> None:
    found = world.mail()
    world.do(_claim, found, claimed)
    assert _told(world, found, NUMBER).status_code == 200

    def known(unit: Unit) -> list[bool]:
        query = select(CitizenPoint).where(CitizenPoint.kind == "identity", CitizenPoint.ended_at.is_(None))
        return [each.claimed_at is None for each in unit.all(query.order_by(CitizenPoint.id))]

    assert world.do(known) == ([True] if claimed == NUMBER else [False, True])


def _claim(unit: Unit, conversation_id: int, number: str) -> None:
    row = must(unit.get(Conversation, conversation_id))
    value, key = points.seal_identity(unit.keys, row.municipality_id, number)
    unit.add(
        CitizenPoint(
            municipality_id=row.municipality_id, citizen_id=row.citizen_id, first_citizen_id=row.citizen_id,
            kind="identity", value=value, match_key=key, claimed_at=clock.now(),
        )
    )  # fmt: skip


def test_a_finnish_number_tells_its_century_by_a_letter(world: World) -> None:
    world.do(_abroad)
    found = world.mail()
    assert [_told(world, found, each).status_code for each in ("131052A308T", "131052-308T")] == [200, 422]


def _abroad(unit: Unit) -> None:
    for each in unit.all(select(Municipality)):
        each.country = "FI"


def test_a_number_that_was_told_another_day_or_elsewhere_stays(world: World) -> None:
    found = world.mail()
    _told(world, found, NUMBER)
    let_pass(25 * 3600)
    _told(world, found, NUMBER)
    _withdraw(world, found)
    assert _numbers(world) == 1


def _read_as_open(unit: Unit, conversation_id: int) -> None:
    """By the number that was told."""
    citizen = must(unit.get(Citizen, must(unit.get(Conversation, conversation_id)).citizen_id))
    citizen.protection, citizen.protection_read_at = "no", clock.now()


def _protection(unit: Unit, conversation_id: int) -> tuple[str, int | None]:
    citizen = must(unit.get(Citizen, must(unit.get(Conversation, conversation_id)).citizen_id))
    return citizen.protection, citizen.protection_read_at


def test_of_another_citizen_nothing_is_confirmed(world: World) -> None:
    """Should the conversation turn out to be somebody else's."""
    found, other = world.mail(), world.mail()
    confirm(world, found)

    def give(unit: Unit) -> None:
        strange = must(unit.get(Conversation, other)).citizen_id
        must(unit.get(Conversation, found)).citizen_id = strange

    world.do(give)
    assert shown(world, found) is None


def test_what_confirms_nothing_is_refused(world: World) -> None:
    found = world.mail()
    for how in ("from_address", "phone_number", "", None):
        assert confirm(world, found, how).status_code == 400  # type: ignore[arg-type]  # it is what may be sent
    path, body = f"/conversations/{found}/identity", {"how": "eid"}
    assert world.ask("PUT", path, json=body).status_code == 428
    assert world.change("PUT", path, version='"9"', json=body).status_code == 412
    assert world.ask("PUT", path, "reader", json=body, headers={"If-Match": world.version(found)}).status_code == 403
    assert world.change("PUT", path, "nils", world.version(found), json=body).status_code == 404
    assert world.get(path, "nils").status_code == 404


def identity_point(world: World, conversation_id: int, *, code: str = "granvik") -> int:
    """The citizen's number, sealed as a register would give it."""

    def add(unit: Unit) -> int:
        found = must(unit.get(Conversation, conversation_id))
        value, match_key = points.seal_identity(unit.keys, world.ids[code], NUMBER)
        row = CitizenPoint(
            municipality_id=found.municipality_id,
            citizen_id=found.citizen_id,
            first_citizen_id=found.citizen_id,
            kind="identity",
            value=value,
            match_key=match_key,
        )
        unit.add(row)
        return row.id

    return world.do(add)


def reveal(world: World, conversation_id: int, point: int | str, purpose: str = "ringa upp", who: str = "sara") -> Any:
    body = {"point": str(point), "purpose": purpose}
    return world.ask("POST", f"/conversations/{conversation_id}/reveals", who, json=body)


def test_a_number_is_revealed_for_a_purpose_and_that_is_written_down(world: World) -> None:
    at = local("2027-02-10 10:22")
    clock.set_source(lambda: at)
    found = world.mail(sender="eva.berg@example.com")
    number = identity_point(world, found)
    citizen = world.get(f"/conversations/{found}").json()["citizen"]["id"]
    shown_points = world.get(f"/citizens/{citizen}").json()["points"]
    assert [each["value"] for each in shown_points] == ["ev••••••@example.com", "1961••••-••••"]
    answer = reveal(world, found, number, "  kontroll mot registret ")
    assert answer.status_code == 201
    assert answer.json() == {
        "id": str(number), "kind": "identity", "value": "196105121237", "until": "2027-02-10T09:24:00Z",
    }  # fmt: skip
    assert answer.headers["Cache-Control"] == "no-store"
    assert reveal(world, found, shown_points[0]["id"]).json()["value"] == "eva.berg@example.com"

    def written(unit: Unit) -> tuple[list[Any], list[Any]]:
        named = select(Reading.kind, Reading.subject_key, Reading.conversation_id, Reading.reason)
        reading = unit.rows(named.where(Reading.kind == "citizen_point").order_by(Reading.id))
        audit = unit.rows(select(Audit.act, Audit.subject_key, Audit.conversation_id, Audit.purpose).order_by(Audit.id))
        return [tuple(row) for row in reading], [tuple(row) for row in audit]

    key = world.do(subject_key, "citizen_point", number)
    reading, audit = world.do(written)
    assert reading[0] == ("citizen_point", key, found, "kontroll mot registret")
    assert audit[0] == ("citizen.reveal", key, found, "kontroll mot registret")
    assert len(reading) == len(audit) == 2


def test_a_citizen_is_masked_and_a_message_is_what_it_is(world: World) -> None:
    """Whoever may open it sees from whom and to whom it went; they have to, to answer."""
    found = world.mail(sender="eva.berg@example.com")
    page = world.get(f"/conversations/{found}")
    assert world.ask("POST", f"/conversations/{found}/replies", json={"text": "Svar"}).status_code == 201
    came, left = world.everything(f"/conversations/{found}/timeline")
    assert [each["value"] for each in page.json()["participants"]] == ["ev••••••@example.com"]
    assert "eva.berg@" not in page.text + world.get(f"/citizens/{page.json()['citizen']['id']}").text
    assert (came["mail"]["sender"], came["mail"]["recipients"]["to"]) == (
        "eva.berg@example.com",
        ["kommunen@granvik.example"],
    )
    assert (
        [each["recipient"] for each in left["deliveries"]]
        == left["mail"]["recipients"]["to"]
        == ["eva.berg@example.com"]
    )
    assert world.get(f"/conversations/{found}/timeline", "nils").status_code == 404


def test_without_a_purpose_a_right_or_the_point_nothing_is_revealed_or_written(world: World) -> None:
    found, other = world.mail(), world.mail()
    number, strange = identity_point(world, found), identity_point(world, other)
    for purpose, status in (("", 400), ("ab", 400), ("    ", 422), ("x\0y", 400)):
        assert reveal(world, found, number, purpose).status_code == status
    assert reveal(world, found, strange).status_code == 404
    assert reveal(world, found, 1).status_code == 404
    assert reveal(world, found, number, who="nils").status_code == 404
    assert reveal(world, found, number, who="ida").status_code == 404
    assert reveal(world, found, number, who="reader").status_code == 403
    assert world.do(lambda unit: unit.all(select(Audit.act))) == []


def test_a_cipher_of_another_municipality_or_key_is_not_read_and_nothing_is_written(world: World) -> None:
    found = world.mail()
    moved = identity_point(world, found, code="nesoy")
    citizen = world.get(f"/conversations/{found}").json()["citizen"]["id"]
    assert world.get(f"/citizens/{citizen}").json()["points"][-1]["value"] == "••••"
    answer = reveal(world, found, moved)
    assert (answer.status_code, "1961" in answer.text) == (500, False)
    assert "can't be read with this key file" in answer.json()["detail"]
    assert world.do(lambda unit: unit.all(select(Audit.act))) == []


def test_midnight_is_the_municipalitys_own(world: World) -> None:
    at = local("2027-02-10 12:00")
    clock.set_source(lambda: at)
    found = world.mail(municipality="nesoy", queue="innbygger")
    ends = datetime.fromisoformat(confirm(world, found, who="nils").json()["identity"]["ends_at"])
    assert ends.astimezone(ZoneInfo("Europe/Oslo")) == datetime(2027, 2, 11, tzinfo=ZoneInfo("Europe/Oslo"))
    assert ends - clock.to_datetime(at) == timedelta(hours=12)
