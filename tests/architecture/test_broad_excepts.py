"""An error of unknown kind is a bug: only where one item is set aside, and the next goes on, may it be caught."""

import ast
from collections import Counter

from tests.architecture.source import ROOMS, sources

ALLOWED: dict[str, int] = {
    "connectors/asterisk_ami/listening.py": 1,  # the manager tells nothing twice: kept later, whatever was in the way
    "hub/contract/testing/send.py": 1,  # an author's connector may raise anything; the contract test names it
    "hub/contract/testing/lookup.py": 1,  # the same
    "hub/contract/testing/stage.py": 1,  # the same
    "hub/inbound/child.py": 1,  # a parser's bug: this raw event is quarantined
    "hub/inbound/listen.py": 1,  # a connector's bug: the other channels go on
    "hub/inbound/mended.py": 1,  # the same, of what it says anew: that event stays as it was, the others are replayed
    "hub/inbound/pull.py": 1,  # the same
    "hub/inbound/pipeline.py": 2,  # a bug in rows: each of the group alone, then that one is set aside
    "hub/inbound/receive.py": 2,  # the same, and its source is told that it wasn't kept
    "hub/storage/threads.py": 1,  # whatever went wrong there is told to who asked
    "hub/storage/durable.py": 1,  # what listens to commits: who waits for theirs has an answer all the same
    "hub/lookups/ask.py": 2,  # a lookup's bug: its question alone has no answer; a register's: nobody is shown
    "hub/lookups/sources.py": 1,  # a lookup's bug in what it can be asked by: the others of a conversation go on
    "hub/lookups/together.py": 1,  # of several questions in one unit each is told how it ended
    "hub/outbound/copies.py": 1,  # a connector's bug costs this copy only: the mail was sent
    "hub/outbound/deliver.py": 1,  # what happens after the point of no return leaves the delivery uncertain
    "hub/plugin_host/manager.py": 2,  # a plugin that can't be loaded is a red line, of one in a folder a finding
    "hub/proof/streams.py": 1,  # whatever a connector under proof ended with is a finding
    "hub/watch/round.py": 1,  # a bug in watching must not end what it watches over
    "hub/watch/tell.py": 1,  # a connector's bug: this notice is tried again, the others go on
    "hub/worker/arq_worker.py": 2,  # Redis and its client may fail as they like: the sweep goes on
}
"""File: how many."""
BROAD = {"Exception", "BaseException"}


def test_broad_excepts_are_listed() -> None:
    found = Counter(
        source.path
        for source in sources(*ROOMS)
        if source.names("Exception", "except:")
        for node in source.nodes
        if catches_all(node)
    )
    differing = {path: found[path] for path in found.keys() | ALLOWED if found[path] != ALLOWED.get(path)}
    assert not differing, f"Name what can go wrong there, or set ALLOWED right and say why in review: {differing}"


def catches_all(node: ast.AST) -> bool:
    """`except:`, `except Exception:`, in a tuple too, and `suppress(Exception)`."""
    match node:
        case ast.ExceptHandler(type=None):
            return True
        case ast.ExceptHandler(type=ast.Tuple(elts=kinds)):
            pass
        case ast.ExceptHandler(type=kind):
            kinds = [kind] if kind else []
        case ast.Call(func=function, args=kinds) if ast.unparse(function).endswith("suppress"):
            pass
        case _:
            return False
    return any(isinstance(kind, ast.Name) and kind.id in BROAD for kind in kinds)
