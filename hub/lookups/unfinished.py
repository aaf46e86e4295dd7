"""Unfinished: a draft that is tried before its card is whole, so that it can be seen what its source answers at all."""

from typing import Any

from msgspec.structs import replace

from hub.contract.mapping_cards import whole
from hub.contract.mapping_config import NEEDED
from hub.lookups.definition import LINE, Published

_OF_A_CARD = ("fields", "rules", "lists", "group_by")


def lacking(one: Published) -> bool:
    """Something is missing that its card isn't without."""
    card, given = str(one.declared.settings.get("card")), one.declared.settings.get("fields") or {}
    return card in NEEDED and any(not given.get(name) for name in NEEDED[card])


def as_far(one: Published) -> Published:
    """The same where nothing is missing; else a card of lines, one for each field that is set, hidden as these are."""
    if not lacking(one):
        return one
    declared, settings = one.declared, one.declared.settings
    given = {name: source for name, source in (settings.get("fields") or {}).items() if source}
    lines = [*settings.get("lines", ()), *({"label": name, "value": source} for name, source in given.items())]
    bare: dict[str, Any] = {name: value for name, value in settings.items() if name not in _OF_A_CARD}
    bare |= {"card": "fields", "fields": {"title": {"text": "–"}}, "lines": lines}
    labels = {line.get("label") for line in lines}
    bare["values"] = {name: words for name, words in settings.get("values", {}).items() if name in labels}

    def hidden(names: tuple[str, ...]) -> tuple[str, ...]:
        own = [LINE + name for name in given if whole(name) in names]
        return tuple(dict.fromkeys([*(each for each in names if each.startswith(LINE) or each == "fields"), *own]))

    covers = {"leads_only": hidden(declared.leads_only), "until_asked": hidden(declared.until_asked)}
    secrets = {name: value for name, value in one.values.items() if name not in settings}
    after = replace(declared, settings=bare, not_in_replies=(), sentence={}, **covers)
    return replace(one, declared=after, values={**bare, **secrets})
