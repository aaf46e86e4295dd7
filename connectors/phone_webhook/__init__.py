"""Calls of a telephone exchange that tells of them by HTTP: the events that exchanges already send to helpdesks.

The exchange calls us, at `/calls/<id>` or, by its token, at `/api/v1/cti/<token>`; we never call it. `cti.py` reads
what many exchanges know to send (newCall, answer, hangup; form or JSON; sipgate.io's and Placetel's too), whose only
proof is the token; `signed.py` whole events that are signed, with menu and queue. An event that comes again, or before
its time, is taken as any other; nothing here drives the exchange.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Annotated
from xml.sax.saxutils import quoteattr

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from connectors.phone_webhook import cti, signed
from hub.contract import (
    Answer,
    AuthFailed,
    Called,
    CallStep,
    Config,
    ConnectorTools,
    Destination,
    Misconfigured,
    RawEvent,
    Receives,
    Register,
    Secret,
    Unreadable,
    WebCall,
    hook_impl,
)
from hub.contract.dialled import destination, same_number

CTI = "application/vnd.torg.call-fields+json"
SIGNED = "application/vnd.torg.call-event+json"
MOST_BYTES = 64 * 1024
_JSON = {"content-type": "application/json"}
_XML = {"content-type": "application/xml"}
_SHORTEST = 20


class PhoneWebhookConfig(Config, frozen=True):
    """What the exchange is known by, and whose its lines are."""

    token: Annotated[
        Secret | None,
        Meta(title="Token", description="part of the address that the exchange calls; at least 20 signs"),
    ] = None
    secret: Annotated[
        Secret | None, Meta(title="Signing secret", description="whsec_… of an exchange that signs what it tells")
    ] = None
    lines: Annotated[
        dict[str, Destination],
        Meta(title="Lines", description="number that is dialled, or the exchange's queue = municipality/queue"),
    ] = msgspec.field(default_factory=dict)
    blocked: Annotated[
        tuple[str, ...], Meta(title="Blocked callers", description="numbers; the exchange is told to refuse them")
    ] = ()
    public_url: Annotated[
        str,
        Meta(
            title="Our address outside",
            description="https://host, for sipgate.io, which asks where to tell the rest",
            pattern=r"^(https?://[^\s/]+)?$",
        ),
    ] = ""


class PhoneWebhook(Receives[PhoneWebhookConfig]):
    """Call events of an exchange."""

    kind = "phone_webhook"
    title = "Telephone exchange (call events by HTTP)"
    Config = PhoneWebhookConfig
    token_field = "token"  # noqa: S105 - the name of a setting

    def __init__(self, config: PhoneWebhookConfig, tools: ConnectorTools) -> None:
        super().__init__(config, tools)
        self._token = _hashed(config.token.reveal()) if config.token is not None else None
        self._key = signed.key_of(config.secret.reveal()) if config.secret is not None else None

    async def check(self) -> None:
        if self.config.token is None and self.config.secret is None:
            raise Misconfigured("token", "Give a token or a signing secret: without one, anybody could invent calls.")
        if self.config.token is not None and len(self.config.token.reveal()) < _SHORTEST:
            raise Misconfigured("token", f"Whoever guesses it can invent calls: give {_SHORTEST} signs or more.")

    def accept(self, call: WebCall) -> Sequence[Called]:
        if len(call.content) > MOST_BYTES:
            raise Unreadable("An event is no more than 64 kB.")
        return [self._signed(call) if signed.HEADERS[-1] in call.headers else self._told(call)]

    def _signed(self, call: WebCall) -> RawEvent:
        if self._key is None:
            raise AuthFailed
        event_id = signed.verify(self._key, call, self.tools.now())
        name = signed.read(call.content).call_id
        # What somebody has recorded and sends again is the same event: it is kept once.
        return self.anew(self.config, RawEvent(f"signed {event_id}", call.content, SIGNED, name))

    def _told(self, call: WebCall) -> RawEvent:
        if not hmac.compare_digest(_hashed(call.query.get("token", "")), self._token or b"") or self._token is None:
            raise AuthFailed
        fields = cti.read(call.headers.get("content-type", ""), call.content)
        body = msgspec.json.encode(fields, order="sorted")
        key = f"{fields['event']} {hashlib.sha256(body).hexdigest()}"
        # What the exchange was told then stays so, whatever the settings say later.
        blocked = {"blocked": "yes"} if _is_refused(self.config, fields) else {}
        return self.anew(self.config, RawEvent(key, body, CTI, fields["callId"], origin=blocked))

    @classmethod
    def anew(cls, config: PhoneWebhookConfig, event: RawEvent) -> RawEvent:
        """With whose it is by the settings' lines; `lines`: which municipalities' those are, for what names none."""
        named = (signed if event.media_type == SIGNED else cti).lines(event.body)
        route = destination(config.lines, named)
        kept = {name: said for name, said in event.origin.items() if name != "route"}
        kept["lines"] = ",".join(sorted({each.partition("/")[0] for each in config.lines.values()}))
        return replace(event, origin={**kept, "route": route} if route else kept)

    def answer(self, call: WebCall, references: Sequence[str]) -> Answer:  # noqa: ARG002 - the same for all
        if signed.HEADERS[-1] in call.headers:
            return Answer(204)
        fields = cti.read(call.headers.get("content-type", ""), call.content)
        blocked = _is_refused(self.config, fields)
        if self.config.public_url:
            return Answer(200, _XML, self._sipgate(call, blocked=blocked, begins=fields["event"] == "newCall"))
        return Answer(200, _JSON, b'{"action":"reject","reason":"busy"}' if blocked else b"{}")

    def _sipgate(self, call: WebCall, *, blocked: bool, begins: bool) -> bytes:
        there = quoteattr(f"{self.config.public_url}{self.tools.called_at}?token={call.query.get('token', '')}")
        tells = f" onAnswer={there} onHangup={there}" if begins else ""
        inside = '<Reject reason="busy"/>' if blocked else ""
        return f'<?xml version="1.0" encoding="UTF-8"?><Response{tells}>{inside}</Response>'.encode()

    @staticmethod
    def parse(group: Sequence[RawEvent]) -> list[CallStep]:
        whole = [event for event in group if event.media_type == SIGNED]
        told = {event.key: event for event in group if event.media_type != SIGNED}
        return [*signed.steps(whole), *cti.steps([told[key] for key in sorted(told)])]


def _is_refused(config: PhoneWebhookConfig, fields: Mapping[str, str]) -> bool:
    """Whether the exchange is told so, of an event's fields."""
    begins = fields.get("event") == "newCall" and fields.get("direction") == "in"
    return begins and any(same_number(each, fields.get("from", "")) for each in config.blocked)


def _hashed(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


@hook_impl
def register_plugins(register: Register) -> None:
    register.connector(PhoneWebhook)
