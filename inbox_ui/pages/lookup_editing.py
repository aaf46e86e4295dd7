"""Lookup editing: a department makes a lookup: source, parameters, fields, audience; tried, approved, published.

Works without a script: every button sends all of the page, which is saved as the draft before anything is done by it.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any, cast

from litestar import Response, get, post
from litestar.datastructures import FormMultiDict
from litestar.di import NamedDependency, Provide
from litestar.params import PathParameter, URLEncodedBody
from msgspec import Meta, Struct
from msgspec.structs import asdict

from hub.contract import Identifier
from hub.contract.mapping_cards import whole
from hub.contract.mapping_config import FIELDS
from hub.edge import configuring, defining, making, owning, trying
from hub.edge.asking import provide_sources
from hub.edge.defining import Made
from hub.edge.desk import Desk
from hub.edge.making import Ended
from hub.edge.parameters import PathId
from hub.edge.person import USE
from hub.edge.problems import Stale
from hub.edge.versions import etag
from hub.errors import Conflict, Invalid, NotAllowed
from hub.lookups.definition import LINE, Declared
from hub.lookups.file import parsed
from hub.lookups.sources import Sources
from inbox_ui import lookup_editor, lookup_preview, lookup_rows, lookup_words
from inbox_ui import made as words_of
from inbox_ui.administered import languages, texts
from inbox_ui.administration import administration
from inbox_ui.approving import approvals
from inbox_ui.lookups.panel import by_words
from inbox_ui.pages.made_lookups import LIST, Name, shown
from inbox_ui.rendering import Asking, onward, page
from inbox_ui.stored import stored
from inbox_ui.words import gettext as _

_SOURCES = {"sources": Provide(provide_sources, sync_to_thread=False)}
_ONE = "/made-lookups/{municipality_id:int}/{name:str}"
Short = Annotated[str, Meta(max_length=40)]


class Decided(Struct):
    """`version`: as whoever decides has seen it; `approves`: the key of what is approved; `owner`: a person's id."""

    version: Short = ""
    approves: Short = ""
    owner: Short = ""


class Result(Struct, frozen=True):
    """What the page shows beside the form: what came of a try, of reading columns, of publishing."""

    tried: trying.Tried | None = None
    columns: Mapping[str, Sequence[str]] = {}
    ended: Ended | None = None
    error: Invalid | Conflict | None = None
    typed: Mapping[str, str] = {}
    added: Sequence[str] = ()
    refused: bool = False


@get(_ONE, opt=USE)
async def show_one(
    request: Asking, desk: NamedDependency[Desk], municipality_id: PathId, name: Name
) -> Response[bytes]:
    """To be changed by its department, to be read by others."""
    made = await desk.read(defining.one, municipality_id, name, request.app.state.registry)
    if not made.may_change:
        return await shown(request, desk, municipality_id, name)
    asks = await desk.read(making.asks, municipality_id, name)
    return await _editor(request, desk, made, made.declared, Result(ended=asks))


@post(_ONE, opt=USE, status_code=200, dependencies=_SOURCES)
async def change(
    request: Asking,
    desk: NamedDependency[Desk],
    sources: NamedDependency[Sources],
    municipality_id: PathId,
    name: Name,
) -> Response[bytes]:
    """Saves all of it as the draft, then does what was pressed. What others saved meanwhile isn't overwritten."""
    registry = request.app.state.registry
    form = await request.form()
    said = texts(form)
    await administration(request, desk)
    made = await desk.read(defining.one, municipality_id, name, registry)
    declared, do = made.declared, said.get("do", "")
    result = Result(typed=_typed(said))
    try:
        declared, secrets = _read(registry, said, form, made)
        declared = lookup_editor.moved(declared, do)
        await desk.write(making.save, registry, municipality_id, declared, secrets, etag(said.get("version", "")))
        result = await _done(request, desk, sources, made, said, declared)
    except NotAllowed as error:  # a trial that was refused: the page stays, and says so where it was tried
        if do != "try":
            raise
        result = Result(error=Invalid("try_value", error.sentence, **error.said), typed=result.typed, refused=True)
    except (Invalid, Stale) as error:
        result = Result(error=error, typed=result.typed)
        declared = made.declared if do == "file" else declared  # what is in the file stays in its own field
    if isinstance(result.error, Stale):
        return await _editor(request, desk, made, declared, result, said)
    if result.ended is not None and result.ended.what != "asks":
        return onward(f"{LIST}/{municipality_id}/{name}")
    if result == Result(typed=result.typed) and do not in {"see", "add", "line"}:
        return onward(f"{LIST}/{municipality_id}/{name}")
    made = await desk.read(defining.one, municipality_id, name, registry)
    return await _editor(request, desk, made, declared, result, said)


@post(f"{_ONE}/preview", opt=USE, status_code=200)
async def show_preview(
    request: Asking, desk: NamedDependency[Desk], municipality_id: PathId, name: Name
) -> Response[bytes]:
    """The card as what is typed would make it; nothing is saved, and no source asked."""
    form = await request.form()
    said = texts(form)
    values = await administration(request, desk)
    registry = request.app.state.registry
    made = await desk.read(defining.one, municipality_id, name, registry)
    try:
        declared = _read(registry, said, form, made)[0]
    except Invalid:
        declared = made.declared
    home = values["names"].municipalities[str(municipality_id)]
    seen = lookup_preview.preview(made, declared, said.get("see", ""), _typed(said), (home.language, home.timezone))
    whole: dict[str, Any] = {"made": made, "tried": None, "by_words": by_words(), **seen}
    return page(request, "made_lookups/_preview.html", **values, **whole, one=_Nobody(), whose="")


@post(f"{_ONE}/discard", opt=USE, status_code=200)
async def discard(
    request: Asking, desk: NamedDependency[Desk], municipality_id: PathId, name: Name, data: URLEncodedBody[Decided]
) -> Response[bytes]:
    """The draft goes."""
    await administration(request, desk)
    await desk.write(making.discard, municipality_id, name, etag(data.version))
    lines = await desk.read(defining.made)
    there = any((line.municipality_id, line.name) == (str(municipality_id), name) for line in lines)
    return onward(f"{LIST}/{municipality_id}/{name}" if there else LIST)


@post(f"{_ONE}/versions/{{number:int}}", opt=USE, status_code=200)
async def roll_back(
    request: Asking,
    desk: NamedDependency[Desk],
    municipality_id: PathId,
    name: Name,
    number: Annotated[int, PathParameter(ge=1, le=1_000_000)],
    data: URLEncodedBody[Decided],
) -> Response[bytes]:
    """It is asked again; what it shows to more people its owner approves first."""
    values = await administration(request, desk)
    allowed, version = desk.settings.lookup_places, etag(data.version)
    ended = await desk.write(making.roll_back, municipality_id, name, number, version, data.approves, allowed)
    if ended.what != "asks":
        return onward(f"{LIST}/{municipality_id}/{name}")
    made = await desk.read(defining.one, municipality_id, name, request.app.state.registry, number)
    asks: dict[str, Any] = {
        "made": made,
        "token_": data.version,
        "title": words_of.title(made.declared),
        "ended": ended,
        "approvals": approvals(ended.wider),
    }
    return page(request, "made_lookups/approve.html", **values, **asks)


@post(f"{_ONE}/withdrawal", opt=USE, status_code=200)
async def withdraw(
    request: Asking, desk: NamedDependency[Desk], municipality_id: PathId, name: Name, data: URLEncodedBody[Decided]
) -> Response[bytes]:
    """It is asked no more, until a version of it is published again."""
    await administration(request, desk)
    await desk.write(making.withdraw, municipality_id, name, etag(data.version))
    return onward(f"{LIST}/{municipality_id}/{name}")


@post(f"{_ONE}/topics/{{topic_id:int}}", opt=USE, status_code=200)
async def decide_topic(
    request: Asking,
    desk: NamedDependency[Desk],
    municipality_id: PathId,
    name: Name,
    topic_id: PathId,
    data: URLEncodedBody[Decided],
) -> Response[bytes]:
    """Whether the topic asks it from now on: its owner's to say."""
    await administration(request, desk)
    decision = (municipality_id, name, topic_id, etag(data.version))
    await desk.write(owning.decide, *decision, agrees=data.approves == "yes")
    return onward(f"{LIST}/{municipality_id}/{name}")


@post(f"{_ONE}/owner", opt=USE, status_code=200)
async def give(
    request: Asking, desk: NamedDependency[Desk], municipality_id: PathId, name: Name, data: URLEncodedBody[Decided]
) -> Response[bytes]:
    """A colleague answers for it from now on."""
    await administration(request, desk)
    owner = int(data.owner) if data.owner.isdecimal() else 0
    await desk.write(making.give, municipality_id, name, owner, etag(data.version))
    return onward(f"{LIST}/{municipality_id}/{name}")


class _Nobody(Struct, frozen=True):
    """In the place of the conversation that a card stands beside."""

    id: str = "0"


def _typed(said: Mapping[str, str]) -> dict[str, str]:
    """Test data, by column."""
    return {name.removeprefix("test-"): text for name, text in said.items() if name.startswith("test-")}


def _read(
    registry: Any, said: Mapping[str, str], form: FormMultiDict, made: Made
) -> tuple[Declared, Mapping[str, str]]:
    """The definition, and the secrets that were typed. Raises Invalid."""
    if said.get("do") == "file":
        return _of_file(said.get("file", ""), made), {}
    kind = said.get("kind", made.declared.kind)
    fields = [
        each for each in trying.fields(registry, kind, made) if f"set-{each.name}" in said or each.kind == "switch"
    ]
    there = {each.name: said.get(f"set-{each.name}", "") for each in fields}
    values = configuring.values_of_fields([each for each in fields if said.get("kind_shown") == kind], there)
    secret = {each.name for each in fields if each.kind == "secret"}
    plain = {name: value for name, value in values.items() if name not in secret}
    chosen = {"roles": [str(each) for each in form.getall("roles", [])]}
    declared = lookup_editor.read(said, chosen, made.declared, plain)
    return declared, {name: str(values[name]) for name in secret if values.get(name)}


def _of_file(text: str, made: Made) -> Declared:
    declared = parsed(text)
    if declared.name != made.line.name:
        raise Invalid("file", _("The file is of another name than this lookup: %(name)s.") % {"name": declared.name})
    return declared


async def _done(
    request: Asking, desk: Desk, sources: Sources, made: Made, said: Mapping[str, str], declared: Declared
) -> Result:
    """What was pressed, after it was saved. Raises Invalid with the field."""
    registry, do, typed = request.app.state.registry, said.get("do", ""), _typed(said)
    place, name = int(made.line.municipality_id), made.line.name
    saved = await desk.read(defining.one, place, name, registry)
    if do == "columns":
        codes = _coded(declared)
        found = await trying.columns(
            desk, registry, place, name, lookup_rows.view_of(declared) or said.get("view", ""), codes
        )
        if not found:
            raise Invalid(
                "", _("This kind of source can’t tell what it has: write the paths as its description names them.")
            )
        return Result(columns=found, typed=typed)
    if do == "try":
        by = said.get("try_by") or next(iter(declared.settings.get("by", {})), "")
        value = said.get("try_value", "").strip()
        if by not in lookup_rows.IDENTIFIERS:
            raise Invalid("by", _("Say first what it can be asked by, under 2: by one thing at least."))
        if not value:
            raise Invalid(
                "try_value", _("Write a number or an address to try it with: one of test data, not a citizen’s.")
            )
        tried = await trying.try_draft(desk, sources, place, name, cast(Identifier, by), value)
        return Result(tried=tried, typed=typed, refused=tried.answered.why == "protected")
    if do == "publish":
        approves = said.get("approves", "") if "approved" in said else ""
        return Result(
            ended=await making.publish(desk, registry, place, name, etag(saved.newest), approves), typed=typed
        )
    return Result(typed=typed, added=_added(said) if do == "add" else ())


def _added(said: Mapping[str, str]) -> Sequence[str]:
    """The one that is added now, last; those before it are still empty, and stay."""
    empty = [
        name.removeprefix("field-") for name, text in said.items() if name.startswith("field-") and not text.strip()
    ]
    return [*empty, said.get("add", "")]


def _coded(declared: Declared) -> set[str]:
    """Columns that have codes, as far as is known: those of states, and those of which some words are said. What stands
    in a column that is hidden on the card isn't listed here either."""
    settings, card = declared.settings, lookup_rows.card_of(declared)
    fields = {
        name for name in FIELDS[card] if lookup_words.states(card, name) or name in {"status", "decision", "kind"}
    } | set(settings.get("values", {}))
    fields = {name for name in fields if words_of.seen_of(declared, whole(name)) == "all"}
    lines = [each for each in settings.get("lines", ()) if each.get("kind", "text") == "text"]
    lines = [each for each in lines if words_of.seen_of(declared, f"{LINE}{each.get('label')}") == "all"]
    named = [settings.get("fields", {}).get(name) for name in fields] + [each.get("value") for each in lines]
    return {each for each in named if isinstance(each, str)}


async def _editor(
    request: Asking,
    desk: Desk,
    made: Made,
    declared: Declared,
    result: Result,
    said: Mapping[str, str] | None = None,
) -> Response[bytes]:
    values, registry = await administration(request, desk), request.app.state.registry
    said = said or {}
    home = values["names"].municipalities[made.line.municipality_id]
    error = result.error
    field = error.field if isinstance(error, Invalid) else ""
    fields = trying.fields(registry, declared.kind, made)
    seen = lookup_preview.preview(made, declared, said.get("see", ""), result.typed, (home.language, home.timezone))
    titles = {each.name: stored(each.title) for each in fields}
    if result.tried is not None:
        seen |= {
            "asked": lookup_preview.asked(made, declared, result.tried.answered.state, result.tried.answered, titles),
            "sentence": lookup_preview.said(declared, result.tried.answered, (home.language, home.timezone)),
            "wrong": "",
            "rows_at": lookup_preview.rows_at(result.tried.names),
        }
    shown_: dict[str, Any] = {
        "made": made,
        "draft": declared,
        "title": words_of.title(declared),
        "said": said,
        "order": own_first_of(home, declared),
        "currency": lookup_rows.currency(home.timezone),
        "languages_of": languages(),
        "kinds": lookup_words.kinds() if declared.kind in making.KINDS else {},
        "kind_title": words_of.kinds(defining.kinds(registry)).get(declared.kind, declared.kind),
        "is_ours": declared.kind in making.KINDS,
        "own_fields": fields,
        **_card(declared, result, said),
        "tried": result.tried,
        "ended": result.ended,
        "approvals": approvals(result.ended.wider) if result.ended else (),
        "problem": lookup_words.wrong(error, titles) if isinstance(error, Invalid) else "",
        "refused": result.refused,
        "field": lookup_editor.field_of(field),
        "is_stale": isinstance(error, Stale),
        "before": {each.number: words_of.before(made, each.number) for each in made.versions},
        "newest": made.token,
        **asdict(await desk.read(making.standing, int(made.line.municipality_id), made.line.name)),
        "asking": await desk.read(owning.asking, int(made.line.municipality_id), made.line.name),
        **seen,
    }
    status = HTTPStatus.OK if error is None else HTTPStatus.UNPROCESSABLE_ENTITY
    status = HTTPStatus.PRECONDITION_FAILED if shown_["is_stale"] else status
    return page(request, "made_lookups/edit.html", status=status, **values, **shown_, one=_Nobody(), whose="")


def _card(declared: Declared, result: Result, said: Mapping[str, str]) -> dict[str, Any]:
    """What it is asked by, and what its card shows."""
    rows = lookup_rows.field_rows(declared, result.added, result.columns)
    return {
        "cards": lookup_words.cards(),
        "card": lookup_rows.card_of(declared),
        "view_name": lookup_rows.view_of(declared) or said.get("view", ""),
        "by_rows": lookup_rows.by_rows(declared),
        "by_words": by_words(),
        "like": lookup_rows.LIKE,
        "rows": rows,
        "added": result.added[-1] if result.added else "",
        "adds_line": said.get("do") == "line",
        "lines": lookup_rows.line_rows(declared, result.columns),
        "addable": lookup_rows.addable(declared, rows),
        "readings": lookup_words.readings(),
        "line_kinds": lookup_words.line_kinds(),
        "zones": lookup_rows.zones(declared),
        "seen_words": lookup_words.seen(),
        "hideable": lookup_rows.hideable(lookup_rows.card_of(declared)),
        "kept_covers": lookup_words.covers(declared),
        "roles": lookup_words.roles(),
        "found": result.columns,
        "in_file": lookup_editor.kept_in_file(declared),
        "like_words": lookup_words.ways(),
        "braced": [f"{{{each}}}" for each in lookup_rows.sayable(declared)],
    }


def own_first_of(home: Any, declared: Declared) -> Sequence[str]:
    """Languages, the municipality's own first; then those in which something is said, and English."""
    return list(dict.fromkeys([home.language, *declared.title, *declared.source, "en"]))


ROUTES = (show_one, change, show_preview, discard, roll_back, withdraw, decide_topic, give)
