"""One SMTP or LMTP conversation (RFC 5321, 2033; SIZE 1870, PIPELINING 2920, 8BITMIME 6152, SMTPUTF8 6531).

Stands on aiosmtpd; ours instead of its own: reading a body in whole chunks (line by line costs milliseconds a mail),
addresses by one regular expression (its parser recurses), limits, an ending that lets a mail in hand be answered. No
TLS, no log-in: a municipality's mail server stands in front.
"""

import asyncio
import contextlib
import logging
import re
import sys
import traceback
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import AnyStr

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session
from msgspec import Struct

from hub.contract import NotKept

IDLE = 300
"""Seconds without a byte (RFC 5321 4.5.3.2.7)."""
CONNECTIONS = 100
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
TOO_MANY_CONNECTIONS = "421 4.3.2 Too many connections; try again later"
CLOSING = "421 4.3.2 The server is closing; try again later"
ENOUGH = "421 4.7.0 Too many errors or commands without a mail; goodbye"

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
    """A mail and its envelope. `sender` is empty for a bounce."""

    sender: str
    recipients: Sequence[str]
    body: bytes
    peer: str
    helo: str


class Room:
    """What the conversations of one listener share; aiosmtpd asks its `handle_…` methods."""

    def __init__(
        self,
        *,
        hostname: str,
        size_limit: int,
        accepts: Callable[[str], bool],
        take: Callable[[Arrived], Awaitable[None]],
    ) -> None:
        self.hostname, self.size_limit, self.accepts, self.take = hostname, size_limit, accepts, take
        self.open: set[Conversation] = set()
        self.closing = False
        self.in_hand = 0
        self._one_left = asyncio.Event()

    def smtp(self) -> asyncio.Protocol:
        return self._protocol(Conversation)

    def lmtp(self) -> asyncio.Protocol:
        return self._protocol(LocalConversation)

    def _protocol(self, kind: "type[Conversation]") -> asyncio.Protocol:
        if self.closing or len(self.open) >= CONNECTIONS:
            return Farewell(CLOSING if self.closing else TOO_MANY_CONNECTIONS)
        return kind(self)

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
        return [*responses[:-1], "250-PIPELINING", responses[-1]]

    async def handle_RCPT(  # noqa: N802 - the same
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if not self.accepts(address):
            return NO_SUCH_ADDRESS
        if len(envelope.rcpt_tos) >= RECIPIENTS:
            return TOO_MANY_RECIPIENTS
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"


class Farewell(asyncio.Protocol):
    """A connection too many: told so, and closed."""

    def __init__(self, words: str) -> None:
        self.words = words

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(self.words.encode() + b"\r\n")
        transport.close()


class Conversation(SMTP):
    """SMTP: one answer a mail."""

    answers_each = False
    line_length_limit = 2**16  # aiosmtpd makes it the reader's limit: small, it would stop and go every 2 kB

    def __init__(self, room: Room) -> None:
        super().__init__(
            room,
            data_size_limit=room.size_limit,
            enable_SMTPUTF8=True,
            hostname=room.hostname,
            ident="Torg",
            timeout=IDLE,
            loop=asyncio.get_running_loop(),
        )
        # aiosmtpd's own is one dict for all connections, and grows with each EHLO.
        self.command_size_limits = defaultdict(lambda: LINE)
        self.command_size_limit = LINE
        self.room = room
        self.in_data = False
        self.answers_due = 1
        self._bytes_in_hand = self._replies = self._errors = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.room.open.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self.room.leave(self)
        super().connection_lost(error)

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
        peer = str(session.peer[0]) if session.peer else ""
        try:
            await self.room.take(Arrived(sender, tuple(envelope.rcpt_tos), body, peer, _clean(session.host_name or "")))
        except NotKept:
            return NO_ROOM
        except ConnectionError:  # the hub's, not this client's: aiosmtpd would hang up
            return TRY_AGAIN
        self._replies = self._errors = 0
        return "250 2.0.0 OK, kept"

    async def _read_body(self) -> bytes | str:
        """The mail, dots unstuffed (RFC 5321 4.5.2); or the answer that refuses it, after it was read to its end.

        Only CRLF.CRLF ends it: a bare LF or CR is content, so that nobody smuggles a second mail in.
        """
        data = bytearray(b"\r\n")  # that of the DATA line: the first line may be a dot
        largest = self.room.size_limit * 4 // 3 + len(END)  # dots doubled: three bytes of mail are four here at most
        refusal = ""
        searched = 0
        while True:
            chunk = await self._reader.read(ALL)
            if not chunk:
                raise ConnectionResetError
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
