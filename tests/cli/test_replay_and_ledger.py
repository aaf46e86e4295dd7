"""What was set aside is read again by command, and the ledger counts what there is."""

import hashlib
import json
from pathlib import Path

from hub import clock
from hub.channels.channel import Channel
from hub.cli.installation import COMMAND_LINE
from hub.cli.ledger import _count
from hub.inbound.raw_event import RawEvent
from hub.storage.unit import Unit
from tests.cli.commands import Torg
from tests.cli.test_parse import DEEP, MAIL
from tests.exchange import BO, Exchange

NOTHING = {
    "raw_events": {"new": 0, "read": 0, "quarantined": 0, "erased": 0},
    "arrivals": 0,
    "entries": 0,
    "conversations": 0,
    "quarantined": 0,
    "deliveries": {
        "queued": 0, "leased": 0, "handed_over": 0, "sent": 0, "deferred": 0, "failed": 0, "uncertain": 0,
    },
}  # fmt: skip


def test_the_ledger_of_an_empty_centre(either: Torg) -> None:
    assert either("ledger", "--json").json == NOTHING
    told = either("ledger").out.splitlines()
    assert told[0].split() == ["what", "state", "number"]
    assert ["deliveries", "uncertain", "0"] in [line.split() for line in told]


def test_failed_ones_are_read_again(either: Torg) -> None:
    channel, (good, deep) = _set_aside(either, MAIL, DEEP)
    assert either("ledger", "--json").json["quarantined"] == 2

    lines = [json.loads(line) for line in either("replay", "--failed", "--json").out.splitlines()]
    assert [(line["id"], line["state"]) for line in lines] == [(good, "read"), (deep, "quarantined")]
    assert lines[0]["reason"] is None
    assert "nested" in lines[1]["reason"]

    ledger = either("ledger", "--json").json
    assert ledger == {
        **NOTHING,
        "raw_events": {"new": 0, "read": 1, "quarantined": 1, "erased": 0},
        "arrivals": 2, "entries": 1, "conversations": 1, "quarantined": 1,
    }  # fmt: skip
    assert either("ledger", "--channel", channel, "--json").json == ledger
    other = either("channel", "add", "eml_folder", "--name", "ut", "--set", "folder=out", "--json").json["id"]
    assert either("ledger", "--channel", other, "--json").json == NOTHING
    shown = either("channel", "list", "--json").json["items"]
    assert [row["raw_events"] for row in shown] == [{"quarantined": 1, "read": 1}, {}]


def test_a_replay_doubles_nothing(torg: Torg) -> None:
    channel, (good, deep) = _set_aside(torg, MAIL, DEEP)
    told = torg("replay", "--channel", channel).out
    assert f"{good} read" in told
    assert f"{deep} quarantined: " in told
    assert told.endswith("Replayed: 1 quarantined, 1 read.\n")
    torg("replay", "--channel", channel)
    torg("replay", "--raw", good)
    ledger = torg("ledger", "--json").json
    assert (ledger["entries"], ledger["conversations"], ledger["raw_events"]["read"]) == (1, 1, 1)


def test_a_call_is_counted_by_each_channel_that_told_of_it(database_url: str, tmp_path: Path) -> None:
    exchange = Exchange(tmp_path, database_url, "eml_folder", {"folder": str(tmp_path)}).set_up_calls().set_up_log()
    exchange.tell(exchange.event("newCall", "1"), exchange.event("hangup", "1", 30, cause="cancel"))
    rows = (exchange.row(2, result="tappat", wait="28"), exchange.row(900, BO, result="tappat", wait="5"))
    exchange.read_in(exchange.keep(*rows, channel="log"))
    counted = {name: exchange.read(_count, exchange.ids[name]) for name in ("calls", "log")}
    whole = exchange.read(_count, None)
    exchange.storage.close()
    assert {name: (each["entries"], each["conversations"]) for name, each in counted.items()} == {
        "calls": (1, 1),
        "log": (2, 2),
    }
    assert (whole["entries"], counted["log"]["raw_events"]["read"]) == (2, 2)


def test_nothing_to_replay_is_no_error(torg: Torg) -> None:
    assert torg("replay", "--failed").out == "There is nothing to replay.\n"


def _set_aside(torg: Torg, *mails: bytes) -> tuple[str, list[str]]:
    """Mails as if an older parser had quarantined them, in a channel of Granvik's; ids of channel and mails."""
    channel = torg(
        *("channel", "add", "smtp_in", "--municipality", "granvik", "--name", "in", "--set", "port=28027", "--json"),
        *("--set", "addresses=kommunen@granvik.example=granvik/Kundtjänst"),
    ).json["id"]

    def write(unit: Unit) -> list[str]:
        home = unit.get(Channel, int(channel))
        assert home is not None
        rows = []
        for mail in mails:
            digest = hashlib.sha256(mail).hexdigest()
            row = RawEvent(
                municipality_id=home.home_id,
                channel_id=home.id,
                source_key=digest,
                sha256=digest,
                media_type="message/rfc822",
                origin={
                    "to": "kommunen@granvik.example",
                    "route": home.config["addresses"]["kommunen@granvik.example"],
                },
                body=mail,
                size=len(mail),
                received_at=clock.now(),
                state="quarantined",
                reason="The parser couldn't.",
            )
            unit.add(row)
            rows.append(str(row.id))
        return rows

    with torg.storage() as storage:
        return channel, storage.write_now(COMMAND_LINE, write)
