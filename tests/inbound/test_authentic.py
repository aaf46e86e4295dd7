"""Whether a From address is its sender's own: by our gateway's topmost Authentication-Results, and nobody else's."""

import pytest

from hub.inbound.authentic import verdict

OURS = frozenset({"mx.granvik.example"})
IDA = "ida@post.example"


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("mx.granvik.example; dmarc=pass header.from=post.example", ["known", "dmarc=pass"]),
        ("MX.Granvik.Example 1; DMARC = Pass (p=none) header.from=post.example", ["known", "dmarc=pass"]),
        ("mx.granvik.example; spf=pass smtp.mailfrom=ida@post.example; dkim=none", ["known", "dkim=none", "spf=pass"]),
        ("mx.granvik.example; dkim=fail header.d=a.example; dkim=pass header.d=post.example", ["known", "dkim=pass"]),
        ("mx.granvik.example; dkim=pass header.i=@post.example", ["known", "dkim=pass"]),
        ("mx.granvik.example; spf=pass smtp.mailfrom=olle@annan.example", ["unconfirmed", "spf=pass"]),
        ("mx.granvik.example; dkim=pass header.d=annan.example", ["unconfirmed", "dkim=pass"]),
        ("mx.granvik.example; dkim=pass header.d=post.example; dmarc=fail", ["failed", "dmarc=fail", "dkim=pass"]),
        ("mx.granvik.example; dmarc=none; spf=softfail", ["unconfirmed", "dmarc=none", "spf=softfail"]),
        ("mx.granvik.example; dmarc=temperror; spf=pass smtp.mailfrom=post.example",
         ["unconfirmed", "dmarc=temperror", "spf=pass"]),
        ("mx.granvik.example; none", ["unconfirmed"]),
        ("mx.granvik.example; (dmarc=pass; (dmarc=pass)) spf=none", ["unconfirmed", "spf=none"]),
        ('mx.granvik.example; auth=pass x="; dmarc=pass"; spf=none', ["unconfirmed", "spf=none"]),
        ("mx.granvik.example.evil.example; dmarc=pass", ["unconfirmed"]),
        ("mx.annan.example; dmarc=pass header.from=post.example", ["unconfirmed"]),
        ("", ["unconfirmed"]),
    ],
)  # fmt: skip
def test_what_a_result_says_of_a_sender(header: str, said: list[str]) -> None:
    assert verdict([header], OURS, IDA) == said


def test_only_the_topmost_of_ours_counts() -> None:
    """One that the sender wrote in our gateway's name lies below the gateway's own."""
    foreign, own, forged = (
        "mx.annan.example; dmarc=pass",
        "mx.granvik.example; dmarc=fail",
        "mx.granvik.example; dmarc=pass",
    )
    assert verdict([foreign, own, forged], OURS, IDA) == ["failed", "dmarc=fail"]


def test_comments_without_end_take_no_time() -> None:
    assert verdict(["mx.granvik.example; " + "(" * 100_000], OURS, IDA) == ["unconfirmed"]
