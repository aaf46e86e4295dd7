"""Forms: what pages send, as far as many of them send the same. What can't be used is said in words."""

import re
from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec
from litestar.datastructures import FormMultiDict
from msgspec import Meta, Struct

from hub.edge.beginning import Sender
from hub.edge.versions import etag
from hub.errors import Invalid
from inbox_ui import times
from inbox_ui.words import gettext as _

T = TypeVar("T")
Version = Annotated[str, Meta(max_length=20)]
SENDER = "^[1-9][0-9]{0,18} [1-9][0-9]{0,18}$"
"""Municipality and queue that a new message is from, in one value of a form."""
Id = Annotated[str, Meta(pattern="^[1-9][0-9]{0,18}$")]


class Decided(Struct):
    """`version`: of the conversation, as whoever decides has seen it."""

    version: Version = ""

    @property
    def if_match(self) -> str:
        """As the hub's verbs are told it."""
        return etag(self.version)


def instant(until: str, date: str) -> datetime:
    """Of a form: a time as it stands in a button, or the morning of a date. Raises Invalid."""
    try:
        found = datetime.fromisoformat(times.morning_of(date) if until == "date" else until)
    except ValueError as error:
        raise Invalid("until", "choose a day to wait until") from error
    if found.tzinfo is None:
        raise Invalid("until", "choose a day to wait until")
    return found


def text(form: FormMultiDict, name: str) -> str:
    """A text area's, with the line ends of this side. Raises Invalid when there is nothing."""
    said = str(form.get(name) or "").replace("\r\n", "\n")
    if not said.strip():
        raise Invalid("text", _("Write something first."))
    return said


def addresses(form: FormMultiDict, name: str) -> list[str]:
    """Of a line with commas or semicolons between them."""
    said = str(form.get(name) or "").replace(";", ",").split(",")
    return [each.strip() for each in said if each.strip()]


def sender_of(said: str) -> Sender:
    """Of SENDER. Raises Invalid."""
    municipality, _sign, queue = said.partition(" ")
    if not re.fullmatch(SENDER, said):
        raise Invalid("from", _("Choose whom the message is from."))
    return Sender(municipality, queue)


def usable(said: dict[str, Any], kind: type[T]) -> T:
    """Raises Invalid, naming the field, for what the hub doesn't take."""
    try:
        return msgspec.convert(said, kind)
    except msgspec.ValidationError as error:
        raise Invalid("", _("That can't be used as it is: %(why)s") % {"why": str(error)}) from error
