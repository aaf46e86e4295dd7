"""`torg demo`: filled once, served at once the second time, and it keeps to its own folder."""

import json
import os
import re
import shutil
import smtplib
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from hub.cli.demo import _settings as settings_of
from hub.cli.demo import _welcome as welcome
from hub.cli.demo_fill.centres import COLLEAGUES
from hub.clock import NEVER
from hub.proof.ports import free_ports
from tests.line import PATIENCE, until
from tests.started import Forked, Started

TOLD = {"granvik": 101, "holmo": 49, "nesoy": 60, "fjordal": 35, "strandby": 55}
"""Conversations in the content."""
FIRST_START, SECOND_START = 450, PATIENCE
"""Seconds; both are far above what it takes, for a busy machine: `make bench` measures, tests don't."""


class Demo:
    """A folder with a demo in it, and its two ports."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.mail_port = free_ports(2)

    @property
    def log(self) -> Path:
        return self.folder / "demo.log"

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "hub.cli", *arguments]

    @property
    def environment(self) -> dict[str, str]:
        plain = {name: value for name, value in os.environ.items() if not name.startswith("TORG_")}
        return plain | {"PYTHONPATH": str(Path(__file__).parents[2])}

    def start(self, *, forks: bool) -> Started:
        """What it says is added to `log`."""
        words = ("demo", "--port", str(self.port), "--mail-port", str(self.mail_port))
        self.log.touch()
        if forks:
            return Forked("hub.cli", words, self.folder, self.environment, self.log)
        with self.log.open("ab") as told:
            return subprocess.Popen(
                self.command(*words), cwd=self.folder, env=self.environment, stdout=told, stderr=told
            )

    def get(self, path: str, token: str | None = None, method: str = "GET", said: object = None) -> Any:
        content = None if said is None else json.dumps(said).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", content, method=method)
        if method == "PUT":
            request.add_header("If-Match", f'"{self.get(path, token)["version"]}"')
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        if content is not None:
            request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310 - our own address
            return json.load(answer)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.folder / "var/demo/torg.db")) as connection:
            return connection.execute(statement).fetchall()

    def change(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.folder / "var/demo/torg.db")) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.commit()

    @contextmanager
    def running(self, seconds: float, *, forks: bool = True) -> Iterator[None]:
        """Answers at /health within so many seconds; ended by SIGTERM."""
        process = self.start(forks=forks)
        try:
            self._wait(process, seconds)
            yield
        finally:
            process.terminate()
            process.wait(PATIENCE)

    def _wait(self, process: Started, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert process.poll() is None, self.log.read_text()
            try:
                assert self.get("/health") == {"status": "ok"}
                return
            except OSError:
                time.sleep(0.05)
        raise AssertionError(f"no answer within {seconds} s")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """Killed while it was being filled, begun anew, filled, and not running."""
    found = Demo(tmp_path_factory.mktemp("demo"))
    process = found.start(forks=True)
    until(lambda: _rows(found))
    process.kill()
    process.wait()
    assert _rows(found)
    assert not (found.folder / "var/demo/filled").exists()
    with found.running(FIRST_START, forks=False):
        pass
    return found


def test_the_past_is_whole(demo: Demo) -> None:
    counted = demo.query(
        "SELECT code, count(*) FROM conversation JOIN municipality ON municipality.id = municipality_id"
        " WHERE contact_kind NOT IN ('call', 'visit') GROUP BY code"
    )
    assert dict(counted) == TOLD
    assert demo.query("SELECT DISTINCT state FROM raw_event") == [("read",)]
    assert demo.query("SELECT DISTINCT state FROM delivery") == [("sent",)]
    assert demo.query("SELECT count(*) FROM conversation WHERE related_id IS NOT NULL") == [(0,)]
    assert demo.query("SELECT count(*) FROM person") == [(15,)]
    assert list((demo.folder / "var/demo/outgoing").iterdir()) == []


def test_ids_follow_time(demo: Demo) -> None:
    query = "SELECT occurred_at FROM entry JOIN conversation ON conversation.id = conversation_id"
    written = f"{query} WHERE contact_kind NOT IN ('call', 'visit') ORDER BY entry.id"  # calls are told after the mails
    times = [at for (at,) in demo.query(written)]
    assert times == sorted(times)
    assert times[-1] < time.time() * 1_000_000


def test_some_are_due_and_few_overdue(demo: Demo) -> None:
    due = [at for (at,) in demo.query("SELECT due_at FROM conversation WHERE closed_at IS NULL")]
    now = time.time() * 1_000_000
    overdue = [at for at in due if at < now]
    assert len(due) > 60
    assert 0 < len(overdue) < len(due) / 2
    assert max(at for at in due if at < NEVER) < now + 30 * 86_400 * 1_000_000


def test_it_prints_everybody_with_their_roles() -> None:
    told = welcome(Path("torg.toml"), 8000, 8025, 10, 7)
    assert "http://127.0.0.1:8000/chat/7 " in told
    for colleagues in COLLEAGUES.values():
        for email, colleague in colleagues.items():
            name, _, domain = email.partition("@")
            (line,) = [each for each in told.splitlines() if each.strip().startswith(f"NAME@{domain}: ")]
            roles = re.escape(", ".join(colleague.roles))
            assert re.search(rf"\b{name}\b[^()]*\({roles}s?\)", line), (name, line)


def test_a_department_of_it_may_read_elsewhere_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it may, beside the demo's own folder: a service of one's own to try a lookup on."""
    monkeypatch.setenv("TORG_LOOKUP_PLACES", "http://127.0.0.1:8731")
    folder, other = settings_of(tmp_path / "torg.toml").lookup_places
    assert folder.endswith("demo")
    assert other == "http://127.0.0.1:8731"


def test_a_second_start_fills_nothing_and_takes_mail(demo: Demo) -> None:
    before = demo.query("SELECT count(*), max(id) FROM raw_event")
    with demo.running(SECOND_START, forks=False):
        assert demo.query("SELECT count(*), max(id) FROM raw_event") == before
        added = _run(demo, "token", "add", "sara@granvik.example", "--name", "demo", "--json")
        token = json.loads(added.stdout)["token"]
        with smtplib.SMTP("127.0.0.1", demo.mail_port, timeout=PATIENCE) as client:
            client.sendmail("me@home.example", "kommunen@granvik.example", "Subject: Vigselfest\n\nKan man boka?\n")
        until(lambda: demo.get("/api/v1/search?q=vigselfest", token)["items"])
        assert len(demo.get("/api/v1/search?q=vigselfest", token)["items"]) == 1


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


def test_settings_that_are_there_stay_and_name_no_database_of_its(demo: Demo, tmp_path: Path) -> None:
    shutil.copytree(demo.folder / "var", tmp_path / "var")
    (tmp_path / "torg.toml").write_text('database_url = "sqlite:///mine.db"\n')
    with Demo(tmp_path).running(SECOND_START):
        assert (tmp_path / "torg.toml").read_text() == 'database_url = "sqlite:///mine.db"\n'
    assert not (tmp_path / "mine.db").exists()


def test_a_card_follows_its_source(demo: Demo) -> None:
    """As does what an agent is told when the source is gone, and when the citizen is protected."""
    with demo.running(SECOND_START):
        desk = _Desk(demo, "sara@granvik.example")
        eva = desk.open("from:evalotta.sundin is:open")
        assert desk.stand(eva) == {"economy": "waits", "waste": "address", "permits": "other"}
        desk.refused(eva, "economy", "Confirm the citizen's identity first")
        desk.confirm(eva)
        put_off, *_ = desk.cards(eva, "economy")
        assert (put_off["status"], put_off["balance"], put_off["payments"]) == ("reminder", "1200.00", [])
        assert put_off["about"]["identity"] == "1984••••-••••"
        with closing(sqlite3.connect(demo.folder / "var/demo/economy.db")) as economy:
            economy.execute("INSERT INTO inbetalning VALUES (?, '2026-11-25', 1200)", [put_off["number"]])
            economy.commit()
        paid, *_ = desk.cards(eva, "economy")
        assert (paid["status"], paid["balance"], len(paid["payments"])) == ("paid", "0.00", 1)

        waste = demo.folder / "var/demo/waste.csv"
        septic = next(card for card in desk.cards(eva, "waste") if card["is_septic"])
        assert septic["next"]["precision"] == "week"
        time.sleep(1.1)  # a file that was just written is let alone
        _replace(waste, ";2,5;m³;", ";4;m³;")
        septic = next(card for card in desk.cards(eva, "waste") if card["is_septic"])
        assert septic["size"] == "4"

        ellen = desk.open("from:ellen.fagerberg is:open")
        assert desk.stand(ellen)["permits"] == "waits"
        desk.refused(ellen, "permits", "Confirm the citizen's identity first")
        desk.confirm(ellen)
        (permit,) = desk.cards(ellen, "permits")
        assert (permit["status"], len(permit["missing"])) == ("Väntar på komplettering", 2)
        assert "officer" not in permit or not permit["officer"]
        cases = demo.folder / "var/demo/permits.json"
        _replace(cases, '"Väntar på komplettering"', '"Under granskning"')
        assert desk.cards(ellen, "permits")[0]["status"] == "Under granskning"
        cases.rename(cases.with_suffix(".away"))
        assert desk.ask(ellen, "permits")["state"] == "down"
        cases.with_suffix(".away").rename(cases)

        wilhelm = desk.open("from:wilhelm.strand is:open")
        desk.confirm(wilhelm)
        desk.refused(wilhelm, "economy", "protected identity", purpose="The citizen asks")
    asked = demo.query("SELECT DISTINCT source FROM audit WHERE outcome = 'protected'")
    assert asked == [("conversation: economy",)]


@pytest.fixture
def older(demo: Demo, tmp_path: Path) -> Demo:
    """Filled by a program that knew no other systems, and nobody who looks after the questions to them."""
    shutil.copytree(demo.folder / "var", tmp_path / "var")
    for each in ("economy.db", "waste.csv", "permits.json", "protected.csv"):
        (tmp_path / "var/demo" / each).unlink()
    found = Demo(tmp_path)
    found.change(
        "CREATE TEMP TABLE added AS SELECT person_id FROM membership WHERE role IN ('department', 'auditor')",
        "DELETE FROM membership WHERE role IN ('department', 'auditor')",
        "DELETE FROM person WHERE id IN (SELECT person_id FROM added)",
        "DELETE FROM lookup",
        "DELETE FROM citizen_point WHERE kind IN ('identity', 'address', 'property')",
        "UPDATE topic SET lookups = '[]'",
        "UPDATE conversation SET assignee_id = NULL WHERE subject = 'Ny faktura trots anstånd'",
    )
    return found


def test_an_older_demo_gets_what_it_lacks_and_keeps_what_it_has(older: Demo) -> None:
    published = "SELECT name, version FROM lookup WHERE state = 'published' ORDER BY id"
    allowing = "SELECT id FROM topic WHERE lookups = '[\"waste\"]' ORDER BY id"
    assert older.query("SELECT count(*) FROM person") == [(9,)]
    with older.running(SECOND_START):
        pass
    assert older.query("SELECT count(*) FROM person WHERE password IS NOT NULL") == [(15,)]
    roles = "SELECT count(DISTINCT municipality_id) FROM membership WHERE role = '{}'"
    assert [older.query(roles.format(role)) for role in ("department", "auditor")] == [[(5,)], [(5,)]]
    assert sorted(older.query(published)) == sorted([(name, 1) for name in SYSTEMS] * 3)
    assert older.query("SELECT count(*) FROM citizen_point WHERE kind = 'identity'") == [(18,)]
    taken_on = (
        "SELECT email FROM conversation JOIN person ON person.id = assignee_id WHERE subject LIKE 'Ny faktura trots%'"
    )
    assert older.query(taken_on) == [("sara@granvik.example",)]
    ((topic,), *others) = older.query(allowing)
    own = older.folder / "own.toml"
    own.write_text(OWN, encoding="utf-8")
    (older.folder / "url.txt").write_text(f"sqlite:///{older.folder}/var/demo/own.db", encoding="utf-8")
    with sqlite3.connect(older.folder / "var" / "demo" / "own.db") as line:
        line.execute("CREATE TABLE bins (nr TEXT, what TEXT)")
    said = _run(
        older, "lookup", "import", str(own), "--municipality", "granvik", "--set-file", f"url={older.folder}/url.txt"
    )
    assert said.returncode == 0, said.stderr
    assert _run(older, "topic", "allow", str(topic)).returncode == 0
    address = older.query("SELECT json_extract(definition, '$.settings.base_url') FROM lookup WHERE name = 'permits'")
    port = urllib.parse.urlsplit(address[0][0]).port
    with socket.create_server(("127.0.0.1", port or 0)), older.running(SECOND_START):
        desk = _Desk(older, "sara@granvik.example")
        ellen = desk.open("from:ellen.fagerberg is:open")
        desk.confirm(ellen)
        assert desk.ask(ellen, "permits")["state"] == "found"
    assert older.query(allowing) == others
    moved = [name for name, version in older.query(published) if version == 2]
    assert moved == ["permits"] * 3


OWN = """
name = "own"
kind = "sql"
title = { sv = "Egen" }
[settings]
card = "pickup"
fields.waste = "what"
about.customer = "nr"
by.customer = { view = "bins", column = "nr" }
"""
"""A department's, of a database of its own that lies beside ours: a start leaves it alone."""
SYSTEMS = ("economy", "permits", "protected", "waste")


class _Desk:
    """What one person does through the API."""

    def __init__(self, demo: Demo, email: str) -> None:
        added = _run(demo, "token", "add", email, "--name", "test", "--json")
        self._demo, self._token = demo, json.loads(added.stdout)["token"]

    def open(self, words: str) -> str:
        """The id of the newest conversation found."""
        found = self._demo.get(f"/api/v1/search?q={urllib.parse.quote(words)}", self._token)["items"]
        return f"/api/v1/conversations/{found[0]['conversation_id']}"

    def confirm(self, conversation: str) -> None:
        self._demo.get(f"{conversation}/identity", self._token, "PUT", {"how": "control_question"})

    def stand(self, conversation: str) -> dict[str, str]:
        found = self._demo.get(f"{conversation}/lookups", self._token)["lookups"]
        return {each["name"]: each["stands"] for each in found}

    def ask(self, conversation: str, name: str, **said: str) -> Any:
        return self._demo.get(f"{conversation}/lookups/{name}", self._token, "POST", said)

    def cards(self, conversation: str, name: str) -> list[dict[str, Any]]:
        answered = self.ask(conversation, name)
        assert answered["state"] == "found", answered
        return list(answered["cards"])

    def refused(self, conversation: str, name: str, why: str, **said: str) -> None:
        with pytest.raises(urllib.error.HTTPError) as refused:
            self.ask(conversation, name, **said)
        assert why in refused.value.read().decode()


def _replace(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.with_suffix(".new").write_text(text.replace(old, new), "utf-8")
    file.with_suffix(".new").replace(file)


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
        timeout=PATIENCE,
        check=False,
    )
