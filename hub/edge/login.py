"""Log-in and log-out of a browser. Whoever knocks is told the same, as slowly, whether there is such a person or not.

An address behind a proxy is what uvicorn makes of `X-Forwarded-For`, which it takes from those that the setting
`trusted_proxies` lists.
"""

import asyncio
import ipaddress
from collections import OrderedDict, deque
from typing import Any

from litestar.datastructures import Cookie

from hub import clock
from hub.access import attempt, password, session
from hub.access.attempt import MOST_OF_A_NETWORK, WINDOW, TooManyAttempts, WrongLogIn
from hub.access.audit import log_act
from hub.access.person import actor
from hub.edge.person import Connection
from hub.edge.session import cookie, forget, shown_token
from hub.errors import Unavailable
from hub.storage.scope import Scope
from hub.storage.unit import Storage, Unit

MOST_WAITING = 40
"""Passwords that wait for the only thread that checks them: seven seconds."""
_MOST_NETWORKS = 10_000


class Door:
    """Attempts of one process by network, also under way, before the database is asked; and how many are checked."""

    def __init__(self) -> None:
        self._knocks: OrderedDict[str, deque[int]] = OrderedDict()
        self.waiting = 0

    def knock(self, network: str) -> None:
        """Counts one. Raises TooManyAttempts."""
        now = clock.now()
        knocks = self._knocks.setdefault(network, deque())
        self._knocks.move_to_end(network)
        while knocks and knocks[0] <= now - WINDOW:
            knocks.popleft()
        if len(knocks) >= MOST_OF_A_NETWORK:
            raise TooManyAttempts(knocks[0] + WINDOW - now)
        knocks.append(now)
        if len(self._knocks) > _MOST_NETWORKS:
            self._knocks.popitem(last=False)

    def came_in(self, network: str) -> None:
        """The newest one counts no more."""
        if self._knocks.get(network):
            self._knocks[network].pop()


async def log_in(connection: Connection, email: str, given: str) -> Cookie:
    """The cookie for the answer. Raises WrongLogIn, TooManyAttempts, Unavailable.

    A new session every time; the one that the browser had ends.
    """
    state = connection.app.state
    storage: Storage = state.storage
    door = _door(state)
    network = network_of(connection.client.host if connection.client else "")
    door.knock(network)
    asked = await storage.read(Scope.everything("log-in"), attempt.ask, email, network)
    right = await _fits(door, asked.password, given)
    before = shown_token(connection)
    token = await storage.write(Scope.everything("log-in"), attempt.settle, asked, right, before, network)
    if token is None:
        raise WrongLogIn
    forget(connection)
    door.came_in(network)
    return cookie(state.settings, token)


async def log_out(connection: Connection) -> Cookie:
    """Ends the browser's session, if it has one. The cookie takes the old one away."""
    token = shown_token(connection)
    if token:
        storage: Storage = connection.app.state.storage
        await storage.write(Scope.everything("log-out"), _end, token)
        forget(connection)
    return cookie(connection.app.state.settings, "")


def network_of(host: str) -> str:
    """The /24 or /64 of an address: whoever has one of them has them all."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    if mapped:
        address = mapped
    return str(ipaddress.ip_network((address, 24 if address.version == 4 else 64), strict=False))  # noqa: PLR2004 - version of IP


async def _fits(door: Door, stored: str | None, given: str) -> bool:
    if door.waiting >= MOST_WAITING:
        raise Unavailable("Too many people log in just now. Try again in a few seconds.")
    door.waiting += 1
    try:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(password.THREAD, password.fits, stored, given)
    finally:
        door.waiting -= 1


def _end(unit: Unit, token: str) -> None:
    person_id = session.end(unit, token)
    if person_id is not None:
        by = actor(unit, person_id, frozenset())
        log_act(unit, "session.end", by, subject=("person", person_id), source=attempt.SOURCE)


def _door(state: Any) -> Door:
    if "door" not in state:
        state.door = Door()
    found: Door = state.door
    return found
