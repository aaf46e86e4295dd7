"""Misdirection: what was meant for another municipality of the centre, or for somebody we can't give it to."""

from typing import Annotated

from litestar import Response, delete, put
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta, Struct

from hub.edge import misdirecting
from hub.edge.desk import Desk
from hub.edge.misdirecting import Misdirected
from hub.edge.parameters import IdText, PathId, id_of
from hub.edge.person import WORK
from hub.edge.versions import IfMatch, etag
from hub.errors import Invalid


class Misdirection(Struct, forbid_unknown_fields=True):
    """Either `municipality` and `queue`, ids of another municipality of the centre, or `where`: a note."""

    municipality: IdText | None = None
    queue: IdText | None = None
    where: Annotated[str, Meta(min_length=2, max_length=500, pattern=r"^[^\x00]*$")] | None = None


@put("/conversations/{conversation_id:int}/misdirection", opt=WORK)
async def misdirect(
    desk: NamedDependency[Desk], conversation_id: PathId, data: JSONBody[Misdirection], if_match: IfMatch = None
) -> Response[Misdirected]:
    """Closed; with a copy in the municipality that it was meant for, or a note of where it belongs."""
    if data.municipality is not None and data.queue is not None and data.where is None:
        there = id_of("municipality", data.municipality), id_of("queue", data.queue)
        return _misdirected(await desk.write(misdirecting.send, conversation_id, if_match, *there))
    if data.where is None or data.municipality is not None or data.queue is not None:
        raise Invalid("where", "say either municipality and queue, or where it belongs")
    return _misdirected(await desk.write(misdirecting.note, conversation_id, if_match, data.where))


@delete("/conversations/{conversation_id:int}/misdirection", opt=WORK, status_code=200)
async def take_back(
    desk: NamedDependency[Desk], conversation_id: PathId, if_match: IfMatch = None
) -> Response[Misdirected]:
    """It was for us after all: open again. The copy is closed, unless somebody has worked on it."""
    return _misdirected(await desk.write(misdirecting.take_back, conversation_id, if_match))


def _misdirected(found: Misdirected) -> Response[Misdirected]:
    return Response(found, headers={"ETag": etag(found.conversation.version)})


ROUTES = (misdirect, take_back)
