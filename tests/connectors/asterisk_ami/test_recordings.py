"""Forms in which recordings come, and what is said of what is none."""

import codecs
import gzip
from collections.abc import Sequence

import msgspec
import pytest

from connectors.asterisk_ami import AsteriskAmi, wire
from hub.contract import Unreadable
from tests.connectors.asterisk_ami.test_samples import FOLDER, calls

BLOCKS = (FOLDER / "queue_answered.txt").read_bytes()
OBJECTS: Sequence[dict[str, str]] = [dict(block.values) for block in wire.blocks(BLOCKS) if block.event]
JSON = msgspec.json.encode(OBJECTS)
EXPECTED = calls(AsteriskAmi.split(BLOCKS))


def _parted(event: dict[str, str]) -> dict[str, object]:
    return {"event": event["event"], "data": {name: value for name, value in event.items() if name != "event"}}


WHOLE = {
    "line feeds alone": BLOCKS.replace(b"\r\n", b"\n"),
    "carriage returns alone": BLOCKS.replace(b"\r\n", b"\r"),
    "carriage returns doubled": BLOCKS.replace(b"\r\n", b"\r\r\n"),
    "blanks in the empty lines": BLOCKS.replace(b"\r\n\r\n", b"\r\n  \r\n"),
    "no empty lines": BLOCKS.replace(b"\r\n\r\n", b"\r\n"),
    "UTF-8 with its mark": codecs.BOM_UTF8 + BLOCKS,
    "UTF-16 as a Windows shell writes it": BLOCKS.decode().encode("utf-16"),
    "UTF-16, the other way round": codecs.BOM_UTF16_BE + JSON.decode().encode("utf-16-be"),
    "JSON with a comma too many": JSON[:-1] + b",]",
    "objects over several lines": b"\n".join(msgspec.json.format(msgspec.json.encode(each)) for each in OBJECTS),
    "the name beside the rest": msgspec.json.encode(list(map(_parted, OBJECTS))),
    "what a client's library holds": msgspec.json.encode(
        [{"name": each["event"], "headers": each} for each in OBJECTS]
    ),
    "a list of blocks": msgspec.json.encode(
        ["\r\n".join(f"{name}: {value}" for name, value in each.items()) for each in OBJECTS]
    ),
}


@pytest.mark.parametrize("form", WHOLE)
def test_a_recording_may_have_any_of_these_forms(form: str) -> None:
    assert calls(AsteriskAmi.split(WHOLE[form])) == EXPECTED


def test_json_that_was_cut_off_is_read_as_far_as_it_goes() -> None:
    middle = JSON.index(b'"event":"AgentConnect"')
    recorded = JSON[: JSON.index(b"}", middle) + 20]
    assert b'"event":"Hangup"' in JSON
    assert b'"event":"Hangup"' not in recorded[middle:]
    [call] = calls(AsteriskAmi.split(recorded))
    [whole] = EXPECTED
    assert [call[key] for key in ("call_id", "from", "to", "queue", "answered_by", "state")] == [
        *(whole[key] for key in ("call_id", "from", "to", "queue", "answered_by")),
        "answered",
    ]
    wrapped = b'{"recorded": "today", "events": ' + recorded
    assert calls(AsteriskAmi.split(wrapped)) == [call]


@pytest.mark.parametrize(
    "recorded",
    [
        b"<html><body>404: not found</body></html>",
        b"Dear: all\r\n\r\nKind: regards",
        b"[1, 2]",
        b'["a"]',
        b'{"calls": [{"id": 1}]}',
        b"[" * 100_000,
        b'[{"event": "Newchan',
        b"null",
        b"\r\n\r\n",
    ],
)
def test_what_is_no_recording_is_said_and_what_one_is(recorded: bytes) -> None:
    with pytest.raises(Unreadable, match=r"blocks of `Key: value`.* JSON list"):
        AsteriskAmi.split(recorded)


def test_a_compressed_recording_is_to_be_unpacked_first() -> None:
    with pytest.raises(Unreadable, match="unpack"):
        AsteriskAmi.split(gzip.compress(BLOCKS))


@pytest.mark.parametrize("recorded", [b"[]", b'{"events": []}', b'[{"Response": "Success"}]'])
def test_json_may_have_no_events(recorded: bytes) -> None:
    assert AsteriskAmi.split(recorded) == []
