"""`torg channel`: configured connectors."""

import asyncio
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import click
import msgspec

from hub.channels import add as adding
from hub.channels import settings
from hub.channels.change import change
from hub.channels.channel import Channel
from hub.channels.pause import pause, resume
from hub.channels.trying import try_out
from hub.cli import channel_kinds, channel_reconcile, named
from hub.cli.channel_list import TITLES, all_channels, cells
from hub.cli.installation import Installation, installation, note_act
from hub.cli.output import JSON, print_added, print_items, print_json, print_table
from hub.cli.setting_values import SPLIT, Typed, added_to, apart, dropped, read_values
from hub.contract import Config, KeepsSent, Listens, PluginError, Pulls, Secret, Sends
from hub.contract.steps import CheckStep, Steps
from hub.edge import given_anew as anew
from hub.errors import Invalid, TorgError
from hub.plugin_host.manager import load
from hub.plugin_host.registry import Registry
from hub.settings import load_settings
from hub.storage.unit import Unit

_NOBODY = 0
"""Whoever runs commands is no person of Torg's."""
_GIVEN_ANEW = click.option(
    "--given-anew",
    default="",
    metavar="SEALED",
    help="What a refused command said of a token that serves once.",
)


@click.group("channel")
def command() -> None:
    """Channels: what brings messages in and takes them out."""


command.add_command(channel_reconcile.command)


@command.command("kinds")
@JSON
def _kinds(as_json: bool) -> None:
    """Show the kinds of channels and the settings that each takes, with their defaults.

    Example: torg channel kinds
    """
    kinds = channel_kinds.all_kinds(load(load_settings().blocked_plugins))
    nothing = "No plugin brings a kind of channel: torg plugins list tells why."
    if as_json:
        print_json({"items": kinds})
    else:
        print_table(channel_kinds.TITLES, channel_kinds.rows_of(kinds), nothing)


@command.command("add")
@click.argument("kind")
@click.option("--municipality", help="Whose it is: code or id. Without it the channel is shared.")
@click.option("--sends-by", type=int, metavar="ID", help="The channel that answers leave by.")
@click.option("--name", required=True, help="What people call it.")
@click.option(
    "--set", "given", metavar="NAME=VALUE", multiple=True, callback=SPLIT, help="A setting; a mapping also as a=b,c=d."
)
@click.option(
    "--set-file", "files", metavar="NAME=FILE", multiple=True, callback=SPLIT, help="A secret setting, from a file."
)
@click.option("--set-stdin", "stdin", metavar="NAME", help="A secret setting, from standard input.")
@_GIVEN_ANEW
@JSON
def _add(
    *,
    kind: str,
    municipality: str | None,
    sends_by: int | None,
    name: str,
    given: Sequence[tuple[str, str]],
    files: Sequence[tuple[str, str]],
    stdin: str | None,
    given_anew: str,
    as_json: bool,
) -> None:
    """Add a channel: its settings are tried first, and it is saved only when they work. torg channel kinds lists them.

    \b
    Examples:
      torg channel add smtp --name "Mail out" --set host=mail.granvik.example --set username=torg \\
        --set-stdin password < password.txt
      torg channel add smtp --name "Mail out" --set host=127.0.0.1 --set port=25 --set security=none
      torg channel add smtp_in --municipality granvik --sends-by 7314159265358979 --name "Mail in" \\
        --set addresses=kommunen@granvik.example=granvik/Kundtjänst --set port=8025
    """
    name = named.plain(name)
    with installation() as here:
        registry = load(here.settings.blocked_plugins)
        values = read_values(registry.connector(kind), Typed(given, files, stdin))
        here.read(_refuse_unknown, registry, municipality, sends_by)
        with _unless_refused(here, f"kind {kind}", values, given_anew) as (values, renewed):
            cls, config = here.read(adding.prepare, registry, kind, values)
            config = asyncio.run(adding.check(cls, config, renewed=renewed))
            channel_id = here.write(_write, kind, name, config, municipality=municipality, sends_by=sends_by)
    print_added("channel", channel_id, as_json=as_json)
    if as_json:
        return
    if hasattr(config, "lines"):  # calls: nobody answers them by a channel that sends
        if municipality is None:
            click.echo(
                "A call that none of its lines names is set aside, and nobody is rung: name them all in `lines`. "
                "What was set aside is read by `torg replay --failed` once its line is named."
            )
    elif sends_by is None and issubclass(cls, Listens | Pulls):
        click.echo(f"What comes by it can't be answered yet: torg channel set {channel_id} --sends-by ID")


@command.command("set")
@click.argument("channel_id", metavar="ID", type=int)
@click.argument("given", metavar="[NAME=VALUE]...", nargs=-1, callback=SPLIT)
@click.option(
    "--set",
    "more",
    metavar="NAME=VALUE",
    multiple=True,
    callback=SPLIT,
    help="The same, written as for torg channel add.",
)
@click.option("--name", help="What people call it.")
@click.option("--sends-by", type=int, metavar="ID", help="The channel that answers leave by from now on.")
@click.option(
    "--per-minute", type=click.IntRange(0, 10_000), help="Mails that leave by it in a minute; 0: all at once."
)
@click.option(
    "--keeps-sent/--no-keeps-sent", default=None, help="Whether answers to its mails are put into its Sent folder."
)
@click.option(
    "--set-file", "files", metavar="NAME=FILE", multiple=True, callback=SPLIT, help="A secret setting, from a file."
)
@click.option("--set-stdin", "stdin", metavar="NAME", help="A secret setting, from standard input.")
@_GIVEN_ANEW
def _set(
    *,
    channel_id: int,
    given: Sequence[tuple[str, str]],
    more: Sequence[tuple[str, str]],
    name: str | None,
    sends_by: int | None,
    per_minute: int | None,
    keeps_sent: bool | None,
    files: Sequence[tuple[str, str]],
    stdin: str | None,
    given_anew: str,
) -> None:
    """Change a channel: its settings, its name, by which one answers leave, and how fast; what isn't named stays.

    Settings are tried first, and saved only when they work; whoever runs the channel begins anew with them within
    seconds. A paused one stays paused. A delivery that waits leaves by the channel that it was written for. NAME=VALUE
    takes the place of all that a mapping or list has, and says what that was; NAME+=VALUE adds to it.

    \b
    Examples:
      torg channel set 7314159265358979 port=2525 peers=10.1.0.5,10.1.0.6
      torg channel set 7314159265358979 lines+=+46191234567=granvik/Kundtjänst
      torg channel set 7314159265358979 --set-stdin password < password.txt
      torg channel set 7314159265358979 --sends-by 2718281828459045
    """
    given = [*given, *more]
    has_settings = bool(given or files or stdin)
    changes = any(each is not None for each in (name, sends_by, per_minute, keeps_sent))
    if not has_settings and not changes:
        raise Invalid("", "say what to change: NAME=VALUE, --set-file, --set-stdin, or one of the options")
    name = None if name is None else named.plain(name)
    was: dict[str, Any] = {}
    values: dict[str, object] = {}
    with installation() as here:
        registry = load(here.settings.blocked_plugins)
        here.read(_refuse_unknown, registry, None, sends_by)
        if has_settings:
            cls = registry.connector(here.read(_kind_of, channel_id))
            plain, added = apart(given)
            values = read_values(cls, Typed(plain, files, stdin))
            was = here.read(_config_of, channel_id)
            values |= added_to(was, read_values(cls, Typed(added)), values)
            with _unless_refused(here, f"channel {channel_id}", values, given_anew) as (values, renewed):
                made = here.read(settings.draft, registry, channel_id, values)
                here.write(_save, made, asyncio.run(settings.check(here.storage, made, renewed)))
        if changes:
            here.write(_change, registry, channel_id, name, sends_by, per_minute=per_minute, keeps_sent=keeps_sent)
    click.echo(f"Changed channel {channel_id}.")
    for setting, gone in dropped(was, values).items():
        click.echo(
            f"{setting} has no more what it had: {', '.join(gone)}. What is to stay, add again: "
            f"torg channel set {channel_id} {setting}+={gone[0]}"
        )


@command.command("list")
@JSON
def _list(as_json: bool) -> None:
    """Show how the channels do and what to do about it, with their settings (secrets as dots) and what went by them.

    In the state error a channel is tried again and again, and hears nothing meanwhile; in the state trouble it runs,
    and something is the matter; the next column says what to do. One that waits listens as soon as torg serve runs.

    Example: torg channel list --json
    """
    with installation() as here:
        rows = here.read(all_channels, load(here.settings.blocked_plugins))
    print_items(rows, TITLES, cells, "There is no channel yet.", as_json=as_json)


@command.command("check")
@click.argument("channel_id", metavar="ID", type=int)
@JSON
def _check(channel_id: int, as_json: bool) -> None:
    """Try a channel's settings against the other side now. Exit status 1 when they don't work.

    One that a process listens for at this moment works.

    Example: torg channel check 7314159265358979
    """
    with installation() as here:
        sentence, steps = _try(here, channel_id)
    if as_json:
        told = msgspec.to_builtins(steps)
        print_json({"id": str(channel_id), "works": sentence is None, "sentence": sentence, "steps": told})
    else:
        for step in steps:
            click.echo(_told(step))
        click.echo(f"torg: {sentence}" if sentence else f"Channel {channel_id} works.", err=bool(sentence))
    if sentence is not None:
        sys.exit(1)


@command.command("pause")
@click.argument("channel_id", metavar="ID", type=int)
@click.option("--why", required=True, help="For the colleague who finds it paused.")
def _pause(channel_id: int, why: str) -> None:
    """Let a channel stand still: it neither listens nor sends until it is resumed.

    Example: torg channel pause 7314159265358979 --why "The mail server moves tonight"
    """
    if not why.strip():
        raise Invalid("why", "say why: a colleague will find the channel paused")
    with installation() as here:
        here.write(_pause_now, channel_id, why.strip())
    click.echo(f"Channel {channel_id} is paused.")


@command.command("resume")
@click.argument("channel_id", metavar="ID", type=int)
def _resume(channel_id: int) -> None:
    """Let a paused channel run again. Another one may have taken its port meanwhile: then it stays paused.

    Example: torg channel resume 7314159265358979
    """
    with installation() as here:
        here.write(_resume_now, load(here.settings.blocked_plugins), channel_id)
    click.echo(f"Channel {channel_id} runs again.")


def _refuse_unknown(unit: Unit, registry: Registry, municipality: str | None, sends_by: int | None) -> None:
    """Before the other side is called: the municipality and the channel that answers leave by."""
    if municipality is not None:
        named.municipality(unit, municipality)
    if sends_by is None:
        return
    other = unit.get(Channel, sends_by)
    if other is None:
        raise Invalid("sends_by", f"there is no channel {sends_by} to send by; torg channel list shows those there are")
    if not issubclass(registry.connector(other.kind), Sends):
        raise Invalid("sends_by", f"channel {sends_by} ({other.kind}) can't send")


@contextmanager
def _unless_refused(
    here: Installation, which: str, values: Mapping[str, object], sealed: str
) -> Iterator[tuple[dict[str, object], dict[str, Secret]]]:
    """The values, with what was given anew at the command before; and where to put what is given anew now.

    Whatever refuses them says that nothing was saved, and how a token that has served isn't lost.
    """
    handed, renewed = anew.unseal(here.storage.keys, _NOBODY, which, sealed), dict[str, Secret]()
    try:
        yield anew.put_in(values, handed), renewed
    except (PluginError, TorgError) as error:
        said = str(error)
        said = f"{said}{'' if said.endswith(('.', '!', '?')) else '.'} Nothing was saved."
        kept = anew.with_new(handed, values, renewed)
        if kept:
            sealed = anew.seal(here.storage.keys, _NOBODY, which, kept)
            said += f" {', '.join(kept)}: the other side has given another. Within an hour, say the same with "
            said += f"--given-anew {sealed}"
        if isinstance(error, Invalid):
            raise Invalid(error.field, said) from error
        raise TorgError(said) from error


def _write(unit: Unit, kind: str, name: str, config: Config, *, municipality: str | None, sends_by: int | None) -> int:
    home = named.municipality(unit, municipality) if municipality is not None else None
    row = adding.add(unit, kind, name, config, home, sends_by)
    note_act(unit, "channel.add", "channel", row.id, row.home_id)
    return row.id


def _config_of(unit: Unit, channel_id: int) -> dict[str, Any]:
    row = unit.get(Channel, channel_id)
    return dict(row.config) if row is not None else {}


def _kind_of(unit: Unit, channel_id: int) -> str:
    return named.channel(unit, channel_id).kind


def _save(unit: Unit, made: settings.Draft, config: Config) -> None:
    row = settings.save(unit, made, config)
    note_act(unit, "channel.set", "channel", row.id, row.home_id)


def _change(
    unit: Unit,
    registry: Registry,
    channel_id: int,
    name: str | None,
    sends_by: int | None,
    *,
    per_minute: int | None,
    keeps_sent: bool | None,
) -> None:
    row = named.channel(unit, channel_id)
    _refuse_unknown(unit, registry, None, sends_by)
    kind = registry.connector(row.kind)
    if per_minute and not issubclass(kind, Sends):
        raise Invalid(
            "per_minute", f"channel {channel_id} ({row.kind}) sends nothing: name the one that answers leave by"
        )
    if keeps_sent and not issubclass(kind, KeepsSent):
        raise Invalid("keeps_sent", f"channel {channel_id} ({row.kind}) has no folder for what was sent")
    change(unit, row, name, sends_by, per_minute=per_minute, keeps_sent=keeps_sent)
    note_act(unit, "channel.set", "channel", row.id, row.home_id)


def _try(here: Installation, channel_id: int) -> tuple[str | None, Sequence[CheckStep]]:
    """What is wrong, or None; and what was proved."""
    here.read(named.channel, channel_id)
    steps = Steps()
    error = asyncio.run(try_out(here.storage, load(here.settings.blocked_plugins), channel_id, steps))
    field = getattr(error, "field", "")
    return (f"{field}: {error}" if field else str(error) if error else None), steps.taken(error)


def _told(step: CheckStep) -> str:
    says = step.says or (f"until {step.until}" if step.until else f"{step.milliseconds} ms")
    return f"{'no' if step.failed else 'ok'}  {step.title}{'' if step.failed else f', {says}'}"


def _pause_now(unit: Unit, channel_id: int, why: str) -> None:
    row = pause(unit, channel_id, why, by_person=True)
    note_act(unit, "channel.pause", "channel", row.id, row.home_id, purpose=why)


def _resume_now(unit: Unit, registry: Registry, channel_id: int) -> None:
    row = resume(unit, registry, channel_id, lambda _: True)
    note_act(unit, "channel.resume", "channel", row.id, row.home_id)
