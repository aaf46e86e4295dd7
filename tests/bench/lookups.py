"""What the gate costs: `python -m tests.bench.lookups`. The application in a process of its own, asked over HTTP.

The gate alone (its source answers at once), in this process without HTTP and as a request; six cards at once beside the
slowest; a source that hangs beside five that don't; fifty agents who each ask for six cards.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from hub.access import login, person
from hub.contract.references import by_ten
from hub.inbox import identity, municipality, queue
from hub.inbox.citizen import Citizen
from hub.inbox.conversation import Conversation
from hub.lookups import definition
from hub.lookups.ask import ask
from hub.lookups.definition import Declared
from hub.lookups.question import Question
from hub.lookups.sources import Sources
from hub.plugin_host.registry import Offer, Registry
from hub.proof.ports import free_ports
from hub.settings import Settings
from hub.storage.migrate import upgrade
from hub.storage.open import open_storage
from hub.storage.scope import Scope
from hub.storage.unit import Storage, Unit
from tests.bench.installation import wait_for
from tests.bench.lookup_server import Slow, SlowConfig
from tests.servers import Postgres

AGENTS, CARDS, ROUNDS = 50, 6, 60
SLOWEST = 200
"""Milliseconds."""
ANNA = "19121212-1212"
EVERYTHING = Scope.everything("bench")
TIMES = (0, 40, 80, 120, 160, SLOWEST)


def main() -> None:
    """Prints as it goes."""
    asked = argparse.ArgumentParser(prog="python -m tests.bench.lookups")
    asked.add_argument("--engine", nargs="+", default=["sqlite", "postgresql"], choices=["sqlite", "postgresql"])
    for engine in asked.parse_args().engine:
        with tempfile.TemporaryDirectory() as folder:
            if engine == "sqlite":
                _measure(engine, Path(folder), f"sqlite:///{folder}/torg.db")
            else:
                with Postgres() as server:
                    _measure(engine, Path(folder), server.url)


def _measure(engine: str, folder: Path, url: str) -> None:
    settings = Settings(database_url=url, key_file=str(folder / "key"), blob_folder=str(folder / "blobs"))
    storage = open_storage(settings)
    try:
        upgrade(storage.engines.writer)
        people = storage.write_now(EVERYTHING, _populate)
        alone = asyncio.run(_alone(storage, people[0]))
    finally:
        storage.close()
    _say(f"{engine}: the gate alone {_figures(alone)}")
    (port,) = free_ports(1)
    variables = {
        "TORG_CONFIG": os.devnull, "TORG_DATABASE_URL": url, "TORG_KEY_FILE": settings.key_file,
        "TORG_BLOB_FOLDER": settings.blob_folder, "TORG_PORT": str(port), "TORG_LOG_LEVEL": "error",
    }  # fmt: skip
    server = subprocess.Popen([sys.executable, "-m", "tests.bench.lookup_server"], env=os.environ | variables)
    try:
        wait_for(port)
        asyncio.run(_served(engine, f"http://127.0.0.1:{port}/api/v1", people))
    finally:
        server.terminate()
        server.wait()


def _populate(unit: Unit) -> list[tuple[int, str, int]]:
    """Agents with their tokens, each with a conversation whose citizen's identity is confirmed."""
    home = municipality.add(unit, "granvik", "Granvik", "SE")
    desk = queue.add(unit, {"sv": "Kundtjänst"}, [home])
    for number, milliseconds in enumerate(TIMES):
        _publish(unit, home.id, f"source_{number}", milliseconds)
    _publish(unit, home.id, "hanging", 60_000)
    return [_agent(unit, home, desk, number) for number in range(AGENTS)]


def _publish(unit: Unit, municipality_id: int, name: str, milliseconds: int) -> None:
    declared = Declared(name=name, kind="slow", title={"sv": name}, seconds=2.0)
    definition.publish(unit, municipality_id, declared, SlowConfig(milliseconds=milliseconds))


def _agent(unit: Unit, home: Any, desk: Any, number: int) -> tuple[int, str, int]:
    row = person.add(unit, f"agent{number}@granvik.example", f"Agent {number}")
    person.join(unit, row, home, "agent")
    citizen = Citizen(municipality_id=home.id, name=f"Citizen {number}", protection="no")
    unit.add(citizen)
    conversation = Conversation(
        municipality_id=home.id, citizen_id=citizen.id, queue_id=desk.id, subject="Faktura", language="sv", opened_at=0
    )
    unit.add(conversation)
    identity.confirm(unit, conversation, row.id, "called_back", _number(number))
    return row.id, login.add_token(unit, row, "bench"), conversation.id


def _number(number: int) -> str:
    """One that nobody has, whose last digit fits."""
    return next(each for each in (f"19121212{number:03d}{last}" for last in range(10)) if by_ten(each[2:]))


async def _alone(storage: Storage, who: tuple[int, str, int]) -> Sequence[float]:
    """Without HTTP, and with a source that answers at once."""
    registry, offer = Registry(), Offer()
    offer.lookup(Slow)
    registry.take("bench", "1", offer, built_in=False)
    sources = Sources(storage, registry)
    person_id, token, conversation_id = who
    actor = await storage.read(EVERYTHING, login.by_token, token)
    assert actor is not None
    assert actor.id == person_id
    question = Question(
        next(iter(actor.municipality_ids)), "source_0", purpose="Mätning", conversation_id=conversation_id
    )
    taken = []
    for _ in range(ROUNDS + 5):
        begun = time.perf_counter()
        answered = await ask(sources, Scope.of(actor), actor, question)
        taken.append(time.perf_counter() - begun)
        assert answered.state == "found"
    await sources.close()
    return taken[5:]


async def _served(engine: str, base: str, people: Sequence[tuple[int, str, int]]) -> None:
    limits = httpx.Limits(max_connections=400, max_keepalive_connections=400)
    async with httpx.AsyncClient(timeout=30, limits=limits) as client:
        desk = _Desk(client, base)
        await desk.ask(people[1], "source_0")
        one = [await desk.ask(people[1], "source_0") for _ in range(ROUNDS)]
        _say(f"{engine}: one card as a request, its source answers at once: {_figures(one)}")
        several = []
        for number in range(10):
            taken = await asyncio.gather(*(desk.ask(people[2 + number], f"source_{each}") for each in range(CARDS)))
            several.append(max(taken))
        _say(f"{engine}: six cards at once, the slowest source {SLOWEST} ms: {_figures(several)}")
        apart = []
        for number in range(10):
            who = people[12 + number]
            hanging = asyncio.create_task(desk.ask(who, "hanging"))
            await asyncio.sleep(0.02)
            without = max(await asyncio.gather(*(desk.ask(who, f"source_{each}") for each in range(CARDS - 1))))
            apart.append(without)
            await hanging
        _say(f"{engine}: five cards (slowest {TIMES[CARDS - 2]} ms) beside one that hangs: {_figures(apart)}")
        begun = time.perf_counter()
        all_at_once = await asyncio.gather(
            *(desk.ask(who, f"source_{each}") for who in people for each in range(CARDS))
        )
        whole = time.perf_counter() - begun
        _say(f"{engine}: {AGENTS} agents x {CARDS} cards at once: {_figures(all_at_once)}, all in {whole:.2f} s")


class _Desk:
    def __init__(self, client: httpx.AsyncClient, base: str) -> None:
        self._client, self._base = client, base

    async def ask(self, who: tuple[int, str, int], name: str) -> float:
        """How long it took, in seconds."""
        _, token, conversation_id = who
        begun = time.perf_counter()
        answer = await self._client.post(
            f"{self._base}/conversations/{conversation_id}/lookups/{name}",
            json={"purpose": "Mätning"},
            headers={"Authorization": f"Bearer {token}"},
        )
        taken = time.perf_counter() - begun
        state = answer.json().get("state")
        assert state == ("down" if name == "hanging" else "found"), answer.text
        return taken


def _figures(taken: Sequence[float]) -> str:
    """In milliseconds."""
    ordered = sorted(each * 1000 for each in taken)
    return f"p50 {statistics.median(ordered):.1f} ms, p95 {ordered[int(len(ordered) * 0.95)]:.1f} ms"


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
