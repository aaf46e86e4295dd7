"""Ports that were let go are there when they are taken again: nobody else was given them."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from hub.proof import ports

OTHERS = "from hub.proof.ports import free_ports; print(*free_ports(150), flush=True); input()"


def test_no_port_is_given_twice_here_or_in_another_process() -> None:
    command = [sys.executable, "-c", OTHERS]
    others = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    try:
        given = [int(word) for each in others if each.stdout for word in each.stdout.readline().split()]
        given += ports.free_ports(150) + ports.free_ports(150)  # while they live: what was theirs is anybody's then
    finally:
        for each in others:
            each.communicate("\n")
    assert len(set(given)) == len(given) == 750


def test_they_lie_outside_those_of_clients(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    first, last = (int(word) for word in Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    assert not [each for each in ports.free_ports(20) if first <= each <= last]
    for said, low, high in (("16000\t65535\n", 10_100, 16_000), ("1024\t60999\n", 61_000, 65_500)):
        monkeypatch.setattr(ports, "_CLIENTS", tmp_path / "range")
        (tmp_path / "range").write_text(said)
        fresh = ports._one_by_one()
        assert all(low <= next(fresh) < high for _ in range(20))


def test_one_that_is_listened_on_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    taken, *free = sorted(ports.free_ports(3))
    with socket.create_server(("127.0.0.1", taken)):
        monkeypatch.setattr(ports, "_outside", lambda *_: [range(taken, taken + 1), range(free[0], free[0] + 1)])
        monkeypatch.setattr(ports, "_hold", lambda _: True)
        assert next(ports._one_by_one()) == free[0]
