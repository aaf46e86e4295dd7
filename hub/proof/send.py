"""Proof of the way out: through kill -9 every answer leaves once, or is shown as uncertain and never leaves again.

The supervisor starts the real `torg serve`, agents that answer by the API, and a mail server with a ledger. It kills
the hub at each crash point with one answer under way, and at random moments with several. After each kill it notes
which deliveries had been handed over: those, and no others, must end as uncertain. Then it has the dead hub's leases
run out at once: a lease so short that a kill needn't wait for it would also run out under a hub that is only slow.
"""

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from http import HTTPStatus

from sqlalchemy import select, update

from hub import clock
from hub.access import login, person
from hub.channels import add
from hub.faults import SEND_POINTS
from hub.inbox import letterhead, municipality, queue
from hub.inbox.conversation import Conversation
from hub.inbox.delivery import Delivery
from hub.inbox.entry import Entry
from hub.proof import ledgers
from hub.proof.agents import Agents, Reply, ask
from hub.proof.faults import Victim, plan_kills
from hub.proof.installation import Installation, Where, fresh
from hub.proof.ledgers import Report, Sending
from hub.proof.misdeeds import DEEDS, PER_DEED, SinkProcess
from hub.proof.ports import free_ports
from hub.proof.source import Source, mails
from hub.settings import Settings
from hub.storage.unit import Unit

SWEEP = 0.25
"""Seconds, in place of the default."""
VISIBLE_SECONDS = 120
PATIENCE = 60.0
SETTLE_SECONDS = 240.0
_ANSWER_SECONDS = {"hang": 5.0}
"""How long the hub waits for a mail server that answers no more; for the others as long as by default."""
_QUIET_SECONDS = 4.0
"""In which a second copy would have left."""
_FINAL = ("sent", "uncertain", "failed")
_GOOD = "svara@granvik.example"
_CONVERSATIONS = 12
_MOST_AT_ONCE = 6
_PACE = 6_000
"""Mails a minute: slow enough that the turns count, and quick enough for a hundred kills."""

# Crash point -> (states the delivery may be found in after the kill, how it ends, its attempts, copies at the server).
EXPECTED: Mapping[str, tuple[frozenset[str], str, int, int]] = {
    "reply_written": (frozenset(), "sent", 1, 1),
    "reply_committed": (frozenset({"queued", "leased"}), "sent", 0, 1),  # 0: the outbox may have leased it meanwhile
    "leased": (frozenset({"leased"}), "sent", 2, 1),
    "connected": (frozenset({"leased"}), "sent", 2, 1),
    "handed_over": (frozenset({"handed_over"}), "uncertain", 1, 0),
    "accepted": (frozenset({"handed_over"}), "uncertain", 1, 1),
    "settled": (frozenset({"sent"}), "sent", 1, 1),
}


def prove(where: Where, kills: int, seed: int, say: Callable[[str], None]) -> Report:
    """Runs it, in a temporary folder and on an empty database."""
    rng = random.Random(seed)  # noqa: S311 - a run can be repeated by its seed
    web, *ports = free_ports(2 + len(DEEDS))
    settings = {"port": web, "undo_seconds": 0, "sweep_seconds": SWEEP, "parse_children": 1}  # it starts often
    with fresh(where, settings) as installation, ExitStack() as stack:
        sinks = [SinkProcess(installation.folder, installation.environment, deed) for deed in (None, *DEEDS)]
        for sink in sinks:
            stack.callback(sink.stop)
        token = installation.write(_set_up, installation, ports, [sink.port for sink in sinks])
        victim = Victim(installation.folder, installation.environment, web)
        stack.callback(victim.stop)
        victim.start()
        _write_to_it(installation, victim, ports, rng)
        run = Run(rng, installation, victim, sinks, token, say)
        run.lives(plan_kills(rng, kills, SEND_POINTS))
        run.misbehave()
        return run.report()


class Run:
    """The lives of one hub. `injected`: deliveries handed over when it was killed, or by a misdeed."""

    def __init__(
        self,
        rng: random.Random,
        installation: Installation,
        victim: Victim,
        sinks: Sequence[SinkProcess],
        token: str,
        say: Callable[[str], None],
    ) -> None:
        self.hits: Counter[str] = Counter()
        self.injected: set[int] = set()
        self.findings: list[str] = []
        self.restart = self.longest = 0.0
        self._rng, self._installation, self._victim = rng, installation, victim
        self._sinks, self._token, self._say = sinks, token, say
        self._number = 0
        self._given: list[Reply] = []
        self._by_address = installation.read(_conversations)
        self._answers: dict[str, int] = {}

    def lives(self, plan: Sequence[str | None]) -> None:
        """One life a kill; before each, all that the last one left has come to its end."""
        for number, point in enumerate(plan, 1):
            if point is None:
                self._at_random()
            else:
                self._at(point)
            if number % 20 == 0:
                self._say(f"{number} kills, {len(self._given)} answers")
        self._recover()

    def misbehave(self) -> None:
        """Answers to mail servers that refuse, hang and cut; an attempt that is put off is brought forward."""
        given = {deed: self._new(f"{deed.slug}@granvik.example", PER_DEED) for deed in DEEDS}
        with self._agents([each for replies in given.values() for each in replies]) as agents:
            agents.allow(agents.left)
            self._until(
                lambda: agents.idle and self._deliveries_rest(also=("deferred",)), "the misdeeds' first attempts"
            )
        found = self._by_reply()
        for deed, replies in given.items():
            for each in (found[reply.number] for reply in replies):
                expected = deed.first or deed.ends
                if each.state != expected or (expected in {"failed", "deferred"} and not each.reason):
                    self.findings.append(f"{deed.name}: {each.state} ({each.reason}) at first, not {expected}")
        self._installation.write(_bring_forward)
        self._until(self._deliveries_rest, "the misdeeds' second attempts")
        found = self._by_reply()
        for index, (deed, replies) in enumerate(given.items(), 1):
            refused = self._sinks[index].refused()
            for each in (found[reply.number] for reply in replies):
                copies = self._sinks[index].copies()[each.message_id]
                if (each.state, copies) != (deed.ends, deed.copies):
                    self.findings.append(f"{deed.name}: {each.state}, {copies} copies; not {deed.ends}, {deed.copies}")
                if deed.name == "after_dot=450" and refused.count(each.message_id) != 1:
                    self.findings.append(f"{deed.name}: the Message-ID of the refused attempt was another one")
                if deed.ends == "uncertain":
                    self.injected.add(each.id)
            self._answers[deed.name] = len(replies)

    def report(self) -> Report:
        """The ledgers compared: agents', database's and mail servers'."""
        time.sleep(_QUIET_SECONDS)
        every = ledgers.sendings(self._installation.storage)
        copies: Counter[str] = Counter()
        for sink in self._sinks:
            copies += sink.copies()
        entries = self._installation.read(_entries_of_people)
        known = {each.message_id for each in every.values()}
        uncertain = {each.id for each in every.values() if each.state == "uncertain"}
        lost = [
            f"answer {reply.number}: {entries[reply.text]} entries" for reply in self._given if not entries[reply.text]
        ]
        doubled = [
            f"answer {each.number}: {entries[each.text]} entries" for each in self._given if entries[each.text] > 1
        ]
        for each in every.values():
            taken = copies[each.message_id]
            if each.state not in _FINAL or (each.state == "sent" and taken == 0):
                lost.append(f"delivery {each.id}: {each.state}, {taken} copies")
            if taken > 1:
                doubled.append(f"delivery {each.id}: {each.state}, {taken} copies")
        foreign = [f"the mail servers have {one}, which nobody sent" for one in copies if one not in known]
        findings = [*self.findings, *lost, *doubled, *foreign]
        if len(every) != len(self._given):
            findings.append(f"{len(every)} deliveries for {len(self._given)} answers")
        findings += [f"delivery {one}: not uncertain, though handed over" for one in self.injected - uncertain]
        findings += [f"delivery {one}: uncertain, though nothing interrupted it" for one in uncertain - self.injected]
        findings += [f"the point {point} was never reached" for point in SEND_POINTS if not self.hits[point]]
        findings += self._not_shown(uncertain, every)
        default = Settings()
        by_lease = max(float(default.lease_seconds), self.restart)  # it runs while the hub starts again
        scaled = by_lease + default.sweep_seconds + max(0.0, self.longest - SWEEP)
        if scaled > VISIBLE_SECONDS:
            findings.append(f"an uncertain answer would be visible after {scaled:.0f} s only")
        figures = {
            "answers": len(self._given),
            "deliveries": len(every),
            "sent": sum(each.state == "sent" for each in every.values()),
            "failed, as planned": sum(each.state == "failed" for each in every.values()),
            "copies at the servers": copies.total(),
            "lost": len(lost),
            "doubled": len(doubled),
            "uncertain": len(uncertain),
            "  injected": len(self.injected),
            "  with one copy": sum(copies[every[one].message_id] for one in uncertain),
            f"  visible after its lease and a start (sweep {SWEEP} s)": f"{self.longest:.1f} s at most",
            f"  by default (lease {default.lease_seconds} s, sweep {default.sweep_seconds:g} s)": f"{scaled:.0f} s",
            "tried more than once": sum(each.attempt > 1 for each in every.values()),
            "kills": self._victim.kills,
            **{f"  at {point}": self.hits[point] for point in (*SEND_POINTS, "random")},
            **{f"  to a server with {name}": count for name, count in self._answers.items()},
        }
        return Report("send", figures, findings)

    def _at(self, point: str) -> None:
        """One answer under way, which the kill catches at the point; then what becomes of it."""
        self._recover()
        self._victim.stop()
        self._victim.start(point)
        self._victim.wait_until_open(self._victim.port)
        reply = self._new(_GOOD, 1)[0]
        with self._agents([reply]) as agents:
            agents.allow(1)
            if not self._victim.stands_within(PATIENCE):
                self.findings.append(f"{point}: the hub didn't come by")
            killed_at = self._kill(point)
            states, ends, attempts, copies = EXPECTED[point]
            left = self._by_reply().get(reply.number)
            if (left.state if left else None) not in (states or {None}):
                self.findings.append(f"{point}: found {left} after the kill")
            self._victim.start()
            self._victim.wait_until_open(self._victim.port)
            opened_at = time.monotonic()
            self._until(lambda: agents.idle and self._deliveries_rest(), f"recovery after {point}")
            if ends == "uncertain":
                self.restart = max(self.restart, opened_at - killed_at)
                self.longest = max(self.longest, time.monotonic() - opened_at)
        each = self._by_reply()[reply.number]
        taken = self._sinks[0].copies()[each.message_id]
        if each.state != ends or taken != copies or (attempts and each.attempt != attempts):
            self.findings.append(
                f"{point}: {each.state}, {taken} copies, {each.attempt} attempts; not {ends}, {copies}, {attempts}"
            )

    def _at_random(self) -> None:
        """Several answers at once, and the kill somewhere among them."""
        self._recover()
        with self._agents(self._new(_GOOD, self._rng.randrange(1, _MOST_AT_ONCE + 1))) as agents:
            agents.allow(agents.left)
            time.sleep(self._rng.uniform(0, self._rng.choice((0.03, 0.08, 0.25))))
            self._kill("random")
            self._recover(agents)

    def _kill(self, point: str) -> float:
        killed_at = self._victim.kill()
        self.hits[point] += 1
        self._until(self._installation.hub_has_left, "the database to notice")
        for each in ledgers.sendings(self._installation.storage).values():
            if each.state == "handed_over":
                self.injected.add(each.id)
        self._installation.write(_let_leases_run_out)
        return killed_at

    def _recover(self, agents: Agents | None = None) -> None:
        if not self._victim.lives:
            self._victim.start()
        self._until(lambda: (agents is None or agents.idle) and self._deliveries_rest(), "recovery")

    def _deliveries_rest(self, also: Sequence[str] = ()) -> bool:
        return self._installation.read(_states) <= {*_FINAL, *also}

    def _until(self, reached: Callable[[], bool], what: str) -> None:
        until = time.monotonic() + SETTLE_SECONDS
        while not reached():
            self._victim.require_life()
            if time.monotonic() > until:
                raise RuntimeError(f"{what}: not within {SETTLE_SECONDS:g} s\n{self._victim.last_words()}")
            time.sleep(0.02)

    def _new(self, address: str, count: int) -> list[Reply]:
        made = []
        for _ in range(count):
            conversation_id = self._rng.choice(self._by_address[address])
            made.append(Reply(self._number, conversation_id, f"Svar nummer {self._number:06d}."))
            self._number += 1
        self._given += made
        return made

    @contextmanager
    def _agents(self, replies: Sequence[Reply]) -> Iterator[Agents]:
        agents = Agents(self._installation.folder / "agents.jsonl", self._victim.port, self._token, replies)
        try:
            yield agents
        finally:
            agents.stop()

    def _by_reply(self) -> dict[int, Sending]:
        """Deliveries by the number of the answer they are of."""
        by_entry = {each.entry_id: each for each in ledgers.sendings(self._installation.storage).values()}
        numbers = self._installation.read(_numbers)
        return {number: by_entry[entry_id] for entry_id, number in numbers.items() if entry_id in by_entry}

    def _not_shown(self, uncertain: set[int], every: Mapping[int, Sending]) -> Iterator[str]:
        """What an agent doesn't see as uncertain in the timeline, by the API."""
        shown: set[int] = set()
        for conversation_id in {every[one].conversation_id for one in uncertain}:
            after: str | None = ""
            while after is not None:
                path = f"/api/v1/conversations/{conversation_id}/timeline?limit=200" + (
                    f"&after={after}" if after else ""
                )
                status, body = ask(self._victim.port, "GET", path, self._token)
                page = json.loads(body)
                if status != HTTPStatus.OK:
                    yield f"the timeline of {conversation_id} answers {status}"
                    break
                lines = [line for entry in page["items"] for line in entry["deliveries"]]
                shown |= {int(line["id"]) for line in lines if line["state"] == "uncertain" and line["reason"]}
                after = page["next"]
        yield from (f"delivery {one}: the API doesn't show it as uncertain" for one in uncertain - shown)


def _set_up(unit: Unit, installation: Installation, ports: Sequence[int], sinks: Sequence[int]) -> str:
    """A channel in and one out for each mail server; returns an agent's token."""
    place = municipality.add(unit, "granvik", "Granvik", "SE")
    queue.add(unit, {"sv": "Alla"}, [place])
    letterhead.put(unit, place, None, "{{agent}}\n{{queue}}, {{municipality}}", quotes=True)
    addresses = [_GOOD, *(f"{deed.slug}@granvik.example" for deed in DEEDS)]
    deeds = ("", *(deed.deed for deed in DEEDS))
    for address, port, sink, deed in zip(addresses, ports, sinks, deeds, strict=True):
        leaves: dict[str, object] = {"host": "127.0.0.1", "port": sink, "security": "none"}
        if deed in _ANSWER_SECONDS:
            leaves["timeout"] = _ANSWER_SECONDS[deed]
        _, config = add.prepare(unit, installation.registry, "smtp", leaves)
        out = add.add(unit, "smtp", f"Out {address}", config, place)
        out.per_minute = _PACE
        arrives = {"addresses": {address: "granvik/Alla"}, "port": port}
        _, config = add.prepare(unit, installation.registry, "smtp_in", arrives)
        add.add(unit, "smtp_in", f"In {address}", config, place, sends_by_id=out.id)
    agent = person.add(unit, "sara@granvik.example", "Sara")
    person.join(unit, agent, place, "agent")
    return login.add_token(unit, agent, "proof")


def _write_to_it(installation: Installation, victim: Victim, ports: Sequence[int], rng: random.Random) -> None:
    """Conversations to answer, by real mail."""
    addresses = [_GOOD, *(f"{deed.slug}@granvik.example" for deed in DEEDS)]
    for address, port in zip(addresses, ports, strict=True):
        victim.wait_until_open(port)
        count = _CONVERSATIONS if address == _GOOD else 2
        source = Source(installation.folder / "source.jsonl", port, mails(rng, count, [address]), connections=2)
        source.allow(count)
        until = time.monotonic() + SETTLE_SECONDS
        while not (source.idle and ledgers.waiting(installation.storage) == 0):
            victim.require_life()
            if time.monotonic() > until:
                raise RuntimeError(f"the mails to answer weren't read:\n{victim.last_words()}")
            time.sleep(0.02)
        source.stop()


def _conversations(unit: Unit) -> dict[str, list[int]]:
    """By the address that was written to."""
    found: dict[str, list[int]] = {}
    for entry in unit.all(select(Entry).join(Conversation, Conversation.id == Entry.conversation_id)):
        found.setdefault(entry.body["address"], []).append(entry.conversation_id)
    return found


def _entries_of_people(unit: Unit) -> Counter[str]:
    return Counter(unit.all(select(Entry.text).where(Entry.author_kind == "person")))


def _numbers(unit: Unit) -> dict[int, int]:
    """Entry -> number of the answer."""
    rows = unit.rows(select(Entry.id, Entry.text).where(Entry.author_kind == "person"))
    return {row.id: int(row.text.rstrip(".").rpartition(" ")[2]) for row in rows}


def _states(unit: Unit) -> set[str]:
    """That deliveries are in."""
    return set(unit.all(select(Delivery.state).distinct()))


def _let_leases_run_out(unit: Unit) -> None:
    """Of whoever has them: no hub lives that does."""
    leased = Delivery.state.in_(("leased", "handed_over"))
    unit.change(update(Delivery).where(leased).values(lease_until=clock.now() - 1))


def _bring_forward(unit: Unit) -> None:
    """The pause before the next attempt is over. The outbox sees it at its next sweep."""
    unit.change(update(Delivery).where(Delivery.state == "deferred").values(not_before=clock.now()))
