"""A connection to the manager: logged in, asked, read. Everything that goes wrong is the contract's error."""

import asyncio
import hashlib
import ssl
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress

from connectors.asterisk_ami import wire
from connectors.asterisk_ami.settings import AmiConfig
from connectors.asterisk_ami.wire import Block
from hub.contract import AuthFailed, Misconfigured, Unreachable, valid_until, why_no_line
from hub.contract.steps import CERTIFICATE_VALID, SERVER_FOUND, SIGNED_IN, TellStep, untold

SECONDS = 10.0
"""For connecting and for every answer."""
_LONGEST = 256 * 1024
"""Bytes of a block."""
_CHUNK = 64 * 1024
_END = b"\r\n\r\n"
_BANNER = b"Asterisk Call Manager"
EVENTS = "call,agent,user,dialplan"
"""Classes of events that are asked for; what of them is kept is decided here."""


async def _connect(config: AmiConfig, where: str, step: TellStep) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    context, line, broken = _context(config), None, ssl.SSLError()
    with step(SERVER_FOUND.format(host=config.host)):
        try:
            async with asyncio.timeout(SECONDS):
                line = await asyncio.open_connection(config.host, config.port, ssl=context)
        except ssl.SSLError as error:  # it is there, and what it says of itself is another step
            broken = error
        except (OSError, TimeoutError) as error:
            raise Unreachable(f"{where} can't be reached: {_why(error)}.") from error
    if context is not None:
        with step(CERTIFICATE_VALID) as proof:
            if line is None:
                raise Unreachable(f"No encrypted connection to {where}: {why_no_line(broken)}.") from broken
            tls = line[1].get_extra_info("ssl_object")
            proof.until = valid_until(tls.getpeercert() if tls else None)
    assert line is not None
    return line


class Session:
    """Logged in. `blocks` reads; `ask` may be used while nobody reads."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, where: str) -> None:
        self._reader, self._writer, self._where = reader, writer, where
        self._asked = 0
        self._read = b""
        self._ready: deque[bytes] = deque()

    @classmethod
    async def open(cls, config: AmiConfig, events: str = EVENTS, step: TellStep = untold) -> "Session":
        """Connects and logs in; `step`: is told how, for a check. Raises Unreachable, AuthFailed, Misconfigured."""
        where = f"{config.host} port {config.port}"
        reader, writer = await _connect(config, where, step)
        session, is_in = cls(reader, writer, where), False
        try:
            with step(SIGNED_IN):
                await session._log_in(config, events)
            is_in = True
        finally:
            if not is_in:
                session.close()
        return session

    async def ask(self, action: Mapping[str, str]) -> Block:
        """The answer to an action; events that come before it are left out."""
        name = await self.send(action)
        async with _in_time(self._where):
            async for block in self.blocks():
                if block.values.get("actionid") == name and "response" in block.values:
                    return block
        raise Unreachable(f"{self._where} broke off.")

    async def listed(self, action: Mapping[str, str]) -> list[Block]:
        """The events of a list that it answers with. Empty where it refuses."""
        answer = await self.ask(action)
        if answer.values.get("response", "").lower() != "success":
            return []
        found: list[Block] = []
        async with _in_time(self._where):
            async for block in self.blocks():
                if block.values.get("actionid") != answer.values.get("actionid"):
                    continue
                if block.event.endswith("complete"):
                    break
                found.append(block)
        return found

    async def send(self, action: Mapping[str, str]) -> str:
        """Without waiting; the name that its answer bears."""
        self._asked += 1
        name = f"torg-{self._asked}"
        self._writer.write(wire.write({**action, "ActionID": name}))
        try:
            async with asyncio.timeout(SECONDS):
                await self._writer.drain()
        except (OSError, TimeoutError) as error:
            raise Unreachable(f"{self._where} broke off: {_why(error)}.") from error
        return name

    async def blocks(self) -> AsyncIterator[Block]:
        """One by one, until it breaks off, which raises Unreachable."""
        while True:
            while self._ready:
                yield wire.read(self._ready.popleft())
            self._ready.extend(await self.bodies())

    async def bodies(self) -> list[bytes]:
        """At least one block, and all that has come by now."""
        if self._ready:
            ready, self._ready = list(self._ready), deque()
            return ready
        while True:
            *whole, self._read = self._read.split(_END)
            found = [body for body in whole if body.strip()]
            if found:
                return found
            if len(self._read) > _LONGEST:
                raise Unreachable(f"{self._where} says more than {_LONGEST} bytes in one go.")
            self._read += await self._more()

    async def _more(self) -> bytes:
        try:
            came = await self._reader.read(_CHUNK)
        except OSError as error:
            raise Unreachable(f"{self._where} broke off: {_why(error)}.") from error
        if not came:
            raise Unreachable(f"{self._where} broke off.")
        return came

    def close(self) -> None:
        """Says nothing more: what was sent is sent."""
        with suppress(OSError, RuntimeError):
            self._writer.close()

    async def _log_in(self, config: AmiConfig, events: str) -> None:
        async with _in_time(self._where):
            while b"\n" not in self._read and len(self._read) < len(_BANNER) * 8:
                self._read += await self._more()
        banner, _, self._read = self._read.partition(b"\n")
        if not banner.startswith(_BANNER):
            raise Misconfigured("port", f"At {self._where} there is no Asterisk manager.")
        secret = config.secret.reveal()
        login = {"Action": "Login", "Username": config.username, "Events": events}
        if config.login == "md5":
            asked = await self.ask({"Action": "Challenge", "AuthType": "MD5"})
            challenge = asked.values.get("challenge", "")
            if not challenge:
                raise Misconfigured("login", "The exchange offers no log-in by MD5.")
            key = hashlib.md5((challenge + secret).encode(), usedforsecurity=False).hexdigest()  # as the manager has it
            answer = await self.ask({**login, "AuthType": "MD5", "Key": key})
        else:
            answer = await self.ask({**login, "Secret": secret})
        if answer.values.get("response", "").lower() != "success":
            said = answer.values.get("message", "no reason")
            raise AuthFailed(f"The exchange refuses the log-in: {said}.")


def _in_time(where: str) -> "_InTime":
    return _InTime(where)


class _InTime:
    """A timeout whose error says who kept silent."""

    def __init__(self, where: str) -> None:
        self._where, self._timeout = where, asyncio.timeout(SECONDS)

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(self, *error: object) -> None:
        try:
            await self._timeout.__aexit__(*error)  # type: ignore[arg-type]  # as the interpreter gives them
        except TimeoutError as late:
            raise Unreachable(f"{self._where} doesn't answer within {SECONDS:.0f} seconds.") from late


def _context(config: AmiConfig) -> ssl.SSLContext | None:
    if config.security == "none":
        return None
    try:
        return ssl.create_default_context(cafile=config.authorities or None)
    except (OSError, ssl.SSLError) as error:
        raise Misconfigured("authorities", f"{config.authorities} can't be read as certificates (PEM).") from error


def _why(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "it doesn't answer"
    return getattr(error, "strerror", None) or "broken off"
