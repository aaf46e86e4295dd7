"""`torg channel`: configured connectors."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click
import msgspec

from hub.channels import add as adding
from hub.channels.channel import Channel
from hub.channels.open import ChannelTools, open_channel
from hub.channels.pause import pause, resume
from hub.channels.trouble import is_listening
from hub.cli import named
from hub.cli.channel_kinds import TITLES, all_kinds, rows_of
from hub.cli.channel_list import all_channels
from hub.cli.installation import Installation, installation, note_act
from hub.cli.output import JSON, counts, print_added, print_items, print_json, print_table
from hub.cli.setting_values import SPLIT, Typed, read_values
from hub.contract import Config, Connector, PluginError, Sends
from hub.errors import Invalid, TorgError
from hub.plugin_host.manager import load
from hub.plugin_host.registry import Registry
from hub.settings import load_settings
from hub.storage.unit import Unit

_TITLES = (
    "id", "kind", "name", "municipality", "sends by", "state", "last contact", "raw events", "deliveries", "settings",
)  # fmt: skip

_STATES = {"running": "running", "waiting": "waiting for torg serve"}
"""Those that give no reason of their own."""


@click.group("channel")
def command() -> None:
    """Channels: what brings messages in and takes them out."""


@command.command("kinds")
@JSON
def _kinds(as_json: bool) -> None:
    """Show the kinds of channels and the settings that each takes, with their defaults.

    Example: torg channel kinds
    """
    kinds = all_kinds(load(load_settings().blocked_plugins))
    if as_json:
        print_json({"items": kinds})
    else:
        print_table(TITLES, rows_of(kinds), "No plugin brings a kind of channel: torg plugins list tells why.")


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
        cls, config = here.read(adding.prepare, registry, kind, values)
        _run_check(cls, config)
        channel_id = here.write(_write, kind, name, config, municipality=municipality, sends_by=sends_by)
    print_added("channel", channel_id, as_json=as_json)


@command.command("list")
@JSON
def _list(as_json: bool) -> None:
    """Show the channels with their state, settings (secrets as dots), raw events and deliveries.

    In the state error a channel is tried again and again, and hears nothing meanwhile; in the state waiting it listens
    as soon as torg serve runs.

    Example: torg channel list --json
    """
    with installation() as here:
        rows = here.read(all_channels, load(here.settings.blocked_plugins))
    print_items(rows, _TITLES, _cells, "There is no channel yet.", as_json=as_json)


@command.command("check")
@click.argument("channel_id", metavar="ID", type=int)
@JSON
def _check(channel_id: int, as_json: bool) -> None:
    """Try a channel's settings against the other side now. Exit status 1 when they don't work.

    One that a process listens for at this moment works.

    Example: torg channel check 7314159265358979
    """
    with installation() as here:
        sentence = _try(here, channel_id)
    if as_json:
        print_json({"id": str(channel_id), "works": sentence is None, "sentence": sentence})
    elif sentence is None:
        click.echo(f"Channel {channel_id} works.")
    else:
        click.echo(f"torg: {sentence}", err=True)
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


def _cells(row: Mapping[str, Any]) -> Sequence[object]:
    return [
        row["id"], row["kind"], row["name"], row["municipality"], row["sends_by"],
        _STATES.get(row["state"]) or f"{row['state']}: {row['paused_why'] or row['trouble']}",
        row["last_contact_at"], counts(row["raw_events"]), counts(row["deliveries"]),
        " ".join(f"{name}={_shown(value)}" for name, value in row["config"].items()),
    ]  # fmt: skip


def _shown(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


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


def _run_check(cls: type[Connector[Any]], config: Config) -> None:
    try:
        asyncio.run(adding.check(cls, config))
    except PluginError as error:
        raise TorgError(f"{error} Nothing was saved.") from error
    except Invalid as error:
        raise Invalid(error.field, f"{error} Nothing was saved.") from error


def _write(unit: Unit, kind: str, name: str, config: Config, *, municipality: str | None, sends_by: int | None) -> int:
    home = named.municipality(unit, municipality) if municipality is not None else None
    row = adding.add(unit, kind, name, config, home, sends_by)
    note_act(unit, "channel.add", "channel", row.id, row.home_id)
    return row.id


def _try(here: Installation, channel_id: int) -> str | None:
    """What is wrong, or None."""
    registry = load(here.settings.blocked_plugins)
    if here.read(_listens, channel_id):  # its own port would seem to be in use
        return None
    try:
        asyncio.run(_ask(here.read(_open, registry, channel_id)))
    except PluginError as error:
        field = getattr(error, "field", "")
        return f"{field}: {error}" if field else str(error)
    return None


async def _ask(connector: Connector[Any]) -> None:
    try:
        await connector.check()
    finally:
        if isinstance(connector.tools, ChannelTools):
            connector.tools.close()


def _listens(unit: Unit, channel_id: int) -> bool:
    return is_listening(named.channel(unit, channel_id))


def _open(unit: Unit, registry: Registry, channel_id: int) -> Connector[Any]:
    return open_channel(named.channel(unit, channel_id), registry, unit.keys)


def _pause_now(unit: Unit, channel_id: int, why: str) -> None:
    row = pause(unit, channel_id, why)
    note_act(unit, "channel.pause", "channel", row.id, row.home_id, purpose=why)


def _resume_now(unit: Unit, registry: Registry, channel_id: int) -> None:
    row = resume(unit, registry, channel_id, lambda _: True)
    note_act(unit, "channel.resume", "channel", row.id, row.home_id)
