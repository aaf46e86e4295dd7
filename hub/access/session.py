"""Session: a person at a browser. A row of `login` like an API token, but neither is taken for the other."""

import secrets

from sqlalchemy import select, update

from hub import clock
from hub.access.login import NOW, TOKEN_SCOPES, Login, holder, holding, token_hash
from hub.access.person import Actor, Person
from hub.storage.unit import Unit

KIND = "session"
LASTS = 12 * 3600 * clock.SECOND
"""Microseconds from the log-in, however busy it is: a working day."""

_BY_TOKEN = holding(KIND, Login.expires_at > NOW)


def begin(unit: Unit, person: Person) -> str:
    """A new session's token, in clear: for the browser's cookie and nobody else."""
    token = secrets.token_urlsafe(32)
    unit.add(
        Login(
            token_hash=token_hash(token),
            person_id=person.id,
            kind=KIND,
            name="browser",
            scopes=list(TOKEN_SCOPES),
            expires_at=clock.now() + LASTS,
        )
    )
    return token


def by_session(unit: Unit, token: str) -> Actor | None:
    """Whose browser shows this token, or None: unknown, expired, ended and disabled all look the same."""
    return holder(unit, _BY_TOKEN, token)


def end(unit: Unit, token: str) -> int | None:
    """From now on it is nobody's. Returns whose it was, if it was anybody's."""
    row = unit.first(select(Login).where(Login.token_hash == token_hash(token), Login.kind == KIND))
    now = clock.now()
    if row is None or row.ended_at is not None or row.expires_at is None or row.expires_at <= now:
        return None
    row.ended_at = now
    return row.person_id


def end_all(unit: Unit, person: Person) -> int:
    """On every machine of theirs; returns how many."""
    theirs = update(Login).where(Login.person_id == person.id, Login.kind == KIND, Login.ended_at.is_(None))
    return unit.change(theirs.values(ended_at=clock.now()))
