"""Timetable: when each message of a conversation was written and what was done with it, told from its end backwards.

Agents answer in working hours, usually within two days and sometimes late; citizens write in the evening and at
weekends too. All by chance, with a seed: the same day gives the same demo.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from msgspec import Struct

from hub.cli.demo_fill.content import Story
from hub.clock import DAY, MINUTE, from_datetime, to_datetime
from hub.inbox import calendar

HOUR = 60 * MINUTE
WEEK = 7 * DAY
PAST = 60 * DAY
"""How far back the demo goes."""
OPENS, CLOSES = time(8), time(16, 30)
AWAKE, ASLEEP = time(6, 30), time(23)
_OVERDUE = 0.12
"""Share of the open conversations that should have been answered before now."""
_ANSWER_AFTER = ((0.3, 7, 70), (18, 40, 20), (72, 150, 10))
"""Hours from, hours to, and how many of a hundred answers."""
_WRITES_BACK_AFTER = ((0.2, 3, 50), (4, 30, 40), (40, 110, 10))


class Act(Struct, frozen=True, order=True):
    """What happens to a conversation at a time: mail | look | answer | wait | close. `message` is its number there."""

    at: int
    story: int
    message: int
    what: str


class Days(Struct, frozen=True):
    """Working days and hours of a municipality."""

    timezone: str
    country: str

    def local(self, at: int) -> datetime:
        """In its own time."""
        return to_datetime(at).astimezone(ZoneInfo(self.timezone))

    def at_desk_before(self, at: int, chance: Random) -> int:
        """`at`, or else some time of a working day before it: not always of a Friday."""
        local = self.local(at)
        if self._works(local.date()) and OPENS <= local.time() <= CLOSES:
            return at
        day = local.date() if local.time() > CLOSES else local.date() - timedelta(days=1)
        if not self._works(local.date()):
            day -= timedelta(days=chance.randint(0, 4))
        while not self._works(day):
            day -= timedelta(days=1)
        return self._on(day, OPENS) + int(chance.uniform(0.2, 8.2) * HOUR)

    def at_desk_after(self, at: int, chance: Random) -> int:
        """`at`, or else soon after the next working day has begun."""
        local = self.local(at)
        if self._works(local.date()) and OPENS <= local.time() <= CLOSES:
            return at
        day = local.date() if local.time() < OPENS else local.date() + timedelta(days=1)
        while not self._works(day):
            day += timedelta(days=1)
        return self._on(day, OPENS) + int(chance.uniform(2, 150) * MINUTE)

    def awake_before(self, at: int, chance: Random) -> int:
        """`at`, or in the night the evening before."""
        local = self.local(at)
        if AWAKE <= local.time() <= ASLEEP:
            return at
        day = local.date() - timedelta(days=1 if local.time() < AWAKE else 0)
        return self._on(day, time(18)) + int(chance.uniform(0, 5) * HOUR)

    def morning_after(self, at: int, working_days: int) -> int:
        """Nine o'clock, so many working days later."""
        day = self.local(calendar.due(at, working_days, self.timezone, self.country)).date()
        return self._on(day, time(9))

    def _works(self, day: date) -> bool:
        noon = self._on(day, time(12))
        return calendar.due(noon, 0, self.timezone, self.country) == noon  # a day off counts as the next one's midnight

    def _on(self, day: date, of_day: time) -> int:
        return from_datetime(datetime.combine(day, of_day, ZoneInfo(self.timezone)).astimezone(UTC))


def plan(stories: Sequence[Story], days: Mapping[str, Days], now: int, seed: int) -> list[Act]:
    """Everything that happened until `now`, in order."""
    of_citizen: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for number, story in enumerate(stories):
        of_citizen[story.municipality, story.citizen.email].append(number)
    acts: list[Act] = []
    for numbers in of_citizen.values():
        # Who writes again does so when the last conversation has ended; what is still open is the newest.
        latest = now
        in_order = sorted(numbers, key=lambda each: (stories[each].state != "closed", each))
        for before, number in reversed(list(enumerate(in_order))):
            story, chance = stories[number], Random(f"{seed}:{number}")  # noqa: S311 - made-up times, no secrets
            room = _Room(now, now - PAST + (6 + 12 * before) * DAY, latest)
            told = _tell(number, story, days[story.municipality], room, chance)
            acts += told
            latest = told[0].at - int(chance.uniform(0.5, 6) * DAY)
    return sorted(acts)


class _Room(Struct, frozen=True):
    """Between what times a conversation ends."""

    now: int
    earliest: int
    latest: int


def _tell(number: int, story: Story, days: Days, room: _Room, chance: Random) -> list[Act]:
    now = room.now
    times = _written(story, days, _end(story, days, room, chance), chance)
    while times[0] < now - PAST and times[-1] + WEEK < room.latest - DAY:
        times = [at + WEEK for at in times]
    acts = [
        Act(at, number, place, "mail" if said.by == "citizen" else "answer")
        for place, (at, said) in enumerate(zip(times, story.messages, strict=True))
    ]
    answers = [act.at for act in acts if act.what == "answer"]
    if answers:
        looked_at = max(times[0] + MINUTE, answers[0] - int(chance.uniform(3, 15) * MINUTE))
    else:
        looked_at = days.at_desk_after(times[-1] + int(chance.uniform(10, 90) * MINUTE), chance)
    if looked_at < now:  # else nobody has, yet
        acts.append(Act(looked_at, number, 0, "look"))
    last = len(times) - 1
    if story.state == "waiting":
        acts.append(Act(times[-1] + MINUTE, number, last, "wait"))
    elif story.state == "closed":
        read = times[-1] if story.messages[-1].by == "agent" else max(times[-1], looked_at if not answers else 0)
        after = days.at_desk_after(read + int(chance.uniform(1, 20) * MINUTE), chance)
        acts.append(Act(min(after, now), number, last, "close"))
    return sorted(acts)


def _end(story: Story, days: Days, room: _Room, chance: Random) -> int:
    """When its last message was written."""
    now, latest = room.now, room.latest
    if story.state == "open":
        overdue = chance.random() < _OVERDUE
        ago = chance.uniform(4.5, 8) * DAY if overdue else chance.uniform(0.2, 34) * HOUR
        return days.awake_before(min(latest, now - int(ago)), chance)
    if story.state == "waiting":
        return days.at_desk_before(min(latest, now - int(chance.uniform(1, 9) * DAY)), chance)
    newest = min(latest, now - (DAY if story.messages[-1].by == "agent" else 5 * DAY))
    at = int(chance.uniform(min(room.earliest, newest - 5 * DAY), newest))
    return days.at_desk_before(at, chance) if story.messages[-1].by == "agent" else days.awake_before(at, chance)


def _written(story: Story, days: Days, end: int, chance: Random) -> list[int]:
    """When each message was, from the last one back."""
    times = [end]
    for place in range(len(story.messages) - 2, -1, -1):
        earlier, later = story.messages[place], story.messages[place + 1]
        spans = _ANSWER_AFTER if later.by == "agent" else _WRITES_BACK_AFTER
        start, stop, _ = chance.choices(spans, [weight for *_, weight in spans])[0]
        at = times[0] - int(chance.uniform(start, stop) * HOUR)
        times.insert(0, (days.awake_before if earlier.by == "citizen" else days.at_desk_before)(at, chance))
    return times
