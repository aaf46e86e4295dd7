"""One SMTP or LMTP conversation (RFC 5321, 2033; SIZE 1870, PIPELINING 2920, STARTTLS 3207, 8BITMIME 6152, UTF8 6531).

Stands on aiosmtpd; ours instead of its own: reading a body in whole chunks (line by line costs milliseconds a mail),
addresses by one regular expression (its parser recurses), limits, an ending that lets a mail in hand be answered. No
log-in: a municipality's mail server stands in front, and the door knows from where it comes.
"""

import asyncio
import contextlib
import logging
import re
import ssl
import sys
import traceback
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import AnyStr, cast

from aiosmtpd.lmtp import LMTP
from aiosmtpd.proxy_protocol import ProxyData
from aiosmtpd.smtp import SMTP, Envelope, Session
from msgspec import Struct

from connectors.smtp_in import door
from connectors.smtp_in.door import Door, Farewell
from hub.contract import NotKept

IDLE = 300
"""Seconds without a byte (RFC 5321 4.5.3.2.7)."""
WITHOUT_MAIL = 900
"""Seconds that a conversation may go on without bringing a mail, however busy it looks."""
SLOW_AFTER = 60
SLOWEST = 1_000
"""Bytes a second of a mail at least, after its first minute: who sends one now and then only holds a place."""
PROXY_SPEAKS = 10
"""Seconds in which a proxy says for whom it speaks."""
RECIPIENTS = 1_000
ERRORS = 100
REPLIES = 5_000
"""Answers, and bad ones among them, that a client gets without bringing a mail; then it is sent away."""
IN_HAND = 512 * 2**20
"""Bytes of all mails that are arriving now; beyond that a mail is told to come back."""
LINE = 1_024
"""Bytes of a command: a path of 256, SIZE, BODY and SMTPUTF8 fit well (RFC 5321 4.5.3.1.4)."""

END = b"\r\n.\r\n"
ALL = sys.maxsize
TRY_AGAIN = "451 4.3.0 It could not be taken now; try again later"
NO_ROOM = "452 4.3.1 There is no room for it now; try again later"
TOO_LARGE = "552 5.3.4 The message is larger than this server takes"
NO_SUCH_ADDRESS = "550 5.1.1 Nobody receives mail at this address here"
TOO_MANY_RECIPIENTS = "452 4.5.3 Too many recipients; send it to the others in a message of its own"
CLOSING = "421 4.3.2 The server is closing; try again later"
ENOUGH = "421 4.7.0 Too many errors or commands without a mail; goodbye"
TOO_SLOW = "421 4.4.2 That takes too long; try again later"

_ATOM = r'[^\s<>()\[\]:;@\\,"\x00-\x1f\x7f]'
_QUOTED = r'"(?:[^"\\\x00-\x1f\x7f]|\\[ -~])*"'
PATH = re.compile(
    rf"<(?:@[^:<>]*:)?(?P<address>(?:{_ATOM}+|{_QUOTED})(?:@(?:{_ATOM}+|\[[0-9A-Za-z.:]+\]))?|)>"
    r"(?:\s+(?P<parameters>.*))?\Z"
)
"""Reverse and forward path (RFC 5321 4.1.2); a source route before the mailbox is let by, as RFC 5321 C wants."""

logger = logging.getLogger(__name__)
# aiosmtpd tells its log every line of the conversation: addresses and content.
logging.getLogger("mail.log").setLevel(logging.CRITICAL)


class Arrived(Struct, frozen=True):
    """A mail and its envelope. `sender` is empty for a bounce; `tls`: the version, empty in the open."""

    sender: str
    recipients: Sequence[str]
    body: bytes
    peer: str
    helo: str
    tls: str


class Room:
    """What the conversations of one listener share; aiosmtpd asks its `handle_…` methods."""

    def __init__(
        self,
        *,
        hostname: str,
        size_limit: int,
        accepts: Callable[[str], bool],
        take: Callable[[Arrived], Awaitable[None]],
        door: Door,
        tls: Callable[[], ssl.SSLContext] | None = None,
        tls_required: bool = False,
    ) -> None:
        self.hostname, self.size_limit, self.accepts, self.take = hostname, size_limit, accepts, take
        self.door, self.tls, self.tls_required = door, tls, tls_required
        self.open: set[Conversation] = set()
        self.closing = False
        self.in_hand = 0
        self._one_left = asyncio.Event()

    def smtp(self) -> asyncio.Protocol:
        return _AtTheDoor(self, Conversation)

    def lmtp(self) -> asyncio.Protocol:
        return _AtTheDoor(self, LocalConversation)

    def refuses(self, peer: str, *, is_proxy: bool) -> str:
        """The words that a connection is sent away with; empty when it may stay."""
        if self.closing:
            return CLOSING
        if len(self.open) >= door.CONNECTIONS:
            return door.TOO_MANY_CONNECTIONS
        return "" if is_proxy else self.door.refuses(peer)

    def leave(self, conversation: "Conversation") -> None:
        self.open.discard(conversation)
        self._one_left.set()

    async def close(self, grace: float) -> None:
        """Send those away who bring nothing now; the others get `grace` seconds to the answer to their mail."""
        self.closing = True
        for conversation in list(self.open):
            if not conversation.in_data:
                conversation.dismiss(CLOSING)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                while self.open:
                    self._one_left.clear()
                    await self._one_left.wait()
        for conversation in list(self.open):
            conversation.abort()

    async def handle_EHLO(  # noqa: N802 - aiosmtpd finds it by this name
        self, _server: SMTP, session: Session, _envelope: Envelope, name: str, responses: list[str]
    ) -> list[str]:
        session.host_name = name
        said = [each for each in responses if not each.startswith("250-AUTH")]  # aiosmtpd's, once there is TLS
        return [*said[:-1], "250-PIPELINING", said[-1]]

    async def handle_PROXY(  # noqa: N802 - the same
        self, conversation: "Conversation", _session: Session, _envelope: Envelope, said: ProxyData
    ) -> bool:
        """Whom it speaks for is let in, or not; a proxy that only asks whether we live names nobody."""
        peer = door.plain(str(said.src_addr)) or conversation.peer
        words = self.door.refuses(peer)
        if words:
            await conversation.push(words)
            return False
        conversation.enter(peer)
        return True

    async def handle_RCPT(  # noqa: N802 - the same
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if not self.accepts(address):
            return NO_SUCH_ADDRESS
        if len(envelope.rcpt_tos) >= RECIPIENTS:
            return TOO_MANY_RECIPIENTS
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"


class _AtTheDoor(asyncio.Protocol):
    """A connection before anything is said: it becomes a conversation, or is sent away."""

    def __init__(self, room: Room, kind: "type[Conversation]") -> None:
        self._room, self._kind = room, kind

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        peer = door.address_of(transport)
        is_proxy = self._room.door.is_proxy(peer)
        words = self._room.refuses(peer, is_proxy=is_proxy)
        protocol = Farewell(words) if words else self._kind(self._room, peer, is_proxy=is_proxy)
        cast(asyncio.Transport, transport).set_protocol(protocol)  # uvloop's is no subclass of it
        protocol.connection_made(transport)


class Conversation(SMTP):
    """SMTP: one answer a mail."""

    answers_each = False
    line_length_limit = 2**16  # aiosmtpd makes it the reader's limit: small, it would stop and go every 2 kB

    def __init__(self, room: Room, peer: str, *, is_proxy: bool) -> None:
        super().__init__(
            room,
            data_size_limit=room.size_limit,
            enable_SMTPUTF8=True,
            hostname=room.hostname,
            ident="Torg",
            timeout=IDLE,
            tls_context=room.tls() if room.tls else None,
            require_starttls=room.tls_required,
            auth_exclude_mechanism=("LOGIN", "PLAIN"),
            proxy_protocol_timeout=PROXY_SPEAKS if is_proxy else None,
            loop=asyncio.get_running_loop(),
        )
        # aiosmtpd's own is one dict for all connections, and grows with each EHLO.
        self.command_size_limits = defaultdict(lambda: LINE)
        self.command_size_limit = LINE
        self.room, self.peer = room, peer
        self.in_data = False
        self.answers_due = 1
        self._entered = ""
        self._bytes_in_hand = self._replies = self._errors = 0
        self._deadline: asyncio.TimerHandle | None = None
        if not is_proxy:
            self.enter(peer)

    def enter(self, peer: str) -> None:
        """From where it comes, by its own or its proxy's word: it counts there until it ends."""
        self.peer = self._entered = peer
        self.room.door.enter(peer)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called a second time when TLS has begun."""
        self.room.open.add(self)
        if self._deadline is None:
            self._set_deadline()
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self.room.leave(self)
        if self._entered:
            self.room.door.leave(self._entered)
            self._entered = ""
        if self._deadline is not None:
            self._deadline.cancel()
        super().connection_lost(error)

    def _set_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self.loop.call_later(WITHOUT_MAIL, self._is_over)

    def _is_over(self) -> None:
        """A mail that is coming has a limit of its own."""
        if not self.in_data and not self._writer.is_closing():
            self.dismiss(TOO_SLOW)

    def dismiss(self, words: str) -> None:
        self._writer.write(words.encode() + b"\r\n")
        self._writer.close()

    def abort(self) -> None:
        self._writer.transport.abort()

    async def smtp_DATA(  # noqa: N802 - the same
        self, arg: str | None
    ) -> None:
        if await self.check_helo_needed():
            return
        envelope, session = self.envelope, self.session
        assert envelope is not None
        assert session is not None
        if not envelope.rcpt_tos:
            await self.push("503 5.5.1 Error: need RCPT command")
            return
        if arg:
            await self.push("501 Syntax: DATA")
            return
        self.in_data, self.answers_due = True, len(envelope.rcpt_tos) if self.answers_each else 1
        try:
            await self.push("354 End data with <CR><LF>.<CR><LF>")
            answer = await self._receive(envelope, session)
        finally:
            self._forget()
        await self._answer(answer)

    async def _receive(self, envelope: Envelope, session: Session) -> str:
        """Read the mail, have it kept, and give the answer to it."""
        body = await self._read_body()
        if isinstance(body, str):
            return body
        sender = "" if envelope.mail_from in (None, "<>") else str(envelope.mail_from)
        tls = (session.ssl or {}).get("ssl_object")
        helo, version = _clean(session.host_name or ""), str(tls.version() or "") if tls else ""
        try:
            await self.room.take(Arrived(sender, tuple(envelope.rcpt_tos), body, self.peer, helo, version))
        except NotKept:
            return NO_ROOM
        except ConnectionError:  # the hub's, not this client's: aiosmtpd would hang up
            return TRY_AGAIN
        self._replies = self._errors = 0
        self._set_deadline()
        return "250 2.0.0 OK, kept"

    async def _read_body(self) -> bytes | str:
        """The mail, dots unstuffed (RFC 5321 4.5.2); or the answer that refuses it, after it was read to its end.

        Only CRLF.CRLF ends it: a bare LF or CR is content, so that nobody smuggles a second mail in.
        """
        data = bytearray(b"\r\n")  # that of the DATA line: the first line may be a dot
        largest = self.room.size_limit * 4 // 3 + len(END)  # dots doubled: three bytes of mail are four here at most
        refusal = ""
        searched = came = 0
        began = self.loop.time()
        while True:
            chunk = await self._reader.read(ALL)
            if not chunk:
                raise ConnectionResetError
            came, seconds = came + len(chunk), self.loop.time() - began
            if seconds > SLOW_AFTER and came < SLOWEST * seconds:
                self.dismiss(TOO_SLOW)
                raise asyncio.CancelledError  # as aiosmtpd ends one that hung up
            self._reset_timeout()
            data += chunk
            end = data.find(END, searched)
            if end >= 0:
                break
            searched = max(0, len(data) - len(END) + 1)
            refusal = refusal or self._refusal(len(chunk), len(data), largest)
            if refusal:
                del data[:searched]
                searched = 0
        rest = bytes(data[end + len(END) :])
        if rest:  # the next commands, pipelined; nothing was read since, so they are next in the reader as well
            self._reader.feed_data(rest)
        if refusal:
            return refusal
        body = bytes(memoryview(data)[: end + 2]).replace(b"\r\n.", b"\r\n")[2:]
        return body if len(body) <= self.room.size_limit else TOO_LARGE

    def _refusal(self, more: int, size: int, largest: int) -> str:
        self._bytes_in_hand += more
        self.room.in_hand += more
        if size > largest:
            return TOO_LARGE
        return NO_ROOM if self.room.in_hand > IN_HAND else ""

    def _forget(self) -> None:
        self.in_data = False
        self.room.in_hand -= self._bytes_in_hand
        self._bytes_in_hand = 0
        self.envelope = self._create_envelope()

    async def _answer(self, answer: str) -> None:
        due, self.answers_due = self.answers_due, 1
        await self.push("\r\n".join([answer] * due))
        if self.room.closing:
            self.dismiss(CLOSING)

    async def push(self, status: AnyStr) -> None:
        await super().push(status)
        first = status[:1]
        self._replies += 1
        self._errors += first in ("4", "5", b"4", b"5")
        if (self._errors > ERRORS or self._replies > REPLIES) and not self.in_data and not self._writer.is_closing():
            self.dismiss(ENOUGH)

    async def handle_exception(self, error: Exception) -> str:
        """A bug, ours or the hub's: the client shall come back. Frames only: an error's words may quote the mail."""
        frames = "".join(traceback.format_tb(error.__traceback__))
        logger.error("a mail could not be taken: %s\n%s", type(error).__name__, frames)
        due, self.answers_due = self.answers_due, 1
        return "\r\n".join([TRY_AGAIN] * due)

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """The address of a path and the parameters after it; "<>" is the null path, None a malformed one."""
        path = PATH.match(arg.strip())
        if path is None or not _is_text(arg):
            return None, None
        return path["address"] or "<>", path["parameters"] or ""


class LocalConversation(Conversation, LMTP):
    """LMTP: one answer a recipient (RFC 2033 4.2)."""

    answers_each = True

    async def check_helo_needed(self, helo: str = "LHLO") -> bool:
        return await super().check_helo_needed(helo)


def _is_text(value: str) -> bool:
    """Valid UTF-8: aiosmtpd turns other bytes into lone surrogates, which no text column takes."""
    return not any("\ud800" <= character <= "\udfff" for character in value)


def _clean(value: str) -> str:
    return "".join(one if one.isprintable() else "?" for one in value[:255])
