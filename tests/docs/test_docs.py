"""What the documents name is there: commands and options, settings, pages, keys, roles, abilities, links, pictures."""

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
from hub.settings import Settings
from tests.architecture.source import ROOT

DOCS = sorted((ROOT / "docs").glob("*.md"))
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


def commands() -> Iterator[Said]:
    for path in [*DOCS, ROOT / "deploy/README.md"] if (ROOT / "deploy/README.md").exists() else DOCS:
        fenced = re.findall(r"```\w*\n(.*?)```", text(path), re.S)
        lines = [line.strip() for block in fenced for line in block.replace("\\\n", " ").splitlines()]
        inline = re.findall(r"`(torg [^`]+)`", re.sub(r"```.*?```", "", text(path), flags=re.S))
        yield from (Said(path.name, line) for line in [*lines, *inline] if line.startswith("torg "))


@pytest.mark.parametrize("said", sorted(set(commands())), ids=str)
def test_a_command_is_there_with_its_options(said: Said) -> None:
    words = shlex.split(re.split(r" [|<>] ", said.line)[0])[1:]
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


def test_settings_are_told_by_their_names() -> None:
    first_word = re.findall(r"`([a-z]+_[a-z_]+|clamd)`", text(ROOT / "docs/it.md"))
    of_channels = {"peers"}
    assert first_word
    assert set(first_word) - of_channels <= set(Settings.__struct_fields__)
