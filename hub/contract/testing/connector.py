"""What every connector keeps: the rules of its class, its settings, and a parse that is pure and bears anything."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest

from hub.contract.errors import Unreadable
from hub.contract.messages import Item, RawEvent
from hub.contract.plugin import Connector, Controls, KeepsSent, Listens, Pulls, Receives, Sends, Texts
from hub.contract.rules import broken_rules
from hub.contract.testing.inspection import assert_well_formed, damaged
from hub.contract.testing.plugin import PluginTests, secrets_of
from hub.contract.testing.seal import sealed
from hub.contract.testing.stage import TestTools


class ConnectorTests(PluginTests):
    """The class, its settings, and its parse."""

    connector: ClassVar[type[Connector[Any]]]
    samples: ClassVar[Sequence[Path]] = ()
    """Recordings of what the other side really sends: an ordinary one, one with attachments, an ugly one."""
    media_type: ClassVar[str] = "message/rfc822"

    def events(self, sample: Path) -> Sequence[RawEvent]:
        """The raw events of one recording, of one group."""
        return [RawEvent(key=sample.name, body=sample.read_bytes(), media_type=self.media_type)]

    def test_every_ability_is_tested(self) -> None:
        for ability, method, tests in (
            (Pulls, "source", "PullTests"),
            (Receives, "calls", "ReceiveTests"),
            (Listens, "bring", "ListenTests"),
            (Sends, "other_side", "SendTests"),
            (KeepsSent, "sent_folder", "KeepSentTests"),
            (Texts, "test_its_setting_number_is_ours", "TextTests"),
            (Controls, "controlled", "ControlTests"),
        ):
            if issubclass(self.connector, ability) and not hasattr(self, method):
                pytest.fail(f"{self.connector.__name__} is a {ability.__name__}: inherit {tests}")
        if self._parses and not self.samples:
            pytest.fail("a connector with a parse needs samples")

    def test_parse_reads_every_sample(self) -> None:
        for events in self._groups():
            assert self._parse(events), "a sample gives at least one item"

    def test_parse_is_pure(self) -> None:
        for events in self._groups():
            self._parse(events)  # once before, so that what it imports is there
            with sealed():
                self._parse(events)

    def test_parse_is_repeatable(self) -> None:
        for events in self._groups():
            first = list(self._parse(events))
            assert list(self._parse(events)) == first, "the same events give the same items"
            assert list(self._parse([*events, *events])) == first, "events doubled give the same items"
            assert list(self._parse(events[::-1])) == first, "events in any order give the same items"

    def test_keys_are_unique_in_their_group(self) -> None:
        for events in self._groups():
            keys = [item.key for item in self._parse(events)]
            assert all(keys), "every item has a key"
            assert len(set(keys)) == len(keys), "two items of a group never have one key"

    def test_items_are_well_formed(self) -> None:
        for events in self._groups():
            assert_well_formed(self._parse(events))

    def test_what_is_damaged_is_unreadable_or_read_and_nothing_else(self) -> None:
        for events in self._groups():
            for position, event in enumerate(events):
                for body in damaged(event.body):
                    others = [*events[:position], *events[position + 1 :]]
                    with suppress(Unreadable):
                        assert_well_formed(self._parse([*others, msgspec.structs.replace(event, body=body)]))

    def _tested(self) -> type[Connector[Any]]:
        return self.connector

    def _broken_rules(self) -> Iterable[str]:
        return broken_rules(self.connector)

    @property
    def _parses(self) -> bool:
        return self.connector.parse is not Connector.parse

    def _groups(self) -> Iterator[Sequence[RawEvent]]:
        return (self.events(sample) for sample in self.samples)

    def _parse(self, events: Sequence[RawEvent]) -> Sequence[Item]:
        return self.connector.parse(events)

    def _connector(self, settings: Mapping[str, Any]) -> Any:
        config = self._config(settings)
        return self.connector(config, TestTools(places=self.connector.places(config), secrets=secrets_of(config)))
