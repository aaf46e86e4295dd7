"""Who may reach past the walls between municipalities: each place by name, with its reason."""

import ast
from collections import defaultdict
from collections.abc import Iterator

from tests.architecture.source import ROOMS, Source, sources

EVERYTHING = {
    "hub/cli/demo.py": ["demo"],  # makes the municipalities it shows
    "hub/cli/demo_fill/fill.py": ["demo"],
    "hub/cli/installation.py": ["command line"],  # whoever runs commands may read database and key file anyway
    "hub/edge/filling.py": ["forms"],  # nobody is logged in: the form's address says whose it is
    "hub/edge/login.py": ["log-in", "log-in", "log-out"],  # whose scope it will be isn't known yet
    "hub/edge/person.py": ["log-in"],  # the same
    "hub/edge/session.py": ["session"],  # the same
    "hub/edge/on_duty.py": ["whose screens are open"],  # of several people together: a time, of each who asked
    "hub/edge/ringing.py": ["chats by the clock"],  # of all municipalities; whoever is rung reads as themselves
    "hub/edge/visits.py": ["chats"],  # signs of visitors' pages are written down together: times, nothing else
    "hub/edge/writing.py": ["taking back one's own"],  # who was shut out meanwhile; nothing of it is answered
    "hub/app.py": ["which channels strangers come to"],  # kinds of channels; no row of anybody's
    "hub/channels/renewing.py": ["secrets given anew"],  # channels are the centre's
    "hub/channels/trying.py": ["channel settings"],  # the same; whose they are was asked before
    "hub/inbound/calls.py": ["channel settings"],  # channels are the centre's
    "hub/inbound/follow.py": ["calls of a channel", "channel settings"],  # the same; names that its exchange gave
    "hub/inbound/pipeline.py": ["intake"],  # a group of mails is of several municipalities
    "hub/inbound/reconcile.py": ["channel settings"],  # channels are the centre's
    "hub/inbound/receive.py": ["intake", "intake"],  # a raw event has no municipality before it is read
    "hub/inbound/scan.py": ["files for the virus scanner"],  # of all; a scanner tells nobody what it saw
    "hub/live/topics.py": ["live"],  # where conversations lie; the policy decides for each listener
    "hub/outbound/connectors.py": ["channel settings"],  # channels are the centre's
    "hub/outbound/deliver.py": ["outbox"],  # deliveries of all are leased together
    "hub/proof/installation.py": ["proof"],  # compares whole databases with ledgers
    "hub/proof/ledgers.py": ["proof"],
    "hub/edge/running.py": ["channel settings"],  # channels are the centre's; after the policy was asked
    "hub/web/health.py": ["health", "metrics"],  # whether the database answers; numbers by kind
    "hub/watch/tell.py": ["watch over channels"],  # by the clock, of all; nothing of a citizen's is told
    "hub/worker/embedded.py": [  # all of them, by the clock
        "calls whose end was never told",
        "kept answers that are old",
        "pinned cards whose time is over",
        "seal the audit",
    ],
}
FILTERED_BY_HAND = {
    "hub/access/login.py": 1,  # who shows a token: of no municipality yet
    "hub/edge/on_duty.py": 1,  # of one person, whose duty is nobody's municipality's
    "hub/inbox/desk_list.py": 6,  # counts name their municipality; rows, stamps, topics are of ids a list gave
    "hub/inbox/queries.py": 2,  # counts name their municipality; lines are of ids that a filtered list gave
    "hub/lookups/beside.py": 3,  # of a conversation that the policy let through, in its municipality
    "hub/lookups/definition.py": 1,  # the same
    "hub/lookups/kept.py": 1,  # the same
    "hub/lookups/limits.py": 1,  # the same
}
"""Statements that go without the ORM's filter on SQLite: how many."""


def outside_storage(*words: str) -> Iterator[Source]:
    """Those that name one of the words."""
    return (each for each in sources(*ROOMS) if not each.path.startswith("hub/storage/") and each.names(*words))


def calls(source: Source, name: str) -> Iterator[ast.Call]:
    """Of a function or method with this name, however it is reached."""
    for node in source.nodes:
        if isinstance(node, ast.Call) and name in (getattr(node.func, "attr", ""), getattr(node.func, "id", "")):
            yield node


def test_the_scope_of_everything_is_taken_where_it_is_listed() -> None:
    found: dict[str, list[str]] = defaultdict(list)
    for source in outside_storage("everything"):
        for call in calls(source, "everything"):
            reason = call.args[0] if call.args else None
            assert isinstance(reason, ast.Constant), f"{source.path}:{call.lineno} Say the reason in words, there"
            found[source.path].append(str(reason.value))
    assert {path: sorted(reasons) for path, reasons in found.items()} == EVERYTHING, (
        "A person's unit runs in Scope.of(person). Where nobody's can, add the place and why it is safe"
    )


def test_no_scope_is_made_by_hand() -> None:
    made = [
        f"{source.path}:{call.lineno}"
        for source in outside_storage("Scope")
        for call in calls(source, "Scope")
        if ast.unparse(call.func) == "Scope" and source.path != "hub/proof/ledgers.py"  # asks as each municipality
    ]
    assert not made, f"Scope.of(person) or Scope.everything(reason): {made}"


def test_the_session_of_a_unit_stays_in_storage() -> None:
    taken = [
        f"{source.path}:{node.lineno}"
        for source in outside_storage("session")
        for node in source.nodes
        if isinstance(node, ast.Attribute)
        and node.attr in {"session", "_session"}
        and "unit" in ast.unparse(node.value)
    ]
    assert not taken, f"Use the unit's verbs, or give storage one more: {taken}"


def test_statements_without_the_filter_are_listed() -> None:
    found = {
        source.path: count
        for source in outside_storage("in_scope_already", "Prepared")
        if (
            count := sum(each.arg == "in_scope_already" for each in source.nodes if isinstance(each, ast.keyword))
            + len(list(calls(source, "Prepared")))
        )
    }
    assert found == FILTERED_BY_HAND


def test_the_programs_own_filter_is_never_off() -> None:
    """Only proofs and tests open storage without it, to see that PostgreSQL's wall stands alone."""
    off = [
        f"{source.path}:{node.value.lineno}"
        for source in outside_storage("filter_by_scope")
        for node in source.nodes
        if isinstance(node, ast.keyword) and node.arg == "filter_by_scope" and not source.path.startswith("hub/proof/")
    ]
    assert not off


def test_no_statement_gives_a_row_to_another_municipality() -> None:
    """The unit refuses it for rows of a municipality, once it runs; a move is close, copy and link."""
    given = [
        f"{source.path}:{call.lineno}"
        for source in outside_storage("municipality_id")
        for call in calls(source, "values")
        if "municipality_id" in {each.arg for each in call.keywords}
        or "'municipality_id'" in "".join(map(ast.unparse, call.args))
    ]
    assert not given
