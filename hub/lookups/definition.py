"""Definition of a lookup, in versions: one is published, those before it are kept and can be rolled back to."""

import base64
from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Any, Literal, TypeAlias, TypeVar, get_args

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace
from sqlalchemy import BigInteger, ForeignKey, UniqueConstraint, bindparam, select, update
from sqlalchemy.orm import Mapped, mapped_column

from hub import clock
from hub.contract import Config, Secret
from hub.errors import NotFound
from hub.inbox.department import by_name
from hub.storage.base import MunicipalityRow, Words, own, same_municipality
from hub.storage.keys import Keys
from hub.storage.prepared import Prepared
from hub.storage.types import Json
from hub.storage.unit import Unit

T = TypeVar("T")

_PURPOSE = "lookup-secrets"
DRAFT = 0
"""The version that nobody is asked by: a lookup has one draft at most."""


class Lookup(MunicipalityRow):
    """`state`: published | retired; of the version DRAFT draft | waiting, for its owner's approval. `definition`: what
    its file says, and BESIDE it its secrets as a cipher, and what its source was found to have.

    `owner_id`: who answers for it in its department, and approves what is shown to more people.
    """

    __tablename__ = "lookup"
    __table_args__ = (
        own(),
        UniqueConstraint("municipality_id", "name", "version"),
        same_municipality("department_id", "department"),
    )
    name: Mapped[str]
    version: Mapped[int]
    state: Mapped[str]
    definition: Mapped[Any] = mapped_column(Json)
    department_id: Mapped[int | None]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    saved_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    saved_at: Mapped[int | None]
    placed_at: Mapped[int | None]


BESIDE = frozenset({"secrets", "columns"})
"""Of a row's definition what no file says."""
Coverable: TypeAlias = Literal[
    "title", "issued", "due", "period", "total", "paid", "balance", "vat", "reference", "pay_to", "reminders",
    "reminded", "collector", "collector_case", "department", "contact", "facility", "payments", "deferred_to",
    "container", "size", "count", "frequency", "route", "past", "price_a_year", "kind", "applied", "officer", "steps",
    "missing", "decision", "text", "area", "summary", "fields", "link",
]  # fmt: skip
"""Fields that a card can do without."""
Maskable: TypeAlias = Literal[
    "fields", "reference", "pay_to", "collector", "collector_case", "department", "contact", "facility", "container",
    "frequency", "route", "officer", "text", "area", "summary",
]  # fmt: skip
"""Of these the ones that can be shown as dots until somebody asks to see them: texts, and lines of one's own."""
LINE = "fields."
"""Before the label of a line: `fields.Lock code` is that line alone, `fields` all of them."""


def _one_of(names: Sequence[str]) -> Meta:
    said = f"one of {', '.join(names)}, or {LINE}LABEL for a single line"
    return Meta(pattern=f"^(({'|'.join(names)})|fields\\..{{1,80}})$", description=said)


Covered: TypeAlias = Annotated[str, _one_of(get_args(Coverable))]
Masked: TypeAlias = Annotated[str, _one_of(get_args(Maskable))]


class Declared(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a file declares. `seconds`: how long the source may take; `settings`: of its kind, without the secrets;
    `source`: what the other system is called, where that isn't the title.

    `roles`: who may ask; `leads_only`: fields of its cards that agents don't see; `until_asked`: those that are dots
    until somebody asks to see them, for a purpose in the access log; `not_in_replies`: those that no sentence for a
    reply says; `keep_days`: how long what was pinned of it is kept. `register`: it tells who has a protected identity,
    is asked before all others, and isn't a card; with `register_lists` protected, who isn't in it has none.
    `department`: whose it is, by name; nothing: whose it was. `purpose`: what it is asked for, in the access log,
    `{topic}` filled in; `sentence`: what goes into a reply, by language, with `{fields}` of its card, where all of
    those are said.
    """

    name: Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{1,39}$", description="a name of a-z, 0-9 and _")]
    kind: str
    title: Words
    source: Words = {}
    seconds: Annotated[float, Meta(ge=0.5, le=30)] = 5.0
    register: bool = False
    register_lists: Literal["everybody", "protected"] = "everybody"
    roles: Annotated[tuple[Literal["agent", "lead"], ...], Meta(min_length=1)] = ("agent", "lead")
    leads_only: tuple[Covered, ...] = ()
    until_asked: tuple[Masked, ...] = ()
    not_in_replies: tuple[Covered, ...] = ()
    keep_days: Annotated[int, Meta(ge=1, le=3650)] | None = None
    department: str = ""
    purpose: Annotated[str, Meta(max_length=200)] = ""
    sentence: Words = {}
    settings: dict[str, Any] = {}


class Whose(Struct, frozen=True):
    """Whose a version is: a department's, and within it somebody's; who saved and who approved it. `placed_at`: when
    IT's command set where it reads from; None once it leads elsewhere.
    """

    department_id: int | None = None
    owner_id: int | None = None
    saved_by_id: int | None = None
    approved_by_id: int | None = None
    placed_at: int | None = None


class Published(Struct, frozen=True):
    """A version as it is asked by. `columns`: names that its source was found to have, as far as anybody looked."""

    id: int
    municipality_id: int
    version: int
    state: str
    declared: Declared
    values: Mapping[str, Any]
    """Settings with their secrets in clear: for the plugin alone."""
    whose: Whose = Whose()
    columns: Sequence[str] = ()


def publish(
    unit: Unit, municipality_id: int, declared: Declared, config: Config, whose: Whose | None = None,
    columns: Sequence[str] = (),
) -> Published:  # fmt: skip
    """As the newest version; the one before is retired. `config`: the settings as the plugin has read them.

    `whose` None: by IT's command, which sets where it reads from; it stays whose it was, unless its file names a
    department. Raises Invalid for one that isn't there.
    """
    there = versions(unit, municipality_id, declared.name)
    number = there[0].version + 1 if there else 1
    _retire(unit, municipality_id, declared.name)
    row = _add(unit, municipality_id, declared, apart(config), whose or _by_command(there), number, "published")
    know(row, columns)
    return _published(unit.keys, row)


def save_draft(
    unit: Unit,
    municipality_id: int,
    declared: Declared,
    secrets: Mapping[str, str],
    whose: Whose,
    state: Literal["draft", "waiting"] = "draft",
    columns: Sequence[str] = (),
) -> int:
    """In the place of the draft before, under an id of its own: what somebody has read can't be mixed up with it.

    Nothing of it is checked: it may be unfinished. Raises Invalid for a department that isn't there.
    """
    drop_draft(unit, municipality_id, declared.name)
    settings = (dict(declared.settings), dict(secrets))
    row = _add(unit, municipality_id, declared, settings, whose, DRAFT, state)
    know(row, columns)
    return row.id


def know(row: Lookup, columns: Sequence[str]) -> None:
    """These are at its source. Names alone: of what stands there nothing is kept."""
    if columns:
        row.definition = {**row.definition, "columns": [*columns]}


def drop_draft(unit: Unit, municipality_id: int, name: str) -> None:
    """If there is one."""
    row = draft(unit, municipality_id, name)
    if row is not None:
        unit.remove(row)


def draft(unit: Unit, municipality_id: int, name: str) -> Lookup | None:
    """The one there is."""
    here = (Lookup.municipality_id == municipality_id, Lookup.name == name, Lookup.version == DRAFT)
    return unit.first(select(Lookup).where(*here))


def _add(
    unit: Unit,
    municipality_id: int,
    declared: Declared,
    settings: tuple[dict[str, Any], dict[str, str]],
    whose: Whose,
    number: int,
    state: str,
) -> Lookup:
    """`settings`: plain ones, and secret ones."""
    plain, secret = settings
    if declared.department:
        whose = replace(whose, department_id=by_name(unit, municipality_id, declared.department).id)
    row = Lookup(
        municipality_id=municipality_id,
        name=declared.name,
        version=number,
        state=state,
        definition=msgspec.to_builtins(replace(declared, settings=plain, department="")),
        saved_at=clock.now(),
        **msgspec.structs.asdict(whose),
    )
    unit.add(row)
    if secret:  # bound to its row: moved elsewhere they can't be read
        cipher = unit.keys.encrypt(_PURPOSE, f"lookup:{row.id}", msgspec.json.encode(secret))
        row.definition = {**row.definition, "secrets": base64.b64encode(cipher).decode()}
    return row


def _by_command(there: Sequence[Lookup]) -> Whose:
    now = clock.now()
    return Whose(there[0].department_id, there[0].owner_id, placed_at=now) if there else Whose(placed_at=now)


def published(unit: Unit, municipality_id: int, name: str) -> Published:
    """The version that is asked now. Raises NotFound, naming those there are."""
    ids = {each: row_id for row_id, each in published_ids(unit, municipality_id)}
    return version(unit, required(ids, name))


def published_now(unit: Unit, municipality_id: int, name: str) -> Published | None:
    """The same, if there is one."""
    row = next((row for row in versions(unit, municipality_id, name) if row.state == "published"), None)
    return None if row is None else read(unit, row)


def secrets_kept(unit: Unit, municipality_id: int, declared: Declared, names: Collection[str]) -> Mapping[str, Any]:
    """Of these those that the published version has, for the next one of its kind. None where that goes elsewhere."""
    here = {name: row_id for row_id, name in published_ids(unit, municipality_id)}
    before = version(unit, here[declared.name]) if declared.name in here else None
    return {} if before is None else secrets_of(before, declared, names)


def secrets_of(before: Published, declared: Declared, names: Collection[str]) -> Mapping[str, Any]:
    """Of these those that a version has, for one that follows it. None where that is of another kind, or goes
    elsewhere: who writes it mustn't learn a secret by it."""
    if before.declared.kind != declared.kind or _hosts(before.declared.settings) != _hosts(declared.settings):
        return {}
    return {name: value for name, value in before.values.items() if name in names}


def _hosts(settings: Mapping[str, Any]) -> Mapping[str, str]:
    """Of every address among them its part before the path, with its scheme."""
    said = {name: value for name, value in settings.items() if name.endswith("url") and isinstance(value, str)}
    return {name: "/".join(value.split("/", 3)[:3]).casefold() for name, value in said.items() if value}


def required(found: Mapping[str, T], name: str) -> T:
    """The lookup of that name. Raises NotFound, naming those there are."""
    if name not in found:
        names = ", ".join(sorted(found))
        raise NotFound("There is no lookup {name} here; there are: {names}.", name=name, names=names or "none")
    return found[name]


_PUBLISHED = Prepared(
    select(Lookup.id, Lookup.name)
    .where(Lookup.municipality_id == bindparam("municipality_id", type_=BigInteger), Lookup.state == "published")
    .order_by(Lookup.name)
)


def published_ids(unit: Unit, municipality_id: int) -> Sequence[tuple[int, str]]:
    """Ids and names of all that are asked now."""
    return [(row_id, name) for row_id, name in _PUBLISHED.rows(unit, municipality_id=municipality_id)]


def version(unit: Unit, row_id: int) -> Published:
    """One version, which never changes but for its state, and for whose it is."""
    row = unit.get(Lookup, row_id)
    assert row is not None  # versions are never removed
    return _published(unit.keys, row)


def read(unit: Unit, row: Lookup) -> Published:
    """A row as it is asked by, a draft as well."""
    return _published(unit.keys, row)


def give(unit: Unit, municipality_id: int, name: str, owner_id: int) -> None:
    """Who answers for it, in all its versions."""
    here = (Lookup.municipality_id == municipality_id, Lookup.name == name)
    unit.change(update(Lookup).where(*here).values(owner_id=owner_id))


def earlier(unit: Unit, municipality_id: int, name: str, number: int) -> Published:
    """A version that is to be asked again: whose the newest is, whosever it was. Raises NotFound."""
    row, newest = _earlier(unit, municipality_id, name, number)
    one = _published(unit.keys, row)
    owner = newest.owner_id or row.owner_id
    return replace(one, whose=replace(one.whose, department_id=newest.department_id, owner_id=owner))


def roll_back(unit: Unit, municipality_id: int, name: str, number: int) -> Published:
    """The same, asked from now on."""
    row, newest = _earlier(unit, municipality_id, name, number)
    _retire(unit, municipality_id, name, but=row.id)
    row.state = "published"
    row.department_id, row.owner_id = newest.department_id, newest.owner_id or row.owner_id
    return _published(unit.keys, row)


def _earlier(unit: Unit, municipality_id: int, name: str, number: int) -> tuple[Lookup, Lookup]:
    """And the newest one."""
    there = versions(unit, municipality_id, name)
    row = next((each for each in there if each.version == number), None)
    if row is None:
        raise NotFound("There is no version {version} of the lookup {name}.", version=number, name=name)
    return row, there[0]


def withdraw(unit: Unit, municipality_id: int, name: str) -> Published:
    """It isn't asked any more, until a version of it is published again. Raises NotFound."""
    found = published(unit, municipality_id, name)
    _retire(unit, municipality_id, name)
    return found


def all_of(unit: Unit, municipality_id: int | None = None) -> Sequence[Lookup]:
    """Every version, newest first within a name, a draft last."""
    query = select(Lookup).order_by(Lookup.municipality_id, Lookup.name, Lookup.version.desc())
    return unit.all(query if municipality_id is None else query.where(Lookup.municipality_id == municipality_id))


def departments(unit: Unit, municipality_id: int) -> Mapping[str, int | None]:
    """Whose each lookup is, by name: as its newest version has it, or its draft where there is no other."""
    return {row.name: row.department_id for row in reversed(all_of(unit, municipality_id))}


def has_any(unit: Unit, municipality_id: int) -> bool:
    """Whether there is anything to ask."""
    return bool(published_ids(unit, municipality_id))


def versions(unit: Unit, municipality_id: int, name: str) -> Sequence[Lookup]:
    """All that were ever published, the newest first."""
    here = (Lookup.municipality_id == municipality_id, Lookup.name == name, Lookup.version != DRAFT)
    return unit.all(select(Lookup).where(*here).order_by(Lookup.version.desc()))


def _retire(unit: Unit, municipality_id: int, name: str, but: int = 0) -> None:
    here = (
        Lookup.municipality_id == municipality_id,
        Lookup.name == name,
        Lookup.state == "published",
        Lookup.id != but,
    )
    unit.change(update(Lookup).where(*here).values(state="retired"))


def secret_names(keys: Keys, row: Lookup) -> Collection[str]:
    """Of those that it has; their values stay."""
    return _secrets(keys, row).keys()


def _secrets(keys: Keys, row: Lookup) -> Mapping[str, str]:
    cipher = row.definition.get("secrets")
    if cipher is None:
        return {}
    found: dict[str, str] = msgspec.json.decode(keys.decrypt(_PURPOSE, f"lookup:{row.id}", base64.b64decode(cipher)))
    return found


def declared_of(row: Lookup) -> Declared:
    """What it says, without its secrets."""
    return msgspec.convert({name: value for name, value in row.definition.items() if name not in BESIDE}, Declared)


def _published(keys: Keys, row: Lookup) -> Published:
    declared = declared_of(row)
    values = {**declared.settings, **_secrets(keys, row)}
    whose = Whose(row.department_id, row.owner_id, row.saved_by_id, row.approved_by_id, row.placed_at)
    columns = row.definition.get("columns", ())
    return Published(row.id, row.municipality_id, row.version, row.state, declared, values, whose, columns)


def apart(config: Config) -> tuple[dict[str, Any], dict[str, str]]:
    """Plain settings, and those that are encrypted, in clear."""
    values = {name: getattr(config, name) for name in config.__struct_fields__}
    values = {name: value for name, value in values.items() if value is not None}
    secret = {name: value.reveal() for name, value in values.items() if isinstance(value, Secret)}
    return {name: msgspec.to_builtins(value) for name, value in values.items() if name not in secret}, secret
