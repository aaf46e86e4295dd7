"""Children: a few processes that parse, each killed when one group of raw events takes too long.

Too long is when it stands still for `seconds`, or takes the processor time that a child has for one (`CPU_SECONDS`).
What works on a machine that gives it little has as long as that takes: a busy hour sets no innocent mail aside.
A group that ends its child twice more is set aside; the rest of what that child held is given to the next one.
"""

import asyncio
import logging
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from hub.inbound.child import Answer, Job

AT_ONCE = 4
"""Groups that a child has before it, so that it needn't wait for us between two: we have other things to do, too."""
BYTES_AT_ONCE = 1024 * 1024
"""Theirs; after that one more: its pipe holds no more."""
TRIES = 3
"""How often a group may end its child before it is set aside: a child can also be killed by chance."""
_PASSED_ON = 0.5
"""Seconds in which an answer that lies in the pipe already is read: we may have stood still ourselves."""
_SIGXCPU = 24
_START_AGAIN = 1.0
_STARTS = 60.0
"""Seconds that a child has to load what it parses with, on a machine that has a lot to do."""

log = logging.getLogger(__name__)


class _Task(Struct):
    job: Job
    frame: bytes
    done: "asyncio.Future[Answer]"
    deaths: int = 0


class Children:
    """Start with `async with`. `parse` may be called from many tasks at once.

    `ahead`: they are there before anything has come, and nothing waits in the hand of one that is starting.
    """

    def __init__(self, count: int, seconds: float, blocked: Sequence[str] = (), *, ahead: bool = False) -> None:
        self._count, self._seconds, self._blocked, self._ahead = count, seconds, blocked, ahead
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
                lives = child is not None and child.returncode is None
                tasks = await self._next_ones() if lives or not self._ahead else ()
                if child is None or child.returncode is not None:
                    try:
                        child = await self._start()
                    except (OSError, EOFError, TimeoutError) as error:  # no process to be had now
                        log.warning("no child can be started (%s); trying again", error)
                        self._give_back(tasks)
                        await asyncio.sleep(_START_AGAIN)
                        continue
                if tasks and not await self._ask(child, tasks):
                    child = None
        finally:
            if child is not None and child.returncode is None:
                await _end(child)

    async def _next_ones(self) -> Sequence[_Task]:
        """No more than a child's share of what waits: what takes long keeps back only what another has no time for."""
        tasks = [await self._tasks.get()]
        most = min(AT_ONCE, 1 + self._tasks.qsize() // self._count)
        while len(tasks) < most and sum(len(task.frame) for task in tasks) < BYTES_AT_ONCE:
            tasks.append(self._tasks.get_nowait())
        return tasks

    async def _ask(self, child: Process, tasks: Sequence[_Task]) -> bool:
        """Whether the child is still there. If not, each task is answered, set aside or back in the queue."""
        if child.stdin is not None:
            # Not waited for: the child reads on when it is rid of its answers. In one: it would be woken for each part.
            child.stdin.write(b"".join(len(task.frame).to_bytes(4) + task.frame for task in tasks))
        for number, task in enumerate(tasks, 1):
            if not await self._hear(child, task):
                self._give_back(tasks[number:])
                return False
        return True

    async def _hear(self, child: Process, task: _Task) -> bool:
        """The child's answer to this one, and whether it is still there."""
        try:
            answer = msgspec.msgpack.decode(await self._frame_in_time(child), type=Answer)
        except TimeoutError:
            child.kill()
            await child.wait()
            _settle(task, Answer(unreadable=f"It took more than {self._seconds:g} s to read."))
        except msgspec.DecodeError:
            child.kill()
            await child.wait()
            _settle(task, Answer(bug="The parser gave what is no item of the contract."))
        except (asyncio.IncompleteReadError, ConnectionError, BrokenPipeError):
            code = await child.wait()
            task.deaths += 1
            if code == -_SIGXCPU:
                too_long = "It took more processor time to read than one message may have."
                _settle(task, Answer(unreadable=too_long))
            elif task.deaths >= TRIES:
                _settle(task, Answer(unreadable=f"Reading it ended the process that read it, {TRIES} times."))
            else:
                self._give_back([task])
        else:
            _settle(task, answer)
            return True
        return False

    async def _frame_in_time(self, child: Process) -> bytes:
        """Raises TimeoutError when the child stands still."""
        reading = asyncio.ensure_future(_frame(child))
        try:
            await asyncio.wait([reading], timeout=self._seconds)
            while not reading.done() and _works(child.pid):  # its processor time ends this
                await asyncio.wait([reading], timeout=self._seconds)
            await asyncio.wait([reading], timeout=_PASSED_ON)
            if not reading.done():
                raise TimeoutError
            return reading.result()
        finally:
            reading.cancel()
            await asyncio.wait([reading])

    def _give_back(self, tasks: Sequence[_Task]) -> None:
        for task in tasks:
            self._tasks.put_nowait(task)

    async def _start(self) -> Process:
        """One that has said that it is ready. Raises OSError, a TimeoutError for one, and EOFError."""
        child = await begin(self._blocked)
        ready = False
        try:
            async with asyncio.timeout(_STARTS):
                await _frame(child)
            ready = True
        finally:
            if not ready:
                await _end(child)
        return child


async def begin(blocked: Sequence[str]) -> Process:
    """A child, from nothing."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hub.inbound.child", ",".join(blocked), stdin=PIPE, stdout=PIPE, limit=2**20
    )


def _settle(task: _Task, answer: Answer) -> None:
    if not task.done.done():  # who asked may have gone away
        task.done.set_result(answer)


def _works(pid: int) -> bool:
    """Whether it goes on when it gets the processor or a disk answers (proc_pid_stat(5)); False where nobody tells."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state in {"R", "D"}


async def _end(child: Process) -> None:
    """To the end of its pipes: a loop that closes before would leave them open."""
    if child.returncode is None:
        child.kill()
    if child.stdin is not None:
        child.stdin.close()
    await child.communicate()


async def _frame(child: Process) -> bytes:
    if child.stdout is None:
        raise ConnectionError("a child without pipes")
    return await child.stdout.readexactly(int.from_bytes(await child.stdout.readexactly(4)))
