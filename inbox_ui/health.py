"""Health: how a channel does, in a word, why, and what to do about it. Read off what the hub counts of it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from msgspec import Struct

from hub.contract import Connector, Listens, Sends
from hub.edge import running
from hub.inbound.overview import ChannelLine
from inbox_ui import times
from inbox_ui.stored import stored
from inbox_ui.words import gettext as _
from inbox_ui.words import ngettext

QUIET = timedelta(days=1)
"""After this long without a mail a channel that takes them in says so. A weekend may be quiet: it is no alarm."""
_ON_THEIR_WAY = ("queued", "leased", "handed_over", "deferred")
_NOT_DELIVERED = ("failed", "uncertain")
Kinds = Mapping[str, type[Connector[Any]]]


class Health(Struct, frozen=True):
    """`tone`: of the dot and the word. `alarms`: somebody of IT has to do something. `see`: a page that goes on."""

    word: str
    tone: str
    why: str = ""
    advice: str = ""
    see: str = ""
    alarms: bool = False


class Channel(Struct, frozen=True):
    """A channel as a row shows it. A figure is None where there can't be any: nothing is read that only goes out."""

    line: ChannelLine
    title: str
    icon: str
    health: Health
    ago: str
    waiting: int
    quarantined: int | None
    undelivered: int | None
    version: str


def channels(lines: Sequence[ChannelLine], kinds: Kinds) -> list[Channel]:
    """What has to be seen to comes first, then by name."""
    found = [_channel(line, kinds.get(line.kind)) for line in lines]
    return sorted(found, key=lambda each: (not each.health.alarms, each.line.name.casefold()))


def summary(found: Sequence[Channel]) -> str:
    """3 channels, 1 paused, 1 needs attention."""
    said = [ngettext("%(num)s channel", "%(num)s channels", len(found)) % {"num": len(found)}]
    paused = sum(each.line.paused_why is not None for each in found)
    alarms = sum(each.health.alarms for each in found)
    if paused:
        said.append(ngettext("%(num)s paused", "%(num)s paused", paused) % {"num": paused})
    if alarms:
        said.append(ngettext("%(num)s needs attention", "%(num)s need attention", alarms) % {"num": alarms})
    return ", ".join(said)


def takes_in(kind: type[Connector[Any]] | None) -> bool:
    """Whether raw events come by channels of this kind. Of a kind that no plugin brings any more, some may have."""
    return kind is None or issubclass(kind, Listens)


def _channel(line: ChannelLine, kind: type[Connector[Any]] | None) -> Channel:
    comes, goes = takes_in(kind), kind is None or issubclass(kind, Sends)
    at = line.last_contact_at
    minutes = int((times.now() - at).total_seconds() // 60) if at else 0
    ago = _("%(time)s ago") % {"time": times.span(minutes)} if minutes else _("just now")
    return Channel(
        line=line,
        title=stored(kind.title) if kind else line.kind,
        icon="mail" if comes else "send",
        health=_health(line, is_known=kind is not None, comes=comes),
        ago=ago if at else "",
        waiting=line.raw_events["new"] + sum(line.deliveries[state] for state in _ON_THEIR_WAY),
        quarantined=line.raw_events["quarantined"] if comes else None,
        undelivered=sum(line.deliveries[state] for state in _NOT_DELIVERED) if goes else None,
        version=running.channel_version(line),
    )


def _health(line: ChannelLine, *, is_known: bool, comes: bool) -> Health:
    """The worst of it: what stands still, then what is stuck, then silence."""
    known = _stands_still(line, is_known=is_known) or _stuck(line)
    if known:
        return known
    at = line.last_contact_at
    if comes and (at is None or times.now() - at > QUIET):
        said = _("Nothing has come since %(day)s.") % {"day": times.day(at)} if at else _("Nothing has come yet.")
        return Health(_("Quiet"), "away", said)
    return Health(_("Working"), "ok")


def _stands_still(line: ChannelLine, *, is_known: bool) -> Health | None:
    if not is_known:
        why = _("No plugin brings the kind %(kind)s.") % {"kind": line.kind}
        return Health(_("Can't run"), "late", why, _("See what is wrong with the plugins"), "/plugins", alarms=True)
    if line.paused_why is not None:
        return _paused(line.paused_why, sum(line.deliveries[state] for state in _ON_THEIR_WAY))
    if line.trouble is not None:
        advice = _("It is tried again by itself; see to what is in its way.")
        return Health(_("Can't run"), "late", line.trouble, advice, alarms=True)
    return None


def _stuck(line: ChannelLine) -> Health | None:
    quarantined, deferred = line.raw_events["quarantined"], line.deliveries["deferred"]
    if quarantined:
        said = ngettext("%(num)s couldn't be read or placed.", "%(num)s couldn't be read or placed.", quarantined)
        see = f"/raw-events?channel={line.id}&state=quarantined"
        return Health(_("Needs a look"), "warn", said % {"num": quarantined}, _("See why"), see, alarms=True)
    if deferred:
        said = ngettext("%(num)s isn't taken yet.", "%(num)s aren't taken yet.", deferred) % {"num": deferred}
        return Health(
            _("Slow"), "warn", said, _("Each is tried again by itself; see to the server it goes to."), alarms=True
        )
    return None


def _paused(why: str, waiting: int) -> Health:
    """By somebody, or because its log-in was refused: either way it is seen to before answers lie too long."""
    if not waiting:
        return Health(_("Paused"), "", why, _("Nothing comes or goes until somebody resumes it."))
    said = ngettext("%(num)s waits until somebody resumes it.", "%(num)s wait until somebody resumes it.", waiting)
    return Health(_("Paused"), "late", why, said % {"num": waiting}, alarms=True)
