"""A connector that keeps every rule of being called: letters with a MAC in a header, and word that there are more.

The plugins in `broken_receivers.py` are this one with one thing wrong.
"""

import hashlib
import hmac
from collections.abc import Sequence

from hub.contract import (
    Address,
    Answer,
    AuthFailed,
    Called,
    Config,
    RawEvent,
    ReceivedMessage,
    Receives,
    Ring,
    Secret,
    WebCall,
)


class MailslotConfig(Config, frozen=True):
    """What its other side signs with."""

    key: Secret


class Mailslot(Receives[MailslotConfig]):
    """A letter is its text; empty, it says that there are more at the source."""

    kind = "mailslot"
    title = "Mailslot"
    Config = MailslotConfig

    @staticmethod
    def parse(group: Sequence[RawEvent]) -> Sequence[ReceivedMessage]:
        once = {event.key: event for event in group}
        return [read_letter(once[key]) for key in sorted(once)]

    def accept(self, call: WebCall) -> Sequence[Called]:
        self.verify(call)
        if "hello" in call.query:
            return []
        return [self.event(call)] if call.content else [Ring()]

    def verify(self, call: WebCall) -> None:
        shown = call.headers.get("signature", "").encode(
            "utf-8", "replace"
        )  # as text, a strange letter can't be compared
        if not hmac.compare_digest(signature(self.config.key, call.content).encode(), shown):
            raise AuthFailed("The signature isn't theirs.")

    def event(self, call: WebCall) -> RawEvent:
        return RawEvent(hashlib.sha256(call.content).hexdigest(), call.content, "text/plain", origin={"by": "call"})

    def answer(self, call: WebCall, references: Sequence[str]) -> Answer:
        return Answer(200, {"content-type": "text/plain"}, f"{call.query.get('hello', '')} {len(references)}".encode())


def signature(key: Secret, content: bytes) -> str:
    return hmac.new(key.reveal().encode(), content, "sha256").hexdigest()


def read_letter(event: RawEvent) -> ReceivedMessage:
    text = event.body.decode("utf-8", "replace").replace("\0", "\ufffd")
    return ReceivedMessage(key=event.key, sender=Address("", "anna@exempel.example"), text=text)
