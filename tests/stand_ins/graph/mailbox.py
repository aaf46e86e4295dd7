"""What the stand-in's mailbox holds, and what has changed in it: a log, of which a token names a place."""

import base64
import hashlib
import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.utils import formatdate
from typing import Any

WELL_KNOWN = ("inbox", "archive", "drafts", "sentitems", "deleteditems", "junkemail")


@dataclass
class Message:
    """`folder`: its key in `folders`. `size`: said to be, when it isn't that of its bytes."""

    key: str
    mime: bytes
    folder: str
    received: datetime
    draft: bool = False
    categories: list[str] = field(default_factory=list)
    message_id: str = ""
    size: int | None = None

    def json(self, select: list[str]) -> dict[str, Any]:
        """As Graph shows it, the fields asked for."""
        parsed = message_from_bytes(self.mime)
        shown: dict[str, Any] = {
            "receivedDateTime": self.received.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "sentDateTime": self.received.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "hasAttachments": False,
            "internetMessageId": self.message_id,
            "subject": str(parsed["subject"] or ""),
            "isDraft": self.draft,
            "isRead": False,
            "categories": self.categories,
            "parentFolderId": folder_id(self.folder),
            "internetMessageHeaders": [{"name": name, "value": _text(value)} for name, value in parsed.raw_items()],
        }
        chosen = {
            name: value for name, value in shown.items() if (name in select if select else name[:8] != "internet")
        }
        etag = f'W/"CQAAABYAAAA{hashlib.sha256(self.key.encode()).hexdigest()[:16]}"'
        return {"@odata.etag": etag, "id": self.key, **chosen}

    def attach(self, said: dict[str, Any], content: bytes) -> None:
        """As Exchange would: one more part of a mixed mail."""
        parsed = message_from_bytes(self.mime, policy=policy.SMTP)
        main, _, sub = said["contenttype"].partition("/")
        parsed.add_attachment(content, main, sub, filename=said["name"], cid=said.get("contentid"))
        self.mime = parsed.as_bytes()


class Mailbox:
    """Messages in folders. `log`: folder and key of whatever has changed, oldest first."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.messages: dict[str, Message] = {}
        self.folders: dict[str, str] = {folder_id(name): name for name in WELL_KNOWN}
        self.parents: dict[str, str] = {}
        self.log: list[tuple[str, str, bool]] = []
        self._numbers = itertools.count(1)

    def add(self, folder: str, mime: bytes, *, ago: float = 0, draft: bool = False, size: int | None = None) -> Message:
        number = next(self._numbers)
        made = Message(
            f"AAkALgAAAAAAHYQDEapmEc2byACqAC{number:06d}-EWg0A_{'x' * 20}=",
            mime,
            folder,
            datetime.now(UTC) - timedelta(seconds=ago),
            draft,
            size=size,
        )
        made.message_id = str(message_from_bytes(mime)["message-id"] or f"<{number}@SWEP280.PROD.OUTLOOK.COM>")
        self.messages[made.key] = made
        self.changed(made)
        return made

    def changed(self, message: Message) -> None:
        self.log.append((message.folder, message.key, True))

    def move(self, message: Message, folder: str) -> None:
        self.log.append((message.folder, message.key, False))
        message.folder = folder
        self.changed(message)

    def remove(self, message: Message) -> None:
        self.log.append((message.folder, message.key, False))
        del self.messages[message.key]

    def rename(self, message: Message) -> str:
        """As after a restored backup: the same mail by another id."""
        self.log.append((message.folder, message.key, False))
        del self.messages[message.key]
        message.key = message.key.replace("AAkALgAA", "AAkALgBB")
        self.messages[message.key] = message
        self.changed(message)
        return message.key

    def make_folder(self, name: str, parent: str | None = None) -> str:
        made = folder_id(f"{parent or ''}/{name}")
        self.folders[made] = name
        self.parents[made] = parent or ""
        return made

    def key_of(self, folder: str) -> str | None:
        """Of a well-known name or an id, what `Message.folder` has; None: there is no such folder."""
        if folder.lower() in WELL_KNOWN:
            return folder.lower()
        name = self.folders.get(folder)
        return None if name is None else (name if name in WELL_KNOWN else folder)

    def within(self, folder: str) -> list[Message]:
        return [each for each in self.messages.values() if each.folder == folder]

    def since(self, folder: str, place: int) -> list[tuple[str, bool]]:
        """Key, and whether it is there; of a message that changed twice the last."""
        last = {key: there for where, key, there in self.log[place:] if where == folder}
        return list(last.items())


def _text(value: str) -> str:
    """Of a header with bytes in it."""
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def folder_id(name: str) -> str:
    """As long and odd as theirs."""
    return "AQMkADYAAAI" + base64.urlsafe_b64encode(name.encode()).decode().rstrip("=") + "AAAA"


def mail(number: int = 1, text: str = "Hej, när plogas Storgatan?", **headers: str) -> bytes:
    """An ordinary one, in bytes as Exchange gives them."""
    lines = {
        "Received": "from contoso.com (10.194.241.197) by contoso.com with mapi; Mon, 4 Sep 2017 03:00:08 -0700",
        "From": "Anna Öberg <anna@exempel.example>",
        "To": "kontakt@granvik.example",
        "Subject": f"Fråga {number}",
        "Date": formatdate(1_760_000_000 + number),
        "Message-ID": f"<{number}.graph@exempel.example>",
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "8bit",
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    return ("".join(f"{name}: {value}\r\n" for name, value in lines.items()) + f"\r\n{text} ({number})\r\n").encode()
