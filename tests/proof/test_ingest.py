"""The way in through kill -9, small."""

from pathlib import Path
from random import Random

from hub.faults import INGEST_POINTS
from hub.proof import ingest, ledgers
from hub.proof.installation import Where, fresh
from hub.proof.source import mails


def test_no_mail_is_lost_or_doubled(where: Where) -> None:
    report = ingest.prove(where, kills=8, messages=150, seed=8, say=lambda _: None)
    assert report.holds, report.findings
    assert report.figures["kills"] == 8
    assert all(report.figures[f"  at {point}"] == 1 for point in INGEST_POINTS)


def test_a_mail_that_is_missing_is_found(tmp_path: Path) -> None:
    """The comparison itself: an acknowledged mail without a row is lost."""
    sent = mails(Random(1), 3, ["kommunen@granvik.example"])  # noqa: S311 - the same each time
    ledger = tmp_path / "source.jsonl"
    ledger.write_text(
        "".join(f'{{"number": {mail.number}, "sha256": "{mail.sha256}", "answer": 250}}\n' for mail in sent)
    )
    with fresh(Where(), {}) as installation:
        found = ledgers.arrivals(installation.storage, sent, ledger)
    assert (found.acked, len(found.lost), len(found.hidden)) == (3, 3, 3)
