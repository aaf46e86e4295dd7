"""Parts: what a definition's settings say of each thing on its card, and which columns that is read from."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from hub.lookups.definition import LINE
from hub.lookups.sample import paths_of


class Part(Struct, frozen=True):
    """`name`: of a field as the settings have it, of a list, of a line with `fields.` before its label, link, as_of.
    `said`: all that makes it, without what says nothing; `paths`: the columns, or where they are in the row.
    """

    name: str
    said: Mapping[str, Any]
    paths: Sequence[str]


def parts(settings: Mapping[str, Any]) -> Iterator[Part]:
    """In the order of the settings. Two lines of one label are two parts."""
    fields, rules = settings.get("fields", {}), settings.get("rules", ())
    for name in dict.fromkeys([*fields, *map(_field_of, rules)]):
        source, own = fields.get(name), [each for each in rules if _field_of(each) == name]
        said = {"source": source, "rules": [(each.get("to"), each.get("when")) for each in own]}
        yield _part(name, said, paths_of(source), *(each.get("when", ()) for each in own))
    for name, listed in settings.get("lists", {}).items():
        inner = (paths_of(each) for each in listed.get("fields", {}).values())
        yield _part(name, listed, *([[listed["rows"]]] if listed.get("rows") else [*inner, listed.get("only", ())]))
    for line in settings.get("lines", ()):
        said = {name: value for name, value in line.items() if name != "label" and (name, value) != ("kind", "text")}
        yield _part(f"{LINE}{line.get('label')}", said, paths_of(line.get("value")), paths_of(line.get("currency")))
    if settings.get("link"):
        yield _part("link", {"source": settings["link"]}, paths_of({"text": settings["link"]}))
    if settings.get("as_of"):
        yield _part("as_of", {"source": settings["as_of"]}, [settings["as_of"]])


def _field_of(rule: Mapping[str, Any]) -> str:
    return str(rule.get("field", "status"))


def _part(name: str, said: Mapping[str, Any], *paths: Sequence[str]) -> Part:
    return Part(name, {key: value for key, value in said.items() if value}, [each for some in paths for each in some])
