"""Auditing: who looked, how lookups are used, and what a citizen is told of it, for every route and page.

What concerns one citizen is told for a reason alone, and so is what leaves as a file: both are in the audit first.
"""

from collections.abc import AsyncIterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import select

from hub import clock
from hub.access import policy
from hub.access.audit import log_act
from hub.access.person import Actor, Membership, Person
from hub.contract import Subject
from hub.edge.desk import Desk
from hub.errors import Invalid, NotFound
from hub.inbox.municipality import Municipality
from hub.inbox.queries import PersonName, shown_id
from hub.lookups import definition
from hub.lookups import health as healths
from hub.lookups import report as reports
from hub.lookups import use as uses
from hub.lookups.health import LookupHealth
from hub.lookups.looked import Line, Wanted, lines
from hub.lookups.question import asked_about
from hub.lookups.report import Report
from hub.lookups.use import LookupUse
from hub.storage.unit import Unit

ALARMS_SHOWN = 3
ALARMS_FOR = 14 * clock.DAY
"""How long an alarm stands on top of the auditor's page."""
LEAST_REASON, MOST_REASON = 10, 500
_DIGITS = range(8, 13)
_PART = 500


class Whom(Struct, frozen=True):
    """Whose report: a citizen's row, or an identity number in a municipality."""

    citizen_id: int | None = None
    municipality_id: int | None = None
    number: str = ""


def asked(unit: Unit, actor: Actor, wanted: Wanted) -> tuple[Sequence[Line], str | None]:
    """Questions and reveals of where this person audits, newest first. Raises Invalid for one that isn't theirs."""
    return lines(unit, audited(actor, wanted.municipality_id), wanted)


def alarms(unit: Unit, actor: Actor) -> Sequence[Line]:
    """The newest of the last days: stopped, about somebody protected, or answered about somebody else."""
    since = clock.now() - ALARMS_FOR
    return lines(unit, audited(actor), Wanted(ended="alarm", since=since, limit=ALARMS_SHOWN))[0]


def audited(actor: Actor, wanted: int | None = None) -> Sequence[int]:
    """Where this person audits, or the one of them that is wanted. Raises Invalid."""
    own = [each for each in sorted(actor.municipality_ids) if policy.audits(actor, each)]
    if wanted is not None and wanted not in own:
        raise Invalid("municipality", "this is no municipality that you audit")
    return own if wanted is None else [wanted]


def people(unit: Unit, actor: Actor) -> Sequence[PersonName]:
    """Who may have asked: those who work, or worked, where this person audits; by name."""
    query = (
        select(Person.id, Person.name)
        .join(Membership, Membership.person_id == Person.id)
        .where(Membership.municipality_id.in_(audited(actor)), Membership.role.in_(policy.WORKERS))
        .distinct()
        .order_by(Person.name, Person.id)
    )
    return [PersonName(str(row.id), row.name) for row in unit.rows(query)]


def names(unit: Unit, actor: Actor) -> Mapping[str, Mapping[str, str]]:
    """What lookups are called, by name, where this person sees their use."""
    own = [each for each in sorted(actor.municipality_ids) if policy.sees_use(actor, each)]
    return {row.name: row.definition["title"] for each in own for row in reversed(definition.all_of(unit, each))}


def used(unit: Unit, actor: Actor, days: int) -> Sequence[LookupUse]:
    """Each lookup of the municipalities where this person sees their use: a department's people those of theirs."""
    own = [each for each in sorted(actor.municipality_ids) if policy.sees_use(actor, each)]
    found = []
    for here in own:
        departments = definition.departments(unit, here)
        used_here = uses.use(unit, here, days)
        found += [each for each in used_here if policy.sees_lookup(actor, here, departments.get(each.name))]
    return found


def health(unit: Unit, actor: Actor) -> Sequence[LookupHealth]:
    """How the systems do that lookups ask: for IT of a municipality all of it, for departments theirs."""
    found = []
    for here in sorted(actor.municipality_ids):
        runs = policy.runs_channels(actor, here)
        if runs or policy.sees_use(actor, here):
            departments = definition.departments(unit, here)
            each_here = healths.health(unit, here)
            found += [one for one in each_here if runs or policy.sees_lookup(actor, here, departments.get(one.name))]
    return found


def report(unit: Unit, actor: Actor, whom: Whom, reason: str, source: str) -> Report:
    """Who looked this citizen up. That somebody asked, and why, is in the audit. Raises NotFound, Invalid."""
    why = required_reason(reason)
    if whom.citizen_id is None:
        if whom.municipality_id is None:
            raise Invalid("municipality", "say in which municipality")
        (municipality_id,) = audited(actor, whom.municipality_id)
        require_number(whom.number)
    else:
        municipality_id = reports.municipality_of(unit, whom.citizen_id)
        if not policy.audits(actor, municipality_id) or whom.municipality_id not in {None, municipality_id}:
            raise NotFound("There is no such citizen.")
    found = reports.report(unit, municipality_id, whom.citizen_id, whom.number)
    log_report(unit, actor, found, whom.number, why, source)
    return found


def log_report(unit: Unit, by: Actor | None, found: Report, number: str, why: str, source: str) -> None:
    """In the audit, by the unit that makes it: about each row of the citizen's, or about the number that nobody has."""
    here = int(found.municipality_id)
    about = [("citizen", int(each)) for each in found.citizens]
    shown = f", {found.reveals} shown in clear" if found.reveals else ""
    for subject in about or [asked_about(unit, here, Subject("identity", number))]:
        log_act(
            unit, "audit.report", by, municipality_id=here, subject=subject, purpose=why, source=source,
            outcome=f"{found.questions} questions{shown}",
        )  # fmt: skip


async def exported(desk: Desk, wanted: Wanted, reason: str, source: str) -> AsyncIterator[Sequence[Line]]:
    """All that a list has, part by part; that it leaves is in the audit of each municipality first. Raises Invalid."""
    why = required_reason(reason)
    await desk.write(_log_export, wanted, why, source)
    return _parts(desk, wanted)


def required_reason(reason: str) -> str:
    """Raises Invalid."""
    said = reason.strip()
    if not LEAST_REASON <= len(said) <= MOST_REASON or " " not in said or "\0" in said:
        raise Invalid("reason", "say in a sentence why you have to see it: it is kept in the audit")
    return said


def require_number(number: str) -> None:
    """Raises Invalid for what can't be an identity number."""
    digits = sum(sign.isdecimal() for sign in number)
    if digits not in _DIGITS or not all(sign.isalnum() or sign in " -+" for sign in number):
        raise Invalid("number", "write an identity number: 8 to 12 digits, a Swedish one with its century")


async def _parts(desk: Desk, wanted: Wanted) -> AsyncIterator[Sequence[Line]]:
    after: str | None = None
    while True:
        found, after = await desk.read(asked, replace(wanted, after=after, limit=_PART))
        yield found
        if after is None:
            return


def _log_export(unit: Unit, actor: Actor, wanted: Wanted, why: str, source: str) -> None:
    """With what it was narrowed to, but for words of purposes: they may name somebody."""
    said = {
        "lookup": wanted.lookup, "ended": wanted.ended, "person": shown_id(wanted.person_id),
        "conversation": shown_id(wanted.conversation_id), "since": clock.to_iso(wanted.since),
        "until": clock.to_iso(wanted.until), "words": "some" if wanted.words else None,
    }  # fmt: skip
    narrowed = ", ".join(f"{name} {value}" for name, value in said.items() if value) or "everything"
    for municipality_id in audited(actor, wanted.municipality_id):
        log_act(
            unit, "audit.export", actor, municipality_id=municipality_id, purpose=why, source=source, outcome=narrowed
        )


def places(unit: Unit, _: Actor) -> Mapping[str, tuple[str, str]]:
    """Name and timezone by id, of this person's municipalities."""
    return places_of(unit, unit.scope.municipalities or ())


def places_of(unit: Unit, municipalities: Sequence[int]) -> Mapping[str, tuple[str, str]]:
    """The same of these."""
    rows = unit.all(select(Municipality).where(Municipality.id.in_(municipalities)))
    return {str(row.id): (row.name, row.timezone) for row in rows}
