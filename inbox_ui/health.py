"""Health: how a channel does, in a word, why, and what to do about it. The hub finds it out; here it gets its words."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from msgspec import Struct

from hub.contract import Connector
from hub.edge import running
from hub.edge.desk import Desk
from hub.watch.health import ChannelLine, takes_in, takes_out
from hub.watch.trouble import Trouble
from inbox_ui import amounts, times
from inbox_ui.stored import stored
from inbox_ui.words import gettext as _
from inbox_ui.words import ngettext

QUIET = timedelta(days=1)
"""After this long without a mail a channel that takes them in says so. A weekend may be quiet: it is no alarm."""
_NOT_DELIVERED = ("failed", "uncertain")
_WIDE, _HIGH, _EDGE = 120, 28, 4
"""Of the picture of a day, as the design draws it."""
Kinds = Mapping[str, type[Connector[Any]]]


class Said(Struct, frozen=True):
    """One thing that is the matter, and what to do. `see`: a page that goes on."""

    why: str
    advice: str = ""
    see: str = ""


class Health(Struct, frozen=True):
    """`tone`: of the dot and the word. `alarms`: somebody of IT has to do something."""

    word: str
    tone: str
    said: Sequence[Said] = ()
    alarms: bool = False


class Channel(Struct, frozen=True):
    """A channel as a row shows it. A figure is None where there can't be any: nothing is read that only goes out."""

    line: ChannelLine
    title: str
    icon: str
    health: Health
    ago: str
    lag: str
    errors: int
    errors_are: str
    errors_see: str
    today: str
    spark: str
    takes_in: bool
    version: str
    progress: tuple[int, int] | None
    """How many are fetched, of how many, while a mailbox is joined."""


async def listed(desk: Desk, registry: Any) -> dict[str, Any]:
    """What the list of channels shows. `registry`: the application's, of what is plugged in."""
    found = channels(await running.channels(desk, registry), registry.connectors)
    told = await running.is_anybody_told(desk)
    return {"channels": found, "summary": summary(found), "is_anybody_told": told, "toast": None}


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


_ICONS = {
    "asterisk_ami": "phone", "phone_webhook": "phone", "phone_log": "phone", "elks": "sms",
    "web_chat": "chat", "web_form": "form",
}  # fmt: skip
"""Of kinds that bring no mail."""


def _channel(line: ChannelLine, kind: type[Connector[Any]] | None) -> Channel:
    comes, goes = takes_in(kind), takes_out(kind)
    at = line.last_contact_at
    minutes = int((times.now() - at).total_seconds() // 60) if at else 0
    ago = _("%(time)s ago") % {"time": times.span(minutes)} if minutes else _("just now")
    quarantined = line.raw_events["quarantined"] if comes else 0
    undelivered = sum(line.deliveries[state] for state in _NOT_DELIVERED) if goes else 0
    return Channel(
        line=line,
        title=stored(kind.title) if kind else line.kind,
        icon=_ICONS.get(line.kind, "mail" if comes else "send"),
        health=_health(line, comes=comes),
        ago=ago if at else "",
        lag=_lag(line),
        errors=quarantined + undelivered,
        errors_are=_errors_are(quarantined, undelivered),
        errors_see=f"/raw-events?channel={line.id}&state=quarantined" if quarantined else "",
        today=_today(line),
        spark=spark(line.hours),
        takes_in=comes,
        version=running.channel_version(line),
        progress=(line.fetched, line.fetched + line.behind) if line.behind and line.fetched is not None else None,
    )


def _health(line: ChannelLine, *, comes: bool) -> Health:
    """The worst of it gives the word: what stands still, then what is stuck, then silence."""
    said = [_said(line, each) for each in line.troubles]
    if line.paused_why is not None and not any(each.kind in {"plugin", "refused"} for each in line.troubles):
        waits = any(each.kind == "held" for each in line.troubles)
        advice = said.pop(0).why if waits else _("Nothing comes or goes until somebody resumes it.")
        return Health(_("Paused"), "late" if waits else "", [Said(line.paused_why, advice), *said], alarms=waits)
    said += _fetched(line)
    if line.troubles:
        word, tone = _words()[line.troubles[0].kind]
        if line.retry_at is not None:
            again = _("It is tried again at %(time)s.") % {"time": times.clock_time(line.retry_at)}
            said.append(Said(again))
        return Health(word, tone, said, alarms=True)
    if line.behind:
        return Health(_("Fetching"), "accent", said)
    at = line.last_contact_at
    if comes and (at is None or times.now() - at > QUIET):
        why = _("Nothing has come since %(day)s.") % {"day": times.day(at)} if at else _("Nothing has come yet.")
        return Health(_("Quiet"), "away", [Said(why)])
    return Health(_("Working"), "ok", said)


def counted(line: ChannelLine) -> list[str]:
    """A sentence for each of its mailboxes: what the source held when it was last counted, and what of it is here."""
    words = _("%(name)s: %(source)s at the source, %(here)s here, %(unexplained)s unexplained")
    return [
        words
        % {
            "name": box.name,
            "source": _number(box.at_source),
            "here": _number(box.here),
            "unexplained": _number(box.unexplained),
        }
        for box in line.mailboxes
    ]


def _fetched(line: ChannelLine) -> list[Said]:
    """How far a source is fetched from, and what of it was counted here when it was last counted."""
    said = []
    if line.behind:
        many = ngettext("%(num)s is to be fetched yet.", "%(num)s are to be fetched yet.", line.behind)
        said.append(Said(many % {"num": _number(line.behind)}))
    if line.vanished:
        gone = ngettext(
            "%(num)s was deleted or moved before it was fetched.",
            "%(num)s were deleted or moved before they were fetched.",
            line.vanished,
        )
        said.append(Said(gone % {"num": _number(line.vanished)}))
    said += [Said(each) for each in counted(line)]
    return said


def _number(many: int) -> str:
    return amounts.number(Decimal(many))


def _words() -> Mapping[str, tuple[str, str]]:
    """Of a kind of trouble: the word, and its tone."""
    return {
        "plugin": (_("Can't run"), "late"),
        "refused": (_("Refused"), "late"),
        "stopped": (_("Can't run"), "late"),
        "unattended": (_("Nobody listens"), "late"),
        "unanswered": (_("No answer"), "late"),
        "unread": (_("Stuck"), "late"),
        "unsent": (_("Stuck"), "late"),
        "deferred": (_("Slow"), "warn"),
        "uncertain": (_("Uncertain"), "warn"),
        "quarantine": (_("Needs a look"), "warn"),
        "unexplained": (_("Needs a look"), "warn"),
        "found": (_("Virus found"), "warn"),
        "unscanned": (_("Files stay shut"), "warn"),
        "warning": (_("Works yet"), "warn"),
        "silent": (_("Silent"), "warn"),
    }


def _said(line: ChannelLine, trouble: Trouble) -> Said:
    see = {"plugin": "/plugins", "quarantine": f"/raw-events?channel={line.id}&state=quarantined"}
    advice = {"plugin": _("See what is wrong with the plugins"), "quarantine": _("See why")}.get(trouble.kind)
    return Said(stored(trouble.sentence), advice or stored(trouble.advice), see.get(trouble.kind, ""))


def _lag(line: ChannelLine) -> str:
    """How long the oldest that isn't read has waited; else how long the last one took."""
    if line.oldest_unread_at is not None:
        seconds = (times.now() - line.oldest_unread_at).total_seconds()
    elif line.lag_seconds is not None:
        seconds = line.lag_seconds
    else:
        return ""
    if seconds < 1:
        return _("%(n)s ms") % {"n": max(1, round(seconds * 1000))}
    return _("%(n)s s") % {"n": round(seconds)} if seconds < 100 else times.span(int(seconds // 60))  # noqa: PLR2004 - as the design has 95 s


def _errors_are(quarantined: int, undelivered: int) -> str:
    said = []
    if quarantined:
        said.append(ngettext("%(num)s quarantined", "%(num)s quarantined", quarantined) % {"num": quarantined})
    if undelivered:
        said.append(ngettext("%(num)s not delivered", "%(num)s not delivered", undelivered) % {"num": undelivered})
    return ", ".join(said)


def _today(line: ChannelLine) -> str:
    """What came; of a channel that only sends, what went; of one that does both, both."""
    if line.came_today is not None and line.gone_today is not None:
        return _("%(came)s in, %(gone)s out") % {
            "came": _number(line.came_today),
            "gone": _number(line.gone_today),
        }
    return _number(line.came_today if line.came_today is not None else line.gone_today or 0)


def spark(hours: Sequence[int]) -> str:
    """The points of a line over the last hours; a flat one at the bottom where nothing was."""
    most = max(hours, default=0) or 1
    step = _WIDE / max(1, len(hours) - 1)
    room = _HIGH - 2 * _EDGE
    return " ".join(f"{at * step:.1f},{_HIGH - _EDGE - number / most * room:.1f}" for at, number in enumerate(hours))
