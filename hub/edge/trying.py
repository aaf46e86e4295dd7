"""Trying: a draft asked of its source before anybody else can: what columns there are, and what an answer looks like.

A question goes through the gate as everybody's does: it is in the audit before it is asked, the register of protected
identities is asked first, and limits hold. What comes is covered as agents see it.
"""

import time
from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from hub.access.person import Actor
from hub.contract import Identifier, Misconfigured, PluginError, Subject
from hub.contract.mapping_config import MappedConfig
from hub.edge import configuring, making
from hub.edge.configuring import Field
from hub.edge.defining import Made
from hub.edge.desk import Desk
from hub.errors import Invalid
from hub.lookups import definition, places
from hub.lookups import open as opening
from hub.lookups.ask import ask
from hub.lookups.came import Cell, Watched, cells
from hub.lookups.cover import covered
from hub.lookups.definition import DRAFT, Published
from hub.lookups.question import Answered, Question, plain
from hub.lookups.sources import Sources
from hub.lookups.unfinished import as_far, lacking
from hub.plugin_host.registry import LookupClass, Registry
from hub.storage.scope import Scope
from hub.storage.unit import Unit

PURPOSE = "Trying a lookup before it is published"
_ELSEWHERE = frozenset(
    {"by", "select", "probe", "elsewhere", "headers", "token_headers", *MappedConfig.__struct_fields__}
)
"""Settings that the page has fields of its own for, or that are set in the file."""

_MOST_NAMES = 300
"""Of a source's columns."""


class Tried(Struct, frozen=True):
    """An answer, as agents see it, and how long it took. `row`: what its first card was made of, as it came; empty for
    kinds whose cards aren't made by settings. `beside`: columns of its view that weren't asked for.

    Where no card is shown: `came`, the rows of the source, None where none were read; `names`, where in the first of
    them something stands, without what; `status`, the one of HTTP that counted as: nothing is known, or 0. `lacks`: the
    card isn't made as it is set yet, because something that it isn't without is missing.
    """

    answered: Answered
    milliseconds: int
    row: Sequence[Cell] = ()
    beside: Sequence[str] = ()
    came: int | None = None
    names: Sequence[str] = ()
    status: int = 0
    lacks: bool = False


def fields(registry: Registry, kind: str, made: Made) -> Sequence[Field]:
    """Settings of a kind of source, as they are drawn; of a secret only whether there is one. None of a kind that
    departments don't set."""
    if kind not in making.KINDS or kind not in registry.lookups:
        return ()
    settings = made.declared.settings if kind == made.declared.kind else {}
    secrets = made.secrets if kind == made.declared.kind else ()
    found = configuring.fields_of(registry.lookups[kind], settings, has_secrets=False)
    return [replace(each, is_set=each.name in secrets) for each in found if each.name not in _ELSEWHERE]


async def columns(
    desk: Desk, registry: Registry, municipality_id: int, name: str, view: str, codes: Collection[str]
) -> Mapping[str, Sequence[str]]:
    """What can be chosen from at its source, as far as its kind tells: columns; of `codes` the words that stand there,
    where they are few. Raises NotFound, NotAllowed, Invalid."""
    one, cls = await desk.write(_draft, registry, municipality_id, name, desk.settings.lookup_places)
    try:
        found = await opening.columns(cls, one.values, view, codes)
    except Misconfigured as error:
        field = "view" if error.field == "select" and not one.values.get("select") else error.field
        raise Invalid(field, str(error)) from error
    except PluginError as error:
        raise Invalid("", "the source gives no answer: {why}", why=str(error)) from error
    await desk.write(_know, one, list(found))
    return found


async def try_draft(desk: Desk, sources: Sources, municipality_id: int, name: str, by: Identifier, value: str) -> Tried:
    """Through the gate; what the source does is an answer. Names of what came are known from then on.

    Raises NotFound, NotAllowed, Invalid: with the field `value` where it is what was asked by that can't be.
    """
    one, lacks = await desk.read(_readable, sources.registry, municipality_id, name, desk.settings.lookup_places)
    question = Question(municipality_id, name, by, value, PURPOSE, source="lookup editor", draft=one)
    watched = Watched(plain(Subject(by, value)))
    began = time.monotonic()
    try:
        answered = await ask(sources, Scope.of(desk.actor), desk.actor, question, watched)
    except Invalid as error:
        raise Invalid("value", error.sentence, **error.said) from error
    finally:
        await sources.forget(one)
    took = round((time.monotonic() - began) * 1000)
    found = watched.row_of(answered)
    tried = Tried(covered(answered, one.declared.leads_only), took, lacks=lacks)
    if answered.why == "protected":  # nor that there is anything about them
        return tried
    if found is None:
        await desk.write(_know, one, watched.names, also=one.columns)
        return replace(tried, came=watched.rows, names=watched.names, status=watched.status)
    row, number = found
    came = cells(one.declared, row, number or (value if by == "identity" else None))
    view = one.declared.settings.get("by", {}).get(by, {})
    beside = await _beside(sources.registry, one, str(view.get("view", "")) if isinstance(view, Mapping) else "", came)
    await desk.write(_know, one, [*watched.names, *beside], also=one.columns)
    return replace(tried, row=came, beside=beside)


async def _beside(registry: Registry, one: Published, view: str, came: Sequence[Cell]) -> Sequence[str]:
    """Of a view only what the card needs is asked for; what else it has is told by name alone."""
    if not view:
        return ()
    try:
        there = await opening.columns(registry.lookup(one.declared.kind), one.values, view, ())
    except (Misconfigured, PluginError):
        return ()
    known = {each.path.partition(".")[0].removesuffix("[]").casefold() for each in came}
    return [each for each in there if each.casefold() not in known]


def _know(unit: Unit, actor: Actor, one: Published, names: Sequence[str], also: Sequence[str] = ()) -> None:
    """They are at its source, and `also` those that were known of it. What somebody saved meanwhile stays."""
    row = making.held(unit, actor, one.municipality_id, one.declared.name, "*")
    if row.id == one.id and row.version == DRAFT:
        definition.know(row, list(dict.fromkeys([*names, *also]))[:_MOST_NAMES])


def _readable(
    unit: Unit, actor: Actor, registry: Registry, municipality_id: int, name: str, allowed: Sequence[str]
) -> tuple[Published, bool]:
    """And whether it still lacks what its card isn't without."""
    lacks = lacking(definition.read(unit, making.held(unit, actor, municipality_id, name, "*")))
    return making.read_draft(unit, actor, registry, municipality_id, name, "*", allowed, as_far)[0], lacks


def _draft(
    unit: Unit, actor: Actor, registry: Registry, municipality_id: int, name: str, allowed: Sequence[str]
) -> tuple[Published, LookupClass]:
    """Unfinished as it may be: where it leads is all that has to be there."""
    one = definition.read(unit, making.held(unit, actor, municipality_id, name, "*"))
    places.require_place(unit, one, allowed)
    making.log(unit, actor, "lookup.columns", municipality_id, one.id)
    return one, registry.lookup(one.declared.kind)
