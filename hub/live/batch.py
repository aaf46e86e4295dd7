"""Batch: the ids of what happened close together, until they are told of."""

from collections.abc import Iterator

from hub.live.topics import Event, Name
from hub.storage.unit import Happening


class Batch:
    """Each id once, however often something happened to it."""

    def __init__(self) -> None:
        self.entries: dict[int, int] = {}
        self.changed: set[int] = set()
        self.chats: set[int] = set()
        self.calls: dict[int, int] = {}
        self.deliveries: set[int] = set()
        self.renewed: dict[int, int] = {}
        self.channels: dict[int, int | None] = {}
        self.presence: set[tuple[Name, int]] = set()
        self.people: set[int] = set()

    def add(self, happened: Happening) -> None:
        """What its kind says of it; of a kind that nobody is told of, nothing."""
        match happened.kind:
            case "entry_added" if happened.conversation_id is not None:
                self.entries[happened.id] = happened.conversation_id
            case "entry_changed" if happened.conversation_id is not None:
                self.renewed[happened.id] = happened.conversation_id
            case "conversation_changed":
                self.changed.add(happened.id)
            case "chat_changed" if happened.conversation_id is not None:
                self.changed.add(happened.conversation_id)
                self.chats.add(happened.conversation_id)
            case "call_changed" if happened.conversation_id is not None:
                self.calls[happened.id] = happened.conversation_id
            case "delivery_queued" | "delivery_changed":
                self.deliveries.add(happened.id)
            case "channel_changed":
                self.channels[happened.id] = happened.municipality_id

    def of_entries(self) -> Iterator[tuple[Event, int]]:
        """Of those that came, and those that are shown otherwise now: fetched anew, as after a delivery."""
        of: tuple[tuple[Name, dict[int, int]], ...] = (("entry", self.entries), ("delivery", self.renewed))
        yield from ((Event(name, where, each), where) for name, entries in of for each, where in entries.items())

    @property
    def conversations(self) -> set[int]:
        """All that any of it is of."""
        of_entries = {*self.entries.values(), *self.calls.values(), *self.renewed.values()}
        return self.changed | of_entries | {each for _, each in self.presence}

    def __len__(self) -> int:
        parts = (self.entries, self.changed, self.chats, self.calls, self.deliveries, self.channels, self.presence)
        return sum(map(len, (*parts, self.people, self.renewed)))
