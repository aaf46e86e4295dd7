"""`torg backup`: rows and files into a folder, while everything goes on."""

from pathlib import Path

import click
import msgspec

from hub import clock
from hub.cli.installation import installation
from hub.cli.output import JSON, print_json
from hub.storage import backup


@click.command("backup")
@click.argument("folder", type=click.Path(path_type=Path))
@JSON
def command(folder: Path, as_json: bool) -> None:
    """Copy the rows and the files beside them into a new FOLDER. Nobody who works is kept waiting.

    The key file is not in it: without it no secret of the backup can be read. Keep a copy of it elsewhere.

    Example: torg backup /srv/backup/2026-11-27
    """
    with installation() as here:
        made = backup.make(here.storage, Path(here.settings.blob_folder), folder)
    if as_json:
        print_json(msgspec.to_builtins(made))
        return
    click.echo(
        f"{folder}: {made.engine}, revision {made.revision}, {made.blobs} files, as of {clock.to_iso(made.made_at)}."
    )
    click.echo(
        f"The key file ({here.settings.key_file}) is not in it: keep a copy of it elsewhere, apart from this folder."
    )
