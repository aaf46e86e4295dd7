"""Open chats: `python -m tests.bench.chat`. How long what a citizen says takes to stand before an agent, and back.

Five hundred chats, a stream each, and five things said a second: from the citizen's request to the entry as the agent's
page fetches it when its stream has told of it, and from the agent's answer to the citizen's stream. And, where there is
a Chromium, how soon after its script the widget is there.
"""

import argparse
import asyncio
import itertools
import json
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from pathlib import Path

import httpx
from playwright.async_api import async_playwright

from hub.access import login, person, session
from hub.channels.channel import Channel
from hub.edge.session import cookie_name
from hub.storage.unit import Unit
from tests.bench.__main__ import database
from tests.bench.installation import Installation, serving, set_up
from tests.bench.meter import Meter
from tests.browser.chat_page import site
from tests.servers import Chromium, Missing

CHATS, A_SECOND, SECONDS = 500, 5, 30
_KEYS = itertools.count(1)


def main() -> None:
    """Prints as it goes."""
    asked = argparse.ArgumentParser(prog="python -m tests.bench.chat")
    asked.add_argument("--engine", nargs="+", default=["sqlite", "postgresql"], choices=["sqlite", "postgresql"])
    asked.add_argument("--chats", type=int, default=CHATS)
    asked.add_argument("--seconds", type=int, default=SECONDS)
    said = asked.parse_args()
    for engine in said.engine:
        with tempfile.TemporaryDirectory() as folder, database(engine, Path(folder)) as url:
            installation = set_up(Path(folder), url)
            with serving(installation) as process:
                meter = Meter(process.pid, url)
                asyncio.run(Chats(installation).measure(engine, said.chats, said.seconds, meter))


class Chats:
    """An agent at a desk, and those who chat."""

    def __init__(self, installation: Installation) -> None:
        self._here = installation
        self._base = f"http://127.0.0.1:{installation.web}"
        self._channel, cookie = installation.write(self._set_up)
        self._desk = {"Cookie": f"{cookie_name(installation.settings)}={cookie}", "HX-Request": "true"}
        self._api = {"Authorization": f"Bearer {installation.token}"}
        self._said: dict[str, float] = {}
        self.came: list[float] = []
        """Seconds from what each citizen said to the entry before the agent."""
        self._answered: dict[str, float] = {}
        self.heard: list[float] = []
        """And back."""
        self._last: dict[int, str] = {}

    def _set_up(self, unit: Unit) -> tuple[int, str]:
        queue = self._here.queues[0]
        row = Channel(
            kind="web_chat", name="Chat", home_id=self._here.municipalities[0],
            config={"queue": f"m1/{queue}", "hours": "mon-sun 00:00-24:00", "holidays": "open", "origins": []},
        )  # fmt: skip
        unit.add(row)
        agent = person.by_email(unit, "agent@m1.example")
        login.add_token(unit, agent, "chats")
        return row.id, session.begin(unit, agent)

    async def measure(self, engine: str, chats: int, seconds: int, meter: Meter) -> None:
        await self._widget()
        turns = itertools.count(1)
        await self.talk(chats, meter.begin, lambda: next(turns) > A_SECOND * seconds)
        taken = meter.each(len(self.came) + len(self.heard) or 1)
        _say(f"{engine}: citizen to agent {_figures(self.came)}, {len(self._said)} not seen")
        _say(f"{engine}: agent to citizen {_figures(self.heard)}, {len(self._answered)} not seen")
        _say(f"{engine}: processor ms a turn, with its part of {chats} open chats: {_each(taken)}")

    async def talk(self, chats: int, ready: Callable[[], object], ended: Callable[[], bool]) -> None:
        """In so many new chats, five turns a second: calls `ready` before the first, and asks `ended` before each.

        What came and was heard is of this talk alone.
        """
        for each in (self._said, self._answered, self._last, self.came, self.heard):
            each.clear()
        begun = time.perf_counter()
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=50)
        async with httpx.AsyncClient(base_url=self._base, timeout=60, limits=limits) as client:
            secrets = [await self._begin(client, number) for number in range(chats)]
            _say(f"{chats} chats begun in {time.perf_counter() - begun:.1f} s")
            streams = [asyncio.create_task(self._hear(client, each, secret)) for each, secret in enumerate(secrets)]
            desk = asyncio.create_task(self._watch(client))
            await asyncio.sleep(5)
            ready()
            for number in itertools.takewhile(lambda _: not ended(), itertools.count()):
                due = asyncio.create_task(self._say(client, secrets[number * 7 % chats]))
                answer = asyncio.create_task(self._answer(client, number))
                await asyncio.sleep(1 / A_SECOND)
                await asyncio.gather(due, answer)
            await asyncio.sleep(2)
            for task in (desk, *streams):
                task.cancel()
            await asyncio.gather(desk, *streams, return_exceptions=True)

    async def _begin(self, client: httpx.AsyncClient, number: int) -> str:
        """From a network of its own, as the citizens of a municipality are."""
        visitor = {"X-Forwarded-For": f"10.{number // 250}.{number % 250}.1", "Sec-Fetch-Site": "same-origin"}
        reception = await client.get(f"/chat/{self._channel}/reception", headers=visitor)
        body = {"ticket": reception.json()["ticket"], "key": _key(), "text": "Hej", "language": "sv"}
        answer = await client.post(f"/chat/{self._channel}/visits", json=body, headers=visitor)
        answer.raise_for_status()
        secret: str = answer.json()["secret"]
        return secret

    async def _say(self, client: httpx.AsyncClient, secret: str) -> None:
        named = _key()
        self._said[named] = time.perf_counter()
        headers = {"Torg-Visitor": secret, "Sec-Fetch-Site": "same-origin"}
        body = {"key": named, "text": f"Fråga {named}"}
        (await client.post(f"/chat/{self._channel}/turns", json=body, headers=headers)).raise_for_status()

    async def _answer(self, client: httpx.AsyncClient, number: int) -> None:
        """In the conversation that was heard of last."""
        conversation = self._last.get(number - 1)
        if conversation is None:
            return
        named = _key()
        self._answered[named] = time.perf_counter()
        body = {"text": f"Svar {named}"}
        sent = await client.post(f"/api/v1/conversations/{conversation}/turns", json=body, headers=self._api)
        sent.raise_for_status()

    async def _watch(self, client: httpx.AsyncClient) -> None:
        """As a desk does: its stream tells ids, and the entry is fetched."""
        async for event, data in _events(client, "/events", self._desk):
            if event == "entry":
                _later(self._fetch(client, json.loads(data)))

    async def _fetch(self, client: httpx.AsyncClient, ids: dict[str, str]) -> None:
        answer = await client.get(f"/conversations/{ids['id']}/entries/{ids['entry']}", headers=self._desk)
        found = next((each for each in self._said if f"Fråga {each}" in answer.text), None)
        if found is not None:
            self.came.append(time.perf_counter() - self._said.pop(found))
            self._last[len(self.came) - 1] = ids["id"]

    async def _hear(self, client: httpx.AsyncClient, number: int, secret: str) -> None:
        headers = {"Torg-Visitor": secret, "Accept": "text/event-stream"}
        await asyncio.sleep(number / 200)
        async for event, data in _events(client, f"/chat/{self._channel}/events", headers):
            if event == "turn":
                found = next((each for each in self._answered if f"Svar {each}" in data), None)
                if found is not None:
                    self.heard.append(time.perf_counter() - self._answered.pop(found))

    async def _widget(self) -> None:
        """From the end of its script's load to a widget that can be opened."""
        try:
            program = Chromium.locate()
        except Missing:
            return
        with site(self._base) as made:
            made.channel = self._channel
            self._here.write(self._show_on, made.origin)
            await asyncio.sleep(2.5)  # what is known of a channel is as old as that
            took = []
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
                for _ in range(7):
                    page = await browser.new_page()
                    await page.add_init_script(_WATCH)
                    await page.goto(f"{made.origin}/avfall")
                    await page.wait_for_function("window.came?.loaded")
                    took.append(await page.evaluate(_TOOK))
                    await page.close()
                await browser.close()
        for what, times in (("widget", [each[0] for each in took]), ("frame, loaded,", [each[1] for each in took])):
            _say(f"the {what} is there {statistics.median(times):.0f} ms after its script (worst {max(times):.0f})")

    def _show_on(self, unit: Unit, origin: str) -> None:
        row = unit.get(Channel, self._channel)
        assert row is not None
        row.config = {**row.config, "origins": [origin]}


_WATCH = """new MutationObserver(() => {
  for (const name of ["ready", "loaded"])
    if (document.querySelector(`torg-chat[data-${name}]`)) (window.came ??= {})[name] ??= performance.now();
}).observe(document, { subtree: true, childList: true, attributes: true });"""
_TOOK = """["ready", "loaded"].map((name) => window.came[name] - performance.getEntriesByType("resource")
  .find((each) => each.name.endsWith("widget.js")).responseEnd)"""
_TASKS: set[asyncio.Task[None]] = set()


def _later(work: Coroutine[None, None, None]) -> None:
    task = asyncio.create_task(work)
    _TASKS.add(task)
    task.add_done_callback(_TASKS.discard)


async def _events(client: httpx.AsyncClient, path: str, headers: dict[str, str]) -> AsyncIterator[tuple[str, str]]:
    async with client.stream("GET", path, headers=headers, timeout=None) as answer:
        answer.raise_for_status()
        event = ""
        async for line in answer.aiter_lines():
            name, _, value = line.partition(": ")
            if name == "event":
                event = value
            elif name == "data":
                yield event, value


def _key() -> str:
    return f"bench-{next(_KEYS):08}"


def _figures(seconds: Sequence[float]) -> str:
    if len(seconds) < 2:
        return "nothing came"
    cut = statistics.quantiles(seconds, n=100)
    return f"p50 {cut[49] * 1000:.0f} ms, p99 {cut[98] * 1000:.0f} ms of {len(seconds)}"


def _each(taken: Mapping[str, float]) -> str:
    return ", ".join(f"{who} {ms:.1f}" for who, ms in taken.items())


def _say(words: str) -> None:
    print(words, flush=True)  # noqa: T201 - what it is for


if __name__ == "__main__":
    main()
