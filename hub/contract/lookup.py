"""What a lookup is: a class that answers read-only questions to another system. It has no way to write."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Literal, Protocol, TypeAlias, TypeVar

from msgspec import Struct

from hub.contract.cards import AnyCard
from hub.contract.config import Config
from hub.contract.outside import Http
from hub.contract.plugin import Plugin, Tools

C = TypeVar("C", bound=Config)

Identifier: TypeAlias = Literal["identity", "customer", "property", "address", "invoice", "case"]
Shows: TypeAlias = Literal["invoice", "pickup", "permit", "disturbance", "fields"]


class Subject(Struct, frozen=True):
    """What is asked by. An identity has digits only, its century first, but for a Finnish one with a letter, which is
    whole (131052-308T); the rest is as people write it."""

    by: Identifier
    value: str


class Rows(list[Mapping[str, object]]):
    """Of a database, each by the names of its `columns`, which are there without a row, too."""

    def __init__(self, columns: Iterable[str], rows: Iterable[Mapping[str, object]] = ()) -> None:
        super().__init__(rows)
        self.columns = tuple(columns)


class LookupTools(Tools, Protocol):
    """What the hub gives a lookup."""

    @property
    def http(self) -> Http:
        """Of this lookup's own address."""
        ...

    def elsewhere(self, name: str) -> Http:
        """Of another address that the lookup's bounds name."""
        ...

    async def rows(self, sql: str, values: Mapping[str, object]) -> Rows:
        """Of this lookup's own database: one SELECT, in a transaction that can't write and is rolled back.

        `:name` stands for each value, and nothing of a value is in the text. Raises Unreachable, AuthFailed,
        Misconfigured (also for what isn't plainly a SELECT), Unreadable.
        """
        ...


class Place(Struct, frozen=True):
    """An address beside the source's own: where tokens are, a register of addresses. Nothing of a log-in goes there."""

    base_url: str
    allowed_paths: Sequence[str] = ()
    allowed_posts: Sequence[tuple[str, str]] = ()


class Bounds(Struct, frozen=True):
    """What a lookup can be asked by, and may ask of its source: the fields of the same names on its class.

    `elsewhere`: other addresses by name.
    """

    answers: frozenset[Identifier]
    allowed_paths: Sequence[str] = ()
    allowed_posts: Sequence[tuple[str, str]] = ()
    says_whom: bool = True
    shows: Shows = "fields"
    elsewhere: Mapping[str, Place] = {}


class Lookup(Plugin[C]):
    """A kind of source. `base_url` in its settings is where its `tools.http` goes: https://, http:// to this machine,
    and http:// to another where they have `in_the_open` and it is true. `authorities` (PEM) among them are those that
    its certificate is checked against instead of the machine's; `client_certificate` and `client_key` (PEM, Secrets)
    are shown to it. `url` (a Secret) is the address of the database that `tools.rows` reads, as SQLAlchemy has it.

    `allowed_paths`: patterns of whole paths that may be read; `allowed_posts`: (pattern of a path, SOAPAction or empty)
    of reads that the other side wants as POST: with an action, the SOAP message must be for the operation it names;
    without one, whatever is posted there must be a read. `says_whom`: its cards name whom they are about; else they
    are said to be for an address only, and nothing personal may be in them. `shows`: its kind of card.
    """

    answers: ClassVar[frozenset[Identifier]]
    allowed_paths: ClassVar[Sequence[str]] = ()
    allowed_posts: ClassVar[Sequence[tuple[str, str]]] = ()
    says_whom: ClassVar[bool] = True
    shows: ClassVar[Shows] = "fields"
    tools: LookupTools

    def __init__(self, config: C, tools: Any) -> None:
        super().__init__(config, tools)

    @classmethod
    def bounds(cls, config: C) -> Bounds:  # noqa: ARG003 - for kinds whose settings narrow them
        """As on the class. A kind that is told by its settings what it asks says here what these allow."""
        return Bounds(cls.answers, cls.allowed_paths, cls.allowed_posts, cls.says_whom, cls.shows)

    @classmethod
    async def columns(
        cls,
        settings: Mapping[str, Any],  # noqa: ARG003 - for kinds that can tell
        tools: Any,  # noqa: ARG003 - the same
        within: str,  # noqa: ARG003 - the same
        codes: Collection[str],  # noqa: ARG003 - the same
    ) -> Mapping[str, Sequence[str]]:
        """For whoever declares one: what columns its source has, by settings that may be unfinished; `within`: a view.

        Of those among `codes` the words that stand there, where they are few enough to be codes: at most 20. Nothing
        else of a row. A kind that can't tell has none. Raises as `find` does.
        """
        return {}

    async def find(self, subject: Subject) -> Sequence[AnyCard]:
        """Nothing known: an empty list.

        Raises Unreachable, AuthFailed, DidYouMean, Unreadable; Misconfigured when settings that it needs aren't there.
        """
        raise NotImplementedError
