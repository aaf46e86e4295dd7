"""`torg plugins`: what is plugged in."""

import sys

import click
import msgspec

from hub.cli.output import JSON, print_json, print_table
from hub.plugin_host.manager import load
from hub.plugin_host.registry import Registry
from hub.settings import load_settings


@click.group("plugins")
def command() -> None:
    """Plugins: connectors and routers, ours and from outside packages."""


@command.command("list")
@JSON
def _list(as_json: bool) -> None:
    """Show the plugins with version and what they bring; broken ones in red, with the reason.

    Exit status 1 when one is broken.

    Example: torg plugins list
    """
    blocked = load_settings().blocked_plugins
    registry = load(blocked)
    if as_json:
        print_json(
            {
                "loaded": msgspec.to_builtins(registry.loaded),
                "broken": msgspec.to_builtins(registry.broken),
                "blocked": list(registry.blocked),
            }
        )
    else:
        _print(registry)
        for name in sorted(set(blocked) - set(registry.blocked)):
            click.echo(f"{name}: named in the setting blocked_plugins, but there is no such plugin", err=True)
    if registry.broken:
        sys.exit(1)


def _print(registry: Registry) -> None:
    rows = [
        [
            each.name,
            each.version,
            "with Torg" if each.built_in else "outside",
            ", ".join((*each.connectors, *each.routers)),
        ]
        for each in registry.loaded
    ]
    print_table(("plugin", "version", "comes", "brings"), rows, "No plugin is loaded.")
    for name in registry.blocked:
        click.echo(f"{name}: blocked by the setting blocked_plugins")
    for broken in registry.broken:
        click.secho(f"{broken.name} {broken.version}: {broken.sentence}", fg="red")
