"""Opens an installation's storage by its settings: engines, keys and blobs."""

from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import ArgumentError

from hub.errors import Invalid
from hub.settings import Settings
from hub.storage.blobs import PUBLIC, Blobs
from hub.storage.engine import APP_ROLE, PUBLIC_ROLE, PUBLIC_ROLES, SYSTEM_ROLE, Engines, Roles, open_engines
from hub.storage.keys import Keys, load_keys
from hub.storage.unit import Storage


def open_storage(settings: Settings) -> Storage:
    """Raises Invalid, naming the setting. Whether the database is there and new enough, `migrate` tells."""
    keys = _keys(settings.key_file)
    roles, part = (PUBLIC_ROLES, PUBLIC) if settings.face == "public" else (Roles(), "")
    return Storage(_engines(settings.database_url, roles), keys, Blobs(Path(settings.blob_folder), part))


def require_role(engines: Engines, face: str) -> None:
    """Raises Invalid unless whoever logs in to PostgreSQL may do what this face has to, and a public one no more."""
    if engines.writer.dialect.name != "postgresql":
        return
    with engines.writer.connect() as connection:
        name, may_all = connection.execute(_WHO, {"role": SYSTEM_ROLE}).one()
    if face == "public" and (may_all or name != PUBLIC_ROLE):
        sentence = (
            f"the public face logs in to PostgreSQL as {PUBLIC_ROLE} and nobody else, and database_url names {name}:"
            f" ALTER ROLE {PUBLIC_ROLE} PASSWORD '…', and name that role in the public face's settings"
        )
        raise Invalid("database_url", sentence)
    if face != "public" and not may_all:
        do = f"GRANT {SYSTEM_ROLE}, {APP_ROLE} TO {name}"
        do = "with that role it can only be torg serve --face public" if name == PUBLIC_ROLE else do
        raise Invalid("database_url", f"database_url logs in as {name}, which may not become {SYSTEM_ROLE}: {do}")


# A superuser is a member of every role.
_WHO = text("SELECT session_user::text, pg_has_role(session_user, :role, 'MEMBER')")


def _engines(url: str, roles: Roles) -> Engines:
    try:
        return open_engines(url, roles)
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
