"""Audience: what a version shows to more people than the one before it, or asks in more ways. Its owner approves that.

Compared are two definitions, without a look at the source: who may ask, what covers nothing any more, what is new on
the card, what it can be asked by, whether the identity has to be confirmed, where it reads from, how long it is kept.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias

from msgspec import Struct

from hub.lookups.definition import LINE, Declared
from hub.lookups.places import where

What: TypeAlias = Literal[
    "first", "role", "unmasked", "field", "asked", "reply", "by", "identity", "source", "kept", "rows", "topic",
    "department",
]  # fmt: skip
EVER = 10**9


class Wider(Struct, frozen=True):
    """`what`: of the kind of thing; `name`: which one: a role, a field, an identifier; nothing where there is one.

    `asked`: a field that is dots until somebody asks to see it; `reply`: one that a reply may say; `topic`: one that
    asks it as soon as the identity is confirmed; `department`: another one answers for it.
    """

    what: What
    name: str = ""


def wider(before: Declared | None, after: Declared, secrets: Mapping[str, object]) -> Sequence[Wider]:
    """`secrets`: those that lead elsewhere than they did, by name. None before it: all of it is new."""
    if before is None:
        return [Wider("first"), *(Wider("role", each) for each in after.roles), *_shown(None, after)]
    return [
        *(Wider("role", each) for each in after.roles if each not in before.roles),
        *(Wider("unmasked", each) for each in _uncovered(before, after)),
        *(Wider("reply", each) for each in _gone(before, after, "not_in_replies")),
        *_shown(before, after),
        *(Wider("by", each) for each in sorted(_asked_by(after) - _asked_by(before))),
        *([Wider("identity")] if _says_whom(before) and not _says_whom(after) else ()),
        *([Wider("source")] if secrets or _source(before) != _source(after) else ()),
        *([Wider("rows")] if _narrowed(before) != _narrowed(after) and _narrowed(before) else ()),
        *([Wider("kept")] if (after.keep_days or EVER) > (before.keep_days or EVER) else ()),
    ]


def _shown(before: Declared | None, after: Declared) -> Iterator[Wider]:
    """Fields that agents see and didn't, or that say something else than they did."""
    known = {} if before is None else _fields(before)
    for name, source in _fields(after).items():
        if name not in _names(after, "leads_only") and known.get(name) != source:
            yield Wider("asked" if name in _names(after, "until_asked") else "field", name)


def _fields(declared: Declared) -> Mapping[str, Any]:
    """By name what each is read from; of lines of one's own by label."""
    settings = declared.settings
    lines = {LINE + str(each.get("label")): each.get("value") for each in settings.get("lines", ())}
    return {**settings.get("fields", {}), **settings.get("lists", {}), **lines}


def _uncovered(before: Declared, after: Declared) -> Sequence[str]:
    """Fields that less keeps from being read than before: hidden from agents is more than dots, dots than nothing."""
    for_leads, asked = _gone(before, after, "leads_only"), _gone(before, after, "until_asked")
    return list(dict.fromkeys([*for_leads, *asked]))


def _gone(before: Declared, after: Declared, setting: str) -> Sequence[str]:
    """Names that aren't in this setting any more. A line that isn't on the card any more uncovers nothing."""
    lines = {LINE + str(each.get("label")) for each in after.settings.get("lines", ())}
    names = _names(before, setting) - _names(after, setting)
    return sorted(each for each in names if not (lines and each.startswith(LINE)) or each in lines)


def _names(declared: Declared, setting: str) -> set[str]:
    """With each line by itself where all of them are named together."""
    names = set(getattr(declared, setting))
    lines = declared.settings.get("lines", ())
    return (
        names - {"fields"} | {LINE + str(each.get("label")) for each in lines} if lines and "fields" in names else names
    )


def _asked_by(declared: Declared) -> set[str]:
    settings = declared.settings
    return set(settings.get("by") or settings.get("about") or ())


def _says_whom(declared: Declared) -> bool:
    return bool(declared.settings.get("says_whom", True))


def _source(declared: Declared) -> object:
    """What says whom an answer is about, too: by it another's is kept away. What is empty is in no draft, and in every
    published version."""
    said = declared.settings
    return declared.kind, where(said), *(said.get(name) or None for name in ("by", "select", "about"))


def _narrowed(declared: Declared) -> object:
    return declared.settings.get("only") or None
