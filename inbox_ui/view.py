"""View: which list somebody looks at. It stands in the address, so that going back, reloading and sharing work."""

from typing import Annotated
from urllib.parse import urlencode

from litestar.di import NamedDependency
from litestar.params import QueryParameter
from msgspec import Struct
from msgspec.structs import replace

from hub.access.person import Actor
from hub.edge.desk import Desk
from hub.edge.parameters import id_of
from hub.errors import Invalid
from hub.inbox.names import Names
from hub.inbox.queries import Filter
from inbox_ui.words import channel_words, pgettext, word
from inbox_ui.words import gettext as _

VIEWS = ("mine", "unassigned", "open", "waiting", "overdue", "closed")
_START = "mine"
_ID = "^[1-9][0-9]{0,18}$"


class View(Struct, frozen=True):
    """`name`: one of VIEWS; ids narrow it; `q`: words to search for instead."""

    name: str = _START
    municipality: str | None = None
    queue: str | None = None
    channel: str | None = None
    q: str = ""
    current: bool = True

    @property
    def fields(self) -> dict[str, str]:
        """Of an address or a form: without what is as it is by default."""
        given = {"view": self.name, "municipality": self.municipality, "queue": self.queue, "channel": self.channel}
        return {name: value for name, value in {**given, "q": self.q}.items() if value}

    @property
    def query(self) -> str:
        """For an address."""
        return urlencode(self.fields)

    @property
    def unsearched(self) -> "View":
        """The list that there is without the words."""
        return replace(self, q="")

    @property
    def href(self) -> str:
        """Of its list."""
        return f"/inbox?{self.query}"

    def opens(self, conversation_id: str | int) -> str:
        """The address of a conversation beside this list."""
        return f"/conversations/{conversation_id}?{self.query}"

    @property
    def is_plain(self) -> bool:
        """One of the rail's first six, narrowed by nothing."""
        return not (self.municipality or self.queue or self.channel or self.q)

    @property
    def is_newest_first(self) -> bool:
        """Else by due time."""
        return self.name == "closed" or bool(self.q)

    def to(
        self, name: str, municipality: str | None = None, queue: str | None = None, channel: str | None = None
    ) -> "View":
        """Another view; `current` tells whether it is this one."""
        other = View(name, municipality, queue, channel)
        return replace(other, current=other.query == self.query)

    def filtered(self, actor: Actor) -> Filter:
        """What the list is narrowed to. Raises Invalid for an id that is none."""
        return Filter(
            closed=self.name == "closed",
            municipality_id=None if self.municipality is None else id_of("municipality", self.municipality),
            queue_id=None if self.queue is None else id_of("queue", self.queue),
            assignee_id=actor.id if self.name == "mine" else None,
            unassigned=self.name == "unassigned",
            waiting=self.name == "waiting",
            overdue=self.name == "overdue",
            contact_kind=self.channel,
        )

    def title(self, names: Names) -> str:
        """As the list's heading says it."""
        if self.q:
            return _("Found")
        said = {
            "mine": _("Mine"),
            "unassigned": pgettext("list", "Unassigned"),
            "open": _("All open"),
            "waiting": _("Waiting"),
            "overdue": _("Overdue"),
            "closed": pgettext("list", "Closed"),
        }[self.name]
        if self.queue is not None and self.queue in names.queues:
            return word(names.queues[self.queue].words)
        if self.municipality is not None and self.municipality in names.municipalities:
            return names.municipalities[self.municipality].name
        return channel_words().get(self.channel or "", said)


def current_view(
    desk: NamedDependency[Desk],  # noqa: ARG001 - one after the other: side by side each would be a task of its own
    name: Annotated[str, QueryParameter(name="view", max_length=40)] = _START,
    municipality: Annotated[str | None, QueryParameter(pattern=_ID)] = None,
    queue: Annotated[str | None, QueryParameter(pattern=_ID)] = None,
    channel: Annotated[str | None, QueryParameter(pattern="^[a-z]{2,20}$")] = None,
    q: Annotated[str, QueryParameter(max_length=500)] = "",
) -> View:
    """From the address. Raises Invalid for a list that there isn't."""
    if name not in VIEWS:
        raise Invalid("view", "there is no list {name}: choose one of {known}", name=name, known=", ".join(VIEWS))
    return View(name, municipality, queue, channel, q.strip())
