"""`torg serve` in several processes on one port: who came by one is known in the other, and whoever ends is seen to."""

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from hub.proof import processes
from tests import asking
from tests.flows.house import CitizensMailServer, House
from tests.line import PATIENCE, letter, reachable, until
from tests.started import Started

Build = Callable[..., House]


def web_of(process: Started) -> list[int]:
    """Those that answer, the one that works as well first."""
    return list(processes.children(process.pid))


def answered(house: House) -> float:
    """By all of them, as any of them tells."""
    text = asking.request("GET", f"http://127.0.0.1:{house.web_ports[0]}/metrics", timeout=PATIENCE).text
    return sum(float(each) for each in re.findall(r'torg_requests_total\{face="api",status="2xx"\} (\S+)', text))


def fresh(house: House) -> None:
    """On a connection of its own: whichever process takes it."""
    with httpx.Client(timeout=PATIENCE) as one:
        assert one.get(f"http://127.0.0.1:{house.web_ports[0]}/health").status_code == 200


def test_what_one_keeps_the_other_reads_and_sends(
    build: Build, sqlite_database: str, outside: CitizensMailServer
) -> None:
    house = build(sqlite_database, web_processes=3, sweep_seconds=300)
    with house.serving() as process:
        first, *others = web_of(process)
        assert len(others) == 2
        os.kill(first, signal.SIGSTOP)  # only the others answer now
        try:
            status, person, _ = house.ask("GET", "/me")
            assert status == 200, person
        finally:
            os.kill(first, signal.SIGCONT)
        house.send(letter("ett"))
        (entry,) = house.entries(1)
        os.kill(first, signal.SIGSTOP)
        try:
            house.reply(entry.conversation_id, "Svar av den andra")
        finally:
            os.kill(first, signal.SIGCONT)
        house.sent(1)  # no sweep has come: it was rung for
        before = answered(house)
        for _ in range(30):
            fresh(house)
        assert answered(house) == before + 31  # and the look before
    outside.mails(1)
    assert house.bugs() == []


ROWS = "adress;dag;kod\nStorgatan 1;2027-01-31;bom 4711\n"
LOOKUP = """
name = "tanks"
kind = "table"
seconds = 5
until_asked = ["fields.Bomkod"]
[title]
sv = "Tömning"
[settings]
card = "fields"
says_whom = false
path = "{path}"
fields = {{ title = {{ text = "Tank" }} }}
lines = [{{ label = "Dag", value = "dag" }}, {{ label = "Bomkod", value = "kod" }}]
about = {{ address = "adress" }}
"""


def test_what_one_was_told_the_other_shows_pins_and_reveals(
    build: Build, database_url: str, tmp_path: Path, outside: CitizensMailServer
) -> None:
    """Each answer is asked for in the one, and used in the other."""
    house = build(database_url)
    (tmp_path / "rows.csv").write_text(ROWS)
    (tmp_path / "tanks.toml").write_text(LOOKUP.format(path=tmp_path / "rows.csv"))
    with house.process("lookup", "import", str(tmp_path / "tanks.toml"), "--municipality", "granvik") as importing:
        assert importing.wait(PATIENCE) == 0, house.log()
    question = {"by": "address", "value": "Storgatan 1"}
    with house.serving(0), house.serving(1, listens=False):
        house.send(letter("ett"))
        (entry,) = house.entries(1)
        here = f"/conversations/{entry.conversation_id}/lookups"
        status, answered, _ = house.ask("POST", f"{here}/tanks", question, web=1)
        assert (status, answered["state"]) == (200, "found"), answered
        shown = {"asked_at": answered["asked_at"]}
        assert house.look(here)["lookups"][0]["answered"] == answered
        asked = {**shown, "field": "fields.Bomkod", "purpose": "Bilen står vid bommen"}
        assert house.make(f"{here}/tanks/reveals", asked)["value"] == "bom 4711"
        assert house.make(f"{here}/tanks/pins", shown)["kind"] == "card"
        assert house.ask("POST", f"{here}/tanks", question)[0] == 200
        status, why, _ = house.ask("POST", f"{here}/tanks/pins", shown, web=1)
        assert (status, "asked anew since it was shown" in why["detail"]) == (409, True)
    assert house.bugs() == []


def test_one_that_answers_is_started_again_and_with_the_one_that_works_all_end(
    build: Build, sqlite_database: str
) -> None:
    house = build(sqlite_database, web_processes=2)
    with house.serving() as process:
        first, other = web_of(process)
        os.kill(other, signal.SIGKILL)
        until(lambda: len(web_of(process)) == 2 and other not in web_of(process))
        until(house.healthy)
        os.kill(first, signal.SIGKILL)
        assert process.wait(PATIENCE) == 1
    assert not reachable(house.web_ports[0])
    assert "web process 2 has ended (by signal 9), and is started again" in house.log()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_they_end_with_whoever_watches_them(build: Build, sqlite_database: str, how: signal.Signals) -> None:
    house = build(sqlite_database, web_processes=2)
    with house.serving() as process:
        several = processes.family(process.pid)
        process.send_signal(how)
        assert process.wait(PATIENCE) == -how
        until(lambda: not any(_lives(each) for each in several[1:]))
    until(lambda: not reachable(house.web_ports[0]))


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
