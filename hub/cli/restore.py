"""`torg restore`: a backup back in its place, with the outbox frozen."""

from pathlib import Path

import click
from msgspec import structs

from hub import clock
from hub.cli.installation import COMMAND_LINE, known_trouble
from hub.cli.output import JSON, print_json
from hub.errors import Invalid
from hub.outbound import freeze
from hub.settings import load_settings
from hub.storage import backup
from hub.storage.keys import load_keys
from hub.storage.migrate import upgrade
from hub.storage.open import open_storage


@click.command("restore")
@click.argument("folder", type=click.Path(path_type=Path))
@JSON
def command(folder: Path, as_json: bool) -> None:
    """Put the backup in FOLDER where database_url and blob_folder say, and nothing is yet.

    The key file has to be there. Nothing is sent afterwards until you release the outbox (torg outbox release): what
    waited when the backup was made may have been sent since, and is shown as uncertain.

    Example: torg restore /srv/backup/2026-11-27
    """
    settings = load_settings()
    key_file = Path(settings.key_file)
    if not key_file.exists():
        raise Invalid("key_file", f"there is no {key_file}: put the key file there that the backup was made with")
    description = backup.require_whole(folder, load_keys(key_file))
    with (
        known_trouble(),
        backup.put_back(folder, description, settings.database_url, Path(settings.blob_folder)) as url,
    ):
        storage = open_storage(structs.replace(settings, database_url=url))
        try:
            upgrade(storage.engines.writer)
            doubtful = storage.write_now(COMMAND_LINE, freeze.after_restore, description.made_at)
        finally:
            storage.close()
    if as_json:
        print_json({"made_at": description.made_at, "doubtful": doubtful})
        return
    click.echo(
        f"Restored, as of {clock.to_iso(description.made_at)}. Nothing is sent until you say torg outbox release."
    )
    if doubtful:
        click.echo(
            f"{doubtful} messages waited to be sent then, and may have been sent since: each stands as uncertain in its"
            " conversation, where whoever answers it says whether it goes again."
        )
