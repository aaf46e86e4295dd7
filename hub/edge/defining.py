"""Defining: a department's lookups as those see them who made them or watch over them: what each says, its versions,
and in what one differs from another. Whose it is not, is told that there is none.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from difflib import SequenceMatcher
from itertools import groupby
from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import select

from hub.access import policy
from hub.access.person import Actor, Person
from hub.contract.lookup import Shows
from hub.errors import NotFound
from hub.inbox.department import Department
from hub.inbox.queries import shown, shown_id
from hub.inbox.topic import Topic
from hub.lookups import definition
from hub.lookups.definition import DRAFT, Declared, Lookup
from hub.lookups.file import write
from hub.plugin_host.registry import Registry
from hub.storage.base import Words
from hub.storage.unit import Unit

Sign: TypeAlias = Literal["same", "gone", "new"]


class MadeLine(Struct, frozen=True):
    """One of them. `version`: the one that is asked now, null: none is. `draft`: draft | waiting, null: there is none.

    `department`: its name by language, null: no department's own. `topics_wait`: some are to ask it, once its
    owner agrees.
    """

    municipality_id: str
    name: str
    title: Words
    kind: str
    department: Words | None
    owner: str | None
    version: int | None
    draft: str | None
    saved_at: datetime | None
    topics_wait: bool = False


class VersionLine(Struct, frozen=True):
    """One of its versions; 0: the draft. Who saved and who approved it, by name: null where it was by a command."""

    number: int
    state: str
    saved_at: datetime | None
    saved_by: str | None
    approved_by: str | None


class Made(Struct, frozen=True):
    """One with its versions, the draft first, then the newest. `text`: the one that is looked at, as a file.

    `may_change`: whoever looks makes it, too. `title`, `shows`, `answers`, `says_whom`: of its kind of source, as far
    as its settings don't say otherwise. `token`: of what is looked at; `newest`: the draft's, or that of the version
    that is asked, for If-Match. `columns`: names that its source was found to have.
    """

    line: MadeLine
    may_change: bool
    versions: Sequence[VersionLine]
    number: int
    declared: Declared
    secrets: Sequence[str]
    text: str
    title: str
    shows: Shows
    answers: Sequence[str]
    says_whom: bool
    token: str
    newest: str
    columns: Sequence[str] = ()


class Difference(Struct, frozen=True):
    """A line of the file: in both, only in the older one, only in the newer one."""

    sign: Sign
    text: str


def made(unit: Unit, actor: Actor) -> Sequence[MadeLine]:
    """All whose department this person is of, or that they audit; by municipality and name."""
    own = [each for each in sorted(actor.municipality_ids) if policy.sees_use(actor, each)]
    rows = [row for here in own for row in definition.all_of(unit, here)]
    names = _Names(unit, rows)
    return [
        _line(names, versions)
        for _, group in groupby(rows, lambda row: (row.municipality_id, row.name))
        if policy.sees_lookup(actor, (versions := list(group))[0].municipality_id, versions[0].department_id)
    ]


def one(
    unit: Unit, actor: Actor, municipality_id: int, name: str, registry: Registry, number: int | None = None
) -> Made:
    """With the version of that number; without one its draft, or the one that is asked. Raises NotFound."""
    rows = seen(unit, actor, municipality_id, name)
    row = _of_number(rows, number)
    names = _Names(unit, rows)
    cls = registry.lookups.get(row.definition["kind"])
    ordered = sorted(rows, key=lambda each: (each.version != DRAFT, -each.version))
    return Made(
        _line(names, rows),
        policy.makes_lookup(actor, municipality_id, rows[0].department_id),
        [
            VersionLine(
                each.version,
                each.state,
                shown(each.saved_at),
                names.of(each.saved_by_id),
                names.of(each.approved_by_id),
            )
            for each in ordered
        ],
        row.version,
        definition.declared_of(row),
        sorted(definition.secret_names(unit.keys, row)),
        _text(row, names, registry),
        cls.title if cls is not None else row.definition["kind"],
        cls.shows if cls is not None else "fields",
        sorted(cls.answers) if cls is not None else (),
        cls.says_whom if cls is not None else True,
        str(row.id),
        str(_of_number(rows, None).id),
        row.definition.get("columns", ()),
    )


def kinds(registry: Registry) -> Mapping[str, str]:
    """What sources are called, by kind."""
    return {kind: cls.title for kind, cls in registry.lookups.items()}


def compared(
    unit: Unit, actor: Actor, municipality_id: int, name: str, registry: Registry, older: int, newer: int
) -> Sequence[Difference]:
    """Line by line, as files. Raises NotFound."""
    rows = seen(unit, actor, municipality_id, name)
    names = _Names(unit, rows)
    before, after = (_text(_of_number(rows, each), names, registry).splitlines() for each in (older, newer))
    found: list[Difference] = []
    # Whole lines: difflib's own comparing of lines within took minutes for some hundred that are much alike.
    for sign, here, end, there, until in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if sign == "equal":
            found += [Difference("same", line) for line in before[here:end]]
        else:
            found += [Difference("gone", line) for line in before[here:end]]
            found += [Difference("new", line) for line in after[there:until]]
    return found


def seen(unit: Unit, actor: Actor, municipality_id: int, name: str) -> Sequence[Lookup]:
    """Its rows, the newest first and the draft last. Raises NotFound."""
    rows = [*definition.versions(unit, municipality_id, name)]
    draft = definition.draft(unit, municipality_id, name)
    rows += [draft] if draft is not None else []
    if not rows or not policy.sees_lookup(actor, municipality_id, rows[0].department_id):
        raise NotFound("There is no such lookup.")
    return rows


class _Names:
    """Of people and departments that these rows name."""

    def __init__(self, unit: Unit, rows: Sequence[Lookup]) -> None:
        people = {each for row in rows for each in (row.owner_id, row.saved_by_id, row.approved_by_id)} - {None}
        self._people = dict(unit.rows(select(Person.id, Person.name).where(Person.id.in_(people)))) if people else {}
        departments = {row.department_id for row in rows} - {None}
        query = select(Department.id, Department.words).where(Department.id.in_(departments))
        self._departments: dict[int, Words] = dict(unit.rows(query)) if departments else {}
        homes = {row.municipality_id for row in rows}
        asking = unit.rows(select(Topic.municipality_id, Topic.waiting).where(Topic.municipality_id.in_(homes)))
        self._waiting = {(home, name) for home, names in asking for name in names} if homes else set()

    def of(self, person_id: int | None) -> str | None:
        return None if person_id is None else self._people.get(person_id)

    def topics_wait(self, row: Lookup) -> bool:
        return (row.municipality_id, row.name) in self._waiting

    def department(self, row: Lookup) -> Words | None:
        return None if row.department_id is None else self._departments.get(row.department_id)


def _line(names: _Names, rows: Sequence[Lookup]) -> MadeLine:
    """`rows`: the newest first, a draft last."""
    newest = rows[0]
    live = next((row.version for row in rows if row.state == "published"), None)
    draft = next((row.state for row in rows if row.version == DRAFT), None)
    latest = max((row.saved_at for row in rows if row.saved_at is not None), default=None)
    return MadeLine(
        municipality_id=str(shown_id(newest.municipality_id)),
        name=newest.name,
        title=newest.definition["title"],
        kind=newest.definition["kind"],
        department=names.department(newest),
        owner=names.of(newest.owner_id),
        version=live,
        draft=draft,
        saved_at=shown(latest),
        topics_wait=names.topics_wait(newest),
    )


def current(rows: Sequence[Lookup]) -> Lookup:
    """Its draft; without one the version that is asked, which is an older one after a roll-back; else the newest."""
    if rows[-1].version == DRAFT:
        return rows[-1]
    return next((row for row in rows if row.state == "published"), rows[0])


def _of_number(rows: Sequence[Lookup], number: int | None) -> Lookup:
    if number is None:
        return current(rows)
    found = next((row for row in rows if row.version == number), None)
    if found is None:
        raise NotFound("There is no such version of this lookup.")
    return found


def _text(row: Lookup, names: _Names, registry: Registry) -> str:
    declared = definition.declared_of(row)
    department = names.department(row)
    if department:
        declared = replace(declared, department=next(iter(department.values())))
    return write(declared, registry.lookups.get(declared.kind))
