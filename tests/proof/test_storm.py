"""The storm, small: what was sent is there, what was answered left, every page was told. How quickly, no test says."""

from collections import Counter
from typing import Any

from msgspec.structs import replace

from hub.proof.installation import Where, fresh
from hub.proof.storm import measures, outcome, plan, run
from hub.proof.storm.plan import SIZES, Part


def test_nothing_is_lost_or_doubled() -> None:
    size = replace(SIZES["S"], municipalities=3)
    asked = run.Asked(minutes=0.05, rate=4, agents=3, waiting=20, processes=2, pace=0.03)
    report = run.prove(Where("sqlite"), size, asked, seed=8, say=lambda _: None)
    assert not [each for each in report.findings if not each.startswith("slow: ")], report.findings
    assert report.figures["sent: waiting mail"] == 20
    assert min(int(str(report.figures[f"sent: {kind}"])) for kind in ("mail", "call", "chat")) > 0
    assert int(str(report.figures["answers by mail"])) > 0
    assert "the same sum takes" in str(report.figures["speed of the machine, storm"])


def test_what_never_came_or_left_is_found() -> None:
    lines: list[dict[str, Any]] = [
        {"does": "sent", "word": "q000000x000001", "kind": "mail"},
        {"does": "sent", "word": "q000000x000002", "kind": "call"},
        {"does": "replied", "word": "a000x00001", "taken": True},
    ]
    with fresh(Where(), {}) as installation:
        found = outcome.compare(installation, lines, {"q000000x000003"}, Counter({"<strange@example.se>": 1}))
    assert len([each for each in found.lost if each.endswith("isn't there")]) == 4
    assert found.other == ["the mail server has <strange@example.se>, which nobody sent"]


def test_the_others_slowness_and_who_was_never_told_are_found() -> None:
    parts = [Part("quiet", 0, 100, 1), Part("storm", 100, 200, 1, storms=True)]
    lines: list[dict[str, Any]] = [
        {"does": "asked", "what": "list page", "place": 1, "at": at, "took": took}
        for at, took in ((50.0, 0.1), (150.0, 0.2))
        for _ in range(measures.LEAST)
    ]
    lines.append({"does": "sent", "word": "w", "kind": "call", "place": 1, "first": True, "at": 150.0})
    found, untold = measures.samples(lines, {"w": 1}, [0, 1], parts)
    assert untold == ["desk 1 was never told of call w"]
    slow = measures.findings(found, 2, parts, SIZES["S"].limits)
    assert slow == ["slow: list page: the others' p95 in the storm is 2.00 of the quiet one, of 1.5"]


def test_one_municipality_has_twenty_times_the_others_contacts() -> None:
    parts = plan.parts(1200, 10, 5, 0)
    storm = next(each for each in parts if each.storms)
    assert [each.name for each in parts] == ["warm-up", "quiet", "storm", "after"]
    assert storm.share * (plan.STORM + 4) == 10
