"""Who is behind the name of a channel."""

import pytest

from connectors.asterisk_ami import parties
from connectors.asterisk_ami.causes import of_lost


@pytest.mark.parametrize(
    ("name", "who"),
    [
        ("SIP/201-0000002a", "201"),
        ("PJSIP/201-0000002a", "201"),
        ("PJSIP/reception-front-0000002a", "reception-front"),
        ("Local/201@from-queue-00000001;2", "201"),
        ("IAX2/north-1234", "north"),
        ("DAHDI/i1/0701234567-1", "0701234567"),
        ("SIP/201-0000002a<ZOMBIE>", "201"),
        ("AsyncGoto/SIP/201-0000002a", "201"),
        ("", ""),
    ],
)
def test_a_channel_is_somebodys(name: str, who: str) -> None:
    assert parties.peer(name) == who


@pytest.mark.parametrize(
    ("interface", "who"),
    [("PJSIP/office-201", "office-201"), ("Local/201@from-queue/n", "201"), ("Agent/1001", "1001"), ("SIP/201", "201")],
)
def test_a_member_of_a_queue_is_somebody(interface: str, who: str) -> None:
    assert parties.registered(interface) == who


@pytest.mark.parametrize(
    ("code", "dials", "gave_up", "cause"),
    [
        (17, [("BUSY", 17)], False, "busy"),
        (16, [("BUSY", 21)], False, "rejected"),
        (21, [], False, "rejected"),
        (34, [("CONGESTION", 34)], False, "congestion"),
        (38, [], False, "failed"),
        (1, [], False, "not-found"),
        (127, [("CANCEL", 16)], True, "no-answer"),
        (16, [("BUSY", 17), ("NOANSWER", 16)], False, "no-answer"),
        (19, [("BUSY", 17), ("BUSY", 21)], False, "no-answer"),
        (None, [("CHANUNAVAIL", None)], False, "failed"),
        (None, [], False, "no-answer"),
        (27, [("BUSY", 17)], False, "busy"),
        (16, [("NOANSWER", 21)], False, "rejected"),
        (16, [("NOANSWER", 1)], False, "not-found"),
    ],
)
def test_why_nobody_answered(code: int | None, dials: list[tuple[str, int | None]], gave_up: bool, cause: str) -> None:
    assert of_lost(code, dials, gave_up=gave_up) == cause


@pytest.mark.parametrize(
    ("number", "is_one", "is_long"),
    [("+31850xxxxxx", True, True), ("0701234567", True, True), ("305", True, False), ("s", False, False)],
)
def test_digits_may_be_masked(number: str, is_one: bool, is_long: bool) -> None:
    assert parties.is_number(number) is is_one
    assert parties.is_long(number) is is_long
