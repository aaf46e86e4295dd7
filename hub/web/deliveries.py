"""Deliveries: what a person decides on a mail of ours that nobody knows the end of, or that wasn't taken."""

from litestar import Response, put
from litestar.di import NamedDependency

from hub.edge import delivering
from hub.edge.answer import changed
from hub.edge.desk import Desk
from hub.edge.parameters import PathId
from hub.edge.person import WORK
from hub.edge.versions import IfMatch
from hub.inbox.queries import ConversationLine


@put("/conversations/{conversation_id:int}/deliveries/{delivery_id:int}/again", opt=WORK)
async def send_again(
    desk: NamedDependency[Desk], conversation_id: PathId, delivery_id: PathId, if_match: IfMatch = None
) -> Response[ConversationLine]:
    """It didn't arrive, as far as the person can see: it leaves anew under the same Message-ID; uncertain or failed."""
    return changed(await desk.write(delivering.send_again, conversation_id, if_match, delivery_id))


@put("/conversations/{conversation_id:int}/deliveries/{delivery_id:int}/arrival", opt=WORK)
async def say_arrived(
    desk: NamedDependency[Desk], conversation_id: PathId, delivery_id: PathId, if_match: IfMatch = None
) -> Response[ConversationLine]:
    """It arrived, though the mail server never said so: what was uncertain is sent."""
    return changed(await desk.write(delivering.say_arrived, conversation_id, if_match, delivery_id))


ROUTES = (send_again, say_arrived)
