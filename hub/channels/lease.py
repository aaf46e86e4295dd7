"""Lease: of several processes one pulls a channel. Its fence stands in every WHERE of what it writes about the channel.

So whoever was paused and wakes when another has the lease changes nothing, whatever the clocks say. `lease_by` names
the process, for one that follows a killed one on the same machine: it needn't wait until the lease runs out.
"""

import os
import socket
from pathlib import Path

from sqlalchemy import or_, select, update

from hub import clock
from hub.channels.channel import Channel
from hub.storage.unit import Happening, Unit

RENEW = 10.0
"""Seconds between two renewals."""
HOLDS = 25 * clock.SECOND
"""How long one holds that a process took before it died."""


class LostLease(Exception):
    """Another process has the channel by now: what this one fetched is fetched again, by that one."""


def take(unit: Unit, channel_id: int) -> int | None:
    """The fence, when nobody else has the channel; None otherwise."""
    now = clock.now()
    held = unit.first(select(Channel.lease_by).where(Channel.id == channel_id))
    free = or_(Channel.lease_until.is_(None), Channel.lease_until < now)
    if held is not None and is_gone(held):
        free = or_(free, Channel.lease_by == held)
    rows = unit.changed(
        update(Channel)
        .where(Channel.id == channel_id, Channel.paused_why.is_(None), free)
        .values(fence=Channel.fence + 1, lease_until=now + HOLDS, lease_by=our_name())
        .returning(Channel.fence, Channel.home_id)
    )
    if not rows:
        return None
    unit.note(Happening("channel_changed", channel_id, rows[0].home_id))
    return int(rows[0].fence)


def renew(unit: Unit, channel_id: int, fence: int) -> None:
    """Raises LostLease."""
    require(unit, channel_id, fence, lease_until=clock.now() + HOLDS)


def give_back(unit: Unit, channel_id: int, fence: int) -> None:
    """So that the next needn't wait. Nothing, when another has it."""
    unit.change(update(Channel).where(Channel.id == channel_id, Channel.fence == fence).values(lease_until=None))


def our_name() -> str:
    """Machine, process, and when that began: a number that comes again is another's then."""
    return f"{_machine()}/{os.getpid()}/{_began(os.getpid())}"


def is_gone(name: str) -> bool:
    """That process, as far as this machine can tell: of another machine's nothing, and where there is no /proc."""
    host, pid, began = name.rsplit("/", 2)
    return host == _machine() and bool(_began(os.getpid())) and _began(int(pid)) != began


def _machine() -> str:
    """Where a process's number means the same process: two containers may share a name, or a machine, and not that."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{socket.gethostname()} {boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return socket.gethostname()


def _began(pid: int) -> str:
    """Clock ticks since the machine came up; empty for none that there is."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()[19]
    except OSError:
        return ""


def just_ended() -> int:
    """Of a channel that may be taken at once, and whoever runs it has some time to come before that is a trouble."""
    return clock.now() - 1


def tell(unit: Unit, channel_id: int, fence: int, trouble: str | None, retry_at: int | None) -> None:
    """How it goes: nothing fetched, why, and when it is tried again; or that it works. Raises LostLease."""
    channel = unit.get(Channel, channel_id)
    before = channel.trouble if channel is not None else None
    require(unit, channel_id, fence, trouble=trouble, retry_at=retry_at)
    if channel is not None and before != trouble:
        unit.note(Happening("channel_changed", channel_id, channel.home_id))


def require(unit: Unit, channel_id: int, fence: int, **values: object) -> None:
    """Writes them if the lease is ours. Raises LostLease, and nothing of the unit is written then."""
    if not unit.change(update(Channel).where(Channel.id == channel_id, Channel.fence == fence).values(**values)):
        raise LostLease
