"""Short text messages (SMS) between the hub and a connector: what came, what is to be sent, what became of it."""

from typing import Literal, TypeAlias

from msgspec import Struct

TextAction: TypeAlias = Literal["sent", "delivered", "failed"]


class ReceivedText(Struct, frozen=True, kw_only=True):
    """A text message from outside. Numbers are as the other side wrote them: the hub makes E.164 of them."""

    key: str
    """Stable in its group, so that a replay updates and never doubles."""
    sender: str
    """A number, or a name where the other side lets names send: those can't be answered."""
    recipient: str
    """Ours that it was sent to."""
    text: str
    sent_at: int | None = None
    """Microseconds UTC, as the other side says."""


class TextReport(Struct, frozen=True, kw_only=True):
    """What became of a text message of ours, as the other side says."""

    key: str
    outside_id: str
    """What the other side called it when it took it: `Receipt.outside_id`."""
    action: TextAction
    at: int | None = None
    """Microseconds UTC; None: it doesn't say when."""
    words: str = ""


class OutgoingText(Struct, frozen=True, kw_only=True):
    """One text message to one recipient."""

    sender: str
    """Ours that it is sent from, in E.164."""
    recipient: str
    """In E.164."""
    text: str
