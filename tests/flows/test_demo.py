"""`torg demo`: filled once, served at once the second time, and it keeps to its own folder."""

import json
import os
import re
import signal
import smtplib
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from hub.cli.demo import _welcome as welcome
from hub.cli.demo_fill.centres import COLLEAGUES
from hub.proof.faults import free_ports

TOLD = {"granvik": 101, "holmo": 49, "nesoy": 60, "fjordal": 35, "strandby": 55}
"""Conversations in the content."""
FIRST_START, SECOND_START = 90, 15
"""Seconds; the second is far above what it takes, for a busy machine: `make bench` measures, tests don't."""


class Demo:
    """A folder with a demo in it, and its two ports."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.mail_port = free_ports(2)

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "hub.cli", *arguments]

    @property
    def environment(self) -> dict[str, str]:
        plain = {name: value for name, value in os.environ.items() if not name.startswith("TORG_")}
        return plain | {"PYTHONPATH": str(Path(__file__).parents[2])}

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        ports = ("--port", str(self.port), "--mail-port", str(self.mail_port))
        return subprocess.Popen(
            self.command("demo", *ports, *arguments),
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def get(self, path: str, token: str | None = None) -> Any:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}")
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - our own address
            return json.load(answer)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.folder / "var/demo/torg.db")) as connection:
            return connection.execute(statement).fetchall()

    @contextmanager
    def running(self, seconds: float) -> Iterator["subprocess.Popen[str]"]:
        """Answers at /health within so many seconds; ended by SIGTERM."""
        process = self.start()
        try:
            self._wait(process, seconds)
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)

    def _wait(self, process: "subprocess.Popen[str]", seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            assert process.poll() is None, process.communicate()[0]
            try:
                assert self.get("/health") == {"status": "ok"}
                return
            except OSError:
                time.sleep(0.05)
        raise AssertionError(f"no answer within {seconds} s")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """Filled, and not running."""
    found = Demo(tmp_path_factory.mktemp("demo"))
    with found.running(FIRST_START):
        pass
    return found


def test_the_past_is_whole(demo: Demo) -> None:
    counted = demo.query(
        "SELECT code, count(*) FROM conversation JOIN municipality ON municipality.id = municipality_id GROUP BY code"
    )
    assert dict(counted) == TOLD
    assert demo.query("SELECT DISTINCT state FROM raw_event") == [("read",)]
    assert demo.query("SELECT DISTINCT state FROM delivery") == [("sent",)]
    assert demo.query("SELECT count(*) FROM conversation WHERE related_id IS NOT NULL") == [(0,)]
    assert demo.query("SELECT count(*) FROM person") == [(9,)]
    assert list((demo.folder / "var/demo/outgoing").iterdir()) == []


def test_ids_follow_time(demo: Demo) -> None:
    times = [at for (at,) in demo.query("SELECT occurred_at FROM entry ORDER BY id")]
    assert times == sorted(times)
    assert times[-1] < time.time() * 1_000_000


def test_some_are_due_and_few_overdue(demo: Demo) -> None:
    due = [at for (at,) in demo.query("SELECT due_at FROM conversation WHERE closed_at IS NULL")]
    now = time.time() * 1_000_000
    overdue = [at for at in due if at < now]
    assert len(due) > 60
    assert 0 < len(overdue) < len(due) / 2
    assert max(due) < now + 30 * 86_400 * 1_000_000


def test_it_prints_everybody_with_their_roles() -> None:
    told = welcome(Path("torg.toml"), 8000, 8025, 10)
    for colleagues in COLLEAGUES.values():
        for email, colleague in colleagues.items():
            name, _, domain = email.partition("@")
            (line,) = [each for each in told.splitlines() if each.strip().startswith(f"NAME@{domain}: ")]
            roles = re.escape(", ".join(colleague.roles))
            assert re.search(rf"\b{name}\b[^()]*\({roles}s?\)", line), (name, line)


def test_a_second_start_fills_nothing_and_takes_mail(demo: Demo) -> None:
    before = demo.query("SELECT count(*), max(id) FROM raw_event")
    with demo.running(SECOND_START):
        assert demo.query("SELECT count(*), max(id) FROM raw_event") == before
        added = _run(demo, "token", "add", "sara@granvik.example", "--name", "demo", "--json")
        token = json.loads(added.stdout)["token"]
        with smtplib.SMTP("127.0.0.1", demo.mail_port, timeout=10) as client:
            client.sendmail("me@home.example", "kommunen@granvik.example", "Subject: Vigselfest\n\nKan man boka?\n")
        for _ in range(200):
            found = demo.get("/api/v1/search?q=vigselfest", token)["items"]
            if found:
                break
            time.sleep(0.05)
        assert len(found) == 1


def test_a_port_in_use_is_a_sentence(demo: Demo) -> None:
    with socket.create_server(("127.0.0.1", demo.mail_port)):
        refused = _run(demo, "demo", "--port", str(demo.port), "--mail-port", str(demo.mail_port))
    assert refused.returncode == 1
    assert f"Port {demo.mail_port} on 127.0.0.1 is in use" in refused.stderr
    assert "--mail-port" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_another_port_for_mail_moves_no_channel_that_somebody_added(demo: Demo) -> None:
    mine, other = free_ports(2)
    to = "addresses=bygg@granvik.example=granvik/Kundtjänst"
    added = _run(demo, "channel", "add", "smtp_in", "--name", "Mine", "--set", to, "--set", f"port={mine}")
    assert added.returncode == 0, added.stderr
    was, demo.mail_port = demo.mail_port, other
    try:
        with demo.running(SECOND_START):
            ports = dict(demo.query("SELECT name, json_extract(config, '$.port') FROM channel WHERE kind = 'smtp_in'"))
    finally:
        demo.mail_port = was
    assert ports == {"Mail in": other, "Mine": mine}
    refused = _run(demo, "demo", "--port", str(demo.port), "--mail-port", str(mine))
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert f"127.0.0.1 port {mine} is that of channel " in refused.stderr


def test_it_keeps_to_its_own_database(demo: Demo) -> None:
    theirs = {"TORG_DATABASE_URL": "sqlite:///elsewhere.db"}
    refused = _run(demo, "demo", "--reset", "--port", str(demo.port), "--mail-port", str(demo.mail_port), **theirs)
    assert refused.returncode == 1
    assert "TORG_DATABASE_URL" in refused.stderr
    assert not (demo.folder / "elsewhere.db").exists()
    assert (demo.folder / "var/demo/filled").exists()


def test_a_broken_off_fill_is_begun_anew(tmp_path: Path) -> None:
    demo = Demo(tmp_path)
    (tmp_path / "torg.toml").write_text('database_url = "sqlite:///mine.db"\n')
    process = demo.start()
    until = time.monotonic() + 30
    while not _rows(demo) and time.monotonic() < until:
        time.sleep(0.05)
    process.kill()
    process.communicate()
    assert _rows(demo)
    assert not (tmp_path / "var/demo/filled").exists()
    with demo.running(FIRST_START):
        assert sum(count for (count,) in demo.query("SELECT count(*) FROM conversation")) == sum(TOLD.values())
    assert (tmp_path / "torg.toml").read_text() == 'database_url = "sqlite:///mine.db"\n'
    assert not (tmp_path / "mine.db").exists()


def _rows(demo: Demo) -> int:
    try:
        return int(demo.query("SELECT count(*) FROM conversation")[0][0])
    except sqlite3.OperationalError:  # not there yet
        return 0


def _run(demo: Demo, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        demo.command(*arguments),
        cwd=demo.folder,
        env=demo.environment | variables,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
