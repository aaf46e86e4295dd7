"""Mail from a mailbox by IMAP (RFC 3501, 9051): we call the server, fetch what has come since, and leave all else.

A mail's identity is folder, UIDVALIDITY and UID. Nothing is marked before the hub has committed it, and \\Seen never:
that is people's. Used where the server has them: IDLE, MOVE, UIDPLUS, SPECIAL-USE. Not done: CONDSTORE, NOTIFY, POP3.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from threading import Event
from typing import Any, TypeVar

from imapclient import IMAPClient

from connectors.imap import fetching, place, settings, tokens
from connectors.imap.place import Cursor
from connectors.imap.session import Session, Where
from connectors.imap.settings import ImapConfig
from connectors.imap.tokens import Client, Tokens
from hub.contract import (
    AuthFailed,
    Batch,
    KeepsSent,
    Misconfigured,
    Outside,
    Pulls,
    RawEvent,
    Register,
    Tally,
    Unreachable,
    hook_impl,
)
from hub.contract.steps import FOLDER
from hub.formats import mail

R = TypeVar("R")

LONGEST = 240.0
"""Seconds that the server has for one batch, however often it says a byte."""
_DAY = 86_400
_SOON = 1 / 3
"""Of the time that a refresh token holds: then IT is told that it ends."""


class Imap(Pulls[ImapConfig], KeepsSent[ImapConfig]):
    """A mailbox of a mail server's."""

    kind = "imap"
    title = "Mail from a mailbox (IMAP)"
    Config = ImapConfig

    def __init__(self, config: ImapConfig, tools: Any) -> None:
        super().__init__(config, tools)
        self._fetcher = fetching.Fetcher(config)
        self._tokens = Tokens(self.tools, _client(config)) if config.login != "password" else None
        self._session: Session | None = None
        self._tidied: set[str] = set()
        self._stop_waiting = Event()

    @classmethod
    def places(cls, config: ImapConfig) -> Mapping[str, Outside]:
        return {tokens.PLACE: tokens.place(config.token_url)} if config.login != "password" else {}

    @classmethod
    def fetches(cls, config: ImapConfig) -> list[str]:
        return [f"{config.host.lower()} {config.username.lower()} {each}" for each in settings.folders(config)]

    async def check(self) -> None:
        settings.check(self.config)
        settings.check_start(self.config, self.tools.now().date())
        try:
            await self._with_session(self._try_folders)
        finally:
            await self.close()

    async def pull(self, cursor: bytes | None) -> Batch:
        now = int(self.tools.now().timestamp())
        reached = place.read(cursor, now)
        found = await self._with_session(lambda session: self._batch(session, reached, now))
        if self._tokens is not None and self._tokens.given is not None:
            reached.renewed = self._tokens.given
        return Batch(
            events=found.events,
            cursor=place.write(reached),
            more=found.behind > 0,
            behind=found.behind,
            vanished=found.vanished,
            warning=self._warning(found, reached, now),
        )

    async def committed(self, keys: Sequence[str]) -> None:
        if self.config.after == "leave":
            return
        by_folder: dict[tuple[str, int], list[int]] = {}
        for folder, validity, uid in map(fetching.read_key, keys):
            by_folder.setdefault((folder, validity), []).append(uid)
        for (folder, validity), uids in by_folder.items():
            await self._with_session(lambda session, of=(folder, validity, uids): self._finish(session, *of))  # type: ignore[misc]  # mypy can't infer a lambda with a default

    async def wait(self, seconds: float) -> None:
        """By IDLE in the first folder; the others are looked at when that ends."""
        seconds = min(seconds, self.config.poll_seconds)
        session = self._session
        if session is None or "IDLE" not in session.abilities:
            await asyncio.sleep(seconds)
            return
        first = next(iter(settings.folders(self.config)))
        self._stop_waiting.clear()
        try:
            await self._block(
                lambda: session.wait(first, self._fetcher.following.get(first, 0), seconds, self._stop_waiting),
                kill=False,
            )
        except Unreachable:  # an idle line may be cut by anybody on the way: the pull that follows makes a new one
            self._hang_up()
        finally:
            self._stop_waiting.set()

    async def gone(self, event: RawEvent, earlier: Mapping[str, Mapping[str, str]]) -> Sequence[str]:
        """Under another UIDVALIDITY no key holds. Else a mail that was moved keeps the time that it came at."""
        renumbered, absent = [], []
        for key, origin in earlier.items():
            folder, validity, uid = fetching.read_key(key)
            if self._fetcher.validities.get(folder) != validity and folder in settings.folders(self.config):
                renumbered.append(key)
            elif origin.get("received") == event.origin.get("received"):
                absent.append((key, folder, uid))
        for key, folder, uid in absent:
            if not await self._with_session(lambda session, of=(folder, uid): _is_there(session, *of)):  # type: ignore[misc]  # as above
                renumbered.append(key)
        return renumbered

    async def tally(self, cursor: bytes | None) -> Sequence[Tally]:
        reached = place.read(cursor, int(self.tools.now().timestamp()))
        return await self._with_session(lambda session: self._fetcher.tally(session, reached))

    async def keep_sent(self, message: bytes, message_id: str) -> None:
        if any(character in message_id for character in "\r\n\0"):
            raise Misconfigured("", "A Message-ID has no line breaks.")
        await self._with_session(lambda session: self._keep(session, message, message_id))

    async def close(self) -> None:
        self._stop_waiting.set()
        self._hang_up()

    @classmethod
    def anew(cls, config: ImapConfig, event: RawEvent) -> RawEvent:
        """With whose it is by the settings' addresses and folders."""
        return fetching.anew(config, event)

    parse = staticmethod(mail.parse)

    def _batch(self, session: Session, reached: Cursor, now: int) -> fetching.Found:
        for name, folder in reached.folders.items():
            if self.config.after != "leave" and name in settings.folders(self.config) and name not in self._tidied:
                self._tidy(session, name, folder)
                self._tidied.add(name)
        return self._fetcher.batch(session, reached, now)

    def _tidy(self, session: Session, name: str, folder: place.Folder) -> None:
        """What was committed when somebody killed us: it isn't marked yet."""
        if session.select(name).validity != folder.validity:
            return
        unmarked = ("UNFLAGGED",) if self.config.flag == r"\Flagged" else ("UNKEYWORD", self.config.flag)
        criteria = unmarked if self.config.after == "flag" else ()
        self._finish(session, name, folder.validity, self._fetcher.fetched(session, folder, *criteria))

    def _finish(self, session: Session, folder: str, validity: int, uids: Sequence[int]) -> None:
        """Twice is once: a mark that is there stays, and what was moved is there no more."""
        if not uids or session.select(folder, to_change=True).validity != validity:
            return
        if self.config.after == "flag":
            session.flag(uids, self.config.flag)
        else:
            session.move(uids, self.config.move_to)

    def _keep(self, session: Session, message: bytes, message_id: str) -> None:
        folder = self.config.sent_folder or session.sent_folder()
        session.make(folder, "sent_folder")
        if not session.has_message(folder, message_id):
            session.append(folder, message)

    def _try_folders(self, session: Session) -> None:
        for name in settings.folders(self.config):
            with self.tools.step(FOLDER.format(folder=name)):
                session.select(name)
        if self.config.after == "move":
            with self.tools.step(FOLDER.format(folder=self.config.move_to)):
                session.make(self.config.move_to, "move_to")

    def _warning(self, found: fetching.Found, reached: Cursor, now: int) -> str | None:
        if found.gaps:
            return f"The server has {found.gaps} mails that it doesn't give. They are tried again every hour."
        ends = None
        if self.config.refresh_token is not None and self.config.refresh_days:
            ends = reached.renewed + self.config.refresh_days * _DAY
        if self._tokens is not None and self._tokens.refresh_ends is not None:
            ends = self._tokens.refresh_ends
        most = int(self.config.refresh_days * _DAY * _SOON) or 30 * _DAY
        return tokens.warning(ends, self.config.secret_ends, now, most)

    async def _with_session(self, call: Callable[[Session], R]) -> R:
        """In a connection that is there, or a new one: one that died while nobody used it is no trouble yet."""
        refused = False
        while True:
            token = await self._tokens.get() if self._tokens is not None else ""
            was_there = self._session is not None
            try:
                return await self._block(lambda token=token: call(self._open(token)))  # type: ignore[misc]  # as above
            except Unreachable:
                self._hang_up()
                if not was_there:
                    raise
            except AuthFailed:
                self._hang_up()
                if self._tokens is None or refused:
                    raise
                refused = True  # a token may be taken back before its time: the next one decides
                self._tokens.forget()

    def _open(self, token: str) -> Session:
        if self._session is None:
            config = self.config
            where = Where(config.host, config.port, config.security, config.authorities, config.timeout)
            self._session = Session(where, lambda client: self._log_in(client, token), self.tools.step)
            self._tidied.clear()
        return self._session

    def _log_in(self, client: IMAPClient, token: str) -> None:
        config = self.config
        if config.login == "xoauth2":
            client.oauth2_login(config.username, token)
        elif config.login == "oauthbearer":
            client.oauthbearer_login(config.username, token)
        else:
            client.login(config.username, config.password.reveal() if config.password else "")

    async def _block(self, call: Callable[[], R], *, kill: bool = True) -> R:
        """In the channel's thread, which is let go when it takes too long or nobody waits any more."""
        try:
            async with asyncio.timeout(LONGEST):
                return await self.tools.block(call)
        except TimeoutError as error:
            self._let_go()
            raise Unreachable(f"The mail server {self.config.host} took longer than {LONGEST:.0f} s.") from error
        except asyncio.CancelledError:
            if kill:
                self._let_go()
            raise

    def _let_go(self) -> None:
        session = self._session
        if session is not None:
            session.kill()

    def _hang_up(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.kill()
            with suppress(Unreachable):
                session.close()


def _client(config: ImapConfig) -> Client:
    return Client(config.token_url, config.client_id, config.client_secret, config.refresh_token, config.scope)


def _is_there(session: Session, folder: str, uid: int) -> bool:
    try:
        session.select(folder)
    except Misconfigured:
        return False
    return bool(session.still_there([uid]))


@hook_impl
def register_plugins(register: Register) -> None:
    register.connector(Imap)
