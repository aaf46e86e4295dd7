"""Kept answers: what somebody was shown in a conversation is shown to them again for a while, without asking anew.

In the database, for all processes, enciphered by the installation's key and bound to whose it is: a copy of the
database alone doesn't have them in clear.
"""

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, bindparam, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from hub import clock
from hub.errors import Corrupt
from hub.inbox.conversation import Conversation
from hub.lookups.question import Answered
from hub.storage.base import MunicipalityRow, own, same_municipality
from hub.storage.prepared import Prepared
from hub.storage.unit import Unit

FOR = 15 * clock.MINUTE
"""Then a card counts as old: it is asked again, and nobody is shown it."""
_PURPOSE = "kept-answer"


class KeptAnswer(MunicipalityRow):
    """`cipher`: a Told, with what whoever asked sees only when they ask to. Of several of one place the newest counts.
    Rows are added and removed, never changed."""

    __tablename__ = "kept_answer"
    __table_args__ = (
        own(),
        same_municipality("conversation_id", "conversation"),
        same_municipality("lookup_id", "lookup"),
        Index("ix_kept_answer_conversation", "municipality_id", "conversation_id", "person_id"),
        Index("ix_kept_answer_asked_at", "asked_at"),
    )
    conversation_id: Mapped[int]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    lookup_id: Mapped[int]
    confirmation_id: Mapped[int]
    asked_at: Mapped[int]
    cipher: Mapped[bytes] = mapped_column(LargeBinary)


class Told(Struct, frozen=True):
    """An answer, and the audit's mark of whom its question was about."""

    answered: Answered
    about: str


class Whole(Struct, frozen=True):
    """An answer that may be kept: when it was asked for, in microseconds, and a Told in JSON."""

    asked_at: int
    told: bytes


class Place(Struct, frozen=True):
    """Of whom, in which conversation, of which version of a lookup, and by which confirmation of the citizen's
    identity, 0: by none. Withdrawn and confirmed anew, somebody else may be meant: nothing is shown again."""

    municipality_id: int
    conversation_id: int
    person_id: int
    lookup_id: int
    confirmation_id: int


_OF_A_CONVERSATION = Prepared(
    select(KeptAnswer.lookup_id, KeptAnswer.confirmation_id, KeptAnswer.asked_at, KeptAnswer.cipher)
    .where(
        KeptAnswer.municipality_id == bindparam("municipality_id", type_=BigInteger),
        KeptAnswer.conversation_id == bindparam("conversation_id", type_=BigInteger),
        KeptAnswer.person_id == bindparam("person_id", type_=BigInteger),
        KeptAnswer.asked_at >= bindparam("since", type_=BigInteger),
    )
    .order_by(KeptAnswer.id)
)


class Kept:
    """What one person was told in one conversation and what isn't old."""

    def __init__(self, unit: Unit, person_id: int, conversation: Conversation) -> None:
        self._keys, self._conversation, self._person_id = unit.keys, conversation, person_id
        rows = _OF_A_CONVERSATION.rows(
            unit,
            municipality_id=conversation.municipality_id,
            conversation_id=conversation.id,
            person_id=person_id,
            since=clock.now() - FOR,
        )
        self._rows = {(lookup, confirmation): (at, cipher) for lookup, confirmation, at, cipher in rows}

    def get(self, lookup_id: int, confirmation_id: int) -> Told | None:
        """None when there is none, and for one that can't be read: it is another's, of another key, or of another
        release, which knew other cards."""
        found = self._rows.get((lookup_id, confirmation_id))
        if found is None:
            return None
        home = self._conversation
        place = Place(home.municipality_id, home.id, self._person_id, lookup_id, confirmation_id)
        try:
            plain = self._keys.decrypt(_PURPOSE, _bound(place, found[0]), bytes(found[1]))
            return msgspec.json.decode(plain, type=Told)
        except (Corrupt, msgspec.DecodeError):
            return None


def proven(answered: Answered) -> Answered:
    """The same, as it is read again. Raises whatever the JSON of it does where outside code made what no card is."""
    found = msgspec.json.decode(msgspec.json.encode(answered), type=Answered)
    return replace(found, cards=tuple(found.cards), suggestions=tuple(found.suggestions))


def whole(answered: Answered, about: str) -> Whole:
    """Of one that was checked, to be kept. `about`: the audit's mark of whom its question was about."""
    return Whole(clock.from_datetime(answered.asked_at), msgspec.json.encode(Told(answered, about)))


def keep(unit: Unit, place: Place, one: Whole) -> None:
    """Until it is old."""
    cipher = unit.keys.encrypt(_PURPOSE, _bound(place, one.asked_at), one.told)
    there = {name: getattr(place, name) for name in Place.__struct_fields__}
    unit.add(KeptAnswer(**there, asked_at=one.asked_at, cipher=cipher))


def forget(unit: Unit, place: Place) -> None:
    """It is asked anew: whatever comes of that, this isn't shown again."""
    unit.change(
        delete(KeptAnswer).where(
            KeptAnswer.municipality_id == place.municipality_id,
            KeptAnswer.conversation_id == place.conversation_id,
            KeptAnswer.person_id == place.person_id,
            KeptAnswer.lookup_id == place.lookup_id,
        )
    )


def erase_old(unit: Unit) -> None:
    """Those that nobody is shown any more."""
    unit.change(delete(KeptAnswer).where(KeptAnswer.asked_at < clock.now() - FOR))


def any_old(unit: Unit) -> bool:
    """Whether there are some: nobody waits for a writer who has nothing to do."""
    return unit.first(select(KeptAnswer.id).where(KeptAnswer.asked_at < clock.now() - FOR)) is not None


def _bound(place: Place, asked_at: int) -> str:
    """What the cipher is bound to: moved to another row it can't be read."""
    return ":".join(str(each) for each in (*(getattr(place, name) for name in Place.__struct_fields__), asked_at))
