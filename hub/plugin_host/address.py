"""Where a source is: its name is resolved here, and what it may resolve to is checked, before we connect."""

import asyncio
import re
import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

from hub.contract import Unreachable

Address: TypeAlias = IPv4Address | IPv6Address

NEVER = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",  # this machine, on Linux
        "100.64.0.0/10",  # between a provider and its customers (RFC 6598); one cloud's metadata
        "169.254.0.0/16",  # link-local; nearly every cloud's metadata
        "168.63.129.16/32",  # Azure's
        "192.0.0.0/24",  # RFC 6890; Oracle's
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
        "::/128",
        "::ffff:0:0/96",  # IPv4 in another dress: nobody's DNS answers it
        "fd00:ec2::/32",  # Amazon's metadata
        "fe80::/10",
        "ff00::/8",
    )
)
"""Private networks aren't here: municipal systems live there."""
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?", re.IGNORECASE)
_LONGEST = 254
_NAT64 = IPv6Network("64:ff9b::/96")


def is_host(text: str) -> bool:
    """A name (RFC 1123, and the underscores that Windows lets pass), or an address."""
    return _literal(text) is not None or (len(text) < _LONGEST and _NAME.fullmatch(text) is not None)


def is_this_machine(host: str) -> bool:
    """Only what says so itself: a name that merely resolves to it doesn't."""
    literal = _literal(host)
    return literal.is_loopback if literal else host == "localhost"


async def resolve(host: str, port: int, *, public_only: bool = False) -> list[Address]:
    """Addresses of `host` that a plugin may connect to, best first. Raises Unreachable when there is none.

    `public_only`: where the address is a stranger's, nothing of the municipality's own network either.
    """
    literal = _literal(host)
    found = [literal] if literal else await _ask_dns(host, port)
    here = is_this_machine(host) and not public_only
    allowed = [
        address
        for address in dict.fromkeys(found)
        if _is_allowed(address, here=here) and not (public_only and _is_private(address))
    ]
    if not allowed:
        raise Unreachable(f"{host} is at an address that Torg doesn't go to.")
    return allowed


async def _ask_dns(host: str, port: int) -> list[Address]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"No address is known for {host}.") from error
    return [ip_address(to[0]) for *_, to in found]


def _is_allowed(address: Address, *, here: bool) -> bool:
    return all(
        each.is_loopback == here and not any(each in network for network in NEVER)
        for each in (address, *_within(address))
    )


def _is_private(address: Address) -> bool:
    """Or of no known use, as documentation's: not of the internet (IANA's registries of special addresses)."""
    return not all(each.is_global for each in (address, *_within(address)))


def _within(address: Address) -> list[Address]:
    """The IPv4 address that a translator on the way would go to."""
    if isinstance(address, IPv4Address):
        return []
    within = [address.sixtofour, address.teredo[1] if address.teredo else None]
    within.append(IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None)
    return [each for each in within if each]


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
