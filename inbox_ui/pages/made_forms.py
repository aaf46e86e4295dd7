"""Made forms: a municipality's forms, as its admin makes them: fields, conditions, preview, versions, how to embed one.

Works without a script: every button sends all of the page, which is saved as the form's draft.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from litestar import Response, get, post
from litestar.datastructures import FormMultiDict
from litestar.di import NamedDependency
from litestar.params import PathParameter, URLEncodedBody
from markupsafe import escape

from hub import clock
from hub.edge import forming
from hub.edge.desk import Desk
from hub.edge.forming import FormWhole, Placing
from hub.edge.headers import PAGE_POLICY
from hub.edge.parameters import PathId
from hub.edge.person import ADMIN
from hub.edge.problems import Stale
from hub.edge.versions import etag
from hub.errors import Conflict, Invalid, NotFound
from hub.inbox.form_answers import Limits
from hub.inbox.form_definition import CHOOSES, Definition, Field
from inbox_ui import form_editor
from inbox_ui.administered import languages, place_of, places, queue_id, texts
from inbox_ui.administration import administration
from inbox_ui.forms import Decided
from inbox_ui.public import form_page
from inbox_ui.public.form_page import Typed
from inbox_ui.rendering import Asking, onward, page
from inbox_ui.words import gettext as _
from inbox_ui.words import told, within, word

_LIST = "/web-forms"
PREVIEW_POLICY = PAGE_POLICY.replace("frame-ancestors 'none'", "frame-ancestors 'self'").replace(
    "form-action 'self'", "form-action 'none'"
)
"""In a frame of our own, and nothing is sent from there."""
_MANY = ("languages", "when-")
Version = Annotated[int, PathParameter(ge=1, le=1_000_000)]
Language = Annotated[str, PathParameter(pattern="^(sv|nb|nn|da|fi|en)$")]


@get("/web-forms", opt=ADMIN)
async def show_forms(request: Asking, desk: NamedDependency[Desk]) -> Response[bytes]:
    """Those of the municipalities that this person administers."""
    values = await administration(request, desk)
    lines = await desk.read(forming.forms)
    return page(request, "made_forms/page.html", **values, lines=lines, places=places(values["names"], desk.actor))


@get("/web-forms/new/{municipality_id:int}", opt=ADMIN)
async def begin(request: Asking, desk: NamedDependency[Desk], municipality_id: PathId) -> Response[bytes]:
    """What it is called, and where what is filled in lands."""
    return await _begun(request, desk, municipality_id, {})


@post("/web-forms/new/{municipality_id:int}", opt=ADMIN, status_code=200)
async def add(request: Asking, desk: NamedDependency[Desk], municipality_id: PathId) -> Response[bytes]:
    """A draft, which nobody outside sees."""
    said = texts(await request.form())
    values = await administration(request, desk)
    place = place_of(values["names"], desk.actor, municipality_id)
    language = place.home.language
    title = " ".join(said.get("title", "").split())
    definition = Definition(languages=(language,), title={language: title} if title else {})
    try:
        if not title:
            raise Invalid("title", _("Give it a title, too."))
        name = said.get("name", "").strip().lower()
        form_id = await desk.write(forming.add, municipality_id, name, queue_id(said.get("queue")) or 0, definition)
    except Invalid as error:
        return await _begun(request, desk, municipality_id, said, error)
    return onward(f"{_LIST}/{form_id}")


@get("/web-forms/{form_id:int}", opt=ADMIN)
async def show_form(request: Asking, desk: NamedDependency[Desk], form_id: PathId) -> Response[bytes]:
    """Its draft, to be changed; its versions."""
    whole = await desk.read(forming.one, form_id)
    return await _shown(request, desk, whole, whole.line.definition, {})


@post("/web-forms/{form_id:int}", opt=ADMIN, status_code=200)
async def change(request: Asking, desk: NamedDependency[Desk], form_id: PathId) -> Response[bytes]:
    """Does what was pressed, and saves all of it as the draft. What somebody else saved meanwhile isn't overwritten."""
    form = await request.form()
    said, chosen = texts(form), _chosen(form)
    values = await administration(request, desk)
    act = form_editor.asked(said.get("do", ""))
    definition, at = form_editor.done(form_editor.read(said, chosen), act)
    whole = await desk.read(forming.one, form_id)
    try:
        zone = place_of(values["names"], desk.actor, whole.line.municipality_id).home.timezone
        placing = _placing(said, zone)
        line = await desk.write(forming.save, form_id, definition, placing, etag(said.get("version", "")))
        if act.what == "publish":
            await forming.publish(desk, request.app.state.registry, form_id, etag(line.version))
    except (Invalid, Stale) as error:
        whole = await desk.read(forming.one, form_id)
        return await _shown(request, desk, whole, definition, said, error)
    to = f"#label-{at}-{definition.languages[0]}" if act.what == "add" else f"#field-{at}"
    return onward(f"{_LIST}/{form_id}" + (to if at >= 0 else ""))


@get("/web-forms/{form_id:int}/preview/{language:str}", opt=ADMIN)
async def show_preview(
    request: Asking, desk: NamedDependency[Desk], form_id: PathId, language: Language
) -> Response[bytes]:
    """The draft as citizens would see it; it can't be sent."""
    shown = await desk.read(forming.preview, form_id)
    if language not in shown.definition.languages:
        raise NotFound("There is no such form.")
    most = int(desk.settings.upload_megabytes)
    values = form_page.values(shown, language, "", Typed(), Limits(min(10, most), most))
    return page(request, "public/form.html", headers={"Content-Security-Policy": PREVIEW_POLICY}, **values)


@post("/web-forms/{form_id:int}/versions/{number:int}", opt=ADMIN, status_code=200)
async def roll_back(
    request: Asking, desk: NamedDependency[Desk], form_id: PathId, number: Version, data: URLEncodedBody[Decided]
) -> Response[bytes]:
    """It is shown again, and is the draft."""
    await administration(request, desk)
    await desk.write(forming.roll_back, form_id, number, data.if_match)
    return onward(f"{_LIST}/{form_id}")


@post("/web-forms/{form_id:int}/retirement", opt=ADMIN, status_code=200)
async def retire(
    request: Asking, desk: NamedDependency[Desk], form_id: PathId, data: URLEncodedBody[Decided]
) -> Response[bytes]:
    """Shown to nobody any more."""
    await administration(request, desk)
    await desk.write(forming.retire, form_id, data.if_match)
    return onward(f"{_LIST}/{form_id}")


def _chosen(form: FormMultiDict) -> dict[str, list[str]]:
    names = {str(name) for name in form if str(name).startswith(_MANY)}
    return {name: [str(each) for each in form.getall(name)] for name in names}


def _placing(said: Mapping[str, str], zone: str) -> Placing:
    """Raises Invalid for a day that isn't one."""
    closes = said.get("closes", "").strip()
    closes_at = None
    if closes:
        try:
            day = date.fromisoformat(closes) + timedelta(days=1)
        except (ValueError, OverflowError) as error:
            raise Invalid("closes", _("Write the day as year-month-day, or leave it empty.")) from error
        closes_at = clock.from_datetime(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)))
    return Placing(queue_id(said.get("queue")) or 0, queue_id(said.get("topic")), "receipt" in said, closes_at)


def _snippet(address: str, title: str) -> str:
    """For the municipality's own page."""
    attributes = {
        "src": address,
        "title": title,
        "width": "100%",
        "height": "900",
        "loading": "lazy",
        "style": "border:0",
    }
    return "<iframe " + " ".join(f'{name}="{escape(said)}"' for name, said in attributes.items()) + "></iframe>"


def _before(fields: Sequence[Field], number: int) -> list[Field]:
    """What a field can hang on."""
    return [each for each in fields[:number] if each.kind in CHOOSES]


def _named(error: Invalid) -> Invalid:
    """A language by its name."""
    code = str(error.said.get("language", ""))
    return Invalid(error.field, error.sentence, **{**error.said, "language": within(languages().get(code, code))})


async def _begun(
    request: Asking, desk: Desk, municipality_id: int, said: Mapping[str, str], error: Invalid | None = None
) -> Response[bytes]:
    values = await administration(request, desk)
    shown: dict[str, Any] = {
        "place": place_of(values["names"], desk.actor, municipality_id),
        "typed": said,
        "field": error.field if error else "",
        "problem": told(error) if error else "",
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK
    return page(request, "made_forms/new.html", status=status, **values, **shown)


async def _shown(
    request: Asking,
    desk: Desk,
    whole: FormWhole,
    definition: Definition,
    said: Mapping[str, str],
    error: Invalid | Conflict | None = None,
) -> Response[bytes]:
    values = await administration(request, desk)
    line = whole.line
    place = place_of(values["names"], desk.actor, line.municipality_id)
    closes = ""
    if line.closes_at is not None:
        closes = (line.closes_at.astimezone(ZoneInfo(place.home.timezone)) - timedelta(days=1)).date().isoformat()
    called = values["names"]
    outside = request.app.state.settings.public_url or str(request.base_url).rstrip("/")
    address = f"{outside}/forms/{line.code}/{line.name}"
    shown: dict[str, Any] = {
        "whole": whole,
        "line": line,
        "place": place,
        "draft": definition,
        "before": [_before(definition.fields, number) for number in range(len(definition.fields))],
        "kinds": form_editor.kind_words(),
        "choosing": CHOOSES,
        "languages_of": languages(),
        "topics": [
            called.topics[each]
            for each in called.live_topics
            if called.topics[each].municipality_id == line.municipality_id
        ],
        "queue": said.get("queue", line.queue_id),
        "topic": said.get("topic", line.topic_id or ""),
        "closes": said.get("closes", closes),
        "receipt": "receipt" in said if said else line.receipt,
        "field": error.field if isinstance(error, Invalid) else "",
        "problem": told(_named(error)) if isinstance(error, Invalid) else "",
        "wrong_at": form_editor.wrong_at(definition, error) if isinstance(error, Invalid) else "",
        "is_stale": isinstance(error, Stale),
        "address": address,
        "snippet": _snippet(address, word(definition.title) or line.name),
    }
    status = HTTPStatus.OK if error is None else HTTPStatus.UNPROCESSABLE_ENTITY
    status = HTTPStatus.PRECONDITION_FAILED if shown["is_stale"] else status
    return page(request, "made_forms/edit.html", status=status, **values, **shown)


ROUTES = (show_forms, begin, add, show_form, change, show_preview, roll_back, retire)
