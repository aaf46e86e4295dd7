"""Hosts of a network of our own: network namespaces on a switch that this process is connected to as well.

A host's cable is pulled and put back; whoever spoke to it is told nothing. Needs root, and iproute2's `ip`.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from tests.servers import Missing

_NETWORK = "198.18"
"""Kept for tests of networks (RFC 2544): nobody's address."""


class Host:
    """`address`: its own; `enter`: the words before a command that is to run on it."""

    def __init__(self, name: str, address: str, cable: str) -> None:
        self.address, self._cable = address, cable
        self.enter: Sequence[str] = ["nsenter", f"--net=/run/netns/{name}", "--"]

    def pull(self) -> None:
        """Its cable."""
        _ip("link", "set", self._cable, "down")

    def put_back(self) -> None:
        """The same."""
        _ip("link", "set", self._cable, "up")


@contextmanager
def hosts(*names: str) -> Iterator[Sequence[Host]]:
    """As many, taken away afterwards. Raises Missing."""
    if os.geteuid() != 0:
        raise Missing("Network namespaces are root's to make: run this test as root")
    if shutil.which("ip") is None:
        raise Missing("There is no `ip` here: install iproute2")
    tag, subnet = f"tg{os.getpid() % 100_000}", f"{_NETWORK}.{os.getpid() % 255}"
    switch = f"{tag}sw"
    with ExitStack() as stack:
        _made(stack, switch, "link", "add", switch, "type", "bridge")
        _ip("address", "add", f"{subnet}.1/24", "dev", switch)
        _ip("link", "set", switch, "up")
        found = []
        for number, name in enumerate(names, 2):
            own, cable = f"{tag}{name}", f"{tag}c{number}"
            _ip("netns", "add", own)
            stack.callback(_ip, "netns", "delete", own)  # and its end of the cable with it
            _ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", own)
            _ip("link", "set", cable, "master", switch, "up")
            _ip("-n", own, "address", "add", f"{subnet}.{number}/24", "dev", "eth0")
            for each in ("lo", "eth0"):
                _ip("-n", own, "link", "set", each, "up")
            found.append(Host(own, f"{subnet}.{number}", cable))
        yield found


def here(host: Host) -> str:
    """This process's own address, as its hosts reach it."""
    return f"{host.address.rpartition('.')[0]}.1"


def _made(stack: ExitStack, link: str, *words: str) -> None:
    _ip(*words)
    stack.callback(_ip, "link", "delete", link)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)
