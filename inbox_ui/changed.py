"""Changed: what one version of a lookup says otherwise than another, field by field, in the words of its page."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from hub.edge.defining import Made
from inbox_ui.administered import languages
from inbox_ui.made import Row, facts
from inbox_ui.words import gettext as _


class Change(Struct, frozen=True):
    """A field of the page, and what stands in it; empty: nothing."""

    words: str
    before: str
    after: str


def changes(before: Made, after: Made) -> Sequence[Change]:
    """In the order of the page. What has no field there (rules, lists) shows in the file alone."""
    old, new = _said(before), _said(after)
    names = dict.fromkeys([*new, *old])
    return [
        Change(name, old.get(name, ""), new.get(name, "")) for name in names if old.get(name, "") != new.get(name, "")
    ]


def _said(made: Made) -> Mapping[str, str]:
    declared, told = made.declared, facts(made)
    said = {_("Where it reads from"): told.kind, **dict(told.place)}
    said |= _by_language(_("What the card is called, %(language)s"), declared.title)
    said |= _by_language(_("What the system is called, %(language)s"), declared.source)
    said[_("Give up after, seconds")] = f"{declared.seconds:g}"
    said |= {_("What %(by)s is looked for in") % {"by": by}: how for by, how in told.by}
    said[_("Kind of card")] = told.card
    for row in told.rows:
        said |= _of_row(row)
    if not told.rows:  # IT's plugin makes the card: what it hides is all that is set here
        said |= dict.fromkeys(told.covers, _("yes"))
    said[_("Who asks")] = ", ".join(told.roles)
    person, place = (
        _("Once identity is confirmed: it is about a person"),
        _("By address alone: it holds no personal data"),
    )
    said[_("When it is asked")] = person if told.says_whom else place
    said[_("Purpose written to the access log")] = declared.purpose
    said |= _by_language(_("Sentence for a reply, %(language)s"), declared.sentence)
    said[_("Keep pinned cards, days")] = str(declared.keep_days or "")
    return said


def _of_row(row: Row) -> Mapping[str, str]:
    codes = ", ".join(f"{theirs} = {ours}" for theirs, ours in row.codes.items())
    return {
        _("Column of %(line)s") % {"line": row.words}: row.source,
        _("Codes of %(field)s") % {"field": row.words}: codes,
        _("Who sees %(field)s") % {"field": row.words}: row.seen,
        _("In reply: %(field)s") % {"field": row.words}: _("yes") if row.in_reply else _("no"),
    }


def _by_language(words: str, said: Mapping[str, str]) -> Mapping[str, str]:
    known = languages()
    return {words % {"language": known.get(code, code)}: text for code, text in said.items()}
