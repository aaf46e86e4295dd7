"""`torg replay`: read raw events again, after a parser was bettered or a queue that was missing was made."""

import asyncio
from collections import Counter

import click
from msgspec import Struct

from hub.cli import named
from hub.cli.installation import Installation, installation
from hub.cli.output import JSON, print_json
from hub.contract import Router
from hub.errors import NotFound
from hub.inbound.children import Children
from hub.inbound.pipeline import Pipeline, Trusts
from hub.inbound.replay import Replayed, choose, replay
from hub.plugin_host.manager import load
from hub.storage.unit import Unit


class _Lines(Struct, frozen=True):
    """How what became of each is told: at once, in words or as JSON."""

    as_json: bool

    def tell(self, replayed: Replayed) -> None:
        if self.as_json:
            print_json({"id": str(replayed.raw_id), "state": replayed.state, "reason": replayed.reason})
        else:
            reason = f": {' '.join(replayed.reason.split())}" if replayed.reason else ""
            click.echo(f"{replayed.raw_id} {replayed.state}{reason}")


@click.command("replay")
@click.option("--failed", is_flag=True, help="All that are quarantined.")
@click.option("--raw", "raw_id", type=int, metavar="ID", help="This raw event.")
@click.option("--channel", "channel_id", type=int, metavar="ID", help="All raw events of this channel.")
@JSON
def command(failed: bool, raw_id: int | None, channel_id: int | None, as_json: bool) -> None:
    """Read raw events again, and print what became of each; with --json an object a line.

    What was quarantined gets its entries; what has them gets only what parsing decides anew. Nothing is doubled.

    Example: torg replay --failed
    """
    if [failed, raw_id is not None, channel_id is not None].count(True) != 1:
        raise click.UsageError("Give one of --failed, --raw ID and --channel ID.")
    with installation() as here:
        raw_ids = [raw_id] if raw_id is not None else here.read(_chosen, failed, channel_id)
        states = asyncio.run(_replay(here, list(raw_ids), _Lines(as_json)))
    if raw_id is not None and states["gone"]:
        raise NotFound(f"There is no raw event {raw_id}, or it was erased.")
    if not as_json:
        said = ", ".join(f"{number} {state}" for state, number in sorted(states.items()))
        click.echo(f"Replayed: {said}." if said else "There is nothing to replay.")


def _chosen(unit: Unit, failed: bool, channel_id: int | None) -> list[int]:
    if channel_id is not None:
        named.channel(unit, channel_id)
    return list(choose(unit, failed=failed, channel_id=channel_id))


async def _replay(here: Installation, raw_ids: list[int], lines: _Lines) -> Counter[str]:
    """One after the other, so that a replay leaves room for what comes in meanwhile."""
    settings = here.settings
    registry = load(settings.blocked_plugins)
    routers: dict[str, Router] = {name: registry.router(name) for name in settings.routers}
    states: Counter[str] = Counter()
    async with Children(settings.parse_children, settings.parse_seconds, settings.blocked_plugins) as children:
        pipeline = Pipeline(here.storage, children, routers, trusts=Trusts.of(settings))
        for raw_id in raw_ids:
            for replayed in await replay(here.storage, pipeline, registry, routers, [raw_id]):
                states[replayed.state] += 1
                if replayed.state != "gone":
                    lines.tell(replayed)
    return states
