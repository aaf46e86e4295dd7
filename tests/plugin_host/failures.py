"""The contract's tests, run in this process: which of them does a class fail?"""

from typing import Any

import pytest

from hub.contract import Controls, Lookup, Plugin, Pulls, Receives
from hub.contract.testing.plugin import PluginTests
from tests.plugin_host.cashbook_tests import CashbookTests
from tests.plugin_host.letterbox_tests import LetterboxTests
from tests.plugin_host.mailslot_tests import MailslotTests
from tests.plugin_host.pigeonhole_tests import PigeonholeTests
from tests.plugin_host.switchboard_tests import SwitchboardTests


def failures(plugin: type[Plugin[Any]]) -> dict[str, BaseException]:
    """The tests that this class fails, and how."""
    failed: dict[str, BaseException] = {}
    tests, tested = tests_of(plugin)
    suite = type("Suite", (tests,), {tested: plugin})()
    for name in sorted(dir(suite)):
        if name.startswith("test_"):
            try:
                getattr(suite, name)()
            except (KeyboardInterrupt, pytest.exit.Exception):
                raise
            except BaseException as error:  # noqa: BLE001 - a failing test raises what it likes
                failed[name] = error
    return failed


def tests_of(plugin: type[Plugin[Any]]) -> tuple[type[PluginTests], str]:
    """By what it is, and the attribute that names it there."""
    if issubclass(plugin, Lookup):
        return CashbookTests, "lookup"
    if issubclass(plugin, Pulls):
        return PigeonholeTests, "connector"
    if issubclass(plugin, Controls):
        return SwitchboardTests, "connector"
    return (MailslotTests if issubclass(plugin, Receives) else LetterboxTests), "connector"
