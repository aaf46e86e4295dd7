"""Versions (RFC 9110): a change says in If-Match which state it was decided on; answers say theirs in ETag."""

import hashlib
from typing import Annotated

from litestar.params import HeaderParameter

from hub.edge.problems import Stale, VersionMissing

IfMatch = Annotated[
    str | None,
    HeaderParameter(name="If-Match", description="The ETag that was read last; without it: 428.", max_length=200),
]
ANY = "*"


def etag(version: int | str) -> str:
    """A strong validator."""
    return f'"{version}"'


def fingerprint(*state: object) -> str:
    """A version for what counts none: a hash of what may be changed in it."""
    return hashlib.sha256(repr(state).encode()).hexdigest()[:16]


def expect(version: int | str, if_match: str | None, *, any_will_do: bool = False) -> None:
    """Raises VersionMissing without the header, Stale when it names another version.

    `any_will_do`: `*` is taken, where nobody's work could be overwritten.
    """
    if not if_match:
        raise VersionMissing("Say in If-Match which version you have read: the ETag of the last answer.")
    named = {each.strip().strip('"') for each in if_match.split(",")}
    if str(version) not in named and not (any_will_do and ANY in named):
        raise Stale("Somebody changed this since you read it. Read again, then decide.")
