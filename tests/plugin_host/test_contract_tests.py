"""The contract's tests fail for what they are there to find, and for nothing else."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from hub.contract import Connector
from hub.contract.testing import ConnectorTests
from tests.plugin_host.broken_plugins import BROKEN
from tests.plugin_host.letterbox import Letterbox
from tests.plugin_host.letterbox_tests import LetterboxTests, failures

ABILITIES = "test_every_ability_is_tested"


def test_a_connector_that_keeps_every_rule_passes() -> None:
    assert failures(Letterbox) == {}


@pytest.mark.parametrize("plugin", BROKEN, ids=lambda plugin: plugin.__name__)
def test_a_broken_plugin_fails_exactly_its_rule(plugin: type[Connector[Any]]) -> None:
    assert failures(plugin).keys() == BROKEN[plugin]


def test_every_rule_has_a_plugin_that_breaks_it() -> None:
    rules = {name for name in dir(LetterboxTests) if name.startswith("test_")} - {ABILITIES}
    assert rules == set().union(*BROKEN.values())


def test_who_sends_and_listens_cannot_do_without_their_tests() -> None:
    class Careless(ConnectorTests):
        connector = Letterbox
        samples: ClassVar[Sequence[Path]] = LetterboxTests.samples
        settings: ClassVar[Mapping[str, Any]] = LetterboxTests.settings

    with pytest.raises(pytest.fail.Exception, match="inherit SendTests"):
        Careless().test_every_ability_is_tested()


def test_who_parses_cannot_do_without_samples() -> None:
    class Careless(LetterboxTests):
        connector = Letterbox
        samples: ClassVar[Sequence[Path]] = ()

    with pytest.raises(pytest.fail.Exception, match="needs samples"):
        Careless().test_every_ability_is_tested()
