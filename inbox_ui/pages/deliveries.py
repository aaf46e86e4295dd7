"""Deliveries: what a person decides on a mail of ours, where no program can know."""

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import URLEncodedBody

from hub.edge import delivering
from hub.edge.desk import Desk
from hub.edge.parameters import PathId, id_of
from hub.edge.person import WORK
from inbox_ui.forms import Decided, Id
from inbox_ui.pages.changes import changed
from inbox_ui.rendering import Asking
from inbox_ui.view import View
from inbox_ui.words import gettext as _


class OfDelivery(Decided, kw_only=True):
    """`delivery`: the one that is decided on."""

    delivery: Id


@post("/conversations/{conversation_id:int}/deliveries/again", opt=WORK, status_code=200)
async def send_again(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    conversation_id: PathId,
    data: URLEncodedBody[OfDelivery],
) -> Response[bytes]:
    """It leaves anew."""
    line = await desk.write(delivering.send_again, conversation_id, data.if_match, id_of("delivery", data.delivery))
    return await changed(request, desk, view, line, _("Being sent again"))


@post("/conversations/{conversation_id:int}/deliveries/arrival", opt=WORK, status_code=200)
async def say_arrived(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    conversation_id: PathId,
    data: URLEncodedBody[OfDelivery],
) -> Response[bytes]:
    """Nothing leaves."""
    line = await desk.write(delivering.say_arrived, conversation_id, data.if_match, id_of("delivery", data.delivery))
    return await changed(request, desk, view, line, _("Noted that it arrived"))


ROUTES = (send_again, say_arrived)
