"""Mail in: a page of ids at a time, then the mails themselves; nothing is left behind by it, and nothing at the source.

What is listed and not fetched waits in the cursor. When Graph has forgotten how far we were (410), a folder is listed
anew, and what is here already isn't fetched again: its id is the same.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta

from connectors.graph_mail import cursor as cursors
from connectors.graph_mail.client import Listed, NotThere, Resync
from connectors.graph_mail.cursor import Folder, State
from connectors.graph_mail.mailbox import Large, Mailbox
from connectors.graph_mail.notifying import Subscriptions
from hub.contract import Batch, ConnectorTools, Misconfigured, PluginError, RawEvent, Tally

TOGETHER = 4
"""Requests at once: more of one mailbox Exchange throttles."""
MOST_EVENTS = 40
MOST_BYTES = 8_000_000
"""Of one batch."""
_JUST_NOW = timedelta(minutes=2)
_ALL = datetime(1, 1, 1, tzinfo=UTC)


def beginning(begin: str) -> datetime | None:
    """None: now. Raises Misconfigured for a date that isn't one."""
    if begin in {"now", "all"}:
        return None if begin == "now" else _ALL
    try:
        return datetime.combine(date.fromisoformat(begin), time(), UTC)
    except ValueError as error:
        raise Misconfigured("begin", f"begin is now, all or a date as 2026-01-31; {begin} is none.") from error


class Fetching:
    """One pull, or one count. `renew`: Graph wants its subscriptions to be seen to."""

    def __init__(
        self,
        tools: ConnectorTools,
        mailbox: Mailbox,
        folders: Sequence[str],
        address: str,
        *,
        begin: str,
        origin: Mapping[str, str],
        subscriptions: Subscriptions | None,
        renew: bool,
    ) -> None:
        self._tools, self._mailbox, self._folders, self._address = tools, mailbox, folders, address
        self._begin, self._origin = begin, origin
        self._subscriptions, self._renew = subscriptions, renew

    async def pull(self, cursor: bytes | None) -> Batch:
        """A batch, and whether there is more."""
        now = self._tools.now()
        state = cursors.read(cursor, self._address, now)
        warning = await self._look_after(state, now)
        state.folders = {name: state.folders.get(name, Folder()) for name in self._folders}
        first = state.turn % len(self._folders)
        fresh, state.turn = state.idle, first + 1
        events: list[RawEvent] = []
        vanished = 0
        for name in (*self._folders[first:], *self._folders[:first]):
            folder = state.folders[name]
            if not folder.pending and (fresh or not folder.ends):
                await self._list(name, folder, state)
            vanished += await self._fetch(name, folder, events)
        state.idle = all(folder.ends and not folder.pending for folder in state.folders.values())
        if state.idle:
            state.listed_at = now
        return Batch(
            events=events,
            cursor=cursors.write(state),
            more=not (state.idle and fresh),  # what came while the rest of a list was fetched
            behind=sum(len(folder.pending) + folder.left for folder in state.folders.values()),
            vanished=vanished,
            warning=warning,
        )

    async def _list(self, name: str, folder: Folder, state: State) -> None:
        try:
            page = await self._mailbox.changes(name, folder.link)
        except Resync:
            folder.link, folder.ends = None, False
            page = await self._mailbox.changes(name, None)
        if folder.link is None:
            folder.left = await self._mailbox.count(name)
        listed = sorted(page.found, key=lambda each: each.received or _ALL)
        wanted = list(dict.fromkeys(each.id for each in listed if self._is_wanted(each, state)))
        known = await self._tools.known(wanted)
        folder.pending = [each for each in wanted if each not in known]
        folder.left = 0 if page.ends else max(0, folder.left - len(page.found))
        folder.link, folder.ends = page.link, page.ends

    def _is_wanted(self, listed: Listed, state: State) -> bool:
        since = beginning(self._begin) or state.began
        return not listed.is_draft and (listed.received is None or listed.received >= since)

    async def _fetch(self, name: str, folder: Folder, events: list[RawEvent]) -> int:
        """Into `events`, as far as there is room; returns how many had gone."""
        vanished = 0
        while folder.pending and len(events) < MOST_EVENTS and sum(len(each.body) for each in events) < MOST_BYTES:
            chunk = folder.pending[:TOGETHER]
            came = await asyncio.gather(*(self._mime(each) for each in chunk))
            for key, mime in zip(chunk, came, strict=True):
                if mime is None:
                    vanished += 1
                else:
                    events.append(self._event(name, key, mime))
            folder.pending = folder.pending[len(chunk) :]
        return vanished

    async def _mime(self, key: str) -> bytes | Large | None:
        try:
            return await self._mailbox.mime(key)
        except NotThere:
            return None

    def _event(self, folder: str, key: str, mime: bytes | Large) -> RawEvent:
        origin = {**self._origin, "folder": folder}
        if isinstance(mime, Large):
            size = max(mime.size, len(mime.headers) + 1)  # where Graph doesn't say, it is larger all the same
            return RawEvent(key, mime.headers, "message/rfc822", origin=origin, whole_size=size)
        return RawEvent(key, mime, "message/rfc822", origin=origin)

    async def _look_after(self, state: State, now: datetime) -> str | None:
        """Without word from Graph mail is fetched all the same: so what is wrong with it is a warning."""
        if self._subscriptions is None:
            return None
        try:
            ids = {name: await self._mailbox.folder(name) for name in self._folders}
            resources = {name: f"users/{self._address}/mailFolders('{each}')/messages" for name, each in ids.items()}
            state.subscriptions = await self._subscriptions.look_after(
                state.subscriptions, resources, now, renew=self._renew
            )
        except PluginError as error:
            return f"Microsoft 365 doesn't tell of news, so the mailbox is asked once a minute: {error}"
        return None

    async def tally(self, cursor: bytes | None) -> Sequence[Tally]:
        """What each folder holds, and which of it should be here."""
        if cursor is None:
            return []
        state = cursors.read(cursor, self._address, self._tools.now())
        counted = []
        for name in self._folders:
            found = [each for each in await self._mailbox.all_in(name) if not each.is_draft]
            wanted = [each for each in found if self._is_wanted(each, state)]
            pending = set(state.folders.get(name, Folder()).pending)
            known = await self._tools.known([each.id for each in wanted])
            # Not here yet: still listed in the cursor, or newer than the last list.
            late = {each.id for each in wanted if each.id not in known and self._is_news(each, state)} | pending
            counted.append(
                Tally(
                    mailbox=name,
                    at_source=len(found),
                    keys=[each.id for each in wanted if each.id not in late],
                    waiting=len(late & {each.id for each in wanted}),
                    left_out=len(found) - len(wanted),
                )
            )
        return counted

    def _is_news(self, listed: Listed, state: State) -> bool:
        return state.listed_at is None or listed.received is None or listed.received >= state.listed_at - _JUST_NOW
