"""How channels do: what is the matter with one, said with what to do, and what came and went by the hour."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from hub import clock
from hub.channels import add
from hub.channels.channel import Channel
from hub.channels.hourly import HOUR, ChannelHour
from hub.channels.pause import pause, resume
from hub.channels.usual import Silence
from hub.inbound.raw_event import RawEvent
from hub.inbox.delivery import Delivery
from hub.plugin_host.manager import load
from hub.storage.unit import Unit
from hub.watch import health
from hub.watch.health import ChannelLine, needs_a_way_out, takes_in, takes_out
from hub.watch.trouble import Facts, troubles
from tests.web.world import World, keep_raw, let_pass, must


@pytest.fixture(autouse=True)
def listening(world: World) -> None:
    """Some process says so; the clock may be put on."""
    world.do(lambda unit: unit.change(update(Channel).values(lease_until=clock.NEVER)))


def how(world: World, name: str) -> ChannelLine:
    return world.do(lambda unit: health.channels(unit, load(()), lambda _: True, world.ids[name]))[0]


def kinds(world: World, name: str) -> list[str]:
    return [each.kind for each in how(world, name).troubles]


def change(world: World, name: str, **values: object) -> None:
    world.do(lambda unit: unit.change(update(Channel).where(Channel.id == world.ids[name]).values(**values)))


def test_what_stands_still_says_why_and_what_to_do(world: World) -> None:
    assert how(world, "in").state == "running"
    change(world, "in", trouble="127.0.0.1 port 25 is in use.")
    line = how(world, "in")
    assert (line.state, line.troubles[0].kind, line.troubles[0].sentence) == (
        "error", "stopped", "127.0.0.1 port 25 is in use.",
    )  # fmt: skip
    assert line.troubles[0].advice
    change(world, "in", trouble=None, lease_until=clock.now() - 2 * clock.MINUTE)
    assert (how(world, "in").state, kinds(world, "in")) == ("waiting", ["unattended"])
    change(world, "in", lease_until=clock.now() - 30 * clock.SECOND)
    assert kinds(world, "in") == [], "a restart"


def test_one_that_is_new_or_resumed_has_a_moment_to_be_taken_up(world: World) -> None:
    settings = {"addresses": {"new@granvik.example": "granvik/kontakt"}, "port": 2599}

    def make(unit: Unit) -> int:
        cls, config = add.prepare(unit, load(()), "smtp_in", settings)
        return add.add(unit, cls.kind, "new", config).id

    world.ids["new"] = world.do(make)
    assert (how(world, "new").state, kinds(world, "new")) == ("waiting", [])
    let_pass(90)
    assert kinds(world, "new") == ["unattended"]
    world.do(pause, world.ids["new"], "flytt", by_person=True)
    world.do(resume, load(()), world.ids["new"], lambda _: True)
    assert kinds(world, "new") == []


def test_a_refused_log_in_is_a_trouble_and_a_person_who_pauses_is_none(world: World) -> None:
    world.do(pause, world.ids["out"], "535 no", by_person=True)
    assert (how(world, "out").state, kinds(world, "out")) == ("paused", [])
    world.do(pause, world.ids["out"], "535 no")
    assert (how(world, "out").state, kinds(world, "out")) == ("paused", ["refused"])
    assert how(world, "out").troubles[0].sentence == "535 no"


def test_what_lies_unread_or_in_quarantine(world: World) -> None:
    world.do(keep_raw, world.ids, "1", b"a", state="new")
    assert kinds(world, "in") == []
    let_pass(5 * 60)
    line = how(world, "in")
    assert line.troubles[0].sentence == "1 was received and can't be seen in the inbox yet."
    assert line.oldest_unread_at is not None
    world.do(lambda unit: unit.change(update(RawEvent).values(state="quarantined")))
    assert kinds(world, "in") == ["quarantine"]


@pytest.mark.parametrize(
    ("values", "expected", "alarms"),
    [
        ({"state": "queued", "not_before": 0}, "unsent", True),
        ({"state": "deferred", "attempt": 1, "not_before": clock.NEVER}, "deferred", False),
        ({"state": "deferred", "attempt": 3, "not_before": clock.NEVER}, "deferred", True),
        ({"state": "uncertain"}, "uncertain", True),
    ],
)
def test_what_does_not_leave(world: World, values: dict[str, object], expected: str, *, alarms: bool) -> None:
    world.ask("POST", f"/conversations/{world.mail()}/replies", json={"text": "Svar"})
    assert kinds(world, "out") == []
    world.do(lambda unit: unit.change(update(Delivery).values(**values)))
    assert [(each.kind, each.alarms) for each in how(world, "out").troubles] == [(expected, alarms)]


@pytest.mark.parametrize(
    ("kind", "advice"),
    [
        ("smtp_in", "Send a mail to it"),
        ("web_form", "Open its page from outside"),
        ("web_chat", "Open its page from outside"),
        ("elks", "Call or write to its number"),
        ("phone_log", "Call or write to its number"),
        ("asterisk_ami", "Call or write to its number"),
    ],
)
def test_what_to_do_about_a_silence_goes_by_the_kind(kind: str, advice: str) -> None:
    none: dict[str, int] = defaultdict(int)
    facts = Facts(raw_events=none, deliveries=none, silence=Silence(3, 12, None))
    row = Channel(id=1, kind=kind, name=kind, config={}, lease_until=clock.NEVER, last_contact_at=clock.now())
    assert [each.advice[: len(advice)] for each in troubles(row, load(()).connector(kind), facts)] == [advice]


def test_a_silence_that_is_unusual(world: World) -> None:
    """Eight weeks of four an hour from Monday to Friday, then none from nine to twelve on a Tuesday."""
    noon = int(datetime(2026, 11, 24, 11, tzinfo=UTC).timestamp()) * clock.SECOND
    let_pass((noon - clock.now()) // clock.SECOND + 60)
    world.do(fill_hours, world.ids["in"], world.ids["granvik"], noon // HOUR - 3)
    line = how(world, "in")
    assert [each.kind for each in line.troubles] == ["silent"]
    assert line.troubles[0].sentence == (
        "Nothing has come for 3 h on a working day, when 12 usually come in that time."
    )
    change(world, "in", trouble="The port is in use.")
    assert kinds(world, "in") == ["stopped"], "what explains it is said instead"
    change(world, "in", trouble=None)
    world.do(keep_raw, world.ids, "9", b"x")
    world.do(lambda unit: unit.add(hour(world.ids["in"], world.ids["granvik"], noon // HOUR, 1)))
    assert kinds(world, "in") == []


def hour(channel_id: int, municipality_id: int, at: int, came: int) -> ChannelHour:
    return ChannelHour(channel_id=channel_id, municipality_id=municipality_id, hour=at, came=came)


def fill_hours(unit: Unit, channel_id: int, municipality_id: int, until: int) -> None:
    for each in range(until - 8 * 7 * 24, until):
        at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(hours=each)
        if at.weekday() < 5 and 7 <= at.hour < 16:
            unit.add(hour(channel_id, municipality_id, each, 4))


def test_what_comes_and_goes_is_counted_by_the_hour(world: World) -> None:
    """By the very transaction that keeps it; the world's mails come without the way in, so here they are counted."""
    line = how(world, "in")
    assert (line.came_today, line.gone_today, len(line.hours), sum(line.hours)) == (0, None, 24, 0)
    world.do(lambda unit: unit.add(hour(world.ids["in"], world.ids["granvik"], clock.now() // HOUR, 3)))
    line = how(world, "in")
    assert (line.came_today, line.hours[-1]) == (3, 3)
    assert must(world.do(lambda unit: unit.first(select(ChannelHour.came)))) == 3


def test_what_exchanges_bring_to_us_is_counted_as_well() -> None:
    """They call us: nothing is listened for, and nothing fetched."""
    known = load().connectors
    assert [takes_in(known[each]) for each in ("phone_webhook", "elks", "phone_log", "smtp")] == [
        True,
        True,
        True,
        False,
    ]
    assert [takes_out(known[each]) for each in ("phone_webhook", "elks", "smtp")] == [False, True, True]
    assert [needs_a_way_out(known[each]) for each in ("phone_webhook", "elks", "imap")] == [False, False, True]


def test_how_far_a_mailbox_is_joined_is_told(world: World) -> None:
    change(world, "in", behind=75)
    hours = [
        {
            "id": number,
            "channel_id": world.ids["in"],
            "municipality_id": None,
            "hour": hour,
            "came": 5,
            "gone": 0,
            "lag": None,
        }
        for number, hour in enumerate((hour_now() - 40, hour_now() - 2), 1)
    ]
    world.do(lambda unit: unit.insert_many(ChannelHour, hours))
    assert (how(world, "in").fetched, how(world, "in").behind) == (10, 75)
    change(world, "in", behind=0)
    assert how(world, "in").fetched is None


def hour_now() -> int:
    return clock.now() // HOUR
