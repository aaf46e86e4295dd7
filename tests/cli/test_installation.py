"""A whole installation from nothing by commands: served, written to by mail, read and answered by the API."""

import json
import os
import signal
import smtplib
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.source import ROOT
from tests.cli.test_parse import MAIL
from tests.connectors.tools import free_port
from tests.started import Forked, Started

WAIT = 90.0


class Installation:
    """`torg` as real processes in a folder of their own; settings from a `torg.toml` there.

    `forks`: as `tests.started` does, else each from nothing.
    """

    def __init__(self, folder: Path, database_url: str, *, forks: bool) -> None:
        self.folder, self._forks = folder, forks
        self.mail_port, self.web_port = free_port(), free_port()
        settings = f'database_url = "{database_url}"\nport = {self.web_port}\nundo_seconds = 0\n'
        (folder / "torg.toml").write_text(settings)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TORG_")}
        self._process: dict[str, Any] = {"cwd": folder, "env": {**kept, "PYTHONPATH": str(ROOT)}}
        self.token = ""

    def run(self, *arguments: str) -> Any:
        """What it printed, decoded if it is JSON."""
        said = self._forked_and_ended(arguments) if self._forks else self._begun(arguments)
        return json.loads(said) if "--json" in arguments else said

    def _begun(self, arguments: Sequence[str]) -> str:
        words = [sys.executable, "-m", "hub.cli", *arguments]
        ran: subprocess.CompletedProcess[str] = subprocess.run(
            words, **self._process, check=True, capture_output=True, text=True
        )
        return ran.stdout

    def _forked_and_ended(self, arguments: Sequence[str]) -> str:
        told = self.folder / "told"
        told.write_bytes(b"")
        status = self._forked(arguments, told).wait(WAIT)
        assert status == 0, told.read_text("utf-8")
        return told.read_text("utf-8")

    def _forked(self, arguments: Sequence[str], told: Path) -> Forked:
        return Forked("hub.cli", arguments, self.folder, self._process["env"], told)

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Until SIGTERM, which it obeys."""
        process: Started
        if self._forks:
            log = self.folder / "log"
            log.touch()
            process = self._forked(["serve"], log)
        else:
            process = subprocess.Popen([sys.executable, "-m", "hub.cli", "serve"], **self._process)
        try:
            until(lambda: self.answers() and reachable(self.mail_port))
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            status = process.wait(WAIT)
        assert status in {0, -signal.SIGTERM}  # uvicorn hands the signal on when it has shut down

    def answers(self) -> bool:
        try:
            return bool(self.ask("/health")["status"] == "ok")
        except OSError:
            return False

    def ask(self, path: str, body: object = None) -> Any:
        """GET, or POST with a body."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        if body is not None:
            headers["Idempotency-Key"] = "answer-1"
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.web_port}{path}", content, headers)
        with urllib.request.urlopen(request, timeout=WAIT) as answer:  # noqa: S310 - an address of ours
            return json.loads(answer.read())


@pytest.fixture(params=["sqlite", "postgresql"])
def installation(request: pytest.FixtureRequest, tmp_path: Path) -> Installation:
    """Nothing yet but a torg.toml. What starts from nothing does so on one engine: it imports the same on both."""
    on_sqlite = request.param == "sqlite"
    url = "sqlite:///torg.db" if on_sqlite else request.getfixturevalue("postgres_database")
    return Installation(tmp_path, url, forks=not on_sqlite)


def test_from_nothing_to_an_answer(installation: Installation) -> None:
    here = installation
    here.run("db", "upgrade")
    here.run("municipality", "add", "granvik", "--name", "Granviks kommun", "--country", "SE")
    here.run("queue", "add", "--municipality", "granvik", "--name", "Kundtjänst")
    here.run("person", "add", "sara@granvik.example", "--name", "Sara Lind")
    here.run("membership", "add", "sara@granvik.example", "--municipality", "granvik", "--role", "agent")
    here.token = here.run("token", "add", "sara@granvik.example", "--name", "test", "--json")["token"]
    out = here.run("channel", "add", "eml_folder", "--name", "ut", "--set", "folder=out", "--json")["id"]
    channel = here.run(
        *("channel", "add", "smtp_in", "--municipality", "granvik", "--sends-by", out, "--name", "in", "--json"),
        *("--set", f"port={here.mail_port}", "--set", "addresses=kommunen@granvik.example=granvik/Kundtjänst"),
    )["id"]

    with here.serving():
        with smtplib.SMTP("127.0.0.1", here.mail_port) as mail_server:
            mail_server.sendmail("anna@exempel.example", ["kommunen@granvik.example"], MAIL)
        until(lambda: here.ask("/api/v1/conversations")["items"])
        (conversation,) = here.ask("/api/v1/conversations")["items"]
        assert conversation["subject"] == "Snöröjning"
        here.ask(f"/api/v1/conversations/{conversation['id']}/replies", {"text": "I natt."})
        until(lambda: here.run("ledger", "--json")["deliveries"]["sent"] == 1)

    ledger = here.run("ledger", "--channel", channel, "--json")
    assert (ledger["raw_events"]["read"], ledger["arrivals"], ledger["conversations"]) == (1, 1, 1)
    (answer,) = (here.folder / "out").glob("*.eml")
    (sent,) = here.run("parse", "mail", str(answer), "--lines").splitlines()
    item = json.loads(sent)["items"][0]
    assert (item["in_reply_to"], item["visible_text"]) == ("<1@exempel.example>", "I natt.")
    assert item["to"][0]["address"] == "anna@exempel.example"
    assert "Nothing is wrong." in here.run("db", "check")


def until(done: Callable[[], object]) -> None:
    """Ask again until it is so."""
    end = time.monotonic() + WAIT
    while not done():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.1)


def reachable(port: int) -> bool:
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=2):
            return True
    except OSError:
        return False
