"""The cells of the matrix, written by hand: a table for each kind of thing, a row for each caller.

Here those of conversations and citizens; what belongs to a role, and lists, stand in `role_cells`.

`ok` stands for the route's own status. A thing that a person may not know of is 404; what they may know of but not do
is 403; what is there no more to be done, 409.
"""

from collections.abc import Mapping

from hub.proof.tenants.role_cells import CHANNEL, LISTS, LOOKUP, OWN, PAUSE, RAW, REPORT, RULE

OPEN = """
                        waste  care  secret  inner  joint  harbour  theirs
nobody                  401    401   401     401    401    401      401
wrong token             401    401   401     401    401    401      401
ended token             401    401   401     401    401    401      401
expired token           401    401   401     401    401    401      401
disabled                401    401   401     401    401    401      401
no memberships          404    404   404     404    404    404      404
agent of waste          ok     404   404     404    404    404      404
agent of care           404    ok    ok      ok     404    404      404
agent of joint          404    404   404     404    ok     404      404
agent of Granvik        ok     ok    404     404    ok     404      404
lead of waste           ok     404   404     404    404    404      404
lead of care            404    ok    ok      ok     404    404      404
agent, once of Nesøy    ok     404   404     404    404    404      404
agent, reading token    ok     404   404     404    404    404      404
agent, writing token    403    403   403     403    403    403      403
it                      404    404   404     404    404    404      404
it, reading token       404    404   404     404    404    404      404
department              404    404   404     404    404    404      404
department of parks     404    404   404     404    404    404      404
auditor                 404    404   404     404    404    404      404
auditor, reading token  404    404   404     404    404    404      404
admin                   404    404   404     404    404    404      404
agent of harbour        404    404   404     404    404    ok       404
agent of Nesøy          404    404   404     404    404    ok       ok
it of Nesøy             404    404   404     404    404    404      404
department of Nesøy     404    404   404     404    404    404      404
auditor of Nesøy        404    404   404     404    404    404      404
agent of both           ok     ok    404     404    ok     ok       ok
it of both              404    404   404     404    404    404      404
"""

WORK = """
                        waste  care  secret  inner  joint  harbour  theirs
nobody                  401    401   401     401    401    401      401
wrong token             401    401   401     401    401    401      401
ended token             401    401   401     401    401    401      401
expired token           401    401   401     401    401    401      401
disabled                401    401   401     401    401    401      401
no memberships          404    404   404     404    404    404      404
agent of waste          ok     404   404     404    404    404      404
agent of care           404    ok    ok      ok     404    404      404
agent of joint          404    404   404     404    ok     404      404
agent of Granvik        ok     ok    404     404    ok     404      404
lead of waste           ok     404   404     404    404    404      404
lead of care            404    ok    ok      ok     404    404      404
agent, once of Nesøy    ok     404   404     404    404    404      404
agent, reading token    403    403   403     403    403    403      403
agent, writing token    403    403   403     403    403    403      403
it                      404    404   404     404    404    404      404
it, reading token       403    403   403     403    403    403      403
department              404    404   404     404    404    404      404
department of parks     404    404   404     404    404    404      404
auditor                 404    404   404     404    404    404      404
auditor, reading token  403    403   403     403    403    403      403
admin                   404    404   404     404    404    404      404
agent of harbour        404    404   404     404    404    ok       404
agent of Nesøy          404    404   404     404    404    ok       ok
it of Nesøy             404    404   404     404    404    404      404
department of Nesøy     404    404   404     404    404    404      404
auditor of Nesøy        404    404   404     404    404    404      404
agent of both           ok     ok    404     404    ok     ok       ok
it of both              404    404   404     404    404    404      404
"""

# Confidentiality is lifted where there is some.
LIFT = """
                        waste  care  secret  inner  joint  harbour  theirs
nobody                  401    401   401     401    401    401      401
wrong token             401    401   401     401    401    401      401
ended token             401    401   401     401    401    401      401
expired token           401    401   401     401    401    401      401
disabled                401    401   401     401    401    401      401
no memberships          404    404   404     404    404    404      404
agent of waste          409    404   404     404    404    404      404
agent of care           404    409   ok      ok     404    404      404
agent of joint          404    404   404     404    409    404      404
agent of Granvik        409    409   404     404    409    404      404
lead of waste           409    404   404     404    404    404      404
lead of care            404    409   ok      ok     404    404      404
agent, once of Nesøy    409    404   404     404    404    404      404
agent, reading token    403    403   403     403    403    403      403
agent, writing token    403    403   403     403    403    403      403
it                      404    404   404     404    404    404      404
it, reading token       403    403   403     403    403    403      403
department              404    404   404     404    404    404      404
department of parks     404    404   404     404    404    404      404
auditor                 404    404   404     404    404    404      404
auditor, reading token  403    403   403     403    403    403      403
admin                   404    404   404     404    404    404      404
agent of harbour        404    404   404     404    404    409      404
agent of Nesøy          404    404   404     404    404    409      409
it of Nesøy             404    404   404     404    404    404      404
department of Nesøy     404    404   404     404    404    404      404
auditor of Nesøy        404    404   404     404    404    404      404
agent of both           409    409   404     404    409    409      409
it of both              404    404   404     404    404    404      404
"""

# To begin a conversation takes its queue alone, the one where `secret` lies among them: a new one is no secret yet.
BEGIN = """
                        waste  care  secret  inner  joint  harbour  theirs
nobody                  401    401   401     401    401    401      401
wrong token             401    401   401     401    401    401      401
ended token             401    401   401     401    401    401      401
expired token           401    401   401     401    401    401      401
disabled                401    401   401     401    401    401      401
no memberships          404    404   404     404    404    404      404
agent of waste          ok     404   ok      404    404    404      404
agent of care           404    ok    404     ok     404    404      404
agent of joint          404    404   404     404    ok     404      404
agent of Granvik        ok     ok    ok      ok     ok     404      404
lead of waste           ok     404   ok      404    404    404      404
lead of care            404    ok    404     ok     404    404      404
agent, once of Nesøy    ok     404   ok      404    404    404      404
agent, reading token    403    403   403     403    403    403      403
agent, writing token    403    403   403     403    403    403      403
it                      404    404   404     404    404    404      404
it, reading token       403    403   403     403    403    403      403
department              404    404   404     404    404    404      404
department of parks     404    404   404     404    404    404      404
auditor                 404    404   404     404    404    404      404
auditor, reading token  403    403   403     403    403    403      403
admin                   404    404   404     404    404    404      404
agent of harbour        404    404   404     404    404    ok       404
agent of Nesøy          404    404   404     404    404    ok       ok
it of Nesøy             404    404   404     404    404    404      404
department of Nesøy     404    404   404     404    404    404      404
auditor of Nesøy        404    404   404     404    404    404      404
agent of both           ok     ok    ok      ok     ok     ok       ok
it of both              404    404   404     404    404    404      404
"""

# The gate of a confidential one: for who could open it if it weren't, and can't. `inner` lies in the queue that it is
# limited to, so those who work in another queue alone don't even know of it; those inside need no gate.
GATE = """
                        waste  care  secret  inner  joint  harbour  theirs
nobody                  401    401   401     401    401    401      401
wrong token             401    401   401     401    401    401      401
ended token             401    401   401     401    401    401      401
expired token           401    401   401     401    401    401      401
disabled                401    401   401     401    401    401      401
no memberships          404    404   404     404    404    404      404
agent of waste          404    404   ok      404    404    404      404
agent of care           404    404   404     404    404    404      404
agent of joint          404    404   404     404    404    404      404
agent of Granvik        404    404   ok      ok     404    404      404
lead of waste           404    404   ok      404    404    404      404
lead of care            404    404   404     404    404    404      404
agent, once of Nesøy    404    404   ok      404    404    404      404
agent, reading token    404    404   ok      404    404    404      404
agent, writing token    403    403   403     403    403    403      403
it                      404    404   404     404    404    404      404
it, reading token       404    404   404     404    404    404      404
department              404    404   404     404    404    404      404
department of parks     404    404   404     404    404    404      404
auditor                 404    404   404     404    404    404      404
auditor, reading token  404    404   404     404    404    404      404
admin                   404    404   404     404    404    404      404
agent of harbour        404    404   404     404    404    404      404
agent of Nesøy          404    404   404     404    404    404      404
it of Nesøy             404    404   404     404    404    404      404
department of Nesøy     404    404   404     404    404    404      404
auditor of Nesøy        404    404   404     404    404    404      404
agent of both           404    404   ok      ok     404    404      404
it of both              404    404   404     404    404    404      404
"""

# To break the glass, and to put it back, is an act: a token that may only read is not enough.
BREAK = """
                        waste  care  secret  inner  joint  harbour  theirs
nobody                  401    401   401     401    401    401      401
wrong token             401    401   401     401    401    401      401
ended token             401    401   401     401    401    401      401
expired token           401    401   401     401    401    401      401
disabled                401    401   401     401    401    401      401
no memberships          404    404   404     404    404    404      404
agent of waste          404    404   ok      404    404    404      404
agent of care           404    404   404     404    404    404      404
agent of joint          404    404   404     404    404    404      404
agent of Granvik        404    404   ok      ok     404    404      404
lead of waste           404    404   ok      404    404    404      404
lead of care            404    404   404     404    404    404      404
agent, once of Nesøy    404    404   ok      404    404    404      404
agent, reading token    403    403   403     403    403    403      403
agent, writing token    403    403   403     403    403    403      403
it                      404    404   404     404    404    404      404
it, reading token       403    403   403     403    403    403      403
department              404    404   404     404    404    404      404
department of parks     404    404   404     404    404    404      404
auditor                 404    404   404     404    404    404      404
auditor, reading token  403    403   403     403    403    403      403
admin                   404    404   404     404    404    404      404
agent of harbour        404    404   404     404    404    404      404
agent of Nesøy          404    404   404     404    404    404      404
it of Nesøy             404    404   404     404    404    404      404
department of Nesøy     404    404   404     404    404    404      404
auditor of Nesøy        404    404   404     404    404    404      404
agent of both           404    404   ok      ok     404    404      404
it of both              404    404   404     404    404    404      404
"""

# Who works in a municipality, in whatever queue, may look up its citizens; what was written stays behind the queue.
CITIZEN = """
                        waste  care  secret  inner  joint  harbour  theirs
nobody                  401    401   401     401    401    401      401
wrong token             401    401   401     401    401    401      401
ended token             401    401   401     401    401    401      401
expired token           401    401   401     401    401    401      401
disabled                401    401   401     401    401    401      401
no memberships          404    404   404     404    404    404      404
agent of waste          ok     ok    ok      ok     ok     404      404
agent of care           ok     ok    ok      ok     ok     404      404
agent of joint          ok     ok    ok      ok     ok     404      404
agent of Granvik        ok     ok    ok      ok     ok     404      404
lead of waste           ok     ok    ok      ok     ok     404      404
lead of care            ok     ok    ok      ok     ok     404      404
agent, once of Nesøy    ok     ok    ok      ok     ok     404      404
agent, reading token    ok     ok    ok      ok     ok     404      404
agent, writing token    403    403   403     403    403    403      403
it                      404    404   404     404    404    404      404
it, reading token       404    404   404     404    404    404      404
department              404    404   404     404    404    404      404
department of parks     404    404   404     404    404    404      404
auditor                 404    404   404     404    404    404      404
auditor, reading token  404    404   404     404    404    404      404
admin                   404    404   404     404    404    404      404
agent of harbour        404    404   404     404    404    ok       ok
agent of Nesøy          404    404   404     404    404    ok       ok
it of Nesøy             404    404   404     404    404    404      404
department of Nesøy     404    404   404     404    404    404      404
auditor of Nesøy        404    404   404     404    404    404      404
agent of both           ok     ok    ok      ok     ok     ok       ok
it of both              404    404   404     404    404    404      404
"""


def read_table(text: str) -> dict[str, dict[str, str]]:
    """Caller -> thing -> cell."""
    head, *rows = [line for line in text.splitlines() if line.strip()]
    things = head.split()
    return {row[:_NAMES].strip(): dict(zip(things, row[_NAMES:].split(), strict=True)) for row in rows}


_NAMES = 24
"""Letters of a table's first column."""
TABLES: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    name: read_table(text)
    for name, text in {
        "open": OPEN, "work": WORK, "lift": LIFT, "begin": BEGIN, "gate": GATE, "break": BREAK, "citizen": CITIZEN,
        "raw": RAW, "report": REPORT, "channel": CHANNEL, "pause": PAUSE, "own": OWN, "lists": LISTS,
        "lookup": LOOKUP,
        "rule": RULE, "target": PAUSE,  # who is told of all channels concerns all, as the centre's channel does
    }.items()
}  # fmt: skip
