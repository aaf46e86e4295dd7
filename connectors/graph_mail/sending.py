"""Mail out: a draft is made of the whole mail, its Message-ID compared, and then it leaves; its copy is in Sent Items.

Chosen before `sendMail`, which answers with no name for what it took: a draft is made with nothing at stake, can be
compared with what was written, and its id stays when it leaves, so that one can look where it is.
"""

import base64
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from connectors.graph_mail.client import said_by
from connectors.graph_mail.mailbox import Mailbox
from hub.contract import Deferred, OutgoingMessage, PluginError, Receipt, Refused, SentAttachment, Unreachable
from hub.formats.compose import compose

MOST_BYTES = 3_900_000
"""Of a request's content: Graph takes 4 MB, a mail in base64, headers and all."""
LARGEST = 100_000_000
"""Bytes of all files together. Exchange itself takes 35 MB, unless an administrator has set it higher."""
_NOT_NOW = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS})
"""It hasn't left: the draft was taken away, the token ended, or it is to be tried later."""
_NOT_AS_THEM = frozenset({"errorsendasdenied", "errorsendonbehalfofdenied"})
_LONGEST_NO = 500


class NoAnswer(Exception):
    """Whether the mail has left nobody said. No PluginError: the hub calls it uncertain."""


class Letter(Struct, frozen=True):
    """`mime`: in base64, with the files that fit in it; `files`: those that are brought afterwards."""

    mime: bytes
    files: Sequence[SentAttachment]


def letter(message: OutgoingMessage) -> Letter:
    """The largest files are left out of the mail until it can be sent in one piece. Raises Refused."""
    inside = sorted(message.attachments, key=lambda file: (file.inline_id is None, len(file.content)))
    if sum(len(file.content) for file in inside) > LARGEST:
        raise Refused(f"The files are too large for Microsoft 365: {LARGEST // 1_000_000} MB together at most.")
    outside: list[SentAttachment] = []
    while inside and sum(len(file.content) for file in inside) * 16 // 9 > MOST_BYTES:  # in base64 twice
        outside.append(inside.pop())
    mime = base64.b64encode(compose(replace(message, attachments=inside)))
    if len(mime) > MOST_BYTES:
        raise Refused("The text is too long for Microsoft 365: it takes 2 MB.")
    return Letter(mime, outside)


async def send(
    mailbox: Mailbox, letter: Letter, message_id: str, handing_over: Callable[[], Awaitable[None]]
) -> Receipt:
    """All of it is there before it is handed over; what fails until then leaves nothing behind."""
    draft, named = await mailbox.draft(letter.mime)
    handed_over = False
    try:
        if named != message_id:
            await mailbox.rename(draft, message_id)
        for file in letter.files:
            await mailbox.attach(draft, file)
        await handing_over()
        handed_over = True
    finally:
        if not handed_over:
            await _drop(mailbox, draft)
    await _leave(mailbox, draft)
    return Receipt(outside_id=draft)


async def _leave(mailbox: Mailbox, draft: str) -> None:
    from kiota_abstractions.api_error import APIError  # noqa: PLC0415 - heavy, see client

    try:
        await mailbox.send(draft)
    except APIError as error:
        no = _no(error)
        if no is None:
            raise NoAnswer(f"status {error.response_status_code}") from error
        await _drop(mailbox, draft)
        raise no from error
    except Unreachable as error:
        raise NoAnswer("no answer") from error


def _no(error: Any) -> PluginError | None:
    """None: it may have left."""
    said = said_by(error)
    shown = f"{said.code or 'error'}, {said.status}"
    if said.status in _NOT_NOW or (said.status == HTTPStatus.SERVICE_UNAVAILABLE and said.wait is not None):
        return Deferred(f"Microsoft 365 doesn't send it now ({shown}).", wait=said.wait)
    if said.status == HTTPStatus.FORBIDDEN:
        if said.code.lower() in _NOT_AS_THEM:
            return Refused(f"The mailbox may not send as this address ({shown}): IT grants it Send As.")
        return Deferred(f"The app may not send from this mailbox ({shown}): IT grants it Mail.Send.", wait=said.wait)
    if HTTPStatus.BAD_REQUEST <= said.status < _LONGEST_NO:
        return Refused(f"Microsoft 365 doesn't take the mail ({shown}).")
    return None


async def _drop(mailbox: Mailbox, draft: str) -> None:
    """So that nobody sends it by hand. One that stays behind harms nobody else."""
    with suppress(PluginError):
        await mailbox.drop(draft)
