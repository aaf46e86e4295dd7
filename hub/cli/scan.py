"""`torg scan`: files of mails that can't be opened: they wait for the virus scanner, or it found something in them."""

from collections.abc import Sequence

import click

from hub import clock
from hub.cli.installation import Installation, installation, note_act
from hub.cli.output import JSON, print_json
from hub.errors import Invalid
from hub.inbound import scan
from hub.inbox.entry import FOUND, Attachment
from hub.storage.unit import Unit

_TOGETHER = 500
"""Files that are released in one unit."""


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
@click.argument("file_id", metavar="ID", type=int, required=False)
@click.option("--waiting", is_flag=True, help="All that wait for a scanner, when there is none any more.")
@click.option("--purpose", required=True, metavar="TEXT", help="Why it may be opened, for the audit.")
@JSON
def _release(file_id: int | None, waiting: bool, purpose: str, as_json: bool) -> None:
    """Let a file be opened, whatever the scanner said: it was mistaken, or doesn't take files that are so large.

    Example: torg scan release 914199045048082438 --purpose "A macro of our own form"
    """
    if (file_id is None) != waiting:
        raise Invalid("ID", "name one file by its ID, as torg scan list shows it, or all that wait by --waiting")
    with installation() as here:
        released = _release_all(here, purpose) if file_id is None else here.write(_released, file_id, purpose)
    if as_json:
        print_json({"released": released} if waiting else {"id": str(file_id)})
    else:
        click.echo(f"Released: {f'{released} that waited' if waiting else file_id} can be opened.")


def _release_all(here: Installation, purpose: str) -> int:
    """That wait."""
    if here.settings.scanner is not None:
        sentence = (
            "scanner is set: what waits is looked at once it answers, and torg scan list says why it doesn't."
            " Release one by its ID, or take the setting away first"
        )
        raise Invalid("--waiting", sentence)
    number = 0
    while some := here.write(_released_waiting, purpose):
        number += some
    return number


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


def _released(unit: Unit, file_id: int, purpose: str) -> int:
    return _note([scan.release(unit, file_id)], unit, purpose)


def _released_waiting(unit: Unit, purpose: str) -> int:
    return _note(scan.release_waiting(unit, _TOGETHER), unit, purpose)


def _note(rows: Sequence[Attachment], unit: Unit, purpose: str) -> int:
    for row in rows:
        note_act(unit, "file_released", "attachment", row.id, row.municipality_id, purpose=purpose)
    return len(rows)


def _asked_again(unit: Unit) -> int:
    number = scan.scan_again(unit)
    note_act(unit, "files_scanned_again", "attachment", 0)
    return number
