"""Mail by SMTP or LMTP (RFC 5321, 2033): a mail server delivers to us, for the addresses that the channel lists.

The other side calls us and hears 250 after the hub has committed; 4xx when it couldn't, and comes back. No TLS and no
log-in: it listens behind the municipality's own mail server, which has them and the filters. The wire is in
`conversation.py`.
"""

import asyncio
import errno
import hashlib
import socket
from collections.abc import Callable, Sequence
from typing import Annotated, Literal

from msgspec import Meta

from connectors.smtp_in.conversation import Arrived, Room
from hub.contract import Config, Destination, Keep, Listens, Misconfigured, RawEvent, Register, Tools, hook_impl
from hub.formats import mail

GRACE = 10.0
"""Seconds that mails in hand have to be answered when the listener stops."""

REASONS = {
    errno.EADDRINUSE: ("port", "is in use by another program"),
    errno.EACCES: ("port", "may not be opened by this user; ports below 1024 need a privilege"),
    errno.EADDRNOTAVAIL: ("host", "can't be opened: it is no address of this machine"),
}
"""What the system says -> the setting to look at, and why."""


class SmtpInConfig(Config, frozen=True):
    """Where it listens and for whom."""

    addresses: Annotated[
        dict[str, Destination],
        Meta(title="Addresses", description="mail address = municipality/queue; mail to any other address is refused"),
    ]
    host: Annotated[str, Meta(title="Listens on", description="an address of this machine")] = "127.0.0.1"
    port: Annotated[int, Meta(title="Port", ge=1, le=65535)] = 8025
    protocol: Annotated[Literal["smtp", "lmtp"], Meta(title="Protocol")] = "smtp"
    size_limit: Annotated[int, Meta(title="Largest mail, bytes", ge=64 * 1024, le=2**30)] = 50_000_000
    hostname: Annotated[
        str, Meta(title="Name in the greeting", description="empty: the machine's", pattern=r"^[\w.:\[\]-]*$")
    ] = ""


class SmtpIn(Listens[SmtpInConfig]):
    """Mail that a mail server hands over."""

    kind = "smtp_in"
    title = "Mail in (SMTP, LMTP)"
    Config = SmtpInConfig

    def __init__(self, config: SmtpInConfig, tools: Tools) -> None:
        super().__init__(config, tools)
        self._listed = {address.lower(): destination for address, destination in config.addresses.items()}

    async def check(self) -> None:
        """Binds the port for a moment; one that this very channel already serves can't be told from another's."""
        if not self.config.addresses:
            raise Misconfigured("addresses", "List at least one address; mail to any other is refused.")
        for address in self.config.addresses:
            if not all(address.rpartition("@")):
                raise Misconfigured("addresses", f"{address!r} is no mail address.")
            if "+" in address:
                raise Misconfigured("addresses", f"{address!r}: list it without its +, which marks answers to us.")
        try:
            server = await self._bind(asyncio.Protocol, serve=False)
        except Misconfigured as error:
            if getattr(error.__cause__, "errno", None) != errno.EADDRINUSE:
                raise
            raise Misconfigured(error.field, f"{str(error)[:-1]}, or by this channel itself if it runs.") from error
        server.close()

    def opens(self) -> tuple[str, int]:
        return self.config.host, self.config.port

    async def listen(self, keep: Keep) -> None:
        async def take(arrived: Arrived) -> None:
            await keep(self._events(arrived))

        room = Room(
            hostname=self.config.hostname or socket.gethostname(),
            size_limit=self.config.size_limit,
            accepts=lambda address: self._destination(address) is not None,
            take=take,
        )
        server = await self._bind(room.smtp if self.config.protocol == "smtp" else room.lmtp, serve=True)
        try:
            await asyncio.get_running_loop().create_future()  # until cancelled
        finally:
            server.close()
            await room.close(GRACE)

    parse = staticmethod(mail.parse)

    async def _bind(self, protocol: Callable[[], asyncio.BaseProtocol], *, serve: bool) -> asyncio.Server:
        host, port = self.config.host, self.config.port
        try:
            return await asyncio.get_running_loop().create_server(
                protocol, host, port, backlog=256, start_serving=serve
            )
        except socket.gaierror as error:
            raise Misconfigured("host", f"{host} is no address of this machine.") from error
        except OSError as error:
            field, sentence = REASONS.get(error.errno or 0, ("port", "can't be opened"))
            raise Misconfigured(field, f"{host} port {port} {sentence}.") from error

    def _destination(self, address: str) -> str | None:
        """Where mail to this address belongs: as it is listed, or with a suffix (a reply token) after a plus."""
        local, _, domain = address.lower().rpartition("@")
        listed = self._listed
        return listed.get(f"{local}@{domain}") or listed.get(f"{local.partition('+')[0]}@{domain}")

    def _events(self, arrived: Arrived) -> Sequence[RawEvent]:
        """One for each municipality: what two of them get is two mails, each with its own recipients only."""
        shares: dict[str, list[str]] = {}
        routes: dict[str, str] = {}
        for recipient in dict.fromkeys(arrived.recipients):
            route = self._destination(recipient)
            assert route is not None  # accepted at RCPT, and settings of a running channel don't change
            municipality = route.partition("/")[0]
            shares.setdefault(municipality, []).append(recipient)
            routes.setdefault(municipality, route)
        return [
            RawEvent(
                key=_key(arrived.sender, recipients, arrived.body),
                body=arrived.body,
                media_type="message/rfc822",
                origin={
                    "from": arrived.sender,
                    "to": ",".join(recipients),
                    "peer": arrived.peer,
                    "helo": arrived.helo,
                    "route": routes[municipality],
                },
            )
            for municipality, recipients in shares.items()
        ]


def _key(sender: str, recipients: Sequence[str], body: bytes) -> str:
    """SMTP gives a mail no identity: the same bytes in the same envelope are the same mail, sent again."""
    digest = hashlib.sha256("\0".join([sender, *sorted(recipients)]).encode() + b"\0\0")
    digest.update(body)
    return digest.hexdigest()


@hook_impl
def register_plugins(register: Register) -> None:
    register.connector(SmtpIn)
