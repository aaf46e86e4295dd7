"""Cover: what of a card is shown to whom. Identity numbers to nobody: to see one is an act of its own."""

from collections.abc import Sequence

from msgspec import NODEFAULT, Struct
from msgspec.structs import fields, replace

from hub.access import policy
from hub.access.person import Actor
from hub.contract import AnyCard, FieldsCard
from hub.inbox.conversation import Conversation
from hub.inbox.points import masked_identity
from hub.lookups.definition import Declared
from hub.lookups.question import Answered, digits, is_same


def hidden(actor: Actor, declared: Declared, conversation: Conversation) -> Sequence[str]:
    """Fields of its cards that this person doesn't see there."""
    return () if policy.may_ask(actor, ("lead",), conversation) else declared.leads_only


def covered(answered: Answered, names: Sequence[str]) -> Answered:
    """Without these fields of its cards, and with numbers masked."""
    cards = [_masked(_without(card, names)) for card in answered.cards]
    empty = sorted({name for card in answered.cards for name in names if getattr(card, name, None)})
    return replace(answered, cards=tuple(cards), covered=tuple(empty) or answered.covered)


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
    empty = {name: value for name, value in _empty(card).items() if name in names}
    return replace(card, **empty) if empty else card


def _empty(card: Struct) -> dict[str, object]:
    """A title is the one thing that a card must have and may be covered."""
    return {each.name: "" if each.default is NODEFAULT else each.default for each in fields(card)}
