"""Duty: whether whoever asks can be rung now, for calls and chats."""

from typing import Annotated, Literal

from litestar import get, put
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta, Struct

from hub.access import duty
from hub.edge import on_duty
from hub.edge.desk import Desk
from hub.edge.on_duty import DutyLine
from hub.edge.person import READ, WORK


class NewDuty(Struct, forbid_unknown_fields=True):
    """ready: for the next | busy: talking, or writing down what was said | away."""

    state: Literal["ready", "busy", "away"]


class NewHold(Struct, forbid_unknown_fields=True):
    """`chats`: at once, 0 to 20; null: as many as each chat's channel says (`chats_each`)."""

    chats: Annotated[int, Meta(ge=0, le=duty.MOST_CHATS)] | None


@get("/me/duty", opt=READ)
async def show_duty(desk: NamedDependency[Desk]) -> DutyLine:
    """As they said last. Whose screen was closed for a minute and a half isn't rung, whatever stands here."""
    return await desk.read(on_duty.mine)


@put("/me/duty", opt=WORK)
async def set_duty(desk: NamedDependency[Desk], data: JSONBody[NewDuty]) -> DutyLine:
    """From now on. A program that says so has to say it again within a minute and a half, as an open screen does."""
    return await desk.write(on_duty.say, data.state)


@put("/me/chats", opt=WORK)
async def set_chats(desk: NamedDependency[Desk], data: JSONBody[NewHold]) -> DutyLine:
    """Whoever asks holds so many chats: then no more ring. What they hold stays theirs; by hand they can take more."""
    return await desk.write(on_duty.hold, data.chats)


ROUTES = (show_duty, set_duty, set_chats)
