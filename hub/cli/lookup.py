"""`torg lookup`: read-only questions to other systems, each declared by a file."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import click
import msgspec

from hub.cli import named
from hub.cli.installation import COMMAND_LINE, installation, note_act
from hub.cli.output import JSON, print_items, print_json
from hub.cli.setting_values import SPLIT, Typed, read_values
from hub.contract import Config, Identifier, Misconfigured, PluginError, Secret
from hub.contract.config import secret_fields
from hub.edge import owning
from hub.edge.making import Ended
from hub.errors import Invalid
from hub.lookups import definition
from hub.lookups.ask import ask
from hub.lookups.definition import Declared, Published
from hub.lookups.file import line_of, read, write
from hub.lookups.open import tried
from hub.lookups.question import Answered, Question, required_purpose
from hub.lookups.sources import Sources
from hub.plugin_host.http import Forbidden
from hub.plugin_host.manager import load
from hub.plugin_host.registry import LookupClass
from hub.settings import load_settings
from hub.storage.unit import Unit

_FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
_FILES = click.option(
    "--set-file", "files", metavar="NAME=FILE", multiple=True, callback=SPLIT, help="A secret setting, from a file."
)
_STDIN = click.option("--set-stdin", "stdin", metavar="NAME", help="A secret setting, from standard input.")
_WHOSE = click.option("--municipality", required=True, help="Whose it is: code or id.")
_TITLES = ("municipality", "name", "version", "state", "kind", "title")


@click.group("lookup")
def command() -> None:
    """Lookups: read-only questions to economy, waste and permit systems."""


@command.command("check")
@_FILE
@_FILES
@_STDIN
def _check(file: Path, files: Sequence[tuple[str, str]], stdin: str | None) -> None:
    """Read a file that declares a lookup, and try the source. Nothing is saved.

    Example: torg lookup check invoices.toml --set-file client_secret=secret.txt
    """
    registry = load(load_settings().blocked_plugins)
    text = _text(file)
    declared, cls, config = read(text, registry, _given(files, stdin))
    try_source(cls, config, text)
    click.echo(f"{declared.name} works: {cls.title}, asked by {', '.join(sorted(cls.bounds(config).answers))}.")


@command.command("import")
@_FILE
@_WHOSE
@_FILES
@_STDIN
@JSON
def _import(
    *, file: Path, municipality: str, files: Sequence[tuple[str, str]], stdin: str | None, as_json: bool
) -> None:
    """Publish what a file declares, as the newest version of its name. The source is tried first.

    Where it shows more than now, and a department answers for it, it waits until its owner agrees.

    Secrets that aren't given are kept of the version that is published, where the source's address is the same.

    Example: torg lookup import invoices.toml --municipality granvik --set-file client_secret=secret.txt
    """
    with installation() as here:
        registry = load(here.settings.blocked_plugins)
        text, before = _text(file), dict[str, Any]()

        def kept(declared: Declared) -> Mapping[str, object]:
            before.update(here.read(_secrets, municipality, declared, registry.lookup(declared.kind)))
            return before

        declared, cls, config = read(text, registry, _given(files, stdin), kept)
        try_source(cls, config, text)
        ended = here.write(publish, municipality, declared, config)
    again = sorted(name for name, value in before.items() if getattr(config, name) == Secret(value))
    if as_json:
        print_json({"state": ended.what, "version": ended.number or None, "kept": again})
    else:
        _tell(declared.name, ended)
        if again:
            click.echo(f"As in the version before: {', '.join(again)}.")


@command.command("export")
@click.argument("name")
@_WHOSE
def _export(name: str, municipality: str) -> None:
    """Print the published version as a file. Its secrets stay here.

    Example: torg lookup export invoices --municipality granvik > invoices.toml
    """
    with installation() as here:
        declared = here.read(_declared, municipality, name)
        kinds = load(here.settings.blocked_plugins).lookups
    click.echo(write(declared, kinds.get(declared.kind)), nl=False)


@command.command("roll-back")
@click.argument("name")
@click.argument("version", type=int)
@_WHOSE
def _roll_back(name: str, version: int, municipality: str) -> None:
    """Publish an earlier version again. Where it shows more than now, it waits for its owner as an import does.

    Example: torg lookup roll-back invoices 3 --municipality granvik
    """
    with installation() as here:
        ended = here.write(_published_again, municipality, name, version)
    _tell(name, ended)


@command.command("withdraw")
@click.argument("name")
@_WHOSE
def _withdraw(name: str, municipality: str) -> None:
    """Ask it no more. Its versions are kept: roll-back and import bring it back, and topics go on naming it.

    Example: torg lookup withdraw invoices --municipality granvik
    """
    with installation() as here:
        was = here.write(_withdrawn, municipality, name)
    click.echo(f"Withdrew {name}: torg lookup roll-back {name} {was.version} brings it back.")
    if was.declared.register:
        click.echo("It told who has a protected identity: what it said last holds, and nobody new is known by it.")


@command.command("list")
@click.option("--municipality", help="Only this one's: code or id.")
@JSON
def _list(municipality: str | None, as_json: bool) -> None:
    """Show lookups with their versions."""
    with installation() as here:
        items = here.read(_items, municipality)
    print_items(items, _TITLES, _row, "No lookup yet: torg lookup import publishes one.", as_json=as_json)


@command.command("ask")
@click.argument("name")
@_WHOSE
@click.option("--by", required=True, metavar="KEY=VALUE", help=f"One of {', '.join(get_args(Identifier))}.")
@click.option("--purpose", required=True, help="What it is needed for; kept in the access log.")
@JSON
def _ask(*, name: str, municipality: str, by: str, purpose: str, as_json: bool) -> None:
    """Ask a source, and print its cards. The question is written into the audit before it is asked.

    Example: torg lookup ask invoices --municipality granvik --by invoice=53489546 --purpose "The citizen asks"
    """
    key, value = _subject(by)
    with installation() as here:
        registry = load(here.settings.blocked_plugins)
        whose = here.read(lambda unit: named.municipality(unit, municipality).id)
        question = Question(whose, name, key, value, required_purpose(purpose))
        answered = asyncio.run(_asked(Sources(here.storage, registry), question))
    if as_json:
        print_json(msgspec.to_builtins(answered))
    else:
        _say(answered)


async def _asked(sources: Sources, question: Question) -> Answered:
    try:
        return await ask(sources, COMMAND_LINE, None, question)
    finally:
        await sources.close()


def _text(file: Path) -> str:
    content = file.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = content.count(b"\n", 0, error.start) + 1
        raise Invalid(
            "", f"line {number}: {file} isn't UTF-8: save it as UTF-8, which editors ask for as encoding"
        ) from error


def _given(files: Sequence[tuple[str, str]], stdin: str | None) -> Callable[[LookupClass], Mapping[str, object]]:
    return lambda cls: read_values(cls, Typed((), files, stdin))


def _secrets(unit: Unit, municipality: str, declared: Declared, cls: LookupClass) -> Mapping[str, object]:
    whose = named.municipality(unit, municipality).id
    return definition.secrets_kept(unit, whose, declared, secret_fields(cls.Config))


def try_source(cls: LookupClass, config: Config, text: str = "") -> None:
    """Whether a source can be asked with these settings, of a file with this text. Raises Invalid."""
    try:
        asyncio.run(tried(cls, config))
    except Misconfigured as error:
        said = str(error) if error.field in str(error) else f"{error.field}: {error}"
        raise Invalid(error.field, f"{line_of(text, error.field)}{said}") from error
    except PluginError as error:
        raise Invalid("", f"the source can't be used: {error}") from error
    except Forbidden as error:
        raise Invalid("settings", f"these settings ask for what no lookup may: {error}") from error


def publish(unit: Unit, municipality: str, declared: Declared, config: Config) -> Ended:
    """As the newest version of its name there, or as a draft that waits for its owner."""
    return owning.publish(unit, named.municipality(unit, municipality).id, declared, config)


def _tell(name: str, ended: Ended) -> None:
    if ended.what == "published":
        click.echo(f"Published {name}, version {ended.number}.")
    else:
        click.echo(f"{name} shows more than now: it waits until who answers for it approves that, on its page.")


def _declared(unit: Unit, municipality: str, name: str) -> Declared:
    return definition.published(unit, named.municipality(unit, municipality).id, name).declared


def _published_again(unit: Unit, municipality: str, name: str, version: int) -> Ended:
    return owning.roll_back(unit, named.municipality(unit, municipality).id, name, version)


def _withdrawn(unit: Unit, municipality: str, name: str) -> Published:
    whose = named.municipality(unit, municipality)
    was = definition.withdraw(unit, whose.id, name)
    note_act(unit, "lookup.withdraw", "lookup", was.id, whose.id)
    return was


def _items(unit: Unit, municipality: str | None) -> list[dict[str, Any]]:
    codes = named.municipality_codes(unit)
    whose = None if municipality is None else named.municipality(unit, municipality).id
    return [
        {
            "id": str(row.id),
            "municipality": codes[row.municipality_id],
            "name": row.name,
            "version": row.version,
            "state": row.state,
            "kind": row.definition["kind"],
            "title": named.in_language(row.definition["title"]),
        }
        for row in definition.all_of(unit, whose)
    ]


def _row(item: dict[str, Any]) -> Sequence[object]:
    return [item[title] for title in _TITLES]


def _subject(by: str) -> tuple[Identifier, str]:
    key, sign, value = by.partition("=")
    if not sign or key not in get_args(Identifier):
        raise Invalid("by", f"--by is KEY=VALUE, and KEY is one of {', '.join(get_args(Identifier))}")
    return msgspec.convert(key, Identifier), value.strip()


def _say(answered: Answered) -> None:
    if answered.sentence:
        click.echo(answered.sentence)
    for suggestion in answered.suggestions:
        click.echo(f"Did you mean: {suggestion}")
    for card in answered.cards:
        fields = {name: value for name, value in msgspec.to_builtins(card).items() if value not in (None, "", [], ())}
        click.echo("\n".join(f"{name}: {value}" for name, value in fields.items()) + "\n")
    if answered.state == "none":
        click.echo("Nothing is known of it there.")
