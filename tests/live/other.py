"""The other process: `python -m tests.live.other DATABASE [REDIS]`, then a word and its ids on each line."""

import asyncio
import sys
from contextlib import suppress
from pathlib import Path

import hub.app  # noqa: F401 - every table has to be known
from hub.access.person import Actor
from hub.channels.pause import pause, standing
from hub.inbox.queue import Queue
from hub.live.publish import Live
from hub.outbound import settle
from hub.storage.blobs import Blobs
from hub.storage.engine import open_engines
from hub.storage.unit import Storage, Unit
from tests.live.ears import change, fence_of
from tests.storage.centre import EVERYTHING, KEYS, conversation, must


def obey(unit: Unit, words: list[str]) -> object:
    """One unit of work."""
    match [words[0], *map(int, words[1:])]:
        case ["change", int(conversation_id)]:
            return change(unit, conversation_id)
        case ["settle", int(delivery_id)]:
            return settle.settle(unit, delivery_id, fence_of(unit, delivery_id), settle.Outcome("sent", None))
        case ["move", int(conversation_id), int(by_id), int(queue_id)]:
            return conversation(unit, conversation_id).move(unit, by_id, must(unit.get(Queue, queue_id))).id
        case ["pause", int(channel_id)]:
            return pause(unit, channel_id, "a test").id
        case _:
            raise AssertionError(words)


async def main(url: str, redis_url: str | None = None) -> None:
    """Until its input ends."""
    storage = Storage(open_engines(url), KEYS, Blobs(Path("nowhere")))
    live = Live(storage, redis_url, standing, serves=False)
    running = asyncio.create_task(live.run())
    if live.bridge is not None:
        await live.bridge.hears.wait()
        await live.bridge.tells.wait()  # its first words are said
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := (await lines.readline()).decode().split():
        if line[0] == "ready":
            answer: object = "ready"
        elif line[0] in {"reading", "typing"}:
            actor = Actor(int(line[2]), "Vera", "v@x.example", "sv", (), frozenset())
            (live.reading if line[0] == "reading" else live.typing)(actor, int(line[1]))
            answer = "signed"
        else:
            answer = await storage.write(EVERYTHING, obey, line)
        print(answer, flush=True)  # noqa: T201 - this is how it answers
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    storage.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
