"""Person: one of ours. What they may do follows from memberships: a role in a municipality, perhaps in one queue."""

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, mapped_column

from hub import clock
from hub.errors import Invalid
from hub.inbox.municipality import Municipality
from hub.storage.base import Row, same_municipality
from hub.storage.unit import Unit

ROLES = ("agent", "lead", "it", "department", "auditor", "admin")


class Person(Row):
    """`password`: an argon2 hash, loaded only where it is checked. `disabled_at`: from then on nothing works.

    `phone`: their extension or number, as the exchange calls them.
    """

    __tablename__ = "person"
    name: Mapped[str]
    email: Mapped[str] = mapped_column(unique=True)
    language: Mapped[str]
    password: Mapped[str | None] = mapped_column(deferred=True)
    disabled_at: Mapped[int | None]
    phone: Mapped[str | None]


class Membership(Row):
    """`queue_id` None: the whole municipality's, as far as the role goes. `department_id`: likewise, of the role
    department alone."""

    __tablename__ = "membership"
    __table_args__ = (same_municipality("department_id", "department"),)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    municipality_id: Mapped[int] = mapped_column(ForeignKey("municipality.id"))
    role: Mapped[str]
    queue_id: Mapped[int | None] = mapped_column(ForeignKey("queue.id"))
    department_id: Mapped[int | None]
    since: Mapped[int]
    until: Mapped[int | None]


class Held(Struct, frozen=True):
    """A membership that is live now."""

    municipality_id: int
    role: str
    queue_id: int | None
    department_id: int | None = None


class Actor(Struct, frozen=True):
    """A person as they act in one request: id, name and live memberships, frozen. `grants`: the token's scopes."""

    id: int
    name: str
    email: str
    language: str
    memberships: tuple[Held, ...]
    grants: frozenset[str]

    @property
    def municipality_ids(self) -> frozenset[int]:
        """Municipalities where they have any role."""
        return frozenset(held.municipality_id for held in self.memberships)

    def holds(self, roles: Sequence[str], municipality_id: int, queue_id: int | None = None) -> bool:
        """Whether one of the roles is theirs here: in the whole municipality, or in this queue of it."""
        return any(
            held.role in roles and held.municipality_id == municipality_id and held.queue_id in {None, queue_id}
            for held in self.memberships
        )


def add(unit: Unit, email: str, name: str, language: str = "sv") -> Person:
    """A new person, without memberships or password."""
    email = email.strip().lower()
    local, at, domain = email.rpartition("@")
    if not (local and at and domain) or any(sign.isspace() for sign in email):
        raise Invalid("email", f"{email or 'nothing'} is not an e-mail address")
    if unit.first(select(Person).where(Person.email == email)):
        raise Invalid("email", f"there is a person {email} already")
    row = Person(name=name, email=email, language=language)
    unit.add(row)
    return row


def by_email(unit: Unit, email: str) -> Person:
    """Raises Invalid when there is none."""
    row = unit.first(select(Person).where(Person.email == email.strip().lower()))
    if row is None:
        raise Invalid("email", f"there is no person {email}: add them with torg person add")
    return row


def join(
    unit: Unit,
    person: Person,
    municipality: Municipality,
    role: str,
    queue_id: int | None = None,
    department_id: int | None = None,
) -> Membership:
    """A membership from now on."""
    if role not in ROLES:
        raise Invalid("role", f"role is one of {', '.join(ROLES)}")
    if department_id is not None and role != "department":
        raise Invalid("department", "a department is named for the role department alone")
    row = Membership(
        person_id=person.id,
        municipality_id=municipality.id,
        role=role,
        queue_id=queue_id,
        department_id=department_id,
        since=clock.now(),
    )
    unit.add(row)
    return row


def actor(unit: Unit, person_id: int, grants: frozenset[str]) -> Actor | None:
    """The person with the memberships that are live now; None when disabled or gone."""
    person = unit.get(Person, person_id)
    if person is None or person.disabled_at is not None:
        return None
    now = clock.now()
    live = unit.all(
        select(Membership).where(
            Membership.person_id == person_id,
            Membership.since <= now,
            (Membership.until.is_(None)) | (Membership.until > now),
        )
    )
    held = tuple(Held(row.municipality_id, row.role, row.queue_id, row.department_id) for row in live)
    return Actor(person.id, person.name, person.email, person.language, held, grants)
