"""Forward: a citizen's question passed on to somebody outside: an authority, a department's mailbox.

What citizens wrote is quoted as text, their names and addresses masked; files of theirs go along as they are, each one
that is named; notes and our own mails never do. It
answers nobody: it is internal to the timeline, nothing owed is cleared by it, and its recipient takes no part. Their
answer names this mail and so begins a conversation with a hint to this one.
"""

import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlalchemy import ColumnElement, select

from hub import clock
from hub.errors import Invalid
from hub.inbox import draft, outgoing
from hub.inbox.citizen import Citizen, CitizenPoint
from hub.inbox.conversation import NO_CONTACT, Conversation
from hub.inbox.entry import Attachment, Entry, Mail
from hub.inbox.municipality import Municipality
from hub.inbox.outgoing import Envelope, File, Route
from hub.inbox.participant import Participant
from hub.inbox.timeline import AttachmentLine
from hub.storage.unit import Unit

# Bounded in front of the @, so that a long text without one, or of nothing else, costs no more than its length.
_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w-]+(?:\.[\w-]+)+")
_SHORTEST_NAME = 2
_MOST_ENTRIES = 50
_THEIR_ENTRY = (
    Entry,
    (Entry.municipality_id == Attachment.municipality_id) & (Entry.id == Attachment.entry_id),
)


class Words(Struct, frozen=True):
    """What a quotation says besides what it quotes, in the language of the municipality."""

    heading: str
    name: str
    address: str


_WORDS: Mapping[str, Words] = {
    "sv": Words("Från en invånare", "[namn]", "[adress]"),
    "nb": Words("Fra en innbygger", "[navn]", "[adresse]"),
    "nn": Words("Frå ein innbyggjar", "[namn]", "[adresse]"),
    "da": Words("Fra en borger", "[navn]", "[adresse]"),
    "fi": Words("Asukkaalta", "[nimi]", "[osoite]"),
    "en": Words("From a citizen", "[name]", "[address]"),
}


def forward(
    unit: Unit,
    conversation: Conversation,
    by_id: int,
    text: str,
    route: Route,
    undo_seconds: int,
    *,
    to: Sequence[str],
    cc: Sequence[str] = (),
    subject: str = "",
    entry_ids: Sequence[int] | None = None,
    file_ids: Sequence[str] = (),
    files: Sequence[File] = (),
    most_bytes: int | None = None,
) -> Entry:
    """Held back for `undo_seconds` as an answer is. `entry_ids` None: the citizen's newest mail goes along.

    `file_ids`: the citizen's files that do, by their public ids; `files`: the writer's own. Together they have
    `most_bytes`.
    """
    addressed = outgoing.recipients("to", to)
    if not addressed:
        raise Invalid("to", "a forward goes to somebody")
    copies = outgoing.recipients("cc", cc, but=addressed)
    quoted = _quoted(unit, conversation, entry_ids)
    copied = _copied(unit, conversation, file_ids)
    along = [*copied.values(), *files]
    draft.expect_room(along, most_bytes)
    said = "\n\n".join(part for part in (text.strip(), _quotation(unit, conversation, quoted)) if part)
    if not said:
        raise Invalid("text", "a forward says something")
    body = {
        "what": "forward",
        "subject": outgoing.clean_subject(subject) or suggested_subject(unit, conversation),
        "written": text,
        "entries": [str(each.id) for each in quoted],
        "files": {original: copy.id for original, copy in copied.items()},
    }
    entry = outgoing.write(unit, conversation, by_id, route, said, body, "internal")
    # No token, and no reference to what the citizen wrote: either would tell of them. Drawn, so that nobody who guesses
    # it can report on it.
    message_id = f"<{secrets.token_hex(16)}.{entry.id:x}@{route.address.rpartition('@')[2]}>"
    envelope = Envelope(to=addressed, cc=copies, message_id=message_id)
    outgoing.send(unit, conversation, entry, route, envelope, undo_seconds, along)
    return entry


def quotation(unit: Unit, conversation: Conversation, entry_ids: Sequence[int] | None = None) -> str:
    """What would go along, masked: to be shown before it is sent."""
    return _quotation(unit, conversation, _quoted(unit, conversation, entry_ids))


def suggested_subject(unit: Unit, conversation: Conversation) -> str:
    """The conversation's, marked as forwarded and masked."""
    words = _words(_municipality(unit, conversation))
    return outgoing.forward_subject(_masked(conversation.subject, _known(unit, conversation, []), words))


def files_of(unit: Unit, conversation: Conversation) -> Sequence[AttachmentLine]:
    """What the citizen sent and may be opened: each may go along. Oldest first."""
    columns = (
        Attachment.public_id, Attachment.name, Attachment.media_type, Attachment.size, Attachment.inline_id
    )  # fmt: skip
    query = select(*columns).join(*_THEIR_ENTRY).where(*_theirs(conversation), Attachment.scan.is_(None))
    return [AttachmentLine(*fields) for fields in unit.rows(query.order_by(Entry.occurred_at, Attachment.id))]


def _copied(unit: Unit, conversation: Conversation, file_ids: Sequence[str]) -> Mapping[str, File]:
    """By the originals' public ids. Raises Invalid for what isn't one of the citizen's files here."""
    if not file_ids:
        return {}
    wanted = Attachment.public_id.in_(set(file_ids))
    query = select(Attachment).join(*_THEIR_ENTRY).where(wanted, *_theirs(conversation))
    found = unit.all(query.order_by(Entry.occurred_at, Attachment.id))
    if len(found) < len(set(file_ids)):
        raise Invalid("files", "only files that the citizen sent in this conversation go along")
    for each in found:
        each.require_open()
    return {
        each.public_id: File(
            draft.new_upload_id(), each.name, each.media_type, each.size, each.sha256, each.blob, each.body
        )
        for each in found
    }


def _quoted(unit: Unit, conversation: Conversation, entry_ids: Sequence[int] | None) -> Sequence[Entry]:
    """Oldest first. Raises Invalid for an entry that may not go along: a note, our own, another conversation's."""
    written = (
        select(Entry)
        .join(Mail, (Mail.municipality_id == Entry.municipality_id) & (Mail.entry_id == Entry.id), isouter=True)
        .where(*_theirs(conversation))
    )
    if entry_ids is None:
        contact = Mail.automatic.is_(None) | Mail.automatic.not_in(NO_CONTACT)
        newest = unit.first(written.where(contact).order_by(Entry.occurred_at.desc(), Entry.id.desc()))
        return [] if newest is None else [newest]
    wanted = set(entry_ids)
    if len(wanted) > _MOST_ENTRIES:
        raise Invalid("entries", "{most} messages go along at most", most=_MOST_ENTRIES)
    found = unit.all(written.where(Entry.id.in_(wanted)).order_by(Entry.occurred_at, Entry.id))
    if len(found) < len(wanted):
        raise Invalid("entries", "only what the citizen wrote in this conversation goes along")
    return found


def _theirs(conversation: Conversation) -> tuple[ColumnElement[bool], ...]:
    """Of calls and visits none: what stands there one of ours has written."""
    return (
        Entry.conversation_id == conversation.id,
        Entry.author_kind == "citizen",
        Entry.visibility == "public",
        Entry.kind.not_in(("call", "visit")),
    )


def _quotation(unit: Unit, conversation: Conversation, quoted: Sequence[Entry]) -> str:
    municipality = _municipality(unit, conversation)
    words, known = _words(municipality), _known(unit, conversation, quoted)
    zone = ZoneInfo(municipality.timezone) if municipality else UTC
    parts = []
    for entry in quoted:
        at = clock.to_datetime(entry.occurred_at).astimezone(zone)
        lines = _masked(entry.text, known, words).strip().splitlines()
        parts.append("\n".join([f"{words.heading}, {at:%Y-%m-%d %H:%M}:", *(f"> {each}".rstrip() for each in lines)]))
    return "\n\n".join(parts)


def _known(unit: Unit, conversation: Conversation, quoted: Sequence[Entry]) -> tuple[set[str], set[str]]:
    """Names and addresses (phone numbers too) of the citizen and of all who take part."""
    takes_part = (
        select(CitizenPoint.citizen_id)
        .join(Participant, Participant.citizen_point_id == CitizenPoint.id)
        .where(Participant.conversation_id == conversation.id)
    )
    theirs = {conversation.citizen_id, *unit.all(takes_part)}
    names = set(unit.all(select(Citizen.name).where(Citizen.id.in_(theirs))))
    points = select(CitizenPoint.value).where(
        CitizenPoint.citizen_id.in_(theirs), CitizenPoint.kind.in_(("email", "phone"))
    )
    names |= {str(each.body.get("name") or "") for each in quoted}
    told = [answer for each in quoted if each.kind == "form" for answer in each.body["answers"]]
    names |= {each["text"] for each in told if each["kind"] == "name"}
    typed = {each["text"] for each in told if each["kind"] in {"email", "phone"}}  # as it stands there
    return names, {*unit.all(points), *typed}


def _masked(text: str, known: tuple[set[str], set[str]], words: Words) -> str:
    """Every mail address, whoever's; then the names, whole in any case of letters, and their parts as names are
    written: "Per" is a name, "per" a word."""
    names, addresses = known
    text = _ADDRESS.sub(words.address, _replaced(text, addresses, words.address, re.I))
    text = _replaced(text, names, words.name, re.I)
    parts = {part for name in names if "@" not in name for part in re.split(r"[\s,.]+", name)}
    text = _replaced(text, {part for part in parts if part[:1].isupper()}, words.name, re.NOFLAG)
    return re.sub(rf"{re.escape(words.name)}(?:\s+{re.escape(words.name)})+", words.name, text)


def _replaced(text: str, values: Iterable[str], by: str, flags: re.RegexFlag) -> str:
    """The longest first; s at the end is the genitive of all these languages."""
    known = sorted({each.strip() for each in values if len(each.strip()) >= _SHORTEST_NAME}, key=len, reverse=True)
    if not known:
        return text
    pattern = "|".join(map(re.escape, known))
    return re.sub(rf"(?<!\w)(?:{pattern})(?=s?(?!\w))", lambda _: by, text, flags=flags)


def _municipality(unit: Unit, conversation: Conversation) -> Municipality | None:
    return unit.get(Municipality, conversation.municipality_id)


def _words(municipality: Municipality | None) -> Words:
    return _WORDS.get(municipality.language if municipality else "en", _WORDS["en"])
