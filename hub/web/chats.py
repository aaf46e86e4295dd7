"""Chats, as a citizen's browser asks for them: part of the public face. No session, no cookie and no person.

A chat is opened by its visitor's secret, in a header and never in an address. Everything is asked by our own page,
which stands in a frame of the municipality's: another site's script is refused. Nothing here tells whether somebody,
some address or some chat is known.
"""

import hashlib
from typing import Annotated, Any

from litestar import Request, Response, get, post, put
from litestar.connection import ASGIConnection
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.handlers.base import BaseRouteHandler
from litestar.params import HeaderParameter, JSONBody, MultipartBody, PathParameter, QueryParameter
from litestar.response import ServerSentEvent
from msgspec import Struct

from hub import clock
from hub.channels.chat_place import ChatPlace
from hub.edge import csrf, visiting, visitor_stream, visitor_view
from hub.edge.download import OPAQUE, download
from hub.edge.drafting import MEGABYTE, Upload
from hub.edge.login import network_of
from hub.edge.parameters import PathId
from hub.edge.person import ANYONE
from hub.edge.scanning import require_clean
from hub.edge.visiting import Begun, ByMail, Marks, NewChat, NewTurn, Reception
from hub.edge.visitor_view import Shown
from hub.edge.visits import Visits, visits
from hub.errors import Invalid, NotFound
from hub.inbox import draft
from hub.inbox.outgoing import File
from hub.storage.blobs import IN_ROW
from hub.storage.unit import Storage, Unit

_AROUND = 64_000
_MOST_BYTES = 25 * MEGABYTE + _AROUND
"""What a channel may at most take; how much it does, its settings say."""
_COOKIE_SECONDS = 8 * 3600
_MOST_SAID = 40_000
"""Bytes of what is said in one request."""

Secret = Annotated[str, HeaderParameter(name="Torg-Visitor", max_length=100, description="The secret of a chat.")]
After = Annotated[int, QueryParameter(ge=0, le=2**63 - 1, description="The newest turn that the page has.")]
Left = Annotated[bool, QueryParameter(description="Only one whose page was closed some seconds ago.")]
Key = Annotated[str, QueryParameter(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
PublicId = Annotated[str, PathParameter(max_length=100)]
Asking = Request[Any, Any, Any]


class TurnId(Struct, frozen=True):
    """Of what was said, now or the first time it was sent."""

    id: str


class Resumed(Struct, frozen=True):
    """`secret`: empty where there is none, or its chat is over: who sits there next is not shown it."""

    secret: str


def from_our_page(connection: ASGIConnection, _: BaseRouteHandler) -> None:  # type: ignore[type-arg]  # whatever its state is
    """Guard: nothing is changed for another site's script."""
    csrf.require_own_site(connection)


def fits(connection: ASGIConnection, _: BaseRouteHandler) -> None:  # type: ignore[type-arg]  # as above
    """Guard: what says that it is too large isn't read at all."""
    length = connection.headers.get("content-length", "")
    if length.isdecimal() and int(length) > _MOST_BYTES:
        raise RequestEntityTooLarge


@get("/chat/{channel_id:int}/reception", opt=ANYONE)
async def show_reception(request: Asking, channel_id: PathId) -> Reception:
    """Whether somebody is there, what is asked before, and a ticket to begin a chat with."""
    there = visits(request.app.state)
    await there.looks.count(_storage(request), _network(request))
    place = await there.place(_storage(request), channel_id)
    return await _storage(request).read(visiting.scope_of(place), visiting.receive, place)


@post("/chat/{channel_id:int}/visits", opt=ANYONE, guards=[from_our_page], request_max_body_size=_MOST_SAID)
async def begin_chat(request: Asking, channel_id: PathId, data: JSONBody[NewChat]) -> Response[Begun]:
    """A chat, with what is said first. 409 when it is closed, or too many were begun from there."""
    there, place = await _counted(request, channel_id, data.ticket)
    begun = await _storage(request).write(visiting.scope_of(place), visiting.begin, place, data, _network(request))
    chat_id, _ = await _storage(request).read(visiting.scope_of(place), visiting.known, channel_id, begun.secret)
    there.hear(chat_id)
    there.reach(channel_id)
    return Response(begun, status_code=201, headers={"Set-Cookie": _cookie(request, channel_id, begun.secret)})


@post("/chat/{channel_id:int}/resumption", opt=ANYONE, guards=[from_our_page], status_code=200)
async def resume_chat(request: Asking, channel_id: PathId, left: Left = False) -> Resumed:
    """The chat that this browser has, as long as it goes on, for a page that may keep nothing in a frame.

    `left`: for a page that may, and whose chat's own page was closed: within the seconds in which it goes on, and never
    while another page has it. Who sits down there after that is shown nothing.
    """
    there = visits(request.app.state)
    await there.looks.count(_storage(request), _network(request))
    place = await there.place(_storage(request), channel_id)
    secret = request.cookies.get(_cookie_name(request, channel_id), "")[:100]
    scope = visiting.scope_of(place)
    return Resumed(secret if await _storage(request).read(scope, _goes_on, channel_id, secret, left) else "")


def _goes_on(unit: Unit, channel_id: int, secret: str, left: bool) -> bool:
    return visiting.goes_on(unit, channel_id, secret, left=left)


@post("/chat/{channel_id:int}/messages", opt=ANYONE, guards=[from_our_page], request_max_body_size=_MOST_SAID)
async def leave_message(request: Asking, channel_id: PathId, data: JSONBody[NewChat]) -> Begun:
    """A message for when somebody is there again, to be answered by e-mail."""
    there, place = await _counted(request, channel_id, data.ticket)
    there.reach(channel_id)
    return await _storage(request).write(visiting.scope_of(place), visiting.leave, place, data, _network(request))


@get("/chat/{channel_id:int}/turns", opt=ANYONE)
async def show_turns(request: Asking, channel_id: PathId, visitor: Secret = "", after: After = 0) -> Shown:
    """What was said after that turn, and how the chat stands."""
    there, place, known = await _mine(request, channel_id, visitor)
    await there.small.count(_storage(request), known[0])
    there.hear(known[0])
    state = request.app.state
    return await visitor_stream.read(state.storage, state.live, place, visitor, after, known)


@get("/chat/{channel_id:int}/events", opt=ANYONE)
async def listen(request: Asking, channel_id: PathId, visitor: Secret = "", after: After = 0) -> ServerSentEvent:
    """The same as a stream: `turn` with an id, and `state`. `Last-Event-ID` goes before `after`."""
    there, place, known = await _mine(request, channel_id, visitor)
    await there.small.count(_storage(request), known[0])
    last = request.headers.get("last-event-id", "")
    newest = int(last) if last.isascii() and last.isdecimal() and len(last) < 20 else after  # noqa: PLR2004 - digits of an id
    return ServerSentEvent(visitor_stream.stream(request.app.state, place, visitor, newest, known))


@post("/chat/{channel_id:int}/turns", opt=ANYONE, guards=[from_our_page], request_max_body_size=_MOST_SAID)
async def say(request: Asking, channel_id: PathId, data: JSONBody[NewTurn], visitor: Secret = "") -> TurnId:
    """It is there once, however often it is sent. 409 when the chat is over."""
    there, place, (chat_id, conversation_id) = await _mine(request, channel_id, visitor)
    there.turns.count(chat_id)
    there.hear(chat_id)
    there.reach(channel_id)
    scope = visiting.scope_of(place)
    said = await _storage(request).write(scope, visiting.say, channel_id, visitor, data)
    request.app.state.live.visitor_sent(conversation_id)
    return TurnId(said)


@post("/chat/{channel_id:int}/files", opt=ANYONE, guards=[from_our_page, fits], request_max_body_size=_MOST_BYTES)
async def send_file(
    request: Asking, channel_id: PathId, data: MultipartBody[Upload], key: Key, visitor: Secret = ""
) -> TurnId:
    """One file, as multipart/form-data. It is bytes, whatever it says it is, and only ever given out as a file."""
    there, place, (chat_id, _) = await _mine(request, channel_id, visitor)
    there.files.count(chat_id)
    name, media_type, content = await data.read()
    most = place.settings.file_megabytes
    if not place.settings.files:
        raise Invalid("file", "no files are taken in this chat")
    if not content:
        raise Invalid("file", "this file is empty")
    if len(content) > most * MEGABYTE:
        raise Invalid("file", "this file is larger than {most} MB, which is the most", most=most)
    await require_clean(request.app.state.settings, content)
    sha256 = hashlib.sha256(content).hexdigest()
    storage = _storage(request)
    blob = storage.blobs.own(draft.blob_name(place.municipality_id, sha256)) if len(content) > IN_ROW else None
    if blob is not None:
        await storage.put_blobs({blob: content})
    file = File(
        draft.new_upload_id(),
        draft.clean_name(name),
        draft.clean_media_type(media_type),
        len(content),
        sha256,
        blob,
        None if blob is not None else content,
    )
    scope = visiting.scope_of(place)
    return TurnId(await storage.write(scope, visiting.say_with_file, channel_id, visitor, key, file))


@get("/chat/{channel_id:int}/files/{public_id:str}", opt=ANYONE, media_type=OPAQUE)
async def fetch_file(request: Asking, channel_id: PathId, public_id: PublicId, visitor: Secret = "") -> Response[bytes]:
    """A file of this chat, to keep."""
    _, place, _ = await _mine(request, channel_id, visitor)
    scope = visiting.scope_of(place)
    return download(*await _storage(request).read(scope, visitor_view.file_of, channel_id, visitor, public_id))


@put("/chat/{channel_id:int}/marks", opt=ANYONE, guards=[from_our_page], status_code=204)
async def mark(request: Asking, channel_id: PathId, data: JSONBody[Marks], visitor: Secret = "") -> None:
    """What the page has, and has shown."""
    there, place, (chat_id, _) = await _mine(request, channel_id, visitor)
    await there.small.count(_storage(request), chat_id)
    await _storage(request).write(visiting.scope_of(place), visiting.mark, channel_id, visitor, data)


@post("/chat/{channel_id:int}/typing", opt=ANYONE, guards=[from_our_page], status_code=204)
async def give_sign(request: Asking, channel_id: PathId, visitor: Secret = "") -> None:
    """That the visitor types, for some seconds."""
    there, _, (chat_id, conversation_id) = await _mine(request, channel_id, visitor)
    await there.small.count(_storage(request), chat_id)
    there.hear(chat_id)
    request.app.state.live.visitor_types(conversation_id)


@post("/chat/{channel_id:int}/leaving", opt=ANYONE, guards=[from_our_page], status_code=204)
async def leave_page(request: Asking, channel_id: PathId, visitor: Secret = "") -> None:
    """The page is closed, or loaded again: unless it is heard of soon, the visitor has left."""
    at = clock.now()  # as it was told: the page that is loaded next may be heard of before this is written
    there, place, (chat_id, _) = await _mine(request, channel_id, visitor)
    await there.small.count(_storage(request), chat_id)
    await _storage(request).write(visiting.scope_of(place), visiting.leaving, channel_id, visitor, at)


@put("/chat/{channel_id:int}/mail", opt=ANYONE, guards=[from_our_page], status_code=204)
async def go_on_by_mail(request: Asking, channel_id: PathId, data: JSONBody[ByMail], visitor: Secret = "") -> None:
    """Where answers go when the chat is over, and what was said in it."""
    there, place, (chat_id, _) = await _mine(request, channel_id, visitor)
    await there.mails.count(_storage(request), chat_id)
    await _storage(request).write(visiting.scope_of(place), visiting.by_mail, place, visitor, data)


@put("/chat/{channel_id:int}/end", opt=ANYONE, guards=[from_our_page], status_code=204)
async def end_chat(request: Asking, channel_id: PathId, visitor: Secret = "") -> None:
    """The visitor leaves. What nobody has answered stays owed."""
    _, place, _ = await _mine(request, channel_id, visitor)
    await _storage(request).write(visiting.scope_of(place), visiting.end, channel_id, visitor)


def _cookie_name(request: Asking, channel_id: int) -> str:
    return f"{'__Host-' if request.app.state.settings.cookie_secure else ''}torg-chat-{channel_id}"


def _cookie(request: Asking, channel_id: int, secret: str) -> str:
    """Kept for this chat on this municipality's pages alone (CHIPS), where browsers forbid frames all other storage.

    Nothing is opened by it but the page's own question for the secret, which another site can't ask.
    """
    secure = "; Secure; SameSite=None; Partitioned" if request.app.state.settings.cookie_secure else "; SameSite=Lax"
    return f"{_cookie_name(request, channel_id)}={secret}; Path=/; HttpOnly; Max-Age={_COOKIE_SECONDS}{secure}"


async def _counted(request: Asking, channel_id: int, ticket: str) -> tuple[Visits, ChatPlace]:
    """With a ticket as much may be said as in its chat: it can be said by either."""
    there = visits(request.app.state)
    await there.looks.count(_storage(request), _network(request))
    there.turns.count(ticket)
    return there, await there.place(_storage(request), channel_id)


async def _mine(request: Asking, channel_id: int, secret: str) -> tuple[Visits, ChatPlace, tuple[int, int]]:
    """Raises NotFound for a secret that isn't one of this channel's; guesses are counted by network."""
    there = visits(request.app.state)
    storage, network = _storage(request), _network(request)
    there.guesses.require(network)
    try:
        place = await there.place(storage, channel_id)
        known = await storage.read(visiting.scope_of(place), visiting.known, channel_id, secret)
    except NotFound:
        await there.guesses.count(storage, network)
        raise
    return there, place, known


def _storage(request: Asking) -> Storage:
    found: Storage = request.app.state.storage
    return found


def _network(request: Asking) -> str:
    return network_of(request.client.host if request.client else "")


ROUTES = (
    show_reception,
    begin_chat,
    resume_chat,
    leave_message,
    show_turns,
    listen,
    say,
    send_file,
    fetch_file,
    mark,
    give_sign,
    leave_page,
    go_on_by_mail,
    end_chat,
)
