"""`torg channel reconcile`: what a mailbox holds, and what of it is here."""

import asyncio
import sys
from collections.abc import Sequence
from typing import Any

import click

from hub.channels.mailbox import Mailbox
from hub.channels.open import RenewSecret, close_connector, open_channel
from hub.channels.renewing import renewing
from hub.cli import named
from hub.cli.installation import Installation, installation
from hub.cli.output import JSON, print_json, print_table
from hub.contract import Connector, PluginError, Pulls
from hub.errors import Invalid, TorgError
from hub.inbound.reconcile import reconcile
from hub.plugin_host.manager import load
from hub.plugin_host.registry import Registry
from hub.storage.unit import Unit

_TITLES = ("mailbox", "at the source", "here", "to be fetched", "older than the channel", "unexplained")
_FIELDS = ("name", "at_source", "here", "waiting", "left_out", "unexplained")


@click.command("reconcile")
@click.argument("channel_id", metavar="ID", type=int)
@JSON
def command(channel_id: int, as_json: bool) -> None:
    """Count what a mailbox holds now, and compare it with what is here. Exit status 1 when something is unexplained.

    A running hub does so itself every night; it need not be stopped.

    Example: torg channel reconcile 7314159265358979
    """
    with installation() as here:
        connector = here.read(
            _open, load(here.settings.blocked_plugins), channel_id, renewing(here.storage, channel_id)
        )
        try:
            found = asyncio.run(_count(here, connector, channel_id))
        except PluginError as error:
            raise TorgError(f"{error} Nothing was counted.") from error
    rows = [{name: getattr(each, name) for name in _FIELDS} for each in found]
    if as_json:
        print_json({"items": rows})
    else:
        print_table(_TITLES, [list(row.values()) for row in rows], "This channel's source can't be counted.")
        click.echo("".join(f"{_sentence(each)}\n" for each in found), nl=False)
    sys.exit(1 if any(each.unexplained for each in found) else 0)


def _sentence(mailbox: Mailbox) -> str:
    return f"{mailbox.name}: {mailbox.at_source} at the source, {mailbox.here} here, {mailbox.unexplained} unexplained."


async def _count(here: Installation, connector: Pulls[Any], channel_id: int) -> Sequence[Mailbox]:
    try:
        return await reconcile(here.storage, connector, channel_id)
    finally:
        await connector.close()
        await close_connector(connector)


def _open(unit: Unit, registry: Registry, channel_id: int, renew: RenewSecret) -> Pulls[Any]:
    connector: Connector[Any] = open_channel(named.channel(unit, channel_id), registry, unit.keys, renew)
    if not isinstance(connector, Pulls):
        raise Invalid("id", f"channel {channel_id} ({connector.kind}) fetches nothing, so there is nothing to count")
    return connector
