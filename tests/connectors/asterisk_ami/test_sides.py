"""Which side of the exchange somebody is on, and which way a call goes."""

import pytest

from connectors.asterisk_ami import sides
from connectors.asterisk_ami.facts import Channel, Dial

NOTHING: dict[str, str] = {}


def channel(name: str, number: str, context: str) -> Channel:
    return Channel(name, f"{name}-0000002a", [(1, number)] if number else [], context=context)


TRUNK = channel("PJSIP/telia", "0701234567", "from-pstn")
TELEPHONE = channel("PJSIP/202", "202", "from-internal")


@pytest.mark.parametrize(
    ("name", "number", "context", "side"),
    [
        ("PJSIP/201", "201", "outbound-trunk", "inside"),
        ("PJSIP/201", "0101000000", "macro-dialout-trunk", "inside"),
        ("PJSIP/201", "201", "phones-pstn", "inside"),
        ("PJSIP/201", "0101000201", "from-internal", "inside"),
        ("PJSIP/201", "0101000201", "default", None),
        ("PJSIP/310201", "310201", "default", "inside"),
        ("SIP/150010001", "150010001", "pbx_account", "inside"),
        ("PJSIP/anna", "201", "phones", "inside"),
        ("PJSIP/anna", "0101000201", "default", None),
        ("PJSIP/sbc", "0701234567", "internal", None),
        ("SIP/mitel", "4711", "default", None),
        ("PJSIP/telia", "0701234567", "from-trunk", "outside"),
        ("PJSIP/telia", "1177", "from-pstn", "outside"),
        ("PJSIP/1000", "0701234567", "from-pstn", "outside"),
        ("DAHDI/i1/112", "112", "default", "outside"),
    ],
)
def test_a_channel_is_on_a_side(name: str, number: str, context: str, side: sides.Side | None) -> None:
    assert sides.side(channel(name, number, context), NOTHING) == side


def test_the_settings_say_it_first() -> None:
    said = {"outside": "kommun", "inside": "from-pstn"}
    assert sides.side(channel("PJSIP/201", "201", "kommun"), said) == "outside"
    assert sides.side(TRUNK, said) == "inside"


@pytest.mark.parametrize(
    ("root", "called", "reached", "way"),
    [
        (channel("PJSIP/201", "201", "from-internal"), "1177", channel("PJSIP/telia", "1177", "from-pstn"), "out"),
        (
            channel("PJSIP/201", "201", "from-internal"),
            "202",
            channel("PJSIP/telia", "0709876543", "from-pstn"),
            "internal",
        ),
        (
            channel("PJSIP/201", "201", "from-internal"),
            "202",
            channel("DAHDI/i1/0709876543", "", "from-pstn"),
            "internal",
        ),
        (
            channel("PJSIP/310201", "310201", "from-internal"),
            "310202",
            channel("PJSIP/310202", "310202", ""),
            "internal",
        ),
        (channel("PJSIP/201", "201", "from-internal"), "0101000202", TELEPHONE, "internal"),
        (channel("PJSIP/201", "201", "from-internal"), "0701234567", None, "out"),
        (channel("PJSIP/201", "201", "from-internal"), "90701234567", TRUNK, "out"),
        (channel("PJSIP/201", "201", "from-internal"), "0701234567", channel("SIP/telia", "+46701234567", "x"), "out"),
        (channel("PJSIP/anna", "0101000201", "default"), "0701234567", TRUNK, "out"),
        (channel("SIP/provider", "0709998877", "default"), "0101000000", TRUNK, "in"),
        (channel("SIP/mitel", "4711", "default"), "0101000000", TELEPHONE, "in"),
        (channel("PJSIP/sbc", "0701234567", "internal"), "0101000000", TELEPHONE, "in"),
        (TRUNK, "0101000000", TRUNK, "in"),
    ],
)
def test_a_call_goes_one_way(root: Channel, called: str, reached: Channel | None, way: sides.Way) -> None:
    assert sides.way(root, called, reached, None, NOTHING, queued=False) == way


def test_a_short_number_may_be_told_only_where_it_is_dialled() -> None:
    root, reached = channel("PJSIP/201", "201", "from-internal"), channel("PJSIP/telia", "0101000000", "from-pstn")
    assert sides.way(root, "1177", reached, Dial("a", "b", 1, 1, "telia/1177"), NOTHING, queued=False) == "out"
    assert (
        sides.way(root, "202", reached, Dial("a", "b", 1, 1, "telia/0709876543"), NOTHING, queued=False) == "internal"
    )
