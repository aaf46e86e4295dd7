"""Form editor: a form's definition as fields of a page, and back; what was pressed is done to it. Without a script."""

import re
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from hub.errors import Invalid
from hub.inbox.form_definition import CHOOSES, KINDS, Definition, Field, Option, When
from hub.inbox.municipality import LANGUAGES
from inbox_ui import words
from inbox_ui.words import N_
from inbox_ui.words import gettext as _

_MOST = 60
_CALLED = {
    "name": N_("Name"), "email": N_("E-mail"), "phone": N_("Phone"), "address": N_("Address"),
    "property": N_("Property"), "identity": N_("Identity number"), "file": N_("Files"),
}  # fmt: skip
"""Kinds that most forms call by their name: that is what their question begins as."""
_DO = re.compile(r"(add|up|down|remove|option)(?::([a-z_]+|\d+))?")


class Asked(Struct, frozen=True):
    """What a button of the page asks for. `what`: save | publish | add | up | down | remove | option."""

    what: str
    at: int = -1
    kind: str = ""


def kind_words() -> Mapping[str, str]:
    """What kinds of fields there are, in the order in which they are offered."""
    return {
        "text": _("Text, a line"), "long_text": _("Text, several lines"), "choice": _("One answer of several"),
        "choices": _("Several answers"), "date": _("Date"), "name": _("Name"), "email": _("E-mail"),
        "phone": _("Phone"), "address": _("Address"), "property": _("Property"), "identity": _("Identity number"),
        "file": _("Files"), "consent": _("Consent"), "section": _("Heading"),
    }  # fmt: skip


def asked(said: str) -> Asked:
    """Of a button's value; what it isn't is to save."""
    found = _DO.fullmatch(said)
    if found is None:
        return Asked("publish" if said == "publish" else "save")
    what, to = found[1], found[2] or ""
    if what == "add":
        return Asked(what, kind=to if to in KINDS else "text")
    return Asked(what, at=int(to) if to.isdecimal() else -1)


def read(said: Mapping[str, str], chosen: Mapping[str, Sequence[str]]) -> Definition:
    """What the page says, however unfinished. `chosen`: values of what several may be ticked of."""
    languages = tuple(each for each in LANGUAGES if each in chosen.get("languages", ()))
    count = min(int(said["count"]), _MOST) if said.get("count", "").isdecimal() else 0
    return Definition(
        languages=languages or ("sv",),
        title=_words(said, "title"),
        lead=_words(said, "lead"),
        thanks=_words(said, "thanks"),
        fields=tuple(_field(said, chosen, number) for number in range(count)),
    )


def done(definition: Definition, act: Asked) -> tuple[Definition, int]:
    """With what was asked for done to it, and the number of the field to go on at."""
    fields, at = list(definition.fields), act.at
    if act.what == "add" and len(fields) < _MOST:
        fields.append(_new(fields, act.kind, definition.languages))
        return replace(definition, fields=tuple(fields)), len(fields) - 1
    if not 0 <= at < len(fields):
        return definition, -1
    if act.what == "remove":
        del fields[at]
        at = min(at, len(fields) - 1)
    elif act.what in {"up", "down"}:
        to = max(0, min(at + (1 if act.what == "down" else -1), len(fields) - 1))
        fields.insert(to, fields.pop(at))
        at = to
    elif act.what == "option":
        field = fields[at]
        fields[at] = replace(field, options=(*field.options, Option(_key(each.key for each in field.options), {})))
    return replace(definition, fields=tuple(fields)), at


def wrong_at(definition: Definition, error: Invalid) -> str:
    """The id of what has to be changed for it, of those of the page; empty: of none of the definition's."""
    language = str(error.said.get("language", ""))
    if error.field in {"title", "lead", "thanks"}:
        return f"{error.field}-{language or definition.languages[0]}"
    for number, field in enumerate(definition.fields):
        if field.key != error.field:
            continue
        if not language:
            return f"field-{number}"
        for name, said in (("label", field.label), ("help", field.help)):
            if language not in said and (said or name == "label"):
                return f"{name}-{number}-{language}"
        places = (place for place, each in enumerate(field.options) if language not in each.words)
        return f"opt-{number}-{next(places, 0)}-{language}"
    return ""


def _new(fields: Sequence[Field], kind: str, languages: Sequence[str]) -> Field:
    key = _key((each.key for each in fields), "f")
    options = (Option("a1", {}), Option("a2", {})) if kind in CHOOSES else ()
    label = {}
    if kind in _CALLED:
        label = {each: words.translations(each).gettext(_CALLED[kind]) for each in languages if each in words.LANGUAGES}
    return Field(key=key, kind=kind, label=label, options=options)  # type: ignore[arg-type]  # one of KINDS


def _key(taken: Iterable[str], letter: str = "a") -> str:
    numbers = [int(each[1:]) for each in taken if each[:1] == letter and each[1:].isdecimal()]
    return f"{letter}{max(numbers, default=0) + 1}"


def _field(said: Mapping[str, str], chosen: Mapping[str, Sequence[str]], number: int) -> Field:
    kind = said.get(f"kind-{number}", "text")
    conditions = [each.partition(":") for each in chosen.get(f"when-{number}", ())]
    first = conditions[0][0] if conditions else ""
    when = When(first, tuple(each[2] for each in conditions if each[0] == first)) if conditions else None
    most = said.get(f"most-{number}", "")
    return Field(
        key=said.get(f"key-{number}", "")[:40],
        kind=kind if kind in KINDS else "text",  # type: ignore[arg-type]  # one of KINDS
        label=_words(said, f"label-{number}"),
        help=_words(said, f"help-{number}"),
        required=f"required-{number}" in said,
        options=tuple(_options(said, number)) if kind in CHOOSES else (),
        when=when,
        most=int(most) if most.isdecimal() else 5,
    )


def _options(said: Mapping[str, str], number: int) -> list[Option]:
    """Those that say nothing in any language are taken away, once there are two that do."""
    found = []
    for place in range(_MOST):
        key = said.get(f"optkey-{number}-{place}")
        if key is None:
            break
        found.append(Option(key[:40], _words(said, f"opt-{number}-{place}")))
    speaking = [each for each in found if each.words]
    return speaking if len(speaking) > 1 else found


def _words(said: Mapping[str, str], name: str) -> dict[str, str]:
    found = {code: " ".join(said.get(f"{name}-{code}", "").split(" ")).strip() for code in LANGUAGES}
    return {code: text for code, text in found.items() if text}
