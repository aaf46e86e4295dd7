"""Settings: `torg.toml` in the working folder (or TORG_CONFIG names another), then TORG_* of the environment over it.

Every field is a setting; README.md has them in a table, and a test compares the two.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

import msgspec
from msgspec import Meta, Struct

from hub.allowed import problem
from hub.errors import Invalid

Seconds = Annotated[int, Meta(ge=0, le=86_400)]
Port = Annotated[int, Meta(ge=1, le=65_535)]


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All settings with their defaults. Folders are relative to the working folder."""

    database_url: str = "sqlite:///var/torg.db"
    key_file: str = "var/torg.key"
    blob_folder: str = "var/blobs"
    host: str = "127.0.0.1"
    port: Port = 8000
    screen: str | None = "inbox_ui"
    cookie_secure: bool = True
    undo_seconds: Seconds = 10
    upload_megabytes: Annotated[int, Meta(ge=1, le=100)] = 25
    lease_seconds: Annotated[int, Meta(ge=1, le=3600)] = 60
    sweep_seconds: Annotated[float, Meta(gt=0, le=300)] = 15.0
    parse_children: Annotated[int, Meta(ge=1, le=64)] = 2
    parse_seconds: Annotated[int, Meta(ge=1, le=300)] = 10
    worker: Literal["embedded", "separate"] = "embedded"
    redis_url: str | None = None
    routers: tuple[str, ...] = ("by_recipient",)
    blocked_plugins: tuple[str, ...] = ()
    log_level: Literal["debug", "info", "warning", "error"] = "info"


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Raises Invalid, naming the setting, its value and what is allowed."""
    environment = os.environ if environment is None else environment
    path = Path(environment.get("TORG_CONFIG", "torg.toml"))
    values: dict[str, Any] = {}
    if path.exists():
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise Invalid(str(path), f"{path} isn't valid TOML: {error}") from error
        except OSError as error:
            raise Invalid(str(path), f"{path} can't be read: {error.strerror}") from error
    above = _from_environment(environment)
    values |= above
    unknown = sorted(set(values) - set(Settings.__struct_fields__))
    if unknown:
        raise Invalid(
            unknown[0], f"there is no setting {unknown[0]}; there is: {', '.join(Settings.__struct_fields__)}"
        )
    for name, value in values.items():
        _check(name, value, f"TORG_{name.upper()}" if name in above else str(path))
    settings = msgspec.convert(values, Settings, strict=False)
    if settings.worker == "separate" and settings.redis_url is None:
        raise Invalid("worker", 'worker = "separate" needs redis_url: without Redis nobody wakes the workers')
    return settings


# Read by the crash points and the tests, or naming the file itself: no settings.
NOT_SETTINGS = frozenset({"TORG_CONFIG", "TORG_CRASH_POINT", "TORG_CRASH_AFTER", "TORG_CRASH_FILE"})


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in environment.items():
        if key.startswith("TORG_") and key not in NOT_SETTINGS and not key.startswith("TORG_TEST_"):
            name = key.removeprefix("TORG_").lower()
            found[name] = value.split(",") if name in {"routers", "blocked_plugins"} and value else value
    return found


def _check(name: str, value: object, source: str) -> None:
    """`source`: where whoever set it looks for it."""
    found = problem(name, get_type_hints(Settings, include_extras=True)[name], value, _convert)
    if found:
        raise Invalid(name, f"{found} ({source})")


def _convert(value: object, hint: Any) -> object:
    return msgspec.convert(value, hint, strict=False)
