"""Fill: the demo's past is lived through, act by act, with the clock set to each one's time.

Citizens' mails go over SMTP into the listening channel, are kept raw, parsed in children and made entries by the
pipeline; agents' acts are the verbs; what they answered has left by the time the next act comes.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from email.headerregistry import Address
from pathlib import Path
from random import Random
from typing import Any

import aiosmtplib
from msgspec import Struct
from sqlalchemy import select

from hub import clock
from hub.access.password import hashed
from hub.access.person import Actor
from hub.channels.channel import Channel
from hub.channels.open import close_connector, open_channel
from hub.cli.demo_fill import calls, centres, chats, desk, forms
from hub.cli.demo_fill.centres import COLLEAGUES, PLACES, Founded
from hub.cli.demo_fill.content import LANGUAGES, Content, Story, read
from hub.cli.demo_fill.desk import Order
from hub.cli.demo_fill.letters import Answered, Draft, write
from hub.cli.demo_fill.timetable import PAST, Act, Days, plan
from hub.clock import DAY, MINUTE, SECOND
from hub.contract import Listens, RawEvent
from hub.inbound.children import Children
from hub.inbound.pipeline import INTAKE, Pipeline, load
from hub.inbox.entry import Entry
from hub.inbox.municipality import Municipality
from hub.outbound.deliver import OUTBOX
from hub.plugin_host.manager import load as load_plugins
from hub.plugin_host.registry import Registry
from hub.settings import Settings
from hub.storage.migrate import upgrade
from hub.storage.open import open_storage
from hub.storage.scope import Scope
from hub.storage.unit import Storage, Unit

SEED = 2026
DEMO = Scope.everything("demo")
WORKERS = {"agent", "lead"}
_TAKEN_ON = 0.6
"""Share of the conversations that whoever looks at them is assigned."""
_LATE = 0.15
"""Share of the waiting conversations whose time has passed."""


class _Course(Struct):
    """A story while it is lived through."""

    story: Story
    language: str
    by: Actor
    chance: Random
    conversation_id: int = 0
    last: Answered | None = None


async def fill(settings: Settings, outgoing: Path, mail_port: int, progress: Callable[[int, int], None]) -> None:
    """Into an empty database. `progress` is told how many acts are done, and of how many."""
    now = clock.now() - MINUTE
    storage = open_storage(settings)
    try:
        upgrade(storage.engines.writer)
        registry = load_plugins(settings.blocked_plugins)
        contents = {language: read(language) for language in LANGUAGES}
        clock.set_source(lambda: now - PAST - 20 * DAY)  # they have been here for a while when the first mail comes
        founded = storage.write_now(DEMO, centres.found, registry, contents, outgoing, mail_port)
        storage.write_now(DEMO, calls.connect, registry, contents)
        storage.write_now(DEMO, centres.give_passwords, hashed(centres.PASSWORD))
        async with Children(settings.parse_children, settings.parse_seconds, settings.blocked_plugins) as children:
            routers = {name: registry.router(name) for name in settings.routers}
            pipeline = Pipeline(storage, children, routers, reads=False)
            kept: list[str] = []
            running = [
                asyncio.create_task(pipeline.run()),
                asyncio.create_task(_listen(storage, registry, founded.smtp_in, pipeline, kept)),
            ]
            try:
                await _Past(storage, settings, pipeline, founded, contents, now, kept).live(mail_port, progress)
                await storage.write(DEMO, centres.keep_ready, contents)
                await storage.write(DEMO, forms.publish, registry)
                await storage.write(DEMO, chats.open_up, registry)
                for language, content in contents.items():
                    await storage.write(DEMO, calls.tell, founded, language, content.spoken, now)
            finally:
                for task in running:
                    task.cancel()
                await asyncio.gather(*running, return_exceptions=True)
    finally:
        clock.set_source(None)
        storage.close()


async def _listen(storage: Storage, registry: Registry, channel_id: int, pipeline: Pipeline, kept: list[str]) -> None:
    connector = await storage.read(DEMO, _open, channel_id, registry)

    async def keep(events: Sequence[RawEvent]) -> Sequence[str]:
        references = await pipeline.receiver.keep(channel_id, events)
        kept.extend(references)
        return references

    try:
        await connector.listen(keep)
    finally:
        await close_connector(connector)


class _Past:
    """The acts, one after the other."""

    def __init__(
        self,
        storage: Storage,
        settings: Settings,
        pipeline: Pipeline,
        founded: Founded,
        contents: Mapping[str, Content],
        now: int,
        kept: list[str],
    ) -> None:
        self._storage, self._settings, self._pipeline, self._founded = storage, settings, pipeline, founded
        self._now, self._kept = now, kept
        self._days: dict[str, Days] = storage.read_now(DEMO, _days)
        self._courses = [
            _course(story, language, number, founded)
            for number, (language, story) in enumerate(
                (language, story) for language, content in contents.items() for story in content.stories
            )
        ]

    async def live(self, mail_port: int, progress: Callable[[int, int], None]) -> None:
        """From the first mail to a minute ago."""
        acts = plan([each.story for each in self._courses], self._days, self._now, SEED)
        client = aiosmtplib.SMTP(
            hostname="127.0.0.1", port=mail_port, start_tls=False, local_hostname="mx.post.example"
        )
        await _connect(client)
        for done, act in enumerate(acts):
            progress(done, len(acts))
            _set_clock(act.at)
            course = self._courses[act.story]
            if act.what == "mail":
                await self._mail(client, course, act)
            else:
                await self._act(course, act)
        await client.quit()
        progress(len(acts), len(acts))

    async def _mail(self, client: aiosmtplib.SMTP, course: _Course, act: Act) -> None:
        """The citizen writes: the first time to the municipality, then in answer to what came last."""
        story, place = course.story, PLACES[course.story.municipality]
        at = self._days[story.municipality].local(act.at)
        sender = Address(story.citizen.name, addr_spec=story.citizen.email)
        text = story.messages[act.message].text
        to = Address(place.name, addr_spec=place.address)
        letter = write(Draft(sender, to, story.subject, text, at, course.language, course.last), course.chance)
        await client.sendmail(letter.sender, [letter.recipient], letter.content)
        conversation_id = await self._read(self._kept.pop())
        if course.conversation_id and course.conversation_id != conversation_id:
            raise RuntimeError(f"the answer to {story.subject!r} began a conversation of its own")
        course.conversation_id = conversation_id
        if course.last is None:  # should they write again before anybody answers, it is to this
            course.last = Answered(
                at, sender.display_name, sender.addr_spec, place.address, letter.message_id, (), story.subject, text
            )

    async def _read(self, raw_id: str) -> int:
        raw = await self._storage.read(INTAKE, load, int(raw_id))
        assert raw is not None  # kept a moment ago
        await self._pipeline.settle(await self._pipeline.parse([raw]))
        return await self._storage.read(INTAKE, _conversation_of, raw.id)

    async def _act(self, course: _Course, act: Act) -> None:
        story, by, conversation_id = course.story, course.by, course.conversation_id
        write_as, scope = self._storage.write, Scope.of(by)
        if act.what == "look":
            queue_id = self._founded.queues[story.municipality, story.queue]
            topics = [self._founded.topics[story.municipality, code] for code in story.topics]
            taken_on = course.chance.random() < _TAKEN_ON or bool(story.colleague)
            order = Order(queue_id, topics, story.note, taken_on)
            await write_as(scope, desk.look, by, conversation_id, order)
        elif act.what == "answer":
            text, at = story.messages[act.message].text, self._days[story.municipality].local(act.at)
            undo = self._settings.undo_seconds
            course.last = await write_as(scope, desk.answer, by, conversation_id, text, at, undo)
            _set_clock(act.at + (undo + 2) * SECOND)
            await write_as(OUTBOX, desk.let_go, self._settings.lease_seconds)
        elif act.what == "wait":
            await write_as(scope, desk.wait, by, conversation_id, self._until(course, act.at))
        else:
            await write_as(scope, desk.close, by, conversation_id, story)

    def _until(self, course: _Course, at: int) -> int:
        days, late = self._days[course.story.municipality], course.chance.random() < _LATE
        if late:
            return max(at + MINUTE, self._now - int(course.chance.uniform(1, 20) * 60 * MINUTE))
        return days.morning_after(self._now, course.chance.randint(1, 6))


def _course(story: Story, language: str, number: int, founded: Founded) -> _Course:
    """With the colleague who signs its answers; where nobody does, one of those who might."""
    chance = Random(f"{SEED}:{number}:course")  # noqa: S311 - made-up mails, no secrets
    workers = [each.signature for each in COLLEAGUES[language].values() if WORKERS & set(each.roles)]
    signed = "\n".join("\n".join(said.text.strip().splitlines()[-2:]) for said in story.messages if said.by == "agent")
    wanted = story.colleague or signed
    names = [name for name in workers if name in wanted] or [chance.choice(workers)]
    return _Course(story, language, founded.actors[language, names[0]], chance)


def _set_clock(at: int) -> None:
    clock.set_source(lambda: at)


async def _connect(client: aiosmtplib.SMTP) -> None:
    for last in (False,) * 40 + (True,):
        try:
            await client.connect()
            return
        except aiosmtplib.SMTPConnectError:
            if last:
                raise
            await asyncio.sleep(0.05)


def _open(unit: Unit, channel_id: int, registry: Registry) -> Listens[Any]:
    channel = unit.get(Channel, channel_id)
    connector = open_channel(channel, registry, unit.keys) if channel else None
    assert isinstance(connector, Listens)  # smtp_in, made with the centres
    return connector


def _days(unit: Unit) -> dict[str, Days]:
    return {row.code: Days(row.timezone, row.country) for row in unit.all(select(Municipality))}


def _conversation_of(unit: Unit, raw_id: int) -> int:
    found = unit.first(select(Entry.conversation_id).where(Entry.raw_event_id == raw_id, Entry.kind == "mail"))
    if found is None:
        raise RuntimeError(f"raw event {raw_id} became no entry")
    return found
