"""Public forms: a municipality's forms, for whoever has their address. Nobody is logged in; it works without a script.

What was typed comes back with whatever has to be put right, files too. What is sent is kept once, and shows its number.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.params import PathParameter
from msgspec.structs import replace

from hub import clock
from hub.access.knock import TooManyKnocks
from hub.edge import filling, form_files, form_token
from hub.edge.filling import Said, SentOtherwise, Shown
from hub.edge.form_files import KeptFile
from hub.edge.form_token import FormToken
from hub.edge.headers import PAGE_POLICY
from hub.edge.person import ANYONE, FILLED_IN
from hub.errors import Conflict, NotFound, Unavailable
from hub.formats.form import SentFile
from hub.formats.names import file_name
from hub.inbox import form_answers, form_definition
from hub.inbox.form_answers import Attached
from hub.inbox.municipality import LANGUAGES
from hub.inbox.receipt import reference
from inbox_ui.public import form_page, spoken
from inbox_ui.public.form_page import FIELD, KEPT, TOKEN, TRAP, Typed
from inbox_ui.rendering import Asking, onward, page

MOST_BYTES = 101_000_000
"""What the setting of uploads may at most be, and some text."""
_LONGEST = 100_000
Code = Annotated[str, PathParameter(max_length=100, pattern=r"^[a-z0-9-]+$")]
Name = Annotated[str, PathParameter(max_length=60, pattern=r"^[a-z0-9-]+$")]
Language = Annotated[str, PathParameter(max_length=5, pattern=r"^[a-z]+$")]
Receipt = Annotated[str, PathParameter(max_length=80, pattern=r"^[0-9a-f.]+$")]


@get("/forms/{code:str}/{name:str}", opt=ANYONE)
async def show_form(request: Asking, code: Code, name: Name) -> Response[bytes]:
    """In the language that the browser prefers, of those it is there in."""
    shown = await filling.find(request.app.state.storage, code, name)
    language = spoken.preferred(request.headers.get("accept-language", ""), shown.definition.languages)
    return _page(request, shown, language, Typed(), status=_status(shown))


@get("/forms/{code:str}/{name:str}/{language:str}", opt=ANYONE)
async def show_form_in(request: Asking, code: Code, name: Name, language: Language) -> Response[bytes]:
    """In that language."""
    shown, language = await _in(request, code, name, language)
    return _page(request, shown, language, Typed(), status=_status(shown))


@post(
    "/forms/{code:str}/{name:str}/{language:str}",
    opt=FILLED_IN,
    middleware=[filling.fits],
    status_code=200,
    request_max_body_size=MOST_BYTES,
)
async def send_form(request: Asking, code: Code, name: Name, language: Language) -> Response[bytes]:
    """On to the page with its number; or the form again, with all that was typed, and what is to be put right."""
    storage = request.app.state.storage
    form = await request.form()
    token = form_token.read(storage.keys, str(form.get(TOKEN) or ""))
    shown, language = await _in(request, code, name, language, token)
    typed, files, lost = await _read(request, shown, form)
    words = spoken.words(language)
    try:
        await filling.count(request, storage)
    except TooManyKnocks as error:
        said = words["too_many"] % {"minutes": error.minutes}
        kept = {} if error.flood else files  # a program may not fill the disk with what isn't even taken
        return await _again(request, shown, language, typed, kept, notice=said, status=429, token=token)
    attached = _attached(files, lost)
    limits = filling.limits_of(request)
    answered, faults = form_answers.checked(shown.definition, language, typed, attached, shown.place, limits)
    if faults or shown.over:
        wrong = Typed(typed) if shown.over else Typed(typed, {}, faults)
        return await _again(request, shown, language, wrong, {} if shown.over else files, status=422, token=token)
    is_ours = token is not None and not token.is_expired and token.form_id == shown.form_id
    doubts = filling.doubts(
        answered, trap=str(form.get(TRAP) or ""), took=clock.now() - token.shown_at if token else None
    )
    asks = filling.asks_again(doubts, asked=token.asked) if token is not None and is_ours else "expired"
    if token is None or asks:
        goes_on = replace(token, asked=True) if token is not None and is_ours else None
        return await _again(request, shown, language, typed, files, notice=words[asks], status=422, token=goes_on)
    counting = {each.field.key for each in answered}
    said_all = Said(
        f"page.{token.name}",
        language,
        answered,
        [each for key, several in files.items() if key in counting for each in several],
        [] if token.asked and "honeypot" not in doubts else doubts,
    )
    try:
        if unsafe := await filling.unsafe(request, files):
            safe = {key: several for key, several in files.items() if key not in unsafe}
            return await _again(request, shown, language, Typed(typed, {}, unsafe), safe, status=422, token=token)
        sent = await filling.send(request, shown, said_all)
    except SentOtherwise as error:
        notice, status, goes_on = words["sent_before"] % {"number": error.sent.reference}, 409, None
    except Unavailable:
        notice, status, goes_on = words["unavailable"], 503, token
    else:
        receipt = form_token.make_receipt(storage.keys, sent.conversation_id)
        return onward(f"/forms/{shown.code}/{shown.name}/{language}/sent/{receipt}")
    return await _again(request, shown, language, typed, files, notice=notice, status=status, token=goes_on)


@get("/forms/{code:str}/{name:str}/{language:str}/sent/{receipt:str}", opt=ANYONE)
async def show_receipt(
    request: Asking, code: Code, name: Name, language: Language, receipt: Receipt
) -> Response[bytes]:
    """The number to ask by. Loading it again sends nothing."""
    storage = request.app.state.storage
    shown, language = await _in(request, code, name, language)
    conversation_id = form_token.read_receipt(storage.keys, receipt)
    if conversation_id is None:
        raise NotFound("There is no such form.")
    values = form_page.frame(shown, language) | {
        "number": reference(conversation_id),
        "thanks": form_definition.said(shown.definition.thanks, language),
    }
    return page(request, "public/sent.html", headers=_headers(shown), **values)


async def _in(
    request: Asking, code: str, name: str, language: str, token: FormToken | None = None
) -> tuple[Shown, str]:
    """As it is, or as it was when its page was shown; in that language, else in its own: a newer version may lack one
    that a page stood open in, or that somebody has kept the address of. Raises NotFound for what is no language."""
    storage = request.app.state.storage
    shown = None
    if token is not None and not token.is_expired:
        try:
            as_it_was = await filling.find(storage, code, name, token.version)
        except Conflict:  # the page of another form
            as_it_was = None
        shown = as_it_was if as_it_was is not None and as_it_was.form_id == token.form_id else None
    shown = shown or await filling.find(storage, code, name)
    if language not in LANGUAGES:
        raise NotFound("There is no such form.")
    return shown, language if language in shown.definition.languages else shown.definition.languages[0]


async def _read(
    request: Asking, shown: Shown, form: Any
) -> tuple[dict[str, list[str]], dict[str, list[SentFile]], dict[str, list[str]]]:
    """Texts and files by field, and kept files that are gone. Texts also of fields that aren't there any more."""
    storage = request.app.state.storage
    typed: dict[str, list[str]] = {}
    files: dict[str, list[SentFile]] = {}
    lost: dict[str, list[str]] = {}
    for name, value in form.multi_items():
        key = str(name)[len(FIELD) :]
        field = shown.definition.field(key)
        takes_files = field is not None and field.kind == "file"
        if isinstance(value, UploadFile):
            content = await value.read()
            await value.close()
            if value.filename and takes_files:
                media_type = value.content_type or "application/octet-stream"
                named = file_name(value.filename, media_type)
                files.setdefault(key, []).append(SentFile(named, media_type, content))
        elif str(name).startswith(KEPT) and takes_files:
            kept = form_files.fetch(storage, shown.municipality_id, str(value))
            if kept is None:
                lost.setdefault(key, []).append(str(value))
            else:
                files.setdefault(key, []).append(kept)
        elif str(name).startswith(FIELD):
            typed.setdefault(key, []).append(str(value)[:_LONGEST])
    return typed, files, lost


def _attached(
    files: Mapping[str, Sequence[SentFile]], lost: Mapping[str, Sequence[str]]
) -> dict[str, Sequence[Attached]]:
    there: dict[str, Sequence[Attached]] = {
        key: [Attached(each.name, len(each.content)) for each in several] for key, several in files.items()
    }
    return there | {key: [*there.get(key, ()), *(Attached("", 0, lost=True) for _ in lost[key])] for key in lost}


async def _again(
    request: Asking,
    shown: Shown,
    language: str,
    typed: Typed | Mapping[str, Sequence[str]],
    files: Mapping[str, Sequence[SentFile]],
    *,
    status: int,
    notice: str = "",
    token: FormToken | None = None,
) -> Response[bytes]:
    """All that was typed; files are kept meanwhile, but for those that are too large. `token`: its page goes on."""
    most = filling.limits_of(request).file * 1_000_000
    kept: dict[str, Sequence[KeptFile]] = {}
    for key, several in files.items():
        small = [each for each in several if 0 < len(each.content) <= most]
        kept[key] = await form_files.keep(request.app.state.storage, shown.municipality_id, small)
    was = typed if isinstance(typed, Typed) else Typed(typed)
    again = Typed(was.values, kept, was.faults)
    return _page(request, shown, language, again, notice=notice, status=status, token=token)


def _page(
    request: Asking,
    shown: Shown,
    language: str,
    typed: Typed,
    *,
    notice: str = "",
    status: int = 200,
    token: FormToken | None = None,
) -> Response[bytes]:
    keys = request.app.state.storage.keys
    goes_on = token is not None and not token.is_expired and token.form_id == shown.form_id
    written = form_token.write(keys, token) if token is not None and goes_on else None
    values = form_page.values(
        shown,
        language,
        written or form_token.make(keys, shown.form_id, shown.number),
        typed,
        filling.limits_of(request),
        notice,
    )
    return page(request, "public/form.html", status=status, headers=_headers(shown), **values)


def _status(shown: Shown) -> int:
    return HTTPStatus.GONE if shown.over == "retired" else HTTPStatus.OK


def _headers(shown: Shown) -> dict[str, str]:
    """It may stand on its municipality's own pages."""
    sites = " ".join(shown.sites) or "'none'"
    return {"Content-Security-Policy": PAGE_POLICY.replace("frame-ancestors 'none'", f"frame-ancestors {sites}")}


ROUTES = (show_form, show_form_in, send_form, show_receipt)
