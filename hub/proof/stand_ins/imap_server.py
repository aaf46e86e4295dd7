"""An IMAP server that keeps a ledger and misbehaves on command; what it holds: `imap_mailbox`. No TLS, any password.

It speaks as much of RFC 3501 as a client of mailboxes needs, and of its extensions what `abilities` says.
"""

import re
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from hub.proof.stand_ins.imap_mailbox import Done, Folder, Mailbox, Stored

ALL = frozenset({"IDLE", "MOVE", "UIDPLUS", "SPECIAL-USE", "ESEARCH", "CONDSTORE"})
"""What servers have beside IMAP4rev1, and may lack."""
_LITERAL = re.compile(rb"\{(\d+)(\+?)\}\r\n\Z")
_WORDS = re.compile(rb'"((?:[^"\\]|\\.)*)"|(\([^()]*\)|[^\s"()]*\[[^\]]*\][^\s"()]*|[^\s"()]+)')
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
LONG_LINE = 1_200_000


@dataclass
class Manners:
    """How it behaves. `lies`: asked before each FETCH of bodies, with its UIDs; the name of what it does, or None."""

    abilities: frozenset[str] = ALL
    lies: Callable[[Sequence[int]], str | None] = lambda _: None
    hangs: float = 3600.0
    tokens: frozenset[str] = frozenset()


class ImapServer:
    """Listens at once, a thread for each connection. `port`: of one that was there before; 0: any."""

    def __init__(self, mailbox: Mailbox | None = None, manners: Manners | None = None, port: int = 0) -> None:
        self.mailbox, self.manners = mailbox or Mailbox(), manners or Manners()
        self._socket = socket.create_server(("127.0.0.1", port))
        self.port: int = self._socket.getsockname()[1]
        self.logins = 0
        self._open: set[socket.socket] = set()
        self.ended = threading.Event()
        threading.Thread(target=self._serve, name="imap stand-in", daemon=True).start()

    def close(self) -> None:
        """And every connection to it."""
        self.ended.set()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # whoever waits for a client would take one more
        self._socket.close()
        self.drop()

    def drop(self) -> None:
        """Every connection breaks off."""
        for each in list(self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _serve(self) -> None:
        while not self.ended.is_set():
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # it says much in short lines
            self._open.add(client)
            threading.Thread(target=self._converse, args=(client,), daemon=True).start()

    def _converse(self, client: socket.socket) -> None:
        with client, suppress(OSError, ValueError):
            Conversation(self, client).run()
        self._open.discard(client)


@contextmanager
def serving(mailbox: Mailbox | None = None, manners: Manners | None = None) -> Iterator[ImapServer]:
    """For as long as the block lasts."""
    server = ImapServer(mailbox, manners)
    try:
        yield server
    finally:
        server.close()


class Conversation:
    """One connection."""

    def __init__(self, server: ImapServer, client: socket.socket) -> None:
        self._server, self._client = server, client
        self._mailbox = server.mailbox
        self._input = client.makefile("rb")
        self._folder = ""
        self._told = 0  # mails that it knows of there
        self._may_change = False

    def run(self) -> None:
        """Until the client goes."""
        self._say(b"* OK ready")
        while True:
            words = self._command()
            if words is None:
                return
            tag, name, rest = words[0], words[1].upper(), words[2:]
            if name == b"UID":
                name, rest = b"UID_" + rest[0].upper(), rest[1:]
            if name == b"LOGOUT":
                self._say(b"* BYE", tag + b" OK")
                return
            with self._mailbox.lock:
                act = getattr(self, "_do_" + name.decode("ascii").lower(), None)
                answer = b"BAD what?" if act is None else act(rest)
            if callable(answer):
                answer = answer()
            self._say(tag + b" " + answer + b" it is so")  # some clients want words here

    def _command(self) -> list[bytes] | None:
        line = self._input.readline()
        if not line:
            return None
        words: list[bytes] = []
        while True:
            literal = _LITERAL.search(line)
            text = line[: literal.start()] if literal else line.rstrip(b"\r\n")
            words += [bare or re.sub(rb"\\(.)", rb"\1", quoted) for quoted, bare in _WORDS.findall(text)]
            if literal is None:
                return words
            if not literal[2]:
                self._say(b"+ go on")
            words.append(self._input.read(int(literal[1])))
            line = self._input.readline()
            if line in {b"\r\n", b""}:
                return words

    def _say(self, *lines: bytes) -> None:
        self._client.sendall(b"".join(line + b"\r\n" for line in lines))

    def _here(self) -> Folder:
        return self._mailbox.folders[self._folder]

    def _do_capability(self, _: Sequence[bytes]) -> bytes:
        abilities = " ".join(sorted(self._server.manners.abilities))
        self._say(f"* CAPABILITY IMAP4rev1 AUTH=XOAUTH2 AUTH=OAUTHBEARER SASL-IR {abilities}".encode())
        return b"OK"

    def _do_login(self, _: Sequence[bytes]) -> bytes:
        self._server.logins += 1
        return b"OK"

    def _do_noop(self, _: Sequence[bytes]) -> bytes:
        self._tell_of_more()
        return b"OK"

    def _do_list(self, words: Sequence[bytes]) -> bytes:
        wanted = words[-1].decode()
        for name in self._mailbox.folders:
            if wanted in {"*", "%", name}:
                mark = b"\\Sent" if name == "Sent" else b""
                self._say(b'* LIST (%s) "/" "%s"' % (mark, name.encode()))
        return b"OK"

    def _do_create(self, words: Sequence[bytes]) -> bytes:
        self._mailbox.folders.setdefault(words[0].decode(), Folder())
        return b"OK"

    def _do_append(self, words: Sequence[bytes]) -> bytes:
        self._mailbox.put(words[0].decode(), Stored(words[-1], datetime.now(UTC).replace(microsecond=0)))
        return b"OK"

    def _do_select(self, words: Sequence[bytes], *, to_change: bool = True) -> bytes:
        name = words[0].decode()
        if name not in self._mailbox.folders:
            return b"NO no such folder"
        self._folder, self._may_change = name, to_change
        here = self._here()
        self._told = len(here.mails)
        self._say(
            b"* FLAGS (\\Seen \\Flagged \\Deleted)",
            b"* %d EXISTS" % self._told,
            b"* 0 RECENT",
            b"* OK [UIDVALIDITY %d] here" % here.validity,
            b"* OK [UIDNEXT %d] here" % here.next,
        )
        return b"OK [READ-WRITE] done" if to_change else b"OK [READ-ONLY] done"

    def _do_examine(self, words: Sequence[bytes]) -> bytes:
        return self._do_select(words, to_change=False)

    def _do_uid_search(self, words: Sequence[bytes]) -> bytes:
        waiting = [word.decode("latin-1") for word in words]
        narrowed = waiting[0].upper() == "UID"
        found = set(self._uids(waiting[1])) if narrowed else set(self._here().mails)
        while waiting:
            word = waiting.pop(0).upper()
            if word == "UID":
                found &= set(self._uids(waiting.pop(0)))
            elif word == "SINCE":
                day, month, year = waiting.pop(0).strip('"').split("-")
                since = datetime(int(year), _MONTHS.index(month) + 1, int(day), tzinfo=UTC)
                found = {uid for uid in found if self._here().mails[uid].received >= since}
            elif word == "HEADER":
                _, value = waiting.pop(0), waiting.pop(0).encode("latin-1")
                found = {uid for uid in found if value in self._here().mails[uid].body}
            elif word in {"UNKEYWORD", "UNFLAGGED", "DELETED"}:
                flag = {"UNFLAGGED": "\\Flagged", "DELETED": "\\Deleted"}.get(word) or waiting.pop(0)
                found = {uid for uid in found if (flag in self._here().mails[uid].flags) is (word == "DELETED")}
        self._say(b"* SEARCH " + b" ".join(b"%d" % uid for uid in sorted(found)))
        return b"OK"

    def _uids(self, said: str) -> list[int]:
        there = self._here().mails
        last = next(reversed(there), 0)
        found: set[int] = set()
        for part in said.split(","):
            low, _, high = part.partition(":")
            ends = sorted(last if each == "*" else int(each) for each in (low, high or low))
            found.update(uid for uid in range(ends[0], min(ends[1], last) + 1) if uid in there)
        return sorted(found)

    def _do_uid_fetch(self, words: Sequence[bytes]) -> bytes | Callable[[], bytes]:
        uids, wanted = self._uids(words[0].decode()), words[1].upper()
        lie = self._server.manners.lies(uids) if b"BODY" in wanted else None
        mails = [(uid, self._here().mails[uid]) for uid in uids if uid in self._here().mails]  # a lie may have acted
        return lambda: self._give(mails, wanted, lie)  # without the lock: it may take its time

    def _give(self, mails: Sequence[tuple[int, Stored]], wanted: bytes, lie: str | None) -> bytes:
        if lie == "no":
            return b"NO not now"
        if lie == "hang":
            self._server.ended.wait(self._server.manners.hangs)
        if lie == "long_line":
            self._say(b"* " + b"X" * LONG_LINE)
        if lie == "junk":
            self._say(b"* )(]}[{ \xff\xfe nonsense", b"*", b"* 99999 FETCH (FLAGS (\\Seen))")
        for uid, mail in mails:
            if lie == "withholds":
                continue
            if b"BODY" not in wanted:
                at = mail.received.astimezone(UTC)
                said = f"{at.day:02}-{_MONTHS[at.month - 1]}-{at:%Y %H:%M:%S} +0000"
                self._say(f'* {uid} FETCH (UID {uid} RFC822.SIZE {len(mail.body)} INTERNALDATE "{said}")'.encode())
                continue
            self._give_body(uid, mail.body, wanted, lie)
        if lie == "bye":
            self._say(b"* BYE shutting down")
            raise ConnectionAbortedError
        return b"OK"

    def _give_body(self, uid: int, body: bytes, wanted: bytes, lie: str | None) -> None:
        partial = re.search(rb"<0\.(\d+)>", wanted)
        name = b"BODY[]<0>" if partial else b"BODY[]"
        given = body[: int(partial[1])] if partial else body
        size = len(given) + {"short_literal": -10, "long_literal": 10}.get(lie or "", 0)
        self._client.sendall(b"* %d FETCH (UID %d %s {%d}\r\n" % (uid, uid, name, size))
        if lie == "cut":
            self._client.sendall(given[: len(given) // 2])
            raise ConnectionAbortedError
        self._client.sendall(given + b")\r\n")
        self._mailbox.given.add(body)
        if not lie:
            self._mailbox.ledger.append(Done("fetched", self._folder, uid))

    def _do_uid_store(self, words: Sequence[bytes]) -> bytes:
        if not self._may_change:
            return b"NO read-only"
        flags = {flag.decode() for flag in words[2].strip(b"()").split()}
        for uid in self._uids(words[0].decode()):
            self._here().mails[uid].flags |= flags
            self._mailbox.ledger.append(Done("marked", self._folder, uid))
        return b"OK"

    def _do_uid_copy(self, words: Sequence[bytes]) -> bytes:
        to = words[1].decode()
        if to not in self._mailbox.folders:
            return b"NO [TRYCREATE] no such folder"
        for uid in self._uids(words[0].decode()):
            mail = self._here().mails[uid]
            self._mailbox.put(to, Stored(mail.body, mail.received, set(mail.flags)))
            self._mailbox.ledger.append(Done("copied", self._folder, uid))
        return b"OK"

    def _do_uid_move(self, words: Sequence[bytes]) -> bytes:
        if "MOVE" not in self._server.manners.abilities:
            return b"BAD what?"
        answer = self._do_uid_copy(words)
        if answer == b"OK":
            for uid in self._uids(words[0].decode()):
                del self._here().mails[uid]
        return answer

    def _do_uid_expunge(self, words: Sequence[bytes]) -> bytes:
        if "UIDPLUS" not in self._server.manners.abilities:
            return b"BAD what?"
        return self._expunge(self._uids(words[0].decode()))

    def _do_expunge(self, _: Sequence[bytes]) -> bytes:
        return self._expunge(list(self._here().mails))

    def _expunge(self, uids: Sequence[int]) -> bytes:
        for uid in uids:
            if "\\Deleted" in self._here().mails[uid].flags:
                del self._here().mails[uid]
        return b"OK"

    def _do_idle(self, _: Sequence[bytes]) -> bytes | Callable[[], bytes]:
        if "IDLE" not in self._server.manners.abilities:
            return b"BAD what?"
        return self._idle

    def _tell_of_more(self) -> None:
        """Of what this connection doesn't know of yet, whenever it came (RFC 3501 7.3.1)."""
        if self._folder and len(self._here().mails) > self._told:
            self._told = len(self._here().mails)
            self._say(b"* %d EXISTS" % self._told)

    def _idle(self) -> bytes:
        self._say(b"+ idling")
        done = threading.Event()

        def tell() -> None:
            with self._mailbox.changed, suppress(OSError):
                while not done.is_set():
                    self._tell_of_more()
                    self._mailbox.changed.wait(0.2)

        teller = threading.Thread(target=tell, daemon=True)
        teller.start()
        self._input.readline()
        done.set()
        teller.join()
        return b"OK"
