"""Lookup beginning: a department's new lookup: what it is called, what kind of source and card, or a whole file."""

import re
import unicodedata
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from msgspec import ValidationError, convert

from hub.edge import making
from hub.edge.desk import Desk
from hub.edge.parameters import PathId
from hub.edge.person import USE
from hub.errors import Invalid, NotFound
from hub.lookups.definition import Declared
from hub.lookups.file import parsed
from inbox_ui import lookup_rows, lookup_words
from inbox_ui.administered import texts
from inbox_ui.administration import administration
from inbox_ui.pages.made_lookups import LIST
from inbox_ui.rendering import Asking, onward, page
from inbox_ui.stored import stored
from inbox_ui.words import gettext as _
from inbox_ui.words import told

_AT = "/made-lookups/new/{municipality_id:int}"


@get(_AT, opt=USE)
async def show(request: Asking, desk: NamedDependency[Desk], municipality_id: PathId) -> Response[bytes]:
    """What there is to say before anything else."""
    return await _shown(request, desk, municipality_id, {})


@post(_AT, opt=USE, status_code=200)
async def add(request: Asking, desk: NamedDependency[Desk], municipality_id: PathId) -> Response[bytes]:
    """A draft, which nobody is asked by."""
    said = texts(await request.form())
    home = _home(await administration(request, desk), municipality_id)
    try:
        declared = _declared(said, home)
        department_id = int(said["department"]) if said.get("department", "").isdecimal() else None
        await desk.write(making.begin, request.app.state.registry, municipality_id, declared, department_id)
    except Invalid as error:
        return await _shown(request, desk, municipality_id, said, error)
    return onward(f"{LIST}/{municipality_id}/{declared.name}")


def _declared(said: Mapping[str, str], home: Any) -> Declared:
    """In its municipality's language, time and currency. Raises Invalid."""
    if said.get("file", "").strip():
        return parsed(said["file"])
    title = " ".join(said.get("title", "").split())
    if not title:
        raise Invalid("title", _("Write what the card is called."))
    name = said.get("name", "").strip().lower() or _name(title)
    kind = said.get("kind", "sql") if said.get("kind") in lookup_words.kinds() else "sql"
    card = said.get("card", "fields") if said.get("card") in lookup_words.cards() else "fields"
    fields: dict[str, object] = {"currency": {"text": lookup_rows.currency(home.timezone)}} if card == "invoice" else {}
    fields |= {"title": {"text": title}} if card == "fields" else {}
    try:
        settings = {"card": card, "fields": fields, "time_zone": home.timezone}
        return convert({"name": name, "kind": kind, "title": {home.language: title}, "settings": settings}, Declared)
    except ValidationError as error:
        raise Invalid("name", _("A name has 2 to 40 letters of a-z, 0-9 and _, a letter first.")) from error


def _name(title: str) -> str:
    """Letters without their marks."""
    plain = unicodedata.normalize("NFKD", title.casefold().replace("æ", "ae").replace("ø", "o"))
    return re.sub(r"[^a-z0-9]+", "_", plain.encode("ascii", "ignore").decode()).strip("_")[:40]


def _home(values: Mapping[str, Any], municipality_id: int) -> Any:
    """Raises NotFound for another's."""
    home = values["names"].municipalities.get(str(municipality_id))
    if home is None:
        raise NotFound("There is no such municipality of yours.")
    return home


async def _shown(
    request: Asking, desk: Desk, municipality_id: int, said: Mapping[str, str], error: Invalid | None = None
) -> Response[bytes]:
    values = await administration(request, desk)
    shown: dict[str, Any] = {
        "home": _home(values, municipality_id),
        "departments": await desk.read(making.departments, municipality_id),
        "said": said,
        "kinds": lookup_words.kinds(),
        "cards": lookup_words.cards(),
        "field": error.field if error else "",
        "problem": stored(told(error)) if error else "",
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK
    return page(request, "made_lookups/new.html", status=status, **values, **shown)


ROUTES = (show, add)
