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

LOOKUPS = {
    "granvik": ("granvik", None),
    "parks": ("granvik", "parks"),
    "streets": ("granvik", "streets"),
    "nesoy": ("nesoy", None),
}
"""Lookup -> whose: a municipality's, and within it a department's or none's own."""

CHANNELS = {"granvik": "granvik", "nesoy": "nesoy", "centre": None}
"""Channel -> the municipality it belongs to."""


# --- Who asks.


class Caller(Struct, frozen=True):
    """`memberships`: (municipality, role, queue or None; of a department's own, the department). `shows`: which token;
    `scopes` None: all of them."""

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
    "department of parks": Caller((("granvik", "department", "parks"),)),
    "auditor": Caller((("granvik", "auditor", None),)),
    "auditor, reading token": Caller((("granvik", "auditor", None),), scopes=("read",)),
    "admin": Caller((("granvik", "admin", None),)),
    "agent of harbour": Caller((("nesoy", "agent", "harbour"),)),
    "agent of Nesøy": Caller((("nesoy", "agent", None),)),
    "it of Nesøy": Caller((("nesoy", "it", None),)),
    "department of Nesøy": Caller((("nesoy", "department", None),)),
    "auditor of Nesøy": Caller((("nesoy", "auditor", None),)),
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
    **{f"GET /health{path}": Route("lists", column="anyone") for path in ("", "/live", "/ready")},
    "GET /metrics": Route("lists", column="anyone"),  # from this machine, where the proof runs
    "POST /calls/{channel_id:int}": Route("lists", ok=404, column="anyone"),  # none of these channels is called
    f"POST {_V1}/cti/{{token:str}}": Route("lists", ok=401, column="anyone"),  # nobody's token
    **{
        each: Route("lists", ok=404, column="anyone")  # none of these channels is a chat, and nobody has a secret
        for each in (
            "GET /chat/{channel_id:int}/reception",
            "POST /chat/{channel_id:int}/visits",
            "POST /chat/{channel_id:int}/messages",
            "POST /chat/{channel_id:int}/resumption",
            "GET /chat/{channel_id:int}/turns",
            "GET /chat/{channel_id:int}/events",
            "POST /chat/{channel_id:int}/turns",
            "POST /chat/{channel_id:int}/files",
            "GET /chat/{channel_id:int}/files/{public_id:str}",
            "PUT /chat/{channel_id:int}/marks",
            "POST /chat/{channel_id:int}/typing",
            "POST /chat/{channel_id:int}/leaving",
            "PUT /chat/{channel_id:int}/mail",
            "PUT /chat/{channel_id:int}/end",
        )
    },
    f"GET {_V1}/forms/{{code:str}}/{{name:str}}": Route("lists", ok=404, column="anyone"),  # none has this name
    f"POST {_V1}/forms/{{code:str}}/{{name:str}}/submissions": Route("lists", ok=404, column="anyone"),
    f"GET {_V1}/openapi.json": Route("lists", column="anyone"),
    f"GET {_V1}/openapi.json/openapi.json": Route("lists", column="anyone"),
    f"GET {_V1}/openapi.json/{{path:str}}": Route("lists", ok=404, column="anyone"),
    f"GET {_V1}/me": Route("lists", column="person"),
    f"GET {_V1}/me/duty": Route("lists", column="read"),
    f"PUT {_V1}/me/duty": Route("lists", column="take"),
    f"PUT {_V1}/me/chats": Route("lists", column="take"),
    f"GET {_V1}/phone": Route("lists", column="read"),
    f"GET {_V1}/call-backs": Route("lists", column="read"),
    f"PUT {_CONVERSATION}/call-backs/{{call_back_id:int}}/owner": Route("work"),
    f"POST {_CONVERSATION}/call-backs/{{call_back_id:int}}/attempts": Route("work", ok=201),
    f"PUT {_CONVERSATION}/call-backs/{{call_back_id:int}}/outcome": Route("work"),
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
    f"GET {_V1}/lookups/asked": Route("lists", column="audit"),
    f"GET {_V1}/lookups/asked/export": Route("lists", column="audit"),
    f"GET {_V1}/lookups/use": Route("lists", column="use"),
    f"GET {_V1}/made-lookups": Route("lists", column="use"),
    f"GET {_V1}/municipalities/{{municipality_id:int}}/made-lookups/{{name:str}}": Route("lookup"),
    f"POST {_V1}/lookups/reports": Route("report"),
    f"GET {_CONVERSATION}": Route("open"),
    f"GET {_CONVERSATION}/timeline": Route("open"),
    f"GET {_V1}/attachments/{{public_id:str}}": Route("open"),
    f"POST {_CONVERSATION}/replies": Route("work", ok=201),
    f"GET {_CONVERSATION}/chat": Route("open"),
    f"POST {_CONVERSATION}/turns": Route("work", ok=201),
    f"PUT {_CONVERSATION}/chat/taking": Route("work"),
    f"PUT {_CONVERSATION}/chat/seen": Route("work", ok=204),
    f"PUT {_CONVERSATION}/chat/end": Route("work"),
    f"DELETE {_CONVERSATION}/replies/{{entry_id:int}}": Route("work"),
    f"PUT {_CONVERSATION}/deliveries/{{delivery_id:int}}/again": Route("work"),
    f"PUT {_CONVERSATION}/deliveries/{{delivery_id:int}}/arrival": Route("work"),
    f"POST {_CONVERSATION}/notes": Route("work", ok=201),
    f"POST {_CONVERSATION}/forwards": Route("work", ok=201),
    f"POST {_V1}/conversations": Route("begin", ok=201),
    f"POST {_V1}/contacts": Route("begin", ok=201),
    f"GET {_CONVERSATION}/contacts/{{entry_id:int}}": Route("open"),
    f"PUT {_CONVERSATION}/contacts/{{entry_id:int}}": Route("work"),
    f"POST {_CONVERSATION}/contacts/{{entry_id:int}}/orders": Route("work", ok=409),  # no exchange tells of any
    f"DELETE {_CONVERSATION}/contacts/{{entry_id:int}}": Route("work"),
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
    f"GET {_CONVERSATION}/lookups": Route("open"),
    f"POST {_CONVERSATION}/lookups/{{name:str}}": Route("work"),
    f"POST {_CONVERSATION}/lookups/{{name:str}}/pins": Route("work", ok=409),  # what nobody was shown nobody pins
    f"POST {_CONVERSATION}/lookups/{{name:str}}/reveals": Route("work", ok=422),  # without a purpose nobody is shown it
    f"POST {_CONVERSATION}/reveals": Route("work", ok=201),
    f"PUT {_CONVERSATION}/misdirection": Route("work"),
    f"DELETE {_CONVERSATION}/misdirection": Route("work"),
    f"GET {_CONVERSATION}/canned": Route("open"),
    f"GET {_CONVERSATION}/letterhead": Route("open"),
    f"GET {_V1}/letterheads": Route("lists", column="person"),
    f"GET {_V1}/canned": Route("lists", column="person"),
    f"GET {_V1}/municipalities/{{municipality_id:int}}/letterhead": Route("rule"),
    f"PUT {_V1}/municipalities/{{municipality_id:int}}/letterhead": Route("rule"),
    f"POST {_V1}/municipalities/{{municipality_id:int}}/canned": Route("rule", ok=201),
    f"PUT {_V1}/canned/{{canned_id:int}}": Route("rule"),
    f"DELETE {_V1}/canned/{{canned_id:int}}": Route("rule", ok=204),
    f"DELETE {_V1}/canned/{{canned_id:int}}/retirement": Route("rule"),
    f"GET {_CONVERSATION}/merges": Route("open"),
    f"GET {_CONVERSATION}/merge-candidates": Route("open"),
    f"PUT {_CONVERSATION}/merges/{{other_id:int}}": Route("work"),
    f"DELETE {_CONVERSATION}/merges/{{other_id:int}}": Route("work"),
    f"PUT {_CONVERSATION}/new-questions/{{entry_id:int}}": Route("work"),
    f"DELETE {_CONVERSATION}/new-questions/{{own_id:int}}": Route("work"),
    f"PUT {_CONVERSATION}/same-question": Route("work"),
    f"GET {_CONVERSATION}/citizen": Route("open"),
    f"GET {_CONVERSATION}/citizen/candidates": Route("work"),
    f"PUT {_CONVERSATION}/citizen": Route("work"),
    f"PUT {_CONVERSATION}/citizen/kind": Route("work"),
    f"PUT {_CONVERSATION}/citizen/merges/{{other_id:int}}": Route("work"),
    f"PUT {_CONVERSATION}/citizen/splits/{{point_id:int}}": Route("work"),
    f"DELETE {_CONVERSATION}/citizen/moves/{{move_id:int}}": Route("work"),
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
    f"GET {_V1}/alarm-targets": Route("lists", column="it"),
    f"POST {_V1}/alarm-targets": Route("target", ok=201),
    f"POST {_V1}/alarm-targets/{{target_id:int}}/trials": Route("target", ok=201),
    f"PUT {_V1}/alarm-targets/{{target_id:int}}": Route("target"),
    f"DELETE {_V1}/alarm-targets/{{target_id:int}}": Route("target", ok=204),
    f"GET {_V1}/receipts": Route("lists", column="admin"),
    f"GET {_V1}/municipalities/{{municipality_id:int}}/receipts": Route("rule"),
    f"PUT {_V1}/municipalities/{{municipality_id:int}}/receipts": Route("rule"),
    f"DELETE {_V1}/municipalities/{{municipality_id:int}}/receipts": Route("rule", ok=204),
    f"GET {_V1}/channels/{{channel_id:int}}": Route("channel"),
    f"PUT {_V1}/channels/{{channel_id:int}}/pause": Route("pause"),
    f"DELETE {_V1}/channels/{{channel_id:int}}/pause": Route("pause"),
    f"GET {_V1}/channels/{{channel_id:int}}/settings": Route("pause"),
    f"PUT {_V1}/channels/{{channel_id:int}}/settings": Route("pause"),
}
