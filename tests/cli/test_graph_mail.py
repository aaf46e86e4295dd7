"""Microsoft's library is an extra: without it Torg starts, and says what to install where it is wanted."""

import subprocess
import sys

import pytest

from tests.architecture.source import ROOT
from tests.cli.commands import Torg

WANTED = (
    "--set", "mailbox=kontakt@granvik.example", "--set", "addresses=kontakt@granvik.example=granvik/Kundtjänst",
    "--set", "tenant=granvik.example", "--set", "client_id=24d3b144", "--set-stdin", "client_secret",
    "--set", "forbidden_mailbox=kommundirektoren@granvik.example",
)  # fmt: skip


def test_no_channel_is_added_and_the_sentence_says_what_to_install(torg: Torg, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "msgraph"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "msgraph", None)
    ran = torg("channel", "add", "graph_mail", "--name", "Kontakt", *WANTED, said="hemligt", status=1)
    assert "pip install 'torg[msgraph]'" in ran.err
    assert "Nothing was saved." in ran.err
    assert torg("channel", "list", "--json").json["items"] == []


def test_its_settings_are_told_without_it(torg: Torg) -> None:
    kinds = {each["kind"]: each for each in torg("channel", "kinds", "--json").json["items"]}
    graph = kinds["graph_mail"]
    assert (graph["pulls"], graph["receives"], graph["listens"], graph["sends"]) == (True, True, False, True)
    assert {each["name"] for each in graph["settings"] if each["secret"]} == {"client_secret", "certificate"}


def test_a_place_that_is_not_microsofts_is_refused_before_anything_is_sent(torg: Torg) -> None:
    where = ("--set", "graph_url=https://graph.microsoft.com.evil.example")
    ran = torg("channel", "add", "graph_mail", "--name", "Kontakt", *WANTED, *where, said="hemligt", status=1)
    assert "graph_url is https:// and one of graph.microsoft.com" in ran.err


def test_whoever_has_no_such_channel_does_not_load_it() -> None:
    """80 MB of memory that a hub without it does without."""
    code = """
import sys, hub.app, hub.web.routes
from hub.plugin_host.manager import load
assert "graph_mail" in load().connectors
heavy = ("msgraph", "kiota_abstractions", "azure", "msal", "opentelemetry", "aiohttp")
print([each for each in heavy if each in sys.modules])
"""
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
