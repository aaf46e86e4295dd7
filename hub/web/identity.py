"""Identity of a citizen, as it is confirmed in a conversation; and what is covered of them, revealed for a purpose."""

from typing import Annotated, Literal

from litestar import Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta, Struct

from hub.edge import identifying
from hub.edge.desk import Desk
from hub.edge.identifying import Identified, Revealed
from hub.edge.parameters import IdText, PathId, Reason, id_of
from hub.edge.person import READ, WORK
from hub.edge.versions import IfMatch, etag


class Confirming(Struct, forbid_unknown_fields=True):
    """`how`: an address, a number or a name in a mail is no way. `number`: the identity number that they told."""

    how: Literal["control_question", "called_back", "id_at_desk", "eid", "known_to_department"]
    number: Annotated[str, Meta(max_length=20)] = ""


class Revealing(Struct, forbid_unknown_fields=True):
    """`point`: the id of one of the citizen's; `purpose`: kept in audit and reading log."""

    point: IdText
    purpose: Reason


@get("/conversations/{conversation_id:int}/identity", opt=READ)
async def show_identity(desk: NamedDependency[Desk], conversation_id: PathId) -> Response[Identified]:
    """How the citizen's identity is confirmed in this conversation now; `identity` null: it isn't."""
    return _identified(await desk.read(identifying.identified, conversation_id))


@put("/conversations/{conversation_id:int}/identity", opt=WORK)
async def confirm_identity(
    desk: NamedDependency[Desk], conversation_id: PathId, data: JSONBody[Confirming], if_match: IfMatch = None
) -> Response[Identified]:
    """Until midnight in its municipality, and in this conversation alone."""
    return _identified(await desk.write(identifying.confirm, conversation_id, if_match, data.how, data.number))


@delete("/conversations/{conversation_id:int}/identity", opt=WORK, status_code=200)
async def withdraw_identity(
    desk: NamedDependency[Desk], conversation_id: PathId, if_match: IfMatch = None
) -> Response[Identified]:
    """It was somebody else."""
    return _identified(await desk.write(identifying.withdraw, conversation_id, if_match))


@post("/conversations/{conversation_id:int}/reveals", opt=WORK)
async def reveal_point(desk: NamedDependency[Desk], conversation_id: PathId, data: JSONBody[Revealing]) -> Revealed:
    """An address or number in clear. Cover it again at `until`."""
    return await desk.write(identifying.reveal, conversation_id, id_of("point", data.point), data.purpose)


def _identified(found: Identified) -> Response[Identified]:
    return Response(found, headers={"ETag": etag(found.version)})


ROUTES = (show_identity, confirm_identity, withdraw_identity, reveal_point)
