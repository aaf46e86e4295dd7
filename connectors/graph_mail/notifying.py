"""Change notifications: Graph calls us when a folder has news. Without them a channel is pulled once a minute.

A call proves itself by the clientState that we gave; Graph signs nothing of what it says about mails. So it only rings.
"""

import hmac
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct

from connectors.graph_mail.client import IMMUTABLE, Graph, NotThere
from connectors.graph_mail.cursor import Subscription
from hub.contract import Answer, AuthFailed, Called, Ring, Unreadable, WebCall

HANDSHAKE = "validationToken"
LIFETIME = timedelta(hours=48)
"""Less than any limit that Graph has had for messages; renewed at half of it."""
RENEW = "renew"
"""What a ring says when a subscription has to be seen to."""
_LONGEST_TOKEN = 4096


class _Notice(Struct, rename="camel"):
    """A changeNotification."""

    client_state: str | None = None
    lifecycle_event: str | None = None


class _Notices(Struct):
    """A changeNotificationCollection."""

    value: list[_Notice]


def accept(call: WebCall, client_state: str) -> Sequence[Called]:
    """Raises AuthFailed when one of its notices isn't for us, Unreadable."""
    if HANDSHAKE in call.query:
        return []
    try:
        notices = msgspec.json.decode(call.content, type=_Notices).value
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unreadable("It is no collection of change notifications.") from error
    known = [
        hmac.compare_digest((each.client_state or "").encode("utf-8", "replace"), client_state.encode())
        for each in notices
    ]
    if not known or not all(known):
        raise AuthFailed("The clientState isn't the one that was given.")
    seen_to = any(each.lifecycle_event not in {None, "missed"} for each in notices)
    return [Ring(RENEW if seen_to else "")]


def answer(call: WebCall) -> Answer:
    """The handshake wants its token back, decoded and plain, within ten seconds."""
    if HANDSHAKE in call.query:
        return Answer(200, {"content-type": "text/plain"}, call.query[HANDSHAKE][:_LONGEST_TOKEN].encode())
    return Answer(202)


def client_state_of(secret: str, mailbox: str) -> str:
    """Made from the log-in, so that nobody has to think of one; nothing of it can be told from this."""
    return hmac.new(secret.encode(), f"torg graph_mail {mailbox.lower()}".encode(), "sha256").hexdigest()


class Subscriptions:
    """One for each folder, made and renewed."""

    def __init__(self, graph: Graph, url: str, client_state: str) -> None:
        self._graph, self._url, self._client_state = graph, url, client_state
        self._terms = hmac.new(client_state.encode(), url.encode(), "sha256").hexdigest()[:16]

    async def look_after(
        self, found: Mapping[str, Subscription], resources: Mapping[str, str], now: datetime, *, renew: bool
    ) -> dict[str, Subscription]:
        """By folder. Renewed when half of its time is over, and when told; made anew when it is gone."""
        kept: dict[str, Subscription] = {}
        for folder, resource in resources.items():
            there = found.get(folder)
            if there is not None and there.terms != self._terms:  # the log-in was changed, or our address
                await self._ended(there)
                there = None
            if there is not None and (renew or there.until - now < LIFETIME / 2):
                there = await self._renewed(there, now)
            kept[folder] = there if there is not None else await self._made(resource, now)
        for folder, other in found.items():
            if folder not in resources:
                await self._ended(other)
        return kept

    async def _made(self, resource: str, now: datetime) -> Subscription:
        from msgraph.generated.models.subscription import Subscription as Theirs  # noqa: PLC0415 - heavy, see client

        until = now + LIFETIME
        wanted = Theirs(
            change_type="created",
            notification_url=self._url,
            lifecycle_notification_url=self._url,
            resource=resource,
            expiration_date_time=until,
            client_state=self._client_state,
        )
        builder = (await self._graph.sdk()).subscriptions
        made = await self._graph.asked(builder.post, wanted, _asking())
        return Subscription(made.id, made.expiration_date_time or until, self._terms)

    async def _renewed(self, there: Subscription, now: datetime) -> Subscription | None:
        from msgraph.generated.models.subscription import Subscription as Theirs  # noqa: PLC0415 - an extra, and heavy

        until = now + LIFETIME
        builder = (await self._graph.sdk()).subscriptions.by_subscription_id(there.id)
        try:
            renewed = await self._graph.asked(builder.patch, Theirs(expiration_date_time=until), _asking())
        except NotThere:
            return None
        return Subscription(there.id, (renewed.expiration_date_time if renewed else None) or until, self._terms)

    async def _ended(self, there: Subscription) -> None:
        builder = (await self._graph.sdk()).subscriptions.by_subscription_id(there.id)
        with suppress(NotThere):
            await self._graph.asked(builder.delete, _asking())


def _asking() -> Any:
    from kiota_abstractions.base_request_configuration import RequestConfiguration  # noqa: PLC0415 - an extra, and heavy
    from kiota_abstractions.headers_collection import HeadersCollection  # noqa: PLC0415 - an extra, and heavy

    headers = HeadersCollection()
    headers.add("Prefer", IMMUTABLE)
    return RequestConfiguration(headers=headers)
