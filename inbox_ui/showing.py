"""Showing: the hub's frozen values as templates want them: rows in their groups, entries in their days, in words."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from markupsafe import Markup
from msgspec import Struct

from hub.inbox.names import Names
from hub.inbox.points import masked_name
from hub.inbox.timeline import EntryLine
from inbox_ui import times
from inbox_ui.deliveries import Delivery, of_entry, short
from inbox_ui.filled import Filled, doubt_words, filled
from inbox_ui.lookups.pinned import Pinned, pinned
from inbox_ui.meetings import Meeting, meetings
from inbox_ui.rendering import hue
from inbox_ui.senders import Tested, claims, of_mail
from inbox_ui.talks import Talk, talk
from inbox_ui.words import gettext as _
from inbox_ui.words import ngettext, word

_SIGNATURES = {"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"}
"""What a mail is signed with: no file that anybody reads."""
OUTCOMES = ("solved_here", "handed_over", "not_finished")
"""In the order of their keys."""


class Group(Struct, frozen=True):
    """Rows that are due about the same time, rendered. `whole`: there are no more of it on the next page."""

    name: str
    heading: str
    rows: Sequence[Markup]
    whole: bool


class Change(Struct, frozen=True):
    """Something done to the conversation, as a sentence."""

    at: datetime
    words: str


class Shown(Struct, frozen=True, kw_only=True):
    """An entry of the timeline, or several changes in a row."""

    id: str
    kind: str
    occurred_at: datetime
    changes: Sequence[Change] = ()
    icon: str = "history"
    author_id: str | None = None
    who: str = ""
    hue: int = 1
    addressed: str = ""
    automatic: str = ""
    sender: Tested | None = None
    text: str = ""
    signature: str = ""
    full_text: str = ""
    language: str | None = None
    has_html: bool = False
    images: int = 0
    attachments: Sequence[Any] = ()
    deliveries: Sequence[Delivery] = ()
    problems: Sequence[str] = ()
    forwarded: bool = False
    undone_at: datetime | None = None
    pinned: Pinned | None = None
    meetings: Sequence[Meeting] = ()
    form: Filled | None = None
    talk: Talk | None = None
    price: str = ""
    """Of a text message: as how many it went, and what that cost."""

    @property
    def has_foot(self) -> bool:
        """Whether there is anything to say below the text."""
        return bool(
            self.has_html or self.full_text or self.attachments or self.problems or self.deliveries or self.undone_at
        )


class Outcome(Struct, frozen=True):
    """How a question ended: the mark and the icon it has in a row of questions, and the words."""

    mark: str
    icon: str
    words: str


class Present(Struct, frozen=True):
    """Another who has the conversation open. `state`: reading | typing."""

    id: int
    name: str
    state: str
    words: str


class Toast(Struct, frozen=True):
    """What was done, and the way back: where `fields` are posted to, or nothing. `opens`: the address of what it was.

    What the way back changes its answer says (`HX-Retarget`): the page may show something else by then.
    """

    words: str
    undo: str = ""
    fields: Mapping[str, str] = {}
    opens: str = ""


class Day(Struct, frozen=True):
    """A day's entries under its name. `date`: ISO 8601, to tell one day from the next."""

    date: str
    heading: str
    entries: Sequence[Shown]


def groups(rows: Iterable[tuple[datetime | None, Markup]], *, more: bool, after_group: str = "") -> list[Group]:
    """Rows with due times, in the list's order; the group that goes on from the page before has no heading."""
    headings = {
        "overdue": _("Overdue"), "hour": _("Within the hour"), "today": _("Today"), "tomorrow": _("Tomorrow"),
        "week": _("Within a week"), "later": _("Later"), "never": _("Nothing is owed"),
    }  # fmt: skip
    ends = times.edges()
    found = [
        (name, [row for _, row in group]) for name, group in groupby(rows, lambda each: times.bucket(each[0], ends))
    ]
    return [
        Group(
            name,
            "" if name == after_group else headings[name],
            group,
            whole=name != after_group and (not more or position < len(found) - 1),
        )
        for position, (name, group) in enumerate(found)
    ]


def days(entries: Iterable[EntryLine], names: Names, citizen: str) -> list[Day]:
    """In their order, changes that follow each other folded into one."""
    return [
        Day(date, times.heading(group[0].occurred_at), list(_folded(group, names, citizen)))
        for date, group in (
            (date, list(several))
            for date, several in groupby(entries, lambda each: times.local(each.occurred_at).date().isoformat())
        )
    ]


def _folded(entries: Sequence[EntryLine], names: Names, citizen: str) -> Iterable[Shown]:
    for is_change, group in groupby(entries, lambda each: each.kind == "change"):
        if is_change:
            several = list(group)
            yield Shown(
                id=several[0].id,
                kind="change",
                occurred_at=several[0].occurred_at,
                icon=_ICONS.get(str(several[-1].body.get("what")), "history") if several[-1].body else "history",
                changes=[Change(each.occurred_at, change_words(each, names)) for each in several],
            )
        else:
            for each in group:
                yield _shown(each, names, citizen)


def _price(body: Mapping[str, Any]) -> str:
    parts = int(body.get("parts") or 1)
    counted = ngettext("%(num)s message", "%(num)s messages", parts) % {"num": parts}
    return f"{counted} · {body['cost']}" if body.get("cost") else counted


def _shown(entry: EntryLine, names: Names, citizen: str) -> Shown:
    body = entry.body or {}
    ours = entry.author.kind != "citizen"
    by = _("The system") if entry.author.kind == "hub" else _("Somebody")
    who = (entry.author.name or by) if ours else masked_name(body.get("name") or body.get("sender") or citizen)
    recipients = (entry.mail.recipients or {}) if entry.mail else {}
    to = list(recipients.get("to", ()))
    others = len(to) + len(recipients.get("cc", ())) - 1
    first = to[0] if to else body.get("address", "")
    # To whom our own answers went, the citizen's card says, covered; an authority's address is no secret.
    named = first if not ours or body.get("what") == "forward" else ""
    addressed = _("to %(whom)s") % {"whom": short(named)} if named else ""
    if others > 0:
        more = _("and %(n)s more") if named else _("to the citizen and %(n)s more")
        addressed = f"{addressed} {more % {'n': others}}".strip()
    automatic = {
        "auto_reply": _("Automatic reply"), "bulk": _("Mass mail"), "bounce": _("Delivery report"),
        "complaint": _("Complaint about mail"), "receipt": _("Receipt"), "generated": _("Sent by a program"),
    }  # fmt: skip
    return Shown(
        id=entry.id,
        kind=entry.kind,
        occurred_at=entry.occurred_at,
        author_id=entry.author.id,
        who=who,
        hue=hue(entry.author.id) if entry.author.id else _hue_of(who),
        addressed=addressed,
        automatic=automatic.get(entry.mail.automatic or "", "") if entry.mail else "",
        sender=of_mail(entry.mail) if entry.mail and not ours else None,
        text=entry.text,
        signature=body.get("signature") or "",
        full_text=body.get("full_text") or "",
        language=entry.language,
        has_html=bool(entry.mail and entry.mail.html),
        images=len(body.get("remote_images") or ()),
        attachments=[each for each in entry.attachments if each.media_type not in _SIGNATURES],
        meetings=meetings(body),
        deliveries=[] if entry.undone_at else of_entry(entry, citizen, first),
        forwarded=body.get("what") == "forward",
        problems=[*(claims(entry.mail.authentication) if entry.mail else ()), *(body.get("problems") or ())],
        undone_at=entry.undone_at,
        pinned=pinned(body) if entry.kind == "card" else None,
        price=_price(body) if entry.kind == "sms" and ours else "",
        form=filled(body) if entry.kind == "form" else None,
        talk=talk(entry, names) if entry.kind in {"call", "visit"} else None,
    )


_ICONS = {
    "assigned": "user", "moved": "handover", "closed": "done", "reopened": "undo", "waiting": "clock",
    "resumed": "undo", "spam": "spam", "misdirected": "misdirected", "received": "misdirected", "merged": "copy",
    "merged_into": "copy", "split": "copy", "confidential": "lock", "glass": "unlock", "glass_put_back": "lock",
    "identity_confirmed": "verified", "identity_withdrawn": "unverified", "matter_added": "tag",
    "matter_settled": "tag", "matter_topic": "tag", "matter_removed": "tag", "undone": "undo", "citizen_merge": "users",
    "citizen_split": "users", "citizen_share": "users", "citizen_give": "users", "citizen_undone": "undo",
    "sent_again": "send", "arrived": "done", "chat_ended": "chat", "call_back_given": "user",
    "call_back_settled": "phone",
}  # fmt: skip


def _given(to: object) -> str:
    return _("%(by)s said who calls back") if to else _("%(by)s left the call-back to whoever comes to it")


def _called_back(outcome: str) -> str:
    said = {"reached": _("%(by)s has reached the caller"), "given_up": _("%(by)s gave the call-back up")}
    return said.get(outcome, _("%(by)s said that nobody needs to call back"))


def change_words(entry: EntryLine, names: Names) -> str:
    """What was done and by whom."""
    body = entry.body or {}
    what, to = str(body.get("what")), body.get("to")
    by = entry.author.name or (_("Somebody") if entry.author.kind == "person" else _("The system"))
    said = {
        "assigned": _("%(by)s assigned it") if to else _("%(by)s released it"),
        "moved": _("%(by)s handed it over to %(queue)s"),
        "closed": _("%(by)s closed it"),
        "spam": doubt_words(body) or _("%(by)s closed it as spam"),
        "reopened": _("%(by)s opened it again") if entry.author.kind == "person" else _("Opened again by an answer"),
        "waiting": _("%(by)s set it to wait until %(until)s"),
        "resumed": _("%(by)s set it to wait until %(until)s")
        if body.get("until")
        else _("%(by)s let it wait no longer"),
        "matter_added": _("%(by)s added the question %(topic)s"),
        "matter_settled": _("%(by)s set the outcome: %(outcome)s"),
        "matter_topic": _("%(by)s changed the question to %(topic)s"),
        "matter_removed": _("%(by)s removed the question %(topic)s"),
        "undone": _("%(by)s took back an answer before it left"),
        "sent_again": _("%(by)s had it sent again"),
        "arrived": _("%(by)s knows that it arrived"),
        "chat_ended": _chat_ended(entry),
        "call_back_given": _given(to),
        "call_back_settled": _called_back(str(body.get("outcome"))),
        "confidential": _("%(by)s limited it to %(queue)s") if to else _("%(by)s opened it for its own queue again"),
        "glass": _("%(by)s opened it with break glass. The head of the queue was told"),
        "glass_put_back": _("%(by)s closed it again"),
        "identity_confirmed": _("%(by)s confirmed the identity: %(how)s"),
        "identity_withdrawn": _("%(by)s withdrew the confirmation of the identity"),
        "misdirected": _("%(by)s closed it as misdirected to %(where)s"),
        "received": _("%(by)s moved it here from %(where)s"),
        "merged": _("%(by)s merged another conversation into this one"),
        "merged_into": _("%(by)s merged it into another conversation"),
        "split": _("%(by)s took a merged conversation out again"),
        "split_from": _("%(by)s took it out of another conversation again"),
        "question_parted": _("%(by)s made an answer a conversation of its own"),
        "question_from": _("%(by)s made it a conversation of its own"),
        "question_same": _("%(by)s said that it is the same question"),
        "citizen_merge": _("%(by)s merged two citizens into one"),
        "citizen_split": _("%(by)s split an address off: it is another citizen's"),
        "citizen_share": _("%(by)s said that it is from somebody else at the address"),
        "citizen_give": _("%(by)s said that it is from another who uses the address"),
        "citizen_organisation": _("%(by)s said that the citizen is an organisation"),
        "citizen_person": _("%(by)s said that the citizen is a person"),
        "citizen_undone": _("%(by)s undid what was changed about the citizen"),
    }.get(what, "%(by)s: %(what)s")
    until = body.get("until")
    municipality = names.municipalities.get(str(body.get("municipality")))
    return said % {
        "by": by,
        "what": what.replace("_", " "),
        "queue": _name(names.queues, to),
        "topic": _name(names.topics, body.get("topic")),
        "until": times.day_within(datetime.fromisoformat(until)) if until else "",
        "outcome": outcome_words()[body.get("outcome")].words,
        "how": identity_words().get(str(body.get("how")), ""),
        "where": body.get("where") or (municipality.name if municipality else _("another municipality")),
    }


def _chat_ended(entry: EntryLine) -> str:
    if entry.author.kind == "person":
        return _("%(by)s ended the chat")
    if entry.body.get("by") == "visitor":
        return _("The citizen left the chat")
    return _("The chat is over: the citizen's page is closed")


def outcome_words() -> dict[str | None, Outcome]:
    """How a question ended; None: nobody has said."""
    return {
        "solved_here": Outcome("solved", "done", _("Solved here")),
        "handed_over": Outcome("handed", "handover", _("Handed over")),
        "not_finished": Outcome("open", "clock", _("Not finished")),
        None: Outcome("none", "pending", _("no outcome yet")),
    }


def identity_ways() -> list[tuple[str, str, str]]:
    """How an identity is confirmed, in the order of their keys, with an icon."""
    return [
        ("control_question", _("Answered control question"), "help"),
        ("called_back", _("Called back on the registered number"), "callback"),
        ("id_at_desk", _("Showed ID at the desk"), "visit"),
        ("eid", _("Signed in with BankID, MinID or MitID"), "lock"),
        ("known_to_department", _("Known to the department"), "users"),
    ]


def identity_words() -> dict[str, str]:
    """The same in a sentence."""
    return {
        "control_question": _("answered control question"),
        "called_back": _("called back on registered number"),
        "id_at_desk": _("showed ID at the desk"),
        "eid": _("signed in with e-ID"),
        "known_to_department": _("known to the department"),
    }


def present(there: Iterable[tuple[int, str, str]], reader_id: int) -> list[Present]:
    """The others who read or type."""
    words = {"typing": _("%(name)s is typing"), "reading": _("%(name)s is also reading")}
    named = [(row_id, name if row_id > 0 else _("The citizen"), state) for row_id, name, state in there]
    return [
        Present(row_id, name, state, words[state] % {"name": name})
        for row_id, name, state in named
        if row_id != reader_id and (row_id > 0 or state == "typing")  # a visitor is there by their chat, or isn't
    ]


def _name(named: Any, row_id: Any) -> str:
    found = named.get(str(row_id))
    return word(found.words) if found is not None else _("another")


def _hue_of(name: str) -> int:
    return sum(name.encode()) % 6 + 1
