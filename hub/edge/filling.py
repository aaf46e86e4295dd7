"""Filling: a form of a municipality's, for whoever is outside: shown, checked, and kept once.

Nobody is logged in. What is sent is kept byte for byte, as a raw event of the municipality's channel, before it is
answered; its conversation is made of it by the way in, under the number that its sender was told. An identity number is
enciphered before that: it stands nowhere in clear.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Literal, TypeAlias
from zoneinfo import ZoneInfo

import msgspec
from litestar.connection import ASGIConnection
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.types import ASGIApp, Receive, Send
from litestar.types import Scope as Scoped
from msgspec import Struct
from sqlalchemy import select

from hub import clock
from hub.access import knock
from hub.access.knock import Limit
from hub.channels import forms as channels
from hub.contract import FormAnswer, NotKept, RawEvent, ReceivedForm
from hub.edge.login import network_of
from hub.edge.scanning import require_clean
from hub.errors import Conflict, Invalid, NotFound, Unavailable
from hub.formats import form as wire
from hub.formats.form import SentFile, Submission
from hub.inbound.raw_event import RawEvent as Kept
from hub.inbox import form, form_definition
from hub.inbox.form import Form
from hub.inbox.form_answers import Answered, Fault, Limits, Place
from hub.inbox.form_definition import Definition
from hub.inbox.municipality import Municipality
from hub.inbox.points import seal_identity
from hub.inbox.receipt import reference
from hub.storage.ids import new_id
from hub.storage.scope import Scope
from hub.storage.unit import Storage, Unit

FORMS = Scope.everything("forms")
FASTEST = 2 * clock.SECOND
"""Who fills in a form in less is a program."""
AN_ADDRESS, A_NETWORK = 60, 300
"""How often something may be sent in an hour: a school and a library have one address for all."""
MOST_LINKS = 5
_BASE64 = 1_400_000
"""Bytes of a megabyte in it."""
_AROUND = 1_000_000
"""What is typed."""
_LINK = re.compile(r"https?://|www\.", re.I)
_SUBJECT = 150

Connection = ASGIConnection[Any, Any, Any, Any]
Over: TypeAlias = Literal["", "closed", "retired"]
"""Why nothing is taken any more; empty: it is."""
TAKEN_NO_MORE: Mapping[Over, str] = {
    "closed": "This form is closed: nothing is taken any more.",
    "retired": "This form isn't used any more: nothing is taken.",
}


class Shown(Struct, frozen=True, kw_only=True):
    """A form as it is to be filled in. `number`: of its version; `over`: why nothing is taken any more."""

    municipality_id: int
    code: str
    municipality: str
    hue: int
    country: str
    timezone: str
    form_id: int
    name: str
    number: int
    definition: Definition
    queue_id: int
    topic_id: int | None
    receipt: bool
    closes_at: int | None
    over: Over
    channel_id: int
    paused: bool
    sites: Sequence[str]

    @classmethod
    def of(
        cls,
        municipality: Municipality,
        row: Form,
        number: int,
        definition: Definition,
        channel: channels.FormChannel | None = None,
        over: Over = "",
    ) -> "Shown":
        """`channel` None: it is only looked at."""
        return cls(
            municipality_id=municipality.id,
            code=municipality.code,
            municipality=municipality.name,
            hue=municipality.hue,
            country=municipality.country,
            timezone=municipality.timezone,
            form_id=row.id,
            name=row.name,
            number=number,
            definition=definition,
            queue_id=row.queue_id,
            topic_id=row.topic_id,
            receipt=row.receipt,
            closes_at=row.closes_at,
            over=over,
            channel_id=0 if channel is None else channel.id,
            paused=channel is not None and channel.paused,
            sites=() if channel is None else channel.sites,
        )

    @property
    def today(self) -> date:
        """Where the municipality is."""
        return clock.to_datetime(clock.now()).astimezone(ZoneInfo(self.timezone)).date()

    @property
    def place(self) -> Place:
        """Whose rules hold."""
        return Place(self.country, self.today)


class Sent(Struct, frozen=True):
    """What was sent is kept. `again`: it was before, the very same."""

    conversation_id: int
    again: bool

    @property
    def reference(self) -> str:
        """The number that its sender is told."""
        return reference(self.conversation_id)


class SentOtherwise(Conflict):
    """The same form was sent before, and said something else; `sent`: that."""

    def __init__(self, sent: Sent) -> None:
        super().__init__("This was sent already, and has been changed since: send it as a new one.")
        self.sent = sent


class Said(Struct, frozen=True):
    """What was filled in, checked. `key`: its own name, by which it is kept once; `language`: that of the form."""

    key: str
    language: str
    answered: Sequence[Answered]
    files: Sequence[SentFile]
    doubts: Sequence[str] = ()


def limits_of(connection: Connection) -> Limits:
    """Of files, by the setting."""
    most = int(connection.app.state.settings.upload_megabytes)
    return Limits(min(10, most), most)


def fits(app: ASGIApp) -> ASGIApp:
    """Middleware: no more is read than files may have, in base64 too; nothing at all of what says that it is larger."""

    async def read(scope: Scoped, receive: Receive, send: Send) -> None:
        request: Connection = ASGIConnection(scope)
        most = limits_of(request).files * _BASE64 + _AROUND
        said = request.headers.get("content-length", "")
        came = int(said) if said.isdecimal() and int(said) > most else 0

        async def measured() -> Any:
            nonlocal came
            event: Any = await receive() if came <= most else {}
            came += len(event.get("body", b""))
            if came > most:
                raise RequestEntityTooLarge
            return event

        await app(scope, measured, send)

    return read


async def find(storage: Storage, code: str, name: str, number: int | None = None) -> Shown:
    """The form as it is shown; `number`: as that version of it, as long as somebody may be filling it in.

    Raises NotFound, the same whatever isn't there; Conflict for another version of a form that is.
    """
    return await storage.read(FORMS, _find, code, name, number)


async def count(connection: Connection, storage: Storage) -> None:
    """Something is sent from there. Raises TooManyKnocks."""
    host = connection.client.host if connection.client else ""
    network = network_of(host)
    limits = [Limit(f"address {host}", AN_ADDRESS), Limit(f"network {network}", A_NETWORK)]
    refused = await storage.write(FORMS, knock.knock, "form", limits)
    if refused is not None:
        raise refused


async def send(connection: Connection, shown: Shown, said: Said) -> Sent:
    """Kept, once, when this returns. Raises SentOtherwise, Unavailable."""
    state = connection.app.state
    storage: Storage = state.storage
    if shown.paused:
        raise Unavailable("This form can't be sent just now. Try again later.")
    conversation_id = new_id()
    told = _digest(storage, shown, said)
    event = RawEvent(
        key=said.key,
        body=wire.written(_submission(storage, shown, said)),
        media_type=wire.MEDIA_TYPE,
        origin={
            "route": f"{shown.code}/{shown.queue_id}",
            "conversation": str(conversation_id),
            "said": told,
        },
    )
    try:
        (kept,) = await state.keep(shown.channel_id, [event])
    except NotKept as error:
        raise Unavailable("It can't be kept just now. Nothing was sent: try again.") from error
    origin = await storage.read(FORMS, _origin, int(kept))
    sent = Sent(int(origin["conversation"]), again=origin["conversation"] != str(conversation_id))
    if origin["said"] != told:
        raise SentOtherwise(sent)
    return sent


async def unsafe(connection: Connection, files: Mapping[str, Sequence[SentFile]]) -> dict[str, Fault]:
    """Fields with a file that a scanner, where there is one, found something in. Raises Unavailable."""
    found: dict[str, Fault] = {}
    for key, several in files.items():
        for each in several:
            try:
                await require_clean(connection.app.state.settings, each.content)
            except Invalid:
                found[key] = Fault("unsafe_file")
    return found


def doubts(answered: Sequence[Answered], *, trap: str, took: int | None) -> list[str]:
    """Why it may be spam. `trap`: what stands in the field that nobody sees; `took`: microseconds, from its page on."""
    links = sum(len(_LINK.findall(each.text)) for each in answered)
    found = {
        "honeypot": bool(trap),
        "fast": took is not None and took < FASTEST,
        "links": links > MOST_LINKS,
    }
    return [name for name, holds in found.items() if holds]


def asks_again(doubts: Sequence[str], *, asked: bool) -> str:
    """Of what a person may do as well, by a browser that fills in for them: why the page is shown again, with all of
    it, rather than that they are thanked and it is closed as spam. Empty: what nobody sees was filled in, or it was
    `asked` already."""
    if "honeypot" in doubts:
        return ""
    return next((each for each in doubts if each == "fast" or not asked), "")


def _find(unit: Unit, code: str, name: str, number: int | None) -> Shown:
    municipality = unit.first(select(Municipality).where(Municipality.code == code))
    row = form.by_name(unit, municipality.id, name) if municipality else None
    channel = channels.find(unit, municipality.id) if municipality else None
    if municipality is None or row is None or row.live is None or channel is None:
        raise NotFound("There is no such form.")
    closed = row.closes_at is not None and row.closes_at <= clock.now()
    over: Over = "closed" if closed else ""
    version = form.version(unit, row, row.live)
    if number is not None:
        version = next((each for each in form.versions(unit, row) if each.number == number), version)
        if version.number == number and form.may_be_sent(row, version):
            return Shown.of(municipality, row, number, form_definition.read(version.definition), channel, over)
        if row.retired_at is None:
            raise Conflict("This form has been changed since: get it again, and fill that in.")
    if row.retired_at is not None:
        over = "retired"
    return Shown.of(municipality, row, version.number, form_definition.read(version.definition), channel, over)


def _origin(unit: Unit, raw_id: int) -> Mapping[str, str]:
    (found,) = unit.rows(select(Kept.origin).where(Kept.id == raw_id))  # its commit was waited for
    origin: Mapping[str, str] = found.origin
    return origin


def _submission(storage: Storage, shown: Shown, said: Said) -> Submission:
    def first(kind: str) -> str:
        return next((each.text for each in said.answered if each.field.kind == kind), "")

    answers = [
        FormAnswer(
            key=each.field.key,
            kind=each.field.kind,
            label=each.label,
            text="" if each.field.kind == "identity" else each.text,
            sealed=seal_identity(storage.keys, shown.municipality_id, each.text)
            if each.field.kind == "identity"
            else None,
        )
        for each in said.answered
    ]
    title = form_definition.said(shown.definition.title, said.language)
    return Submission(
        form=ReceivedForm(
            form=str(shown.form_id),
            version=shown.number,
            title=title,
            language=said.language,
            answers=answers,
            phone=first("phone") or None,
            topic=None if shown.topic_id is None else str(shown.topic_id),
            receipt=shown.receipt,
            doubts=said.doubts,
        ),
        subject=title[:_SUBJECT],
        name=first("name"),
        email=first("email"),
        files=said.files,
    )


def _digest(storage: Storage, shown: Shown, said: Said) -> str:
    """Of what it says: enciphered anew each time, its bytes differ. Keyed, for it is about an identity number, too."""
    said_all = [
        [shown.form_id, shown.number, said.language],
        [[each.field.key, each.text] for each in said.answered],
        [[each.name, each.media_type, hashlib.sha256(each.content).hexdigest()] for each in said.files],
    ]
    return storage.keys.mac("form-said", msgspec.json.encode(said_all)).hex()[:32]
