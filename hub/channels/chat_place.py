"""Chat place: a web chat as a visitor finds it: whose it is, where chats land, whether somebody is there now."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from hub import clock
from hub.channels.channel import Channel
from hub.contract import ChatSettings, Misconfigured
from hub.contract.chat import LANGUAGES, Hours, hours_on, is_within
from hub.contract.config import read_config
from hub.errors import Invalid
from hub.inbox.calendar import is_holiday
from hub.inbox.municipality import Municipality
from hub.inbox.queue import resolve
from hub.storage.unit import Unit

KIND = "web_chat"
_FURTHEST = 14
"""Days ahead in which the next opening is looked for."""


class ChatPlace(Struct, frozen=True, dict=True):
    """`paused`: IT has stopped it, and nothing is taken."""

    channel_id: int
    settings: ChatSettings
    municipality_id: int
    name: str
    timezone: str
    country: str
    language: str
    paused: bool

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """The first is spoken to whoever understands none of them."""
        return tuple(self.settings.languages) or (self.language if self.language in LANGUAGES else "en",)

    def is_open(self, topic: str | None = None) -> bool:
        """Now, for this topic; None: for those without hours of their own."""
        at = self._local(clock.now())
        return not self.paused and is_within(self._hours(topic, at.date()), at)

    def opens_at(self, topic: str | None = None) -> datetime | None:
        """The next time it does, in UTC; None: not in the next fortnight."""
        now = self._local(clock.now())
        for ahead in range(_FURTHEST if not self.paused else 0):
            day = now.date() + timedelta(days=ahead)
            for begins, _ in self._hours(topic, day):
                at = datetime.combine(day, begins, now.tzinfo)
                if at > now:
                    return at.astimezone(UTC)
        return None

    def closes_at(self, topic: str | None = None) -> datetime | None:
        """The end of the hours that it is now, in UTC; None: it isn't open, or the day through."""
        now = self._local(clock.now())
        for begins, ends in self._hours(topic, now.date()):
            if begins <= now.time() < ends < time.max:
                return datetime.combine(now.date(), ends, now.tzinfo).astimezone(UTC)
        return None

    def _hours(self, topic: str | None, day: date) -> Hours:
        return hours_on(self.settings, topic, day, is_holiday(day, self.country))

    def _local(self, at: int) -> datetime:
        return clock.to_datetime(at).astimezone(ZoneInfo(self.timezone))


def find(unit: Unit, channel_id: int) -> ChatPlace | None:
    """None: there is no such chat, or its settings don't fit any more."""
    channel = unit.get(Channel, channel_id)
    if channel is None or channel.kind != KIND:
        return None
    try:
        settings = read_config(ChatSettings, channel.config)
        municipality, _ = resolve(unit, settings.queue)
    except (msgspec.ValidationError, Misconfigured, Invalid):
        return None
    return of(channel.id, settings, municipality, paused=channel.paused_why is not None)


def of(channel_id: int, settings: ChatSettings, municipality: Municipality, *, paused: bool) -> ChatPlace:
    """As its settings make it."""
    return ChatPlace(
        channel_id=channel_id,
        settings=settings,
        municipality_id=municipality.id,
        name=municipality.name,
        timezone=municipality.timezone,
        country=municipality.country,
        language=municipality.language,
        paused=paused,
    )
