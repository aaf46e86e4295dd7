"""The door: from where one may connect, how many at once, and whom a proxy in front speaks for.

PROXY protocol 1 and 2 (haproxy's proxy-protocol.txt) is read from listed proxies only: anybody else could name any
address. What isn't let in hears one sentence and is hung up on.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias, cast

from hub.contract import Misconfigured

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

CONNECTIONS = 100
"""Of all peers together."""
TOO_MANY_CONNECTIONS = "421 4.3.2 Too many connections; try again later"
TOO_MANY_OF_YOURS = "421 4.7.0 Too many connections from your address; try again later"
NOT_FROM_THERE = "554 5.7.1 Mail isn't taken from your address; send it by way of the recipient's mail server"
_MAPPED = IPv6Network("::ffff:0:0/96")


class Door:
    """Counts who is inside. `peers`: networks that may come in, none: all; `per_peer`: connections of one address."""

    def __init__(self, peers: Sequence[str] = (), proxies: Sequence[str] = (), per_peer: int = CONNECTIONS) -> None:
        """Raises Misconfigured."""
        self._peers, self._proxies = networks("peers", peers), networks("proxies", proxies)
        self._per_peer = per_peer
        self._inside: Counter[str] = Counter()

    def is_proxy(self, peer: str) -> bool:
        return _is_within(peer, self._proxies)

    def refuses(self, peer: str) -> str:
        """The words that it is sent away with; empty when it may come in."""
        if self._peers and not _is_within(peer, self._peers):
            return NOT_FROM_THERE
        return TOO_MANY_OF_YOURS if self._inside[peer] >= self._per_peer else ""

    def enter(self, peer: str) -> None:
        self._inside[peer] += 1

    def leave(self, peer: str) -> None:
        self._inside[peer] -= 1
        if self._inside[peer] <= 0:
            del self._inside[peer]


class Farewell(asyncio.Protocol):
    """A connection that isn't let in: told so, and closed."""

    def __init__(self, words: str) -> None:
        self.words = words

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        writing = cast(asyncio.WriteTransport, transport)  # uvloop's is no subclass of it
        writing.write(self.words.encode() + b"\r\n")
        writing.close()


def networks(field: str, listed: Sequence[str]) -> list[Network]:
    """Raises Misconfigured."""
    found = []
    for each in listed:
        try:
            found.append(ip_network(each))
        except ValueError as error:
            raise Misconfigured(
                field, f"{each!r} is no network: write 10.1.0.0/16, or one address as 10.1.0.5 or 2001:db8::5."
            ) from error
    return found


def address_of(transport: asyncio.BaseTransport) -> str:
    """Where the connection comes from; an IPv4 address in IPv6's dress (RFC 4291 2.5.5.2) as itself."""
    name = transport.get_extra_info("peername")
    return plain(str(name[0])) if name else ""


def plain(address: str) -> str:
    """Without a zone, and IPv4 as IPv4."""
    try:
        found: Address = ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    return str(found.ipv4_mapped or found) if isinstance(found, IPv6Address) and found in _MAPPED else str(found)


def is_this_machine(host: str) -> bool:
    return host == "localhost" or (bool(plain(host)) and ip_address(plain(host)).is_loopback)


def _is_within(peer: str, listed: Sequence[Network]) -> bool:
    return bool(peer) and any(ip_address(peer) in each for each in listed)
