"""Steps of a check: what passed stands in order, what failed is the last, and a pull tells none."""

from datetime import date

import pytest

from hub.contract import AuthFailed, Unreachable, valid_until
from hub.contract.steps import Steps, untold


def test_what_passed_stands_in_order_with_what_it_found() -> None:
    steps = Steps()
    with steps.step("Server found"):
        pass
    with steps.step("Certificate valid") as proof:
        proof.until = date(2027, 3, 3)
    with steps.step("Signed in") as proof:
        proof.says = "as torg"
    told = [(each.title, each.says, each.until, each.failed) for each in steps.taken]
    assert told == [
        ("Server found", "", None, False),
        ("Certificate valid", "", date(2027, 3, 3), False),
        ("Signed in", "as torg", None, False),
    ]
    assert all(each.milliseconds >= 0 for each in steps.taken)
    assert not steps.has_failed


def test_the_innermost_that_failed_is_the_last() -> None:
    steps = Steps()

    def check() -> None:
        with steps.step("Signed in"):
            with steps.step("Server found"):
                pass
            with steps.step("Certificate valid"):
                raise Unreachable("It is over.")

    with pytest.raises(Unreachable):
        check()
    with pytest.raises(AuthFailed), steps.step("Afterwards"):
        raise AuthFailed("nobody asks any more")
    assert [(each.title, each.failed) for each in steps.taken] == [("Server found", False), ("Certificate valid", True)]
    assert steps.has_failed


def test_where_nobody_looks_nothing_is_kept_and_errors_go_up() -> None:
    with untold("Signed in") as proof:
        proof.says = "as torg"
    with pytest.raises(Unreachable), untold("Signed in"):
        raise Unreachable("away")


def test_a_certificate_says_its_last_day() -> None:
    assert valid_until({"notAfter": "Mar  3 12:00:00 2027 GMT"}) == date(2027, 3, 3)
    assert valid_until({}) is None
    assert valid_until(None) is None
