"""A form that couldn't be read, replayed once it can be: its conversation has the number that its sender was told."""

import asyncio
from typing import Any

from sqlalchemy import select, update

from hub.app import Hub
from hub.channels import forms
from hub.contract import FormAnswer, RawEvent, ReceivedForm
from hub.formats import form as wire
from hub.inbound.raw_event import RawEvent as Kept
from hub.inbox import municipality
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Attachment, Entry
from hub.inbox.queue import of_municipality
from hub.storage.ids import new_id
from hub.storage.unit import Unit
from tests.line import TEST, Line

SAID = wire.written(
    wire.Submission(
        form=ReceivedForm(
            form="7314159265358979",
            version=1,
            title="Felanmälan",
            language="sv",
            answers=[FormAnswer(key="vad", kind="text", label="Vad?", text="Gatlampa")],
            phone=None,
            topic=None,
            receipt=False,
        ),
        subject="Felanmälan",
        files=[wire.SentFile("lampa.jpg", "image/jpeg", b"\xff\xd8\xff")],
    )
)


def test_a_form_is_read_again_under_the_number_that_was_told(line: Line) -> None:
    number = new_id()

    async def run() -> list[str]:
        hub = Hub(line.settings, serves=False, works=True)

        def begin(unit: Unit) -> tuple[int, str]:
            home = municipality.by_code(unit, "granvik")
            queue = of_municipality(unit, home)[0]
            return forms.require(unit, hub.registry, home).id, f"granvik/{queue.id}"

        channel_id, route = line.storage.write_now(TEST, begin)
        origin = {"route": route, "conversation": str(number), "said": "x"}
        states = []
        async with hub.running():
            event = RawEvent(key="page.1", body=SAID[:-9], media_type=wire.MEDIA_TYPE, origin=origin)
            (raw_id,) = await hub.keep(channel_id, [event])
            states.append((await hub.replay(int(raw_id))).state)
            line.storage.write_now(TEST, mend, int(raw_id))
            states += [(await hub.replay(int(raw_id))).state for _ in range(2)]  # the second changes nothing
        return states

    assert asyncio.run(run()) == ["quarantined", "read", "read"]
    assert line.one(select(Conversation.id)) == number
    found = line.storage.read_now(TEST, made)
    assert found == (["form"], ["lampa.jpg"])


def mend(unit: Unit, raw_id: int) -> None:
    """As a newer program would: what couldn't be read can be."""
    unit.change(update(Kept).where(Kept.id == raw_id).values(body=SAID))


def made(unit: Unit) -> tuple[list[Any], list[Any]]:
    """Entries and files."""
    return list(unit.all(select(Entry.kind))), list(unit.all(select(Attachment.name)))
