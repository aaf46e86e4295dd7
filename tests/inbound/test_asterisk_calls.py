"""From Asterisk's manager to the inbox: a hub that listens to a manager that is played."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from hub.channels import add
from hub.inbox import municipality
from hub.inbox.call import Call
from hub.inbox.entry import Entry
from hub.proof.stand_ins.ami_server import AmiServer
from hub.storage.unit import Unit
from tests.connectors.asterisk_ami.test_samples import FOLDER
from tests.line import Line, until

SAMPLES = {"queue_answered": "1", "queue_abandoned": "2", "attended_transfer": "3", "busy": "4", "internal": "5"}


@pytest.fixture
def exchange() -> Iterator[AmiServer]:
    made = AmiServer()
    yield made
    made.close()


@pytest.fixture
def line(sqlite_database: str, tmp_path: Path, exchange: AmiServer) -> Iterator[Line]:
    made = Line(tmp_path, sqlite_database)

    def write(unit: Unit) -> None:
        where = {"host": "127.0.0.1", "port": exchange.port, "username": "torg", "secret": "hemligt"}
        lines = {"bygg": "holmo/Kundtjänst", "010-100 00 00": "granvik/Kundtjänst"}
        _, config = add.prepare(unit, made.registry, "asterisk_ami", {**where, "lines": lines})
        add.add(unit, "asterisk_ami", "växel", config, municipality.by_code(unit, "granvik"))

    made.write(write)
    with made.running():
        yield made
    made.storage.close()


def test_a_call_of_a_citizen_is_one_call_of_their_municipality(line: Line, exchange: AmiServer) -> None:
    assert exchange.wait_for(lambda server: server.clients > 0)
    dialogues = []
    for name, number in SAMPLES.items():
        said = (FOLDER / f"{name}.txt").read_bytes().replace(b"1700000", b"1700%b00" % number.encode())
        dialogues.append([block + b"\r\n\r\n" for block in said[said.index(b"Event: Newch") :].split(b"\r\n\r\n")[:-1]])
    for turn in range(max(map(len, dialogues))):  # all at the same time
        exchange.say(b"".join(each[turn] for each in dialogues if turn < len(each)))
    until(lambda: len(line.all(select(Call.id).where(Call.state == "ended"))) == len(SAMPLES) - 1)
    found = {call.cause: call for call in line.all(select(Call).where(Call.queue_name.is_not(None)))}
    assert found["abandoned"].municipality_id == found["completed"].municipality_id == line.ids["holmo"]
    assert (found["completed"].answered_by, found["completed"].called) == ("202", "+46101000000")
    handed_on = line.one(select(Call).where(Call.cause == "completed", Call.queue_name.is_(None)))
    assert (handed_on.number, handed_on.municipality_id) == ("+46701234567", line.ids["granvik"])
    assert [each["answered_by"] for each in handed_on.transfers] == ["305"]
    assert len(line.all(select(Entry).where(Entry.kind == "call"))) == len(SAMPLES) - 1
    until(lambda: set(line.raw_states()) == {"read"})
