"""Forms as JSON: what a form asks for, and what was filled in elsewhere. Part of the public face: nobody is logged in.

Whether there is such a municipality or such a form is answered alike.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from litestar import Request, get, post
from litestar.exceptions import HTTPException
from litestar.params import HeaderParameter, JSONBody, PathParameter
from msgspec import Meta, Struct

from hub.edge import filling
from hub.edge.filling import Said, SentOtherwise, Shown
from hub.edge.person import ANYONE
from hub.errors import Conflict, Invalid
from hub.formats.form import SentFile
from hub.formats.names import file_name
from hub.inbox import form_answers, form_definition
from hub.inbox.form_answers import Attached
from hub.inbox.form_definition import Field, Option, When
from hub.inbox.queries import shown as shown_time

_MOST_BYTES = 140_000_000
"""Files are base64 in it; how large they may be the setting says."""
_MANY_LINKS = (
    "there are more than {most} links in it, as in advertising, and nothing is kept yet: take away those that aren't "
    "needed, or ask its sender and send it with confirmed = true"
)
Code = Annotated[str, PathParameter(max_length=100, pattern=r"^[a-z0-9-]+$")]
Name = Annotated[str, PathParameter(max_length=60, pattern=r"^[a-z0-9-]+$")]
FormKey = Annotated[
    str,
    HeaderParameter(
        name="Idempotency-Key",
        description="The caller's own name for what is sent: sent again with it, it is kept once.",
        min_length=8,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
    ),
]
Answer = Annotated[str, Meta(max_length=20_000, pattern=r"^[^\x00]*$")]


class FormLimits(Struct, frozen=True):
    """Megabytes of a file, and of all of them."""

    file: int
    files: int


class FormShown(Struct, frozen=True):
    """`version` goes back with what is filled in. `over`: nothing is taken any more. Of `fields` each has a `kind`."""

    municipality: str
    name: str
    version: int
    languages: Sequence[str]
    title: Mapping[str, str]
    lead: Mapping[str, str]
    fields: Sequence["FormFieldShown"]
    limits: FormLimits
    closes_at: datetime | None
    over: bool


class FormFieldShown(Struct, frozen=True):
    """`when`: it is asked only where one of those options of that field is chosen. `most`: of files."""

    key: str
    kind: str
    label: Mapping[str, str]
    help: Mapping[str, str]
    required: bool
    options: Sequence[Option]
    when: When | None
    most: int | None


class NewFile(Struct, forbid_unknown_fields=True):
    """`content` in base64."""

    name: Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^[^\x00]*$")]
    media_type: Annotated[str, Meta(max_length=150, pattern=r"^[\x20-\x7e]*$")]
    content: bytes


class NewSubmission(Struct, forbid_unknown_fields=True):
    """`answers` by the key of their field: a text, of a choice its option's key; several where several may be chosen.

    A consent is given by any text. `version`: the one that was shown, for a day after it is so; null: the one that is.
    `confirmed`: its sender was asked once more, as a refusal at `confirmed` says, and wants it sent as it is.
    """

    language: Annotated[str, Meta(max_length=5)]
    answers: Annotated[
        Mapping[str, Answer | Annotated[Sequence[Answer], Meta(max_length=form_definition.MOST_OPTIONS)]],
        Meta(max_length=form_definition.MOST_FIELDS),
    ]
    files: Mapping[str, Annotated[Sequence[NewFile], Meta(max_length=form_definition.MOST_FILES)]] = {}
    version: Annotated[int, Meta(ge=1, le=2**31)] | None = None
    confirmed: bool = False


class SubmissionKept(Struct, frozen=True):
    """`reference`: the number to ask about it by."""

    reference: str


@get("/forms/{code:str}/{name:str}", opt=ANYONE)
async def show_form(request: Request[Any, Any, Any], code: Code, name: Name) -> FormShown:
    """As it is filled in now, in all its languages."""
    shown = await filling.find(request.app.state.storage, code, name)
    limits = filling.limits_of(request)
    definition = shown.definition
    return FormShown(
        municipality=shown.municipality,
        name=shown.name,
        version=shown.number,
        languages=definition.languages,
        title=definition.title,
        lead=definition.lead,
        fields=[_field(each) for each in definition.fields],
        limits=FormLimits(limits.file, limits.files),
        closes_at=shown_time(shown.closes_at),
        over=bool(shown.over),
    )


@post(
    "/forms/{code:str}/{name:str}/submissions", opt=ANYONE, middleware=[filling.fits], request_max_body_size=_MOST_BYTES
)
async def send_form(
    request: Request[Any, Any, Any], code: Code, name: Name, data: JSONBody[NewSubmission], idempotency_key: FormKey
) -> SubmissionKept:
    """Filled in. 201 when it is kept; 422 names each field that can't be used; 429 when too much comes from there.

    422 at `confirmed` for what looks like advertising: nothing is kept until its sender wants it sent all the same.
    409 for a form, or a version of it, that nothing is taken by any more.
    """
    storage = request.app.state.storage
    shown = await filling.find(storage, code, name, data.version)
    await filling.count(request, storage)
    if shown.over:
        raise Conflict(filling.TAKEN_NO_MORE[shown.over])
    said = _checked(request, shown, data)
    if unsafe := await filling.unsafe(request, _files(data)):
        _refuse({key: fault.sentence for key, fault in unsafe.items()})
    key = hashlib.sha256(f"{shown.form_id}:{idempotency_key}".encode()).hexdigest()
    try:
        sent = await filling.send(request, shown, Said(f"json.{key}", data.language, *said))
    except SentOtherwise as error:
        raise Invalid(
            "Idempotency-Key", "this key was used for another request: take a new one for each creation"
        ) from error
    return SubmissionKept(sent.reference)


def _checked(
    request: Request[Any, Any, Any], shown: Shown, data: NewSubmission
) -> tuple[Sequence[form_answers.Answered], Sequence[SentFile]]:
    definition = shown.definition
    if data.language not in definition.languages:
        known = ", ".join(definition.languages)
        raise Invalid("language", "this form is there in other languages only: {known}", known=known)
    asked = {each.key: each.kind for each in definition.fields if each.kind != "section"}
    strangers = [key for key in (*data.answers, *data.files) if key not in asked]
    strangers += [key for key in data.files if asked.get(key, "file") != "file"]
    if strangers:
        _refuse(dict.fromkeys(strangers, "There is no such field in this form."))
    typed = {key: [said] if isinstance(said, str) else list(said) for key, said in data.answers.items()}
    sent = _files(data)
    attached = {key: [Attached(each.name, len(each.content)) for each in several] for key, several in sent.items()}
    limits = filling.limits_of(request)
    answered, faults = form_answers.checked(definition, data.language, typed, attached, shown.place, limits)
    if faults:
        _refuse({key: fault.sentence for key, fault in faults.items()})
    if not data.confirmed and filling.asks_again(filling.doubts(answered, trap="", took=None), asked=False):
        raise Invalid("confirmed", _MANY_LINKS, most=filling.MOST_LINKS)
    counts = {each.field.key for each in answered}
    files = [each for key, several in sent.items() if key in counts for each in several]
    return answered, files


def _files(data: NewSubmission) -> dict[str, list[SentFile]]:
    return {
        key: [SentFile(file_name(each.name, each.media_type), each.media_type, each.content) for each in several]
        for key, several in data.files.items()
    }


def _refuse(faults: Mapping[str, str]) -> None:
    extra = [{"key": key[:50], "message": sentence} for key, sentence in faults.items()]
    raise HTTPException(status_code=422, detail="The form can't be taken as it is.", extra=extra)


def _field(field: Field) -> FormFieldShown:
    return FormFieldShown(
        key=field.key,
        kind=field.kind,
        label=field.label,
        help=field.help,
        required=field.required,
        options=field.options,
        when=field.when,
        most=field.most if field.kind == "file" else None,
    )


ROUTES = (show_form, send_form)
