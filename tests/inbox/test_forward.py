"""A forward quotes the citizen masked, tells nothing of what is internal, and answers nobody."""

from typing import Any

import pytest
from sqlalchemy import select, update

from hub.errors import Invalid
from hub.inbox import forward, note
from hub.inbox.citizen import Citizen
from hub.inbox.entry import Entry
from hub.inbox.outgoing import Route
from hub.inbox.participant import Participant
from hub.storage.unit import Unit
from tests.inbox.writing import HOUSE, answer, at, contact, deliveries, mail_of, now, opened, undo
from tests.pace import in_time
from tests.storage.centre import Centre, conversation

AUTHORITY = "registrator@lansstyrelsen.example"


def send(centre: Centre, conversation_id: int, text: str = "Kan ni svara på detta?", **options: Any) -> Entry:
    """Held back for ten seconds."""
    route = Route(centre.ids["out"], HOUSE, "Granvik")
    given: dict[str, Any] = {"to": [AUTHORITY], **options}
    return centre.here(
        lambda unit: forward.forward(
            unit, conversation(unit, conversation_id), centre.ids["sara"], text, route, 10, **given
        )
    )


def named(centre: Centre, name: str) -> None:
    centre.here(lambda unit: unit.change(update(Citizen).values(name=name)))


def test_it_leaves_and_nothing_owed_is_cleared(centre: Centre) -> None:
    one = opened(centre)
    before = now(centre, one)
    entry = send(centre, one, cc=["kopia@lansstyrelsen.example"])
    assert [each.recipient for each in deliveries(centre)] == [AUTHORITY, "kopia@lansstyrelsen.example"]
    assert (entry.kind, entry.visibility, entry.body["what"]) == ("mail", "internal", "forward")
    after = now(centre, one)
    assert (after.due_at, after.version) == (before.due_at, before.version + 1)
    assert centre.here(lambda unit: conversation(unit, one).owed(unit)) == before.due_at
    query = select(Participant.role).where(Participant.conversation_id == one)
    assert centre.here(lambda unit: unit.all(query)) == ["sender"]


def test_its_headers_tell_nothing_of_the_citizen(centre: Centre) -> None:
    one = opened(centre)
    mail = mail_of(centre, send(centre, one))
    assert (mail.in_reply_to, mail.refs, mail.recipients["reply_to"]) == (None, [], HOUSE)


def test_name_and_address_are_masked(sqlite_centre: Centre) -> None:
    one = opened(
        sqlite_centre, text="Jag heter Anna Öberg, skriv till ANNA@example.com. Annas faktura, per post.\n\nAnna"
    )
    named(sqlite_centre, "Anna Per Öberg")
    said = send(sqlite_centre, one).text
    assert said.startswith("Kan ni svara på detta?\n\nFrån en invånare, 2026-11-24 09:00:\n> Jag heter [namn], skriv")
    assert "[adress]. [namn]s faktura, per post." in said
    assert "anna" not in said.lower()
    assert "öberg" not in said.lower()


@pytest.mark.parametrize("name", ["", ".", "A", "(Anna", "Anna [x] \\d+", "anna@example.com"])
def test_whatever_a_citizen_calls_themselves(sqlite_centre: Centre, name: str) -> None:
    one = opened(sqlite_centre, text="Hej. (Anna (igen) \\d+ A [x]")
    named(sqlite_centre, name)
    assert "Hej." in send(sqlite_centre, one).text


@pytest.mark.parametrize(
    "text", ["a" * 200_000, "@" * 200_000, "a@" * 100_000, "x@" + "a" * 200_000, "a.b@c." * 30_000]
)
def test_a_text_of_nothing_but_addresses_is_masked_in_time(sqlite_centre: Centre, text: str) -> None:
    one = opened(sqlite_centre, text=text)
    in_time(1, lambda: sqlite_centre.here(lambda unit: forward.quotation(unit, conversation(unit, one))))


def test_notes_and_our_own_words_never_go_along(centre: Centre) -> None:
    one = opened(centre)
    written = centre.here(lambda unit: note.add(unit, conversation(unit, one), centre.ids["vera"], "Känsligt"))
    ours = answer(centre, one, "Vårt svar")
    other = opened(centre, text="Något annat")
    foreign = now(centre, other).last_entry_id
    for forbidden in (written.id, ours.id, foreign):
        with pytest.raises(Invalid) as caught:
            send(centre, one, entry_ids=[forbidden])
        assert caught.value.field == "entries"
    assert "Känsligt" not in send(centre, one).text


def test_which_entries_go_along_is_the_agents_choice(sqlite_centre: Centre) -> None:
    one = opened(sqlite_centre, text="Första")
    first = now(sqlite_centre, one).last_entry_id
    at(1)
    contact(sqlite_centre, one, text="Andra")
    second = now(sqlite_centre, one).last_entry_id
    at(2)
    contact(sqlite_centre, one, text="Frånvarande", automatic="auto_reply")

    def quoted(unit: Unit, ids: list[int] | None) -> list[bool]:
        said = forward.quotation(unit, conversation(unit, one), ids)
        return [word in said for word in ("Första", "Andra", "Frånvarande")]

    assert sqlite_centre.here(quoted, None) == [False, True, False]
    assert sqlite_centre.here(quoted, [first]) == [True, False, False]
    assert sqlite_centre.here(quoted, [second, first]) == [True, True, False]
    assert sqlite_centre.here(quoted, []) == [False, False, False]


def test_a_subject_is_marked_once_and_masked(sqlite_centre: Centre) -> None:
    one = opened(sqlite_centre)

    def name(unit: Unit) -> None:
        conversation(unit, one).subject = "Fråga från Anna"

    sqlite_centre.here(name)
    assert send(sqlite_centre, one).body["subject"] == "Fw: Fråga från [namn]"
    assert send(sqlite_centre, one, subject="VB: \r\nBcc: x@y").body["subject"] == "VB: Bcc: x@y"


@pytest.mark.parametrize("to", [[], ["länsstyrelsen"]])
def test_it_goes_to_somebody(sqlite_centre: Centre, to: list[str]) -> None:
    one = opened(sqlite_centre)
    with pytest.raises(Invalid) as caught:
        send(sqlite_centre, one, to=to)
    assert caught.value.field == "to"


def test_taken_back_it_changes_nothing_else(centre: Centre) -> None:
    one = opened(centre)
    before = now(centre, one).due_at
    entry = send(centre, one)
    undo(centre, entry)
    assert (now(centre, one).due_at, deliveries(centre)[0].reason) == (before, "undone")


def add(centre: Centre, conversation_id: int, **given: Any) -> None:
    """What came from outside, by another way than mail."""
    centre.here(
        lambda unit: conversation(unit, conversation_id).append(
            unit, Entry(author_kind="citizen", visibility="public", language="sv", **given)
        )
    )


@pytest.mark.parametrize("kind", ["call", "visit"])
def test_what_one_of_ours_wrote_of_a_call_or_a_visit_never_goes_along(sqlite_centre: Centre, kind: str) -> None:
    one = opened(sqlite_centre, text="Hej, det är halt.")
    add(sqlite_centre, one, kind=kind, text="Otrevlig i telefon", body={})
    assert "Otrevlig" not in send(sqlite_centre, one).text
    assert "halt" in send(sqlite_centre, one).text


def test_what_a_form_was_told_of_its_sender_is_masked_as_it_was_typed(sqlite_centre: Centre) -> None:
    one = opened(sqlite_centre)
    said = {"namn": ("name", "Ida Berg"), "tel": ("phone", "070-174 06 05"), "vad": ("text", "Lampan är trasig")}
    answers = [{"key": key, "kind": kind, "label": key, "text": text} for key, (kind, text) in said.items()]
    text = "\n".join(f"{key}: {text}" for key, (_, text) in said.items())
    add(sqlite_centre, one, kind="form", text=text, body={"name": "", "answers": answers})
    quoted = send(sqlite_centre, one).text
    assert "Lampan är trasig" in quoted
    assert "Ida" not in quoted
    assert "174" not in quoted
