"""Parameters: the kinds of input that many routes take."""

from datetime import datetime
from typing import Annotated

from litestar.params import PathParameter, QueryParameter
from msgspec import Meta

from hub import clock
from hub.errors import Invalid
from hub.storage.keyset import MOST

HIGHEST_ID = 2**63 - 1

ID = "^[1-9][0-9]{0,18}$"
PathId = Annotated[int, PathParameter(ge=1, le=HIGHEST_ID)]
QueryId = Annotated[int | None, QueryParameter(ge=1, le=HIGHEST_ID)]
Limit = Annotated[int, QueryParameter(ge=1, le=MOST, description="Items of a page.")]
After = Annotated[
    str | None, QueryParameter(max_length=100, description="The `next` of the page before; without it: the first page.")
]
InQueue = Annotated[str | None, QueryParameter(name="queue", pattern=ID, description="One queue alone.")]
IdText = Annotated[str, Meta(pattern=ID, description="An id: 63 bits, written as text.")]
Said = Annotated[str, Meta(min_length=1, max_length=100_000, pattern=r"^[^\x00]*$")]
"""Text of a person's. Without NUL, which PostgreSQL can't store."""
Reason = Annotated[str, Meta(min_length=3, max_length=500, pattern=r"^[^\x00]*$")]


def id_of(field: str, text: str) -> int:
    """Raises Invalid for digits that are no id."""
    found = int(text)
    if found > HIGHEST_ID:
        raise Invalid(field, "this is no id")
    return found


def instant_of(field: str, at: datetime) -> int:
    """Microseconds UTC. Raises Invalid for a time that no calendar goes to."""
    try:
        return clock.from_datetime(at)
    except (OverflowError, ValueError) as error:
        raise Invalid(field, "this time can't be used") from error
