"""What documents name is there: commands and options, settings, pages, keys, roles, abilities, links, pictures."""

import re
import shlex
from collections.abc import Iterator
from functools import reduce
from html import unescape
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import click
import pytest

import hub.contract
from hub.access.person import ROLES
from hub.cli import COMMANDS
from hub.contract.plugin import Connector
from hub.edge import meter
from hub.lookups.definition import Declared
from hub.plugin_host.manager import load
from hub.settings import NOT_SETTINGS, Settings
from hub.watch import metrics
from tests.architecture.source import ROOT

DOCS = sorted((ROOT / "docs").glob("*.md"))
READMES = [ROOT / each / "README.md" for each in ("", "deploy", "connectors", "plugins", "plugins/lookups")]
PAGES = [*DOCS, *READMES]
COMMAND = re.compile(rf"^torg (?:[a-z]|--help).*|(?<=[ /])torg (?:{'|'.join(COMMANDS)})\b.*")
FENCED = re.compile(r"^```\w*\n(.*?)^```", re.S | re.M)
DIALOGS = (ROOT / "inbox_ui/templates/inbox/_dialogs.html").read_text("utf-8")
KEYS = {"Mod⇧↵": "Ctrl+Shift+Enter", "Mod↵": "Ctrl+Enter", "ModK": "Ctrl+K", "⇧ ": "Shift+", "↵": "Enter"}


class Said(NamedTuple):
    """A command as a document writes it."""

    file: str
    line: str

    def __str__(self) -> str:
        return f"{self.file}: {self.line}"


def text(path: Path) -> str:
    return path.read_text("utf-8")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def commands() -> Iterator[Said]:
    """In a block, after whatever stands before it on its line; and between backquotes."""
    for path in PAGES:
        whole = text(path).replace("\\\n", " ")
        rest = FENCED.sub("", whole)
        lines = [line for block in FENCED.findall(whole) for line in block.splitlines()]
        lines += re.findall(r"^ {4}(\S.*)", rest, re.M)
        lines += [" ".join(each.split()) for each in re.findall(r"`([^`]+)`", rest)]
        for line in lines:
            for part in re.split(r" (?:[|<>#]|&&) |\$\(", line):
                if found := COMMAND.search(part):
                    yield from (Said(name(path), each) for each in alternatives(found[0].strip(" )")))


def alternatives(said: str) -> Iterator[str]:
    """`torg prove ingest|send` are two."""
    listed = next((word for word in said.split() if "|" in word), "")
    yield from (said.replace(listed, each, 1) for each in listed.split("|")) if listed else [said]


def test_commands_are_found_where_there_are_some() -> None:
    assert {each.file for each in commands()} >= {name(path) for path in READMES}


@pytest.mark.parametrize("said", sorted(set(commands())), ids=str)
def test_a_command_is_there_with_its_options(said: Said) -> None:
    words = shlex.split(said.line)[1:]
    if words[0] == "--help":
        return
    assert words[0] in COMMANDS
    command: click.Command = import_module(COMMANDS[words.pop(0)][0]).command
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        assert words[0] in command.commands, f"{command.name} has no {words[0]}"
        command = command.commands[words.pop(0)]
    known = {option for each in command.params for option in each.opts} | {"--help"}
    assert {word.partition("=")[0] for word in words if word.startswith("-")} <= known


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_a_link_leads_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", text(path)):
        file, _, heading = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        assert there.exists(), target
        if heading:
            headings = re.findall(r"^#+ (.+)$", text(there), re.M)
            assert heading in {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}, target


def test_every_page_is_listed() -> None:
    listed = re.findall(r"\]\((\w[\w-]*\.md)\)", text(ROOT / "docs/README.md"))
    assert set(listed) == {path.name for path in DOCS} - {"README.md"}


def test_every_key_is_told_as_the_desk_tells_it() -> None:
    listed = re.findall(r'\{\{ key\((?:_|pgettext)\((?:"verb", )?"([^"]+)"\), "([^"]+)"\) \}\}', DIALOGS)
    assert listed
    cells = [each.strip() for line in text(ROOT / "docs/agents.md").splitlines() for each in line.split("|")]
    for words, keys in listed:
        named = reduce(lambda said, sign: said.replace(sign, KEYS[sign]), KEYS, keys)
        told = " ".join(f"`{key}`" for key in named.split())
        assert (told, unescape(words)) in set(pairwise(cells)), f"agents.md: {told} {words}"


def test_every_role_is_told() -> None:
    told = re.findall(r"^\| `(\w+)` \|", text(ROOT / "docs/data-protection.md"), re.M)
    assert set(told) == set(ROLES)


def test_abilities_errors_and_hook_are_told_by_their_names() -> None:
    said = text(ROOT / "docs/plugin-authors.md")
    named = set(re.findall(r"`([A-Z]\w+)`", said)) - {"Config", "KIND", "FILE"}
    assert named <= set(hub.contract.__all__), named - set(hub.contract.__all__)
    abilities = {each for each in dir(hub.contract) if _is_ability(getattr(hub.contract, each))}
    assert abilities <= named
    assert {"register_plugins"} <= set(re.findall(r"`(\w+)\(register\)`", said))


def _is_ability(thing: object) -> bool:
    return isinstance(thing, type) and issubclass(thing, Connector) and thing is not Connector


@pytest.fixture(scope="module")
def names() -> set[str]:
    """Settings, kinds of channels and their settings, figures, and words of the contract and of a lookup's file."""
    found = {*Settings.__struct_fields__, *Declared.__struct_fields__, *dir(hub.contract), *metrics.HELP, *meter.HELP}
    for kind, connector in load().connectors.items():
        found |= {kind, *connector.Config.__struct_fields__}
    return found


@pytest.mark.parametrize("path", [*DOCS, ROOT / "deploy/README.md"], ids=name)
def test_settings_are_told_by_their_names(path: Path, names: set[str]) -> None:
    assert set(re.findall(r"`([a-z]+(?:_[a-z]+)+)[`=]", text(path))) <= names


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_variables_are_settings(path: Path) -> None:
    named = set(re.findall(r"\bTORG_(?!TEST_)[A-Z_]+", text(path))) - NOT_SETTINGS
    assert {each.removeprefix("TORG_").lower() for each in named} <= set(Settings.__struct_fields__)
