"""Desks: those of ours who work, at the pace of people, each with a page that is open and fetches what events name.

What the page does on an event is what `inbox_ui/static/desk` does: what changed is asked for together, the thicker it
comes the longer it is gathered; of the open conversation each part at once.
"""

import asyncio
import random
import re
import time
from collections import defaultdict
from collections.abc import Coroutine, Iterable, Sequence
from functools import partial
from typing import Any

import msgspec

from hub.proof.storm.book import Book
from hub.proof.storm.client import Answer, Client, events
from hub.proof.storm.pace import AT_ONCE, COUNTED, LIST, PHONE, RAIL, RINGS, WHOLE, Paced
from hub.proof.storm.plan import Desk, Plan

_ROWS, _TOGETHER, _MANY, _MOST = 50, 50, 100, 380
_WAITING = re.compile(r'data-waiting="([0-9,]+)"')
_ROW = re.compile(r'<li id="row-(\d+)".{0,600}?data-channel="(\w+)"', re.S)
_TOKEN = re.compile(r'name="_csrf_token" value="([0-9a-f]+)"')
_VERSION = re.compile(r'data-version="(\d+)"')
_NEWEST = re.compile(r'name="after" value="([^"]*)"')
_RINGS = re.compile(r'data-chat-rings="(\d+)"')
_WORDS = ("sopor", "lampan", "bygglov", "faktura", "parkering", "vatten", "skolskjuts")
_HERE = "view=open"


class Worker:
    """One of them, and their page. `stopped`: they do nothing new; the page stays open until it is cancelled."""

    def __init__(self, plan: Plan, number: int, desk: Desk, client: Client, book: Book) -> None:
        self.stopped = False
        self._plan, self._number, self._place = plan, number, desk.place
        self._client, self._book = client, book
        self._rng = random.Random(f"{plan.seed} {number}")  # noqa: S311 - a run can be repeated by its seed
        self._own = {"Cookie": desk.cookie, "Sec-Fetch-Site": "same-origin"}
        self._part = {**self._own, "HX-Request": "true"}
        self._token = ""
        self._words = 0
        self._shown: set[str] = set()
        self._waiting: set[str] = set()
        self._said: set[str] = set()
        """Chats of theirs whose visitors said something."""
        self._unseen: defaultdict[str, list[str]] = defaultdict(list)
        """Conversation -> entries that were heard of and don't stand on the page yet."""
        self._latest = 0.0
        self._counting = Paced(RAIL, self._count)
        self._renewing = Paced(LIST, self._renew)
        self._phoning = Paced(PHONE, self._phone)
        self._catching = Paced(WHOLE, self._catch_up)
        self._ringing = Paced(AT_ONCE, self._ring)
        self._parts: dict[str, Paced] = {}
        self._stands = self._newest = ""
        """The conversation that is open on the page, and which entry is its newest there."""
        self._answers: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    # Work

    async def work(self) -> None:
        """Round after round: the list, perhaps a search, a conversation, and something is done about it."""
        await self._pause(0, 5)
        await self._list()  # with the token by which all that follows is sent
        await self._pause(0, 10)
        while not self.stopped:
            rows = await self._list()
            await self._pause(2, 6)
            if self._rng.random() < 0.25:  # noqa: PLR2004 - every fourth time
                await self._get("search", f"/inbox/search?{_HERE}&q={self._rng.choice(_WORDS)}", self._part)
                await self._pause(2, 6)
            if rows and not self.stopped:
                await self._open(*self._rng.choice(rows))
            await self._pause(3, 8)
        while self._tasks:
            await asyncio.gather(*self._tasks)

    async def _list(self) -> list[tuple[str, str]]:
        answer = await self._get("list page", f"/inbox?{_HERE}", self._own)
        rows: list[tuple[str, str]] = _ROW.findall(answer.text)
        self._shown, self._waiting = {each for each, _ in rows}, set()
        found = _TOKEN.search(answer.text)
        self._token = found[1] if found else self._token
        return rows

    async def _open(self, conversation: str, kind: str) -> None:
        opened = await self._get("open", f"/conversations/{conversation}?{_HERE}", self._part)
        self._stand(conversation, opened)
        await self._post("sign", f"/conversations/{conversation}/presence", {"state": "reading"})
        await self._pause(5, 15)
        chance = self._rng.random()
        if kind == "mail" and chance < 0.7:  # noqa: PLR2004 - most are answered
            await self._pause(5, 20)
            await self._reply(conversation)
        elif chance < 0.9 and (version := _VERSION.search(opened.text)):  # noqa: PLR2004 - some are left as they are
            form = {"version": version[1], "person": "me"}
            await self._post("assign", f"/conversations/{conversation}/assignment?{_HERE}", form)

    async def _reply(self, conversation: str) -> None:
        word = self._word()
        form = {"text": f"Hej, det ordnar vi. Svar {word}.", "then": "close", "key": f"storm-{word}"}
        answer = await self._post("reply", f"/conversations/{conversation}/replies?{_HERE}", form)
        self._book.write(does="replied", word=word, taken=answer.good, at=answer.began)

    def _word(self) -> str:
        self._words += 1
        return f"a{self._number:03d}x{self._words:05d}"

    # The page

    async def listen(self) -> None:
        """Its stream of events; broken off, it is opened again, and all that is shown is fetched anew."""
        again = False
        while True:
            try:
                headers = {**self._own, **({"Last-Event-ID": "open"} if again else {})}
                async for name, data in events(self._plan.web, "/events", headers):
                    self._hear(name, data)
            except (OSError, EOFError) as error:
                self._book.fault(f"the stream of desk {self._number} broke off: {error}")
            again = True
            await asyncio.sleep(2)

    def _hear(self, name: str, data: str) -> None:
        said = msgspec.json.decode(data) if data else {}
        conversation, entry = said.get("id", ""), said.get("entry", "")
        if name == "entry":
            self._book.write(does="heard", desk=self._number, entry=int(entry), at=time.monotonic())
            self._unseen[conversation].append(entry)
            self._part_of(conversation, "newer")
            self._behind_the_button(conversation)
        elif name == "row":
            self._changed(conversation)
            self._part_of(conversation, "head")
        elif name == "chat":
            self._part_of(conversation, "chat")
        elif name == "turn" and conversation != self._stands:
            self._said.add(conversation)
            self._renewing.add(conversation)
        elif name in {"presence", "typing"}:
            self._part_of(conversation, "present")
            if name == "typing" and conversation in self._shown:
                self._renewing.add(conversation)
        elif name == "ringing":
            self._ringing.add(conversation)
        elif name in {"ring", "phone"}:
            self._phoning.add(name, RINGS if name == "ring" else None)
        elif name == "resync":
            self._book.write(does="resync", desk=self._number, at=time.monotonic())
            for each in (self._catching, self._counting, self._phoning, self._ringing):
                each.add(name)

    def _changed(self, conversation: str) -> None:
        self._latest = time.monotonic()
        self._counting.add(conversation)
        if not self._behind_the_button(conversation):
            self._renewing.add(conversation, LIST.soon if conversation == self._stands else None)

    def _behind_the_button(self, conversation: str) -> bool:
        """That says how many there are: nothing of it is fetched."""
        is_there = conversation in self._waiting and conversation not in self._shown
        if is_there:
            self._seen([conversation])
        return is_there

    def _part_of(self, conversation: str, part: str) -> None:
        """Of the open one each part is fetched at once; what comes meanwhile, once more."""
        if conversation == self._stands:
            self._parts.setdefault(part, Paced(AT_ONCE, partial(self._fetch_part, part))).add(conversation)

    def _stand(self, conversation: str, answer: Answer) -> None:
        found = _NEWEST.search(answer.text)
        self._stands, self._newest = conversation, found[1] if found else self._newest

    async def _fetch_part(self, part: str, conversations: Sequence[str]) -> None:
        for each in conversations:
            after = f"&after={self._newest}" if part == "newer" else ""
            answer = await self._get(part, f"/conversations/{each}/{part}?{_HERE}{after}", self._part)
            if part == "newer":
                self._stand(self._stands, answer)
                self._seen([each])

    async def _renew(self, some: Sequence[str]) -> None:
        if len(unknown := self._unknown(some)) > _MANY:
            await self._look(unknown)
            some = [each for each in some if each in self._said]
        for each in some[_TOGETHER:]:
            self._renewing.add(each)
        some = some[:_TOGETHER]
        shown, fresh = (
            [each for each in some if (each in self._shown) == there and each not in self._waiting]
            for there in (True, False)
        )
        said = [each for each in some if each in self._said]
        self._said -= {*said}
        if not some:
            return
        named = (("shown", shown), ("ids", fresh), ("said", said))
        asked = "".join(f"&{name}={','.join(ids)}" for name, ids in named if ids)
        await self._get("news", f"/inbox/news?{_HERE}{asked}", self._part)
        self._seen(some)
        for each in fresh:
            (self._shown if len(self._shown) < _ROWS else self._waiting).add(each)

    def _unknown(self, some: Iterable[str]) -> list[str]:
        return [each for each in some if each not in self._shown and each not in self._waiting]

    async def _catch_up(self, _: Sequence[str]) -> None:
        await self._look(self._unknown(self._unseen))

    async def _look(self, unknown: Sequence[str]) -> None:
        """At the list as it is. What is shown and isn't in it is asked for; what waits is behind the button."""
        named = f"&ids={','.join(unknown[:_MOST])}" if unknown else ""
        answer = await self._get("rows", f"/inbox/list?{_HERE}{named}", self._part)
        rows = {each for each, _ in _ROW.findall(answer.text)}
        found = _WAITING.search(answer.text)
        behind = set(found[1].split(",")) if found else set()
        for each in (*(self._shown - rows), *unknown[_MOST:]):
            self._renewing.add(each)
        self._shown |= rows
        self._waiting |= behind - self._shown
        self._seen([*rows, *behind])

    async def _count(self, _: Sequence[str]) -> None:
        since = time.monotonic() - self._latest
        await self._get("rail", f"/inbox/rail?{_HERE}", self._part)
        if since < COUNTED:
            self._counting.add("once more")

    async def _phone(self, _: Sequence[str]) -> None:
        await self._get("phone", f"/phone?{_HERE}", self._part)

    def _seen(self, conversations: Sequence[str]) -> None:
        now = time.monotonic()
        for each in conversations:
            for entry in self._unseen.pop(each, ()):
                self._book.write(does="shown", desk=self._number, entry=int(entry), at=now)

    # Chats

    async def _ring(self, _: Sequence[str]) -> None:
        """What rings is looked at."""
        answer = await self._get("ringing", "/chats/ringing", self._part)
        for conversation in set(_RINGS.findall(answer.text)) - self._answers:
            if self._token and not self.stopped:
                self._answers.add(conversation)
                self._later(self._answer(conversation))

    async def _answer(self, conversation: str) -> None:
        """Taken, read, answered, and ended when nobody says any more."""
        await self._pause(1, 4)
        at = f"/conversations/{conversation}"
        taken = await self._post("take", f"{at}/chat/take?{_HERE}", {})
        if not taken.good:
            self._answers.discard(conversation)
            return
        self._stand(conversation, await self._get("open", f"{at}?{_HERE}", self._part))
        for _ in range(2):
            await self._pause(6, 15)
            word = self._word()
            said = await self._post("turn", f"{at}/turns?{_HERE}", {"turn": f"Svar {word}.", "key": f"storm-{word}"})
            self._book.write(does="turned", word=word, taken=said.good, status=said.status, at=said.began)
        await self._pause(20, 40)
        await self._post("end", f"{at}/chat/end?{_HERE}", {})
        self._answers.discard(conversation)

    # Requests

    async def _get(self, what: str, path: str, headers: dict[str, str]) -> Answer:
        return self._noted(what, await self._client.ask("GET", path, headers))

    async def _post(self, what: str, path: str, form: dict[str, str]) -> Answer:
        return self._noted(what, await self._client.post(path, self._part, {**form, "_csrf_token": self._token}))

    def _noted(self, what: str, answer: Answer) -> Answer:
        self._book.write(
            does="asked", what=what, place=self._place, at=answer.began, took=answer.took, status=answer.status
        )
        return answer

    async def _pause(self, least: float, most: float) -> None:
        await asyncio.sleep(self._plan.pace * self._rng.uniform(least, most))

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
