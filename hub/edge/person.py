"""Person: who asks, by their bearer token, and whether they may ask this route at all.

What they may do to which thing `hub.access.policy` answers in the unit of work; here only a token's scopes are checked,
before the input is read.
"""

import hashlib
from collections import OrderedDict
from typing import Any

from litestar.connection import ASGIConnection
from litestar.exceptions import ImproperlyConfiguredException, NotAuthorizedException, ValidationException
from litestar.handlers.base import BaseRouteHandler

from hub import clock
from hub.access import login, policy
from hub.access.person import Actor
from hub.errors import NotAllowed
from hub.storage.scope import Scope
from hub.storage.unit import Storage

ANYONE = {"permission": "anyone"}
"""Without log-in."""
CALLED = {**ANYONE, "any_query": True}
"""The same, by other systems, which add to the address what they like: whose call it is the channel sees to."""
FILLED_IN = {**ANYONE, "own_token": True}
"""The same, with a token of the page that it was filled in at, which the route asks for."""
PERSON = {"permission": "person"}
"""Any of ours."""
READ = {"permission": "read"}
WORK = {"permission": "work"}
IT = {"permission": "it"}
AUDIT = {"permission": "audit"}
USE = {"permission": "use"}
"""How lookups are used."""
ADMIN = {"permission": "admin"}
"""What a municipality has set."""
PERMISSIONS = frozenset(each["permission"] for each in (ANYONE, PERSON, READ, WORK, IT, AUDIT, USE, ADMIN))

CACHED = 2 * clock.SECOND
"""How long a disabled person or an ended token may still work."""
_ROLES = {
    "it": policy.require_it,
    "audit": policy.require_auditor,
    "use": policy.require_use,
    "admin": policy.require_admin,
}
_MOST_CACHED = 2_000
_LONGEST_TOKEN = 200
Connection = ASGIConnection[Any, Any, Any, Any]


class Cache:
    """Actors by the hash of their token, for `CACHED` microseconds. Only what was found is kept."""

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, tuple[int, Actor]] = OrderedDict()

    def get(self, key: bytes) -> Actor | None:
        until, actor = self._known.get(key, (0, None))
        return actor if clock.now() < until else None

    def put(self, key: bytes, actor: Actor) -> None:
        self._known[key] = (clock.now() + CACHED, actor)
        self._known.move_to_end(key)
        if len(self._known) > _MOST_CACHED:
            self._known.popitem(last=False)

    def drop(self, key: bytes) -> None:
        self._known.pop(key, None)


async def admit(connection: Connection, handler: BaseRouteHandler) -> None:
    """The guard of every route. A route that states no permission lets nobody in."""
    permission = permission_of(handler)
    if not handler.opt.get("any_query"):
        _refuse_unknown_parameters(connection, handler)
    if permission == ANYONE["permission"]:
        return
    actor = await _actor(connection)
    require(permission, actor)
    connection.scope["user"] = actor


def permission_of(handler: BaseRouteHandler) -> str:
    """What its `opt` states. Raises when that is nothing we know."""
    permission = handler.opt.get("permission")
    if permission not in PERMISSIONS:
        raise ImproperlyConfiguredException(f"{handler} states no permission")
    return str(permission)


def require(permission: str, actor: Actor) -> None:
    """Raises NotAllowed when this person's token lacks what the route asks for."""
    if permission in {"read", "work"} and "read" not in actor.grants:
        raise NotAllowed("This token may not read: it lacks the scope read.")
    if permission == "work" and "write" not in actor.grants:
        raise NotAllowed("This token may only read: it lacks the scope write.")
    if permission in _ROLES:
        _ROLES[permission](actor)


async def _actor(connection: Connection) -> Actor:
    kind, _, token = connection.headers.get("authorization", "").partition(" ")
    token = token.strip()
    if kind.lower() != "bearer" or not token or len(token) > _LONGEST_TOKEN:
        raise NotAuthorizedException("Log in: send an API token as Authorization: Bearer ….")
    key = hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
    cache = _cache(connection.app.state)
    actor = cache.get(key)
    if actor is None:
        storage: Storage = connection.app.state.storage
        actor = await storage.read(Scope.everything("log-in"), login.by_token, token) if token.isascii() else None
        if actor is None:
            raise NotAuthorizedException("This token is unknown, expired or ended: ask IT for another.")
        cache.put(key, actor)
    return actor


def _cache(state: Any) -> Cache:
    if "actors" not in state:
        state.actors = Cache()
    found: Cache = state.actors
    return found


def _refuse_unknown_parameters(connection: Connection, handler: BaseRouteHandler) -> None:
    """A filter that is misspelt would otherwise show everything."""
    fields = handler.parsed_fn_signature.parameters.items()
    known = {getattr(field.kwarg_definition, "name", None) or name for name, field in fields}
    unknown = sorted(set(connection.query_params) - known)
    if unknown:
        raise ValidationException(
            "The request can't be used as it is.",
            extra=[{"key": unknown[0][:50], "message": "there is no such parameter here", "source": "query"}],
        )
