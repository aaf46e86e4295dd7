"""Settings of a mailbox that is fetched by IMAP, and what has to be right about them together."""

import re
from datetime import date, timedelta
from ipaddress import ip_address
from typing import Annotated, Literal

from msgspec import Meta

from hub.contract import Config, Destination, Misconfigured, Secret

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_KEYWORD = re.compile(r"[^\x00-\x20\x7f-\uffff(){%*\"\\\]]+|\\Flagged")
"""RFC 3501's flag-keyword; of the server's own only this one: \\Seen is people's, \\Deleted would delete."""


class ImapConfig(Config, frozen=True):
    """The server, the log-in, and what is done with the mails."""

    host: Annotated[str, Meta(title="Mail server", min_length=1)]
    username: Annotated[str, Meta(title="User name", min_length=1)]
    addresses: Annotated[
        dict[str, Destination],
        Meta(title="Addresses", description="mail address = municipality/queue; where mail to each goes"),
    ]
    port: Annotated[int, Meta(title="Port", ge=1, le=65535)] = 993
    security: Annotated[Literal["none", "starttls", "tls"], Meta(title="Encryption")] = "tls"
    authorities: Annotated[
        str, Meta(title="Authorities", description="file of certificates (PEM); empty: the machine's own")
    ] = ""
    login: Annotated[Literal["password", "xoauth2", "oauthbearer"], Meta(title="Log-in")] = "password"
    password: Annotated[Secret | None, Meta(title="Password")] = None
    token_url: Annotated[str, Meta(title="Token address", description="https://…/token, for a log-in by token")] = ""
    client_id: Annotated[str, Meta(title="Client id", description="of the application, for a log-in by token")] = ""
    client_secret: Annotated[Secret | None, Meta(title="Client secret")] = None
    secret_ends: Annotated[
        str, Meta(title="Client secret ends", description="as 2027-03-31; a month before it IT is told")
    ] = ""
    refresh_token: Annotated[
        Secret | None, Meta(title="Refresh token", description="without it the client logs in as itself")
    ] = None
    refresh_days: Annotated[
        int, Meta(title="Days that a refresh token holds", description="0: for ever", ge=0, le=3650)
    ] = 90
    scope: Annotated[str, Meta(title="Scope", description="of tokens, as https://outlook.office365.com/.default")] = ""
    folders: Annotated[
        dict[str, str],
        Meta(title="Folders", description="folder = the address that its mail is for; empty: INBOX, for all of them"),
    ] = {}  # noqa: RUF012 - a Struct's field, copied for each
    start: Annotated[
        str,
        Meta(
            title="Begins with", description="now, all, or a day as 2026-01-31", pattern=r"^(now|all|\d{4}-\d\d-\d\d)$"
        ),
    ] = "now"
    after: Annotated[
        Literal["leave", "flag", "move"],
        Meta(title="Afterwards", description="what is done with a mail that is kept here"),
    ] = "leave"
    flag: Annotated[str, Meta(title="Mark", description=r"with after=flag: a keyword, or \Flagged")] = "$Torg"
    move_to: Annotated[
        str, Meta(title="Folder to move to", description="with after=move; is made if it isn't there")
    ] = ""
    sent_folder: Annotated[
        str, Meta(title="Folder of copies", description="of what was sent; empty: the one that the server calls Sent")
    ] = ""
    size_limit: Annotated[
        int,
        Meta(
            title="Largest mail, bytes", description="of a larger one the beginning is fetched", ge=64 * 1024, le=2**30
        ),
    ] = 50_000_000
    poll_seconds: Annotated[
        float, Meta(title="Seconds between two looks", description="where the server doesn't tell", ge=1, le=3600)
    ] = 60.0
    timeout: Annotated[float, Meta(title="Seconds to wait for an answer", gt=0, le=60)] = 30.0


def check(config: ImapConfig) -> None:
    """Raises Misconfigured, naming the field."""
    _check_addresses(config)
    _check_folders(config)
    _check_login(config)
    if config.secret_ends:
        _day("secret_ends", config.secret_ends)
    if not _KEYWORD.fullmatch(config.flag):
        raise Misconfigured("flag", rf"{config.flag!r} can't be the mark: take a keyword of letters, or \Flagged.")


def check_start(config: ImapConfig, today: date) -> None:
    """A day to come is a slip of the year: nothing would be fetched until then, and nothing would say so."""
    if config.start not in {"now", "all"} and _day("start", config.start) > today + timedelta(days=1):
        raise Misconfigured("start", f"{config.start} is still to come: give a day that has been, now, or all.")


def folders(config: ImapConfig) -> dict[str, str]:
    """Folder -> address; empty: by what the mail says."""
    return dict(config.folders) or {"INBOX": next(iter(config.addresses)) if len(config.addresses) == 1 else ""}


def _check_addresses(config: ImapConfig) -> None:
    if not config.addresses:
        raise Misconfigured("addresses", "List at least one address, and the queue that its mail goes to.")
    for address in config.addresses:
        if not all(address.rpartition("@")) or _CONTROL.search(address):
            raise Misconfigured("addresses", f"{address!r} is no mail address.")
        if "+" in address:
            raise Misconfigured("addresses", f"{address!r}: list it without its +, which marks answers to us.")


def _check_folders(config: ImapConfig) -> None:
    named = {"folders": list(config.folders), "move_to": [config.move_to], "sent_folder": [config.sent_folder]}
    for field, names in named.items():
        for name in names:
            if _CONTROL.search(name) or (field == "folders" and not name):
                raise Misconfigured(field, f"{name!r} can't be the name of a folder.")
    for folder, address in config.folders.items():
        if address not in config.addresses:
            raise Misconfigured("folders", f"{folder}: {address} isn't among the addresses.")
    if config.after == "move" and not config.move_to:
        raise Misconfigured("move_to", "Say which folder a mail is moved to, or take after=leave or after=flag.")
    if config.after == "move" and config.move_to in folders(config):
        raise Misconfigured("move_to", f"{config.move_to} is fetched itself: what is moved there would come again.")


def _check_login(config: ImapConfig) -> None:
    if config.login == "password":
        if config.password is None or not config.password.reveal():
            raise Misconfigured("password", "Give the password of this mailbox, or a log-in by token.")
    elif not config.token_url or not config.client_id:
        raise Misconfigured("token_url", "A log-in by token needs token_url and client_id.")
    elif config.client_secret is None and config.refresh_token is None:
        raise Misconfigured("client_secret", "A log-in by token needs a client secret, or a refresh token, or both.")
    if config.security == "none" and not _is_this_machine(config.host):
        raise Misconfigured("security", "A password isn't sent over an open line: choose tls or starttls.")


def _day(field: str, value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise Misconfigured(field, f"{value!r} is no day: write it as 2026-01-31.") from error


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
