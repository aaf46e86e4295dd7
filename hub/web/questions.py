"""Questions: whether a mail that opened something closed again is a new one, a conversation of its own."""

from litestar import Response, delete, put
from litestar.di import NamedDependency

from hub.edge import questioning
from hub.edge.answer import changed
from hub.edge.desk import Desk
from hub.edge.parameters import PathId
from hub.edge.person import WORK
from hub.edge.versions import IfMatch
from hub.inbox.queries import ConversationLine


@put("/conversations/{conversation_id:int}/new-questions/{entry_id:int}", opt=WORK)
async def part_question(
    desk: NamedDependency[Desk], conversation_id: PathId, entry_id: PathId, if_match: IfMatch = None
) -> Response[ConversationLine]:
    """That mail and what came after it become a conversation of their own: the answer."""
    return changed(await desk.write(questioning.part, conversation_id, if_match, entry_id))


@delete("/conversations/{conversation_id:int}/new-questions/{own_id:int}", opt=WORK, status_code=200)
async def rejoin_question(
    desk: NamedDependency[Desk], conversation_id: PathId, own_id: PathId, if_match: IfMatch = None
) -> Response[ConversationLine]:
    """The conversation that came out of this one is part of it after all."""
    return changed(await desk.write(questioning.undo, conversation_id, if_match, own_id))


@put("/conversations/{conversation_id:int}/same-question", opt=WORK)
async def keep_question(
    desk: NamedDependency[Desk], conversation_id: PathId, if_match: IfMatch = None
) -> Response[ConversationLine]:
    """It is the same question: nobody is asked any more."""
    return changed(await desk.write(questioning.keep, conversation_id, if_match))


ROUTES = (part_question, rejoin_question, keep_question)
