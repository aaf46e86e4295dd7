"""Mail by SMTP or LMTP (RFC 5321, 2033): a mail server delivers to us, for the addresses that the channel lists.

The other side calls us and hears 250 after the hub has committed; 4xx when it couldn't, and comes back. No log-in: it
listens behind the municipality's own mail server, which has the filters, and takes mail from its networks only
(`door.py`), encrypted where a certificate is set (`certificate.py`). The wire is in `conversation.py`. No Received
line is added: what came stays byte for byte, and the envelope is kept beside it.
"""

import asyncio
import errno
import hashlib
import socket
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta
from msgspec.structs import replace

from connectors.smtp_in.door import CONNECTIONS, Door, is_this_machine
from hub.contract import Config, Destination, Keep, Listens, Misconfigured, RawEvent, Register, Tools, hook_impl
from hub.formats import mail

if TYPE_CHECKING:
    from connectors.smtp_in.conversation import Arrived

GRACE = 10.0
"""Seconds that mails in hand have to be answered when the listener stops."""

REASONS = {
    errno.EADDRINUSE: ("port", "is in use by another program."),
    errno.EACCES: ("port", "may not be opened by this user; ports below 1024 need a privilege."),
    errno.EADDRNOTAVAIL: ("host", "can't be opened: it is no address of this machine."),
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
        str,
        Meta(
            title="Name in the greeting",
            description="as mail.granvik.example, without spaces; empty: the machine's",
            pattern=r"^[\w.:\[\]-]*$",
        ),
    ] = ""
    peers: Annotated[
        tuple[str, ...],
        Meta(
            title="Takes mail from",
            description="networks or addresses of your mail servers, as 10.1.0.5 or 10.2.0.0/16; none: from all",
        ),
    ] = ()
    connections_per_peer: Annotated[
        int, Meta(title="Connections of one address", description="at the same time", ge=1, le=CONNECTIONS)
    ] = 50
    certificate: Annotated[
        str, Meta(title="Certificate", description="file in PEM, with its chain; empty: mail comes in the open")
    ] = ""
    private_key: Annotated[
        str, Meta(title="Its key", description="file in PEM, without a password; empty: it is in the same file")
    ] = ""
    tls_required: Annotated[
        bool, Meta(title="Encrypted only", description="mail that comes in the open is refused")
    ] = False
    proxies: Annotated[
        tuple[str, ...],
        Meta(title="Proxies in front", description="networks that say by the PROXY protocol for whom they speak"),
    ] = ()


class SmtpIn(Listens[SmtpInConfig]):
    """Mail that a mail server hands over."""

    kind = "smtp_in"
    title = "Mail in (SMTP, LMTP)"
    Config = SmtpInConfig

    def __init__(self, config: SmtpInConfig, tools: Tools) -> None:
        super().__init__(config, tools)
        self._listed = _listed(config)

    async def check(self) -> None:
        """Binds the port for a moment; one that this very channel already serves can't be told from another's."""
        if not self.config.addresses:
            raise Misconfigured("addresses", "List at least one address; mail to any other is refused.")
        for address in self.config.addresses:
            if not all(address.rpartition("@")):
                raise Misconfigured("addresses", f"{address!r} is no mail address.")
            if "+" in address:
                raise Misconfigured("addresses", f"{address!r}: list it without its +, which marks answers to us.")
        self._check_door()
        in_use = None
        try:
            (await self._bind(asyncio.Protocol, serve=False)).close()
        except Misconfigured as error:
            if getattr(error.__cause__, "errno", None) != errno.EADDRINUSE:
                raise
            in_use = error
        if not self.config.peers and not is_this_machine(self.config.host):
            raise Misconfigured(
                "peers",
                f"{self.config.host} can be reached from other machines: list your mail servers, as 10.1.0.5. "
                "0.0.0.0/0 and ::/0 let anybody in.",
            )
        if in_use is not None:  # last: of a channel that runs it is no fault
            raise Misconfigured(
                "port",
                f"{self.config.host} port {self.config.port} is in use by another program, "
                "or by this channel itself if it runs.",
            ) from in_use

    def _check_door(self) -> None:
        config = self.config
        Door(config.peers, config.proxies)
        if config.certificate:
            from connectors.smtp_in.certificate import Certificate  # noqa: PLC0415 - as in `listen`

            Certificate(config.certificate, config.private_key).check(self.tools.now())
        elif config.tls_required or config.private_key:
            raise Misconfigured("certificate", "Name the file with the certificate: without it nothing is encrypted.")

    def opens(self) -> tuple[str, int]:
        return self.config.host, self.config.port

    async def listen(self, keep: Keep) -> None:
        from connectors.smtp_in.certificate import Certificate  # noqa: PLC0415 - who only reads mails needs no server
        from connectors.smtp_in.conversation import Room  # noqa: PLC0415 - a quarter of what such a process loads

        async def take(arrived: "Arrived") -> None:
            await keep(self._events(arrived))

        config = self.config
        certificate = Certificate(config.certificate, config.private_key) if config.certificate else None
        if certificate is not None:
            certificate.context()  # told now, not to the first who comes
        room = Room(
            hostname=config.hostname or socket.gethostname(),
            size_limit=config.size_limit,
            accepts=lambda address: _destination(self._listed, address) is not None,
            take=take,
            door=Door(config.peers, config.proxies, config.connections_per_peer),
            tls=certificate.context if certificate else None,
            tls_required=config.tls_required,
        )
        server = await self._bind(room.smtp if config.protocol == "smtp" else room.lmtp, serve=True)
        try:
            await asyncio.get_running_loop().create_future()  # until cancelled
        finally:
            server.close()
            await room.close(GRACE)

    @classmethod
    def anew(cls, config: SmtpInConfig, event: RawEvent) -> RawEvent:
        """With the queue of its first recipient who is listed; whom none is stays where it was."""
        listed, recipients = _listed(config), event.origin.get("to", "").split(",")
        route = next((route for each in recipients if (route := _destination(listed, each))), None)
        return event if route is None else replace(event, origin={**event.origin, "route": route})

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
            field, sentence = REASONS.get(error.errno or 0, ("port", "can't be opened."))
            raise Misconfigured(field, f"{host} port {port} {sentence}") from error

    def _events(self, arrived: "Arrived") -> Sequence[RawEvent]:
        """One for each municipality: what two of them get is two mails, each with its own recipients only."""
        shares: dict[str, list[str]] = {}
        routes: dict[str, str] = {}
        for recipient in dict.fromkeys(arrived.recipients):
            route = _destination(self._listed, recipient)
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
                    **({"tls": arrived.tls} if arrived.tls else {}),
                },
            )
            for municipality, recipients in shares.items()
        ]


def _listed(config: SmtpInConfig) -> dict[str, str]:
    return {address.lower(): destination for address, destination in config.addresses.items()}


def _destination(listed: Mapping[str, str], address: str) -> str | None:
    """Where mail to this address belongs: as it is listed, or with a suffix (a reply token) after a plus."""
    local, _, domain = address.lower().rpartition("@")
    return listed.get(f"{local}@{domain}") or listed.get(f"{local.partition('+')[0]}@{domain}")


def _key(sender: str, recipients: Sequence[str], body: bytes) -> str:
    """SMTP gives a mail no identity: the same bytes in the same envelope are the same mail, sent again."""
    digest = hashlib.sha256("\0".join([sender, *sorted(recipients)]).encode() + b"\0\0")
    digest.update(body)
    return digest.hexdigest()


@hook_impl
def register_plugins(register: Register) -> None:
    register.connector(SmtpIn)
