"""Cover: what of a card is shown to whom. Identity numbers to nobody: to see one is an act of its own.

A line of one's own is named by its label, `fields.Lock code`; `fields` are all of them. A number in a text that waits
to be asked for is shown with it, to who asks.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from msgspec import NODEFAULT, Struct
from msgspec.structs import fields, replace

from hub.access import policy
from hub.access.person import Actor
from hub.contract import About, AnyCard, FieldsCard
from hub.contract.cards import Field, PaymentReference
from hub.errors import Invalid
from hub.inbox.conversation import Conversation
from hub.inbox.points import masked_identity
from hub.lookups.definition import LINE, Declared
from hub.lookups.numbers import Mask
from hub.lookups.question import Answered, Masked, digits

COVERS = ("leads_only", "until_asked", "not_in_replies")
"""Settings that hide a field from somebody, or from replies."""
DOTS = "••••"
"""In the place of what is only shown to who asks for it."""
_NUMBERS = frozenset({"customer", "invoice", "case", "number", "reference", "pay_to", "collector_case"})
"""Fields that are a number of something else, and no text in which there may be one of somebody's."""


def hidden(actor: Actor, declared: Declared, conversation: Conversation) -> Sequence[str]:
    """Fields of its cards that this person doesn't see there."""
    return () if policy.may_ask(actor, ("lead",), conversation) else declared.leads_only


def is_named(names: Sequence[str], name: str) -> bool:
    """Whether a field is among them; a line also where all of them are."""
    return name in names or (name.startswith(LINE) and "fields" in names)


def require_lines(declared: Declared) -> None:
    """That lines which are to be hidden are there: one that is misspelt would be shown. Raises Invalid.

    Of a card that code makes nobody knows them.
    """
    lines = declared.settings.get("lines", ()) if "card" in declared.settings else ()
    there = [str(each.get("label")) for each in lines]
    for setting in COVERS if there else ():
        for name in getattr(declared, setting):
            label = name.removeprefix(LINE)
            if label != name and label not in there:
                raise Invalid(
                    setting, "no line is labelled {label}; there are: {there}", label=label, there=", ".join(there)
                )


def covered(answered: Answered, names: Sequence[str], until_asked: Sequence[str] | None = None) -> Answered:
    """Without these fields of its cards. `until_asked`: as it is shown, with dots for those that wait to be asked for,
    and with numbers masked; None: as it is kept for that."""
    shown = [_without(card, names) for card in answered.cards]
    empty = sorted({name for card in answered.cards for name in _said(card) if is_named(names, name)})
    covered_by_role = tuple(empty) or answered.covered
    if until_asked is None:
        return replace(answered, cards=tuple(shown), covered=covered_by_role)
    waiting = [
        Masked(number, name) for number, card in enumerate(shown) for name in _said(card) if is_named(until_asked, name)
    ]
    return replace(
        answered,
        cards=tuple(masked(_dotted(card, until_asked)) for card in shown),
        covered=covered_by_role,
        masked=tuple(waiting) or answered.masked,
    )


def masked(card: AnyCard) -> AnyCard:
    """With the identity numbers in all its texts masked."""
    shown: AnyCard = _masked(card, Mask(card.about.identity))
    return shown


def masked_about(about: About) -> About:
    """Whom or what a card is about, as it is shown."""
    masked: About = _masked(about, Mask(about.identity))
    return masked


def worded(answered: Answered, about: str | None) -> Answered:
    """What the source says beside its cards, with numbers masked. `about`: whose is known, however written.

    What could have been meant but holds a number is left out: masked, nothing can be asked by it.
    """
    mask = Mask(about)
    meant = tuple(each for each in answered.suggestions if mask.within(each) == each)
    return replace(answered, suggestions=meant, sentence=mask.within(answered.sentence))


def in_clear(card: AnyCard, name: str) -> Field | None:
    """One of its fields that may wait to be asked for; lines of the same label together. None: it isn't there."""
    if isinstance(card, FieldsCard) and name.startswith(LINE):
        lines = [each for each in card.fields if LINE + each.label == name]
        if len(lines) > 1:
            return Field(lines[0].label, ", ".join(each.value for each in lines))
        return lines[0] if lines else None
    said = getattr(card, name, None)
    said = said.value if isinstance(said, PaymentReference) else said
    return Field(name, said) if isinstance(said, str) and said else None


def _said(card: AnyCard) -> Sequence[str]:
    """Names of the fields in which something stands; of lines each, with its label."""
    lines = dict.fromkeys(LINE + each.label for each in card.fields) if isinstance(card, FieldsCard) else ()
    plain = (each for each in card.__struct_fields__ if each != "fields" and getattr(card, each))
    return [*plain, *lines]


def _masked(said: Any, mask: Mask, name: str = "") -> Any:  # noqa: PLR0911 - a way for each
    """All texts of a card, or of what is in it. `name`: the field that it stands in."""
    if isinstance(said, PaymentReference):
        return replace(said, value=mask.whole(said.value))
    if isinstance(said, Struct):
        texts = {each: _masked(getattr(said, each), mask, each) for each in said.__struct_fields__}
        return replace(said, **texts)
    if isinstance(said, list | tuple):
        return tuple(_masked(each, mask, name) for each in said)
    if not isinstance(said, str):
        return said
    if name == "identity":
        return said if "•" in said else masked_identity(digits(said))
    if name == "link":
        return None if mask.is_in(said) else said
    return mask.whole(said) if name in _NUMBERS else mask.within(said)


def _without(card: AnyCard, names: Sequence[str]) -> AnyCard:
    empty = {name: value for name, value in _empty(type(card)).items() if name in names and name != "fields"}
    if isinstance(card, FieldsCard):
        empty["fields"] = tuple(each for each in card.fields if not is_named(names, LINE + each.label))
    return replace(card, **empty) if empty else card


def _dotted(card: AnyCard, names: Sequence[str]) -> AnyCard:
    """A line keeps its label; another field is empty, and named in `masked` alone."""
    card = _without(card, [each for each in names if each != "fields" and not each.startswith(LINE)])
    if not isinstance(card, FieldsCard):
        return card
    lines = (Field(each.label, DOTS) if is_named(names, LINE + each.label) else each for each in card.fields)
    return replace(card, fields=tuple(lines))


@cache
def _empty(cls: type[Struct]) -> Mapping[str, object]:
    """A title is the one thing that a card must have and may be covered."""
    return {each.name: "" if each.default is NODEFAULT else each.default for each in fields(cls)}
