"""The matrix, written by hand: what there is, who asks, and by whose cells each route goes. The cells stand in `cells`.

Data; nothing here asks the program.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

# --- Things. Granvik and Nesøy are two municipalities of one centre.

QUEUES = {
    "waste": ("granvik",),
    "care": ("granvik",),
    "joint": ("granvik", "nesoy"),
    "harbour": ("nesoy",),
    "archive": ("granvik",),
}
"""Queue -> the municipalities it answers for. Nobody is named for the archive."""

PLACES = {
    "waste": ("granvik", "waste", None),
    "care": ("granvik", "care", None),
    "secret": ("granvik", "waste", "care"),
    "inner": ("granvik", "care", "care"),
    "joint": ("granvik", "joint", None),
    "harbour": ("nesoy", "harbour", None),
    "theirs": ("nesoy", "joint", None),
}
"""Conversation -> municipality, queue, and the queue whose members alone may open it."""

CHANNELS = {"granvik": "granvik", "nesoy": "nesoy", "centre": None}
"""Channel -> the municipality it belongs to."""


# --- Who asks.


class Caller(Struct, frozen=True):
    """`memberships`: (municipality, role, queue or None). `shows`: which token; `scopes` None: all of them."""

    memberships: Sequence[tuple[str, str, str | None]] = ()
    scopes: Sequence[str] | None = None
    shows: str = "token"
    """token | nothing | wrong | ended | disabled | expired"""
    past: Sequence[tuple[str, str, str | None]] = ()
    """Memberships that have ended."""


_EVERYTHING = (("granvik", "agent", None), ("nesoy", "agent", None), ("granvik", "it", None), ("nesoy", "it", None))

CALLERS: Mapping[str, Caller] = {
    "nobody": Caller(shows="nothing"),
    "wrong token": Caller(_EVERYTHING, shows="wrong"),
    "ended token": Caller(_EVERYTHING, shows="ended"),
    "expired token": Caller(_EVERYTHING, shows="expired"),
    "disabled": Caller(_EVERYTHING, shows="disabled"),
    "no memberships": Caller(),
    "agent of waste": Caller((("granvik", "agent", "waste"),)),
    "agent of care": Caller((("granvik", "agent", "care"),)),
    "agent of joint": Caller((("granvik", "agent", "joint"),)),
    "agent of Granvik": Caller((("granvik", "agent", None),)),
    "lead of waste": Caller((("granvik", "lead", "waste"),)),
    "lead of care": Caller((("granvik", "lead", "care"),)),
    "agent, once of Nesøy": Caller((("granvik", "agent", "waste"),), past=(("nesoy", "agent", None),)),
    "agent, reading token": Caller((("granvik", "agent", "waste"),), scopes=("read",)),
    "agent, writing token": Caller((("granvik", "agent", "waste"),), scopes=("write",)),
    "it": Caller((("granvik", "it", None),)),
    "it, reading token": Caller((("granvik", "it", None),), scopes=("read",)),
    "department": Caller((("granvik", "department", None),)),
    "auditor": Caller((("granvik", "auditor", None),)),
    "admin": Caller((("granvik", "admin", None),)),
    "agent of harbour": Caller((("nesoy", "agent", "harbour"),)),
    "agent of Nesøy": Caller((("nesoy", "agent", None),)),
    "it of Nesøy": Caller((("nesoy", "it", None),)),
    "agent of both": Caller((("granvik", "agent", None), ("nesoy", "agent", None))),
    "it of both": Caller((("granvik", "it", None), ("nesoy", "it", None))),
}

# --- Routes. A route of the application that is missing here fails the proof, and so does one that is gone.


class Route(Struct, frozen=True):
    """`table`: whose cells hold; `column`: of LISTS; `ok`: the status of success."""

    table: str
    ok: int = 200
    column: str | None = None


_V1 = "/api/v1"
_CONVERSATION = _V1 + "/conversations/{conversation_id:int}"

ROUTES: Mapping[str, Route] = {
    "GET /": Route("lists", column="anyone"),
    "GET /health": Route("lists", column="anyone"),
    f"GET {_V1}/openapi.json": Route("lists", column="anyone"),
    f"GET {_V1}/openapi.json/openapi.json": Route("lists", column="anyone"),
    f"GET {_V1}/openapi.json/{{path:str}}": Route("lists", ok=404, column="anyone"),
    f"GET {_V1}/me": Route("lists", column="person"),
    f"GET {_V1}/municipalities": Route("lists", column="person"),
    f"GET {_V1}/queues": Route("lists", column="person"),
    f"GET {_V1}/topics": Route("lists", column="person"),
    f"GET {_V1}/conversations": Route("lists", column="read"),
    f"GET {_V1}/counts": Route("lists", column="read"),
    f"GET {_V1}/search": Route("lists", column="read"),
    f"GET {_V1}/glass": Route("lists", column="read"),
    f"POST {_V1}/assignments/next": Route("lists", column="take"),
    f"GET {_V1}/channels": Route("lists", column="it"),
    f"GET {_V1}/plugins": Route("lists", column="it"),
    f"GET {_V1}/raw-events": Route("lists", column="it"),
    f"GET {_CONVERSATION}": Route("open"),
    f"GET {_CONVERSATION}/timeline": Route("open"),
    f"GET {_V1}/attachments/{{public_id:str}}": Route("open"),
    f"POST {_CONVERSATION}/replies": Route("work", ok=201),
    f"DELETE {_CONVERSATION}/replies/{{entry_id:int}}": Route("work"),
    f"POST {_CONVERSATION}/notes": Route("work", ok=201),
    f"POST {_CONVERSATION}/forwards": Route("work", ok=201),
    f"POST {_V1}/conversations": Route("begin", ok=201),
    f"GET {_CONVERSATION}/drafts": Route("open"),
    f"PUT {_CONVERSATION}/drafts/{{kind:str}}": Route("work"),
    f"DELETE {_CONVERSATION}/drafts/{{kind:str}}": Route("work", ok=204),
    f"POST {_CONVERSATION}/uploads": Route("work", ok=201),
    f"DELETE {_CONVERSATION}/uploads/{{upload_id:str}}": Route("work", ok=204),
    f"GET {_V1}/drafts": Route("lists", column="read"),
    f"PUT {_V1}/drafts/new": Route("begin"),
    f"POST {_V1}/uploads": Route("begin", ok=201),
    f"DELETE {_V1}/uploads/{{upload_id:str}}": Route("own", ok=204),
    f"DELETE {_V1}/drafts/new": Route("lists", ok=204, column="write"),
    f"PUT {_CONVERSATION}/confidentiality": Route("work"),
    f"DELETE {_CONVERSATION}/confidentiality": Route("lift"),
    f"GET {_CONVERSATION}/identity": Route("open"),
    f"PUT {_CONVERSATION}/identity": Route("work"),
    f"DELETE {_CONVERSATION}/identity": Route("work"),
    f"POST {_CONVERSATION}/reveals": Route("work", ok=201),
    f"PUT {_CONVERSATION}/misdirection": Route("work"),
    f"DELETE {_CONVERSATION}/misdirection": Route("work"),
    f"GET {_CONVERSATION}/merges": Route("open"),
    f"GET {_CONVERSATION}/merge-candidates": Route("open"),
    f"PUT {_CONVERSATION}/merges/{{other_id:int}}": Route("work"),
    f"DELETE {_CONVERSATION}/merges/{{other_id:int}}": Route("work"),
    f"PUT {_CONVERSATION}/spam": Route("work"),
    f"DELETE {_CONVERSATION}/spam": Route("work"),
    f"PUT {_CONVERSATION}/assignment": Route("work"),
    f"DELETE {_CONVERSATION}/assignment": Route("work"),
    f"PUT {_CONVERSATION}/closure": Route("work"),
    f"DELETE {_CONVERSATION}/closure": Route("work"),
    f"PUT {_CONVERSATION}/queue": Route("work"),
    f"PUT {_CONVERSATION}/waiting": Route("work"),
    f"DELETE {_CONVERSATION}/waiting": Route("work"),
    f"POST {_CONVERSATION}/matters": Route("work", ok=201),
    f"PUT {_CONVERSATION}/matters/{{matter_id:int}}": Route("work"),
    f"DELETE {_CONVERSATION}/matters/{{matter_id:int}}": Route("work"),
    f"GET {_CONVERSATION}/glass": Route("gate"),
    f"PUT {_CONVERSATION}/glass": Route("break"),
    f"DELETE {_CONVERSATION}/glass": Route("break", ok=204),
    f"GET {_V1}/citizens/{{citizen_id:int}}": Route("citizen"),
    f"GET {_V1}/citizens/{{citizen_id:int}}/conversations": Route("citizen"),
    f"GET {_V1}/raw-events/{{raw_event_id:int}}": Route("raw"),
    f"GET {_V1}/raw-events/{{raw_event_id:int}}/content": Route("raw"),
    f"POST {_V1}/raw-events/{{raw_event_id:int}}/replay": Route("raw"),
    f"GET {_V1}/channels/{{channel_id:int}}": Route("channel"),
    f"PUT {_V1}/channels/{{channel_id:int}}/pause": Route("pause"),
    f"DELETE {_V1}/channels/{{channel_id:int}}/pause": Route("pause"),
}
