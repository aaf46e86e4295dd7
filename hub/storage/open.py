"""Opens an installation's storage by its settings: engines, keys and blobs."""

from pathlib import Path

from hub.settings import Settings
from hub.storage.blobs import Blobs
from hub.storage.engine import open_engines
from hub.storage.keys import load_keys
from hub.storage.unit import Storage


def open_storage(settings: Settings) -> Storage:
    """Engines, keys and blobs by the settings. Whether the database is there and new enough, `migrate` tells."""
    return Storage(
        open_engines(settings.database_url), load_keys(Path(settings.key_file)), Blobs(Path(settings.blob_folder))
    )
