"""Panel: what can be asked beside a conversation, in its groups, and what was answered. To show it asks nothing."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from hub.contract import AnyCard, Identifier
from hub.lookups.definition import LINE
from hub.lookups.offer import Offered, Offers
from hub.lookups.question import Answered
from inbox_ui import times
from inbox_ui.lookups import cards
from inbox_ui.lookups.line import Chip, Fact, Line
from inbox_ui.stored import is_known, stored
from inbox_ui.words import gettext as _
from inbox_ui.words import word

State: TypeAlias = Literal["unasked", "asking", "found", "none", "several", "error", "refused", "no_access"]
"""`refused`: by the hub; `error`: of the source."""
_KEYS = 9
_A_WHILE = timedelta(seconds=90)


class Sent(Struct, frozen=True):
    """What it was asked with: asked again, it is the same question."""

    by: str = ""
    value: str = ""
    purpose: str = ""


class By(Struct, frozen=True):
    """One way of asking. `known`: what the conversation knows, masked; empty: it has to be written."""

    id: str
    words: str
    known: str


class Asked(Struct, frozen=True, kw_only=True):
    """A lookup and how it stands. `key`: its figure, where it has one.

    `waits`: the identity has to be confirmed first; `direct`: one press asks, else a form says by what and what for.
    """

    name: str
    title: str
    source: str
    icon: str
    shows: str
    key: str
    state: State
    stands: str
    waits: bool
    direct: bool
    is_address: bool
    by: Sequence[By]
    purpose: str
    topic: str
    lacks: str = ""
    sent: Sent = Sent()
    sentence: str = ""
    detail: str = ""
    suggestions: Sequence[str] = ()
    last_good: str = ""
    chip: Chip | None = None
    lines: Sequence[Line] = ()
    covered: Sequence[str] = ()
    as_of: datetime | None = None
    asked_at: datetime | None = None
    asked_by: str = ""

    @property
    def known(self) -> str:
        """What the conversation knows to ask by, masked, best first; nothing, if it has to be written."""
        return next((each.known for each in self.by if each.known), "")

    @property
    def currency(self) -> str:
        """The one of all its amounts, if there is one."""
        found = {each.currency for each in self.lines}
        return found.pop() if len(found) == 1 else ""

    @property
    def asked_later(self) -> bool:
        """What it says was so a good while before it was asked."""
        return self.as_of is not None and self.asked_at is not None and self.asked_at - self.as_of > _A_WHILE

    @property
    def is_open(self) -> bool:
        """A whole card, not a line of a group."""
        return self.state in {"found", "several", "error", "refused", "asking"}


class Panel(Struct, frozen=True):
    """Cards that stand open, and lines in groups: of places, what the topic allows, others, what there is none of."""

    confirmed: bool
    open: Sequence[Asked]
    allowed: Sequence[Asked]
    places: Sequence[Asked]
    others: Sequence[Asked]
    folded: Sequence[Asked]

    @property
    def all(self) -> Sequence[Asked]:
        """Of all groups."""
        return [*self.open, *self.allowed, *self.places, *self.others, *self.folded]


def panel(offers: Offers, *, asks: bool = False) -> Panel:
    """`asks`: what the topic allows is asked as soon as it stands on the page: the identity was confirmed just now."""
    found = [one(each, offers, asks=asks) for each in offers.lookups]
    lines = [each for each in found if not each.is_open and each.state == "unasked"]
    return Panel(
        offers.confirmed,
        [each for each in found if each.is_open],
        [each for each in lines if each.stands == "waits"],
        [each for each in lines if each.is_address],
        [each for each in lines if each.stands == "other"],
        [each for each in found if each.state in {"none", "no_access"}],
    )


def one(
    offered: Offered,
    offers: Offers,
    answered: Answered | None = None,
    *,
    sent: Sent | None = None,
    refusal: str = "",
    asks: bool = False,
) -> Asked:
    """One of them, with what was answered just now, or else a while ago; or why it wasn't asked (`refusal`)."""
    is_address = offered.stands == "address"
    waits = not offers.confirmed and not is_address
    by = [By(each, by_words()[each], offered.known.get(each, "")) for each in offered.by]
    direct = any(each.known for each in by) and (offered.stands == "waits" or is_address)
    answer = answered or offered.answered
    state = _state(offered, answer)
    if refusal:
        state = "refused"
    elif asks and state == "unasked" and offered.allowed and direct and not waits:
        state = "asking"
    shown = answer.cards if answer is not None and state == "found" else ()
    return Asked(
        name=offered.name,
        title=word(offered.title),
        source=word(offered.source) if offered.source else "",
        icon="lock"
        if state in {"no_access", "refused"}
        else "alert"
        if state == "error"
        else cards.ICONS[offered.shows],
        shows=cards.kind(shown[0]) if shown else offered.shows,
        key=_key(offered, offers),
        state=state,
        stands=offered.stands,
        waits=waits,
        direct=direct,
        is_address=is_address,
        by=by,
        purpose=purpose_of(offered),
        topic=offered.purpose,
        lacks=_lacks(offered),
        sent=sent or Sent(),
        sentence=refusal or _why(answer),
        detail="" if refusal else _detail(answer),
        suggestions=answer.suggestions if answer is not None else (),
        last_good=times.since(answer.last_good_at)
        if answer is not None and answer.last_good_at and state == "error"
        else "",
        chip=cards.summary(shown),
        lines=[waiting(line, answer) for line in cards.lines(shown)],
        covered=[field_words(each) for each in answer.covered] if answer is not None else (),
        as_of=min((each.as_of for each in shown), default=None),
        asked_at=answer.asked_at if answer is not None else None,
        asked_by=answer.asked_by if answer is not None else "",
    )


def chosen(shown: Sequence[AnyCard], card: int | None) -> Sequence[AnyCard]:
    """The card of that number, if there is one yet."""
    return shown[card : card + 1] if card is not None else ()


def waiting(line: Line, answer: Answered | None) -> Line:
    """With dots for what is shown to who asks to see it: a line of its own in its place, what else there is below."""
    if answer is None:
        return line
    here = {each.field: field_words(each.field) for each in answer.masked if each.card == line.index}
    at = answer.asked_at.isoformat()
    dots = {name: Fact(words, "", waits=name, card=line.index, asked_at=at) for name, words in here.items()}
    if not dots:
        return line
    in_place = [dots.pop(LINE + each.words, each) for each in line.facts]
    return replace(line, facts=[*in_place, *dots.values()])


def purpose_of(offered: Offered) -> str:
    """To begin with, in its department's own words where it has some."""
    if not offered.purpose:
        return ""
    own = offered.wording.replace("{topic}", offered.purpose)
    return own or _("Answer about %(topic)s") % {"topic": offered.purpose}


def _why(answer: Answered | None) -> str:
    """There is none. What a plugin says of its source is for IT, who can do something about it."""
    if answer is None or not answer.sentence:
        return ""
    if answer.why != "source":
        return stored(answer.sentence)
    if is_known(answer.sentence):
        return _("The source gives no answer just now. Tell IT, if it lasts: %(why)s") % {
            "why": stored(answer.sentence)
        }
    return _("The source gives no answer just now. Tell IT, if it lasts.")


def _detail(answer: Answered | None) -> str:
    """What a plugin says in words that nobody here has translated."""
    if answer is None or answer.why != "source" or is_known(answer.sentence):
        return ""
    return answer.sentence


def _state(offered: Offered, answer: Answered | None) -> State:
    if offered.stands == "no_access":
        return "no_access"
    if answer is None:
        return "unasked"
    if answer.state != "down":
        return answer.state
    return "refused" if answer.why in {"protected", "of_another"} else "error"


def _key(offered: Offered, offers: Offers) -> str:
    """Figures go to what can be asked, in its order; what was answered keeps its own."""
    names = [each.name for each in offers.lookups if each.stands != "no_access"]
    place = names.index(offered.name) + 1 if offered.name in names else 0
    return str(place) if 0 < place <= _KEYS else ""


def _lacks(offered: Offered) -> str:
    if not offered.lacks:
        return ""
    roles = {"agent": _("agent"), "lead": _("head of the queue")}
    said = ", ".join(roles.get(each, each) for each in offered.lacks.split(" or "))
    return _("To ask this takes the role %(role)s here. Who gives out roles is your administrator.") % {"role": said}


def by_words() -> Mapping[Identifier, str]:
    """By what is asked."""
    return {
        "identity": _("Personal number"), "customer": _("Customer number"), "property": _("Property"),
        "address": _("Address"), "invoice": _("Invoice number"), "case": _("Case number"),
    }  # fmt: skip


def field_words(name: str) -> str:
    """Of a field that isn't shown, or isn't yet; of a line its label."""
    return name.removeprefix(LINE) if name.startswith(LINE) else covered_words().get(name, name)


def covered_words() -> Mapping[str, str]:
    """Fields that a role doesn't see, as far as they have words of their own."""
    return {
        "title": _("title"), "issued": _("issued"), "due": _("due date"), "period": _("period"), "total": _("total"),
        "paid": _("paid"), "balance": _("left to pay"), "vat": _("VAT"), "reference": _("payment reference"),
        "pay_to": _("where to pay"), "reminders": _("reminders"), "reminded": _("day of the reminder"),
        "collector": _("debt collector"), "collector_case": _("debt collector's case"), "department": _("department"),
        "contact": _("contact"), "facility": _("facility"), "payments": _("payments"), "deferred_to": _("put off to"),
        "container": _("container"), "size": _("size"), "count": _("number of containers"), "frequency": _("how often"),
        "route": _("route"), "past": _("earlier pickups"), "price_a_year": _("price a year"), "kind": _("kind"),
        "applied": _("day of application"), "officer": _("case worker"), "steps": _("steps"),
        "missing": _("missing papers"), "decision": _("decision"), "text": _("text"), "area": _("area"),
        "summary": _("summary"), "fields": _("fields"), "link": _("link"),
    }  # fmt: skip
