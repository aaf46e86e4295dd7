"""Receipt: that a first mail has come, with its reference number, sent by the program where a rule asks for it.

Its text is ours alone: nothing that the sender wrote is repeated, or it would carry their words to whoever they name.
"""

import re
from collections.abc import Mapping, Sequence

from sqlalchemy import ForeignKey, Index, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from hub.errors import Invalid
from hub.inbox.municipality import LANGUAGES, Municipality
from hub.inbox.queue import Queue, answers_for
from hub.storage.base import MunicipalityRow, Words, own, partial_index, same_municipality
from hub.storage.unit import Unit

FIELDS = ("reference", "municipality")
"""What a text may name, in braces: it has no conditions and no loops."""
LONGEST = 2_000
_FIELD = re.compile(r"\{([^{}]*)\}")
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no letter that sounds or looks like another's."""
_HEARD = str.maketrans({"O": "0", "I": "1", "L": "1"})
_SIGNS, _HIGHEST = 13, 2**63 - 1

TEXTS: Mapping[str, str] = {
    "sv": "Hej!\n\nVi har tagit emot ditt meddelande. Ditt ärende har nummer {reference}.\n\n"
    "Det här är ett automatiskt svar. Svara på det om du vill lägga till något.\n\n{municipality}",
    "nb": "Hei!\n\nVi har mottatt meldingen din. Saken din har nummer {reference}.\n\n"
    "Dette er et automatisk svar. Svar på det hvis du vil legge til noe.\n\n{municipality}",
    "nn": "Hei!\n\nVi har teke imot meldinga di. Saka di har nummer {reference}.\n\n"
    "Dette er eit automatisk svar. Svar på det om du vil leggje til noko.\n\n{municipality}",
    "da": "Hej!\n\nVi har modtaget din besked. Din sag har nummer {reference}.\n\n"
    "Dette er et automatisk svar. Svar på det, hvis du vil tilføje noget.\n\n{municipality}",
    "fi": "Hei!\n\nOlemme vastaanottaneet viestisi. Asiasi numero on {reference}.\n\n"
    "Tämä on automaattinen vastaus. Voit täydentää asiaasi vastaamalla tähän viestiin.\n\n{municipality}",
    "en": "Hello,\n\nwe have received your message. Its reference number is {reference}.\n\n"
    "This is an automatic answer. Reply to it if you want to add something.\n\n{municipality}",
}
"""Where a rule has none of its own."""
SUBJECTS: Mapping[str, str] = {
    "sv": "Vi har tagit emot ditt meddelande ({reference})",
    "nb": "Vi har mottatt meldingen din ({reference})",
    "nn": "Vi har teke imot meldinga di ({reference})",
    "da": "Vi har modtaget din besked ({reference})",
    "fi": "Olemme vastaanottaneet viestisi ({reference})",
    "en": "We have received your message ({reference})",
}


class ReceiptRule(MunicipalityRow):
    """Of a municipality, or of one of its queues, which goes before. `is_on`: else it says that none is sent.

    `words`: texts by language instead of `TEXTS`. `unconfirmed`: also to addresses that no gateway has tested.
    """

    __tablename__ = "receipt_rule"
    __table_args__ = (
        UniqueConstraint("municipality_id", "queue_id"),
        partial_index("ix_receipt_rule_whole", "municipality_id", where="queue_id IS NULL", unique=True),
    )
    queue_id: Mapped[int | None] = mapped_column(ForeignKey("queue.id"))
    is_on: Mapped[bool]
    unconfirmed: Mapped[bool]
    words: Mapped[Words]


class SentReceipt(MunicipalityRow):
    """That a conversation's was sent. `sender`: a keyed hash; the unique columns hold what may be sent in a day.

    Whoever counts takes its turn by the sender, so that no two processes take the same `number`.
    """

    __tablename__ = "receipt"
    __table_args__ = (
        own(),
        same_municipality("conversation_id", "conversation"),
        UniqueConstraint("municipality_id", "conversation_id"),
        UniqueConstraint("sender", "day", "number"),
        Index("ix_receipt_sent_at", "sent_at"),
    )
    conversation_id: Mapped[int]
    sender: Mapped[str]
    day: Mapped[int]
    number: Mapped[int]
    sent_at: Mapped[int]


def set_rule(
    unit: Unit,
    municipality: Municipality,
    queue: Queue | None,
    *,
    is_on: bool,
    unconfirmed: bool,
    words: Mapping[str, str],
) -> ReceiptRule:
    """From the next mail on. Raises Invalid for a text that names what there isn't."""
    if queue is not None and not answers_for(unit, queue, municipality):
        raise Invalid("queue", "this queue doesn't answer for that municipality")
    row = rule_of(unit, municipality, queue)
    if row is None:
        row = ReceiptRule(municipality_id=municipality.id, queue_id=queue.id if queue else None)
    row.is_on, row.unconfirmed = is_on, unconfirmed
    row.words = checked(words)
    unit.add(row)
    return row


def drop_rule(unit: Unit, row: ReceiptRule) -> None:
    """A queue's: the municipality's counts there again; the municipality's: none is sent."""
    unit.remove(row)


def rule_of(unit: Unit, municipality: Municipality, queue: Queue | None, *, hold: bool = False) -> ReceiptRule | None:
    """Of that very one. `hold`: nobody else's until this unit ends."""
    here = ReceiptRule.queue_id.is_(None) if queue is None else ReceiptRule.queue_id == queue.id
    query = select(ReceiptRule).where(ReceiptRule.municipality_id == municipality.id, here)
    return unit.first(query.with_for_update() if hold else query)


def rules(unit: Unit, municipality_ids: Sequence[int]) -> Sequence[ReceiptRule]:
    """Of these municipalities, a municipality's own before its queues'."""
    query = select(ReceiptRule).where(ReceiptRule.municipality_id.in_(municipality_ids))
    return unit.all(query.order_by(ReceiptRule.municipality_id, ReceiptRule.id))


def reference(conversation_id: int) -> str:
    """What a citizen is told to name: 0TZ3-8K2M-4P7QX."""
    signs = ""
    for _ in range(_SIGNS):
        conversation_id, sign = divmod(conversation_id, 32)
        signs = _ALPHABET[sign] + signs
    return f"{signs[:4]}-{signs[4:8]}-{signs[8:]}"


def read_reference(said: str) -> int | None:
    """The conversation that somebody names by it: however it is written down, said aloud or heard."""
    signs = "".join(sign for sign in said.upper() if sign not in " -\u2010\u2011\u2012\u2013\u2014.").translate(_HEARD)
    if len(signs) != _SIGNS or not set(signs) <= set(_ALPHABET):
        return None
    number = 0
    for sign in signs:
        number = number * 32 + _ALPHABET.index(sign)
    return number if 0 < number <= _HIGHEST else None


def said(words: Mapping[str, str], language: str, conversation_id: int, municipality: str) -> tuple[str, str]:
    """Subject and text, in that language if there is a text in it. `words`: a rule's own."""
    texts = {**TEXTS, **words}
    language = language if language in texts else "en"
    values = {"reference": reference(conversation_id), "municipality": municipality}
    return _filled(SUBJECTS[language], values), _filled(texts[language], values)


def checked(words: Mapping[str, str]) -> dict[str, str]:
    """Texts that may be sent. Raises Invalid."""
    return {language: _checked(language, text) for language, text in words.items()}


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _FIELD.sub(lambda field: values.get(field[1], field[0]), text)


def _checked(language: str, text: str) -> str:
    if language not in LANGUAGES:
        raise Invalid("words", "a language is one of {known}", known=", ".join(LANGUAGES))
    if not text.strip():
        raise Invalid(f"words.{language}", "a receipt says something")
    if len(text) > LONGEST:
        raise Invalid(f"words.{language}", "a receipt has {most} characters at most", most=LONGEST)
    for name in _FIELD.findall(text):
        if name not in FIELDS:
            raise Invalid(f"words.{language}", "a receipt can name {reference} and {municipality}, and nothing else")
    if "{" in _FIELD.sub("", text) or "}" in _FIELD.sub("", text):
        raise Invalid(f"words.{language}", "a receipt can name {reference} and {municipality}, and nothing else")
    return text.replace("\r\n", "\n").replace("\r", "\n")
