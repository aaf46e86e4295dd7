"""Administered: what the pages of a municipality's own settings share: its queues and its languages."""

from collections.abc import Collection, Mapping, Sequence
from typing import Annotated

from babel import Locale
from litestar.datastructures import FormMultiDict
from litestar.params import QueryParameter
from msgspec import Struct

from hub.access import policy
from hub.access.person import Actor
from hub.edge.parameters import id_of
from hub.errors import Invalid, NotFound
from hub.inbox.municipality import LANGUAGES
from hub.inbox.names import MunicipalityName, Names, QueueName
from inbox_ui.words import gettext as _
from inbox_ui.words import language, told

InLanguage = Annotated[str, QueryParameter(name="language", pattern=f"^({'|'.join(LANGUAGES)})$")]
"""Which of a text's languages a preview is of."""


class Place(Struct, frozen=True):
    """A municipality, and the queues that answer for it now."""

    home: MunicipalityName
    queues: Sequence[QueueName]


def places(names: Names, actor: Actor) -> Sequence[Place]:
    """Those that this person administers, by name."""
    live = [names.queues[each] for each in names.live_queues]
    return [
        Place(home, [each for each in live if home.id in each.municipality_ids])
        for home in names.municipalities.values()
        if policy.administers(actor, int(home.id))
    ]


def place_of(names: Names, actor: Actor, municipality_id: int | str) -> Place:
    """Raises NotFound."""
    found = next((each for each in places(names, actor) if each.home.id == str(municipality_id)), None)
    if found is None:
        raise NotFound("There is no such municipality of yours.")
    return found


def queue_id(queue: str | None) -> int | None:
    """Of an address or a form; nothing: all queues."""
    return id_of("queue", queue) if queue and queue.isdecimal() else None


def problem_of(error: Invalid) -> str:
    """Of what is written for a queue of its own, and can't be moved to another one but by hand."""
    if error.field != "queue":
        return told(error)
    return _(
        "This queue doesn’t answer for the municipality any more: nothing was saved. Copy what you wrote to another."
    )


def languages() -> Mapping[str, str]:
    """All that a municipality may write in, in the reader's words."""
    known = Locale.parse(language()).languages
    named = {code: str(known.get(code, code)) for code in LANGUAGES}
    return {code: name[:1].upper() + name[1:] for code, name in named.items()}


def own_first(place: Place, also: Collection[str] = ()) -> Sequence[str]:
    """Languages, the municipality's own first, then those in which there is something."""
    first = [place.home.language, *(each for each in LANGUAGES if each in also)]
    return list(dict.fromkeys([*first, *LANGUAGES]))


def texts(form: FormMultiDict) -> dict[str, str]:
    """A form's fields, with the line ends of this side. NUL, which nobody types and PostgreSQL can't store, goes."""
    return {name: str(said).replace("\r\n", "\n").replace("\x00", "") for name, said in form.items()}


def by_language(said: Mapping[str, str], field: str) -> dict[str, str]:
    """Those of its languages that say something."""
    return {code: text for code in LANGUAGES if (text := said.get(f"{field}-{code}", "")).strip()}


def placeholder_words() -> Mapping[str, str]:
    """What each of them becomes."""
    return {
        "agent": _("the name of who answers"),
        "queue": _("the queue’s name"),
        "municipality": _("the municipality’s name"),
        "citizen": _("the citizen’s name, where it is known"),
        "reference": _("the conversation’s number"),
    }
