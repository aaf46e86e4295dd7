"""Children: a few processes that parse, each killed when one group of raw events takes too long.

A group that ends its child twice more when tried alone is set aside; the rest of what that child held is given to the
next one.
"""

import asyncio
import logging
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from hub.inbound.child import Answer, Job

TRIES = 3
"""How often a group may end its child before it is set aside: a child can also be killed by chance."""
_SIGXCPU = 24
_START_AGAIN = 1.0

log = logging.getLogger(__name__)


class _Task(Struct):
    job: Job
    frame: bytes
    done: "asyncio.Future[Answer]"
    deaths: int = 0


class Children:
    """Start with `async with`. `parse` may be called from many tasks at once."""

    def __init__(self, count: int, seconds: float, blocked: Sequence[str] = ()) -> None:
        self._count, self._seconds, self._blocked = count, seconds, blocked
        self._tasks: asyncio.Queue[_Task] = asyncio.Queue()
        self._group = asyncio.TaskGroup()
        self._runners: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "Children":
        await self._group.__aenter__()
        self._runners = [self._group.create_task(self._run(), name=f"child-{i}") for i in range(self._count)]
        return self

    async def __aexit__(self, *error: Any) -> None:
        for runner in self._runners:
            runner.cancel()
        await self._group.__aexit__(*error)

    async def parse(self, jobs: Sequence[Job]) -> Sequence[Answer]:
        """An answer per job, in their order. Never raises for what is in them."""
        loop = asyncio.get_running_loop()
        encode = msgspec.msgpack.Encoder().encode
        tasks = [_Task(job, encode(job), loop.create_future()) for job in jobs]
        for task in tasks:
            self._tasks.put_nowait(task)
        return await asyncio.gather(*(task.done for task in tasks))

    async def _run(self) -> None:
        child: Process | None = None
        try:
            while True:
                task = await self._tasks.get()
                if child is None or child.returncode is not None:
                    try:
                        child = await self._start()
                    except OSError as error:  # no process or file to be had now: the task keeps its place
                        log.warning("no child can be started (%s); trying again", error.strerror)
                        self._tasks.put_nowait(task)
                        await asyncio.sleep(_START_AGAIN)
                        continue
                answer = await self._ask(child, task)
                if answer is None:
                    child = None
                elif not task.done.done():
                    task.done.set_result(answer)
        finally:
            if child is not None and child.returncode is None:
                await _end(child)

    async def _ask(self, child: Process, task: _Task) -> Answer | None:
        """None: the child is gone, and the task is either set aside or back in the queue."""
        try:
            async with asyncio.timeout(self._seconds):
                return await _exchange(child, task.frame)
        except TimeoutError:
            child.kill()
            await child.wait()
            self._set_aside(task, f"It took more than {self._seconds:g} s to read.")
        except msgspec.DecodeError:
            child.kill()
            await child.wait()
            if not task.done.done():
                task.done.set_result(Answer(bug="The parser gave what is no item of the contract."))
        except (asyncio.IncompleteReadError, ConnectionError, BrokenPipeError):
            code = await child.wait()
            task.deaths += 1
            if code == -_SIGXCPU:
                self._set_aside(task, "It took more processor time to read than one message may have.")
            elif task.deaths >= TRIES:
                self._set_aside(task, f"Reading it ended the process that read it, {TRIES} times.")
            else:
                self._tasks.put_nowait(task)
        return None

    @staticmethod
    def _set_aside(task: _Task, sentence: str) -> None:
        if not task.done.done():
            task.done.set_result(Answer(unreadable=sentence))

    async def _start(self) -> Process:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "hub.inbound.child", ",".join(self._blocked), stdin=PIPE, stdout=PIPE, limit=2**20
        )


async def _end(child: Process) -> None:
    """To the end of its pipes: a loop that closes before would leave them open."""
    child.kill()
    if child.stdin is not None:
        child.stdin.close()
    await child.communicate()


async def _exchange(child: Process, frame: bytes) -> Answer:
    if child.stdin is None or child.stdout is None:
        raise ConnectionError("a child without pipes")
    child.stdin.write(len(frame).to_bytes(4) + frame)  # in one: the child would be woken for the length alone
    await child.stdin.drain()
    size = int.from_bytes(await child.stdout.readexactly(4))
    return msgspec.msgpack.decode(await child.stdout.readexactly(size), type=Answer)
