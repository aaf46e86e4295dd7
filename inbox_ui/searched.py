"""Searched: a filter of a search, as the reader would have typed it in their language."""

from datetime import date

from inbox_ui.times import in_figures
from inbox_ui.words import gettext as _
from inbox_ui.words import pgettext


def searched(name: str, value: str) -> str:
    """`name`, and those values that are none of a person's own words, as `hub.inbox.search_words` names them."""
    said = _day(value) if name in {"before", "after"} else _values().get(name, {}).get(value, value)
    return f"{_filters().get(name, name)}: {said}"


def _day(value: str) -> str:
    """As the reader writes it; what is none stays as it was typed."""
    try:
        return in_figures(date.fromisoformat(value))
    except ValueError:
        return value


def not_understood(name: str, value: str) -> str:
    """Why a filter is none, and what could stand there."""
    if name not in _filters():
        known = ", ".join(f"{each}:" for each in _filters().values())
        return _("There is no filter %(name)s: – it was searched as words. There are %(known)s") % {
            "name": name, "known": known,
        }  # fmt: skip
    if name in {"before", "after"}:
        return _("%(name)s: wants a date, as in 2026-11-26.") % {"name": _filters()[name]}
    values = _values().get(name, {})
    known = ", ".join(values.values())
    if any(each.startswith(value.lower()) for each in (*values, *values.values())):  # it is being typed
        return _("%(name)s: may be followed by %(known)s.") % {"name": _filters()[name], "known": known}
    return _("%(name)s: can't be %(value)s – it was searched as a word. It can be %(known)s.") % {
        "name": _filters()[name], "value": value, "known": known,
    }  # fmt: skip


def _filters() -> dict[str, str]:
    return {
        "from": pgettext("search", "from"), "topic": pgettext("search", "topic"), "queue": pgettext("search", "queue"),
        "to": pgettext("search", "to"), "is": pgettext("search", "is"), "assignee": pgettext("search", "assignee"),
        "has": pgettext("search", "has"), "kind": pgettext("search", "kind"), "before": pgettext("search", "before"),
        "after": pgettext("search", "after"),
    }  # fmt: skip


def _values() -> dict[str, dict[str, str]]:
    return {
        "is": {
            "open": pgettext("search", "open"), "closed": pgettext("search", "closed"),
            "waiting": pgettext("search", "waiting"), "overdue": pgettext("search", "overdue"),
            "unread": pgettext("search", "unread"),
        },
        "has": {"attachment": pgettext("search", "attachment")},
        "kind": {
            "mail": pgettext("search", "mail"), "note": pgettext("search", "note"), "chat": pgettext("search", "chat"),
            "call": pgettext("search", "call"), "form": pgettext("search", "form"), "sms": pgettext("search", "sms"),
            "visit": pgettext("search", "visit"),
        },
        "assignee": {"me": pgettext("search", "me"), "none": pgettext("search", "none")},
    }  # fmt: skip
