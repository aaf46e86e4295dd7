"""What a lookup's source, its settings and the reading of its rows say to a department is said in its language."""

import importlib
from collections.abc import Iterator

import pytest

from hub.lookups.databases.database import OWN_USER
from inbox_ui import stored, words
from tests.web.sentences import DIFFERS, sentences

MADE_OF_OTHERS = {
    f"plugins/lookups/sql.py: {DIFFERS}: {DIFFERS}", f"plugins/lookups/rest/__init__.py: {DIFFERS}: {DIFFERS}",
    f"plugins/lookups/sql.py: {DIFFERS} is missing: what says that the answer is about that {DIFFERS}?",
    f"hub/lookups/places.py: {DIFFERS}: departments may not read from {DIFFERS}. IT says where they may, in "
    "lookup_places.",
    f"hub/lookups/databases/mariadb.py: {DIFFERS} can't answer now{DIFFERS}.",
    f"hub/lookups/databases/sqlserver.py: {DIFFERS} can't answer now{DIFFERS}.",
    f"hub/lookups/databases/oracle.py: {DIFFERS} can't answer now{DIFFERS}.",
    f"hub/lookups/databases/sqlite.py: {DIFFERS} can't read the file now{DIFFERS}.",
    f"hub/lookups/databases/database.py: {DIFFERS}. What helps: {DIFFERS}",
    f"hub/contract/mapping_check.py: {DIFFERS} = {DIFFERS} can't be used: {DIFFERS}.",
}  # fmt: skip
"""Sentences whose halves stand elsewhere in their file; what they make is tried below."""
OF_AUTHORS = ("hub/contract/testing/", "hub/lookups/open.py", "hub/lookups/request.py")
"""What these say is for whoever writes a plugin."""


@pytest.fixture
def reader() -> Iterator[None]:
    words.speak("sv", "Europe/Stockholm")
    yield
    words.speak("en", "UTC")


@pytest.mark.parametrize("room", ["plugins", "hub/lookups", "hub/contract"])
def test_every_sentence_is_known_to_the_screen(room: str) -> None:
    said = [each for each in sentences(room, NoCard=1, _wrong=0) if not each.startswith(OF_AUTHORS)]
    assert len(said) > 20
    unknown = {each for each in said if not stored.is_known(each.partition(": ")[2])}
    assert unknown - MADE_OF_OTHERS == set(), "put it into inbox_ui/stored_lookups.py"


@pytest.mark.parametrize("engine", ["postgresql", "mariadb"])
def test_what_an_errors_number_means_is_known_to_the_screen(engine: str) -> None:
    meanings = importlib.import_module(f"hub.lookups.databases.{engine}")._SENTENCES
    assert [said for _, said in meanings.values() if not stored.is_known(said)] == []


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize(
    "sentence",
    [
        "by.customer.where: There is no column of that name.",
        "by.property: Two columns are called KUND: name one by AS.",
        "by.customer: PostgreSQL doesn't understand the SELECT (42601).",
        "about.customer is missing: what says that the answer is about that customer number?",
        "SQL Server can't answer now (08001).",
        "MariaDB can't answer now.",
        "SQLite can't read the file now (SQLITE_BUSY).",
        "The user of a lookup must only read, and this one has INSERT ON avtal (3 more like it). What helps: REVOKE "
        "INSERT ON avtal FROM torg",
        f"The user of a lookup must only read, and this one owns table avtal. What helps: {OWN_USER}",
        "fields.due = 'a b' can't be used: write a column, or a path like Invoice.DueDate or Payments[].Amount.",
        "values.status.P: 'payed' can't be used: it is one of paid, unpaid.",
        "No row gives a card: A row says nothing of due: the card isn't without it.",
        "lists.payments: one says nothing of day.",
    ],
)
def test_what_is_made_of_several_is_said_as_a_whole(sentence: str) -> None:
    said = stored.stored(sentence)
    assert said != sentence
    for word in ("the", "is", "of", "this", "can't", "What", "write", "There", "give", "name", "more"):
        assert f" {word} " not in f" {said} "


@pytest.mark.usefixtures("reader")
def test_a_servers_own_words_after_a_setting_stay_as_they_came() -> None:
    assert stored.stored("host: go away, please") == "host: go away, please"
