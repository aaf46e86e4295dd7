"""`torg scan`: files of mails that can't be opened: they wait for the virus scanner, or it found something in them."""

import click

from hub import clock
from hub.cli.installation import installation, note_act
from hub.cli.output import JSON, print_json
from hub.inbound import scan
from hub.inbox.entry import FOUND
from hub.storage.unit import Unit


@click.group("scan")
def command() -> None:
    """Files that the virus scanner keeps closed: those that wait for it, and those it found something in."""


@command.command("list")
@JSON
def _list(as_json: bool) -> None:
    """List them, with what was found, or why nobody has looked yet.

    Example: torg scan list
    """
    with installation() as here:
        found = here.read(scan.shut_away)
    if as_json:
        print_json({"items": [_shown(each) for each in found]})
        return
    for each in found:
        said = f"found {each.said}" if each.state == FOUND else f"waits{f': {each.said}' if each.said else ''}"
        click.echo(f"{each.id}  {clock.to_iso(each.came_at)}  {each.size} bytes  {said}")
    if not found:
        click.echo("No file is kept closed.")


def _shown(each: scan.ShutAway) -> dict[str, object]:
    """Without its name, which a citizen gave it."""
    return {
        "id": str(each.id),
        "municipality_id": str(each.municipality_id),
        "conversation_id": str(each.conversation_id),
        "size": each.size,
        "state": each.state,
        "said": each.said,
        "came_at": clock.to_iso(each.came_at),
    }


@command.command("release")
@click.argument("file_id", metavar="ID", type=int)
@click.option("--purpose", required=True, metavar="TEXT", help="Why it may be opened, for the audit.")
@JSON
def _release(file_id: int, purpose: str, as_json: bool) -> None:
    """Let a file be opened, whatever the scanner said: it was mistaken, or doesn't take files that are so large.

    Example: torg scan release 914199045048082438 --purpose "A macro of our own form"
    """
    with installation() as here:
        here.write(_released, file_id, purpose)
    if as_json:
        print_json({"id": str(file_id)})
    else:
        click.echo(f"Released: {file_id} can be opened.")


@command.command("again")
@JSON
def _again(as_json: bool) -> None:
    """Have all that is kept closed looked at again, by torg serve or torg worker: after new signatures, say.

    Example: torg scan again
    """
    with installation() as here:
        number = here.write(_asked_again)
    if as_json:
        print_json({"waits": number})
    else:
        click.echo(f"{number} wait for the virus scanner.")


def _released(unit: Unit, file_id: int, purpose: str) -> None:
    row = scan.release(unit, file_id)
    note_act(unit, "file_released", "attachment", row.id, row.municipality_id, purpose=purpose)


def _asked_again(unit: Unit) -> int:
    number = scan.scan_again(unit)
    note_act(unit, "files_scanned_again", "attachment", 0)
    return number
