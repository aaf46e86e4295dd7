"""What a process and its children take of the machine, by /proc; nothing where the system doesn't tell."""

import os
from collections.abc import Sequence
from pathlib import Path


def family(pid: int) -> Sequence[int]:
    """It, its children and theirs."""
    return [pid, *(each for child in children(pid) for each in family(child))]


def children(pid: int) -> Sequence[int]:
    """Whichever of its threads started them."""
    found: list[int] = []
    for listing in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += map(int, listing.read_text().split())
        except OSError:  # a thread that ended meanwhile
            continue
    return sorted(found)


def used(pid: int) -> float:
    """Seconds of processor time that it and its family took so far, those that ended as well."""
    return sum(_processor_time(each) for each in family(pid))


def memory(pid: int, *, alone: bool = False) -> float:
    """MB that it and its family hold now, or it `alone`; what processes share is counted once."""
    return sum(_proportional(each) for each in ((pid,) if alone else family(pid)))


def _processor_time(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # it ended meanwhile, or there is no such file system
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _proportional(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1000
