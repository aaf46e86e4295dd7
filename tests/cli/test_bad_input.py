"""Wrong words, settings and databases: one sentence on standard error that says what is wrong and what there is."""

import socket
import sqlite3
from pathlib import Path

import pytest

from hub.cli import COMMANDS
from tests.cli.commands import Torg
from tests.connectors.tools import free_port

WRONG = [
    (
        "municipality add Granvik --name G --country SE",
        "a municipality's code is lower-case letters, digits and hyphens",
    ),
    ("municipality add granvik --name G --country SE", "there is a municipality granvik already"),
    ("municipality add holmo --name H --country DE", "country is one of SE, NO, DK, FI, IS"),
    ("department add --municipality solby --name D", "there is no municipality solby; there is: granvik"),
    ("department add --municipality granvik --name D --address bygg", "bygg is not an e-mail address"),
    ("topic add --municipality granvik --name T --parent 17", "granvik has no topic 17"),
    ("queue add --municipality solby --name Q", "there is no municipality solby; there is: granvik"),
    ("queue add --municipality granvik --name kundtjänst", "granvik has a queue kundtjänst already"),
    ("queue add --municipality granvik --name A --name sv=B", "there are two names in sv: A and B"),
    ("queue list --municipality 912", "there is no municipality 912"),
    ("person add sara --name S", "sara is not an e-mail address"),
    ("person add Sara@Granvik.example --name S", "there is a person sara@granvik.example already"),
    ("person add a@x.example --name A --password-stdin", "a password has 12 characters or more; this has 4"),
    ("person chats sara@granvik.example 21", "one person holds 0 to 20 chats at once"),
    ("person unlock nobody@x.example", "there is no person nobody@x.example"),
    ("person disable nobody@x.example", "there is no person nobody@x.example"),
    ("membership add nobody@x.example --municipality granvik --role agent", "there is no person nobody@x.example"),
    ("membership add sara@granvik.example --municipality granvik --role boss", "role is one of agent, lead, it"),
    (
        "membership add sara@granvik.example --municipality granvik --role agent --queue Bygg",
        "granvik has no queue Bygg; it has: Kundtjänst",
    ),
    (
        "membership add sara@granvik.example --municipality granvik --role agent",
        "sara@granvik.example has the role agent there already",
    ),
    ("receipt set granvik --text sv=gone.txt", "gone.txt can't be read: No such file or directory"),
    ("membership end 17", "There is no membership 17"),
    ("token add sara@granvik.example --name t --scope all", "there is no scope all; there is: read, write, it, audit"),
    ("token end 17", "There is no token 17"),
    (
        "channel add fax --name f",
        "kind of channel 'fax'. There are: asterisk_ami, elks, ",
    ),
    ("channel add eml_folder --name f --set folder=/proc/x", "folder: /proc/x can't be written to"),
    ("channel add smtp --name f", "host is missing; it is text, not empty"),
    (
        "channel add smtp --name f --set host=x --set port=abc",
        "port = 'abc' can't be used: it is a whole number from 1",
    ),
    (
        "channel add smtp --name f --set host=x --set security=bogus",
        "security = 'bogus' can't be used: it is one of none, starttls, tls",
    ),
    ("channel add smtp_in --name f", "addresses is missing; it is pairs of NAME=VALUE (mail address = "),
    ("municipality set granvik", "say what to change: --name, --short-name or --hue"),
    ("municipality set solby --hue 2", "there is no municipality solby; there is: granvik"),
    ("channel check 17", "There is no channel 17"),
    ("channel set 17", "say what to change: NAME=VALUE, --set-file, --set-stdin, or one of the options"),
    ("channel set 17 --name x", "There is no channel 17"),
    ("channel pause 17 --why x", "There is no channel 17"),
    ("channel resume 17", "There is no channel 17"),
    ("ledger --channel 17", "There is no channel 17"),
    ("replay --raw 17", "There is no raw event 17"),
    ("replay --channel 17", "There is no channel 17"),
    ("audit verify --head nowhere.json", "nowhere.json is neither CHAIN=DIGEST nor a readable file"),
    ("audit verify --head var/torg.key", "var/torg.key holds no heads"),
]

USAGE = [
    "municipality add",
    "municipality add x --name X",
    "municipality set granvik --hue 99",
    "queue add --name Q",
    "queue add --municipality granvik --name Q --answer-days two",
    "membership end seventeen",
    "person add a@x.example --name A --password-stdin --password-file var/torg.key",
    "person add a@x.example --name A --password-file gone",
    "token add sara@granvik.example --name t --days 0",
    "channel add eml_folder --name f --set folder",
    "channel pause 17",
    "replay",
    "replay --failed --raw 17",
    "parse mail",
    "parse",
    "nonsense",
    "serve --port 99999",
    "prove ingest --database-url nonsense",
]

NOTHING = [
    "municipality add holmo --country SE --name",
    "municipality set granvik --name",
    "department add --municipality granvik --name",
    "topic add --municipality granvik --name",
    "queue add --municipality granvik --name",
    "person add a@x.example --name",
    "token add sara@granvik.example --name",
    "channel add eml_folder --set folder=out --name",
    "channel set 17 --name",
]
"""What each of these is followed by is no name."""


@pytest.mark.parametrize(("words", "sentence"), WRONG)
def test_what_is_wrong_is_said_in_a_sentence(torg: Torg, words: str, sentence: str) -> None:
    ran = torg(*words.split(), said="kort", status=1)
    assert sentence in ran.err
    assert ran.err.startswith("torg: ")
    assert ran.err.count("\n") == 1
    assert ran.out == ""


@pytest.mark.parametrize("words", NOTHING)
@pytest.mark.parametrize("name", ["", "  "])
def test_a_name_is_at_least_a_letter(torg: Torg, words: str, name: str) -> None:
    ran = torg(*words.split(), name, status=1)
    assert (ran.out, ran.err) == ("", "torg: a name is at least one letter\n")


def test_two_of_one_name_are_not_added(torg: Torg) -> None:
    for what in ("topic", "department"):
        torg(what, "add", "--municipality", "granvik", "--name", "Vatten")
        ran = torg(what, "add", "--municipality", "granvik", "--name", "nb=vatten", status=1)
        assert f"granvik has a {what} vatten already" in ran.err
    parent = torg("topic", "list", "--json").json["items"][0]["id"]
    torg("topic", "add", "--municipality", "granvik", "--name", "Vatten", "--parent", parent)


def test_an_address_that_cannot_be_opened_is_told_before_anything_is_begun(torg: Torg) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        ran = torg("serve", "--port", port, status=1)
    assert ran.err.startswith(f"torg: Port {port} on 127.0.0.1 is in use by another program. Take another with --port")
    assert ran.err.count("\n") == 1
    ran = torg("serve", "--host", "192.0.2.1", status=1)
    assert "on 192.0.2.1 can't be opened (Cannot assign requested address)" in ran.err


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("TORG_ROUTERS", "by_moon", "routers: There is no router 'by_moon'. There are: by_recipient."),
        ("TORG_SCREEN", "a_screen", "screen = 'a_screen' can't be used: there is no such package here"),
        ("TORG_SCREEN", "json", "screen = 'json' can't be used: it has no pages (no function routers)"),
    ],
)
def test_what_no_plugin_and_no_package_brings_is_told_at_the_start(
    torg: Torg, variable: str, value: str, sentence: str
) -> None:
    torg.environment |= {variable: value, "TORG_PORT": str(free_port())}
    ran = torg("serve", status=1)
    assert ran.err == f"torg: {sentence}\n"


@pytest.mark.parametrize("words", USAGE)
def test_a_wrong_use_shows_the_right_one(torg: Torg, words: str) -> None:
    ran = torg(*words.split(), status=2)
    assert ran.err.startswith("Usage: torg")


@pytest.mark.parametrize(
    ("settings", "sentences"),
    [
        ({"TORG_PORT": "70000"}, ["port = '70000' can't be used", "it is a whole number from 1 to 65535 (TORG_PORT)"]),
        ({"TORG_WORKER": "both"}, ["worker = 'both' can't be used"]),
        ({"TORG_WORKER": "separate"}, ["needs redis_url"]),
        ({"TORG_DATABSE_URL": "sqlite:///x"}, ["there is no setting databse_url; there is: database_url"]),
        ({"TORG_DATABASE_URL": "mysql://x/y"}, ["database_url is sqlite:///FILE or postgresql+psycopg://", "mysql"]),
        ({"TORG_DATABASE_URL": "nonsense"}, ["database_url = 'nonsense' can't be used", "sqlite:///FILE"]),
        ({"TORG_DATABASE_URL": "postgresql://u:secret@127.0.0.1:1/x"}, ["can't be opened or reached"]),
        ({"TORG_DATABASE_URL": "sqlite:////proc/torg/x.db"}, ["the folder of database_url", "can't be made"]),
        ({"TORG_KEY_FILE": "/proc/torg/key"}, ["key_file = '/proc/torg/key' can't be read or made"]),
        ({"TORG_CONFIG": "gone.toml"}, ["TORG_CONFIG names gone.toml, and there is no such file"]),
        ({"TORG_CONFIG": "broken.toml"}, ["broken.toml isn't valid TOML"]),
    ],
)
def test_a_wrong_setting_is_named(empty: Torg, settings: dict[str, str], sentences: list[str]) -> None:
    (empty.folder / "broken.toml").write_text("port = = 1")
    empty.environment |= settings
    for words in (["db", "upgrade"], ["ledger"]):
        ran = empty(*words, status=1)
        if "reached" not in sentences[0] or words == ["ledger"]:
            assert all(sentence in ran.err for sentence in sentences), ran
        assert ran.err.count("\n") == 1
        assert "secret" not in ran.err


def test_the_demo_wants_two_ports(empty: Torg) -> None:
    del empty.environment["TORG_DATABASE_URL"]
    refused = empty("demo", "--port", "28025", "--mail-port", "28025", status=1).err
    assert refused == "torg: the desk and the mail can't both have port 28025: give another --mail-port\n"


def test_an_empty_old_or_damaged_database_is_told(empty: Torg) -> None:
    refused = empty("ledger", status=1).err
    meant = f"unless you meant another than {(empty.folder / 'torg.db').resolve()}"
    assert refused == f"torg: database_url: the database is empty: run torg db upgrade, {meant}\n"
    empty("db", "upgrade")
    with sqlite3.connect(empty.folder / "torg.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '2020_01_01_0000'")
    connection.close()
    for words in ("ledger", "db check", "municipality list", "channel list", "audit verify", "replay --failed"):
        assert "the database is at 2020_01_01_0000" in empty(*words.split(), status=1).err
    for path in empty.folder.glob("torg.db*"):
        path.unlink()
    (empty.folder / "torg.db").write_bytes(b"no database at all " * 100)
    assert "restore it from a backup" in empty("ledger", status=1).err


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, tmp_path: Path) -> None:
    torg = Torg(tmp_path, "sqlite:///none.db")
    told = torg(name, "--help").out
    assert told.startswith(f"Usage: torg {name}")
    assert name in torg("--help").out
    if "Commands:" not in told:
        return
    for line in told.partition("Commands:\n")[2].splitlines():
        sub = line.split()[0] if line.startswith("  ") and line[2:3].strip() else None
        if sub and name in {"db", "municipality", "queue", "channel", "token", "person", "membership", "audit"}:
            assert "Example" in torg(name, sub, "--help").out
