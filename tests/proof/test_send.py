"""The way out through kill -9 (faults F02, F03), small: answers by the API that was killed, and what left of them."""

import pytest

from hub.faults import SEND_POINTS
from hub.proof import send
from hub.proof.installation import Where

pytestmark = pytest.mark.usefixtures("forked")


@pytest.mark.parametrize("where", [pytest.param("sqlite", marks=pytest.mark.large), "postgresql"], indirect=True)
def test_no_answer_is_lost_or_sent_twice(where: Where) -> None:
    report = send.prove(where, kills=8, seed=8, say=lambda _: None)
    assert report.holds, report.findings
    assert report.figures["kills"] == 8
    assert all(report.figures[f"  at {point}"] == 1 for point in SEND_POINTS)
