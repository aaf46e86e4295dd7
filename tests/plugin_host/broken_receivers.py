"""One deliberately broken plugin for each rule of being called: a mailslot with one thing wrong.

`BROKEN_RECEIVERS`: plugin -> the tests that it must fail, and no others.
"""

import hmac
import socket
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from msgspec.structs import replace

from hub.contract import Answer, AuthFailed, Called, RawEvent, Receives, WebCall
from tests.plugin_host.mailslot import Mailslot, signature

counted = count()


class Deaf(Mailslot):
    def accept(self, call: WebCall) -> Sequence[Called]:
        self.verify(call)
        return []


class Believing(Mailslot):
    def verify(self, call: WebCall) -> None:
        try:
            super().verify(call)
        except AuthFailed:
            return


class HalfBelieving(Mailslot):
    def verify(self, call: WebCall) -> None:
        if "signature" in call.headers:
            super().verify(call)


class Hurried(Mailslot):
    def verify(self, call: WebCall) -> None:
        if signature(self.config.key, call.content) != call.headers.get("signature", ""):
            raise AuthFailed("The signature isn't theirs.")


class Asking(Mailslot):
    def accept(self, call: WebCall) -> Sequence[Called]:
        socket.socket().close()
        return super().accept(call)


class Renaming(Mailslot):
    def event(self, call: WebCall) -> RawEvent:
        return replace(super().event(call), key=str(next(counted)))


class Nameless(Mailslot):
    def event(self, call: WebCall) -> RawEvent:
        return replace(super().event(call), key="")


class Telling(Mailslot):
    def event(self, call: WebCall) -> RawEvent:
        return replace(super().event(call), origin={"key": self.config.key.reveal()})


class Unfriendly(Mailslot):
    def answer(self, call: WebCall, references: Sequence[str]) -> Answer:
        return replace(super().answer(call, references), status=400)


class Babbling(Mailslot):
    def answer(self, call: WebCall, references: Sequence[str]) -> Answer:
        return replace(super().answer(call, references), content=self.config.key.reveal().encode())


class Stumbling(Mailslot):
    def verify(self, call: WebCall) -> None:
        if not hmac.compare_digest(signature(self.config.key, call.content), call.headers.get("signature", "")):
            raise AuthFailed("The signature isn't theirs.")


ACCEPTED = "test_a_call_of_the_other_side_is_accepted"
FORGED = "test_a_forged_call_is_refused"
ANSWERED = "test_a_call_is_answered_and_told_no_secret"
PARSED = "test_what_a_call_brings_can_be_parsed"

BROKEN_RECEIVERS: Mapping[type[Receives[Any]], set[str]] = {
    Deaf: {ACCEPTED},
    Believing: {FORGED},
    HalfBelieving: {FORGED},
    Hurried: {"test_it_is_compared_in_constant_time"},
    Asking: {"test_accepting_goes_nowhere"},
    Renaming: {"test_a_call_made_again_brings_the_same"},
    Nameless: {PARSED},
    Telling: {PARSED},
    Unfriendly: {ANSWERED},
    Babbling: {ANSWERED},
    Stumbling: {"test_what_is_damaged_is_refused_or_read_and_nothing_else"},
}
