"""A mailbox as a proof's source: mails lie in it and are marked once they are kept. In the end it writes its ledger."""

import json
from collections.abc import Sequence
from pathlib import Path

from hub.proof.source import Mail
from hub.proof.stand_ins.imap_server import ImapServer

MARK = "$Torg"


class MailboxSource:
    """As `Source`, but fetched from: it brings as many as it was allowed to."""

    def __init__(self, ledger: Path, outgoing: Sequence[Mail]) -> None:
        self._ledger, self._mails = ledger, outgoing
        self._server = ImapServer()
        self._allowed = 0
        self.port = self._server.port

    @property
    def left(self) -> int:
        """Mails that don't lie there yet."""
        return len(self._mails) - self._allowed

    @property
    def acked(self) -> int:
        """Mails that the hub has marked."""
        with self._server.mailbox.lock:
            return sum(MARK in mail.flags for mail in self._server.mailbox.folders["INBOX"].mails.values())

    @property
    def idle(self) -> bool:
        """All that lie there are marked."""
        return self.acked == self._allowed

    def allow(self, count: int) -> None:
        """That many more."""
        more = self._mails[self._allowed : self._allowed + count]
        self._allowed += len(more)
        for mail in more:
            self._server.mailbox.bring(mail.body)

    def stop(self) -> None:
        """And a line for each time that a mail was fetched."""
        self._server.close()
        box = self._server.mailbox
        with self._ledger.open("a", encoding="ascii") as file:
            for done in box.ledger:
                if done.what == "fetched":
                    mail = self._mails[done.uid - 1]
                    taken = MARK in box.folders["INBOX"].mails[done.uid].flags
                    line = {"number": mail.number, "sha256": mail.sha256, "answer": 250 if taken else 0}
                    file.write(json.dumps(line) + "\n")
