"""Searched: a filter of a search, as the reader would have typed it in their language."""

from inbox_ui.words import pgettext


def searched(name: str, value: str) -> str:
    """`name`, and those values that are none of a person's own words, as `hub.inbox.search_words` names them."""
    said = _values().get(name, {}).get(value, value)
    return f"{_filters().get(name, name)}: {said}"


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
