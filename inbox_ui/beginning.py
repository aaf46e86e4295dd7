"""Beginning: what the form of a new message is given, whichever page or answer shows it."""

import secrets
from typing import Any

from hub.edge import drafting, managing, writing
from hub.edge.desk import Desk
from hub.edge.writing import BeginOffer


async def beginning(desk: Desk, sender: str = "") -> dict[str, Any]:
    """What somebody has begun, or nothing yet. `sender`: of `forms.SENDER`, to be chosen instead."""
    draft = next(iter((await desk.read(drafting.new_draft)).own), None)
    offers = [each for each in await desk.read(writing.offer_begin) if each.address]
    below = await desk.read(managing.signatures, [(int(each.municipality_id), int(each.queue_id)) for each in offers])
    wanted = sender or (f"{draft.municipality_id} {draft.written.queue}" if draft else "")
    return {
        "draft": draft,
        "offers": offers,
        "chosen": next((each for each in offers if _name(each) == wanted), offers[0] if offers else None),
        "name_of": _name,
        "signatures": {_name(each): said for each, said in zip(offers, below, strict=True)},
        "one_time": secrets.token_urlsafe(16),
    }


def _name(offer: BeginOffer) -> str:
    """As `forms.sender_of` reads it."""
    return f"{offer.municipality_id} {offer.queue_id}"
