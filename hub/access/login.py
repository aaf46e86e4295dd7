"""Log-in: what a caller shows to be a person. Here API tokens (`session` has the browser's); only a hash is stored."""

import hashlib
import secrets
from collections.abc import Sequence

import msgspec
from sqlalchemy import ColumnElement, ForeignKey, bindparam, select
from sqlalchemy.orm import Mapped, mapped_column

from hub import clock
from hub.access.person import Actor, Held, Membership, Person
from hub.errors import Invalid
from hub.storage.base import Row
from hub.storage.prepared import Prepared
from hub.storage.types import Instant, Json
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
    return holder(unit, _BY_TOKEN, token)


def holding(kind: str, *lasts: ColumnElement[bool]) -> Prepared:
    """For `holder`: what it asks of log-ins of this kind, with what says that one isn't over by `now`."""
    return Prepared(
        select(
            Login.scopes,
            *(Person.id, Person.name, Person.email, Person.language),
            *(Membership.municipality_id, Membership.role, Membership.queue_id, Membership.department_id),
        )
        .join(Person, Person.id == Login.person_id)
        .join(
            Membership,
            (Membership.person_id == Person.id)
            & (Membership.since <= NOW)
            & (Membership.until.is_(None) | (Membership.until > NOW)),
            isouter=True,
        )
        .where(
            Login.token_hash == bindparam("token_hash"),
            Login.kind == kind,
            Login.ended_at.is_(None),
            Person.disabled_at.is_(None),
            *lasts,
        )
        .order_by(Membership.id)
    )


def holder(unit: Unit, asked: Prepared, token: str) -> Actor | None:
    """Who shows this token, with the memberships that are live now: one statement, for everything that is asked asks
    this first."""
    rows = asked.rows(unit, token_hash=token_hash(token), now=clock.now())
    if not rows:
        return None
    scopes, person_id, name, email, language = rows[0][:5]
    held = tuple(Held(*row[5:]) for row in rows if row[5] is not None)
    return Actor(person_id, name, email, language, held, frozenset(msgspec.json.decode(scopes)))


NOW = bindparam("now", type_=Instant)
_BY_TOKEN = holding(KIND, Login.expires_at.is_(None) | (Login.expires_at > NOW))


def token_hash(token: str) -> str:
    """As it is stored, hex."""
    return hashlib.sha256(token.encode()).hexdigest()
