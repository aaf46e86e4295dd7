"""Microsoft Graph and its log-in on loopback, with a mailbox that people work in at the same time.

    with Graph() as graph:
        key = graph.post("inbox", mime)          # a mail arrives
        graph.misbehave("status", path="/delta", status=429, retry_after="2.128", times=1)
        graph.settings, graph.ledger, graph.sent

Shapes of answers, errors and headers are those of `samples/graph` (Microsoft's documentation) and, for what it leaves
out, of recorded answers in public issues: SyncStateNotFound (microsoft-graph-docs#2350), AADSTS errors (the list of
Microsoft's identity platform).
"""

from tests.stand_ins.graph.server import Graph

__all__ = ["Graph"]
