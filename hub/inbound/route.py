"""Route: whose an item is, and which queue's. Routers answer with names; here they become rows, remembered a while."""

from collections.abc import Mapping, Sequence

from msgspec import Struct
from sqlalchemy import select

from hub.channels.channel import Channel
from hub.contract import Arrival, RawEvent, ReceivedMessage, Router, Routing
from hub.errors import Invalid
from hub.inbox.municipality import Municipality
from hub.inbox.queue import Queue, of_municipality, resolve
from hub.storage.unit import Unit

_LONGEST_ID = 19


class Place(Struct, frozen=True):
    """A municipality and a queue, with what working out a due time asks of them."""

    municipality_id: int
    queue_id: int
    answer_days: int | None
    timezone: str
    country: str
    language: str
    queue_name: str = ""
    """In the municipality's language."""
    code: str = ""
    """The municipality's."""


class Directory:
    """Destinations by name, for one group of items. Raises Invalid for what isn't there."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._known: dict[str, Place | Invalid] = {}
        self._homes: dict[int, Place | None] = {}
        self._channels: dict[str, bool] = {}

    def place(self, routing: Routing) -> Place:
        """The queue of that municipality."""
        destination = f"{routing.municipality}/{routing.queue}"
        found = self._known.get(destination)
        if found is None:
            try:
                found = place_of(*resolve(self._unit, destination))
            except Invalid as error:
                found = error
            self._known[destination] = found
        if isinstance(found, Invalid):
            raise found
        return found

    def is_channel(self, said: str) -> bool:
        """Whether there is one of that id."""
        if said not in self._channels:
            row_id = int(said) if said.isdecimal() and len(said) < _LONGEST_ID else 0
            self._channels[said] = self._unit.first(select(Channel.id).where(Channel.id == row_id)) is not None
        return self._channels[said]

    def home(self, channel_id: int) -> Place | None:
        """The first queue of the channel's own municipality, for what no router places."""
        if channel_id not in self._homes:
            home_id = self._unit.first(select(Channel.home_id).where(Channel.id == channel_id))
            municipality = self._unit.get(Municipality, home_id)
            queues = of_municipality(self._unit, municipality) if municipality else ()
            self._homes[channel_id] = place_of(municipality, queues[0]) if municipality and queues else None
        return self._homes[channel_id]


def route(
    routers: Mapping[str, Router],
    directory: Directory,
    channel_id: int,
    events: Sequence[RawEvent],
    message: ReceivedMessage,
) -> Place:
    """The first router's answer; without one, the channel's home. Raises Invalid: the item is then quarantined."""
    arrival = Arrival(
        channel=str(channel_id),
        origin=events[0].origin,
        subject=message.subject,
        sender=message.sender.address,
        recipients=[each.address for each in (*message.to, *message.cc)],
    )
    return destination(routers, directory, arrival)


def destination(routers: Mapping[str, Router], directory: Directory, arrival: Arrival) -> Place:
    """As `route`, of whatever arrives."""
    for router in routers.values():
        routing = router(arrival)
        if routing is not None:
            return directory.place(routing)
    home = directory.home(int(arrival.channel))
    if home is None:
        raise Invalid("route", "no router places it and its channel has no municipality of its own")
    return home


def place_of(municipality: Municipality, queue: Queue) -> Place:
    """Of two rows."""
    return Place(
        municipality.id,
        queue.id,
        queue.answer_days,
        municipality.timezone,
        municipality.country,
        municipality.language,
        queue_name(queue, municipality.language),
        municipality.code,
    )


def queue_name(queue: Queue, language: str) -> str:
    """In that language, else in one that it has."""
    return queue.words.get(language) or next(iter(queue.words.values()), "")
