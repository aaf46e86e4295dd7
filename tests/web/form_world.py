"""Forms in the small world: one that is published in Granvik, filled in as a browser without a script would."""

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from typing import Any

from httpx import Response
from sqlalchemy import select

from hub.channels import forms as channels
from hub.contract import RawEvent
from hub.inbound.child import answer_of
from hub.inbound.lane import Parsed
from hub.inbound.pipeline import INTAKE, Trusts, place, settle
from hub.inbound.receive import Kept, Receiver
from hub.inbox import form
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.inbox.form_definition import Definition, Field, Option, When
from hub.inbox.municipality import Municipality
from hub.inbox.queue import Queue
from hub.storage.unit import Unit
from tests.web.world import World, must, registry
from tests.web.world import world as make_world

AT = "/forms/granvik/felanmalan"
SLOW = 5_000_000
"""Microseconds that somebody takes to fill it in."""


def words(sv: str, en: str) -> dict[str, str]:
    """In both languages of the form."""
    return {"sv": sv, "en": en}


DEFINITION = Definition(
    languages=("sv", "en"),
    title=words("Felanmälan", "Report a fault"),
    lead=words("Du får svar inom två dagar.", "You get an answer within two days."),
    fields=(
        Field(key="vad", kind="choice", label=words("Vad gäller det?", "What is it about?"), required=True, options=(
            Option("lampa", words("Gatlampa", "Street lamp")), Option("annat", words("Något annat", "Something else")),
        )),
        Field(key="vilket", kind="text", label=words("Vad då?", "What is it?"), required=True,
              when=When("vad", ("annat",))),
        Field(key="beskrivning", kind="long_text", label=words("Beskriv felet", "Describe it"), required=True),
        Field(key="dag", kind="date", label=words("När såg du det?", "When did you see it?")),
        Field(key="bilder", kind="file", label=words("Bilder", "Pictures"), most=2),
        Field(key="nummer", kind="identity", label=words("Personnummer", "Identity number")),
        Field(key="namn", kind="name", label=words("Namn", "Name")),
        Field(key="epost", kind="email", label=words("E-post", "E-mail")),
    ),
)  # fmt: skip


class Forms:
    """The world, its form, and what came by it."""

    def __init__(self, world: World) -> None:
        self.world, self.client = world, world.client
        self.fresh: list[Kept] = []
        self.client.app.state.keep = self._keep
        self.form_id = world.do(self._publish, DEFINITION)

    def _publish(self, unit: Unit, definition: Definition, name: str = "felanmalan") -> int:
        home = must(unit.get(Municipality, self.world.ids["granvik"]))
        channels.require(unit, registry(), home)
        row = form.by_name(unit, home.id, name)
        if row is None:
            row = form.add(unit, home, name, must(unit.get(Queue, self.world.ids["kontakt"])), definition)
        form.write(row, definition)
        form.publish(unit, row, None)
        return row.id

    def publish(self, definition: Definition) -> None:
        """A newer version."""
        self.world.do(self._publish, definition)

    async def _keep(self, channel_id: int, events: Sequence[RawEvent]) -> Sequence[str]:
        receiver = Receiver(self.world.storage, self.fresh.extend)
        running = asyncio.create_task(receiver.run())
        try:
            return await receiver.keep(channel_id, events)
        finally:
            running.cancel()

    def intake(self) -> int:
        """What was kept is made conversations of; how many there were."""
        kept, self.fresh = self.fresh, []
        parsed = [Parsed(each, answer_of(registry().connector("web_form").parse([each.event]))) for each in kept]
        routers = {"by_recipient": registry().router("by_recipient")}
        placed = self.world.storage.read_now(INTAKE, place, parsed, routers, Trusts())
        self.world.storage.write_now(INTAKE, settle, placed, "new")
        return len(kept)

    def entries(self) -> Sequence[Entry]:
        """That came by forms."""
        return self.world.do(lambda unit: unit.all(select(Entry).where(Entry.kind == "form").order_by(Entry.id)))

    def conversations(self) -> Sequence[Conversation]:
        """Likewise."""
        query = select(Conversation).where(Conversation.contact_kind == "form").order_by(Conversation.id)
        return self.world.do(lambda unit: unit.all(query))

    def page(self, path: str = f"{AT}/sv") -> str:
        """Its page."""
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text

    def fill(
        self, page: str, answers: Mapping[str, Any], files: Sequence[tuple[str, tuple[str, bytes, str]]] = ()
    ) -> Response:
        """Sent as a browser would, which doesn't go on by itself."""
        fields = {"token": hidden(page, "token"), **answers}
        found: Response = self.client.post(
            f"{AT}/sv",
            data=fields,
            files=list(files) or None,
            headers={"Sec-Fetch-Site": "same-origin"},
            follow_redirects=False,
        )
        return found


def plant_form(unit: Unit, home: Municipality, queue: Queue, word: str) -> int:
    """A form with a word in it, published once."""
    field = Field(key="f1", kind="text", label={"sv": word})
    row = form.add(
        unit,
        home,
        f"form-{home.id}-{word.lower()}"[:50],
        queue,
        Definition(languages=("sv",), title={"sv": word}, fields=(field,)),
    )
    form.publish(unit, row, None)
    return row.id


def hidden(page: str, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found
    return unescape(found[1])


@contextmanager
def forms(database_url: str, folder: Path) -> Iterator[Forms]:
    """On one engine."""
    with make_world(database_url, folder, pages=True) as world:
        yield Forms(world)
