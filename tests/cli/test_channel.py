"""Channels by command: settings read by kind of field, secrets kept from sight, checked before they are saved."""

import functools
import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from sqlalchemy import select

from hub import clock
from hub.access.audit import Audit
from hub.channels.channel import Channel
from hub.channels.open import open_channel, secrets_of
from hub.channels.trouble import note_trouble, says_it_ended, says_it_listens
from hub.cli import channel, channel_list
from hub.cli.installation import COMMAND_LINE
from hub.plugin_host.built_in import BUILT_INS
from hub.plugin_host.manager import load
from hub.storage.unit import Unit
from tests.cli.commands import Torg
from tests.cli.vault import WORD
from tests.connectors.tools import free_port
from tests.web.test_channel_settings import Once
from tests.web.world import must

WITH_VAULT = functools.partial(load, built_ins=(*BUILT_INS, "tests.cli.vault"))
IN = ("channel", "add", "smtp_in", "--name", "in")


@pytest.fixture
def vault(either: Torg, monkeypatch: pytest.MonkeyPatch) -> Torg:
    """With a kind of channel that has a field of each kind."""
    monkeypatch.setattr(channel, "load", WITH_VAULT)
    return either


def test_values_are_read_by_kind_of_field(vault: Torg) -> None:
    added = vault(
        *("channel", "add", "vault", "--municipality", "granvik", "--name", "v", "--set-stdin", "word"),
        *("--set", "retries=5", "--set", "wait=2", "--set", "loud=true", "--set", "note=12", "--set", "tags=a,b"),
        *("--set", 'tags=["c, d"]', "--set", "addresses=a@x=granvik/Kundtjänst,b@x=granvik/kundtjänst"),
        *("--set", 'addresses={"c@x":"granvik/Kundtjänst"}', "--json"),
        said=WORD + "\n",
    ).json["id"]
    shown = vault("channel", "list", "--json").json["items"][0]
    queue = vault("queue", "list", "--json").json["items"][0]["id"]
    assert (shown["id"], shown["kind"], shown["municipality"], shown["state"]) == (added, "vault", "granvik", "running")
    assert shown["config"] == {
        "word": "••••", "retries": 5, "wait": 2, "loud": True, "note": "12", "tags": ["a", "b", "c, d"],
        "addresses": dict.fromkeys(("a@x", "b@x", "c@x"), f"granvik/{queue}"),
    }  # fmt: skip


def test_a_secret_is_nowhere_to_be_seen(vault: Torg) -> None:
    (vault.folder / "word").write_text(WORD + "\n")
    added = vault("channel", "add", "vault", "--name", "v", "--set-file", "word=word", "--json").json["id"]
    for printed in (vault("channel", "list").out, vault("channel", "list", "--json").out):
        assert "sesam" not in printed
        assert "••••" in printed
    assert all(b"sesam" not in path.read_bytes() for path in vault.folder.glob("torg.db*"))

    def config(unit: Unit) -> Any:
        row = unit.get(Channel, int(added))
        assert row is not None
        return open_channel(row, WITH_VAULT(), unit.keys).config

    with vault.storage() as storage:
        assert storage.read_now(COMMAND_LINE, config).word.reveal() == WORD


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--set-stdin", "word"], "The vault doesn't open with this word. Nothing was saved."),
        (
            ["--set", "word=x"],
            "word is secret and others see a command's words: --set-stdin word or --set-file word=FILE",
        ),
        (
            ["--set-stdin", "word", "--set", "retries=10"],
            "retries = 10 can't be used: it is a whole number from 0 to 9",
        ),
        (
            ["--set-stdin", "word", "--set", "retries=many"],
            "retries = 'many' can't be used: it is a whole number from 0 to 9",
        ),
        (["--set-stdin", "word", "--set", "wait=long"], "wait = 'long' can't be used: it is a number"),
        (["--set-stdin", "word", "--set", "loud=5"], "loud = 5 can't be used: it is true or false"),
        (["--set-stdin", "word", "--set", "tags=[5]"], "tags = [5] can't be used: it is a list, each of it text"),
        (
            ["--set-stdin", "word", "--set", "addresses=a@x=granvik/Kundtjänst,b@x=c"],
            "addresses: b@x = 'c' can't be used: it is text (municipality/queue: ",
        ),
        (["--set-stdin", "word", "--set", "loud=1", "--set", "loud=2"], "loud is given twice"),
        (["--set-stdin", "word", "--set", "volume=11"], "vault has no setting volume; it has: word, retries, wait"),
        (["--set-file", "word=gone"], "word: gone can't be read: No such file or directory"),
        (
            ["--set-stdin", "word", "--set", "addresses=a@x"],
            "addresses: a@x isn't NAME=VALUE; torg channel kinds tells",
        ),
        (["--set-stdin", "word", "--set", "addresses={a}"], "addresses isn't valid JSON"),
        (
            ["--set-stdin", "word", "--set", "addresses=a@x=granvik/Bygg"],
            "granvik has no queue Bygg; it has: Kundtjänst",
        ),
        (
            ["--set-stdin", "word", "--set", "addresses=a@x=solby/Bygg"],
            "there is no municipality solby; there is: granvik",
        ),
        (["--set-stdin", "word", "--municipality", "solby"], "there is no municipality solby; there is: granvik"),
        (["--set-stdin", "word", "--sends-by", "17"], "there is no channel 17 to send by"),
        ([], "word is missing"),
    ],
)
def test_what_does_not_work_is_not_saved(
    torg: Torg, monkeypatch: pytest.MonkeyPatch, arguments: list[str], sentence: str
) -> None:
    monkeypatch.setattr(channel, "load", WITH_VAULT)
    ran = torg("channel", "add", "vault", "--name", "v", *arguments, said="fel ord", status=1)
    assert sentence in ran.err
    assert ran.err.startswith("torg: ")
    assert ran.err.count("\n") == 1
    assert ran.out == ""
    assert torg("channel", "list").out == "There is no channel yet.\n"


def test_a_kinds_settings_are_shown_before_a_channel_is_added(empty: Torg, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a database: it isn't asked for."""
    monkeypatch.setattr(channel, "load", WITH_VAULT)
    kinds = {each["kind"]: each for each in empty("channel", "kinds", "--json").json["items"]}
    assert {"smtp_in", "smtp", "eml_folder", "vault"} <= set(kinds)
    assert "mail" not in kinds  # it only reads files
    assert (kinds["smtp_in"]["listens"], kinds["smtp_in"]["sends"]) == (True, False)
    abilities = {"pulls", "receives", "listens", "sends", "keeps_sent", "texts", "hosts", "controls"}
    able = {kind: {name for name in abilities if each[name]} for kind, each in kinds.items()}
    assert (able["web_chat"], able["elks"], able["asterisk_ami"]) == (
        {"hosts"},
        {"receives", "texts"},
        {"listens", "controls"},
    )
    assert all(able.values())  # whatever a channel can be made of can do something
    settings = {each["name"]: each for each in kinds["smtp_in"]["settings"]}
    assert (settings["addresses"]["required"], settings["port"]["default"]) == (True, 8025)
    assert settings["port"] == {
        "name": "port", "title": "Port", "required": False, "default": 8025, "secret": False,
        "allowed": "a whole number from 1 to 65535",
    }  # fmt: skip
    word = next(each for each in kinds["vault"]["settings"] if each["name"] == "word")
    assert (word["secret"], word["default"], word["allowed"]) == (
        True,
        None,
        "secret, given by --set-stdin or --set-file",
    )
    lines = [" ".join(each.split()) for each in empty("channel", "kinds").out.splitlines()]
    assert "smtp - - Mail out (SMTP)" in lines
    assert "smtp host must be given Mail server: text, not empty" in lines
    assert "smtp security starttls Encryption: one of none, starttls, tls" in lines
    assert "smtp password - Password: secret, given by --set-stdin or --set-file" in lines
    named = "as mail.granvik.example, without spaces; empty: the machine's"
    assert f"smtp_in hostname - Name in the greeting: text ({named})" in lines


def test_a_channel_is_checked_paused_and_resumed(either: Torg) -> None:
    added = either("channel", "add", "eml_folder", "--name", "ut", "--set", "folder=out").out.split()[-1].rstrip(".")
    assert either("channel", "check", added).out == f"Channel {added} works.\n"
    either("channel", "pause", added, "--why", "Servern flyttas")
    shown = either("channel", "list", "--json").json["items"][0]
    assert (shown["state"], shown["paused_why"]) == ("paused", "Servern flyttas")
    assert "paused: Servern flyttas" in either("channel", "list").out
    either("channel", "resume", added)
    assert either("channel", "list", "--json").json["items"][0]["state"] == "running"

    (either.folder / "out").rmdir()
    (either.folder / "out").write_text("in the way")
    told = either("channel", "check", added, "--json", status=1).json
    assert told["works"] is False
    assert told["sentence"].startswith("folder: ")
    assert told["steps"] == [], "a folder tells none"


def test_a_check_tells_its_steps(torg: Torg) -> None:
    port = free_port()
    server = Controller(Sink(), hostname="127.0.0.1", port=port)
    server.start()
    try:
        settings = ("--set", "host=127.0.0.1", "--set", f"port={port}", "--set", "security=none")
        added = torg("channel", "add", "smtp", "--name", "ut", *settings).out.split()[-1].rstrip(".")
        said = torg("channel", "check", added).out.splitlines()
    finally:
        server.stop()
    assert re.fullmatch(r"ok  Server 127\.0\.0\.1 found, \d+ ms", said[0])
    assert said[1:] == [f"Channel {added} works."]
    gone = torg("channel", "check", added, status=1)
    assert gone.out == "no  Server 127.0.0.1 found\n"
    (step,) = torg("channel", "check", added, "--json", status=1).json["steps"]
    assert (step["title"], step["failed"]) == ("Server 127.0.0.1 found", True)


def test_when_it_is_tried_again_is_told(torg: Torg) -> None:
    torg("channel", "add", "eml_folder", "--name", "ut", "--set", "folder=out")
    (row,) = torg("channel", "list", "--json").json["items"]
    said = channel_list.cells(
        row | {"trouble": "It hung up.", "vanished": 3, "retry_at": "2026-11-26T23:58:20.512345Z"}
    )
    assert "running: It hung up. Tried again at 2026-11-26T23:58:20Z." in said
    assert "gone before it was fetched 3" in said


TO = ("--set", "addresses=kommunen@granvik.example=granvik/Kundtjänst")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", "::"])  # noqa: S104 - settings, not servers
def test_two_channels_on_one_port_are_not_added(torg: Torg, host: str) -> None:
    port = f"port={free_port()}"
    first = torg(*IN, *TO, "--set", port, "--json").json["id"]
    refused = torg(*IN, *TO, "--set", port, "--set", f"host={host}", status=1).err
    assert f" is that of channel {first} (in): choose another, or pause that one first" in refused
    assert refused.count("\n") == 1
    assert len(torg("channel", "list", "--json").json["items"]) == 1
    torg(*IN, *TO, "--set", f"port={free_port()}")
    torg("channel", "pause", first, "--why", "Flyttas")
    second = torg(*IN, *TO, "--set", port, "--json").json["id"]
    refused = torg("channel", "resume", first, status=1).err
    said = f"torg: 127.0.0.1 {port.replace('=', ' ')} is that of channel {second} (in) by now: pause that one first\n"
    assert refused == said
    assert {each["id"]: each["state"] for each in torg("channel", "list", "--json").json["items"]}[first] == "paused"
    torg("channel", "resume", second)  # runs already, and isn't in its own way
    torg("channel", "pause", second, "--why", "Flyttas")
    torg("channel", "resume", first)


def test_a_channel_that_cannot_listen_says_why(either: Torg, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    added = either(*IN, *TO, "--set", f"port={port}", "--json").json["id"]
    with socket.create_server(("127.0.0.1", port)):
        assert "in use by another program" in either("channel", "check", added, status=1).err

    def listed() -> tuple[str, str | None, bool]:
        row = either("channel", "list", "--json").json["items"][0]
        table = either("channel", "list").out
        return row["state"], row["trouble"], f"error: {row['trouble']}" in table

    def note(what: Callable[..., None], *words: str | int) -> None:
        with either.storage() as storage:
            storage.write_now(COMMAND_LINE, what, int(added), *words)

    assert listed() == ("waiting", None, False)
    assert "  waiting for torg serve  " in either("channel", "list").out
    note(note_trouble, "The port is in use.")
    assert listed() == ("error", "The port is in use.", True)
    until = clock.now() + clock.MINUTE
    note(says_it_listens, until)
    with socket.create_server(("127.0.0.1", port)):
        assert either("channel", "check", added).out == f"Channel {added} works.\n"
    note(note_trouble, "The port is in use: another process listens.")
    assert listed() == ("running", None, False)
    note(says_it_ended, until - 1)  # another's word
    assert listed() == ("running", None, False)
    note(says_it_ended, until)
    assert listed() == ("waiting", None, False)
    note(note_trouble, "The port is in use.")
    either("channel", "pause", added, "--why", "natt")
    assert listed() == ("paused", None, False)
    either("channel", "resume", added)
    monkeypatch.setattr(channel, "load", functools.partial(load, built_ins=()))
    assert listed() == ("error", "No plugin brings the kind smtp_in: torg plugins list tells why.", True)


def test_answers_leave_by_a_channel_that_sends(torg: Torg) -> None:
    out = torg("channel", "add", "eml_folder", "--name", "ut", "--set", "folder=out", "--json").json["id"]
    to = "addresses=kommunen@granvik.example=granvik/Kundtjänst"
    first = torg(*IN, "--sends-by", out, "--set", to, "--set", "port=28025", "--json").json["id"]
    assert torg("channel", "list", "--json").json["items"][1]["sends_by"] == out
    refused = torg(*IN, "--sends-by", first, "--set", to, "--set", "port=28026", status=1)
    assert f"channel {first} (smtp_in) can't send" in refused.err
    assert "only reads files" in torg("channel", "add", "mail", "--name", "m", status=1).err


def test_by_which_channel_answers_leave_can_be_changed(either: Torg) -> None:
    out, other = (
        either("channel", "add", "eml_folder", "--name", each, "--set", f"folder={each}", "--json").json["id"]
        for each in ("ut", "ut2")
    )
    said = either(*IN, *TO, "--set", f"port={free_port()}").out
    found = either("channel", "list", "--json").json["items"][2]["id"]
    hint = f"What comes by it can't be answered yet: torg channel set {found} --sends-by ID"
    assert said.splitlines() == [f"Added channel {found}.", hint]
    for sends_by in (out, other):
        assert either("channel", "set", found, "--sends-by", sends_by).out == f"Changed channel {found}.\n"
        row = either("channel", "list", "--json").json["items"][2]
        assert (row["name"], row["sends_by"]) == ("in", sends_by)
    refused = either("channel", "set", found, "--name", "Post in", "--sends-by", found, status=1).err
    assert refused == f"torg: sends_by: channel {found} (smtp_in) can't send\n"
    either("channel", "set", found, "--name", " Post in ")
    row = either("channel", "list", "--json").json["items"][2]
    assert (row["name"], row["sends_by"]) == ("Post in", other)
    with either.storage() as storage:
        acts = storage.read_now(COMMAND_LINE, lambda unit: unit.all(select(Audit).where(Audit.act == "channel.set")))
    assert len(acts) == 3


def test_what_is_added_with_a_way_out_gives_no_hint(torg: Torg) -> None:
    out = torg("channel", "add", "eml_folder", "--name", "ut", "--set", "folder=out")
    assert out.out.count("\n") == 1
    by = torg("channel", "list", "--json").json["items"][0]["id"]
    assert torg(*IN, "--sends-by", by, *TO, "--set", f"port={free_port()}").out.count("\n") == 1


def test_settings_are_changed_when_they_work(either: Torg, tmp_path: Path) -> None:
    folder, file = tmp_path / "a", tmp_path / "file"
    file.write_text("")
    added = either("channel", "add", "eml_folder", "--name", "Ut", "--set", f"folder={folder}", "--json").json["id"]
    either("channel", "set", added, f"folder={tmp_path / 'b'}", "--name", "Post ut")
    (shown,) = either("channel", "list", "--json").json["items"]
    assert (shown["name"], shown["config"]) == ("Post ut", {"folder": str(tmp_path / "b")})
    for wrong, said in ((f"folder={file / 'x'}", "Nothing was saved"), ("fodler=x", "it has: folder"), ("x", "NAME=")):
        assert said in either("channel", "set", added, wrong, status=2 if wrong == "x" else 1).err
    assert "say what to change" in either("channel", "set", added, status=1).err
    assert either("channel", "list", "--json").json["items"][0]["config"] == {"folder": str(tmp_path / "b")}


def test_a_token_that_has_served_is_not_lost_with_a_setting_that_is_wrong(
    torg: Torg, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = load(())
    monkeypatch.setattr(channel, "load", lambda *_: registry)
    monkeypatch.setitem(cast("dict[str, Any]", registry.connectors), Once.kind, Once)
    monkeypatch.setattr(Once, "good", "typed")
    given = ("channel", "add", Once.kind, "--name", "Ut", "--set-stdin", "token", "--set")

    def refused(*words: str, said: str) -> str:
        err = torg(*words, said=said, status=1).err
        assert "There is no such place. Nothing was saved. token: the other side has given another." in err
        assert said not in err
        return err.split("--given-anew ")[1].strip()

    sealed = refused(*given, "place=nowhere", said="typed")
    sealed = refused(*given, "place=nowhere", "--given-anew", sealed, said="typed")
    added = torg(*given, "place=there", "--given-anew", sealed, "--json", said="typed").json["id"]
    assert Once.good == "typed+++"
    monkeypatch.setattr(Once, "good", "typed-again")
    again = ("channel", "set", added, "--set-stdin", "token")
    sealed = refused(*again, "place=nowhere", said="typed-again")
    torg(*again, "place=elsewhere", "--given-anew", sealed, said="typed-again")
    with torg.storage() as storage:
        kept = storage.read_now(COMMAND_LINE, lambda unit: secrets_of(must(unit.get(Channel, int(added))), unit.keys))
    assert kept == {"token": "typed-again++"}


def test_a_pace_and_copies_are_set_where_the_kind_can(torg: Torg, tmp_path: Path) -> None:
    out = torg("channel", "add", "eml_folder", "--name", "Ut", "--set", f"folder={tmp_path}", "--json").json["id"]
    torg("channel", "set", out, "--per-minute", "30")
    (row,) = torg("channel", "list", "--json").json["items"]
    assert (row["per_minute"], row["keeps_sent"], row["sent_copies"]) == (30, False, {})
    torg("channel", "set", out, "--per-minute", "0")
    assert torg("channel", "list", "--json").json["items"][0]["per_minute"] is None
    assert "no folder for what was sent" in torg("channel", "set", out, "--keeps-sent", status=1).err


def test_of_a_channel_with_calls_it_is_said_what_becomes_of_lines_that_it_does_not_name(either: Torg) -> None:
    """That it can't be answered by a channel that sends is nothing to say of calls."""
    (either.folder / "token").write_text("t" * 24)
    (either.folder / "calls").mkdir()
    log = ("channel", "add", "phone_log", "--name", "log", "--set", "columns=start=Tid,number=Nummer")
    shared = either("channel", "add", "phone_webhook", "--name", "pbx", "--set-file", "token=token").out
    assert shared.splitlines()[1:] == [
        "A call that none of its lines names is set aside, and nobody is rung: name them all in `lines`. "
        "What was set aside is read by `torg replay --failed` once its line is named."
    ]
    owned = either(*log, "--municipality", "granvik", "--set", f"folder={either.folder / 'calls'}").out
    assert len(owned.splitlines()) == 1


def test_what_a_new_mapping_drops_is_said_and_plus_adds_to_it(vault: Torg) -> None:
    added = vault("channel", "add", "vault", "--name", "v", "--set-stdin", "word", "--json", said=WORD + "\n").json[
        "id"
    ]

    def now(name: str) -> Any:
        return vault("channel", "list", "--json").json["items"][0]["config"][name]

    assert "no more" not in vault("channel", "set", added, "addresses=a@x=granvik/Kundtjänst", "tags=a").out
    vault("channel", "set", added, "addresses+=b@x=granvik/Kundtjänst", "tags+=b", "tags+=a")
    assert (list(now("addresses")), now("tags")) == (["a@x", "b@x"], ["a", "b"])
    said = vault("channel", "set", added, "addresses=c@x=granvik/Kundtjänst", "tags=b").out
    assert "addresses has no more what it had: a@x=granvik/" in said
    assert f"torg channel set {added} addresses+=a@x=granvik/" in said
    assert f"torg channel set {added} tags+=a" in said
    assert list(now("addresses")) == ["c@x"]
    for wrong in (("retries+=5",), ("tags=a", "tags+=b")):
        vault("channel", "set", added, *wrong, status=1)
    assert now("tags") == ["b"]


def test_a_refusal_is_sentences(either: Torg) -> None:
    refused = either(
        *("channel", "add", "web_chat", "--name", "chat", "--set", "queue=granvik/Kundtjänst"),
        *("--set", "origins=https://www.granvik.example/"),
        status=1,
    ).err
    assert "nothing more. Nothing was saved." in refused
