"""Calls through kill -9, shuffled, doubled and with events lost, small; `torg prove calls` is the whole of it."""

from hub.proof import calls
from hub.proof.installation import Where


def test_every_call_is_one_as_it_was() -> None:
    report = calls.prove(Where("sqlite"), kills=3, count=30, seed=8, say=lambda _: None)
    assert not [each for each in report.findings if "never reached" not in each], report.findings
    assert report.figures["calls in the database"] == 30
