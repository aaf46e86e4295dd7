"""What the IMAP stand-in holds, and the second client at it: a person in Outlook, the administrator, time."""

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass
class Stored:
    """A mail in a folder."""

    body: bytes
    received: datetime
    flags: set[str] = field(default_factory=set)


@dataclass
class Folder:
    """Mails by UID."""

    validity: int = 1
    next: int = 1
    mails: dict[int, Stored] = field(default_factory=dict)


@dataclass(frozen=True)
class Done:
    """A line of the ledger: what a client did to which mail."""

    what: str
    folder: str
    uid: int


class Mailbox:
    """What the server holds. Its own methods are the second client: a person's Outlook, or the administrator."""

    def __init__(self) -> None:
        self.folders = {"INBOX": Folder()}
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.brought: list[bytes] = []
        self.expunged_unseen: list[bytes] = []
        self.given: set[bytes] = set()
        self.ledger: list[Done] = []

    def bring(self, body: bytes, folder: str = "INBOX", at: datetime | None = None) -> int:
        """A new mail comes."""
        with self.changed:
            self.brought.append(body)
            return self.put(folder, Stored(body, at or datetime.now(UTC).replace(microsecond=0)))

    def put(self, folder: str, mail: Stored) -> int:
        """It is there, by a UID of its own."""
        with self.changed:
            there = self.folders.setdefault(folder, Folder())
            uid = there.next
            there.mails[uid] = mail
            there.next += 1
            self.changed.notify_all()
            return uid

    def expunge(self, uid: int, folder: str = "INBOX") -> None:
        """A person deletes it; one that nobody had fetched is gone for good."""
        with self.changed:
            mail = self.folders[folder].mails.pop(uid, None)
            if mail is not None and mail.body not in self.given:
                self.expunged_unseen.append(mail.body)

    def move(self, uid: int, to: str, folder: str = "INBOX") -> None:
        """A person moves it."""
        with self.changed:
            mail = self.folders[folder].mails.pop(uid, None)
            if mail is not None:
                self.put(to, mail)

    def mark(self, uid: int, flag: str, folder: str = "INBOX") -> None:
        """A person reads it, or hangs something on it."""
        with self.changed:
            mail = self.folders[folder].mails.get(uid)
            if mail is not None:
                mail.flags ^= {flag}

    def renumber(self, folder: str = "INBOX") -> None:
        """The server's index was lost: every mail has another UID now, and the folder another UIDVALIDITY."""
        with self.changed:
            old = self.folders[folder]
            made = Folder(old.validity + 1)
            for uid, mail in enumerate(reversed(old.mails.values()), 1):
                made.mails[uid], made.next = mail, uid + 1
            self.folders[folder] = made
