"""Lookup preview: a draft's card in each of its states, as agents see it, and the sentence that goes into a reply."""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from hub.contract import AnyCard
from hub.edge.defining import Made
from hub.errors import Invalid
from hub.lookups.cover import covered
from hub.lookups.definition import Declared
from hub.lookups.offer import Offered, Offers, unsaid
from hub.lookups.question import Answered, slow
from hub.lookups.sample import ABOUT, row_of, sample
from inbox_ui import lookup_editor, lookup_rows, lookup_words, times
from inbox_ui.lookups import panel
from inbox_ui.lookups.panel import Asked, Sent
from inbox_ui.lookups.sentences import language_of, sentence, worth
from inbox_ui.words import gettext as _
from inbox_ui.words import pgettext, word

STATES = ("found", "old", "unasked", "asking", "none", "several", "no_access", "down")
_OLD = timedelta(minutes=20)
_BRACES = re.compile(r"\{([^{}]*)\}")


def state_words() -> Mapping[str, str]:
    """Of a card."""
    return {
        "found": pgettext("answer", "Found"), "old": _("Old"), "unasked": _("Not asked"), "asking": _("Asking"),
        "none": _("Not found"), "several": _("Did you mean"), "no_access": _("No access"), "down": _("Down"),
    }  # fmt: skip


def preview(
    made: Made, declared: Declared, state: str, typed: Mapping[str, str], place: tuple[str, str]
) -> dict[str, Any]:
    """For its template. `typed`: test data by column; `place`: language and timezone of the municipality."""
    state, now = state if state in STATES else "found", times.now()
    cards: Sequence[AnyCard] = ()
    wrong, field = "", ""
    row: Mapping[str, str] = {}
    if "card" in declared.settings:
        row = row_of(declared, typed, now)
        try:
            cards = sample(declared, typed, now).cards
            wrong = "" if cards else _("The test data give no card: see what may be shown.")
        except Invalid as error:
            wrong = lookup_words.wrong(error)
            field = lookup_editor.field_of(error.field)
    answered = covered(_answered(declared, state, cards), declared.leads_only, declared.until_asked)
    return {
        "preview": state,
        "states": state_words(),
        "asked": asked(made, declared, state, answered) if not wrong or state not in {"found", "old"} else None,
        "wrong": wrong,
        "wrong_field": field,
        "row": row,
        "sentence": said(declared, answered, place),
        "unsayable": unsayable(declared),
        "language": language_of(place[0]),
    }


def asked(
    made: Made, declared: Declared, state: str, answered: Answered | None, titles: Mapping[str, str] | None = None
) -> Asked:
    """As the panel beside a conversation would have it; a setting that is wrong by the word of the page, of `titles`
    where it is one of its kind of source."""
    settings = declared.settings
    by = list(settings.get("by") or settings.get("about") or made.answers)
    says_whom = bool(settings.get("says_whom", made.says_whom))
    known = {each: ABOUT[each] for each in by[:1] if each in ABOUT}
    offered = Offered(
        declared.name,
        declared.title or {"en": declared.name},
        lookup_rows.card_of(declared) if "card" in settings else made.shows,
        "no_access" if state == "no_access" else "waits" if says_whom else "address",
        by,
        known=known,
        purpose=_("the topic"),
        lacks=" or ".join(declared.roles) if state == "no_access" else "",
        source=declared.source or declared.title or {"en": declared.name},
        allowed=True,
        wording=declared.purpose,
        sentence=declared.sentence,
        unsaid=unsaid(declared),
    )
    confirmed = state != "unasked"
    shown = None if state in {"unasked", "asking", "no_access"} else answered
    one = panel.one(
        offered, Offers(confirmed, [offered]), shown, sent=Sent(by[0] if by else ""), asks=state == "asking"
    )
    said = (lookup_words.in_words(each, "", titles) for each in (one.sentence, one.detail))
    return replace(one, sentence=next(said), detail=next(said))


def said(declared: Declared, answered: Answered, place: tuple[str, str]) -> str:
    """What Insert puts into a reply."""
    answered = covered(answered, unsaid(declared))
    told_of = [answered.cards[number] for number in worth(answered.cards)]
    if not told_of:
        return ""
    language = language_of(place[0])
    source = declared.source.get(language) or word(declared.source or declared.title) or declared.name
    return sentence(told_of, source, language, place[1], declared.sentence.get(language, ""))


def rows_at(names: Sequence[str]) -> str:
    """Where an answer that was taken for one row has its list: what alone of it stands before the names."""
    lists = {f"{name.partition('[].')[0]}[]" for name in names if "[]." in name}
    return lists.pop() if len(lists) == 1 else ""


def unsayable(declared: Declared) -> Sequence[str]:
    """What sentences of one's own name in braces, and this card hasn't."""
    known = set(lookup_rows.sayable(declared))
    named = [name for text in declared.sentence.values() for name in _BRACES.findall(text)]
    return [f"{{{name}}}" for name in dict.fromkeys(named) if name not in known] if "card" in declared.settings else []


def _answered(declared: Declared, state: str, cards: Sequence[AnyCard]) -> Answered:
    now = times.now()
    plain = Answered("none", declared.name, 0, now, asked_by=next(iter(ABOUT.values())))
    if state in {"found", "old"}:
        at = now - _OLD if state == "old" else now
        return Answered("found", declared.name, 0, at, tuple(cards), asked_by=plain.asked_by)
    if state == "several":
        return Answered("several", declared.name, 0, now, suggestions=(_("Test Street 1A"), _("Test Street 1B")))
    if state == "down":
        last = now - timedelta(hours=1)
        return Answered("down", declared.name, 0, now, sentence=slow(declared.seconds), why="slow", last_good_at=last)
    return plain
