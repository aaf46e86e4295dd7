"""What the settings of a source say that needs no code: which of its columns is what on a card."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, TypeAlias, get_args, get_type_hints

from msgspec import Meta, Struct, field

from hub.contract.cards import Decision, DisturbanceCard, Kind, ReferenceKind, Status
from hub.contract.config import Config
from hub.contract.lookup import Identifier, Shows

ANYTHING_ELSE = "*"
"""Among `values`: what every word becomes that isn't listed."""
ZONE = "Europe/Stockholm"
"""Of times, and of today, where no setting says another."""


class Text(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A text of our own, with what stands at a path in each pair of braces: `{Street} {Number}`, or just `SEK`."""

    text: str


Source: TypeAlias = str | list[str] | Text
"""A path into the row; several, of which the first counts where something stands; or a text."""
Wanted: TypeAlias = dict[str, str | list[str]]
"""Path -> the word that must stand there, or one of several; an empty one: nothing stands there."""


class Rule(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where `when` is so, `field` is `to`, whatever its column says. The first that fits."""

    to: str
    when: Wanted
    field: str = "status"


class Listed(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A list on the card. `rows`: where it stands in the row; empty: each row that `group_by` put together is one."""

    fields: dict[str, Source]
    rows: str = ""
    only: Wanted = {}


class Line(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One line of a card of the kind `fields`."""

    label: str
    value: Source
    kind: Literal["text", "date", "amount"] = "text"
    currency: Source = ""


class MappedConfig(Config, frozen=True, kw_only=True):
    """Base of the settings of sources that are declared without code."""

    card: Annotated[Shows, Meta(title="Kind of card")]
    fields: Annotated[dict[str, Source], Meta(title="Field of the card = their column or path")]
    about: Annotated[
        dict[Identifier, Source], Meta(title="What the source says it is about: identifier = their column or path")
    ] = field(default_factory=dict)
    says_whom: Annotated[bool, Meta(title="The source says whom its answer is about")] = True
    values: Annotated[dict[str, dict[str, str]], Meta(title="Field = their words and ours")] = field(
        default_factory=dict
    )
    rules: Annotated[list[Rule], Meta(title="A field that follows from several columns")] = field(default_factory=list)
    only: Annotated[Wanted, Meta(title="Only rows where a column says this: nothing else is shown")] = field(
        default_factory=dict
    )
    lists: Annotated[dict[str, Listed], Meta(title="Lists on the card: payments, past, steps")] = field(
        default_factory=dict
    )
    lines: Annotated[list[Line], Meta(title="Lines of a card of the kind fields")] = field(default_factory=list)
    group_by: Annotated[list[str], Meta(title="Rows with the same of these are one card")] = field(default_factory=list)
    link: Annotated[str, Meta(title="Where it stands at the source, with {their column} in it")] = ""
    as_of: Annotated[str, Meta(title="Their column of when this was so; empty: when it was asked")] = ""
    date_format: Annotated[str, Meta(title="How they write a date, e.g. dd/mm/yyyy; empty: it shows by itself")] = ""
    decimal: Annotated[Literal[".", ","], Meta(title="What stands before the decimals in their texts")] = "."
    hundredths: Annotated[bool, Meta(title="Their amounts are in öre, without a decimal sign: 124950 is 1249.50")] = (
        False
    )
    time_zone: Annotated[str, Meta(title="Zone of times that don't say theirs")] = ZONE


Reading: TypeAlias = Literal["text", "texts", "day", "when", "moment", "amount", "count", "yes", "word", "currency"]
"""How a field is read."""

FIELDS: Mapping[Shows, Mapping[str, Reading]] = {
    "invoice": {
        "number": "text", "status": "word", "currency": "currency", "kind": "word", "title": "text", "issued": "day",
        "due": "day", "period_from": "day", "period_to": "day", "total": "amount", "paid": "amount",
        "balance": "amount", "vat": "amount", "reference": "text", "reference_kind": "word", "pay_to": "text",
        "reminders": "count", "reminded": "day", "collector": "text", "collector_case": "text", "department": "text",
        "contact": "text", "facility": "text", "deferred_to": "day",
    },
    "pickup": {
        "waste": "text", "is_septic": "yes", "container": "text", "size": "amount", "unit": "text", "count": "count",
        "frequency": "text", "route": "text", "next": "when", "price_a_year": "amount", "currency": "currency",
    },
    "permit": {
        "number": "text", "status": "text", "kind": "text", "title": "text", "is_closed": "yes", "applied": "day",
        "officer": "text", "missing": "texts", "missing_since": "day", "decision": "word", "decision_text": "text",
        "decided": "day", "valid_until": "day",
    },
    "disturbance": {
        "title": "text", "status": "word", "number": "text", "kind": "text", "text": "text", "begins": "moment",
        "ends": "moment", "area": "text",
    },
    "fields": {"title": "text", "summary": "text"},
}  # fmt: skip
"""Of each card."""
NO_MONEY = frozenset({"size"})
"""Read as amounts are, and in no currency."""
LISTS: Mapping[Shows, Mapping[str, Mapping[str, Reading]]] = {
    "invoice": {"payments": {"on": "day", "amount": "amount"}},
    "pickup": {"past": {"on": "day", "deviation": "text"}},
    "permit": {"steps": {"title": "text", "on": "day", "done": "yes"}},
}
"""Of each card, and the fields of what is in them."""
NEEDED: Mapping[str, Sequence[str]] = {
    "invoice": ("number", "status", "currency"),
    "pickup": ("waste",),
    "permit": ("number", "status"),
    "disturbance": ("title", "status"),
    "fields": ("title",),
    "payments": ("on", "amount"),
    "past": ("on",),
    "steps": ("title",),
}
"""What a card, or one of a list, isn't without."""
WORDS: Mapping[tuple[str, str], Sequence[str]] = {
    ("invoice", "status"): get_args(Status),
    ("invoice", "kind"): get_args(Kind),
    ("invoice", "reference_kind"): get_args(ReferenceKind),
    ("permit", "decision"): get_args(get_type_hints(Decision)["outcome"]),
    ("disturbance", "status"): get_args(get_type_hints(DisturbanceCard)["status"]),
}
"""Fields that have words of ours."""
OTHERWISE: Mapping[tuple[str, str], str] = {
    ("invoice", "status"): "unknown",
    ("invoice", "kind"): "invoice",
    ("permit", "decision"): "other",
}
"""What a word becomes that isn't known."""
NOT_SAID = frozenset({"decision", "reference_kind"})
"""Words of what may not be there yet: where nothing is said there is none, and not one of another kind."""
LINK = re.compile(r"https?://[^\s/{}?#@]+(?:/\S*)?")
"""Their address, before anything of the row comes into it."""
