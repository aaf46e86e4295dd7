"""Audit: who did what that has to be answered for. Rows are only ever added; seals chain them.

A seal covers the rows from `first_id` to `last_id` of one municipality (or of the centre): an HMAC over them and over
the seal before. A flipped byte breaks its seal; a cut tail or a chain rewritten with the key misses the head that
somebody outside wrote down (`torg audit verify --head`).
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile

import msgspec
from sqlalchemy import ForeignKey, Index, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from hub import clock
from hub.access.person import Actor
from hub.access.reading import subject_key
from hub.inbox.municipality import Municipality
from hub.storage.base import Row, partial_index
from hub.storage.unit import Unit

SETTLE = 60 * clock.SECOND
"""Younger rows (microseconds) aren't sealed: an id is made before its commit, a slower unit may bring an older one."""
_GENESIS = "0" * 64
_BATCH = 1000
OF_LOOKUPS = ("lookup.ask", "lookup.answer", "lookup.reveal", "lookup.stopped")
"""Acts of a question to another system: indexes have these rows alone."""
_OF_LOOKUPS = f"act IN ({', '.join(map(repr, OF_LOOKUPS))})"
_ALARMS = "act = 'lookup.stopped' OR outcome IN ('another''s', 'of another', 'protected')"


class Audit(Row):
    """`subject_key`: keyed hash of what it was done to. No key to anything that may be erased."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_municipality", "municipality_id", "id"),
        # Who looked (hub.lookups.looked): all of them, by person, in a conversation, about one subject, the alarms.
        partial_index("ix_audit_lookups", "municipality_id", "id", where=_OF_LOOKUPS),
        partial_index("ix_audit_looked_by", "person_id", "id", where=_OF_LOOKUPS),
        partial_index(
            "ix_audit_looked_in", "conversation_id", "id", where=f"{_OF_LOOKUPS} AND conversation_id IS NOT NULL"
        ),
        partial_index("ix_audit_looked_at", "subject_key", "id", where=_OF_LOOKUPS),
        partial_index("ix_audit_alarms", "municipality_id", "id", where=_ALARMS),
    )
    municipality_id: Mapped[int | None] = mapped_column(ForeignKey("municipality.id"))
    at: Mapped[int]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    act: Mapped[str]
    subject_key: Mapped[str | None]
    purpose: Mapped[str | None]
    conversation_id: Mapped[int | None]
    source: Mapped[str]
    outcome: Mapped[str]


class AuditSeal(Row):
    """`digest` and `previous`: hex; the first one's previous is 64 zeroes."""

    __tablename__ = "audit_seal"
    # A chain doesn't fork: of two that seal at once, the second's unit is undone.
    __table_args__ = (
        Index("ix_audit_seal_chain", "municipality_id", "id"),
        UniqueConstraint("municipality_id", "previous", postgresql_nulls_not_distinct=True),
    )
    municipality_id: Mapped[int | None] = mapped_column(ForeignKey("municipality.id"))
    first_id: Mapped[int]
    last_id: Mapped[int]
    digest: Mapped[str]
    previous: Mapped[str]


class Finding(msgspec.Struct, frozen=True):
    """What is wrong with a chain, and where."""

    chain: str
    sentence: str


class Verdict(msgspec.Struct, frozen=True):
    """`heads`: the newest seal's digest of each chain, to write down outside; `unsealed`: rows too young for a seal."""

    rows: int
    seals: int
    unsealed: int
    heads: Mapping[str, str]
    findings: Sequence[Finding]


def log_act(
    unit: Unit,
    act: str,
    by: Actor | None,
    *,
    municipality_id: int | None = None,
    subject: tuple[str, int] | None = None,
    about: str | None = None,
    conversation_id: int | None = None,
    purpose: str | None = None,
    source: str = "api",
    outcome: str = "done",
) -> None:
    """One row, in the unit of what it tells of. `act`: noun.verb; `subject`: (kind, id); without it `about`: the
    subject's key, of an earlier row."""
    unit.add(
        Audit(
            municipality_id=municipality_id,
            at=clock.now(),
            person_id=by.id if by else None,
            act=act,
            subject_key=subject_key(unit, *subject) if subject else about,
            purpose=purpose,
            conversation_id=conversation_id,
            source=source,
            outcome=outcome,
        )
    )


def seal(unit: Unit, settle: int = SETTLE) -> int:
    """Seal the rows older than `settle` microseconds that no seal covers yet; returns how many seals it made."""
    made = 0
    youngest = clock.now() - settle
    # Not _chains: every minute, as this is asked, it would read through all there ever was.
    for chain in (None, *unit.all(select(Municipality.id).order_by(Municipality.id))):
        last = _last_seal(unit, chain)
        previous, after = (last.digest, last.last_id) if last else (_GENESIS, 0)
        for rows in _batches(unit, chain, after):
            # Up to the first that is too young: a row left out between two sealed ones could never be sealed.
            ripe = list(takewhile(lambda row: row.at <= youngest, rows))
            if not ripe:
                break
            previous = _digest(unit, previous, ripe)
            before = last.digest if last else _GENESIS
            last = AuditSeal(
                municipality_id=chain, first_id=ripe[0].id, last_id=ripe[-1].id, digest=previous, previous=before
            )
            unit.add(last)
            made += 1
            if len(ripe) < len(rows):
                break
    return made


def verify(unit: Unit, heads: Mapping[str, str]) -> Verdict:
    """Every seal against its rows and the one before; every chain against the head that was given for it."""
    findings: list[Finding] = []
    found: dict[str, str] = {}
    counted = {"rows": 0, "seals": 0, "unsealed": 0}
    chains = [_name(chain) for chain in _chains(unit)]
    for chain in _chains(unit):
        name, previous, after = _name(chain), _GENESIS, 0
        digests = {_GENESIS}
        for row in unit.all(select(AuditSeal).where(_of(AuditSeal, chain)).order_by(AuditSeal.id)):
            rows = _between(unit, chain, after, row.last_id)
            counted["rows"] += len(rows)
            counted["seals"] += 1
            expected = _digest(unit, previous, rows)
            if row.previous != previous or not rows or rows[0].id != row.first_id or expected != row.digest:
                findings.append(Finding(name, _what_differs(row, rows)))
            previous, after = row.digest, row.last_id
            digests.add(row.digest)
        if previous != _GENESIS:
            found[name] = previous
        counted["unsealed"] += len(_between(unit, chain, after, None))
        if name in heads and heads[name] not in digests:
            findings.append(
                Finding(
                    name,
                    f"the head {heads[name][:12]}… isn't in the chain: its tail was cut, or it was rewritten",
                )
            )
    findings += [Finding(name, "the chain is gone: all its rows were removed") for name in heads if name not in chains]
    return Verdict(counted["rows"], counted["seals"], counted["unsealed"], found, findings)


def _what_differs(seal_row: AuditSeal, rows: Sequence[Audit]) -> str:
    ids = f"{rows[0].id} to {rows[-1].id}" if rows else "none left"
    covers = f"seal {seal_row.id} (rows {seal_row.first_id} to {seal_row.last_id})"
    return f"{covers} doesn't fit its rows ({ids}): changed, added, removed or reordered"


def _digest(unit: Unit, previous: str, rows: Sequence[Audit]) -> str:
    # A MAC of row MACs would name the row; the seal's range of at most a thousand is near enough and half the work.
    said = [
        [
            row.id, row.municipality_id, row.at, row.person_id, row.act, row.subject_key,
            row.purpose, row.conversation_id, row.source, row.outcome,
        ]
        for row in rows
    ]  # fmt: skip
    return unit.keys.mac("audit", previous.encode() + msgspec.json.encode(said)).hex()


def _chains(unit: Unit) -> Sequence[int | None]:
    ids = {*unit.all(select(Audit.municipality_id).distinct()), *unit.all(select(AuditSeal.municipality_id).distinct())}
    return sorted(ids, key=lambda each: each or 0)


def _name(chain: int | None) -> str:
    return "centre" if chain is None else str(chain)


def _of(cls: type[Audit] | type[AuditSeal], chain: int | None):  # type: ignore[no-untyped-def]  # a SQL condition
    return cls.municipality_id.is_(None) if chain is None else cls.municipality_id == chain


def _last_seal(unit: Unit, chain: int | None) -> AuditSeal | None:
    return unit.first(select(AuditSeal).where(_of(AuditSeal, chain)).order_by(AuditSeal.id.desc()))


def _between(unit: Unit, chain: int | None, after: int, until: int | None) -> Sequence[Audit]:
    query = select(Audit).where(_of(Audit, chain), Audit.id > after).order_by(Audit.id)
    return unit.all(query if until is None else query.where(Audit.id <= until))


def _batches(unit: Unit, chain: int | None, after: int) -> Iterator[list[Audit]]:
    while rows := unit.all(select(Audit).where(_of(Audit, chain), Audit.id > after).order_by(Audit.id).limit(_BATCH)):
        yield list(rows)
        after = rows[-1].id
