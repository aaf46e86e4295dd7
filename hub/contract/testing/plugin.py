"""What every plugin's class and settings keep, whatever it is."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import msgspec
import pytest

from hub.contract.config import Config, Secret, read_config
from hub.contract.testing.inspection import reveal

SECRET_NAMES = re.compile(r"password|passphrase|secret|token|api_?key|private_?key")
"""A setting named so is a secret."""
NO_SECRET = re.compile(r"_(path|url|header|field)$")
"""Unless it says where one is."""


class PluginTests:
    """The class and its settings. Inherited by the tests of connectors and of lookups."""

    settings: ClassVar[Mapping[str, Any]] = {}
    """Plain values that make a Config: enough of them that every secret is set."""

    def test_the_class_keeps_the_rules(self) -> None:
        assert list(self._broken_rules()) == []

    def test_settings_survive_being_stored(self) -> None:
        config = self._config()
        stored = msgspec.json.encode(config, enc_hook=reveal)
        assert read_config(type(config), msgspec.json.decode(stored)) == config

    def test_settings_refuse_unknown_fields(self) -> None:
        with pytest.raises(msgspec.ValidationError):
            read_config(self._tested().Config, {**self.settings, "no_such_setting": 1})

    def test_settings_cannot_be_changed(self) -> None:
        config = self._config()
        for name in config.__struct_fields__:
            with pytest.raises(AttributeError):
                setattr(config, name, None)

    def test_secrets_are_masked(self) -> None:
        config = self._config()
        for name in config.__struct_fields__:
            value = getattr(config, name)
            if _names_a_secret(name) and isinstance(value, str) and value:
                pytest.fail(f"the setting {name} is a secret: type it Secret")
            if isinstance(value, Secret):
                assert value.reveal() not in repr(config) + str(config), f"{name} shows in the repr"

    def _tested(self) -> Any:
        raise NotImplementedError

    def _broken_rules(self) -> Iterable[str]:
        raise NotImplementedError

    def _config(self, settings: Mapping[str, Any] | None = None) -> Config:
        config: Config = read_config(self._tested().Config, dict(self.settings if settings is None else settings))
        return config


def secrets_of(config: Config) -> list[str]:
    """All that are set."""
    values = (getattr(config, name) for name in config.__struct_fields__)
    return [value.reveal() for value in values if isinstance(value, Secret) and value.reveal()]


def _names_a_secret(name: str) -> bool:
    return SECRET_NAMES.search(name) is not None and not NO_SECRET.search(name)
