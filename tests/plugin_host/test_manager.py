"""Built-ins and packages come through the same door, and one that is broken stops no other."""

import pytest

from hub.errors import Invalid
from hub.plugin_host.built_in import BUILT_INS
from hub.plugin_host.manager import load
from hub.plugin_host.registry import Broken, Registry
from tests.plugin_host.packages import GOOD, GROUP, Packages


def good(kind: str) -> str:
    return GOOD.format(kind=kind)


def load_packages(*built_ins: str, blocked: tuple[str, ...] = ()) -> Registry:
    return load(blocked, built_ins, GROUP)


def test_our_own_all_load() -> None:
    registry = load(group=GROUP)
    assert registry.broken == []
    web = ["web_chat", "web_form"]
    mail = ["eml_folder", "graph_mail", "imap", "mail", "smtp", "smtp_in"]
    phones = ["asterisk_ami", "elks", "phone_log", "phone_webhook"]
    assert sorted(registry.connectors) == sorted([*phones, *web, *mail])
    assert sorted(registry.lookups) == ["byggr", "edp_future", "municipal_invoices", "rest", "sql", "table"]
    assert sorted(registry.routers) == ["by_recipient"]
    assert [plugin.name for plugin in registry.loaded] == list(BUILT_INS)
    assert all(plugin.built_in for plugin in registry.loaded)


def test_a_package_is_found_by_its_entry_point(packages: Packages) -> None:
    packages.add("knocker", good("knocker"))
    registry = load_packages()
    assert registry.connector("knocker").title == "Knocks"
    brought = registry.brought_by("knocker")
    assert (brought.name, brought.version, brought.built_in, brought.connectors) == (
        "knocker",
        "1.2.3",
        False,
        ("knocker",),
    )


def test_a_built_in_comes_through_the_same_door(packages: Packages) -> None:
    registry = load_packages(packages.module("ours", good("ours")))
    assert registry.brought_by("ours").built_in


def test_an_unknown_kind_names_those_there_are(packages: Packages) -> None:
    packages.add("one", good("one"))
    packages.add("two", good("two"))
    registry = load_packages()
    with pytest.raises(Invalid, match=r"'three'\. There are: one, two\.") as invalid:
        registry.connector("three")
    assert invalid.value.field == "kind"
    with pytest.raises(Invalid, match="There are: none") as invalid:
        registry.router("three")
    assert invalid.value.field == "routers"


def test_what_settings_block_is_not_even_imported(packages: Packages) -> None:
    packages.add("blocked", "raise RuntimeError('imported')")
    ours = packages.module("ours", "raise RuntimeError('imported')")
    packages.add("other", good("other"))
    registry = load_packages(ours, blocked=("blocked", "ours"))
    assert (registry.broken, list(registry.blocked), list(registry.connectors)) == ([], ["ours", "blocked"], ["other"])


HOOK = """
    from hub.contract import hook_impl
    @hook_impl
"""


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("import no_such_library", "ModuleNotFoundError: No module named 'no_such_library'"),
        ("def def", "SyntaxError"),
        ("raise SystemExit('bye')", "SystemExit: bye"),
        ("1 / 0", "ZeroDivisionError: division by zero (<module>, line 1)"),
        ("x = 1", "no function register_plugins"),
        (HOOK + "    def register_pluggins(register): pass", "register_pluggins"),
        (HOOK + "    def register_plugins(registry): pass", "registry"),
        (HOOK + "    def register_plugins(register): register.connectors(int)", "AttributeError"),
        (HOOK + "    def register_plugins(register): raise KeyError('x')", "KeyError: 'x' (register_plugins, line 4)"),
        (HOOK + "    async def register_plugins(register): pass", "plain function"),
        (HOOK + "    def register_plugins(register): register.connector(int)", "derives from hub.contract.Connector"),
        (
            HOOK + "    def register_plugins(register): register.connector('smtp')",
            "derives from hub.contract.Connector",
        ),
        (HOOK + "    def register_plugins(register): register.router('', print)", "A router has a name"),
        (HOOK + "    def register_plugins(register): register.router('x', 7)", "A router has a name"),
    ],
)
def test_a_broken_plugin_is_a_line_and_the_others_load(packages: Packages, code: str, sentence: str) -> None:
    packages.add("broken", code, version="0.9")
    packages.add("after", good("after"))
    packages.add("also_before", good("before"))
    registry = load_packages()
    assert sorted(registry.connectors) == ["after", "before"]
    (broken,) = registry.broken
    assert (broken.name, broken.version) == ("broken", "0.9")
    assert sentence in broken.sentence


def test_a_broken_built_in_is_a_line_too(packages: Packages) -> None:
    registry = load_packages(packages.module("ours", "import no_such_library"), packages.module("fine", good("fine")))
    assert list(registry.connectors) == ["fine"]
    assert registry.broken[0].name == "ours"


def test_two_wrong_hook_names_are_two_lines(packages: Packages) -> None:
    for name in ("first", "second"):
        packages.add(name, HOOK + f"    def register_{name}(register): pass")
    assert [(broken.name, f"register_{broken.name}" in broken.sentence) for broken in load_packages().broken] == [
        ("first", True),
        ("second", True),
    ]


def test_the_second_of_a_kind_is_refused_and_brings_nothing(packages: Packages) -> None:
    packages.add("first", good("knocker"))
    packages.add("second", good("knocker") + "        register.router('second', lambda arrival: None)\n")
    registry = load_packages()
    assert registry.brought_by("knocker").name == "first"
    assert registry.routers == {}
    assert registry.broken == [
        Broken("second", "1.2.3", "The kind knocker is there already: rename it, or block one plugin.")
    ]


def test_the_second_router_of_a_name_is_refused(packages: Packages) -> None:
    for name in ("first", "second"):
        packages.add(
            name, HOOK + "    def register_plugins(register): register.router('by_moon', lambda arrival: None)"
        )
    registry = load_packages()
    assert [broken.name for broken in registry.broken] == ["second"]
    assert "by_moon" in registry.broken[0].sentence


def test_the_second_entry_point_of_a_name_is_refused(packages: Packages) -> None:
    packages.add("first", good("first"), point="plugin")
    packages.add("second", good("second"), point="plugin")
    registry = load_packages()
    assert list(registry.connectors) == ["first"]
    assert registry.broken[0].sentence == "Another plugin has this name already."


def test_of_a_plugin_with_one_bad_class_nothing_stays(packages: Packages) -> None:
    packages.add("half", good("half") + "        register.connector(int)\n")
    registry = load_packages()
    assert (registry.connectors, len(registry.broken)) == ({}, 1)


def test_a_long_error_is_cut(packages: Packages) -> None:
    packages.add("chatty", "raise ValueError('x' * 10_000)")
    assert len(load_packages().broken[0].sentence) < 500
