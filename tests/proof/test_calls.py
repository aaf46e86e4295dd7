"""Calls through kill -9, shuffled, doubled and with events lost, small; `torg prove calls` is the whole of it."""

from pathlib import Path

import msgspec
import pytest

from hub.errors import Invalid
from hub.proof import calls, streams
from hub.proof.installation import Where
from hub.proof.stand_ins.ami_calls import headers_of

pytestmark = pytest.mark.usefixtures("forked")


def test_every_call_is_one_as_it_was() -> None:
    report = calls.prove(Where("sqlite"), kills=3, count=30, seed=8, say=lambda _: None)
    assert not [each for each in report.findings if "never reached" not in each], report.findings
    assert report.figures["calls in the database"] == 30


def test_a_stream_that_is_damaged_ends_in_the_same_calls() -> None:
    report = streams.prove(streams.built_in(), 1, seed=8, say=lambda _: None)
    assert report.holds, report.findings
    assert report.figures["calls in them"] == 50
    assert report.figures["  cut"] == report.figures["  cut, with events lost"] == "3 times"
    assert report.figures["calls with events lost"] == 50


def test_a_call_that_is_not_as_it_was_is_found() -> None:
    stream = streams.built_in()[0]
    name, call = next(iter(stream.calls.items()))
    wrong = {**stream.calls, name: {**call, "caller": "0709999999"}, "nobody's": call}
    wrongly = [msgspec.structs.replace(stream, calls=wrong)]
    report = streams.prove(wrongly, 1, seed=8, say=lambda _: None, seconds=8)  # for nobody's call it waits in vain
    assert any("18 calls instead of 19" in each for each in report.findings)
    assert any("0709999999" in each and "cut, with events lost" in each for each in report.findings)


def test_recordings_are_blocks_or_json_in_files_or_folders(tmp_path: Path) -> None:
    stream = streams.built_in()[0]
    (tmp_path / "a.txt").write_text("Asterisk Call Manager/9.0.0\r\n\r\n" + "".join(stream.blocks), "utf-8")
    (tmp_path / "b.json").write_bytes(msgspec.json.encode([headers_of(each) for each in stream.blocks]))
    for read in streams.read([tmp_path]):
        assert (read.calls, read.timed, read.linked) == (stream.calls, True, True)
        assert len(read.blocks) == len(stream.blocks)


@pytest.mark.parametrize("recorded", ["", "hej", "[1]", "[{}]", "Event: FullyBooted\r\n\r\n"])
def test_what_is_no_recording_of_calls_is_said(tmp_path: Path, recorded: str) -> None:
    (tmp_path / "recorded").write_text(recorded, "utf-8")
    with pytest.raises(Invalid, match=r"has no events|is no JSON list of events|No call is in"):
        streams.read([tmp_path])
