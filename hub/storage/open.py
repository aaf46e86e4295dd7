"""Opens an installation's storage by its settings: engines, keys and blobs."""

from pathlib import Path

from sqlalchemy.exc import ArgumentError

from hub.errors import Invalid
from hub.settings import Settings
from hub.storage.blobs import Blobs
from hub.storage.engine import Engines, open_engines
from hub.storage.keys import Keys, load_keys
from hub.storage.unit import Storage


def open_storage(settings: Settings) -> Storage:
    """Raises Invalid, naming the setting. Whether the database is there and new enough, `migrate` tells."""
    keys = _keys(settings.key_file)
    return Storage(_engines(settings.database_url), keys, Blobs(Path(settings.blob_folder)))


def _engines(url: str) -> Engines:
    try:
        return open_engines(url)
    except (ArgumentError, ValueError) as error:  # the latter for a port or a host in brackets
        shown = "…" if "@" in url else repr(url)  # it may hold a password
        sentence = (
            f"database_url = {shown} can't be used: it is sqlite:///FILE or postgresql+psycopg://USER@HOST/DATABASE"
        )
        raise Invalid("database_url", sentence) from error
    except OSError as error:
        raise Invalid(
            "database_url", f"the folder of database_url = {url!r} can't be made: {error.strerror}"
        ) from error


def _keys(path: str) -> Keys:
    try:
        return load_keys(Path(path))
    except OSError as error:
        raise Invalid("key_file", f"key_file = {path!r} can't be read or made: {error.strerror}") from error
