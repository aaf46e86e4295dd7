"""The way in through kill -9 (fault F01), small."""

import time
from pathlib import Path
from random import Random

import pytest

from hub.faults import INGEST_POINTS
from hub.proof import brought, ingest, ledgers
from hub.proof.brought_calls import Files
from hub.proof.installation import Where, fresh
from hub.proof.source import mails
from tests.line import until

pytestmark = [pytest.mark.usefixtures("forked"), pytest.mark.own_children]  # which are killed, too


@pytest.mark.parametrize("where", ["sqlite", pytest.param("postgresql", marks=pytest.mark.large)], indirect=True)
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


def test_no_mail_of_a_mailbox_is_lost_or_doubled() -> None:
    report = ingest.prove(Where("sqlite"), kills=4, messages=100, seed=8, say=lambda _: None, kind="imap")
    assert not [each for each in report.findings if "never reached" not in each], report.findings


@pytest.mark.parametrize("kind", sorted(set(brought.WAYS) - {"asterisk_ami"}))
def test_what_was_never_brought_is_found(kind: str) -> None:
    """The comparison itself, of each way by which no mail comes."""
    with fresh(Where(), {}) as installation:
        way = brought.WAYS[kind](Random(1), 16, installation, 1)  # noqa: S311 - the same each time
        way.source.stop()
        assert way.findings(installation)


def test_an_exchanges_manager_brings_as_many_calls_as_asked_most_of_them_to_a_listener() -> None:
    """Else all are told while the hub starts, and no kill meets one on its way in."""
    with fresh(Where(), {}) as installation:
        way = brought.WAYS["asterisk_ami"](Random(1), 16, installation, 1)  # noqa: S311 - the same each time
        try:
            assert way.source.left == 16
            way.source.allow(15)
            until(lambda: way.source.acked)
            time.sleep(0.3)
            assert (way.source.acked, way.source.idle) == (1, False)
        finally:
            way.source.stop()


def test_a_log_that_has_no_more_to_say_leaves_its_files_as_they_are(tmp_path: Path) -> None:
    files = Files(tmp_path, ["a\n", "b\n", "c\n"], lambda: 0)
    for count in (2, 1, 0, 5):
        files.allow(count)
    assert [path.read_text().splitlines()[1:] for path in sorted(tmp_path.iterdir())] == [["a", "b"], ["b", "c"]]


@pytest.mark.large
@pytest.mark.parametrize("kind", sorted(brought.WAYS))
def test_nothing_that_was_taken_is_lost_or_doubled(kind: str) -> None:
    report = brought.prove(Where("sqlite"), kills=3, count=40, seed=8, say=lambda _: None, kind=kind)
    assert not [each for each in report.findings if "never reached" not in each], report.findings
