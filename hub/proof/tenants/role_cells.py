"""Cells of the matrix for what belongs to a role or to oneself, and for lists: by the same rules as in `cells`."""

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
department of parks     403    403   403     403    403    403      403
auditor                 403    403   403     403    403    403      403
auditor, reading token  403    403   403     403    403    403      403
admin                   403    403   403     403    403    403      403
agent of harbour        403    403   403     403    403    403      403
agent of Nesøy          403    403   403     403    403    403      403
it of Nesøy             404    404   404     404    404    ok       ok
department of Nesøy     403    403   403     403    403    403      403
auditor of Nesøy        403    403   403     403    403    403      403
agent of both           403    403   403     403    403    403      403
it of both              ok     ok    ok      ok     ok     ok       ok
"""

# A citizen's report of who looked them up: their auditor asks for it, whatever queue they wrote to, protected or not.
REPORT = """
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
it                      403    403   403     403    403    403      403
it, reading token       403    403   403     403    403    403      403
department              403    403   403     403    403    403      403
department of parks     403    403   403     403    403    403      403
auditor                 ok     ok    ok      ok     ok     404      404
auditor, reading token  403    403   403     403    403    403      403
admin                   403    403   403     403    403    403      403
agent of harbour        403    403   403     403    403    403      403
agent of Nesøy          403    403   403     403    403    403      403
it of Nesøy             403    403   403     403    403    403      403
department of Nesøy     403    403   403     403    403    403      403
auditor of Nesøy        404    404   404     404    404    ok       ok
agent of both           403    403   403     403    403    403      403
it of both              403    403   403     403    403    403      403
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
department of parks     403      403    403
auditor                 403      403    403
auditor, reading token  403      403    403
admin                   403      403    403
agent of harbour        403      403    403
agent of Nesøy          403      403    403
it of Nesøy             404      ok     ok
department of Nesøy     403      403    403
auditor of Nesøy        403      403    403
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
department of parks     403      403    403
auditor                 403      403    403
auditor, reading token  403      403    403
admin                   403      403    403
agent of harbour        403      403    403
agent of Nesøy          403      403    403
it of Nesøy             404      ok     403
department of Nesøy     403      403    403
auditor of Nesøy        403      403    403
agent of both           403      403    403
it of both              ok       ok     ok
"""

# What a municipality has set: its admins alone.
RULE = """
                        granvik  nesoy
nobody                  401      401
wrong token             401      401
ended token             401      401
expired token           401      401
disabled                401      401
no memberships          403      403
agent of waste          403      403
agent of care           403      403
agent of joint          403      403
agent of Granvik        403      403
lead of waste           403      403
lead of care            403      403
agent, once of Nesøy    403      403
agent, reading token    403      403
agent, writing token    403      403
it                      403      403
it, reading token       403      403
department              403      403
department of parks     403      403
auditor                 403      403
auditor, reading token  403      403
admin                   ok       404
agent of harbour        403      403
agent of Nesøy          403      403
it of Nesøy             403      403
department of Nesøy     403      403
auditor of Nesøy        403      403
agent of both           403      403
it of both              403      403
"""

# What a lookup is made of: its department, those who are of all of them, and auditors.
LOOKUP = """
                        granvik  parks  streets  nesoy
nobody                  401      401    401      401
wrong token             401      401    401      401
ended token             401      401    401      401
expired token           401      401    401      401
disabled                401      401    401      401
no memberships          403      403    403      403
agent of waste          403      403    403      403
agent of care           403      403    403      403
agent of joint          403      403    403      403
agent of Granvik        403      403    403      403
lead of waste           403      403    403      403
lead of care            403      403    403      403
agent, once of Nesøy    403      403    403      403
agent, reading token    403      403    403      403
agent, writing token    403      403    403      403
it                      403      403    403      403
it, reading token       403      403    403      403
department              ok       ok     ok       404
department of parks     404      ok     404      404
auditor                 ok       ok     ok       404
auditor, reading token  403      403    403      403
admin                   403      403    403      403
agent of harbour        403      403    403      403
agent of Nesøy          403      403    403      403
it of Nesøy             403      403    403      403
department of Nesøy     404      404    404      ok
auditor of Nesøy        404      404    404      ok
agent of both           403      403    403      403
it of both              403      403    403      403
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
department of parks     ok     404
auditor                 ok     404
auditor, reading token  403     403
admin                   ok     404
agent of harbour        404    ok
agent of Nesøy          404    ok
it of Nesøy             404    ok
department of Nesøy     404    ok
auditor of Nesøy        404    ok
agent of both           ok     ok
it of both              ok     ok
"""

# Lists: one cell each. What stands in them is held against OPEN, CITIZEN, RAW and CHANNEL. To take the next one: 404
# for whom nothing waits that they may open.
LISTS = """
                        anyone  person  read  it   take  write  audit  use  admin
nobody                  ok      401     401   401  401   401    401    401  401
wrong token             ok      401     401   401  401   401    401    401  401
ended token             ok      401     401   401  401   401    401    401  401
expired token           ok      401     401   401  401   401    401    401  401
disabled                ok      401     401   401  401   401    401    401  401
no memberships          ok      ok      ok    403  404   ok     403    403  403
agent of waste          ok      ok      ok    403  ok    ok     403    403  403
agent of care           ok      ok      ok    403  ok    ok     403    403  403
agent of joint          ok      ok      ok    403  ok    ok     403    403  403
agent of Granvik        ok      ok      ok    403  ok    ok     403    403  403
lead of waste           ok      ok      ok    403  ok    ok     403    403  403
lead of care            ok      ok      ok    403  ok    ok     403    403  403
agent, once of Nesøy    ok      ok      ok    403  ok    ok     403    403  403
agent, reading token    ok      ok      ok    403  403   403    403    403  403
agent, writing token    ok      ok      403   403  403   403    403    403  403
it                      ok      ok      ok    ok   404   ok     403    403  403
it, reading token       ok      ok      ok    403  403   403    403    403  403
department              ok      ok      ok    403  404   ok     403    ok   403
department of parks     ok      ok      ok    403  404   ok     403    ok   403
auditor                 ok      ok      ok    403  404   ok     ok     ok   403
auditor, reading token  ok      ok      ok    403  403   403    403    403  403
admin                   ok      ok      ok    403  404   ok     403    403  ok
agent of harbour        ok      ok      ok    403  ok    ok     403    403  403
agent of Nesøy          ok      ok      ok    403  ok    ok     403    403  403
it of Nesøy             ok      ok      ok    ok   404   ok     403    403  403
department of Nesøy     ok      ok      ok    403  404   ok     403    ok   403
auditor of Nesøy        ok      ok      ok    403  404   ok     ok     ok   403
agent of both           ok      ok      ok    403  ok    ok     403    403  403
it of both              ok      ok      ok    ok   404   ok     403    403  403
"""
