"""Log-in: what a caller shows to be a person. Here API tokens (`session` has the browser's); only a hash is stored."""

import hashlib
import secrets
from collections.abc import Sequence

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, mapped_column

from hub import clock
from hub.access.person import Actor, Person, actor
from hub.errors import Invalid
from hub.storage.base import Row
from hub.storage.types import Json
from hub.storage.unit import Unit

TOKEN_SCOPES = ("read", "write", "it", "audit")
"""read: what the person may see; write: their verbs; it: channels and raw events; audit: the logs."""
KIND = "api token"
_PREFIX = "torg_"


class Login(Row):
    """`kind`: session | api token. The token is 256 random bits, so a plain sha256 of it is enough."""

    __tablename__ = "login"
    token_hash: Mapped[str] = mapped_column(unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    kind: Mapped[str]
    name: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(Json)
    expires_at: Mapped[int | None]
    ended_at: Mapped[int | None]


def add_token(
    unit: Unit, person: Person, name: str, scopes: Sequence[str] = TOKEN_SCOPES, expires_at: int | None = None
) -> str:
    """A new API token, in clear: shown once, never again."""
    unknown = [scope for scope in scopes if scope not in TOKEN_SCOPES]
    if unknown:
        raise Invalid("scopes", f"there is no scope {unknown[0]}; there is: {', '.join(TOKEN_SCOPES)}")
    token = _PREFIX + secrets.token_urlsafe(32)
    unit.add(
        Login(
            token_hash=token_hash(token),
            person_id=person.id,
            kind=KIND,
            name=name,
            scopes=list(scopes),
            expires_at=expires_at,
        )
    )
    return token


def by_token(unit: Unit, token: str) -> Actor | None:
    """Who shows this token, or None: unknown, expired, ended and disabled all look the same."""
    row = unit.first(select(Login).where(Login.token_hash == token_hash(token), Login.kind == KIND))
    if row is None or row.ended_at is not None or (row.expires_at is not None and row.expires_at <= clock.now()):
        return None
    return actor(unit, row.person_id, frozenset(row.scopes))


def token_hash(token: str) -> str:
    """As it is stored, hex."""
    return hashlib.sha256(token.encode()).hexdigest()
