"""Receipts: whether a first mail is answered by the program, and with which words."""

from collections.abc import Mapping
from typing import Annotated

from litestar import Response, delete, get, put
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta, Struct

from hub.edge import receiving
from hub.edge.desk import Desk
from hub.edge.parameters import InQueue, PathId, id_of
from hub.edge.person import ADMIN
from hub.edge.receiving import RuleLine, RuleSaid
from hub.edge.versions import IfMatch, etag
from hub.web.page import Page


class Rule(Struct, forbid_unknown_fields=True):
    """`words`: by language, naming {reference} and {municipality}; empty: the texts of the house.

    `unconfirmed`: also to senders whose address no mail gateway has tested.
    """

    on: bool
    unconfirmed: bool = False
    words: Annotated[Mapping[str, str], Meta(max_length=10)] = {}


@get("/receipts", opt=ADMIN)
async def list_receipt_rules(desk: NamedDependency[Desk]) -> Page[RuleLine]:
    """Of the municipalities that this person administers, with the version that PUT asks for."""
    return Page(await desk.read(receiving.rules), None)


@get("/municipalities/{municipality_id:int}/receipts", opt=ADMIN)
async def show_receipt_rule(
    desk: NamedDependency[Desk], municipality_id: PathId, queue: InQueue = None
) -> Response[RuleLine]:
    """The municipality's, or that of one of its queues, also where none is set yet."""
    line = await desk.read(receiving.rule_of, municipality_id, None if queue is None else id_of("queue", queue))
    return Response(line, headers={"ETag": etag(line.version)})


@put("/municipalities/{municipality_id:int}/receipts", opt=ADMIN)
async def set_receipt_rule(
    desk: NamedDependency[Desk],
    municipality_id: PathId,
    data: JSONBody[Rule],
    queue: InQueue = None,
    if_match: IfMatch = None,
) -> Response[RuleLine]:
    """The municipality's, or that of one of its queues, which goes before. If-Match: its ETag."""
    queue_id = None if queue is None else id_of("queue", queue)
    said = RuleSaid(data.on, data.unconfirmed, data.words)
    line = await desk.write(receiving.set_rule, municipality_id, queue_id, said, if_match)
    return Response(line, headers={"ETag": etag(line.version)})


@delete("/municipalities/{municipality_id:int}/receipts", opt=ADMIN)
async def drop_receipt_rule(
    desk: NamedDependency[Desk], municipality_id: PathId, queue: InQueue = None, if_match: IfMatch = None
) -> None:
    """A queue's: the municipality's counts there again; the municipality's: no receipt is sent. If-Match: its ETag."""
    queue_id = None if queue is None else id_of("queue", queue)
    await desk.write(receiving.drop_rule, municipality_id, queue_id, if_match)


ROUTES = (list_receipt_rules, show_receipt_rule, set_receipt_rule, drop_receipt_rule)
