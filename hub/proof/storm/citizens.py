"""Citizens: each mails, calls or chats when the plan says so, and again until it was taken, as servers and pages do."""

import asyncio
import hashlib
import hmac
import json
import random
import time
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import partial

from hub.proof.storm.book import Book
from hub.proof.storm.client import Answer, Client, events
from hub.proof.storm.plan import Contact, Plan

_AGAIN = 0.2
_TRIES = 300
"""A minute, and what was still not taken is a fault."""
_END = b"\r\n"
_TURN, _OVER = "a turn", 409
"""Whoever writes in the moment in which one of ours ends the chat is told that it is over, and writes no more."""


class Citizens:
    """`stopped`: nobody begins any more; what has begun goes on to its end."""

    def __init__(self, plan: Plan, client: Client, book: Book, begun: float) -> None:
        self.stopped = False
        self._plan, self._client, self._book, self._begun = plan, client, book, begun
        self._rng = random.Random(plan.seed)  # noqa: S311 - a run can be repeated by its seed
        self._key = b64decode(plan.secret.removeprefix("whsec_"))
        self._lines: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def run(self) -> None:
        """All of them, each begun when its time has come, whether or not the others were served."""
        async with asyncio.TaskGroup() as tasks:
            for contact in self._plan.contacts:
                await asyncio.sleep(max(0.0, self._begun + contact.at - time.monotonic()))
                if self.stopped:
                    break
                does = {"mail": self._mail, "call": self._call, "chat": self._chat}[contact.kind]
                tasks.create_task(does(contact))
        for _, writer in self._lines:
            writer.close()

    async def _pause(self, least: float, most: float) -> None:
        await asyncio.sleep(self._plan.pace * self._rng.uniform(least, most))

    def _sent(self, contact: Contact, word: str, began: float, *, first: bool = True) -> None:
        late = began - self._begun - contact.at if first else 0.0
        self._book.write(
            does="sent", word=word, kind=contact.kind, place=contact.place, first=first,
            at=began, took=time.monotonic() - began, late=late,
        )  # fmt: skip

    # Mail

    async def _mail(self, contact: Contact) -> None:
        began = time.monotonic()
        for _ in range(_TRIES):
            try:
                if await self._hand_over(contact):
                    self._sent(contact, contact.words[0], began)
                    return
            except (OSError, EOFError):
                pass
            await asyncio.sleep(_AGAIN)
        self._book.fault(f"a mail wasn't taken: {contact.words[0]}")

    async def _hand_over(self, contact: Contact) -> bool:
        place = self._plan.places[contact.place]
        reader, writer = self._lines.pop() if self._lines else await self._greeted()
        kept = False
        try:
            for line in (f"MAIL FROM:<{contact.sender}>", f"RCPT TO:<{place.address}>", "DATA"):
                writer.write(line.encode() + _END)
                if (await reader.readuntil(_END))[:1] not in b"23":
                    return False
            writer.write(contact.body.replace(b"\r\n.", b"\r\n..") + b"\r\n.\r\n")
            kept = (await reader.readuntil(_END)).startswith(b"250")
        finally:
            if kept:
                self._lines.append((reader, writer))
            else:
                writer.close()
        return kept

    async def _greeted(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._plan.smtp)
        await reader.readuntil(_END)
        writer.write(b"HELO storm.example\r\n")
        await reader.readuntil(_END)
        return reader, writer

    # Calls

    async def _call(self, contact: Contact) -> None:
        """Offered, mostly answered, ended; as its exchange tells."""
        word = contact.words[0]
        common = {"call_id": word, "direction": "in", "from_e164": contact.sender}
        common["to"] = self._plan.places[contact.place].line
        began = time.monotonic()
        if not await self._tell(contact, {**common, "kind": "offered"}):
            return
        self._sent(contact, word, began)
        await self._pause(3, 20)
        answered = self._rng.random() < 0.7  # noqa: PLR2004 - seven of ten
        if answered:
            await self._tell(contact, {**common, "kind": "answered", "agent": "5101"})
            await self._pause(20, 60)
        reason = "completed" if answered else "no-answer"
        await self._tell(contact, {**common, "kind": "ended", "reason": reason})

    async def _tell(self, contact: Contact, said: Mapping[str, str]) -> bool:
        event_id = f"{contact.words[0]}/{said['kind']}"
        whole = {**said, "event_id": event_id, "at": datetime.now(UTC).isoformat()}
        body = json.dumps(whole).encode()
        path = f"/calls/{self._plan.places[contact.place].calls}"

        async def once() -> Answer:
            now = str(int(time.time()))
            proof = hmac.digest(self._key, b".".join((event_id.encode(), now.encode(), body)), hashlib.sha256)
            headers = {
                "Content-Type": "application/json",
                "webhook-id": event_id,
                "webhook-timestamp": now,
                "webhook-signature": "v1," + b64encode(proof).decode(),
            }
            return await self._client.ask("POST", path, headers, body)

        return (await self._until_taken(once, "a call's event")).good

    async def _until_taken(self, once: Callable[[], Awaitable[Answer]], what: str) -> Answer:
        for _ in range(_TRIES):
            answer = await once()
            if answer.good or (answer.status == _OVER and what == _TURN):
                return answer
            await asyncio.sleep(_AGAIN)
        self._book.fault(f"{what} wasn't taken: {answer.status} {answer.text[:200]}")
        return answer

    # Chats

    async def _chat(self, contact: Contact) -> None:
        """From a network of its own: a few turns, each read before the next is written, and a while to wait."""
        at = f"/chat/{self._plan.places[contact.place].chats}"
        number = int(contact.sender[1:]) % 2**22
        host = f"10.{number >> 14}.{number >> 6 & 255}.{number & 63}"
        own = {"X-Forwarded-For": host, "Sec-Fetch-Site": "same-origin", "Content-Type": "application/json"}
        began = time.monotonic()
        shown = await self._until_taken(lambda: self._client.ask("GET", f"{at}/reception", own), "a chat's reception")
        if not shown.good:
            return
        first, *rest = contact.words
        visit = {
            "ticket": json.loads(shown.body)["ticket"],
            "key": f"key-{first}",
            "text": f"Hej! {first}",
            "language": "sv",
        }
        begun = await self._until_taken(
            lambda: self._client.ask("POST", f"{at}/visits", own, json.dumps(visit).encode()), "a chat's beginning"
        )
        if not begun.good:
            return
        self._sent(contact, first, began)
        own["Torg-Visitor"] = json.loads(begun.body)["secret"]
        hears = asyncio.create_task(self._hear(at, own))
        try:
            for word in rest:
                await self._pause(8, 20)
                turn = json.dumps({"key": f"key-{word}", "text": f"Vattnet. {word}"}).encode()
                began = time.monotonic()
                said = await self._until_taken(partial(self._client.ask, "POST", f"{at}/turns", own, turn), _TURN)
                if not said.good:
                    break
                self._sent(contact, word, began, first=False)
            await self._pause(15, 30)
        finally:
            hears.cancel()
            await asyncio.gather(hears, return_exceptions=True)

    async def _hear(self, at: str, own: Mapping[str, str]) -> None:
        """The stream of a visitor's page, again when it breaks."""
        while True:
            try:
                async for name, data in events(self._plan.web, f"{at}/events", own):
                    if name == "turn" and "Svar a" in data:
                        self._book.write(
                            does="answered", text=data.partition("Svar ")[2].partition(".")[0], at=time.monotonic()
                        )
            except (OSError, EOFError):
                pass
            await asyncio.sleep(1)
