"""The cells of the matrix, written by hand: a table for each kind of thing, a row for each caller.

`ok` stands for the route's own status. A thing that a person may not know of is 404; what they may know of but not do
is 403; what is there no more to be done, 409.
"""

from collections.abc import Mapping

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
auditor                 404    404   404     404    404    404      404
admin                   404    404   404     404    404    404      404
agent of harbour        404    404   404     404    404    ok       404
agent of Nesøy          404    404   404     404    404    ok       ok
it of Nesøy             404    404   404     404    404    404      404
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
auditor                 404    404   404     404    404    404      404
admin                   404    404   404     404    404    404      404
agent of harbour        404    404   404     404    404    ok       404
agent of Nesøy          404    404   404     404    404    ok       ok
it of Nesøy             404    404   404     404    404    404      404
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
auditor                 404    404   404     404    404    404      404
admin                   404    404   404     404    404    404      404
agent of harbour        404    404   404     404    404    409      404
agent of Nesøy          404    404   404     404    404    409      409
it of Nesøy             404    404   404     404    404    404      404
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
auditor                 404    404   404     404    404    404      404
admin                   404    404   404     404    404    404      404
agent of harbour        404    404   404     404    404    ok       404
agent of Nesøy          404    404   404     404    404    ok       ok
it of Nesøy             404    404   404     404    404    404      404
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
auditor                 404    404   404     404    404    404      404
admin                   404    404   404     404    404    404      404
agent of harbour        404    404   404     404    404    404      404
agent of Nesøy          404    404   404     404    404    404      404
it of Nesøy             404    404   404     404    404    404      404
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
auditor                 404    404   404     404    404    404      404
admin                   404    404   404     404    404    404      404
agent of harbour        404    404   404     404    404    404      404
agent of Nesøy          404    404   404     404    404    404      404
it of Nesøy             404    404   404     404    404    404      404
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
auditor                 404    404   404     404    404    404      404
admin                   404    404   404     404    404    404      404
agent of harbour        404    404   404     404    404    ok       ok
agent of Nesøy          404    404   404     404    404    ok       ok
it of Nesøy             404    404   404     404    404    404      404
agent of both           ok     ok    ok      ok     ok     ok       ok
it of both              404    404   404     404    404    404      404
"""

RAW = """
                        waste  care  secret  inner  joint  harbour  theirs
nobody                  401    401   401     401    401    401      401
wrong token             401    401   401     401    401    401      401
ended token             401    401   401     401    401    401      401
expired token           401    401   401     401    401    401      401
disabled                401    401   401     401    401    401      401
no memberships          403    403   403     403    403    403      403
agent of waste          403    403   403     403    403    403      403
agent of care           403    403   403     403    403    403      403
agent of joint          403    403   403     403    403    403      403
agent of Granvik        403    403   403     403    403    403      403
lead of waste           403    403   403     403    403    403      403
lead of care            403    403   403     403    403    403      403
agent, once of Nesøy    403    403   403     403    403    403      403
agent, reading token    403    403   403     403    403    403      403
agent, writing token    403    403   403     403    403    403      403
it                      ok     ok    ok      ok     ok     404      404
it, reading token       403    403   403     403    403    403      403
department              403    403   403     403    403    403      403
auditor                 403    403   403     403    403    403      403
admin                   403    403   403     403    403    403      403
agent of harbour        403    403   403     403    403    403      403
agent of Nesøy          403    403   403     403    403    403      403
it of Nesøy             404    404   404     404    404    ok       ok
agent of both           403    403   403     403    403    403      403
it of both              ok     ok    ok      ok     ok     ok       ok
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
lead of care            403      403    403
agent, once of Nesøy    403      403    403
agent, reading token    403      403    403
agent, writing token    403      403    403
it                      ok       404    ok
it, reading token       403      403    403
department              403      403    403
auditor                 403      403    403
admin                   403      403    403
agent of harbour        403      403    403
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
lead of care            403      403    403
agent, once of Nesøy    403      403    403
agent, reading token    403      403    403
agent, writing token    403      403    403
it                      ok       404    403
it, reading token       403      403    403
department              403      403    403
auditor                 403      403    403
admin                   403      403    403
agent of harbour        403      403    403
agent of Nesøy          403      403    403
it of Nesøy             404      ok     403
agent of both           403      403    403
it of both              ok       ok     ok
"""

# What is in one's own draft of a new message: theirs wherever they are a member, whatever they may begin there.
OWN = """
                        waste  harbour
nobody                  401    401
wrong token             401    401
ended token             401    401
expired token           401    401
disabled                401    401
no memberships          404    404
agent of waste          ok     404
agent of care           ok     404
agent of joint          ok     404
agent of Granvik        ok     404
lead of waste           ok     404
lead of care            ok     404
agent, once of Nesøy    ok     404
agent, reading token    403    403
agent, writing token    403    403
it                      ok     404
it, reading token       403    403
department              ok     404
auditor                 ok     404
admin                   ok     404
agent of harbour        404    ok
agent of Nesøy          404    ok
it of Nesøy             404    ok
agent of both           ok     ok
it of both              ok     ok
"""

# Lists: one cell each. What stands in them is held against OPEN, CITIZEN, RAW and CHANNEL. To take the next one: 404
# for whom nothing waits that they may open.
LISTS = """
                        anyone  person  read  it   take  write
nobody                  ok      401     401   401  401   401
wrong token             ok      401     401   401  401   401
ended token             ok      401     401   401  401   401
expired token           ok      401     401   401  401   401
disabled                ok      401     401   401  401   401
no memberships          ok      ok      ok    403  404   ok
agent of waste          ok      ok      ok    403  ok    ok
agent of care           ok      ok      ok    403  ok    ok
agent of joint          ok      ok      ok    403  ok    ok
agent of Granvik        ok      ok      ok    403  ok    ok
lead of waste           ok      ok      ok    403  ok    ok
lead of care            ok      ok      ok    403  ok    ok
agent, once of Nesøy    ok      ok      ok    403  ok    ok
agent, reading token    ok      ok      ok    403  403   403
agent, writing token    ok      ok      403   403  403   403
it                      ok      ok      ok    ok   404   ok
it, reading token       ok      ok      ok    403  403   403
department              ok      ok      ok    403  404   ok
auditor                 ok      ok      ok    403  404   ok
admin                   ok      ok      ok    403  404   ok
agent of harbour        ok      ok      ok    403  ok    ok
agent of Nesøy          ok      ok      ok    403  ok    ok
it of Nesøy             ok      ok      ok    ok   404   ok
agent of both           ok      ok      ok    403  ok    ok
it of both              ok      ok      ok    ok   404   ok
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
        "raw": RAW, "channel": CHANNEL, "pause": PAUSE, "own": OWN, "lists": LISTS,
    }.items()
}  # fmt: skip
