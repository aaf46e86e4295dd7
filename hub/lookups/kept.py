"""Kept answers: what somebody was shown in a conversation is shown to them again for a while, without asking anew.

In this process's memory alone and enciphered by a key that ends with it: neither a dump nor a disk has them in clear.
"""

import secrets
from typing import TypeAlias

import msgspec

from hub import clock
from hub.lookups.question import Answered
from hub.storage.keys import Keys

FOR = 15 * clock.MINUTE
"""Then a card counts as old: it is asked again, and nobody is shown it."""
_MOST = 20_000
_PURPOSE = "kept-answer"
Place: TypeAlias = tuple[int, int, int, int]
"""Of whom (a person's id), in which conversation, of which version of a lookup, and by which confirmation of the
citizen's identity, 0: by none. Withdrawn and confirmed anew, somebody else may be meant: nothing is shown again."""


class Kept:
    """One for a process. The newest answer of each place."""

    def __init__(self) -> None:
        self._keys = Keys(secrets.token_bytes(32))
        self._answers: dict[Place, tuple[int, bytes]] = {}

    def keep(self, place: Place, answered: Answered) -> None:
        """Until it is old."""
        self._forget_old()
        cipher = self._keys.encrypt(_PURPOSE, str(place), msgspec.json.encode(answered))
        self._answers.pop(place, None)
        self._answers[place] = (clock.from_datetime(answered.asked_at), cipher)

    def forget(self, place: Place) -> None:
        """It is asked anew: whatever comes of that, this isn't shown again."""
        self._answers.pop(place, None)

    def get(self, place: Place) -> Answered | None:
        """None when there is none, or it is old."""
        at, cipher = self._answers.get(place, (0, b""))
        if clock.now() - at > FOR:
            return None
        return msgspec.json.decode(self._keys.decrypt(_PURPOSE, str(place), cipher), type=Answered)

    def _forget_old(self) -> None:
        """They stand in the order of their time."""
        edge = clock.now() - FOR
        while self._answers:
            place, (at, _) = next(iter(self._answers.items()))
            if at >= edge and len(self._answers) < _MOST:
                return
            del self._answers[place]
