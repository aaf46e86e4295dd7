"""A broken plugin breaks nothing, but whoever looks or starts the hub is told."""

import functools

import pytest

from hub import app
from hub.cli import plugins
from hub.plugin_host.built_in import BUILT_INS
from hub.plugin_host.manager import load
from hub.settings import Settings
from tests.cli.commands import Torg

GONE = "tests.cli.gone"
WITH_A_BROKEN_ONE = functools.partial(load, built_ins=(*BUILT_INS, GONE))
SENTENCE = f"ModuleNotFoundError: No module named '{GONE}'"


def test_all_is_well(empty: Torg) -> None:
    assert "smtp_in" in empty("plugins", "list").out
    assert empty("plugins", "list", "--json").json["broken"] == []


def test_a_blocked_name_that_is_nobodys_is_told(empty: Torg) -> None:
    empty.environment["TORG_BLOCKED_PLUGINS"] = "connectors.smtp,conectors.smtp_in"
    told = empty("plugins", "list")
    assert "connectors.smtp: blocked by the setting blocked_plugins\n" in told.out
    assert told.err == "conectors.smtp_in: named in the setting blocked_plugins, but there is no such plugin\n"


def test_the_list_ends_with_status_1_where_one_is_broken(empty: Torg, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugins, "load", WITH_A_BROKEN_ONE)
    told = empty("plugins", "list", status=1).out
    assert "smtp_in" in told
    assert SENTENCE in told
    (broken,) = empty("plugins", "list", "--json", status=1).json["broken"]
    assert broken["name"] == GONE


def test_a_start_tells_of_a_broken_one(
    torg: Torg, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(app, "load", WITH_A_BROKEN_ONE)
    database, key = f"sqlite:///{torg.folder}/torg.db", str(torg.folder / "var/torg.key")
    settings = Settings(database_url=database, key_file=key, blob_folder=str(torg.folder / "blobs"))
    app.Hub(settings, serves=True, works=True).storage.close()
    (line,) = [each for each in caplog.messages if GONE in each]
    assert line.startswith(f"plugin {GONE} ")
    assert f"is left out: {SENTENCE}" in line
