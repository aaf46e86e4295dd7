"""Settings of a channel of Asterisk's manager."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from hub.contract import Config, Destination, Misconfigured, Secret, Unreadable
from hub.contract.config import read_config

_HERE = frozenset({"localhost", "127.0.0.1", "::1"})
NONE: Mapping[str, object] = MappingProxyType({})
"""Settings of a recording of which none are given."""
_CONTEXT = re.compile(r"[\w.-]+\Z")


class AmiConfig(Config, frozen=True):
    """Where the exchange is, and what of it is ours."""

    host: Annotated[str, Meta(title="Exchange", description="its name or address")]
    username: Annotated[str, Meta(title="Manager's user", description="as manager.conf names it")]
    secret: Annotated[Secret, Meta(title="Manager's secret")]
    port: Annotated[int, Meta(title="Port", ge=1, le=65535)] = 5038
    security: Annotated[Literal["none", "tls"], Meta(title="Encryption")] = "none"
    authorities: Annotated[
        str, Meta(title="Authorities", description="file of certificates (PEM); empty: the machine's own")
    ] = ""
    login: Annotated[Literal["md5", "plain"], Meta(title="Log-in")] = "md5"
    lines: Annotated[
        dict[str, Destination],
        Meta(title="Lines", description="number that is dialled, or the exchange's queue = municipality/queue"),
    ] = {}  # noqa: RUF012 - a Struct's field, copied for each
    only_these: Annotated[bool, Meta(title="Only these", description="calls of other lines are not kept")] = False
    outside_contexts: Annotated[
        tuple[str, ...],
        Meta(title="Contexts of calls from outside", description="as from-pstn; none: told by names and numbers"),
    ] = ()
    inside_contexts: Annotated[
        tuple[str, ...], Meta(title="Contexts of extensions", description="as from-internal; none: likewise")
    ] = ()
    menu_names: Annotated[
        tuple[str, ...],
        Meta(title="Menu choices", description="variables or user events; none: MENU_CHOICE, IVR_CHOICE"),
    ] = ()
    internal_calls: Annotated[
        bool, Meta(title="Calls between extensions", description="are kept, too; those to a queue always are")
    ] = False
    transfer_context: Annotated[
        str, Meta(title="Context for transfers", description="in which an extension is reached")
    ] = "from-internal"
    ping_seconds: Annotated[
        float,
        Meta(title="Seconds of silence", description="after which it is asked whether it is there", ge=0.1, le=300),
    ] = 20.0


def check(config: AmiConfig) -> None:
    """What shows without a connection. Raises Misconfigured."""
    for field in ("host", "username"):
        value = getattr(config, field)
        if not value.strip() or any(character in value for character in "\r\n\0"):
            raise Misconfigured(field, "Give a name on one line.")
    if config.login == "plain" and config.security == "none" and config.host not in _HERE:
        raise Misconfigured("login", "A secret isn't sent over an open line: choose md5, or tls.")
    for field in ("outside_contexts", "inside_contexts"):
        for each in getattr(config, field):
            if not _CONTEXT.match(each):
                raise Misconfigured(field, f"{each!r} is no name of a context.")
    if not _CONTEXT.match(config.transfer_context):
        raise Misconfigured("transfer_context", f"{config.transfer_context!r} is no name of a context.")
    if config.only_these and not config.lines:
        raise Misconfigured("only_these", "List the lines whose calls are kept.")


def read(given: Mapping[str, object]) -> AmiConfig:
    """For a recording: its exchange needs no name and no secret. Raises Unreadable."""
    try:
        return read_config(AmiConfig, {"host": "-", "username": "-", "secret": "-", **given})
    except msgspec.ValidationError as error:
        raise Unreadable(f"A setting can't be used: {error}.") from error


def origin(config: AmiConfig, given: Mapping[str, object] | None = None) -> dict[str, str]:
    """What `parse` has to know of them; of a recording, of which some are `given`, without what isn't."""
    said = {
        "outside": ",".join(config.outside_contexts),
        "inside": ",".join(config.inside_contexts),
        "menu": ",".join(config.menu_names),
        "internal": "" if config.internal_calls or (given is not None and "internal_calls" not in given) else "no",
    }
    return {name: value for name, value in said.items() if value}
