"""Fetching by IMAP through lies, cuts and people, small."""

from hub.proof import imap
from hub.proof.installation import Where


def test_no_mail_is_lost_doubled_or_cut_short() -> None:
    report = imap.prove(Where("sqlite"), cuts=6, seed=8, say=lambda _: None)
    assert report.holds, report.findings
    assert report.figures["cuts"] == 6
