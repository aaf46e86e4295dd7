"""One connection to an IMAP server (RFC 3501, 9051), for the channel's thread. It waits `timeout` seconds at most.

Nothing is asked of a server that it doesn't say it can: IDLE, MOVE and UIDPLUS are used where they are.
"""

import imaplib
import logging
import re
import socket
import ssl
import time
from ast import literal_eval
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from threading import Event
from typing import Any

from imapclient import IMAPClient, SocketTimeout, imap_utf7
from imapclient.exceptions import CapabilityError, IMAPClientError, LoginError
from msgspec import Struct

from hub.contract import AuthFailed, Misconfigured, PluginError, Unreachable, valid_until, why_no_line
from hub.contract.steps import CERTIFICATE_VALID, SERVER_FOUND, SIGNED_IN, TellStep, untold

SEARCHED_AT_ONCE = 50_000
"""UIDs in one answer to SEARCH: a line of 400 kB."""
_TOGETHER = 500
"""UIDs in one command."""
_LITERAL_MORE = 1_000_000
"""Bytes that a mail may be longer than its server said."""
_SLICE = 1.0
"""Seconds after which whoever waits looks whether it still shall."""
_NOT_OUR_FAULT = re.compile(r"UNAVAILABLE|INUSE|LIMIT|SERVERBUG|not connected|temporar|try again", re.IGNORECASE)
"""RFC 5530: the log-in isn't refused for who we are. Exchange says the fourth."""
_WORDS = 200
_BYTES = re.compile(r"""b'(?:[^'\\]|\\.)*'|b"(?:[^"\\]|\\.)*\"""")
_SHIFTED = re.compile(r"&[A-Za-z0-9+,]{3,}-")
"""A letter in the name of a folder, as IMAP writes it (RFC 3501 5.1.3)."""
_NOT_KNOWN_HERE = frozenset({18, 19, 20, 21})
"""OpenSSL's X509_V_ERR: signed by itself, or by somebody whom this machine doesn't know."""

Login = Callable[[IMAPClient], None]

logging.getLogger("imapclient").setLevel(logging.ERROR)  # what it says below that has names, and at debug mails


class Where(Struct, frozen=True):
    """The server, and how a connection to it is made."""

    host: str
    port: int
    security: str
    authorities: str
    timeout: float


class State(Struct, frozen=True):
    """Of a selected folder."""

    validity: int
    next: int


class Head(Struct, frozen=True):
    """Of a mail, before it is fetched. `received`: seconds since 1970."""

    size: int
    received: int


class Session:
    """Logged in. Raises Unreachable for whatever ends the connection, and is of no use afterwards."""

    def __init__(self, where: Where, login: Login, step: TellStep = untold) -> None:
        """`step`: is told how it came about, for a check."""
        self._where = where
        self._selected: tuple[str, bool] | None = None
        self._most = 0
        self._next = 0
        with _named(where.host):
            self._client = _connect(where, step)
        try:
            self._read = self._client._imap.read
            self._client._imap.read = self._literal
            with _named(where.host):
                with step(SIGNED_IN):
                    _log_in(self._client, login)
                self.abilities = {each.decode("ascii", "replace").upper() for each in self._client.capabilities()}
        except PluginError:
            self.close()
            raise

    def select(self, folder: str, *, to_change: bool = False) -> State:
        """Read-only unless `to_change`, so that nothing of it changes by being looked at. Raises Misconfigured."""
        with _named(self._where.host):
            try:
                said = self._client.select_folder(folder, readonly=not to_change)
            except imaplib.IMAP4.abort:
                raise
            except IMAPClientError as error:
                self._selected = None
                raise Misconfigured("folders", f"There is no folder {folder} to be opened: {_words(error)}.") from error
            self._selected = (folder, to_change)
            following = said.get(b"UIDNEXT")
            if following is None:  # it need not say (RFC 3501 6.3.1)
                last = self._client.search(["UID", "*"])
                following = max(last, default=0) + 1
            self._next = int(following)
            return State(int(said.get(b"UIDVALIDITY", 0)), self._next)

    def uids(self, low: int, high: int, *criteria: Any) -> list[int]:
        """Of the selected folder, between these two inclusive, ascending."""
        found: list[int] = []
        with _named(self._where.host):
            for start in range(low, high + 1, SEARCHED_AT_ONCE):
                end = min(high, start + SEARCHED_AT_ONCE - 1)
                said = self._client.search(["UID", f"{start}:{end}", *criteria])
                found += [uid for uid in said if start <= uid <= end]
        return sorted(set(found))

    def still_there(self, uids: Sequence[int]) -> set[int]:
        """Of these, in the selected folder."""
        found: set[int] = set()
        with _named(self._where.host):
            for some in _parts(uids):
                found.update(self._client.search(["UID", ",".join(map(str, some))]))
        return found & set(uids)

    def since(self, day: date, high: int) -> list[int]:
        """Those that came on this day or later, up to a UID."""
        return self.uids(1, high, "SINCE", day)

    def heads(self, uids: Sequence[int]) -> dict[int, Head]:
        """Of those that are still there."""
        found: dict[int, Head] = {}
        with _named(self._where.host):
            for some in _parts(uids):
                for uid, said in self._client.fetch(some, [b"RFC822.SIZE", b"INTERNALDATE"]).items():
                    at = said.get(b"INTERNALDATE")
                    received = int(at.astimezone(UTC).timestamp()) if isinstance(at, datetime) else 0
                    if uid in some and b"RFC822.SIZE" in said:
                        found[uid] = Head(int(said[b"RFC822.SIZE"]), received)
        return found

    def bodies(self, uids: Sequence[int], most: int) -> dict[int, bytes]:
        """Whole, and unread as they were; of those that are still there. None longer than `most` and some is taken."""
        return self._fetch(uids, b"BODY.PEEK[]", b"BODY[]", most)

    def beginning(self, uid: int, length: int) -> bytes | None:
        """The first bytes of a mail that is too large."""
        asked = b"BODY.PEEK[]<0.%d>" % length
        return self._fetch([uid], asked, b"BODY[]<0>", length).get(uid)

    def _fetch(self, uids: Sequence[int], asked: bytes, answered: bytes, most: int) -> dict[int, bytes]:
        self._most = most + _LITERAL_MORE
        with _named(self._where.host):
            said = self._client.fetch(list(uids), [asked])
        return {uid: said[uid][answered] for uid in uids if isinstance(said.get(uid, {}).get(answered), bytes)}

    def flag(self, uids: Sequence[int], flag: str) -> None:
        """Those that are still there; whoever has it already keeps it."""
        with _named(self._where.host):
            for some in _parts(uids):
                try:
                    self._client.add_flags(some, [flag], silent=True)
                except imaplib.IMAP4.abort:
                    raise
                except IMAPClientError as error:
                    raise Misconfigured("flag", f"The mailbox takes no mark {flag}: {_words(error)}.") from error

    def move(self, uids: Sequence[int], to: str) -> None:
        """Those that are still there."""
        with _named(self._where.host):
            for some in _parts(sorted(self.still_there(uids))):
                try:
                    if "MOVE" in self.abilities:
                        self._client.move(some, to)
                    else:
                        self._client.copy(some, to)
                        self._remove(some)
                except imaplib.IMAP4.abort:
                    raise
                except IMAPClientError as error:
                    raise Misconfigured("move_to", f"Nothing can be moved to {to}: {_words(error)}.") from error

    def _remove(self, uids: Sequence[int]) -> None:
        """Without UIDPLUS a person's deleted mails would go as well: then ours stay marked until they are ended."""
        self._client.delete_messages(list(uids), silent=True)
        if "UIDPLUS" in self.abilities:
            self._client.uid_expunge(list(uids))
        elif set(self._client.search(["DELETED"])) <= set(uids):
            self._client.expunge()

    def make(self, folder: str, field: str) -> None:
        """If it isn't there. `field`: the setting that names it."""
        with _named(self._where.host):
            if not self._client.folder_exists(folder):
                try:
                    self._client.create_folder(folder)
                except imaplib.IMAP4.abort:
                    raise
                except IMAPClientError as error:
                    raise Misconfigured(
                        field, f"There is no folder {folder}, and none can be made: {_words(error)}."
                    ) from error

    def sent_folder(self) -> str:
        """The one that the server marks so (RFC 6154), or that is called Sent."""
        with _named(self._where.host):
            found = self._client.find_special_folder(rb"\Sent")
        return str(found) if found else "Sent"

    def has_message(self, folder: str, message_id: str) -> bool:
        """Whether a mail of this Message-ID is there."""
        self.select(folder)
        with _named(self._where.host):
            return bool(self._client.search(["HEADER", "Message-ID", message_id]))

    def append(self, folder: str, message: bytes) -> None:
        """As read."""
        with _named(self._where.host):
            self._client.append(folder, message, flags=[rb"\Seen"])

    def wait(self, folder: str, known: int, seconds: float, stop: Event) -> None:
        """Until the server says something (RFC 2177), or `stop` is set. `known`: the UIDNEXT that was seen last."""
        if self._selected is None or self._selected[0] != folder:
            self.select(folder)
        if self._next > known:  # a count of the folder took the news
            return
        end = time.monotonic() + seconds
        with _named(self._where.host):
            # What came since the pull: said together with the answer to IDLE, the library would leave it unread.
            if any(b"EXISTS" in each for each in self._client.noop()[1]):
                return
            self._client.idle()
            try:
                while not stop.is_set() and time.monotonic() < end:
                    before = time.monotonic()
                    said = self._client.idle_check(min(_SLICE, max(0.0, end - before)))
                    hung_up = not said and time.monotonic() - before < _SLICE / 2 and before + _SLICE < end
                    if hung_up or any(b"EXISTS" in each or b"BYE" in each for each in said):
                        break
            finally:
                self._client.idle_done()

    def close(self) -> None:
        """Hangs up, without a word: a server that hangs would keep us."""
        with suppress(OSError, imaplib.IMAP4.error):
            self._client.shutdown()

    def kill(self) -> None:
        """From another thread: whoever waits for the server here hears that it is gone."""
        with suppress(OSError):
            self._client.socket().shutdown(socket.SHUT_RDWR)

    def _literal(self, size: int) -> bytes:
        """As many bytes as the server announced, or the library's own error, which ends the connection."""
        if size > max(self._most, _LITERAL_MORE):
            raise imaplib.IMAP4.abort(f"it announced {size} bytes")
        read: bytes = self._read(size)
        if len(read) != size:
            raise imaplib.IMAP4.abort(f"it announced {size} bytes and sent {len(read)}")
        return read


class _Client(IMAPClient):  # type: ignore[misc]  # the library has no types
    """The library's; only that it drops no letter out of what the server says."""

    def _check_resp(self, expected: str, command: str | bytes, typ: str, data: Sequence[Any]) -> None:
        if typ != expected:
            name = command.decode("ascii", "replace") if isinstance(command, bytes) else command
            said = data[0] if data else b""
            raise IMAPClientError(f"{name} failed: {_letters(said) if isinstance(said, bytes) else said}")


def _connect(where: Where, step: TellStep) -> IMAPClient:
    limits = SocketTimeout(min(where.timeout, 30.0), where.timeout)
    context = None
    if where.security != "none":
        try:
            context = ssl.create_default_context(cafile=where.authorities or None)
        except OSError as error:
            raise Misconfigured("authorities", f"{where.authorities} can't be read as certificates (PEM).") from error
    tls = where.security == "tls"
    client, broken = None, None
    with step(SERVER_FOUND.format(host=where.host)):
        try:
            client = _Client(where.host, where.port, ssl=tls, ssl_context=context if tls else None, timeout=limits)
        except ssl.SSLError as error:  # it is there, and what it says of itself is another step
            broken = error
    if where.security != "none":
        with step(CERTIFICATE_VALID) as proof:
            if client is None:
                raise broken or AssertionError
            if where.security == "starttls":
                _encrypt(client, context)
            proof.until = valid_until(client.socket().getpeercert())
    assert client is not None
    client._imap.debug = 0  # the library writes each line down twice otherwise
    client.normalise_times = False
    return client


def _encrypt(client: IMAPClient, context: ssl.SSLContext | None) -> None:
    try:
        client.starttls(context)
    except CapabilityError as error:
        client.shutdown()
        raise Misconfigured("security", "The server offers no STARTTLS here; port 993 has tls.") from error


def _log_in(client: IMAPClient, login: Login) -> None:
    try:
        login(client)
    except LoginError as error:
        said = _words(error)
        broke_off = isinstance(error.__context__, imaplib.IMAP4.abort | OSError)  # the library says it was the log-in
        if broke_off or _NOT_OUR_FAULT.search(said):
            raise Unreachable(f"The mail server doesn't log us in just now: {said}.") from error
        raise AuthFailed(f"The mail server refuses the log-in: {said}.") from error


@contextmanager
def _named(host: str) -> Iterator[None]:
    """The library's errors, and the machine's, by their meaning."""
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        why = (error.verify_message or "it can't be verified").rstrip(".")
        if error.verify_code in _NOT_KNOWN_HERE:
            see_to = "; where it has an authority of its own, name the file of that in authorities."
            raise Misconfigured("host", f"The certificate of {host} isn't trusted: {why}{see_to}") from error
        raise Misconfigured("host", f"The certificate of {host} isn't trusted: {why}.") from error
    except (imaplib.IMAP4.error, EOFError) as error:
        raise Unreachable(f"The mail server {host} broke off: {_words(error)}.") from error
    except OSError as error:
        raise Unreachable(f"The mail server {host} isn't reached: {why_no_line(error)}.") from error
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, AssertionError) as error:
        # What isn't IMAP makes the library stumble in many ways.
        raise Unreachable(f"The mail server {host} answers what can't be understood.") from error


def _words(error: BaseException) -> str:
    """On one line, with the letters that the server wrote, and without a full stop."""
    said = _BYTES.sub(lambda found: _letters(literal_eval(found[0])), str(error))
    said = " ".join(said.split()) or type(error).__name__
    return said[:_WORDS].rstrip(".")


def _letters(said: bytes) -> str:
    """A server may write in UTF-8, in an old character set, or a folder's name as its commands have it."""
    try:
        text = said.decode()
    except UnicodeDecodeError:
        text = said.decode("latin-1")
    return _SHIFTED.sub(lambda found: _unshifted(found[0]), text)


def _unshifted(name: str) -> str:
    with suppress(ValueError):
        letters = imap_utf7.decode(name.encode("ascii"))
        return letters if letters.isprintable() else name
    return name


def _parts(uids: Sequence[int]) -> Iterator[list[int]]:
    for start in range(0, len(uids), _TOGETHER):
        yield list(uids[start : start + _TOGETHER])
