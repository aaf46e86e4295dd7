"""The contract's tests fail for what they are there to find, and for nothing else."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from hub.contract import Plugin
from hub.contract.testing import ConnectorTests, ControlTests, KeepSentTests, PullTests
from tests.plugin_host.broken_keepers import BROKEN_KEEPERS
from tests.plugin_host.broken_lookups import BROKEN_LOOKUPS
from tests.plugin_host.broken_pigeonholes import BROKEN_PULLS
from tests.plugin_host.broken_plugins import BROKEN
from tests.plugin_host.broken_receivers import BROKEN_RECEIVERS
from tests.plugin_host.broken_switchboards import BROKEN_SWITCHBOARDS
from tests.plugin_host.cashbook import Cashbook
from tests.plugin_host.cashbook_tests import CashbookTests
from tests.plugin_host.failures import failures
from tests.plugin_host.letterbox import Letterbox
from tests.plugin_host.letterbox_tests import LetterboxTests
from tests.plugin_host.mailslot import Mailslot
from tests.plugin_host.mailslot_tests import MailslotTests
from tests.plugin_host.pigeonhole import Pigeonhole
from tests.plugin_host.switchboard import Switchboard

OF_THE_TESTS = {"test_every_ability_is_tested", "test_it_has_samples"}
"""What the author of the tests keeps, not of the plugin."""


@pytest.mark.parametrize("plugin", [Letterbox, Mailslot, Pigeonhole, Switchboard, Cashbook])
def test_a_plugin_that_keeps_every_rule_passes(plugin: type[Plugin[Any]]) -> None:
    assert failures(plugin) == {}


ALL_BROKEN: Mapping[type[Plugin[Any]], set[str]] = dict(
    [
        *BROKEN.items(),
        *BROKEN_RECEIVERS.items(),
        *BROKEN_PULLS.items(),
        *BROKEN_KEEPERS.items(),
        *BROKEN_SWITCHBOARDS.items(),
        *BROKEN_LOOKUPS.items(),
    ]
)


@pytest.mark.parametrize("plugin", ALL_BROKEN, ids=lambda plugin: plugin.__name__)
def test_a_broken_plugin_fails_exactly_its_rule(plugin: type[Plugin[Any]]) -> None:
    assert failures(plugin).keys() == ALL_BROKEN[plugin]


def test_every_rule_has_a_plugin_that_breaks_it() -> None:
    for tests, broken in ((LetterboxTests, BROKEN), (CashbookTests, BROKEN_LOOKUPS)):
        rules = {name for name in dir(tests) if name.startswith("test_")} - OF_THE_TESTS
        assert rules == set[str]().union(*broken.values())
    rules = {name for name in dir(MailslotTests) if name.startswith("test_")} - set(dir(LetterboxTests))
    assert rules == set[str]().union(*BROKEN_RECEIVERS.values())
    for of_one, broken_ones in (
        (PullTests, BROKEN_PULLS),
        (KeepSentTests, BROKEN_KEEPERS),
        (ControlTests, BROKEN_SWITCHBOARDS),
    ):
        of_it = {name for name in vars(of_one) if name.startswith("test_")}
        assert of_it == set[str]().union(*broken_ones.values())


def test_who_sends_and_listens_cannot_do_without_their_tests() -> None:
    class Careless(ConnectorTests):
        connector = Letterbox
        samples: ClassVar[Sequence[Path]] = LetterboxTests.samples
        settings: ClassVar[Mapping[str, Any]] = LetterboxTests.settings

    with pytest.raises(pytest.fail.Exception, match="inherit ListenTests"):
        Careless().test_every_ability_is_tested()


def test_who_is_called_cannot_do_without_its_tests() -> None:
    class Careless(ConnectorTests):
        connector = Mailslot
        samples: ClassVar[Sequence[Path]] = MailslotTests.samples
        settings: ClassVar[Mapping[str, Any]] = MailslotTests.settings

    with pytest.raises(pytest.fail.Exception, match="inherit ReceiveTests"):
        Careless().test_every_ability_is_tested()


def test_who_parses_cannot_do_without_samples() -> None:
    class Careless(LetterboxTests):
        connector = Letterbox
        samples: ClassVar[Sequence[Path]] = ()

    with pytest.raises(pytest.fail.Exception, match="needs samples"):
        Careless().test_every_ability_is_tested()


def test_a_lookup_cannot_do_without_samples() -> None:
    class Careless(CashbookTests):
        lookup = Cashbook
        samples: ClassVar[Sequence[Path]] = ()

    with pytest.raises(AssertionError, match="needs samples"):
        Careless().test_it_has_samples()
