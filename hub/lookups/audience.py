"""Audience: what a version shows to more people than the one before it, or asks in more ways. Its owner approves that.

Compared are two definitions, without a look at the source: who may ask, what covers nothing any more, what is new on
the card, what it can be asked by, whether the identity has to be confirmed, where it reads from, how long it is kept.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from hub.contract.mapping_cards import whole
from hub.contract.mapping_config import ANYTHING_ELSE, WORDS
from hub.lookups.definition import LINE, Declared
from hub.lookups.parts import Part, parts

What: TypeAlias = Literal[
    "first", "role", "unmasked", "field", "asked", "reply", "by", "identity", "source", "open", "kept", "rows", "topic",
    "department",
]  # fmt: skip
EVER = 10**9
_COMPARED = frozenset({
    "card", "fields", "lists", "lines", "rules", "link", "as_of", "values", "says_whom", "only", "group_by",
    "in_the_open",
})  # fmt: skip
"""Settings that are compared by themselves, for what they let be seen."""
_HARMLESS = frozenset({
    # How the same is read: a date, an amount, a file, an answer.
    "date_format", "time_zone", "decimal", "hundredths", "encoding", "format",
    # Whether an older answer will do, and what counts as none.
    "keep_last", "too_old_hours", "not_found",
    # What is asked when settings are tried is shown to nobody.
    "probe",
    # Where a key stands in a request.
    "key_header", "key_prefix", "key_query",
})  # fmt: skip
"""Settings that show nothing more to anybody. Any other that differs is another source: one that is new, too."""
_USUAL = {"header": 1}
"""What a setting is where nothing else is said: no draft says it, and every published version does."""
_UNLISTED = ("\0one", "\0another")
"""Two words of a source's that no definition lists."""


class Wider(Struct, frozen=True):
    """`what`: of the kind of thing; `name`: which one: a role, a field, an identifier; nothing where there is one.

    `asked`: a field that is dots until somebody asks to see it; `reply`: one that a reply may say; `open`: what goes to
    and fro can be read on the way; `topic`: one that asks it as soon as the identity is confirmed; `department`: that
    which answers for it from then on, nothing: no one.
    """

    what: What
    name: str = ""


def wider(before: Declared | None, after: Declared, secrets: Mapping[str, object]) -> Sequence[Wider]:
    """`secrets`: those that lead elsewhere than they did, by name. None before it, or no card: all of it is new."""
    if before is None or (before.register and not after.register):
        return [Wider("first"), *(Wider("role", each) for each in after.roles), *_shown(None, after)]
    return [
        *(Wider("role", each) for each in after.roles if each not in before.roles),
        *(Wider("unmasked", each) for each in _uncovered(before, after)),
        *(Wider("reply", each) for each in _gone(before, after, "not_in_replies") if not _waits(after, each)),
        *_shown(before, after),
        *(Wider("by", each) for each in sorted(_asked_by(after) - _asked_by(before))),
        *([Wider("identity")] if _says_whom(before) and not _says_whom(after) else ()),
        *([Wider("source")] if secrets or _source(before) != _source(after) else ()),
        *([Wider("open")] if after.settings.get("in_the_open") and not before.settings.get("in_the_open") else ()),
        *([Wider("rows")] if any(_is_narrower(before, after, each) for each in ("only", "group_by")) else ()),
        *([Wider("kept")] if (after.keep_days or EVER) > (before.keep_days or EVER) else ()),
    ]


def _shown(before: Declared | None, after: Declared) -> Iterator[Wider]:
    """Parts of the card that agents see and didn't, or that say something else than they did."""
    known = [] if before is None else _made(before)
    there = dict.fromkeys(part.name for part in _made(after) if part not in known)
    for name in there:
        if not _is_in(after, "leads_only", name):
            yield Wider("asked" if _is_in(after, "until_asked", name) else "field", name)


def _made(declared: Declared) -> Sequence[Part]:
    """A field of one name is another one on another kind of card."""
    card = declared.settings.get("card")
    return [replace(part, said={**part.said, "card": card}) for part in parts(declared.settings)]


def _uncovered(before: Declared, after: Declared) -> Sequence[str]:
    """Fields that less keeps from being read than before: hidden from agents is more than dots, dots than nothing; and
    those of which fewer words of the source's become one of ours."""
    for_leads, asked = _gone(before, after, "leads_only"), _gone(before, after, "until_asked")
    there = {part.name for part in parts(before.settings)}
    told = [each for each in _told_apart(before, after) if each in there and not _is_in(after, "leads_only", each)]
    return list(dict.fromkeys([*for_leads, *asked, *told]))


def _told_apart(before: Declared, after: Declared) -> Iterator[str]:
    """Parts of the card that tell words of the source's from each other which were one to whoever read it."""
    was, now = before.settings.get("values", {}), after.settings.get("values", {})
    for part in parts(after.settings):
        for name in [part.name.removeprefix(LINE), *part.said.get("fields", ())]:
            in_our_words = (after.settings.get("card"), part.name) in WORDS
            if name in was and _is_finer(was[name], now.get(name, {}), in_our_words):
                yield part.name


def _is_finer(was: Mapping[str, str], now: Mapping[str, str], in_our_words: bool) -> bool:
    """Whether two words that were one are two: a listed one, one that nobody lists, or nothing. A field that is in our
    words alone never says theirs: it is finer where all others were one and aren't."""
    if in_our_words:
        return ANYTHING_ELSE in was and ANYTHING_ELSE not in now
    words = {each.casefold() for each in (*was, *now)} - {ANYTHING_ELSE} | {"", *_UNLISTED}
    one, other = ([_ours(said, each) for each in words] for said in (was, now))
    return len(set(zip(one, other, strict=True))) > len(set(one))


def _ours(said: Mapping[str, str], word: str) -> str:
    listed = {theirs.casefold(): ours for theirs, ours in said.items()}
    return listed.get(word, listed.get(ANYTHING_ELSE, word))


def _gone(before: Declared, after: Declared, setting: str) -> Sequence[str]:
    """Names that aren't in this setting any more. A line that isn't on the card any more uncovers nothing."""
    lines = _lines(after)
    names = _names(before, setting) - _names(after, setting)
    return sorted(each for each in names if not (lines and each.startswith(LINE)) or each in lines)


def _is_in(declared: Declared, setting: str, name: str) -> bool:
    return whole(name) in _names(declared, setting)


def _waits(declared: Declared, name: str) -> bool:
    """To be asked for: no reply says it either."""
    return name in _names(declared, "until_asked")


def _names(declared: Declared, setting: str) -> set[str]:
    """With each line by itself where all of them are named together."""
    names, lines = set(getattr(declared, setting)), _lines(declared)
    return names - {"fields"} | lines if lines and "fields" in names else names


def _lines(declared: Declared) -> set[str]:
    return {f"{LINE}{each.get('label')}" for each in declared.settings.get("lines", ())}


def _asked_by(declared: Declared) -> set[str]:
    settings = declared.settings
    return set(settings.get("by") or settings.get("about") or ())


def _says_whom(declared: Declared) -> bool:
    return bool(declared.settings.get("says_whom", True))


def _source(declared: Declared) -> object:
    """Where it reads, as whom, what is asked there, and what says whom an answer is about: by that another's is kept
    away. What is empty is in no draft, and in every published version."""
    said = {
        name: value
        for name, value in declared.settings.items()
        if name not in _COMPARED | _HARMLESS and value and value != _USUAL.get(name)
    }
    return declared.kind, said


def _is_narrower(before: Declared, after: Declared, setting: str) -> bool:
    """Whether rows may come of which none did: those left out, or all but the first of a card's."""
    was, now = (each.settings.get(setting) or None for each in (before, after))
    return was is not None and was != now
