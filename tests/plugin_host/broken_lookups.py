"""One deliberately broken lookup for each rule of the contract: a cashbook with one thing wrong.

`BROKEN_LOOKUPS`: lookup -> the tests that it must fail, and no others. Some break a promise that two tests look at.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, ClassVar

import msgspec
from msgspec.structs import force_setattr, replace

from hub.contract import (
    About,
    Answer,
    AnyCard,
    AuthFailed,
    Identifier,
    InvoiceCard,
    Lookup,
    Subject,
    Unreachable,
    Unreadable,
)
from tests.plugin_host.cashbook import Cashbook, CashbookConfig, Sum


class WithoutAnswers(Cashbook):
    answers: ClassVar[frozenset[Identifier]] = frozenset()


class OpenPattern(Cashbook):
    allowed_paths: ClassVar[Sequence[str]] = ("/sums", "sums/.*")


class ShrinkingConfig(CashbookConfig, frozen=True):
    def __post_init__(self) -> None:
        force_setattr(self, "retries", self.retries / 2)


class Shrinking(Cashbook):
    Config = ShrinkingConfig


class OpenConfig(CashbookConfig, frozen=True, forbid_unknown_fields=False):
    """Takes any field."""


class Open(Cashbook):
    Config = OpenConfig


class ThawedConfig(CashbookConfig, frozen=False):  # type: ignore[misc]  # that is what is wrong with it
    """Can be changed."""


class Thawed(Cashbook):
    Config = ThawedConfig


class ChattyConfig(CashbookConfig, frozen=True):
    def __repr__(self) -> str:
        return f"key={self.key.reveal()}"


class Chatty(Cashbook):
    Config = ChattyConfig


class Overlooking(Cashbook):
    async def find(self, subject: Subject) -> Sequence[AnyCard]:
        return [card for card in await super().find(subject) if isinstance(card, InvoiceCard) and (card.total or 0) > 0]


class Nul(Cashbook):
    def fields(self, read: Sum) -> dict[str, Any]:
        return super().fields(read) | {"title": read.text + "\0"}


class Floating(Cashbook):
    def fields(self, read: Sum) -> dict[str, Any]:
        return super().fields(read) | {"total": float(read.total)}


class WrongType(Cashbook):
    def fields(self, read: Sum) -> dict[str, Any]:
        return super().fields(read) | {"due": "today"}


class NoCard(Cashbook):
    async def find(self, subject: Subject) -> Sequence[Any]:
        return [msgspec.to_builtins(card) for card in await super().find(subject)] and [About(customer=subject.value)]


class Naive(Cashbook):
    def fields(self, read: Sum) -> dict[str, Any]:
        return super().fields(read) | {"as_of": self.tools.now().replace(tzinfo=None)}


class Tomorrow(Cashbook):
    def fields(self, read: Sum) -> dict[str, Any]:
        return super().fields(read) | {"as_of": self.tools.now() + timedelta(days=1)}


class Kronor(Cashbook):
    def fields(self, read: Sum) -> dict[str, Any]:
        return super().fields(read) | {"currency": "kr"}


class AboutNobody(Cashbook):
    def card(self, read: Sum, subject: Subject) -> InvoiceCard:
        return replace(super().card(read, subject), about=About(invoice=read.number))


class AboutAnother(Cashbook):
    def card(self, read: Sum, subject: Subject) -> InvoiceCard:
        return replace(super().card(read, subject), about=About(customer=read.number))


class Parrot(Cashbook):
    def card(self, read: Sum, subject: Subject) -> InvoiceCard:
        return replace(super().card(read, subject), about=About(customer=subject.value))


class Straying(Cashbook):
    async def find(self, subject: Subject) -> Sequence[AnyCard]:
        with suppress(BaseException):
            await self.tools.http.request("GET", "/sums/1")
        return await super().find(subject)


class Writing(Cashbook):
    async def find(self, subject: Subject) -> Sequence[AnyCard]:
        with suppress(BaseException):
            await self.tools.http.request("PUT", "/sums", content=b"{}")
        return await super().find(subject)


class Posting(Cashbook):
    async def find(self, subject: Subject) -> Sequence[AnyCard]:
        with suppress(BaseException):
            await self.tools.http.request("POST", "/search", headers={"SOAPAction": '"Save"'}, content=b"<a/>")
        return await super().find(subject)


class Endless(Cashbook):
    async def find(self, subject: Subject) -> Sequence[AnyCard]:
        with suppress(BaseException):
            while True:
                await self.get({"page": "1"})
        return await super().find(subject)


class AskingNobody(Cashbook):
    async def find(self, subject: Subject) -> Sequence[AnyCard]:
        return [self.card(Sum(subject.value, "1", total=msgspec.convert("1", Sum.__annotations__["total"])), subject)]


class KeyInTheAddress(Cashbook):
    async def get(self, query: Mapping[str, str]) -> Answer:
        return await super().get({**query, "key": self.config.key.reveal()})


class Falling(Cashbook):
    def read(self, answer: Answer) -> Sum:
        answer.content.index(b'"total"')
        return super().read(answer)


class Trusting(Cashbook):
    def read(self, answer: Answer) -> Sum:
        said = msgspec.convert(_loose(answer), Sum)
        return said if said.total.is_finite() else replace(said, total=said.total)


class RefusedIsAway(Cashbook):
    def complain(self, answer: Answer) -> None:
        try:
            super().complain(answer)
        except AuthFailed as error:
            raise Unreachable("Nobody is there.") from error


class AwayIsUnreadable(Cashbook):
    def complain(self, answer: Answer) -> None:
        try:
            super().complain(answer)
        except Unreachable as error:
            raise Unreadable("This can't be read.") from error


class AwayIsNothing(Cashbook):
    async def find(self, subject: Subject) -> Sequence[AnyCard]:
        with suppress(Unreachable):
            return await super().find(subject)
        return []


class Quoting(Cashbook):
    def complain(self, answer: Answer) -> None:
        try:
            super().complain(answer)
        except (AuthFailed, Unreachable, Unreadable) as error:
            raise type(error)(answer.content.decode()) from error


def _loose(answer: Answer) -> Any:
    try:
        return msgspec.json.decode(answer.content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unreadable("The answer is no JSON.") from error


RULES = "test_the_class_keeps_the_rules"
READ = "test_every_sample_is_read"
FORMED = "test_cards_are_well_formed"
DAMAGED = "test_what_is_damaged_is_unreadable_or_read_and_nothing_else"
FORM = {FORMED, DAMAGED}
ABOUT = "test_cards_say_whom_they_are_about"
REPEATS = "test_whom_they_are_about_is_what_the_source_says"
LISTED = "test_it_asks_what_it_lists_and_comes_to_an_end"
NAMES = "test_what_goes_wrong_has_its_name"

BROKEN_LOOKUPS: Mapping[type[Lookup[Any]], set[str]] = {
    WithoutAnswers: {RULES},
    OpenPattern: {RULES},
    Shrinking: {"test_settings_survive_being_stored"},
    Open: {RULES, "test_settings_refuse_unknown_fields"},
    Thawed: {RULES, "test_settings_cannot_be_changed"},
    Chatty: {"test_secrets_are_masked"},
    Overlooking: {READ},
    Nul: FORM,
    Floating: FORM,
    WrongType: FORM,
    NoCard: {*FORM, ABOUT, REPEATS},
    Naive: FORM,
    Tomorrow: FORM,
    Kronor: FORM,
    AboutNobody: {ABOUT},
    AboutAnother: {ABOUT},
    Parrot: {REPEATS},
    Straying: {LISTED},
    Writing: {LISTED},
    Posting: {LISTED},
    Endless: {LISTED},
    AskingNobody: {LISTED, REPEATS, NAMES},
    KeyInTheAddress: {"test_secrets_are_in_no_address"},
    Falling: {DAMAGED},
    Trusting: {DAMAGED},
    RefusedIsAway: {NAMES},
    AwayIsUnreadable: {NAMES},
    AwayIsNothing: {NAMES},
    Quoting: {"test_what_is_said_of_it_is_nobodys"},
}
