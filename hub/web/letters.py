"""Letters: what stands below a municipality's mails, and the answers that it keeps ready; an admin decides both."""

from collections.abc import Mapping
from typing import Annotated, Any

from litestar import Request, Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta, Struct

from hub.access.person import Actor
from hub.edge import managing
from hub.edge.answer import created
from hub.edge.desk import Desk
from hub.edge.idempotency import IdempotencyKey, asked
from hub.edge.managing import CannedLine, Heading, LetterheadLine, Wording
from hub.edge.parameters import IdText, InQueue, PathId, id_of
from hub.edge.person import ADMIN, PERSON, READ
from hub.edge.versions import IfMatch, etag
from hub.inbox import canned, letterhead
from hub.inbox.canned import Ready
from hub.inbox.letterhead import Below
from hub.web.page import Page

Signature = Annotated[str, Meta(max_length=letterhead.LONGEST, pattern=r"^[^\x00]*$")]
Greeting = Annotated[str, Meta(max_length=letterhead.LONGEST_GREETING, pattern=r"^[^\x00]*$")]
Language = Annotated[str, Meta(max_length=5)]
Title = Annotated[str, Meta(min_length=1, max_length=canned.LONGEST_TITLE, pattern=r"^[^\x00]*$")]
Words = Annotated[str, Meta(min_length=1, max_length=canned.LONGEST, pattern=r"^[^\x00]*$")]


class NewLetterhead(Struct, forbid_unknown_fields=True):
    """`queue` null: for all queues that have none. `signature` may hold `{{agent}}`, `{{queue}}`, `{{municipality}}`.

    `greeting`: what is said first on the telephone, with the same. `quotes`: whether an answer repeats what it answers;
    null: as for the municipality.
    """

    signature: Signature
    queue: IdText | None = None
    quotes: bool | None = None
    greeting: Greeting = ""


class NewCanned(Struct, forbid_unknown_fields=True):
    """`title` and `text` by language: sv, nb, nn, da, fi, en. Placeholders as in a signature, and `{{citizen}}`."""

    title: Mapping[Language, Title]
    text: Mapping[Language, Words]
    queue: IdText | None = None

    @property
    def wording(self) -> Wording:
        """With the queue's id as it is."""
        return Wording(self.title, self.text, None if self.queue is None else id_of("queue", self.queue))


class CannedAdded(Struct, frozen=True):
    """The one that was made."""

    id: str


@get("/letterheads", opt=PERSON)
async def list_letterheads(desk: NamedDependency[Desk]) -> Page[LetterheadLine]:
    """Of these municipalities, with the version that PUT asks for."""
    return Page(await desk.read(managing.letterheads), None)


@get("/municipalities/{municipality_id:int}/letterhead", opt=ADMIN)
async def show_letterhead(
    desk: NamedDependency[Desk], municipality_id: PathId, queue: InQueue = None
) -> Response[LetterheadLine]:
    """The municipality's, or that of one of its queues, also where there is none yet."""
    queue_id = None if queue is None else id_of("queue", queue)
    line = await desk.read(managing.letterhead_of, municipality_id, queue_id)
    return Response(line, headers={"ETag": etag(line.version)})


@put("/municipalities/{municipality_id:int}/letterhead", opt=ADMIN)
async def put_letterhead(
    desk: NamedDependency[Desk], municipality_id: PathId, data: JSONBody[NewLetterhead], if_match: IfMatch = None
) -> Response[LetterheadLine]:
    """What stands below its mails, and is said on its telephone, from now on. If-Match: its line's version.

    Empty and null: nothing of its own.
    """
    queue_id = None if data.queue is None else id_of("queue", data.queue)
    said = Heading(queue_id, data.signature, data.quotes, data.greeting)
    line = await desk.write(managing.put_letterhead, municipality_id, said, if_match)
    return Response(line, headers={"ETag": etag(line.version)})


@get("/canned", opt=PERSON)
async def list_canned(desk: NamedDependency[Desk]) -> Page[CannedLine]:
    """Of these municipalities, as they are written."""
    return Page(await desk.read(managing.canned_of), None)


@post("/municipalities/{municipality_id:int}/canned", opt=ADMIN)
async def add_canned(
    request: Request[Actor, Any, Any],
    desk: NamedDependency[Desk],
    municipality_id: PathId,
    data: JSONBody[NewCanned],
    idempotency_key: IdempotencyKey = None,
) -> Response[CannedAdded]:
    """One more."""
    creation = asked(idempotency_key, f"POST {request.url.path}", data)
    return created(await desk.write(managing.add_canned, municipality_id, data.wording, creation))


@put("/canned/{canned_id:int}", opt=ADMIN)
async def change_canned(
    desk: NamedDependency[Desk], canned_id: PathId, data: JSONBody[NewCanned], if_match: IfMatch = None
) -> Response[CannedLine]:
    """Another wording, for whoever answers with it from now on. If-Match: its line's version."""
    line = await desk.write(managing.change_canned, canned_id, data.wording, if_match)
    return Response(line, headers={"ETag": etag(line.version)})


@delete("/canned/{canned_id:int}", opt=ADMIN)
async def retire_canned(desk: NamedDependency[Desk], canned_id: PathId, if_match: IfMatch = None) -> None:
    """It isn't offered any more. If-Match: its line's version."""
    await desk.write(managing.retire_canned, canned_id, if_match)


@delete("/canned/{canned_id:int}/retirement", opt=ADMIN, status_code=200)
async def offer_canned_again(
    desk: NamedDependency[Desk], canned_id: PathId, if_match: IfMatch = None
) -> Response[CannedLine]:
    """One that was retired is offered as before. If-Match: the version it had."""
    line = await desk.write(managing.offer_canned_again, canned_id, if_match)
    return Response(line, headers={"ETag": etag(line.version)})


@get("/conversations/{conversation_id:int}/canned", opt=READ)
async def show_ready(desk: NamedDependency[Desk], conversation_id: PathId) -> Page[Ready]:
    """Those for this conversation, in its language, filled in as this person would send them."""
    return Page(await desk.read(managing.ready, conversation_id), None)


@get("/conversations/{conversation_id:int}/letterhead", opt=READ)
async def show_below(desk: NamedDependency[Desk], conversation_id: PathId) -> Below:
    """What will stand below this person's answer in it."""
    return await desk.read(managing.below, conversation_id)


ROUTES = (
    list_letterheads,
    show_letterhead,
    put_letterhead,
    list_canned,
    add_canned,
    change_canned,
    retire_canned,
    offer_canned_again,
    show_ready,
    show_below,
)
