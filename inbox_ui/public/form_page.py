"""Form page: what the template of a form is given: its fields in their parts, what was typed, what is wrong."""

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date
from msgspec import Struct

from hub import clock
from hub.edge.filling import Shown
from hub.edge.form_files import KeptFile
from hub.inbox import form_answers
from hub.inbox.form_answers import Fault, Limits
from hub.inbox.form_definition import CHOOSES, Definition, Field, said
from inbox_ui.public.spoken import fault_words, own_name, words

FIELD, KEPT, TRAP, TOKEN = "f-", "k-", "website", "token"
"""What names in the form begin with, or are."""
_INPUTS: Mapping[str, tuple[str, str]] = {
    "email": ("email", "email"),
    "phone": ("tel", "tel"),
    "date": ("date", "off"),
    "name": ("text", "name"),
    "address": ("text", "street-address"),
    "identity": ("text", "off"),
}
"""Kind -> type and autocomplete of its input."""


class OptionShown(Struct, frozen=True):
    """One answer to choose from."""

    key: str
    words: str
    chosen: bool


class FieldShown(Struct, frozen=True, kw_only=True):
    """`only_if`: what has to be chosen for it, in words; `when`: for the script. `wrong`: what is to be done."""

    id: str
    name: str
    kind: str
    type: str
    autocomplete: str
    label: str
    hint: str
    value: str
    longest: int
    required: bool
    options: Sequence[OptionShown]
    kept: Sequence[KeptFile]
    most: int
    only_if: str
    when: str
    wrong: str


class Part(Struct, frozen=True):
    """What stands below one heading; the first may have none."""

    id: str
    title: str
    lead: str
    only_if: str
    when: str
    fields: Sequence[FieldShown]


class Typed(Struct, frozen=True):
    """What somebody has typed, by fields, and the files that are kept meanwhile."""

    values: Mapping[str, Sequence[str]] = {}
    kept: Mapping[str, Sequence[KeptFile]] = {}
    faults: Mapping[str, Fault] = {}


def values(shown: Shown, language: str, token: str, typed: Typed, limits: Limits, notice: str = "") -> dict[str, Any]:
    """For `public/form.html`."""
    definition = shown.definition
    fields = {each.key: each for each in definition.fields}
    parts = _parts(shown, language, typed, limits)
    wrong = [field for part in parts for field in part.fields if field.wrong]
    return frame(shown, language) | {
        "lead": said(definition.lead, language),
        "parts": parts,
        "wrong_fields": wrong,
        "notice": notice,
        "token": token,
        "field_trap": TRAP,
        "field_token": TOKEN,
        "over": words(language)[shown.over] if shown.over else "",
        "left": [
            (said(fields[key].label, language) if key in fields else "", text)
            for key, several in typed.values.items()
            if shown.over or key not in fields
            for text in several
            if text.strip()
        ],
        "until": "" if shown.closes_at is None else _day(shown, language),
    }


def frame(shown: Shown, language: str) -> dict[str, Any]:
    """For all pages of a form."""
    return {
        "language": language,
        "w": words(language),
        "shown": shown,
        "title": said(shown.definition.title, language),
        "at": f"/forms/{shown.code}/{shown.name}",
        "others": [(each, own_name(each)) for each in shown.definition.languages],
    }


def _parts(shown: Shown, language: str, typed: Typed, limits: Limits) -> list[Part]:
    parts: list[Part] = []
    head: Field | None = None
    fields: list[FieldShown] = []
    definition = shown.definition

    def end() -> None:
        if head is not None or fields:
            only_if, when = _condition(definition, head, language)
            key = head.key if head else "first"
            title, lead = (said(head.label, language), said(head.help, language)) if head else ("", "")
            parts.append(Part(f"part-{key}", title, lead, only_if, when, list(fields)))

    for field in definition.fields:
        if field.kind == "section":
            end()
            head, fields = field, []
        else:
            fields.append(_field(shown, field, language, typed, limits))
    end()
    return parts


def _field(shown: Shown, field: Field, language: str, typed: Typed, limits: Limits) -> FieldShown:
    values = typed.values.get(field.key, ())
    kind, autocomplete = _INPUTS.get(field.kind, ("text", "off"))
    fault = typed.faults.get(field.key)
    only_if, when = _condition(shown.definition, field, language)
    return FieldShown(
        id=f"{FIELD}{field.key}",
        name=f"{FIELD}{field.key}",
        kind=field.kind,
        type=kind,
        autocomplete=autocomplete,
        label=said(field.label, language),
        hint=said(field.help, language) or _hint(shown, field, language, limits),
        value=values[0] if values else "",
        longest=form_answers.longest(field),
        required=field.required,
        options=[OptionShown(each.key, said(each.words, language), each.key in values) for each in field.options],
        kept=typed.kept.get(field.key, ()),
        most=field.most,
        only_if=only_if,
        when=when,
        wrong=fault_words(fault, language) if fault else "",
    )


def _hint(shown: Shown, field: Field, language: str, limits: Limits) -> str:
    """Of what kind it is, where its municipality has said nothing."""
    told = words(language)
    if field.kind == "property" and (example := form_answers.example_of_property(shown.country)):
        return told["property"] % {"example": example}
    if field.kind == "file":
        return told["files" if field.most > 1 else "one_file"] % {"count": field.most, "size": limits.file}
    return told["identity"] if field.kind == "identity" else ""


def _condition(definition: Definition, field: Field | None, language: str) -> tuple[str, str]:
    when = field.when if field else None
    chooser = definition.field(when.field) if when else None
    if when is None or chooser is None or chooser.kind not in CHOOSES:
        return "", ""
    told = words(language)
    question, *answers = (
        told["quoted"] % {"words": said(each, language)}
        for each in (chooser.label, *(one.words for one in chooser.options if one.key in when.options))
    )
    only_if = told["only_if"] % {"answers": f" {told['or']} ".join(answers), "question": question}
    return only_if, f"{FIELD}{when.field} {' '.join(when.options)}"


def _day(shown: Shown, language: str) -> str:
    assert shown.closes_at is not None  # for whoever asks
    day = clock.to_datetime(shown.closes_at - clock.SECOND).astimezone(ZoneInfo(shown.timezone))
    return words(language)["closes"] % {"day": format_date(day, "long", locale=language)}
