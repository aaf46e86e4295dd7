"""A class that breaks a rule one can see is refused when it is registered, with the rule as a sentence."""

import pytest

from hub.plugin_host.manager import load
from tests.plugin_host.packages import GROUP, Packages

PLUGIN = '''
from collections.abc import Sequence
from msgspec import Struct
from hub.contract import Config, Connector, Controls, KeepsSent, Listens, Pulls, Receives, Sends, hook_impl

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
        ("Pulls", "async def pull(self, cursor): pass", "pulls, so it needs a parse"),
        ("Pulls", "parse = staticmethod(lambda group: [])", "a Pulls without a method pull"),
        ("KeepsSent", "", "a KeepsSent without a method keep_sent"),
        ("Controls", "", "a Controls without a method control"),
        ("Controls", "def control(self, order): pass", "control must be an async method"),
        ("Listens", "async def listen(self, keep): pass", "listens, so it needs a parse"),
        ("Listens", "parse = staticmethod(lambda group: [])", "a Listens without a method listen"),
        ("Receives", "", "a Receives without a method accept"),
        ("Receives", "async def accept(self, call): pass", "accept and answer must be plain methods"),
        ("Sends", "", "a Sends without a method send"),
        ("Sends", "def send(self, message, handing_over): pass", "send must be an async method"),
    ],
)
def test_a_rule(packages: Packages, base: str, body: str, rule: str) -> None:
    packages.add("plugin", PLUGIN.format(base=base, body=body))
    registry = load(built_ins=(), group=GROUP)
    assert registry.connectors == {}
    assert rule in registry.broken[0].sentence


LOOKUP = """
from hub.contract import Config, Lookup, hook_impl

class GoodConfig(Config, frozen=True):
    pass

class Source({base}):
    kind = "good"
    title = "Good"
    Config = GoodConfig
    answers = frozenset({{"invoice"}})
    async def find(self, subject): return []
    {body}

@hook_impl
def register_plugins(register):
    register.lookup(Source)
"""


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ("kind = 'Good'", "Source.kind must be a name"),
        ("title = ''", "Source.title must be"),
        ("Config = None", "Source.Config must be a class that derives"),
        ("find = Lookup.find", "Source needs an async method find"),
        ("def find(self, subject): return []", "Source needs an async method find"),
        ("answers = frozenset()", "Source.answers must be a frozenset"),
        ("answers = {'invoice'}", "Source.answers must be a frozenset"),
        ("answers = frozenset({'shoe size'})", "some of identity, customer"),
        ("says_whom = False", "doesn't say whom its cards are about"),
        ("allowed_paths = ('invoices',)", "lists 'invoices', which is no pattern"),
        ("allowed_paths = ('/(',)", "lists '/(', which is no pattern"),
        ("allowed_posts = (('search', ''),)", "lists 'search', which is no pattern"),
    ],
)
def test_a_rule_of_lookups(packages: Packages, body: str, rule: str) -> None:
    packages.add("source", LOOKUP.format(base="Lookup[GoodConfig]", body=body))
    registry = load(built_ins=(), group=GROUP)
    assert registry.lookups == {}
    assert rule in registry.broken[0].sentence


def test_a_lookup_derives_from_it(packages: Packages) -> None:
    packages.add("source", LOOKUP.format(base="object", body=""))
    assert "A lookup is a class that derives" in load(built_ins=(), group=GROUP).broken[0].sentence


def test_a_lookup_that_keeps_all_rules_is_taken(packages: Packages) -> None:
    packages.add("source", LOOKUP.format(base="Lookup[GoodConfig]", body=""))
    assert list(load(built_ins=(), group=GROUP).lookups) == ["good"]


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
