"""What README.md says of setting Torg up is done as it stands there, on both engines."""

import itertools
import re
import shlex

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink

from connectors.imap import Imap, settings
from connectors.imap.settings import ImapConfig
from hub.cli import COMMANDS
from hub.cli.setting_values import Typed, read_values
from hub.contract.config import read_config
from tests.architecture.source import ROOT
from tests.cli.commands import Torg
from tests.connectors.tools import free_port

README = (ROOT / "README.md").read_text("utf-8")
PHRASE = "en fras att logga in med"


def told(heading: str = "Setting it up for real") -> list[list[str]]:
    """The words of each `torg …` under the heading, in order; a line that ends in a backslash goes on."""
    section = README.partition(f"## {heading}")[2].partition("\n## ")[0]
    blocks = "\n".join(re.findall(r"```\n(.*?)```", section, re.S)).replace("\\\n", " ")
    return [shlex.split(line.partition(" < ")[0])[1:] for line in blocks.splitlines() if line.startswith("torg ")]


@pytest.fixture(params=["sqlite", "postgresql"])
def new(request: pytest.FixtureRequest, empty: Torg) -> Torg:
    """Nothing yet, on each engine."""
    if request.param == "postgresql":
        empty.environment["TORG_DATABASE_URL"] = request.getfixturevalue("postgres_database")
    return empty


def test_it_is_set_up_as_it_says(new: Torg) -> None:
    commands = told()
    assert commands.pop() == ["serve"]
    out = ""
    for words in commands:
        if words[:3] == ["channel", "add", "smtp"]:
            out = mail_out(new, words) or out
        else:
            moved = [out if word == "ID" else word.replace("port=2525", f"port={free_port()}") for word in words]
            new(*moved, said=PHRASE)
    (sends, comes) = new("channel", "list", "--json").json["items"]
    assert (sends["id"], comes["sends_by"], comes["municipality"]) == (out, out, "granvik")
    assert [row["role"] for row in new("membership", "list", "--json").json["items"]] == ["agent", "it"]
    assert len(new("topic", "list", "--json").json["items"]) == 1


def mail_out(torg: Torg, words: list[str]) -> str:
    """Its id. Where the server isn't, nothing is saved, and the sentence says with what it was tried."""
    nowhere = [word.replace("host=mail.granvik.example", "host=127.0.0.1") for word in words]
    if "security=none" not in words:
        refused = torg(*nowhere, "--set", f"port={free_port()}", said=PHRASE, status=1).err
        assert "security starttls: " in refused
        assert refused.endswith(". Nothing was saved.\n")
        return ""
    port = free_port()
    server = Controller(Sink(), hostname="127.0.0.1", port=port)
    server.start()
    try:
        return str(torg(*(word.replace("port=25", f"port={port}") for word in nowhere), "--json").json["id"])
    finally:
        server.stop()


@pytest.mark.parametrize("words", told("Mail from a mailbox"), ids=lambda words: words[-1])
def test_a_mailboxs_settings_are_such(words: list[str]) -> None:
    """As far as can be told without the mail servers that they name."""
    given = dict(pair.split("=", 1) for word, pair in itertools.pairwise(words) if word == "--set")
    files = [
        pair.partition("=")[0] for word, pair in itertools.pairwise(words) if word in {"--set-file", "--set-stdin"}
    ]
    typed = Typed(list(given.items()), [], None)
    settings.check(read_config(ImapConfig, {**read_values(Imap, typed), **dict.fromkeys(files, PHRASE)}))


@pytest.mark.parametrize("command", sorted(set(re.findall(r"`(?:\.venv/bin/)?torg ([a-z]+)", README))))
def test_it_names_commands_that_there_are(command: str) -> None:
    assert command in COMMANDS
