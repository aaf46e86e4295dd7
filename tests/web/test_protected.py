"""Fifty people with a protected identity, each with a word of chance in all that a source says of them: whoever asks,
by whatever they can, and whatever is read afterwards in whichever role, the words are nowhere."""

import logging
import re
import secrets
from collections.abc import Iterator, Sequence

import pytest

from hub import clock
from hub.contract import About, AnyCard, Field, FieldsCard, InvoiceCard, Subject, Unreachable
from hub.inbox import identity
from hub.inbox.citizen import Citizen, CitizenPoint
from hub.inbox.conversation import Conversation
from hub.inbox.points import seal_identity
from hub.lookups import definition, limits
from hub.lookups.definition import Declared
from hub.lookups.sources import Sources
from hub.storage.unit import Unit
from tests.lookups.source import Ledgered, Settings, registry
from tests.web.world import World, must, write_mail

pytestmark = pytest.mark.both_engines

PEOPLE = 50
CANARY = re.compile(r"kq[0-9a-f]{12}")


class Protected:
    """`numbers`: identity numbers of the fifty; `canaries`: the word that stands in all their cards."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.numbers = [f"19121212{each:04d}" for each in range(PEOPLE)]
        self.canaries = {number: f"kq{secrets.token_hex(6)}" for number in self.numbers}
        self.conversations: list[int] = []
        world.client.app.state.sources = Sources(world.storage, registry())
        for name, register in (("invoices", False), ("register", True)):
            declared = Declared(name=name, kind="ledgered", title={"sv": name}, seconds=30, register=register)
            if not register:
                world.do(definition.publish, world.ids["granvik"], declared, Settings())
        self.register = Declared(name="register", kind="ledgered", title={"sv": "R"}, seconds=30, register=True)

    def card(self, number: str, by: str, value: str) -> AnyCard:
        about = About(identity=number) if by == "identity" else About(**{"identity": number, by: value})
        word = self.canaries[number]
        return InvoiceCard(
            about=about, as_of=clock.to_datetime(clock.now()), number=word, title=word, status="paid", currency="SEK"
        )

    def find(self, subject: Subject) -> Sequence[AnyCard]:
        """By an invoice number, the n-th one's."""
        number = subject.value if subject.by == "identity" else self.numbers[int(subject.value)]
        return [self.card(number, subject.by, subject.value)]

    def answers(self) -> Iterator[str]:
        """One of ours asks by everything there is, of some of them all others do, too; then all lists are read."""
        for each, conversation_id in enumerate(self.conversations):
            path = f"/conversations/{conversation_id}"
            for who in ("sara", "kim", "lena", "ida", "olle", "nils") if each % 10 == 0 else ("sara",):
                for by, value in (("identity", ""), ("identity", self.numbers[each]), ("invoice", str(each))):
                    said = {"by": by, "value": value, "purpose": "Nyfiken"}
                    yield self.world.ask("POST", f"{path}/lookups/invoices", who, json=said).text
                yield self.world.get(f"{path}/lookups", who).text
                pin = {"asked_at": "2026-11-28T05:00:00Z"}
                yield self.world.ask("POST", f"{path}/lookups/invoices/pins", who, json=pin).text
        for who in ("sara", "ida", "olle"):
            for path in ("/conversations", "/lookups/asked", "/lookups/asked/export", "/lookups/use"):
                yield self.world.get(path, who).text


def _write(unit: Unit, world: World, numbers: Sequence[str], protection: str) -> list[int]:
    """A conversation of each, with their identity confirmed."""
    made = [write_mail(unit, world.ids, each, f"Fråga {each}") for each in range(PEOPLE)]
    for conversation_id, number in zip(made, numbers, strict=True):
        _know(unit, must(unit.get(Conversation, conversation_id)), number, protection)
        identity.confirm(unit, must(unit.get(Conversation, conversation_id)), world.ids["sara"], "called_back")
    return made


def _know(unit: Unit, conversation: Conversation, number: str, protection: str) -> None:
    citizen = must(unit.get(Citizen, conversation.citizen_id))
    citizen.protection = protection
    value, key = seal_identity(unit.keys, citizen.municipality_id, number)
    unit.add(
        CitizenPoint(
            municipality_id=citizen.municipality_id, citizen_id=citizen.id, first_citizen_id=citizen.id,
            kind="identity", value=value, match_key=key,
        )
    )  # fmt: skip


@pytest.mark.parametrize(
    "flag",
    [
        "yes",
        "register is down",
        *(pytest.param(each, marks=pytest.mark.large) for each in ("unknown", "register says yes", "register is odd")),
    ],
)
def test_of_fifty_protected_people_nothing_is_anywhere(
    world: World, flag: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MOST", 10_000)
    monkeypatch.setattr(limits, "MOST_SUBJECTS", 10_000)
    caplog.set_level(logging.DEBUG)
    people = Protected(world)
    registered = flag.startswith("register")
    if registered:
        world.do(definition.publish, world.ids["granvik"], people.register, Settings(base_url="http://127.0.0.1:9"))
    people.conversations = world.do(_write, world, people.numbers, "no" if registered else flag)
    asked: list[str] = []

    def answer(subject: Subject) -> Sequence[AnyCard]:
        asked.append(subject.by)
        if not registered or subject.by != "identity":
            return people.find(subject)
        if flag == "register is down":
            raise Unreachable("The register doesn't answer.")
        said = [Field("protected", "ja" if flag == "register says yes" else people.canaries[subject.value])]
        about, now = About(identity=subject.value), clock.to_datetime(clock.now())
        return [FieldsCard(about=about, as_of=now, title="R", fields=said)]

    Ledgered.does = answer
    assert [text for text in people.answers() if CANARY.search(text)] == []
    logged = " ".join(record.getMessage() for record in caplog.records if record.name != "httpx")  # the test's client
    assert not CANARY.search(logged)
    assert not any(number in logged for number in people.numbers)
    assert registered == bool(asked)
    assert set(asked) <= {"identity"}, "only the register was asked"
