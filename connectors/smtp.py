"""Sends mail through a mail server (RFC 5321; STARTTLS 3207, TLS 8314, AUTH 4954): we call it, once for each message.

The point of no return is DATA: `handing_over` comes between RCPT and it. After that the server's answer decides; where
none comes, the time-out goes up as it is, and the hub calls the message uncertain. It tries nothing twice, writes no
copy to a Sent folder, reads no bounces, and signs nothing: DKIM is the mail server's.
"""

import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_address
from typing import Annotated, Literal

import aiosmtplib
from msgspec import Meta
from msgspec.structs import replace

from hub.contract import (
    Address,
    AuthFailed,
    Config,
    Deferred,
    Misconfigured,
    OutgoingMessage,
    PluginError,
    Receipt,
    Refused,
    Register,
    Secret,
    Sends,
    Unreachable,
    hook_impl,
    valid_until,
    why_no_line,
)
from hub.contract.steps import CERTIFICATE_VALID, SERVER_FOUND, SIGNED_IN
from hub.formats.compose import compose

GOODBYE = 2.0
"""Seconds for QUIT: the message is taken by then, and its receipt shall not wait."""
WORDS = 300
"""Characters of the server's words that are shown."""
FOR_GOOD = 500
"""RFC 5321 4.2.1: replies from here on are final, those below may change."""
LOG_IN_FIRST = frozenset({530, 534, 535, 538})
"""RFC 4954 6: the reply is about who we are, not about the message."""

_LIBRARYS = aiosmtplib.SMTPException
_NO_SMTP = "it answers what can't be understood"
HandingOver = Callable[[], Awaitable[None]]


class SmtpConfig(Config, frozen=True):
    """The server, and how to log in to it."""

    host: Annotated[str, Meta(title="Mail server", min_length=1)]
    port: Annotated[int, Meta(title="Port", ge=1, le=65535)] = 587
    security: Annotated[Literal["none", "starttls", "tls"], Meta(title="Encryption")] = "starttls"
    username: Annotated[str, Meta(title="User name", description="empty: no log-in")] = ""
    password: Annotated[Secret | None, Meta(title="Password")] = None
    sender: Annotated[str, Meta(title="From address", description="empty: the address that was written to")] = ""
    hostname: Annotated[str, Meta(title="Our name in EHLO", description="empty: the machine's")] = ""
    timeout: Annotated[float, Meta(title="Seconds to wait for an answer", gt=0, le=600)] = 60.0


class Smtp(Sends[SmtpConfig]):
    """Mail out through a mail server."""

    kind = "smtp"
    title = "Mail out (SMTP)"
    Config = SmtpConfig

    async def check(self) -> None:
        config = self.config
        if config.sender and not all(config.sender.rpartition("@")):
            raise Misconfigured("sender", f"{config.sender!r} is no mail address.")
        if bool(config.username) != bool(config.password and config.password.reveal()):
            raise Misconfigured("password", "A user name and a password go together: give both or none.")
        if config.username and config.security == "none" and not _is_this_machine(config.host):
            raise Misconfigured("security", "A password isn't sent over an open line: choose starttls or tls.")
        async with self._session() as session:
            await session.noop()

    async def send(self, message: OutgoingMessage, handing_over: HandingOver) -> Receipt:
        if self.config.sender:
            message = replace(message, sender=Address(message.sender.name, self.config.sender))
        # Megabytes of files aren't put into base64 while everybody else waits.
        body = await self.tools.block(lambda: compose(message)) if message.attachments else compose(message)
        async with self._session() as session:
            await _envelope(session, message, body)
            await handing_over()
            try:
                answer = await session.data(body)
            except aiosmtplib.SMTPDataError as error:
                raise _no(error, message) from error
            return Receipt(outside_id=_words(answer.message))

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[aiosmtplib.SMTP]:
        """Connected, encrypted, greeted and logged in. What goes wrong from there on is for the caller to name."""
        config = self.config
        session = aiosmtplib.SMTP(
            hostname=config.host,
            port=config.port,
            use_tls=config.security == "tls",
            start_tls=config.security == "starttls",
            local_hostname=config.hostname or None,
            timeout=config.timeout,
        )
        try:
            await self._open(session)
            yield session
            await _quit(session)
        finally:
            session.close()

    async def _open(self, session: aiosmtplib.SMTP) -> None:
        config = self.config
        try:
            await self._connect(session)
            if session.is_ehlo_or_helo_needed:
                await session.ehlo()
            if config.username and config.password:
                with self.tools.step(SIGNED_IN):
                    await session.login(config.username, config.password.reveal())
        except aiosmtplib.SMTPAuthenticationError as error:
            if error.code < FOR_GOOD:
                raise Unreachable(f"The mail server can't check the log-in now: {_words(error.message)}") from error
            raise AuthFailed(f"The mail server doesn't accept the log-in: {_words(error.message)}") from error
        except aiosmtplib.SMTPResponseException as error:
            said = f"it answers {error.code} {_words(error.message)}".rstrip(" .") if error.code > 0 else _NO_SMTP
            raise Unreachable(f"{self._there()}: {said}.") from error
        except (aiosmtplib.SMTPException, OSError) as error:  # of the line itself; or what the server can't do
            raise Unreachable(f"{self._there()}: {_why(error, config, session)}.") from error

    async def _connect(self, session: aiosmtplib.SMTP) -> None:
        """What it says of itself isn't whether it is there: each is a step of a check."""
        broken = None
        with self.tools.step(SERVER_FOUND.format(host=self.config.host)):
            try:
                await session.connect()
            except (aiosmtplib.SMTPException, OSError) as error:
                if not _is_about_tls(error, self.config, session):
                    raise
                broken = error
        if self.config.security != "none":
            with self.tools.step(CERTIFICATE_VALID) as proof:
                if broken is not None:
                    raise broken
                line = session.transport.get_extra_info("ssl_object") if session.transport else None
                proof.until = valid_until(line.getpeercert() if line else None)

    def _there(self) -> str:
        return f"{self.config.host} port {self.config.port}, security {self.config.security}"


async def _envelope(session: aiosmtplib.SMTP, message: OutgoingMessage, body: bytes) -> None:
    """MAIL and RCPT. Nothing is taken yet: a yes here binds nobody."""
    options = [f"SIZE={len(body)}"] if session.supports_extension("size") else []
    if not body.isascii() and session.supports_extension("8bitmime"):
        options.append("BODY=8BITMIME")
    try:
        # What a program answers comes back to nobody when it can't be delivered (RFC 3834 3.3).
        sender = "" if message.automatic else _on_the_wire(message.sender.address)
        await session.mail(sender, options=options)
        await session.rcpt(_on_the_wire(message.recipient.address))
    except aiosmtplib.SMTPResponseException as error:
        if error.code in LOG_IN_FIRST:
            raise AuthFailed(f"The mail server wants a log-in: {_words(error.message)}") from error
        raise _no(error, message) from error
    except (aiosmtplib.SMTPException, OSError) as error:
        raise Unreachable(f"The mail server went away: {_words(str(error))}") from error


def _no(error: aiosmtplib.SMTPResponseException, message: OutgoingMessage) -> PluginError:
    """4xx: not now. 5xx: never. Its words may repeat the citizen's address, which no log shall hold."""
    words = error.message.replace(message.recipient.address, "the recipient")
    said = f"{error.code} {_words(words)}"
    return Refused(said) if error.code >= FOR_GOOD else Deferred(said)


def _on_the_wire(address: str) -> str:
    """With its domain in ASCII (RFC 5890). A local part that isn't was refused by `compose`."""
    local, at, domain = address.rpartition("@")
    return local + at + domain.encode("idna").decode("ascii")


async def _quit(session: aiosmtplib.SMTP) -> None:
    # A server that doesn't say goodbye has taken the message all the same.
    with suppress(aiosmtplib.SMTPException, OSError):
        await session.quit(timeout=GOODBYE)


def _words(said: str) -> str:
    """The server's words on one line, without control characters and addresses' surrogates."""
    return re.sub(r"[^\x20-\x7e\xa0-\ud7ff\ue000-\ufffd]+", " ", said)[:WORDS].strip()


def _is_about_tls(error: Exception, config: SmtpConfig, session: aiosmtplib.SMTP) -> bool:
    """The server answered, and no encrypted line comes about."""
    if any(isinstance(each, ssl.SSLError) for each in _causes(error)):
        return True
    return config.security == "starttls" and bool(session.last_ehlo_response) and not _offers_tls(session)


def _offers_tls(session: aiosmtplib.SMTP) -> bool:
    return session.supports_extension("starttls")


def _causes(error: BaseException) -> Iterator[BaseException]:
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__ or found.__context__


def _why(error: Exception, config: SmtpConfig, session: aiosmtplib.SMTP) -> str:
    """As a half sentence: the library's own words are of no use to whoever sets up a channel."""
    causes = list(_causes(error))
    for each in causes:
        if isinstance(each, TimeoutError) or (isinstance(each, OSError) and not isinstance(each, _LIBRARYS)):
            return why_no_line(each)
    if any(isinstance(each, aiosmtplib.SMTPServerDisconnected) for each in causes):
        return "it hung up"
    if config.security == "starttls" and not _offers_tls(session):
        return "it offers no STARTTLS there: see which port has which encryption"
    if config.username:
        return "it offers no log-in that we know: see at which port it does, or leave user name and password empty"
    return _NO_SMTP


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@hook_impl
def register_plugins(register: Register) -> None:
    register.connector(Smtp)
