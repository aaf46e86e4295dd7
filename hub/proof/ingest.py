"""Proof of the way in: through kill -9 at any moment every mail that a source was answered 250 for is there, once.

The supervisor starts the real `torg serve` and a mail source, kills the hub at each crash point and at random moments,
kills its children, starts it again, lets it drain, and compares the source's ledger with the database.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol

from hub.channels import add
from hub.faults import INGEST_POINTS, PULL_POINTS
from hub.inbox import municipality, queue
from hub.proof import ledgers
from hub.proof.faults import Victim, plan_kills
from hub.proof.installation import Installation, Where, fresh
from hub.proof.ledgers import Report
from hub.proof.mailbox_source import MailboxSource
from hub.proof.ports import free_ports
from hub.proof.source import Source, mails
from hub.storage.unit import Unit

ADDRESSES = {"kommunen@granvik.example": "granvik/Alla", "post@nesoy.example": "nesoy/Alla"}
SETTINGS = {"sweep_seconds": 0.5, "undo_seconds": 0}
PATIENCE = 60.0
"""Seconds to reach an armed point, before the kill counts as one at random and the point is tried again."""
_LOOK = 0.6
"""Seconds until it is seen whether all that came was read, and more is allowed."""
DRAIN_SECONDS = 300
_TELL_EVERY = 20
_CHILDREN_A_LIFE = 2
"""A mail that ends its child three times is set aside, and rightly: so two kills of children at most."""


POINTS = {"smtp_in": INGEST_POINTS, "imap": (*INGEST_POINTS, *PULL_POINTS)}
"""Kind of channel -> where the hub can be killed on its way in."""


def prove(
    where: Where, kills: int, messages: int, seed: int, say: Callable[[str], None], kind: str = "smtp_in"
) -> Report:
    """Runs it, in a temporary folder and on an empty database."""
    points = POINTS[kind]
    rng = random.Random(seed)  # noqa: S311 - a run can be repeated by its seed
    web, port = free_ports(2)
    with fresh(where, {**SETTINGS, "port": web}) as installation:
        victim = Victim(installation.folder, installation.environment, web)
        outgoing = mails(rng, messages, list(ADDRESSES))
        ledger = installation.folder / "source.jsonl"
        source: Source | MailboxSource
        if kind == "imap":
            source = MailboxSource(ledger, outgoing)
            port, opens = source.port, web
        else:
            source, opens = Source(ledger, port, outgoing), port
        installation.write(_set_up, installation, kind, port)
        run = Lives(installation, rng, victim, source, opens, messages // (kills + kills // 8 + 2), say)
        try:
            run.lives(plan_kills(rng, kills, points))
            run.drain()
        finally:
            source.stop()
            victim.stop()
        found = ledgers.arrivals(installation.storage, outgoing, installation.folder / "source.jsonl")
    findings = [*found.lost, *found.doubled, *found.foreign, *found.hidden]
    if found.quarantined:
        findings.append(f"{found.quarantined} mails are quarantined")
    findings += [f"the point {point} was never reached" for point in points if not run.hits[point]]
    figures = {
        "sent": found.sent,
        "attempts": found.attempts,
        "acked": found.acked,
        "raw": found.raw,
        "entries": found.entries,
        "searchable": messages - len(found.hidden),
        "conversations": found.conversations,
        "lost": len(found.lost),
        "doubled": len(found.doubled),
        "foreign": len(found.foreign),
        "quarantined": found.quarantined,
        "came again": found.came_again,
        "kills": victim.kills,
        "kills of children": run.children,
        **{f"  at {point}": run.hits[point] for point in (*points, "random")},
    }
    return Report("ingest", figures, findings)


class Feed(Protocol):
    """What is outside, and brings only as many as it was allowed to."""

    @property
    def acked(self) -> int: ...
    @property
    def left(self) -> int: ...
    @property
    def idle(self) -> bool: ...
    def allow(self, count: int) -> None: ...
    def stop(self) -> None: ...


class Lives:
    """The lives of one hub, and what ended them. `share`: mails, or events, that a life is given to begin with."""

    def __init__(
        self,
        installation: Installation,
        rng: random.Random,
        victim: Victim,
        source: Feed,
        port: int,
        share: int,
        say: Callable[[str], None],
    ) -> None:
        self.hits: Counter[str] = Counter()
        self.children = 0
        self._rng, self._victim, self._source, self._port, self._say = rng, victim, source, port, say
        self._installation = installation
        self._share = max(1, share)

    def lives(self, plan: Sequence[str | None]) -> None:
        """One life a kill. A point that wasn't reached is tried again, three times at most."""
        waiting = list(plan)
        missed: Counter[str] = Counter()
        while waiting:
            point = waiting.pop()
            self._source.allow(self._share)
            if point is None:
                self._at_random()
            elif not self._at(point):
                missed[point] += 1
                if missed[point] <= 3:  # noqa: PLR2004 - as said above
                    waiting.insert(0, point)
            if self._victim.kills % _TELL_EVERY == 0:
                self._say(f"{self._victim.kills} kills, {self._source.acked} taken")

    def drain(self) -> None:
        """All mails, without a kill, until everything that came has been read."""
        self._victim.start()
        self._source.allow(self._source.left)
        until = time.monotonic() + DRAIN_SECONDS
        while not self._all_is_read():
            self._victim.require_life()
            if time.monotonic() > until:
                self._say(f"it didn't drain in {DRAIN_SECONDS} s:\n{self._victim.last_words()}")
                return
            time.sleep(0.2)

    def _all_is_read(self) -> bool:
        return self._source.idle and ledgers.waiting(self._installation.storage) == 0

    def _at(self, point: str) -> bool:
        # Of a mailbox many mails come at once: it passes a point less often.
        self._victim.start(point, self._rng.randrange(4 if not isinstance(self._source, MailboxSource) else 2))
        self._victim.wait_until_open(self._port)
        until = time.monotonic() + PATIENCE
        reached = False
        while not reached and time.monotonic() < until:
            reached = self._victim.stands_within(_LOOK)
            if not reached and self._all_is_read():  # it passed the point, all of it
                self._source.allow(max(2, self._share // 4))
        self._victim.kill()
        self.hits[point if reached else "random"] += 1
        return reached

    def _at_random(self) -> None:
        self._victim.start()
        if self._rng.random() < 0.2:  # noqa: PLR2004 - some before it has come up
            time.sleep(self._rng.uniform(0, 1.0))
        else:
            self._victim.wait_until_open(self._port)
            for _ in range(self._rng.randrange(_CHILDREN_A_LIFE + 1)):
                time.sleep(self._rng.uniform(0, 0.2))
                self.children += self._victim.kill_a_child(self._rng)
            time.sleep(self._rng.uniform(0, 0.4))
        self._victim.kill()
        self.hits["random"] += 1


def _set_up(unit: Unit, installation: Installation, kind: str, port: int) -> None:
    for code, name, country in (("granvik", "Granvik", "SE"), ("nesoy", "Nesøy", "NO")):
        place = municipality.add(unit, code, name, country)
        queue.add(unit, {"sv": "Alla"}, [place])
    given: dict[str, object] = {"addresses": ADDRESSES, "port": port}
    if kind == "imap":
        given |= {
            "host": "127.0.0.1",
            "security": "none",
            "username": "a",
            "password": "b",
            "start": "all",
            "after": "flag",
        }
    _, config = add.prepare(unit, installation.registry, kind, given)
    add.add(unit, kind, "Mail in", config)
