"""A class that breaks a rule one can see is refused when it is registered, with the rule as a sentence."""

import pytest

from hub.plugin_host.manager import load
from tests.plugin_host.packages import GROUP, Packages

PLUGIN = '''
from collections.abc import Sequence
from msgspec import Struct
from hub.contract import Config, Connector, Listens, Sends, hook_impl

class GoodConfig(Config, frozen=True):
    """Nothing to set."""

class Open(Config, frozen=True, forbid_unknown_fields=False):
    """Takes anything."""

class Bare(Struct, frozen=True, forbid_unknown_fields=True):
    """No Config."""

class Thawed(Struct, forbid_unknown_fields=True):
    """Can be changed."""

class Plugin({base}[GoodConfig]):
    kind = "good"
    title = "Good"
    Config = GoodConfig
    {body}

@hook_impl
def register_plugins(register):
    register.connector(Plugin)
'''


@pytest.mark.parametrize(
    ("base", "body", "rule"),
    [
        ("Connector", "kind = None", "Plugin.kind must be a name"),
        ("Connector", "kind = ''", "Plugin.kind must be a name"),
        ("Connector", "kind = 'Good'", "Plugin.kind must be a name"),
        ("Connector", "kind = '2good'", "Plugin.kind must be a name"),
        ("Connector", "kind = 'good-one'", "Plugin.kind must be a name"),
        ("Connector", "kind = 'good\\n'", "Plugin.kind must be a name"),
        ("Connector", "kind = 7", "Plugin.kind must be a name"),
        ("Connector", "title = ''", "Plugin.title must be"),
        ("Connector", "title = None", "Plugin.title must be"),
        ("Connector", "Config = None", "Plugin.Config must be a class that derives"),
        ("Connector", "Config = Bare", "Plugin.Config must be a class that derives"),
        ("Connector", "Config = Thawed", "Plugin.Config must be a class that derives"),
        ("Connector", "Config = GoodConfig()", "Plugin.Config must be a class that derives"),
        ("Connector", "Config = Open", "must be frozen and forbid unknown fields"),
        ("Connector", "def parse(self, group): return []", "parse must be a staticmethod"),
        ("Connector", "parse = classmethod(lambda cls, group: [])", "parse must be a staticmethod"),
        ("Listens", "async def listen(self, keep): pass", "listens, so it needs a parse"),
        ("Listens", "parse = staticmethod(lambda group: [])", "a Listens without a method listen"),
        ("Sends", "", "a Sends without a method send"),
        ("Sends", "def send(self, message, handing_over): pass", "send must be an async method"),
    ],
)
def test_a_rule(packages: Packages, base: str, body: str, rule: str) -> None:
    packages.add("plugin", PLUGIN.format(base=base, body=body))
    registry = load(built_ins=(), group=GROUP)
    assert registry.connectors == {}
    assert rule in registry.broken[0].sentence


@pytest.mark.parametrize("missing", ["kind", "title", "Config"])
def test_what_is_missing_altogether(packages: Packages, missing: str) -> None:
    code = "\n".join(line for line in PLUGIN.splitlines() if not line.startswith(f"    {missing} ="))
    packages.add("plugin", code.format(base="Connector", body=""))
    registry = load(built_ins=(), group=GROUP)
    assert f"Plugin.{missing} must be" in registry.broken[0].sentence


def test_all_that_is_wrong_is_said_at_once(packages: Packages) -> None:
    packages.add("plugin", PLUGIN.format(base="Sends", body="kind = title = Config = None"))
    sentence = load(built_ins=(), group=GROUP).broken[0].sentence
    assert all(word in sentence for word in ("kind", "title", "Config", "send"))


def test_what_keeps_all_rules_is_taken(packages: Packages) -> None:
    packages.add("plugin", PLUGIN.format(base="Connector", body=""))
    assert list(load(built_ins=(), group=GROUP).connectors) == ["good"]
