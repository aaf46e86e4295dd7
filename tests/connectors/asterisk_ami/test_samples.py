"""Dialogues, each with the calls that it must be read as beside it: what a JSON names is what `torg parse` says."""

import random
import re
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from connectors.asterisk_ami import AsteriskAmi, wire
from hub.cli.parse import _call, _calls
from hub.contract import RawEvent, Unreadable
from tests.connectors.mail.test_samples import holds

FOLDER = Path(__file__).parent / "samples"
SAMPLES = sorted(each.stem for each in FOLDER.glob("*.txt"))


def calls(events: Sequence[RawEvent]) -> list[dict[str, object]]:
    """As `torg parse` prints them."""
    groups: dict[str | None, list[RawEvent]] = {}
    for event in events:
        groups.setdefault(event.group, []).append(event)
    steps = [step for group in groups.values() for step in AsteriskAmi.parse(group)]
    return [msgspec.to_builtins(_call(each)) for each in _calls(steps)]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_dialogue_is_read_as_it_should_be(name: str) -> None:
    expected = msgspec.json.decode((FOLDER / f"{name}.json").read_bytes())
    events = AsteriskAmi.split((FOLDER / f"{name}.txt").read_bytes())
    found = calls(events)
    assert holds(expected, found), found
    chance = random.Random(3)  # noqa: S311 - the same on every run
    for _ in range(5):
        mixed = [*events, *chance.choices(events, k=5)]
        chance.shuffle(mixed)
        assert calls(mixed) == found


ESSENTIAL = {
    "answered",
    "queue_answered",
    "queue_abandoned",
    "ring_group",
    "attended_transfer",
    "pickup",
    "out_answered",
}
_NOISE = (b"Event: RTCPSent", b"Event: VarSet", b"Event: Newexten", b"Response:", b"Action:", b"Event: FullyBooted")
_SAID_ONCE = (b"Event: Hangup\r", b"Event: QueueCallerJoin", b"Event: AttendedTransfer")
"""A call whose end nobody told goes on until the exchange is asked; a queue is named by whatever else names it."""


@pytest.mark.parametrize("name", sorted(ESSENTIAL))
def test_any_one_event_may_be_lost(name: str) -> None:
    blocks = (FOLDER / f"{name}.txt").read_bytes().split(b"\r\n\r\n")
    whole = calls(AsteriskAmi.split(b"\r\n\r\n".join(blocks)))
    told = ("from", "to", "direction", "answered_by", "hangup_cause", "state")
    for lost, block in enumerate(blocks):
        left = AsteriskAmi.split(b"\r\n\r\n".join([*blocks[:lost], *blocks[lost + 1 :]]))
        if not block.startswith(_SAID_ONCE):
            assert [[call[key] for key in told] for call in calls(left)] == [
                [call[key] for key in told] for call in whole
            ]


A_LITTLE_LATE = (
    "accepted_by_the_second_1_8",
    "attended_transfer",
    "attended_transfer_1_8",
    "attended_transfer_by_the_caller",
    "attended_transfer_through_local_channels_1_8",
    "blind_transfer_by_the_caller",
    "queue_attended_transfer",
)


@pytest.mark.parametrize("name", A_LITTLE_LATE)
def test_any_one_event_may_come_a_little_late(name: str) -> None:
    """Where none says when it happened: the manager tells of several channels at once in no sure order."""
    recorded = re.sub(rb"Timestamp: [^\r]*\r\n", b"", (FOLDER / f"{name}.txt").read_bytes())
    blocks = [block for block in recorded.split(b"\r\n\r\n") if not block.startswith(_NOISE)]
    whole = calls(AsteriskAmi.split(b"\r\n\r\n".join(blocks)))
    told = ("from", "to", "direction", "answered_by", "hangup_cause", "state")
    for late, block in enumerate(blocks):
        for past in (1, 3):
            others = [*blocks[:late], *blocks[late + 1 :]]
            moved = [*others[: late + past], block, *others[late + past :]]
            found = calls(AsteriskAmi.split(b"\r\n\r\n".join(moved)))
            assert [[call[key] for key in told] for call in found] == [[call[key] for key in told] for call in whole]
            assert list(map(_handed_on, found)) == list(map(_handed_on, whole))


def _handed_on(call: dict[str, object]) -> list[list[object]]:
    assert isinstance(call["transfers"], list)
    return [[each[key] for key in ("by", "to", "answered_by")] for each in call["transfers"]]


def test_a_recording_may_be_json_and_names_in_any_case() -> None:
    blocks = [dict(block.values) for block in wire.blocks((FOLDER / "queue_answered.txt").read_bytes()) if block.event]
    expected = calls(AsteriskAmi.split((FOLDER / "queue_answered.txt").read_bytes()))
    for recorded in (
        msgspec.json.encode(blocks),
        msgspec.json.encode(
            [{"type": 3, "data": {name.title(): value for name, value in each.items()}} for each in blocks]
        ),
        msgspec.json.encode({"events": blocks}),
        b"\n".join(map(msgspec.json.encode, blocks)),
        "\n\n".join("\n".join(f"{name}: {value}" for name, value in each.items()) for each in blocks).encode(),
    ):
        assert calls(AsteriskAmi.split(recorded)) == expected


@pytest.mark.parametrize("old", [False, True])
def test_calls_at_the_same_time_are_told_apart(old: bool) -> None:
    chance = random.Random(4)  # noqa: S311 - the same on every run
    waiting, expected = [], []
    for count, name in enumerate((each for each in SAMPLES if each.endswith("_1_8") is old), 1):
        said = (FOLDER / f"{name}.txt").read_bytes()
        said = said[said.index(b"Event: Newch") :].replace(b"170000", b"17%04d" % count)
        said = said.replace(b"-0000", b"-%04x" % count)  # an exchange has no two channels of one name
        expected += calls(AsteriskAmi.split(said))
        waiting.append([block + b"\r\n\r\n" for block in said.split(b"\r\n\r\n")])
    mixed = []
    while waiting:
        mixed.append(chance.choice(waiting).pop(0))
        waiting = [each for each in waiting if each]
    found = {call["call_id"]: call for call in calls(AsteriskAmi.split(b"".join(mixed)))}
    assert found.keys() == {call["call_id"] for call in expected}
    for call in expected:
        for said_of_it in ("from", "to", "direction", "queue", "answered_by", "state", "hangup_cause", "menu_path"):
            assert found[call["call_id"]][said_of_it] == call[said_of_it], call


@pytest.mark.parametrize("recorded", [b"", b"hej", b"\0" * 100])
def test_what_is_no_recording_is_said(recorded: bytes) -> None:
    with pytest.raises(Unreadable, match="Asterisk Manager"):
        AsteriskAmi.split(recorded)


@pytest.mark.parametrize(
    "recorded", [b"[]", b"{}", b"Event: Hangup\r\n\r\n", b"Asterisk Call Manager/1.3\r\nPing: Pong"]
)
def test_a_recording_may_have_no_calls(recorded: bytes) -> None:
    assert AsteriskAmi.split(recorded) == []
