"""The matrix, written by hand: who may do what to which thing, for every route. Data; nothing here asks the program.

A cell is the status expected: `ok` stands for the route's own. A thing that a person may not know of is 404; what they
may know of but not do is 403.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

# --- Things. Granvik and Nesøy are two municipalities of one centre.

QUEUES = {"waste": ("granvik",), "care": ("granvik",), "joint": ("granvik", "nesoy"), "harbour": ("nesoy",)}
"""Queue -> the municipalities it answers for."""

PLACES = {
    "waste": ("granvik", "waste", None),
    "care": ("granvik", "care", None),
    "secret": ("granvik", "waste", "care"),
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
    "agent, once of Nesøy": Caller((("granvik", "agent", "waste"),), past=(("nesoy", "agent", None),)),
    "agent, reading token": Caller((("granvik", "agent", "waste"),), scopes=("read",)),
    "agent, writing token": Caller((("granvik", "agent", "waste"),), scopes=("write",)),
    "it": Caller((("granvik", "it", None),)),
    "it, reading token": Caller((("granvik", "it", None),), scopes=("read",)),
    "department": Caller((("granvik", "department", None),)),
    "auditor": Caller((("granvik", "auditor", None),)),
    "admin": Caller((("granvik", "admin", None),)),
    "agent of Nesøy": Caller((("nesoy", "agent", None),)),
    "it of Nesøy": Caller((("nesoy", "it", None),)),
    "agent of both": Caller((("granvik", "agent", None), ("nesoy", "agent", None))),
    "it of both": Caller((("granvik", "it", None), ("nesoy", "it", None))),
}

# --- Cells.

OPEN = """
                        waste  care  secret  joint  harbour  theirs
nobody                  401    401   401     401    401      401
wrong token             401    401   401     401    401      401
ended token             401    401   401     401    401      401
expired token           401    401   401     401    401      401
disabled                401    401   401     401    401      401
no memberships          404    404   404     404    404      404
agent of waste          ok     404   404     404    404      404
agent of care           404    ok    ok      404    404      404
agent of joint          404    404   404     ok     404      404
agent of Granvik        ok     ok    404     ok     404      404
lead of waste           ok     404   404     404    404      404
agent, once of Nesøy    ok     404   404     404    404      404
agent, reading token    ok     404   404     404    404      404
agent, writing token    403    403   403     403    403      403
it                      404    404   404     404    404      404
it, reading token       404    404   404     404    404      404
department              404    404   404     404    404      404
auditor                 404    404   404     404    404      404
admin                   404    404   404     404    404      404
agent of Nesøy          404    404   404     404    ok       ok
it of Nesøy             404    404   404     404    404      404
agent of both           ok     ok    404     ok     ok       ok
it of both              404    404   404     404    404      404
"""

WORK = """
                        waste  care  secret  joint  harbour  theirs
nobody                  401    401   401     401    401      401
wrong token             401    401   401     401    401      401
ended token             401    401   401     401    401      401
expired token           401    401   401     401    401      401
disabled                401    401   401     401    401      401
no memberships          404    404   404     404    404      404
agent of waste          ok     404   404     404    404      404
agent of care           404    ok    ok      404    404      404
agent of joint          404    404   404     ok     404      404
agent of Granvik        ok     ok    404     ok     404      404
lead of waste           ok     404   404     404    404      404
agent, once of Nesøy    ok     404   404     404    404      404
agent, reading token    403    403   403     403    403      403
agent, writing token    403    403   403     403    403      403
it                      404    404   404     404    404      404
it, reading token       403    403   403     403    403      403
department              404    404   404     404    404      404
auditor                 404    404   404     404    404      404
admin                   404    404   404     404    404      404
agent of Nesøy          404    404   404     404    ok       ok
it of Nesøy             404    404   404     404    404      404
agent of both           ok     ok    404     ok     ok       ok
it of both              404    404   404     404    404      404
"""

# To begin a conversation takes its queue alone, the one where `secret` lies among them: a new one is no secret yet.
BEGIN = """
                        waste  care  secret  joint  harbour  theirs
nobody                  401    401   401     401    401      401
wrong token             401    401   401     401    401      401
ended token             401    401   401     401    401      401
expired token           401    401   401     401    401      401
disabled                401    401   401     401    401      401
no memberships          404    404   404     404    404      404
agent of waste          ok     404   ok      404    404      404
agent of care           404    ok    404     404    404      404
agent of joint          404    404   404     ok     404      404
agent of Granvik        ok     ok    ok      ok     404      404
lead of waste           ok     404   ok      404    404      404
agent, once of Nesøy    ok     404   ok      404    404      404
agent, reading token    403    403   403     403    403      403
agent, writing token    403    403   403     403    403      403
it                      404    404   404     404    404      404
it, reading token       403    403   403     403    403      403
department              404    404   404     404    404      404
auditor                 404    404   404     404    404      404
admin                   404    404   404     404    404      404
agent of Nesøy          404    404   404     404    ok       ok
it of Nesøy             404    404   404     404    404      404
agent of both           ok     ok    ok      ok     ok       ok
it of both              404    404   404     404    404      404
"""

# Who works in a municipality, in whatever queue, may look up its citizens; what was written stays behind the queue.
CITIZEN = """
                        waste  care  secret  joint  harbour  theirs
nobody                  401    401   401     401    401      401
wrong token             401    401   401     401    401      401
ended token             401    401   401     401    401      401
expired token           401    401   401     401    401      401
disabled                401    401   401     401    401      401
no memberships          404    404   404     404    404      404
agent of waste          ok     ok    ok      ok     404      404
agent of care           ok     ok    ok      ok     404      404
agent of joint          ok     ok    ok      ok     404      404
agent of Granvik        ok     ok    ok      ok     404      404
lead of waste           ok     ok    ok      ok     404      404
agent, once of Nesøy    ok     ok    ok      ok     404      404
agent, reading token    ok     ok    ok      ok     404      404
agent, writing token    403    403   403     403    403      403
it                      404    404   404     404    404      404
it, reading token       404    404   404     404    404      404
department              404    404   404     404    404      404
auditor                 404    404   404     404    404      404
admin                   404    404   404     404    404      404
agent of Nesøy          404    404   404     404    ok       ok
it of Nesøy             404    404   404     404    404      404
agent of both           ok     ok    ok      ok     ok       ok
it of both              404    404   404     404    404      404
"""

RAW = """
                        waste  care  secret  joint  harbour  theirs
nobody                  401    401   401     401    401      401
wrong token             401    401   401     401    401      401
ended token             401    401   401     401    401      401
expired token           401    401   401     401    401      401
disabled                401    401   401     401    401      401
no memberships          403    403   403     403    403      403
agent of waste          403    403   403     403    403      403
agent of care           403    403   403     403    403      403
agent of joint          403    403   403     403    403      403
agent of Granvik        403    403   403     403    403      403
lead of waste           403    403   403     403    403      403
agent, once of Nesøy    403    403   403     403    403      403
agent, reading token    403    403   403     403    403      403
agent, writing token    403    403   403     403    403      403
it                      ok     ok    ok      ok     404      404
it, reading token       403    403   403     403    403      403
department              403    403   403     403    403      403
auditor                 403    403   403     403    403      403
admin                   403    403   403     403    403      403
agent of Nesøy          403    403   403     403    403      403
it of Nesøy             404    404   404     404    ok       ok
agent of both           403    403   403     403    403      403
it of both              ok     ok    ok      ok     ok       ok
"""

CHANNEL = """
                        granvik  nesoy  centre
nobody                  401      401    401
wrong token             401      401    401
ended token             401      401    401
expired token           401      401    401
disabled                401      401    401
no memberships          403      403    403
agent of waste          403      403    403
agent of care           403      403    403
agent of joint          403      403    403
agent of Granvik        403      403    403
lead of waste           403      403    403
agent, once of Nesøy    403      403    403
agent, reading token    403      403    403
agent, writing token    403      403    403
it                      ok       404    ok
it, reading token       403      403    403
department              403      403    403
auditor                 403      403    403
admin                   403      403    403
agent of Nesøy          403      403    403
it of Nesøy             404      ok     ok
agent of both           403      403    403
it of both              ok       ok     ok
"""

# Whoever stops the centre's channel stops it for all whom it works for: both know of it, neither may alone.
PAUSE = """
                        granvik  nesoy  centre
nobody                  401      401    401
wrong token             401      401    401
ended token             401      401    401
expired token           401      401    401
disabled                401      401    401
no memberships          403      403    403
agent of waste          403      403    403
agent of care           403      403    403
agent of joint          403      403    403
agent of Granvik        403      403    403
lead of waste           403      403    403
agent, once of Nesøy    403      403    403
agent, reading token    403      403    403
agent, writing token    403      403    403
it                      ok       404    403
it, reading token       403      403    403
department              403      403    403
auditor                 403      403    403
admin                   403      403    403
agent of Nesøy          403      403    403
it of Nesøy             404      ok     403
agent of both           403      403    403
it of both              ok       ok     ok
"""

# Lists: one cell each. What stands in them is held against OPEN, CITIZEN, RAW and CHANNEL.
LISTS = """
                        anyone  person  read  it
nobody                  ok      401     401   401
wrong token             ok      401     401   401
ended token             ok      401     401   401
expired token           ok      401     401   401
disabled                ok      401     401   401
no memberships          ok      ok      ok    403
agent of waste          ok      ok      ok    403
agent of care           ok      ok      ok    403
agent of joint          ok      ok      ok    403
agent of Granvik        ok      ok      ok    403
lead of waste           ok      ok      ok    403
agent, once of Nesøy    ok      ok      ok    403
agent, reading token    ok      ok      ok    403
agent, writing token    ok      ok      403   403
it                      ok      ok      ok    ok
it, reading token       ok      ok      ok    403
department              ok      ok      ok    403
auditor                 ok      ok      ok    403
admin                   ok      ok      ok    403
agent of Nesøy          ok      ok      ok    403
it of Nesøy             ok      ok      ok    ok
agent of both           ok      ok      ok    403
it of both              ok      ok      ok    ok
"""

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
    f"GET {_V1}/channels": Route("lists", column="it"),
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
    f"PUT {_CONVERSATION}/assignment": Route("work"),
    f"DELETE {_CONVERSATION}/assignment": Route("work"),
    f"PUT {_CONVERSATION}/closure": Route("work"),
    f"DELETE {_CONVERSATION}/closure": Route("work"),
    f"PUT {_CONVERSATION}/queue": Route("work"),
    f"PUT {_CONVERSATION}/waiting": Route("work"),
    f"POST {_CONVERSATION}/matters": Route("work", ok=201),
    f"PUT {_CONVERSATION}/matters/{{matter_id:int}}": Route("work"),
    f"DELETE {_CONVERSATION}/matters/{{matter_id:int}}": Route("work"),
    f"GET {_V1}/citizens/{{citizen_id:int}}": Route("citizen"),
    f"GET {_V1}/citizens/{{citizen_id:int}}/conversations": Route("citizen"),
    f"GET {_V1}/raw-events/{{raw_event_id:int}}": Route("raw"),
    f"GET {_V1}/raw-events/{{raw_event_id:int}}/content": Route("raw"),
    f"POST {_V1}/raw-events/{{raw_event_id:int}}/replay": Route("raw"),
    f"GET {_V1}/channels/{{channel_id:int}}": Route("channel"),
    f"PUT {_V1}/channels/{{channel_id:int}}/pause": Route("pause"),
    f"DELETE {_V1}/channels/{{channel_id:int}}/pause": Route("pause"),
}


def read_table(text: str) -> dict[str, dict[str, str]]:
    """Caller -> thing -> cell."""
    head, *rows = [line for line in text.splitlines() if line.strip()]
    things = head.split()
    return {row[:_NAMES].strip(): dict(zip(things, row[_NAMES:].split(), strict=True)) for row in rows}


_NAMES = 24
"""Letters of a table's first column."""
TABLES = {
    name: read_table(text)
    for name, text in {
        "open": OPEN, "work": WORK, "begin": BEGIN, "citizen": CITIZEN, "raw": RAW, "channel": CHANNEL, "pause": PAUSE,
        "lists": LISTS,
    }.items()
}  # fmt: skip
