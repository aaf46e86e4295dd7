"""Steps of a check: what passed stands in order, what failed is the last, and a pull tells none."""

import asyncio
from contextlib import suppress
from datetime import date

import pytest

from hub.contract import AuthFailed, Misconfigured, Unreachable, valid_until
from hub.contract.steps import Steps, untold


def test_what_passed_stands_in_order_with_what_it_found() -> None:
    steps = Steps()
    with steps.step("Server found"):
        pass
    with steps.step("Certificate valid") as proof:
        proof.until = date(2027, 3, 3)
    with steps.step("Signed in") as proof:
        proof.says = "as torg"
    told = [(each.title, each.says, each.until, each.failed) for each in steps.taken(None)]
    assert told == [
        ("Server found", "", None, False),
        ("Certificate valid", "", date(2027, 3, 3), False),
        ("Signed in", "as torg", None, False),
    ]
    assert all(each.milliseconds >= 0 for each in steps.taken(None))


def test_the_innermost_that_failed_is_the_last() -> None:
    steps = Steps()

    def check() -> None:
        with steps.step("Signed in"):
            with steps.step("Server found"):
                pass
            with steps.step("Certificate valid"):
                raise Unreachable("It is over.")

    with pytest.raises(Unreachable) as raised:
        check()
    assert told(steps, raised.value) == [("Server found", False), ("Certificate valid", True)]


def test_what_was_got_over_is_no_failure() -> None:
    steps = Steps()
    with steps.step("Signed in"):
        with suppress(Unreachable), steps.step("The first server"):
            raise Unreachable("It is away.")
        with steps.step("The second server"):
            pass
    with suppress(AuthFailed), steps.step("Drafts"):
        raise AuthFailed("Not for us.")
    assert told(steps, None) == [("The second server", False), ("Signed in", False)]


def test_what_fails_after_what_was_got_over_is_that_which_failed() -> None:
    steps = Steps()

    def check(*, within: bool) -> None:
        with suppress(AuthFailed), steps.step("Drafts"):
            raise AuthFailed("Not for us.")
        if not within:
            raise Misconfigured("folder", "There is none.")
        with steps.step("Inbox"):
            raise Misconfigured("folder", "There is none.")

    with pytest.raises(Misconfigured) as raised:
        check(within=False)
    assert told(steps, raised.value) == []
    with pytest.raises(Misconfigured) as raised:
        check(within=True)
    assert told(steps, raised.value) == [("Inbox", True)]


def test_an_error_in_a_plugins_own_words_ends_the_step_that_it_was_raised_for() -> None:
    steps = Steps()

    def check() -> None:
        try:
            with steps.step("Server found"):
                raise OSError("111")
        except OSError as error:
            raise Unreachable("It is away.") from error

    with pytest.raises(Unreachable) as raised:
        check()
    assert told(steps, raised.value) == [("Server found", True)]


def test_of_two_ways_it_is_the_last_that_failed() -> None:
    """The second was tried because of the first, and says so."""
    steps = Steps()

    def check() -> None:
        with steps.step("Signed in"):
            try:
                with steps.step("TLS"):
                    raise OSError("111")
            except OSError:
                with steps.step("STARTTLS"):
                    raise Unreachable("It is away.")  # noqa: B904 - as plugins do

    with pytest.raises(Unreachable) as raised:
        check()
    assert told(steps, raised.value) == [("STARTTLS", True)]


def test_of_several_at_once_it_is_one_that_failed() -> None:
    steps = Steps()

    async def one(title: str) -> None:
        with steps.step(title):
            raise Unreachable("It is away.")

    async def check() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(one("IMAP"))
            tasks.create_task(one("SMTP"))

    with pytest.raises(ExceptionGroup) as raised:
        asyncio.run(check())
    assert told(steps, raised.value) == [("IMAP", True)]


def test_errors_that_name_each_other_come_to_an_end() -> None:
    steps = Steps()
    first, second = OSError("1"), OSError("2")
    first.__cause__, second.__cause__ = second, first
    with pytest.raises(OSError, match="2"), steps.step("Server found"):
        raise second
    assert told(steps, first) == [("Server found", True)]


def told(steps: Steps, error: BaseException | None) -> list[tuple[str, bool]]:
    return [(each.title, each.failed) for each in steps.taken(error)]


def test_where_nobody_looks_nothing_is_kept_and_errors_go_up() -> None:
    with untold("Signed in") as proof:
        proof.says = "as torg"
    with pytest.raises(Unreachable), untold("Signed in"):
        raise Unreachable("away")


def test_a_certificate_says_its_last_day() -> None:
    assert valid_until({"notAfter": "Mar  3 12:00:00 2027 GMT"}) == date(2027, 3, 3)
    assert valid_until({}) is None
    assert valid_until(None) is None
