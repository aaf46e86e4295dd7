"""One deliberately broken plugin for each rule of the contract: a letterbox with one thing wrong.

`BROKEN`: plugin -> the tests that it must fail, and no others. Some break a promise that two tests look at.
"""

import asyncio
import random
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from time import time as unchanged_name
from typing import Any, ClassVar

from msgspec.structs import force_setattr, replace

from hub.contract import (
    Address,
    Connector,
    Deferred,
    Keep,
    OutgoingMessage,
    RawEvent,
    Receipt,
    ReceivedMessage,
    Refused,
    Tools,
    Unreachable,
)
from tests.plugin_host.letterbox import Letterbox, LetterboxConfig, read_letter

HandingOver = Callable[[], Awaitable[None]]
Group = Sequence[RawEvent]
good = Letterbox.parse


class NameWithBlank(Letterbox):
    kind = "Letter box"


class ShrinkingConfig(LetterboxConfig, frozen=True):
    def __post_init__(self) -> None:
        force_setattr(self, "timeout", self.timeout / 2)


class Shrinking(Letterbox):
    Config = ShrinkingConfig


class OpenConfig(LetterboxConfig, frozen=True, forbid_unknown_fields=False):
    """Takes any field."""


class Open(Letterbox):
    Config = OpenConfig


class ThawedConfig(LetterboxConfig, frozen=False):  # type: ignore[misc]  # that is what is wrong with it
    """Can be changed."""


class Thawed(Letterbox):
    Config = ThawedConfig


class ChattyConfig(LetterboxConfig, frozen=True):
    def __repr__(self) -> str:
        return f"password={self.password.reveal()}"


class Chatty(Letterbox):
    Config = ChattyConfig


class PlainConfig(LetterboxConfig, frozen=True):
    password: str = ""  # type: ignore[assignment]  # that is what is wrong with it


class Plain(Letterbox):
    Config: ClassVar[Any] = PlainConfig


class Overlooking(Letterbox):
    @staticmethod
    def parse(group: Group) -> Sequence[ReceivedMessage]:
        return [] if any(b"\0" in event.body for event in group) else good(group)


class ReadingFiles(Letterbox):
    @staticmethod
    def parse(group: Group) -> Sequence[ReceivedMessage]:
        Path(__file__).read_bytes()
        return good(group)


class ReadingFilesSecretly(Letterbox):
    @staticmethod
    def parse(group: Group) -> Sequence[ReceivedMessage]:
        with suppress(BaseException):
            Path(__file__).read_bytes()
        return good(group)


class OpeningSockets(Letterbox):
    @staticmethod
    def parse(group: Group) -> Sequence[ReceivedMessage]:
        socket.socket().close()
        return good(group)


class LookingAtTheClock(Letterbox):
    @staticmethod
    def parse(group: Group) -> Sequence[ReceivedMessage]:
        return good(group) if datetime.now(UTC).year else []


class LookingAtTheTime(Letterbox):
    @staticmethod
    def parse(group: Group) -> Sequence[ReceivedMessage]:
        return good(group) if unchanged_name() else []


class Random(Letterbox):
    @staticmethod
    def parse(group: Group) -> Sequence[ReceivedMessage]:
        return [replace(item, subject=str(random.random())) for item in good(group)]  # noqa: S311 - any chance will do


class Remembering(Letterbox):
    seen: ClassVar[list[int]] = []

    @staticmethod
    def parse(group: Group) -> Sequence[ReceivedMessage]:
        Remembering.seen.append(1)
        return [replace(item, subject=str(len(Remembering.seen))) for item in good(group)]


class InOrderOfArrival(Letterbox):
    @staticmethod
    def parse(group: Group) -> Sequence[ReceivedMessage]:
        return [read_letter(event) for event in {event.key: event for event in group}.values()]


class Doubling(Letterbox):
    @staticmethod
    def parse(group: Group) -> Sequence[ReceivedMessage]:
        return [read_letter(event) for event in sorted(group, key=lambda event: event.key)]


class OneKey(Letterbox):
    @staticmethod
    def parse(group: Group) -> Sequence[ReceivedMessage]:
        return [replace(item, key="letter") for item in good(group)]


class NoKey(Letterbox):
    @staticmethod
    def parse(group: Group) -> Sequence[ReceivedMessage]:
        return [replace(item, key="" if item.key == "1" else item.key) for item in good(group)]


class Nul(Letterbox):
    @staticmethod
    def parse(group: Group) -> Sequence[ReceivedMessage]:
        return [replace(item, text=item.text + "\0") for item in good(group)]


class Surrogate(Letterbox):
    @staticmethod
    def parse(group: Group) -> Sequence[ReceivedMessage]:
        return [replace(item, sender=Address("\udc80", item.sender.address)) for item in good(group)]


class WrongType(Letterbox):
    @staticmethod
    def parse(group: Group) -> Sequence[ReceivedMessage]:
        return [replace(item, sent_at="today") for item in good(group)]


class WrongSize(Letterbox):
    @staticmethod
    def parse(group: Group) -> Sequence[ReceivedMessage]:
        return [with_files(item, size=1) for item in good(group)]


class WrongDigest(Letterbox):
    @staticmethod
    def parse(group: Group) -> Sequence[ReceivedMessage]:
        return [with_files(item, sha256="0" * 64) for item in good(group)]


class Unclean(Letterbox):
    @staticmethod
    def parse(group: Group) -> Sequence[ReceivedMessage]:
        return [replace(item, html="<p>Hej<script>alert(1)</script></p>") for item in good(group)]


class Falling(Letterbox):
    @staticmethod
    def parse(group: Group) -> Sequence[ReceivedMessage]:
        for event in group:
            event.body.index(b"|")
        return good(group)


class Hasty(Letterbox):
    async def receive(self, body: bytes, keep: Keep) -> bytes:
        self.later = asyncio.ensure_future(keep([self.event(body)]))
        self.later.add_done_callback(lambda kept: kept.cancelled() or kept.exception())
        return b"yes\n"


class Forgetting(Letterbox):
    async def receive(self, body: bytes, keep: Keep) -> bytes:
        with suppress(Exception):
            await keep([self.event(body)])
        return b"yes\n"


class GivingUp(Letterbox):
    failed = False

    async def receive(self, body: bytes, keep: Keep) -> bytes:
        if self.failed:
            return b"no\n"
        answer = await super().receive(body, keep)
        self.failed = answer == b"no\n"
        return answer


class Unstoppable(Letterbox):
    async def listen(self, keep: Keep) -> None:
        with suppress(asyncio.CancelledError):
            await super().listen(keep)


class Telling(Letterbox):
    def event(self, body: bytes) -> RawEvent:
        return replace(super().event(body), origin={"log-in": self.config.password.reveal()})


class HandingOverLate(Letterbox):
    async def send(self, message: OutgoingMessage, handing_over: HandingOver) -> Receipt:
        receipt = await super().send(message, nothing)
        await handing_over()
        return receipt


class NeverHandingOver(Letterbox):
    async def send(self, message: OutgoingMessage, handing_over: HandingOver) -> Receipt:  # noqa: ARG002 - that is it
        return await super().send(message, nothing)


class HandingOverTwice(Letterbox):
    async def send(self, message: OutgoingMessage, handing_over: HandingOver) -> Receipt:
        async def twice() -> None:
            await handing_over()
            await handing_over()

        return await super().send(message, twice)


class OnceForEachId(Letterbox):
    def __init__(self, config: LetterboxConfig, tools: Tools) -> None:
        super().__init__(config, tools)
        self.known: set[str] = set()

    async def send(self, message: OutgoingMessage, handing_over: HandingOver) -> Receipt:
        if message.message_id in self.known:
            return Receipt("sent before")
        self.known.add(message.message_id)
        return await super().send(message, handing_over)


class SendingAnyway(Letterbox):
    async def send(self, message: OutgoingMessage, handing_over: HandingOver) -> Receipt:
        async def anyway() -> None:
            with suppress(BaseException):
                await handing_over()

        return await super().send(message, anyway)


class HandingOverFirst(Letterbox):
    async def send(self, message: OutgoingMessage, handing_over: HandingOver) -> Receipt:
        await handing_over()
        return await super().send(message, nothing)


class NamelessAbsence(Letterbox):
    async def send(self, message: OutgoingMessage, handing_over: HandingOver) -> Receipt:
        try:
            return await super().send(message, handing_over)
        except Unreachable as error:
            raise OSError from error


class NoIsYes(Letterbox):
    async def send(self, message: OutgoingMessage, handing_over: HandingOver) -> Receipt:
        try:
            return await super().send(message, handing_over)
        except Refused:
            return Receipt(None)


class NowIsNever(Letterbox):
    async def send(self, message: OutgoingMessage, handing_over: HandingOver) -> Receipt:
        try:
            return await super().send(message, handing_over)
        except Deferred as error:
            raise Refused from error


class NamingSilence(Letterbox):
    async def send(self, message: OutgoingMessage, handing_over: HandingOver) -> Receipt:
        try:
            return await super().send(message, handing_over)
        except TimeoutError as error:
            raise Unreachable from error


class SilenceIsYes(Letterbox):
    async def send(self, message: OutgoingMessage, handing_over: HandingOver) -> Receipt:
        try:
            return await super().send(message, handing_over)
        except TimeoutError:
            return Receipt(None)


async def nothing() -> None:
    """In place of handing_over."""


def with_files(item: ReceivedMessage, **changes: Any) -> ReceivedMessage:
    return replace(item, attachments=[replace(file, **changes) for file in item.attachments])


RULES = "test_the_class_keeps_the_rules"
FORM = {"test_items_are_well_formed", "test_what_is_damaged_is_unreadable_or_read_and_nothing_else"}
KEPT = "test_it_is_acknowledged_after_it_was_kept"
NOT_KEPT = "test_what_is_not_kept_is_not_acknowledged_and_it_goes_on"
ONCE = "test_a_message_is_handed_over_once_before_it_is_taken"
STOP = "test_when_the_hub_says_stop_nothing_leaves"
AWAY = "test_nobody_there_is_unreachable_and_nothing_is_handed_over"
SILENCE = "test_silence_has_no_name"

BROKEN: Mapping[type[Connector[Any]], set[str]] = {
    NameWithBlank: {RULES},
    Shrinking: {"test_settings_survive_being_stored"},
    Open: {RULES, "test_settings_refuse_unknown_fields"},
    Thawed: {RULES, "test_settings_cannot_be_changed"},
    Chatty: {"test_secrets_are_masked"},
    Plain: {"test_secrets_are_masked"},
    Overlooking: {"test_parse_reads_every_sample"},
    ReadingFiles: {"test_parse_is_pure"},
    ReadingFilesSecretly: {"test_parse_is_pure"},
    OpeningSockets: {"test_parse_is_pure"},
    LookingAtTheClock: {"test_parse_is_pure"},
    LookingAtTheTime: {"test_parse_is_pure"},
    Random: {"test_parse_is_repeatable"},
    Remembering: {"test_parse_is_repeatable"},
    InOrderOfArrival: {"test_parse_is_repeatable"},
    Doubling: {"test_parse_is_repeatable"},
    OneKey: {"test_keys_are_unique_in_their_group"},
    NoKey: {"test_keys_are_unique_in_their_group"},
    Nul: FORM,
    Surrogate: FORM,
    WrongType: FORM,
    WrongSize: FORM,
    WrongDigest: FORM,
    Unclean: FORM,
    Falling: {"test_what_is_damaged_is_unreadable_or_read_and_nothing_else"},
    Hasty: {KEPT, NOT_KEPT},
    Forgetting: {NOT_KEPT},
    GivingUp: {NOT_KEPT},
    Unstoppable: {"test_it_ends_when_it_is_cancelled"},
    Telling: {"test_what_came_can_be_parsed"},
    HandingOverLate: {ONCE, STOP, SILENCE},
    NeverHandingOver: {ONCE, STOP, SILENCE},
    HandingOverTwice: {ONCE, SILENCE},
    OnceForEachId: {"test_a_copy_for_somebody_else_is_sent_as_well"},
    SendingAnyway: {STOP},
    HandingOverFirst: {AWAY},
    NamelessAbsence: {AWAY},
    NoIsYes: {"test_a_no_is_a_no"},
    NowIsNever: {"test_a_no_is_a_no"},
    NamingSilence: {SILENCE},
    SilenceIsYes: {SILENCE},
}
