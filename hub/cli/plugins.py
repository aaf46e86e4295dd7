"""`torg plugins`: what is plugged in, and packages of one's own: a new one, and whether it keeps the rules."""

import sys
from pathlib import Path
from string import Template

import click
import msgspec

from hub.cli.output import JSON, print_json, print_table
from hub.contract.rules import KIND
from hub.errors import Conflict, Invalid
from hub.plugin_host.manager import load
from hub.plugin_host.package import check
from hub.plugin_host.registry import Registry
from hub.settings import load_settings

_TEMPLATES = Path(__file__).parent / "new_plugin"
_LONGEST = 40
"""Signs of a name."""


@click.group("plugins")
def command() -> None:
    """Plugins: connectors, lookups and routers, ours and from outside packages."""


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
            ", ".join((*each.connectors, *each.lookups, *each.routers)),
        ]
        for each in registry.loaded
    ]
    print_table(("plugin", "version", "comes", "brings"), rows, "No plugin is loaded.")
    for name in registry.blocked:
        click.echo(f"{name}: blocked by the setting blocked_plugins")
    for broken in registry.broken:
        click.secho(f"{broken.name} {broken.version}: {broken.sentence}", fg="red")


@command.command("new")
@click.argument("what", type=click.Choice(["connector", "lookup"]))
@click.argument("name")
@click.option("--title", help="What people call it; else made of the name.")
@click.option("--asked", is_flag=True, help="A connector that asks the other side by HTTP; else it is called by it.")
def _new(what: str, name: str, title: str | None, asked: bool) -> None:
    """Write a package of your own here: a module that works, its tests, samples and README, in the folder torg-NAME.

    It passes its tests at once; its README leads on from there.

    \b
    Examples:
      torg plugins new connector door_phone --title "Door phone"
      torg plugins new connector permit_office --asked
      torg plugins new lookup parking
    """
    if not KIND.match(name) or len(name) > _LONGEST:
        raise Invalid("name", "give a-z, 0-9 and _, beginning with a letter, 40 signs at most: door_phone")
    if asked and what != "connector":
        raise Invalid("asked", "every lookup asks: leave it out")
    folder = Path(f"torg-{name.replace('_', '-')}")
    if folder.exists():
        raise Conflict(f"There is a folder {folder} here already: move it, or take another name.")
    words = name.split("_")
    values = {
        "what": what,
        "kind": name,
        "module": f"torg_{name}",
        "package": folder.name,
        "class_name": "".join(each.capitalize() for each in words),
        "title": _plain(title) if title else " ".join(words).capitalize(),
    }
    roots = (_TEMPLATES / "package", _TEMPLATES / ("asked" if asked else what))
    for root, template in ((each, file) for each in roots for file in sorted(each.rglob("*.txt"))):
        place = template.relative_to(root).with_suffix("")
        path = folder / place.with_name(place.name.replace("module.py", f"{values['module']}.py"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(Template(template.read_text(encoding="utf-8")).substitute(values), encoding="utf-8")
    click.echo(f"{folder} is written. Its README.md says how to go on; torg plugins check {folder} says how it does.")


def _plain(title: str) -> str:
    """It goes into code and TOML between quotation marks."""
    if not title.isprintable() or set(title) & set('"\\{}') or not title.strip():
        raise Invalid("title", 'give a title of one line, without ", \\ and braces')
    return title.strip()


@command.command("check")
@click.argument("path", type=click.Path(path_type=Path))
def _check(path: Path) -> None:
    """Look at a package of your own in its folder, a line for each thing; its code and its tests are run.

    Exit status 1 when something is wrong.

    Example: torg plugins check torg-door-phone
    """
    wrong = False
    for finding in check(path):
        wrong |= bool(finding.wrong)
        click.secho(f"{'no' if finding.wrong else 'ok'}  {finding.what}", fg="red" if finding.wrong else None)
        if finding.wrong:
            click.echo("    " + finding.wrong.replace("\n", "\n    "))
    if wrong:
        sys.exit(1)
