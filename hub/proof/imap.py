"""Proof of fetching by IMAP, faults F05 to F12: whatever a server, a person or the line does, each mail is here once.

A scripted server keeps the ledger; the connector, the lease and the commit are the real ones, in this process. Each
fault has a channel, a mailbox and a server of its own.
"""

import asyncio
import hashlib
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import select, update

from hub.channels import add, lease
from hub.channels.channel import Channel
from hub.channels.lease import LostLease
from hub.channels.open import close_connector, open_channel
from hub.contract import Pulls, Unreachable
from hub.inbound.follow import Followed
from hub.inbound.pull import Pullers, Source
from hub.inbound.raw_event import RawEvent
from hub.inbound.receive import Receiver
from hub.inbound.reconcile import cursor_of, reconcile
from hub.inbox import municipality, queue
from hub.proof.installation import Installation, Where, fresh
from hub.proof.ledgers import Report
from hub.proof.ports import free_ports
from hub.proof.source import mails
from hub.proof.stand_ins.cutting_proxy import CuttingProxy
from hub.proof.stand_ins.imap_mailbox import Mailbox
from hub.proof.stand_ins.imap_server import ImapServer, Manners
from hub.storage.unit import Unit

ADDRESS = "kommunen@granvik.example"
LIES = ("short_literal", "long_literal", "bye", "no", "junk", "long_line", "hang", "cut")
HANGS = 2.0
"""Seconds that the connector waits for an answer where one may not come: a hang costs so many."""
LARGE = 300_000
MOST_PULLS = 2_000
_TELL_EVERY = 100
_SNATCHED = 0.3
"""How often a mail is deleted in the very moment in which it is fetched."""
_MANY = 50
"""Cuts from which on the other faults are tried as often as they can differ; below, a few times."""


def prove(where: Where, cuts: int, seed: int, say: Callable[[str], None]) -> Report:
    """Runs it, on an installation of its own; `cuts`: positions at which the line breaks."""
    (web,) = free_ports(1)
    with fresh(where, {"port": web}) as installation, ExitStack() as ended:
        installation.write(_set_up)
        run = _Run(installation, random.Random(seed), ended, say)  # noqa: S311 - a run can be repeated by its seed
        asyncio.run(run.all(cuts))
    figures = {"cuts": run.cuts, "mails": run.mails, "vanished": run.vanished, **run.figures}
    return Report("imap", figures, run.findings)


class Scene:
    """A mailbox, its server, the proxy before it, and the channel that fetches it."""

    def __init__(self, run: "_Run", name: str, **settings: object) -> None:
        self.name, self._run = name, run
        self.mailbox = Mailbox()
        self.server = ImapServer(self.mailbox, Manners())
        self.proxy = CuttingProxy(self.server.port)
        run.ended.callback(self.server.close)
        run.ended.callback(self.proxy.close)
        given = {
            "host": "127.0.0.1", "port": self.proxy.port, "security": "none", "username": name, "password": "x",
            "addresses": {ADDRESS: "granvik/Alla"}, "start": "all", **settings,
        }  # fmt: skip
        self.channel_id = run.installation.write(_add, run.installation, name, given)

    def bring(self, count: int, folder: str = "INBOX") -> list[int]:
        """New mails that nobody has twice."""
        return [self.mailbox.bring(each.body, folder) for each in mails(self._run.rng, count, [ADDRESS])]

    async def open(self, fence: int | None = None) -> Source:
        """As a process does that has taken the lease."""
        here = self._run.installation
        fence = here.write(lease.take, self.channel_id) if fence is None else fence
        assert fence is not None
        connector = here.read(_open, here, self.channel_id)
        cursor = here.read(cursor_of, self.channel_id)
        return Source(Followed(self.channel_id, "imap", ""), fence, connector, cursor)

    async def drain(self, source: Source, tries: int = MOST_PULLS) -> None:
        """Until there is nothing more, through whatever breaks off on the way."""
        for _ in range(tries):
            try:
                if not await self._run.pullers.once(source):
                    return
            except Unreachable:
                continue
        self._run.findings.append(f"{self.name}: it never ended")


class _Run:
    """All faults, one after the other."""

    def __init__(
        self, installation: Installation, rng: random.Random, ended: ExitStack, say: Callable[[str], None]
    ) -> None:
        self.installation, self.rng, self.ended, self._say = installation, rng, ended, say
        self.receiver = Receiver(installation.storage, lambda _: None)
        self.pullers = Pullers(installation.storage, installation.registry, self.receiver, _at_once)
        self.findings: list[str] = []
        self.figures: dict[str, object] = {}
        self.cuts = self.mails = self.vanished = 0
        self._large = True

    async def all(self, cuts: int) -> None:
        self._large = cuts >= _MANY
        writing = asyncio.create_task(self.receiver.run())
        faults: Mapping[str, Callable[[], Awaitable[None]]] = {
            "F05 renumbered": self._renumbered,
            "F06 a person beside us": self._person,
            "F07 Message-IDs": self._message_ids,
            "F08 cut": lambda: self._cut(cuts),
            "F09 lies": self._lies,
            "F10 too large": self._too_large,
            "F11, F12 two at once": self._two_at_once,
        }
        try:
            for name, fault in faults.items():
                began, before = time.monotonic(), len(self.findings)
                await fault()
                found = len(self.findings) - before
                self.figures[name] = f"{found} found, {time.monotonic() - began:.1f} s"
                self._say(f"{name}: {self.figures[name]}")
        finally:
            writing.cancel()

    async def _renumbered(self) -> None:
        scene = Scene(self, "F05")
        for _ in range(8 if self._large else 3):
            scene.bring(self.rng.randrange(1, 60))
            copies = [scene.mailbox.brought[-1]] * self.rng.randrange(3)  # the same bytes, more than once
            for body in copies:
                scene.mailbox.bring(body)
            source = await scene.open(self._fence(scene))
            for _ in range(self.rng.randrange(3)):  # in the middle of it, too
                await self.pullers.once(source)
            scene.mailbox.renumber()
            await scene.drain(source)
            await _close(source)
        await self._compare(scene)

    async def _person(self) -> None:
        folders = {"INBOX": ADDRESS, "Fel": ADDRESS}
        scene = Scene(self, "F06", folders=folders, after="flag")
        box = scene.mailbox
        box.folders["Fel"] = type(box.folders["INBOX"])(validity=3)
        scene.server.manners = Manners(lies=lambda uids: self._snatch(scene, uids))
        source = await scene.open()
        for _ in range(60 if self._large else 12):
            scene.bring(self.rng.randrange(4), self.rng.choice(["INBOX", "Fel"]))
            for _ in range(self.rng.randrange(4)):
                folder = self.rng.choice(["INBOX", "Fel"])
                there = list(box.folders[folder].mails)
                if there:
                    uid = self.rng.choice(there)
                    other = {"INBOX": "Fel", "Fel": "INBOX"}[folder]
                    act = self.rng.choice(["read", "move", "delete", "away"])
                    self._act(box, act, uid, folder, other)
            for uid in list(box.folders.get("Eget", type(box.folders["INBOX"])()).mails)[:1]:
                box.move(uid, "INBOX", "Eget")  # back from a folder that is nobody's but theirs
            await self.pullers.once(source)
        for uid in list(box.folders.get("Eget", type(box.folders["INBOX"])()).mails):
            box.move(uid, "INBOX", "Eget")
        await scene.drain(source)
        await _close(source)
        await self._compare(scene, never_seen=box.expunged_unseen)
        if self._large and not self.vanished:
            self.findings.append("F06: nobody counts what vanished before it was fetched")

    def _snatch(self, scene: Scene, uids: Sequence[int]) -> None:
        """Between our look and our grasp a person deletes one."""
        if uids and self.rng.random() < _SNATCHED:
            scene.mailbox.expunge(self.rng.choice(uids), "INBOX")

    @staticmethod
    def _act(box: Mailbox, act: str, uid: int, folder: str, other: str) -> None:
        if act == "read":
            box.mark(uid, "\\Seen", folder)
        elif act == "delete":
            box.expunge(uid, folder)
        else:
            box.move(uid, other if act == "move" else "Eget", folder)

    async def _message_ids(self) -> None:
        scene = Scene(self, "F07")
        for message_id in ("<a@b>", "<a@b>", "", "<>", "<" + "x" * 5000 + ">", "å", "<a@b> <c@d>"):
            for number in range(2):
                head = f"Message-ID: {message_id}\r\n" if message_id else ""
                scene.mailbox.bring(f"{head}Subject: {number}\r\n\r\nHej\r\n".encode())
        scene.mailbox.bring(scene.mailbox.brought[0])  # the very same, in the same second
        source = await scene.open()
        await scene.drain(source)
        await _close(source)
        await self._compare(scene)

    async def _cut(self, cuts: int) -> None:
        scene = Scene(self, "F08")
        scene.bring(2)
        source = await scene.open()
        await scene.drain(source)
        await source.connector.close()
        whole = scene.proxy.said
        for number in range(cuts):
            scene.bring(2)
            scene.proxy.cut_at = 1 + (number * whole) // max(cuts, 1) + self.rng.randrange(3)
            with suppress(Unreachable):
                await self.pullers.once(source)
            scene.proxy.cut_at = None
            await scene.drain(source)
            await source.connector.close()
            if number % _TELL_EVERY == _TELL_EVERY - 1:
                self._say(f"{number + 1} cuts")
        self.cuts = scene.proxy.cuts
        await _close(source)
        await self._compare(scene)

    async def _lies(self) -> None:
        beside = Scene(self, "F09 beside")
        other = await beside.open()
        for lie in LIES if self._large else self.rng.sample(LIES, 3):
            scene = Scene(self, f"F09 {lie}", timeout=HANGS)
            scene.bring(9)
            wrong = self.rng.randrange(1, 10)
            scene.server.manners = Manners(lies=partial(_lie_about, wrong, lie))
            source = await scene.open()
            beside.bring(1)
            draining = asyncio.create_task(scene.drain(source, 20))
            await beside.drain(other)
            if lie == "hang" and draining.done():
                self.findings.append(f"{scene.name}: another mailbox waited until it hung no more")
            await draining
            others = len(scene.mailbox.brought) - 1
            here = sum(self._kept(scene).values())
            if here < others:
                self.findings.append(f"{scene.name}: {others - here} others were kept waiting")
            scene.server.manners = Manners()  # it mends its ways, and an hour goes by
            self.installation.write(_try_gaps_again, scene.channel_id)
            await _close(source)
            source = await scene.open(source.fence)
            await scene.drain(source)
            await _close(source)
            await self._compare(scene)
        await _close(other)
        await self._compare(beside)

    async def _too_large(self) -> None:
        scene = Scene(self, "F10", size_limit=100_000)
        large = b"Subject: stor\r\n\r\n" + b"x" * LARGE
        scene.mailbox.bring(large)
        scene.bring(3)
        source = await scene.open()
        await scene.drain(source)
        await _close(source)
        rows = self.installation.read(
            lambda unit: unit.rows(
                select(RawEvent.size, RawEvent.whole_size).where(
                    RawEvent.channel_id == scene.channel_id, RawEvent.whole_size.is_not(None)
                )
            )
        )
        if [row.whole_size for row in rows] != [len(large)]:
            self.findings.append(f"F10: the large mail is no stub with its size: {rows}")
        scene.mailbox.brought[0] = large[: rows[0].size if rows else 0]
        await self._compare(scene)

    async def _two_at_once(self) -> None:
        scene = Scene(self, "F11")
        for _ in range(20 if self._large else 3):
            scene.bring(5)
            paused = await scene.open(self._fence(scene))
            if self.installation.write(lease.take, scene.channel_id) is not None:
                self.findings.append("F11: two have the lease at once")
            batch = await paused.connector.pull(paused.cursor)  # and then it is stopped, for longer than the lease
            awake = await scene.open(self._fence(scene))
            await scene.drain(awake)
            try:
                await self.pullers.keep(paused, batch)
                self.findings.append("F12: whoever lost the lease has written")
            except LostLease:
                pass
            await _close(paused)
            await _close(awake)
        await self._compare(scene)

    def _fence(self, scene: Scene) -> int:
        """Of whoever takes the lease, when the one before holds no longer."""
        self.installation.write(
            lambda unit: unit.change(update(Channel).where(Channel.id == scene.channel_id).values(lease_until=1))
        )
        fence = self.installation.write(lease.take, scene.channel_id)
        assert fence is not None
        return fence

    def _kept(self, scene: Scene) -> Counter[str]:
        query = select(RawEvent.sha256).where(RawEvent.channel_id == scene.channel_id)
        return Counter(self.installation.read(lambda unit: unit.all(query)))

    async def _compare(self, scene: Scene, never_seen: list[bytes] | None = None) -> None:
        """The ledger of the server against the rows; and what the command says of it."""
        expected = Counter(map(_digest, scene.mailbox.brought)) - Counter(map(_digest, never_seen or []))
        kept = self._kept(scene)
        for word, found in (("lost", expected - kept), ("doubled or cut short", kept - expected)):
            if found:
                self.findings.append(f"{scene.name}: {sum(found.values())} {word}")
        self.mails += sum(kept.values())
        row = self.installation.read(
            lambda unit: unit.first(select(Channel.vanished).where(Channel.id == scene.channel_id))
        )
        self.vanished += row or 0
        connector = self.installation.read(_open, self.installation, scene.channel_id)
        counted = await reconcile(self.installation.storage, connector, scene.channel_id)
        await connector.close()
        await close_connector(connector)
        unexplained = sum(each.unexplained for each in counted)
        if unexplained:
            self.findings.append(f"{scene.name}: {unexplained} unexplained at the source")


def _set_up(unit: Unit) -> None:
    queue.add(unit, {"sv": "Alla"}, [municipality.add(unit, "granvik", "Granvik", "SE")])


def _add(unit: Unit, installation: Installation, name: str, given: Mapping[str, object]) -> int:
    _, config = add.prepare(unit, installation.registry, "imap", given)
    return add.add(unit, "imap", name, config).id


def _open(unit: Unit, installation: Installation, channel_id: int) -> Pulls[Any]:
    channel = unit.get(Channel, channel_id)
    assert channel is not None
    connector = open_channel(channel, installation.registry, unit.keys)
    assert isinstance(connector, Pulls)  # imap
    return connector


async def _close(source: Source) -> None:
    await source.connector.close()
    await close_connector(source.connector)


def _lie_about(wrong: int, lie: str, uids: Sequence[int]) -> str | None:
    return lie if wrong in uids else None


def _try_gaps_again(unit: Unit, channel_id: int) -> None:
    """As if their hour had gone by."""
    channel = unit.lock(Channel, channel_id)
    if channel is not None and channel.cursor is not None:
        cursor = msgspec.json.decode(channel.cursor)
        for folder in cursor["folders"].values():
            folder["gaps"] = dict.fromkeys(folder["gaps"], 0)
        channel.cursor = msgspec.json.encode(cursor)


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


async def _at_once() -> None:
    """There is always room: nothing is read here."""
