"""A shared mailbox of Microsoft 365 by Microsoft Graph v1.0: mail in by delta rounds, mail out as drafts that leave.

We call Graph as the app itself, with its secret or certificate; Graph calls us back with word that there is news, where
`notification_url` is set. Of a mailbox it reads mails byte for byte (`$value`), by ids that stay when people move them.
A mail leaves as a MIME draft, so that our Message-ID and headers do; Graph sends to whom its headers name, so each copy
names its own recipient alone. It reads no calendar and no other mailbox, and takes no part in retries.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Literal
from urllib.parse import urlsplit

from msgspec import Meta
from msgspec.structs import replace

from connectors.graph_mail import notifying, sending
from connectors.graph_mail.client import Graph, NotThere, require_sdk
from connectors.graph_mail.fetching import Fetching, beginning
from connectors.graph_mail.log_in import Tokens, read_pair
from connectors.graph_mail.mailbox import Mailbox
from hub.contract import (
    Address,
    Answer,
    AuthFailed,
    Batch,
    Called,
    Config,
    ConnectorTools,
    Destination,
    Misconfigured,
    OutgoingMessage,
    Outside,
    Pulls,
    RawEvent,
    Receipt,
    Receives,
    Register,
    Secret,
    Sends,
    Tally,
    WebCall,
    hook_impl,
)
from hub.contract.steps import FOLDER, MAILBOX_SHUT
from hub.formats import mail

CLOUDS = {
    "graph.microsoft.com": ("login.microsoftonline.com", "outlook.office.com"),
    "graph.microsoft.us": ("login.microsoftonline.us", "outlook.office365.us"),
    "dod-graph.microsoft.us": ("login.microsoftonline.us", "outlook-dod.office365.us"),
    "microsoftgraph.chinacloudapi.cn": ("login.chinacloudapi.cn", "partner.outlook.cn"),
}
"""Microsoft's own and its national clouds: where Graph is, where its tokens are, and where large files go."""
_MAILBOX = r"^[^\s/@'\"\\]+@[^\s/@'\"\\]+$"


class GraphMailConfig(Config, frozen=True):
    """The mailbox, and the app that may open it."""

    mailbox: Annotated[str, Meta(title="Mailbox", description="its address", pattern=_MAILBOX)]
    addresses: Annotated[
        dict[str, Destination],
        Meta(title="Addresses", description="mail address = municipality/queue; the mailbox's own is one of them"),
    ]
    tenant: Annotated[str, Meta(title="Tenant", description="its id, or a domain of it", pattern=r"^[\w.-]+$")]
    client_id: Annotated[str, Meta(title="App's client id", pattern=r"^[\w-]+$")]
    forbidden_mailbox: Annotated[
        str, Meta(title="A mailbox that the app must not open", description="tried, and refused", pattern=_MAILBOX)
    ]
    client_secret: Annotated[Secret | None, Meta(title="App's client secret")] = None
    certificate: Annotated[
        Secret | None, Meta(title="App's certificate", description="PEM, the certificate and its private key")
    ] = None
    folders: Annotated[
        tuple[str, ...],
        Meta(title="Folders", description="inbox, or names from the top as Inkorg/Fakturor", min_length=1),
    ] = ("inbox",)
    begin: Annotated[
        str, Meta(title="Begins with", description="now, all or a date", pattern=r"^(now|all|\d{4}-\d{2}-\d{2})$")
    ] = "now"
    after: Annotated[Literal["leave", "category", "move"], Meta(title="A mail that was fetched")] = "leave"
    category: Annotated[str, Meta(title="Category it is given", min_length=1, max_length=255)] = "Torg"
    move_to: Annotated[str, Meta(title="Folder it is moved to")] = ""
    notification_url: Annotated[
        str, Meta(title="Where Microsoft reaches us", description="https://host; empty: asked once a minute")
    ] = ""
    size_limit: Annotated[int, Meta(title="Largest mail, bytes", ge=64 * 1024, le=150_000_000)] = 50_000_000
    graph_url: Annotated[str, Meta(title="Graph", description="another in a national cloud")] = (
        "https://graph.microsoft.com"
    )
    login_url: Annotated[str, Meta(title="Log-in", description="another in a national cloud")] = (
        "https://login.microsoftonline.com"
    )


class GraphMail(Pulls[GraphMailConfig], Receives[GraphMailConfig], Sends[GraphMailConfig]):
    """Mail of a mailbox in Microsoft 365."""

    kind = "graph_mail"
    title = "Mail in Microsoft 365 (Graph)"
    Config = GraphMailConfig

    def __init__(self, config: GraphMailConfig, tools: ConnectorTools) -> None:
        super().__init__(config, tools)
        tokens = Tokens(tools, config.tenant, config.client_id, config.client_secret, config.certificate)
        self._graph = Graph(tools, tokens, config.graph_url, config.login_url, uploads_of(config.graph_url))
        self._mailbox = Mailbox(self._graph, config.mailbox)

    @classmethod
    def fetches(cls, config: GraphMailConfig) -> list[str]:
        return [f"{config.mailbox.lower()} {each.lower()}" for each in config.folders]

    @classmethod
    def places(cls, config: GraphMailConfig) -> Mapping[str, Outside]:
        require_cloud(config.graph_url, config.login_url)
        own, other = (re.escape(each) for each in (config.mailbox, config.forbidden_mailbox))
        user, message = rf"/v1\.0/users/{own}", rf"/v1\.0/users/{own}/messages/[^/]+"
        return {
            "graph": Outside(
                config.graph_url,
                (
                    ("GET", rf"{user}/mailFolders(/[^/]+(/childFolders)?)?"),
                    ("GET", rf"/v1\.0/users/{other}/mailFolders/inbox"),
                    # Links are Graph's own, by whatever ids it likes; what it lists is asked for by ours.
                    ("GET", r"(?i:/v1\.0/users.+/messages(/(microsoft\.graph\.)?delta(\(\))?)?)"),
                    ("GET", rf"{message}(/\$value)?"),
                    ("PATCH", message),
                    ("DELETE", message),
                    ("POST", rf"{message}/(move|send|attachments(/createUploadSession)?)"),
                    ("POST", rf"{user}/messages"),
                    ("POST", r"/v1\.0/subscriptions"),
                    ("PATCH", r"/v1\.0/subscriptions/[^/]+"),
                    ("DELETE", r"/v1\.0/subscriptions/[^/]+"),
                ),
                seconds=100.0,
                most_bytes=config.size_limit,
            ),
            "uploads": Outside(
                uploads_of(config.graph_url), (("PUT", r"/api/v\d\.\d/Users.+/AttachmentSessions.+"),), seconds=300.0
            ),
            "login": Outside(config.login_url, (("POST", rf"/{re.escape(config.tenant)}/oauth2/v2\.0/token"),)),
        }

    async def check(self) -> None:
        config = self.config
        await self.tools.block(require_sdk)
        self._check_settings()
        for folder in config.folders:
            with self.tools.step(FOLDER.format(folder=folder)):
                await self._mailbox.count(folder)
        if config.after == "move":
            with self.tools.step(FOLDER.format(folder=config.move_to)):
                await self._mailbox.folder(config.move_to)
        with self.tools.step(MAILBOX_SHUT.format(name=config.forbidden_mailbox)):
            await self._require_shut(config.forbidden_mailbox)

    def _check_settings(self) -> None:
        config = self.config
        if (config.client_secret is None) == (config.certificate is None):
            raise Misconfigured(
                "client_secret", "The app logs in by client_secret or by certificate: give one of them."
            )
        if config.certificate is not None:
            read_pair(config.certificate.reveal())
        if config.mailbox.lower() not in {address.lower() for address in config.addresses}:
            raise Misconfigured("addresses", f"List {config.mailbox} itself: its queue is where mail to it goes.")
        if config.forbidden_mailbox.lower() == config.mailbox.lower():
            raise Misconfigured("forbidden_mailbox", "Name another mailbox than the channel's own.")
        if (config.after == "move") != bool(config.move_to):
            raise Misconfigured("move_to", "after = move and move_to go together: say where mails are moved to.")
        if config.notification_url and not _is_host(config.notification_url):
            raise Misconfigured("notification_url", "Write notification_url as https://host, without a path.")
        began = beginning(config.begin)
        if began is not None and began > self.tools.now() + timedelta(days=1):
            raise Misconfigured("begin", f"{config.begin} is still to come: give a day that has been, now, or all.")

    async def _require_shut(self, address: str) -> None:
        """App-only consent reaches everybody's mailbox unless Exchange narrows it."""
        try:
            await self._mailbox.opens(address)
        except AuthFailed:
            return
        except (NotThere, Misconfigured) as error:
            raise Misconfigured(
                "forbidden_mailbox", f"There is no mailbox {address}: name one that exists, for else nothing is proved."
            ) from error
        raise Misconfigured(
            "forbidden_mailbox",
            f"The app opens {address} as well, so it may read everybody's mail. Limit it to the shared mailboxes: "
            "RBAC for Applications (New-ManagementRoleAssignment with a scope) instead of consent in Entra, or an "
            "application access policy; it may take an hour to hold.",
        )

    async def pull(self, cursor: bytes | None) -> Batch:
        return await self._fetching().pull(cursor)

    async def committed(self, keys: Sequence[str]) -> None:
        config = self.config
        for key in keys if config.after != "leave" else ():
            try:
                if config.after == "category":
                    await self._mailbox.mark(key, config.category)
                else:
                    await self._mailbox.move(key, config.move_to)
            except NotThere:  # a person was quicker
                continue

    def rung(self, word: str) -> None:
        self._renew = word == notifying.RENEW

    async def gone(self, event: RawEvent, earlier: Mapping[str, Mapping[str, str]]) -> Sequence[str]:  # noqa: ARG002 - bytes are compared by the hub
        return [key for key in earlier if not await self._mailbox.is_there(key)]

    async def tally(self, cursor: bytes | None) -> Sequence[Tally]:
        return await self._fetching().tally(cursor)

    _renew = False

    def _fetching(self) -> Fetching:
        config = self.config
        subscriptions = None
        if config.notification_url:
            url = config.notification_url.rstrip("/") + self.tools.called_at
            subscriptions = notifying.Subscriptions(self._graph, url, self._client_state)
        renew, self._renew = self._renew, False
        return Fetching(
            self.tools,
            self._mailbox,
            config.folders,
            config.mailbox,
            begin=config.begin,
            origin={"to": config.mailbox, "route": _route(config)},
            subscriptions=subscriptions,
            renew=renew,
        )

    @classmethod
    def anew(cls, config: GraphMailConfig, event: RawEvent) -> RawEvent:
        """With the queue of the mailbox's own address by these settings."""
        return replace(event, origin={**event.origin, "route": _route(config) or event.origin.get("route", "")})

    def accept(self, call: WebCall) -> Sequence[Called]:
        return notifying.accept(call, self._client_state)

    def answer(self, call: WebCall, references: Sequence[str]) -> Answer:  # noqa: ARG002 - nothing is brought
        return notifying.answer(call)

    @property
    def _client_state(self) -> str:
        secret = self.config.certificate or self.config.client_secret
        return notifying.client_state_of(secret.reveal() if secret else "", self.config.mailbox)

    parse = staticmethod(mail.parse)

    async def send(self, message: OutgoingMessage, handing_over: Callable[[], Awaitable[None]]) -> Receipt:
        if message.sender.address.lower() not in {address.lower() for address in self.config.addresses}:
            message = replace(message, sender=Address(message.sender.name, self.config.mailbox))
        # Graph sends to all whom the headers name, and the hub sends each copy by itself.
        own = replace(message, to=(), cc=())
        letter = await self.tools.block(lambda: sending.letter(own))
        return await sending.send(self._mailbox, letter, message.message_id, handing_over)


def uploads_of(graph_url: str) -> str:
    """Where files go that are too large for Graph itself; in a stand-in, to itself."""
    host = urlsplit(graph_url).hostname
    return f"https://{CLOUDS[host][1]}" if host in CLOUDS else graph_url


def require_cloud(graph_url: str, login_url: str) -> None:
    """One of Microsoft's, both of the same; or this machine, for a stand-in. Raises Misconfigured."""
    graph, login = urlsplit(graph_url), urlsplit(login_url)
    if graph.hostname in {"127.0.0.1", "::1"} and login.hostname in {"127.0.0.1", "::1"}:
        return
    if graph.hostname not in CLOUDS or graph.scheme != "https" or graph.path.strip("/"):
        raise Misconfigured("graph_url", f"graph_url is https:// and one of {', '.join(CLOUDS)}.")
    if login.hostname != CLOUDS[graph.hostname][0] or login.scheme != "https" or login.path.strip("/"):
        raise Misconfigured("login_url", f"With this graph_url, login_url is https://{CLOUDS[graph.hostname][0]}.")


def _is_host(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" and bool(parts.hostname) and parts.path in {"", "/"} and not parts.query


def _route(config: GraphMailConfig) -> str:
    """Of the mailbox's own address, which is listed."""
    return {address.lower(): route for address, route in config.addresses.items()}.get(config.mailbox.lower(), "")


@hook_impl
def register_plugins(register: Register) -> None:
    register.connector(GraphMail)
