"""Text messages there and back by real processes, with 46elks at the other end; and a call through its menu."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from hub.channels import add
from hub.inbox import municipality, topic
from hub.inbox.call import Call
from hub.inbox.citizen import CitizenPoint
from hub.inbox.conversation import Conversation
from hub.inbox.delivery import Delivery
from hub.inbox.entry import Entry
from hub.inbox.text import Text
from hub.storage.unit import Unit
from tests import asking
from tests.flows.house import House
from tests.line import until
from tests.stand_ins import elks

KEY = "n7Qx-very-long-and-secret"
IDA, OURS = "+46706861004", "+46766861004"


class Numbers:
    """A house with a number at 46elks."""

    def __init__(self, house: House, there: elks.Elks) -> None:
        self.house, self.there = house, there
        self.channel_id = house.write(self._add)

    def _add(self, unit: Unit) -> int:
        settings = {
            "number": OURS,
            "destination": "granvik/Kundtjänst",
            "username": elks.USER,
            "password": elks.PASSWORD,
            "key": KEY,
            "public_url": f"http://127.0.0.1:{self.house.web_ports[0]}",
            "api": self.there.api,
            "menu": "http://127.0.0.1/menu.mp3",
            "choices": {"1": "+46101000001", "2": "+46101000002"},
        }
        _, config = add.prepare(unit, self.house.registry, "elks", settings)
        return add.add(unit, "elks", "46elks", config, municipality.by_code(unit, "granvik")).id

    def address(self, do: str) -> str:
        """What 46elks is given."""
        return f"http://127.0.0.1:{self.house.web_ports[0]}/calls/{self.channel_id}?key={KEY}&do={do}"

    def write(self, text: str, number: str = IDA, key: str = "s1", times: int = 1) -> None:
        """A citizen's text, brought as often as that."""
        said = {"direction": "incoming", "id": key, "from": number, "to": OURS, "created": "2026-11-27T08:15:00.1"}
        for _ in range(times):
            elks.bring(self.address("sms"), said | {"message": text})

    def texts(self, count: int) -> list[Entry]:
        """Waits for so many, oldest first."""
        query = select(Entry).where(Entry.kind == "sms").order_by(Entry.id)
        until(lambda: len(self.house.all(query)) >= count)
        found = list(self.house.all(query))
        assert len(found) == count
        return found


@pytest.fixture
def numbers(build: Callable[..., House], database_url: str, tmp_path: Path) -> Iterator[Numbers]:
    """Serving, on one engine after the other."""
    house = build(database_url)
    with elks.Elks() as there:
        made = Numbers(house, there)
        with house.serving(listens=False):
            yield made
    assert house.bugs() == []


def test_a_text_its_answer_and_the_answer_to_that_are_one_conversation(numbers: Numbers) -> None:
    house = numbers.house
    numbers.write("Hej! När töms slambrunnen på Åsvägen 3? 🙂", times=3)
    (asked,) = numbers.texts(1)
    conversation = house.look(f"/conversations/{asked.conversation_id}")["conversation"]
    assert (conversation["subject"], conversation["contact_kind"]) == (
        "Hej! När töms slambrunnen på Åsvägen 3? 🙂",
        "sms",
    )
    assert conversation["due_at"] is not None
    assert [each["conversation_id"] for each in house.look("/search?q=slambrunn")["items"]] == [conversation["id"]]
    assert house.one(select(CitizenPoint.match_key)) == IDA

    house.reply(asked.conversation_id, "Hej Ida, på torsdag.")
    (delivery,) = house.sent(1)
    (taken,) = numbers.there.taken
    assert (taken.said["from"], taken.said["to"], taken.said["message"]) == (OURS, IDA, "Hej Ida, på torsdag.")
    assert KEY not in taken.said["whendelivered"]
    assert numbers.there.report(taken) == 1
    until(lambda: house.one(select(Delivery.delivered_at).where(Delivery.id == delivery.id)) is not None)
    assert numbers.there.report(taken, "sent") == 1  # late: it only ever goes on
    assert house.one(select(Text.outside_id).where(Text.outside_id.is_not(None))) == taken.id
    sent = house.look(f"/conversations/{asked.conversation_id}/timeline")["items"][-1]["body"]
    assert (sent["parts"], sent["cost"]) == (1, "0.52 SEK")
    assert house.look(f"/conversations/{asked.conversation_id}")["conversation"]["due_at"] is None

    numbers.write("Tack!", key="s2")
    assert {row.conversation_id for row in numbers.texts(3)} == {asked.conversation_id}
    assert house.look(f"/conversations/{asked.conversation_id}")["conversation"]["due_at"] is not None


def test_another_number_is_another_conversation_and_a_name_cannot_be_answered(numbers: Numbers) -> None:
    numbers.write("Hej", key="s1")
    numbers.write("Hej", number="0706861005", key="s2")
    numbers.write("Erbjudande!", number="Reklam", key="s3")
    found = numbers.texts(3)
    assert len({row.conversation_id for row in found}) == 3
    assert sorted(numbers.house.all(select(Text.number))) == [IDA, "+46706861005", "Reklam"]
    named = next(row for row in found if row.text == "Erbjudande!")
    status, said, _ = numbers.house.ask("POST", f"/conversations/{named.conversation_id}/replies", {"text": "Nej tack"})
    assert status == 422, said
    strangers = asking.post(
        numbers.address("sms").replace(KEY, "guessed"), data={"id": "s4", "from": IDA, "message": "x"}
    )
    assert strangers.status_code == 401


def test_a_text_that_the_operator_refuses_comes_back(numbers: Numbers) -> None:
    numbers.write("Hej")
    (asked,) = numbers.texts(1)
    numbers.there.misbehave = 400
    numbers.house.reply(asked.conversation_id, "Hej!")
    failed = select(Delivery).where(Delivery.state == "failed")
    until(lambda: len(numbers.house.all(failed)) == 1)
    assert "Invalid to number" in (numbers.house.one(failed).reason or "")
    due = select(Conversation.due_at).where(Conversation.id == asked.conversation_id)
    until(lambda: numbers.house.one(due) < 2**62)


def test_a_call_goes_through_the_menu_to_whoever_is_free(numbers: Numbers) -> None:
    actions = elks.Caller(numbers.address("voice"), IDA, OURS).calls("2", ["+46101000001"], 60)
    assert [sorted(set(each) - {"whenhangup", "next"}) for each in actions] == [
        ["digits", "ivr", "repeat"],
        ["connect"],
        ["connect"],  # nobody of the group was free: then everybody
    ]
    ended = select(Call).where(Call.state == "ended")
    until(lambda: len(numbers.house.all(ended)) == 1)
    call = numbers.house.one(ended)
    assert (call.number, call.menu_path, call.cause, call.answered_by) == (IDA, ["2"], "completed", "+46101000001")
    assert call.talk_seconds == 60


def test_what_is_promised_to_a_caller_is_told_them_by_text_message(numbers: Numbers) -> None:
    house = numbers.house
    topic_id = house.write(lambda unit: topic.add(unit, municipality.by_code(unit, "granvik"), {"sv": "Vatten"}).id)
    elks.Caller(numbers.address("voice"), IDA, OURS).calls("1", ["+46101000001"], 60)
    until(lambda: len(house.all(select(Call).where(Call.state == "ended"))) == 1)
    entry = house.one(select(Entry).where(Entry.kind == "call"))
    path = f"/conversations/{entry.conversation_id}/contacts/{entry.id}"
    version = house.ask("GET", path)[2]["ETag"]
    said = {
        "questions": [{"topic": str(topic_id), "outcome": "not_finished"}],
        "call_back_at": "2099-12-02T10:00:00+01:00",
        "notice": True,
    }
    answer = asking.put(
        f"http://127.0.0.1:{house.web_ports[0]}/api/v1{path}",
        json=said,
        headers={"Authorization": f"Bearer {house.token}", "If-Match": version},
    )
    assert answer.status_code == 200, answer.text
    until(lambda: len(numbers.there.taken) == 1)
    assert numbers.there.taken[0].said["to"] == IDA
    assert numbers.there.taken[0].said["message"] == "Granviks kommun: vi ringer dig onsdag 2 december kl. 10:00."
    assert house.look(f"/conversations/{entry.conversation_id}")["conversation"]["due_at"] is not None
