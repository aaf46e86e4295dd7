"""Files: the rows and the contents of what is attached to what came."""

import secrets
from collections.abc import Iterable
from typing import Any

from hub import clock
from hub.contract import ReceivedAttachment
from hub.inbound.thread import Incoming
from hub.inbox.entry import WAITS
from hub.storage.blobs import IN_ROW
from hub.storage.ids import new_id
from hub.storage.unit import Happening, Unit


def attachment_rows(mail: Incoming, entry_id: int) -> list[dict[str, Any]]:
    """One for each file; those too large for their row name the blob that `attachment_blobs` gave."""
    return [
        {
            "id": new_id(),
            "municipality_id": mail.place.municipality_id,
            "public_id": secrets.token_urlsafe(16),
            "entry_id": entry_id,
            "sha256": each.sha256,
            "body": None if each.size > IN_ROW else each.content,
            "blob": _blob(mail, each) if each.size > IN_ROW else None,
            "name": each.name,
            "media_type": each.media_type,
            "size": each.size,
            "inline_id": each.content_id,
            "scan": WAITS if mail.to_scan else None,
            "scan_said": None,
            "scan_at": clock.now() if mail.to_scan else None,
        }
        for each in mail.message.attachments
    ]


def attachment_blobs(mails: Iterable[Incoming]) -> dict[str, bytes]:
    """Name -> content of the files too large for a row: to be put before the rows are written."""
    return {
        _blob(mail, each): each.content for mail in mails for each in mail.message.attachments if each.size > IN_ROW
    }


def note_waiting(unit: Unit, mails: Iterable[Incoming]) -> None:
    """Wakes whoever shows them to the virus scanner."""
    if any(mail.to_scan and mail.message.attachments for mail in mails):
        unit.note(Happening("files_wait", 0))


def _blob(mail: Incoming, attachment: ReceivedAttachment) -> str:
    return f"attachments/{mail.place.municipality_id}/{attachment.sha256}"
