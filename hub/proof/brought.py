"""Proof of the ways in by which no mail comes: calls, texts, forms and chats, through kill -9 at any moment.

As `ingest.py`, with a source that fits the channel: what it was told is taken is there, once, and as it was.
"""

import random
from collections.abc import Callable, Mapping, Sequence

from hub.proof import ledgers
from hub.proof.brought_ami import Ami
from hub.proof.brought_calls import Elks, Log, Webhook
from hub.proof.brought_words import Chats, Forms
from hub.proof.faults import Victim, plan_kills
from hub.proof.ingest import SETTINGS, Lives
from hub.proof.installation import Where, fresh
from hub.proof.ledgers import Report
from hub.proof.ports import free_ports
from hub.proof.way import Way

WAYS: Mapping[str, type[Way]] = {
    "phone_webhook": Webhook,
    "phone_log": Log,
    "asterisk_ami": Ami,
    "elks": Elks,
    "web_form": Forms,
    "web_chat": Chats,
}


def prove(where: Where, kills: int, count: int, seed: int, say: Callable[[str], None], kind: str) -> Report:
    """Runs it, in a temporary folder and on an empty database; `count` things come."""
    rng = random.Random(seed)  # noqa: S311 - a run can be repeated by its seed
    (web,) = free_ports(1)
    with fresh(where, {**SETTINGS, "port": web}) as installation:
        way = WAYS[kind](rng, count, installation, web)
        victim = Victim(installation.folder, installation.environment, web)
        source = way.source
        lives = Lives(installation, rng, victim, source, web, source.left // (kills + kills // 8 + 2), say)
        try:
            lives.lives(plan_kills(rng, kills, way.points))
            lives.drain()
        finally:
            source.stop()
            victim.stop()
        findings: Sequence[str] = way.findings(installation)
        quarantined, brought = ledgers.quarantined(installation.storage), source.acked
        if not source.idle or source.left:
            findings = [*findings, f"{brought} were taken, and more were brought"]
    findings = [*findings, *(f"the point {point} was never reached" for point in way.points if not lives.hits[point])]
    if quarantined:
        findings = [*findings, f"{quarantined} raw events are quarantined"]
    figures = {
        "brought": brought,
        "quarantined": quarantined,
        "kills": victim.kills,
        "kills of children": lives.children,
        **{f"  at {point}": lives.hits[point] for point in (*way.points, "random")},
    }
    return Report(f"ingest {kind}", figures, findings)
