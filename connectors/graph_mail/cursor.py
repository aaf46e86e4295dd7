"""How far a mailbox was fetched: committed by the hub together with the mails, and handed back for the next pull."""

from datetime import datetime

import msgspec
from msgspec import Struct


class Folder(Struct):
    """`link`: where to go on, as Graph gave it; None: from the beginning. `ends`: it tells what has changed since.

    `pending`: listed and not fetched yet. `left`: how many the listing under way has still to name.
    """

    link: str | None = None
    ends: bool = False
    pending: list[str] = []
    left: int = 0


class Subscription(Struct):
    """Whom Graph calls when there is news. `until`: when it stops. `terms`: of our address and clientState."""

    id: str
    until: datetime
    terms: str = ""


class State(Struct):
    """`mailbox`: whose it is. `began`: when the channel was first fetched.

    `listed_at`: when its folders were last listed to the end. `turn`: which folder comes first. `idle`: nothing was
    left to fetch.
    """

    mailbox: str
    began: datetime
    folders: dict[str, Folder] = {}
    subscriptions: dict[str, Subscription] = {}
    listed_at: datetime | None = None
    turn: int = 0
    idle: bool = True


def read(cursor: bytes | None, mailbox: str, now: datetime) -> State:
    """None: nothing was ever fetched. Of another mailbox, before its setting was changed: nothing of this one."""
    state = State(mailbox=mailbox, began=now) if cursor is None else msgspec.json.decode(cursor, type=State)
    return state if state.mailbox == mailbox else State(mailbox=mailbox, began=now)


def write(state: State) -> bytes:
    """As it is stored."""
    return msgspec.json.encode(state)
