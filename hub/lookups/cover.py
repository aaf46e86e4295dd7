"""Cover: what of a card is shown to whom. Identity numbers to nobody: to see one is an act of its own.

A line of one's own is named by its label, `fields.Lock code`; `fields` are all of them.
"""

from collections.abc import Sequence

from msgspec import NODEFAULT, Struct
from msgspec.structs import fields, replace

from hub.access import policy
from hub.access.person import Actor
from hub.contract import AnyCard, FieldsCard
from hub.contract.cards import Field, PaymentReference
from hub.inbox.conversation import Conversation
from hub.inbox.points import masked_identity
from hub.lookups.definition import LINE, Declared
from hub.lookups.question import Answered, Masked, digits, is_same

DOTS = "••••"
"""In the place of what is only shown to who asks for it."""


def hidden(actor: Actor, declared: Declared, conversation: Conversation) -> Sequence[str]:
    """Fields of its cards that this person doesn't see there."""
    return () if policy.may_ask(actor, ("lead",), conversation) else declared.leads_only


def is_named(names: Sequence[str], name: str) -> bool:
    """Whether a field is among them; a line also where all of them are."""
    return name in names or (name.startswith(LINE) and "fields" in names)


def covered(answered: Answered, names: Sequence[str], until_asked: Sequence[str] = ()) -> Answered:
    """Without these fields of its cards, with dots for those that wait to be asked for, and with numbers masked."""
    shown = [_masked(_without(card, names)) for card in answered.cards]
    empty = sorted({name for card in answered.cards for name in _said(card) if is_named(names, name)})
    waiting = [
        Masked(number, name) for number, card in enumerate(shown) for name in _said(card) if is_named(until_asked, name)
    ]
    return replace(
        answered,
        cards=tuple(_dotted(card, until_asked) for card in shown),
        covered=tuple(empty) or answered.covered,
        masked=tuple(waiting) or answered.masked,
    )


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
    plain = (each.name for each in fields(card) if each.name != "fields" and getattr(card, each.name))
    return [*plain, *lines]


def _masked(card: AnyCard) -> AnyCard:
    number = card.about.identity
    if number is None or "•" in number:
        return card
    masked = masked_identity(digits(number))
    card = replace(card, about=replace(card.about, identity=masked))
    if not isinstance(card, FieldsCard):
        return card
    return replace(
        card,
        fields=tuple(
            replace(each, value=masked) if is_same("identity", each.value, number) else each for each in card.fields
        ),
    )


def _without(card: AnyCard, names: Sequence[str]) -> AnyCard:
    empty = {name: value for name, value in _empty(card).items() if name in names and name != "fields"}
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


def _empty(card: Struct) -> dict[str, object]:
    """A title is the one thing that a card must have and may be covered."""
    return {each.name: "" if each.default is NODEFAULT else each.default for each in fields(card)}
