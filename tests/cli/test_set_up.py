"""A centre is set up by commands alone, on both engines; every change leaves a row in the audit."""

import pytest
from sqlalchemy import select

from hub.access import attempt
from hub.access.audit import Audit
from hub.access.login import by_token
from hub.access.person import Actor, Person
from hub.cli.installation import COMMAND_LINE
from hub.inbox.queue import Queue
from hub.storage.unit import Unit
from tests.cli.commands import Torg

DIGITS = 18


def test_what_is_added_is_listed(either: Torg) -> None:
    either("municipality", "add", "nesoy", "--name", "Nesøy kommune", "--short-name", "Nesøy", "--country", "no")
    department = either(
        *(
            "department",
            "add",
            "--municipality",
            "granvik",
            "--name",
            "Bygg",
            "--address",
            "bygg@granvik.example",
            "--json",
        )
    ).json["id"]
    parent = either("topic", "add", "--municipality", "granvik", "--name", "Avfall", "--json").json["id"]
    either("topic", "add", "--municipality", "granvik", "--name", "Sopor", "--parent", parent, "--synonym", "soptunna")

    codes = {row["code"]: row["language"] for row in either("municipality", "list", "--json").json["items"]}
    assert codes == {"granvik": "sv", "nesoy": "nb"}
    named = [(row["name"], row["short_name"]) for row in either("municipality", "list", "--json").json["items"]]
    assert named == [("Granviks kommun", None), ("Nesøy kommune", "Nesøy")]
    hues = [row["hue"] for row in either("municipality", "list", "--json").json["items"]]
    assert hues == [1, 2]  # told apart on the screen, though nobody chose
    assert either("department", "list", "--municipality", "granvik", "--json").json["items"] == [
        {"id": department, "municipality": "granvik", "name": {"sv": "Bygg"}, "address": "bygg@granvik.example"}
    ]
    topics = either("topic", "list", "--json").json["items"]
    assert [(row["name"], row["parent"], row["synonyms"]) for row in topics] == [
        ({"sv": "Avfall"}, None, []),
        ({"sv": "Sopor"}, parent, ["soptunna"]),
    ]
    assert either("department", "list", "--municipality", "nesoy").out == "There is no department yet.\n"


def test_a_municipality_is_renamed_and_what_is_not_named_stays(either: Torg) -> None:
    def shown() -> tuple[str, str | None, int]:
        (row,) = either("municipality", "list", "--json").json["items"]
        return row["name"], row["short_name"], row["hue"]

    assert shown() == ("Granviks kommun", None, 1)
    told = either("municipality", "set", "granvik", "--short-name", " Granvik ", "--hue", "3")
    assert (told.out, shown()) == ("Changed municipality granvik.\n", ("Granviks kommun", "Granvik", 3))
    either("municipality", "set", either("municipality", "list", "--json").json["items"][0]["id"], "--name", "Granvik")
    assert shown() == ("Granvik", "Granvik", 3)
    either("municipality", "set", "granvik", "--short-name", "")
    assert shown() == ("Granvik", None, 3)
    acts = select(Audit.act).where(Audit.act == "municipality.set")
    with either.storage() as storage:
        assert len(storage.read_now(COMMAND_LINE, lambda unit: unit.all(acts))) == 3


def test_a_queue_has_names_in_languages_and_areas(either: Torg) -> None:
    granvik = either("municipality", "list", "--json").json["items"][0]["id"]
    either("municipality", "add", "nesoy", "--name", "Nesøy", "--country", "NO")
    either(
        *("queue", "add", "--municipality", granvik, "--municipality", "nesoy", "--name", "Bygglov"),
        *("--name", "nb=Byggesak", "--answer-days", "5"),
    )
    queue = either("queue", "list", "--municipality", "nesoy", "--json").json["items"][0]
    assert queue["name"] == {"sv": "Bygglov", "nb": "Byggesak"}
    assert (queue["municipalities"], queue["answer_days"]) == (["granvik", "nesoy"], 5)
    # By its name in any language, and by its id.
    for named, role in (("byggesak", "agent"), (queue["id"], "lead")):
        to = ("--municipality", "nesoy", "--role", role, "--queue", named)
        either("membership", "add", "sara@granvik.example", *to)
    memberships = either("membership", "list", "--person", "sara@granvik.example", "--json").json["items"]
    assert [row["queue"] for row in memberships].count(queue["id"]) == 2


def test_a_telephone_is_somebodys_and_that_several_share_it_is_said(either: Torg) -> None:
    either("person", "add", "per@granvik.example", "--name", "Per")
    assert either("person", "phone", "sara@granvik.example", "201").out == "Changed.\n"
    shared = either("person", "phone", "per@granvik.example", "201").out
    assert "sara@granvik.example has it, too: calls at it are nobody's" in shared
    assert {row["phone"] for row in either("person", "list", "--json").json["items"]} == {"201"}
    either("person", "phone", "per@granvik.example", "")
    assert [row["phone"] for row in either("person", "list", "--json").json["items"]] == [None, "201"]


def test_a_token_acts_as_its_person_until_it_ends(either: Torg) -> None:
    token = either(
        "token", "add", "sara@granvik.example", "--name", "screen", "--scope", "read", "--days", "2", "--json"
    ).json
    assert set(token) == {"token"}
    shown = either("token", "list", "--json").json["items"][0]
    assert (shown["name"], shown["scopes"]) == ("screen", ["read"])
    assert shown["expires_at"] is not None
    assert token["token"] not in either("token", "list").out

    actor = _actor(either, token["token"])
    assert actor is not None
    assert (actor.email, actor.grants, len(actor.memberships)) == ("sara@granvik.example", frozenset({"read"}), 2)
    either("person", "disable", "sara@granvik.example")
    assert _actor(either, token["token"]) is None
    either("person", "enable", "sara@granvik.example")
    assert _actor(either, token["token"]) is not None
    either("token", "end", shown["id"])
    assert _actor(either, token["token"]) is None
    assert either("token", "end", shown["id"], status=1).err.startswith(f"torg: Token {shown['id']} ended at ")


def test_a_membership_ends(either: Torg) -> None:
    token = either("token", "add", "sara@granvik.example", "--name", "x").out.strip()
    for row in either("membership", "list", "--json").json["items"]:
        either("membership", "end", row["id"])
    actor = _actor(either, token)
    assert actor is not None
    assert actor.memberships == ()
    assert either("membership", "list").out == "There is no membership yet.\n"
    assert len(either("membership", "list", "--ended", "--json").json["items"]) == 2


def test_only_a_hash_of_a_password_is_kept(torg: Torg) -> None:
    torg("person", "add", "Per@Granvik.example", "--name", "Per", "--password-stdin", said="hemligt lösen\n")
    file = torg.folder / "password"
    file.write_text("annat lösenord\n")
    torg("person", "add", "eva@granvik.example", "--name", "Eva", "--password-file", str(file))
    twice = torg("person", "password", "eva@granvik.example", said="annat lösenord\nannat lösenord\n", status=1)
    assert "a password is one line" in twice.err
    with torg.storage() as storage:
        kept = storage.read_now(COMMAND_LINE, lambda unit: unit.all(select(Person.password).order_by(Person.email)))
    assert [(each or "")[:10] for each in kept] == ["$argon2id$", "$argon2id$", ""]
    assert {row["email"] for row in torg("person", "list", "--json").json["items"]} == {
        "per@granvik.example", "eva@granvik.example", "sara@granvik.example",
    }  # fmt: skip


def test_who_was_locked_out_is_let_in_again(either: Torg) -> None:
    def fail(unit: Unit) -> None:
        attempt.settle(unit, attempt.ask(unit, "sara@granvik.example"), right=False)

    for command in (("person", "unlock"), ("person", "password")):
        with either.storage() as storage:
            for _ in range(attempt.MOST):
                storage.write_now(COMMAND_LINE, fail)
            with pytest.raises(attempt.TooManyAttempts):
                storage.read_now(COMMAND_LINE, attempt.ask, "sara@granvik.example")
        either(*command, "sara@granvik.example", said="ett helt nytt lösen")
        with either.storage() as storage:
            storage.read_now(COMMAND_LINE, attempt.ask, "sara@granvik.example")
    assert either("person", "unlock", "sara@granvik.example").out == "sara@granvik.example may try again to log in.\n"


def test_every_change_is_in_the_audit(either: Torg) -> None:
    sent = either("channel", "add", "eml_folder", "--name", "ut", "--set", "folder=out", "--json").json["id"]
    either("channel", "pause", sent, "--why", "natt")
    either("channel", "resume", sent)
    either("person", "disable", "sara@granvik.example")

    def acts(unit: Unit) -> list[tuple[str, str, int | None]]:
        return [(row.act, row.source, row.person_id) for row in unit.all(select(Audit).order_by(Audit.id))]

    with either.storage() as storage:
        logged = storage.read_now(COMMAND_LINE, acts)
    assert [act for act, _, _ in logged] == [
        "municipality.add", "queue.add", "person.add", "membership.add", "membership.add", "channel.add",
        "channel.pause", "channel.resume", "person.disable",
    ]  # fmt: skip
    assert {(source, by) for _, source, by in logged} == {("command line", None)}


def test_ids_are_text_in_json(either: Torg) -> None:
    added = either("queue", "add", "--municipality", "granvik", "--name", "Bygg", "--json").json
    assert isinstance(added["id"], str)
    assert len(added["id"]) >= DIGITS

    def name(unit: Unit) -> str:
        row = unit.get(Queue, int(added["id"]))
        return row.words["sv"] if row else ""

    with either.storage() as storage:
        assert storage.read_now(COMMAND_LINE, name) == "Bygg"


def _actor(torg: Torg, token: str) -> Actor | None:
    with torg.storage() as storage:
        return storage.read_now(COMMAND_LINE, by_token, token)
