"""Lookup editor: a lookup's definition as fields of a page, and back. Without a script: each button sends all of it.

What the page has no field for (rules, lists, further steps of a request) stays as it is: it is changed in the file.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from hub.contract.lookup import Shows
from hub.contract.mapping_config import ANYTHING_ELSE, FIELDS
from hub.errors import Invalid
from hub.inbox.municipality import LANGUAGES
from hub.lookups.cover import COVERS, is_named
from hub.lookups.definition import LINE, Declared
from inbox_ui import lookup_words
from inbox_ui.lookup_rows import COVERABLE, IDENTIFIERS, PAGE, VALUE, by_rows, card_named, view_of
from inbox_ui.words import gettext as _

_MOST = 60
_OF_LINES = re.compile(r"\s+\|\s+")
_MAPPED = ("decimal", "date_format", "link", "as_of", "time_zone")
_COMPARES = re.compile(r"[:=<>'()]")
_DO = re.compile(r"(up|down|remove):(\d{1,2})")


def kept_in_file(declared: Declared) -> Sequence[str]:
    """Settings that are there and have no field on the page."""
    there = ("rules", "lists", "only", "group_by", "probe", "elsewhere", "headers", "token_headers")
    return [name for name in there if declared.settings.get(name)]


def read(
    said: Mapping[str, str], chosen: Mapping[str, Sequence[str]], before: Declared, plain: Mapping[str, object]
) -> Declared:
    """What the page says, however unfinished. `plain`: settings of its kind, as they were read. Raises Invalid for what
    is no number."""
    kind = said.get("kind", before.kind)
    after = replace(
        before,
        kind=kind if kind in lookup_words.kinds() else before.kind,
        title=_by_language(said, "title"),
        source=_by_language(said, "source"),
        sentence=_by_language(said, "sentence"),
        purpose=" ".join(said.get("purpose", before.purpose).split())[:200],
        seconds=_number(said, "seconds", before.seconds),
        roles=tuple(each for each in ("agent", "lead") if each in chosen.get("roles", ())) or before.roles,
        keep_days=_days(said),
    )
    if "card" not in said:  # its settings are IT's: what is asked stays, who sees it doesn't
        return replace(after, **_kept(said, before))
    settings = {name: value for name, value in before.settings.items() if kind == before.kind or name in _MAPPED}
    settings |= dict(plain)
    card = card_named(said["card"])
    settings |= {"card": card, "fields": _fields(said, card), "says_whom": said.get("says_whom", "yes") == "yes"}
    settings |= {name: said[name].strip() for name in _MAPPED if name in said}
    settings["hundredths"] = "hundredths" in said
    values = _values(said, card)
    settings |= {"lines": _lines(said), "values": values, "about": _about(said)}
    settings["by"] = _by(said, after.kind, before if kind == before.kind else None)
    if after.kind == "sql":
        settings["select"] = said.get("select", "").strip()
    settings = {name: value for name, value in settings.items() if name == "fields" or value not in ("", {}, [], None)}
    if not settings["hundredths"]:
        del settings["hundredths"]
    return replace(after, settings=settings, **_seen(said, card, before))


def moved(declared: Declared, do: str) -> Declared:
    """With a line of its own moved or taken away, as a button asks."""
    found = _DO.fullmatch(do)
    lines = list(declared.settings.get("lines", ())) if found else []
    if found is None or not 0 <= (at := int(found[2])) < len(lines):
        return declared
    line = lines.pop(at)
    if found[1] != "remove":
        lines.insert(max(0, at + (1 if found[1] == "down" else -1)), line)
    return replace(declared, settings={**declared.settings, "lines": lines})


def source_of(text: str) -> str | list[str] | dict[str, str]:
    """A column; several, of which the first counts; in quotes a text of ours."""
    text = text.strip()
    for opens, closes in (('"', '"'), ("“", "”"), ("”", "”")):
        if len(text) > 1 and text.startswith(opens) and text.endswith(closes):
            return {"text": text[1:-1]}
    parts = [part for part in _OF_LINES.split(text) if part]
    return parts if len(parts) > 1 else text


def field_of(error_field: str) -> str:
    """Where on the page it is said: the end of an element's id."""
    head, _dot, rest = error_field.partition(".")
    name = rest.partition(".")[0]
    if head in {"fields", "values"} and name:
        return f"field-{name}"
    if head in {"by", "about"} and name in IDENTIFIERS:
        return f"{head}-{name}"
    if error_field == "value":
        return "try_value"
    return {"about": "by", **dict.fromkeys(COVERS, "file")}.get(head, head)


def _by_language(said: Mapping[str, str], name: str) -> dict[str, str]:
    found = {code: " ".join(said.get(f"{name}-{code}", "").split()) for code in LANGUAGES}
    return {code: text for code, text in found.items() if text}


def _number(said: Mapping[str, str], name: str, otherwise: float) -> float:
    text = said.get(name, "").strip().replace(",", ".")
    if name not in said:
        return otherwise
    try:
        number = float(text)
    except ValueError as error:
        raise Invalid(name, _("Write a number of seconds from 0.5 to 30.")) from error
    if not 0.5 <= number <= 30:  # noqa: PLR2004 - as Declared has it
        raise Invalid(name, _("Write a number of seconds from 0.5 to 30."))
    return number


def _days(said: Mapping[str, str]) -> int | None:
    text = said.get("keep_days", "").strip()
    if not text:
        return None
    if not text.isdecimal() or not 1 <= int(text) <= 3650:  # noqa: PLR2004 - as Declared has it
        raise Invalid("keep_days", _("Write a number of days from 1 to 3650, or nothing."))
    return int(text)


def _fields(said: Mapping[str, str], card: Shows) -> dict[str, object]:
    found = {name: source_of(said.get(f"field-{name}", "")) for name in FIELDS[card]}
    return {name: source for name, source in found.items() if source}


def _lines(said: Mapping[str, str]) -> list[dict[str, object]]:
    """Those that say something, in their order."""
    found = []
    for number in range(_MOST):
        label, value = (said.get(f"line-{number}-{part}", "").strip() for part in ("label", "value"))
        if not label and not value:
            continue
        line: dict[str, object] = {"label": label, "value": source_of(value)}
        kind, currency = said.get(f"line-{number}-kind", "text"), said.get(f"line-{number}-currency", "").strip()
        line |= {"kind": kind} if kind in {"date", "amount"} else {}
        line |= {"currency": source_of(currency)} if currency and kind == "amount" else {}
        found.append(line)
    return found


def _values(said: Mapping[str, str], card: Shows) -> dict[str, dict[str, str]]:
    found = {name: _words(said, f"codes-{name}") for name in FIELDS[card]}
    for number in range(_MOST):
        label = said.get(f"line-{number}-label", "").strip()
        if label:
            found |= {label: _words(said, f"codes-line-{number}")}
    return {name: words for name, words in found.items() if words}


def _words(said: Mapping[str, str], name: str) -> dict[str, str]:
    """A word of theirs without one of ours says nothing, but that nobody has decided yet."""
    found = {}
    for number in range(_MOST):
        theirs = said.get(f"{name}-{number}-theirs")
        if theirs is None:
            break
        ours = said.get(f"{name}-{number}-ours", "").strip()
        if theirs.strip() and ours:
            found[theirs.strip()] = ours
    rest = said.get(f"{name}-rest", "").strip()
    return found | ({ANYTHING_ELSE: rest} if rest else {})


def _about(said: Mapping[str, str]) -> dict[str, object]:
    """Their column that says whose it is; where it is looked for by a column, that very one unless another is named."""
    if said.get("says_whom", "yes") != "yes":
        return {}
    found: dict[str, object] = {}
    for by in IDENTIFIERS:
        where, about = (said.get(f"{part}-{by}", "").strip() for part in ("by", "about"))
        if where and not about and re.fullmatch(r"[\w .-]+", where) and said.get("kind") != "rest":
            about = where
        if about:
            found[by] = source_of(about)
    return found


def _by(said: Mapping[str, str], kind: str, before: Declared | None) -> dict[str, object]:
    """`before`: of the same kind. A question that says what it said stays as it is: a file may write it otherwise."""
    found: dict[str, object] = {}
    view, own = said.get("view", "").strip(), said.get("select", "").strip()
    known = before.settings.get("by", {}) if before is not None else {}
    rows = {row.by: row for row in by_rows(before)} if before is not None else {}
    stands = before is not None and (view, own) == (view_of(before), before.settings.get("select", "").strip())
    for by in IDENTIFIERS:
        where = said.get(f"by-{by}", "").strip()
        if where:
            was = known[by] if isinstance(known.get(by), dict) else {}
            same = stands and was and (rows[by].where, rows[by].like) == (where, said.get(f"like-{by}", "value"))
            asked = was if kind == "sql" and same else _question(said, by, where, was)
            found[by] = where if kind == "table" else asked
    if kind == "sql" and view and not found:  # it is written first: kept until it is said what it is asked by
        found[IDENTIFIERS[0]] = {"view": view}
    return found


def _question(said: Mapping[str, str], by: str, where: str, before: Mapping[str, Any]) -> dict[str, Any]:
    if said.get("kind") == "rest":
        pairs = [each.partition("=") for each in said.get(f"query-{by}", "").strip().lstrip("?").split("&")]
        query = {name.strip(): value.strip() for name, _sign, value in pairs if name.strip()}
        numbers = [name for name, value in query.items() if value == PAGE]
        pages = {**(before.get("pages") or {}), "parameter": numbers[0]} if numbers else None
        query = {name: value for name, value in query.items() if value != PAGE}
        asked = {"path": where, "query": query, "rows": said.get(f"rows-{by}", "").strip(), "pages": pages}
        return {name: value for name, value in {**before, **asked}.items() if value}
    like = said.get(f"like-{by}", "value")
    where = VALUE.sub(f":{like}", where)
    if where.casefold().startswith(("select ", "with ")):
        return {"select": where}
    own, view = said.get("select", "").strip(), said.get("view", "").strip()
    if _COMPARES.search(where):  # also where it forgets what is asked by: that is told, and isn't taken for a column
        return {"where": where} if own or not view else {"view": view, "where": where}
    if own:
        return {"where": f"{where} = :{like}"}
    return {"view": view, "column": where} | ({"like": like} if like != "value" else {})


def _seen(said: Mapping[str, str], card: Shows, before: Declared) -> dict[str, Any]:
    """Who sees which field, in the order of the card, then what the page has no row for."""
    rows = {name: name for name in FIELDS[card] if name in COVERABLE}
    lines = {f"line-{number}": said.get(f"line-{number}-label", "").strip() for number in range(_MOST)}
    rows |= {row: LINE + label for row, label in lines.items() if label and card == "fields"}
    found = {
        "leads_only": [name for row, name in rows.items() if said.get(f"seen-{row}") == "leads"],
        "until_asked": [name for row, name in rows.items() if said.get(f"seen-{row}") == "asked"],
        "not_in_replies": [name for row, name in rows.items() if _is_unsaid(said, row, name, before)],
    }
    there = {*FIELDS[card], "fields"}
    others = {
        setting: [each for each in getattr(before, setting) if each not in there and not each.startswith(LINE)]
        for setting in found
    }
    return {setting: tuple(dict.fromkeys([*names, *others[setting]])) for setting, names in found.items()}


def _is_unsaid(said: Mapping[str, str], row: str, name: str, before: Declared) -> bool:
    """No reply says it. Of what was hidden and is, which no reply says anyhow, the switch is off and says nothing."""
    if f"seen-{row}" not in said:
        return False
    if said[f"seen-{row}"] == "asked" and is_named(before.until_asked, name):
        return is_named(before.not_in_replies, name)
    return f"reply-{row}" not in said


def _kept(said: Mapping[str, str], before: Declared) -> dict[str, Any]:
    """Of a kind that IT sets: what is covered can be shown, and nothing else is covered."""
    return {
        setting: tuple(each for each in getattr(before, setting) if f"{setting}:{each}" in said) for setting in COVERS
    }
