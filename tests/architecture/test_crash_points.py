"""Every crash point stands in the code once: a proof that arms it kills at that very place."""

import ast
from collections import Counter

from hub.faults import CALL_POINTS, INGEST_POINTS, LOOKUP_POINTS, POINTS, PULL_POINTS, SEND_POINTS
from tests.architecture.source import ROOMS, sources


def test_every_crash_point_is_passed_at_one_place() -> None:
    passed = Counter(
        argument.value
        for source in sources(*ROOMS)
        if source.names("faults.point")
        for node in source.nodes
        if isinstance(node, ast.Call) and "faults.point" in {ast.unparse(each) for each in (node.func, *node.args)}
        for argument in node.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    )
    assert passed == dict.fromkeys(POINTS, 1)


def test_no_crash_point_is_on_both_ways() -> None:
    assert sum(map(len, (INGEST_POINTS, PULL_POINTS, CALL_POINTS, SEND_POINTS, LOOKUP_POINTS))) == len(POINTS)
