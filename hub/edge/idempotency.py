"""Idempotency: a creation asked for twice with one key is done once and answered twice."""

import hashlib
from collections.abc import Callable
from typing import Annotated

import msgspec
from litestar.params import HeaderParameter
from msgspec import Struct
from sqlalchemy import ForeignKey, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from hub import clock
from hub.access.person import Actor
from hub.errors import Invalid
from hub.storage.base import Row
from hub.storage.unit import Unit

IdempotencyKey = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        description="The caller's own name for this creation: asked for again with it, it is done once.",
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
    ),
]

_CREATED = 201


class Request(Row):
    """Written in the creation's own unit of work: done and remembered, or neither. Kept as long as its municipality."""

    __tablename__ = "request"
    __table_args__ = (UniqueConstraint("actor", "request_key"),)
    municipality_id: Mapped[int | None] = mapped_column(ForeignKey("municipality.id"))
    actor: Mapped[str]
    request_key: Mapped[str]
    route: Mapped[str]
    body_sha256: Mapped[str]
    status: Mapped[int]
    answer: Mapped[str]
    at: Mapped[int]


class Asked(Struct, frozen=True):
    """A creation as it was asked for. `route`: method and path; `key` None: it may be done again."""

    key: str | None
    route: str
    body_sha256: str


class Answer(Struct, frozen=True):
    """What was answered, now or the first time. `body`: JSON."""

    status: int
    body: str
    version: int | None
    again: bool = False


class Made(Struct, frozen=True):
    """What a creation brought forth, and in which municipality. `version`: of what it was added to, for the ETag.

    `shown` is kept as long as the municipality: ids and states, never a name, an address or a word that somebody wrote.
    """

    shown: Struct
    version: int | None
    municipality_id: int


class _Stored(Struct):
    version: int | None
    body: msgspec.Raw


def asked(key: str | None, route: str, body: Struct) -> Asked:
    """Two bodies are the same when they say the same: spaces and the order of names don't count."""
    return Asked(key, route, hashlib.sha256(msgspec.json.encode(body, order="deterministic")).hexdigest())


def once(unit: Unit, by: Actor, request: Asked, create: Callable[[], Made]) -> Answer:
    """Do it, or answer as the first time. Whether the person may is for the caller to have asked.

    Raises Invalid when the key was used for something else. Two at the same moment: the second's row is refused, its
    unit runs again, and finds the first's.
    """
    if request.key is not None:
        before = unit.first(select(Request).where(Request.actor == str(by.id), Request.request_key == request.key))
        if before is not None:
            return _again(before, request)
    made = create()
    body = msgspec.json.encode(made.shown)
    if request.key is not None:
        unit.add(
            Request(
                municipality_id=made.municipality_id,
                actor=str(by.id),
                request_key=request.key,
                route=request.route,
                body_sha256=request.body_sha256,
                status=_CREATED,
                answer=msgspec.json.encode(_Stored(made.version, msgspec.Raw(body))).decode(),
                at=clock.now(),
            )
        )
    return Answer(_CREATED, body.decode(), made.version)


def _again(before: Request, request: Asked) -> Answer:
    if (before.route, before.body_sha256) != (request.route, request.body_sha256):
        raise Invalid("Idempotency-Key", "this key was used for another request: take a new one for each creation")
    stored = msgspec.json.decode(before.answer, type=_Stored)
    return Answer(before.status, bytes(stored.body).decode(), stored.version, again=True)
