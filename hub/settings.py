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
SCANNER = r"^(clamd://[^/\s]+:\d+|clamd:///\S+|icap://[^/\s]+/\S+)$"


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All settings with their defaults. Folders are relative to the working folder."""

    database_url: str = "sqlite:///var/torg.db"
    key_file: str = "var/torg.key"
    blob_folder: str = "var/blobs"
    host: str = "127.0.0.1"
    port: Port = 8000
    face: Literal["both", "public", "inside"] = "both"
    public_url: (
        Annotated[str, Meta(pattern=r"^https?://[^/\s]+$", description="as in https://kontakt.granvik.se")] | None
    ) = None
    screen: str | None = "inbox_ui"
    cookie_secure: bool = True
    undo_seconds: Seconds = 10
    web_processes: Annotated[int, Meta(ge=1, le=16)] = 1
    upload_megabytes: Annotated[int, Meta(ge=1, le=100)] = 25
    lease_seconds: Annotated[int, Meta(ge=1, le=3600)] = 60
    sweep_seconds: Annotated[float, Meta(gt=0, le=300)] = 15.0
    parse_children: Annotated[int, Meta(ge=1, le=64)] = 2
    parse_seconds: Annotated[int, Meta(ge=1, le=300)] = 10
    worker: Literal["embedded", "separate"] = "embedded"
    redis_url: str | None = None
    routers: tuple[str, ...] = ("by_recipient",)
    blocked_plugins: tuple[str, ...] = ()
    authserv_ids: tuple[str, ...] = ()
    scanner: (
        Annotated[str, Meta(pattern=SCANNER, description="as in clamd://127.0.0.1:3310 or icap://127.0.0.1/avscan")]
        | None
    ) = None
    lookup_places: tuple[str, ...] = ()
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["text", "json"] = "text"
    trusted_proxies: tuple[str, ...] = ("127.0.0.1", "::1")
    metrics_token: Annotated[str, Meta(min_length=16)] | None = None


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Raises Invalid, naming the setting, its value and what is allowed."""
    environment = os.environ if environment is None else environment
    path = Path(environment.get("TORG_CONFIG", "torg.toml"))
    if "TORG_CONFIG" in environment and not path.exists():  # the defaults would be another, empty installation
        raise Invalid("TORG_CONFIG", f"TORG_CONFIG names {path}, and there is no such file: set it right or unset it")
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
        known = ", ".join(Settings.__struct_fields__)
        source = _source(unknown[0], above, path)
        raise Invalid(unknown[0], f"there is no setting {unknown[0]}; there is: {known} ({source})")
    for name, value in values.items():
        _check(name, value, _source(name, above, path))
    settings = msgspec.convert(values, Settings, strict=False)
    if settings.worker == "separate" and settings.redis_url is None:
        raise Invalid("worker", 'worker = "separate" needs redis_url: without Redis nobody wakes the workers')
    return settings


# Read by the crash points and the tests, or naming the file itself: no settings.
NOT_SETTINGS = frozenset({"TORG_CONFIG", "TORG_CRASH_POINT", "TORG_CRASH_AFTER", "TORG_CRASH_FILE"})


_LISTS = frozenset({"routers", "blocked_plugins", "authserv_ids", "trusted_proxies", "lookup_places"})


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in environment.items():
        if key.startswith("TORG_") and key not in NOT_SETTINGS and not key.startswith("TORG_TEST_"):
            name = key.removeprefix("TORG_").lower()
            found[name] = value.split(",") if name in _LISTS and value else value
    return found


def _source(name: str, above: Mapping[str, Any], path: Path) -> str:
    """Where whoever set it looks for it."""
    return f"TORG_{name.upper()}" if name in above else str(path)


def _check(name: str, value: object, source: str) -> None:
    found = problem(name, get_type_hints(Settings, include_extras=True)[name], value, _convert)
    if found:
        raise Invalid(name, f"{found} ({source})")


def _convert(value: object, hint: Any) -> object:
    return msgspec.convert(value, hint, strict=False)
