"""Ports for what is started, stopped and started again: nobody else is given them meanwhile.

A process takes a hundred at a time and gives each once. A hundred is held by a name among the abstract sockets
(unix(7)): there is one of each name where there is one of each port, and the system forgets it with the process.
All lie outside those that the system gives to clients: a client that retries must never meet itself on a port we have
left, and no connection of a stranger may stand on one of ours.
"""

import errno
import random
import socket
from collections.abc import Iterator
from pathlib import Path

_ALL, _EACH = range(10_100, 65_500), 100
"""Above the last one that browsers refuse."""
_CLIENTS = Path("/proc/sys/net/ipv4/ip_local_port_range")


def free_ports(count: int) -> list[int]:
    """Ports of this machine that nobody listens on now; no other call is given them, in no process of ours."""
    return [next(_ports) for _ in range(count)]


def _one_by_one() -> Iterator[int]:
    hundreds = _outside(*_clients())
    random.shuffle(hundreds)
    for hundred in hundreds:
        if _hold(hundred.start):
            yield from filter(_is_free, hundred)
    raise RuntimeError("There is no free port left on this machine.")


def _clients() -> tuple[int, int]:
    """The first and the last port that the system gives to clients."""
    try:
        first, last = _CLIENTS.read_text().split()
    except OSError:  # not Linux
        first, last = "32768", "60999"
    return int(first), int(last)


def _outside(first: int, last: int) -> list[range]:
    """Hundreds without any of these; all where nothing else is left."""
    hundreds = [range(start, start + _EACH) for start in range(_ALL.start, _ALL.stop, _EACH)]
    return [each for each in hundreds if each.stop <= first or each.start > last] or hundreds


def _hold(first: int) -> bool:
    """For as long as this process lives; False when another one has it."""
    with socket.socket(socket.AF_UNIX) as name:
        try:
            name.bind(f"\0torg-ports-{first}")
        except OSError as error:
            return error.errno != errno.EADDRINUSE  # without such names it is left to chance
        name.detach()
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


_ports = _one_by_one()
