"""What of a mailbox is wanted and not fetched yet, batch after batch. Blocking: it runs in the channel's own thread.

Nobody else's marks decide what is new, only UIDs. A mail that its server can't give doesn't keep the others waiting: it
becomes a gap, which is told of and tried again every hour.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from connectors.imap import place, settings
from connectors.imap.place import Cursor, Folder
from connectors.imap.session import Head, Session
from connectors.imap.settings import ImapConfig
from hub.contract import RawEvent, Tally, Unreachable

T = TypeVar("T")

AT_ONCE = 100
BYTES_AT_ONCE = 8_000_000
"""In a batch, but for one large mail alone."""
BYTES_IN_COMMAND = 2_000_000
UNSHOWN = 1000
"""UIDs between two looks that aren't shown; of more the server leaves numbers out: none counts as gone."""
LATE = 3600
"""Seconds, or up to twice as many, for which those that weren't shown are looked for: of several machines one lags."""
LATE_EVERY = 60
STUB = 64 * 1024
"""Bytes of a mail that is too large: its header, and how it begins."""
AGAIN = 3600
"""Seconds until a gap is tried again."""
_TRIES = 3
"""Times that the connection may break off over one mail."""
_STRAY = 3
"""Mails that were longer or shorter than the server said, the same each time: then it doesn't count well."""
_RECIPIENTS = re.compile(
    rb"^(?:Delivered-To|X-Original-To|Envelope-To|To|Cc):((?:[^\n]|\n[ \t])*)", re.IGNORECASE | re.MULTILINE
)
_ADDRESS = re.compile(rb"[\w.+-]{1,200}@[\w.-]{1,200}")


class Found(Struct):
    """What a batch brought, and what the hub has to know beside it."""

    events: list[RawEvent]
    vanished: int = 0
    behind: int = 0
    gaps: int = 0

    @property
    def is_full(self) -> bool:
        return len(self.events) >= AT_ONCE or sum(len(each.body) for each in self.events) >= BYTES_AT_ONCE


class Fetcher:
    """Of one channel. It remembers over what the connection broke off, and validities, for as long as it runs."""

    def __init__(self, config: ImapConfig) -> None:
        self._config = config
        self._folders = settings.folders(config)
        self._addresses = {address.lower(): destination for address, destination in config.addresses.items()}
        self._broke: dict[tuple[str, int, int], int] = {}
        self._strays = 0
        self.validities: dict[str, int] = {}
        self.following: dict[str, int] = {}  # UIDNEXT as it was seen last

    def batch(self, session: Session, cursor: Cursor, now: int) -> Found:
        """Changes `cursor` to how far it is then."""
        found = Found([])
        for name in self._folders:
            folder = self._look(session, cursor, name, now)
            if not found.is_full:
                self._fetch(session, name, folder, found, now)
            found.behind += place.size(folder.pending)
            found.gaps += len(folder.gaps)
        return found

    def fetched(self, session: Session, folder: Folder, *criteria: str) -> list[int]:
        """UIDs there that were fetched, as far as the cursor says; the folder is selected."""
        waiting, late = place.holds(folder.pending), place.holds(folder.late)
        there = session.uids(1, folder.next - 1, *criteria)
        wanted = {uid for uid in self._wanted(session, folder, there) if uid not in waiting and uid not in late}
        return [uid for uid in there if uid in wanted and uid not in folder.gaps]

    def tally(self, session: Session, cursor: Cursor) -> list[Tally]:
        """Of each folder, as it is now."""
        found = []
        for name in self._folders:
            state = session.select(name)
            folder = cursor.folders.get(name)
            there = session.uids(1, state.next - 1)
            if folder is None or folder.validity != state.validity:  # the next pull sees to it
                found.append(Tally(mailbox=name, at_source=len(there), keys=(), waiting=len(there)))
                continue
            fetched = self.fetched(session, folder)
            wanted = set(self._wanted(session, folder, there))
            found.append(
                Tally(
                    mailbox=name,
                    at_source=len(there),
                    keys=[key(name, folder.validity, uid) for uid in fetched],
                    waiting=len(wanted) - len(fetched),
                    left_out=len(there) - len(wanted),
                )
            )
        return found

    def _look(self, session: Session, cursor: Cursor, name: str, now: int) -> Folder:
        """The folder with what is new in it; one that is new itself, or renumbered, from its beginning."""
        state = session.select(name)
        self.validities[name], self.following[name] = state.validity, state.next
        folder = cursor.folders.get(name)
        if folder is None or folder.validity != state.validity:
            again = folder is not None
            folder = Folder(validity=state.validity, joined=state.next, next=state.next)
            folder.not_before = cursor.begun if again and self._config.start == "now" else None
            folder.pending = place.ranges(self._older(session, folder))
            cursor.folders[name] = folder
        elif state.next > folder.next:
            new = session.uids(folder.next, state.next - 1)
            if new:  # else it stays: a server may count a mail that it shows a moment later
                between = range(folder.next, new[-1] + 1)
                # Those that aren't shown are asked for as well: they come late, or were deleted, which is counted.
                wanted = between if len(between) - len(new) <= UNSHOWN else new
                folder.pending = place.ranges([*place.holds(folder.pending), *wanted])
                folder.next = new[-1] + 1
                if not folder.late:
                    folder.late_until, folder.late_below = now + LATE, folder.next
                folder.late = [*folder.late, *place.without([(between[0], between[-1])], new)]
        if folder.late and now >= folder.late_at:
            self._look_again(session, folder, now)
        return folder

    @staticmethod
    def _look_again(session: Session, folder: Folder, now: int) -> None:
        """For those that weren't shown: who comes now is wanted as any other."""
        late = place.holds(folder.late)
        there = [uid for uid in session.uids(folder.late[0][0], folder.late[-1][1]) if uid in late]
        folder.pending = place.ranges([*place.holds(folder.pending), *there])
        folder.late, folder.late_at = place.without(folder.late, there), now + LATE_EVERY
        if now >= folder.late_until:  # what was left out since has as long
            folder.late = [each for each in folder.late if each[0] >= folder.late_below]
            folder.late_until, folder.late_below = now + LATE, folder.next

    def _older(self, session: Session, folder: Folder) -> Sequence[int]:
        """UIDs below `joined` that are wanted."""
        high = folder.joined - 1
        if self._config.start == "all":
            return session.uids(1, high)
        if self._config.start != "now":
            return session.since(date.fromisoformat(self._config.start), high)
        if folder.not_before is None:
            return ()
        # Renumbered: which of them came since the channel was made, only their day and then their time tell.
        day = (datetime.fromtimestamp(folder.not_before, UTC) - timedelta(days=1)).date()
        heads = session.heads(session.since(day, high))
        return [uid for uid, head in heads.items() if head.received >= folder.not_before]

    def _wanted(self, session: Session, folder: Folder, there: Sequence[int]) -> Iterator[int]:
        older = set(self._older(session, folder))
        return (uid for uid in there if uid >= folder.joined or uid in older)

    def _fetch(self, session: Session, name: str, folder: Folder, found: Found, now: int) -> None:
        for uid in [uid for uid, at in folder.gaps.items() if at <= now]:
            del folder.gaps[uid]
            folder.pending = place.ranges([*place.holds(folder.pending), uid])
            self._broke[name, folder.validity, uid] = _TRIES - 1
        uids = self._next_ones(folder, AT_ONCE - len(found.events))
        hopeless = [uid for uid in uids if self._broke.get((name, folder.validity, uid), 0) >= _TRIES]
        self._give_up(folder, hopeless, now)
        uids = [uid for uid in uids if uid not in hopeless]
        if not uids:
            return
        heads = self._careful(name, folder, uids, lambda: session.heads(uids))
        self._missing(session, folder, [uid for uid in uids if uid not in heads], found, now)
        for group in self._groups(name, folder, [uid for uid in uids if uid in heads], heads):
            bodies = self._careful(name, folder, group, lambda some=group: self._bodies(session, some, heads))  # type: ignore[misc]  # mypy can't infer a lambda with a default
            for uid, body in bodies.items():
                found.events.append(self._event(name, folder, uid, heads[uid], body))
            folder.pending, folder.late = place.without(folder.pending, bodies), place.without(folder.late, bodies)
            self._missing(session, folder, [uid for uid in group if uid not in bodies], found, now)
            if found.is_full:
                return

    @staticmethod
    def _next_ones(folder: Folder, most: int) -> Sequence[int]:
        """What has just come first, then the past."""
        new = [(max(low, folder.joined), high) for low, high in folder.pending if high >= folder.joined]
        uids = list(place.first(new, most))
        return uids or place.first(folder.pending, most)

    def _groups(self, name: str, folder: Folder, uids: Sequence[int], heads: dict[int, Head]) -> Iterator[list[int]]:
        """So many as one command fetches; what the connection broke off over, and what is too large, alone."""
        group: list[int] = []
        together = 0
        for uid in uids:
            alone = (name, folder.validity, uid) in self._broke or heads[uid].size > self._config.size_limit
            if group and (alone or together + heads[uid].size > BYTES_IN_COMMAND):
                yield group
                group, together = [], 0
            group.append(uid)
            together += heads[uid].size
            if alone:
                yield group
                group, together = [], 0
        if group:
            yield group

    def _bodies(self, session: Session, uids: Sequence[int], heads: dict[int, Head]) -> dict[int, bytes]:
        """Those of them that are still there, each as the server has it."""
        limit = self._config.size_limit
        if heads[uids[0]].size > limit:
            beginning = session.beginning(uids[0], STUB)
            return {} if beginning is None else {uids[0]: beginning}
        bodies = session.bodies(uids, limit)
        for uid, body in bodies.items():
            if len(body) != heads[uid].size and self._strays < _STRAY:
                if session.bodies([uid], limit).get(uid) != body:
                    raise Unreachable("The mail server gave one mail in two ways; it is fetched again.")
                self._strays += 1
        return bodies

    def _careful(self, name: str, folder: Folder, uids: Sequence[int], call: Callable[[], T]) -> T:
        try:
            return call()
        except Unreachable:
            for uid in uids:
                which = (name, folder.validity, uid)
                # Of many one is to blame: each is asked for alone then.
                self._broke[which] = (
                    self._broke.get(which, 0) + 1 if len(uids) == 1 else max(self._broke.get(which, 0), 1)
                )
            raise

    def _missing(self, session: Session, folder: Folder, uids: Sequence[int], found: Found, now: int) -> None:
        """Gone before they were fetched, which is counted; or there, and not given."""
        if not uids:
            return
        there = session.still_there(uids)
        gone = [uid for uid in uids if uid not in there]
        found.vanished += len(gone)
        folder.pending = place.without(folder.pending, gone)
        self._give_up(folder, sorted(there), now)

    @staticmethod
    def _give_up(folder: Folder, uids: Sequence[int], now: int) -> None:
        folder.pending = place.without(folder.pending, uids)
        folder.gaps |= dict.fromkeys(uids, now + AGAIN)

    def _event(self, name: str, folder: Folder, uid: int, head: Head, body: bytes) -> RawEvent:
        to, route = self._whose(name, body)
        received = datetime.fromtimestamp(head.received, UTC).isoformat()
        return RawEvent(
            key=key(name, folder.validity, uid),
            body=body,
            media_type="message/rfc822",
            origin={"folder": name, "received": received, "to": to, "route": route},
            whole_size=head.size if head.size > self._config.size_limit else None,
        )

    def _whose(self, name: str, body: bytes) -> tuple[str, str]:
        """The address of ours that it came to, with what an answer to us has after its plus; and its destination."""
        named = self._folders[name].lower()
        address = named or next(iter(self._addresses))
        return recipient(self._addresses, named, body) or (address, self._addresses[address])


def recipient(addresses: Mapping[str, str], named: str, body: bytes) -> tuple[str, str] | None:
    """The first of these that a mail's header names, as written there; `named`: no other than that one, if any."""
    ends = [at for at in (body.find(b"\r\n\r\n"), body.find(b"\n\n")) if at >= 0]
    header = body[: min([*ends, STUB])]
    for line in _RECIPIENTS.finditer(header):
        for written in _ADDRESS.findall(line[1]):
            address = written.decode("utf-8", "replace").lower()
            local, _, domain = address.rpartition("@")
            plain = f"{local.partition('+')[0]}@{domain}"
            if plain in addresses and named in {"", plain}:
                return address, addresses[plain]
    return None


def anew(config: ImapConfig, event: RawEvent) -> RawEvent:
    """As `_whose` says it by these settings. What names none of them any more keeps the address that it came to."""
    addresses = {address.lower(): destination for address, destination in config.addresses.items()}
    named = settings.folders(config).get(event.origin.get("folder", ""), "").lower()
    kept = named or event.origin.get("to", "")
    to, route = recipient(addresses, named, event.body) or (kept, addresses.get(kept) or next(iter(addresses.values())))
    return replace(event, origin={**event.origin, "to": to, "route": route})


def key(folder: str, validity: int, uid: int) -> str:
    """The source's own identity of a mail."""
    return f"{folder}/{validity}/{uid}"


def read_key(key: str) -> tuple[str, int, int]:
    """Back again."""
    folder, validity, uid = key.rsplit("/", 2)
    return folder, int(validity), int(uid)
