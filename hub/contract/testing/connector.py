"""What every connector keeps: the rules of its class, its settings, and a parse that is pure and bears anything."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest

from hub.contract.config import Secret, read_config
from hub.contract.errors import Unreadable
from hub.contract.messages import Item, RawEvent
from hub.contract.plugin import Connector, Listens, Sends
from hub.contract.rules import broken_rules
from hub.contract.testing.inspection import assert_well_formed, damaged, reveal
from hub.contract.testing.seal import sealed
from hub.contract.testing.stage import TestTools

SECRET_NAMES = re.compile(r"password|passphrase|secret|token|api_?key|private_?key")
"""A setting named so is a secret."""


class ConnectorTests:
    """The class, its settings, and its parse."""

    connector: ClassVar[type[Connector[Any]]]
    settings: ClassVar[Mapping[str, Any]] = {}
    """Plain values that make a Config: enough of them that every secret is set."""
    samples: ClassVar[Sequence[Path]] = ()
    """Recordings of what the other side really sends: an ordinary one, one with attachments, an ugly one."""
    media_type: ClassVar[str] = "message/rfc822"

    def events(self, sample: Path) -> Sequence[RawEvent]:
        """The raw events of one recording, of one group."""
        return [RawEvent(key=sample.name, body=sample.read_bytes(), media_type=self.media_type)]

    def test_the_class_keeps_the_rules(self) -> None:
        assert list(broken_rules(self.connector)) == []

    def test_every_ability_is_tested(self) -> None:
        for ability, method, tests in ((Sends, "other_side", "SendTests"), (Listens, "bring", "ListenTests")):
            if issubclass(self.connector, ability) and not hasattr(self, method):
                pytest.fail(f"{self.connector.__name__} is a {ability.__name__}: inherit {tests}")
        if self._parses and not self.samples:
            pytest.fail("a connector with a parse needs samples")

    def test_settings_survive_being_stored(self) -> None:
        config = read_config(self.connector.Config, dict(self.settings))
        stored = msgspec.json.encode(config, enc_hook=reveal)
        assert read_config(self.connector.Config, msgspec.json.decode(stored)) == config

    def test_settings_refuse_unknown_fields(self) -> None:
        with pytest.raises(msgspec.ValidationError):
            read_config(self.connector.Config, {**self.settings, "no_such_setting": 1})

    def test_settings_cannot_be_changed(self) -> None:
        config = read_config(self.connector.Config, dict(self.settings))
        for name in config.__struct_fields__:
            with pytest.raises(AttributeError):
                setattr(config, name, None)

    def test_secrets_are_masked(self) -> None:
        config = read_config(self.connector.Config, dict(self.settings))
        for name in config.__struct_fields__:
            value = getattr(config, name)
            if SECRET_NAMES.search(name) and isinstance(value, str) and value:
                pytest.fail(f"the setting {name} is a secret: type it Secret")
            if isinstance(value, Secret):
                assert value.reveal() not in repr(config) + str(config), f"{name} shows in the repr"

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

    @property
    def _parses(self) -> bool:
        return self.connector.parse is not Connector.parse

    def _groups(self) -> Iterator[Sequence[RawEvent]]:
        return (self.events(sample) for sample in self.samples)

    def _parse(self, events: Sequence[RawEvent]) -> Sequence[Item]:
        return self.connector.parse(events)

    def _connector(self, settings: Mapping[str, Any]) -> Any:
        return self.connector(read_config(self.connector.Config, dict(settings)), TestTools())
