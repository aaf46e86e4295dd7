"""Why a call ended: Q.850 codes and the dial status of Asterisk, on the left, and our words."""

from collections.abc import Sequence

from hub.contract import Cause

CODES: dict[int, Cause] = {
    **dict.fromkeys((1, 2, 3, 22, 28), "not-found"),
    17: "busy",
    **dict.fromkeys((18, 19), "no-answer"),
    **dict.fromkeys((21, 55, 57, 87), "rejected"),
    **dict.fromkeys((34, 42, 44, 47), "congestion"),
    **dict.fromkeys(
        (20, 27, 29, 38, 41, 50, 58, 63, 65, 66, 69, 79, 88, 95, 96, 97, 98, 99, 100, 101, 102, 111), "failed"
    ),
}
"""0, 16, 26, 31, 127 and others say only that it ended."""
STATUS: dict[str, Cause] = {
    "BUSY": "busy",
    "NOANSWER": "no-answer",
    "CANCEL": "no-answer",
    "CONGESTION": "congestion",
    "CHANUNAVAIL": "failed",
    "INVALIDARGS": "failed",
    "DONTCALL": "rejected",
    "TORTURE": "rejected",
}
_RANG: Cause = "no-answer"
_VAGUE = frozenset({"", "BUSY", "CHANUNAVAIL", "CONGESTION", "NOANSWER"})
"""What it says of any code that it has no word for, a refusal (21) or a number that isn't (1): the code tells."""


def of_lost(code: int | None, dials: Sequence[tuple[str, int | None]], *, gave_up: bool) -> Cause:
    """Of a call that nobody answered. `code`: its own; `dials`: status and code of everyone who was rung.

    The caller's own code is what the exchange made of all that, unless the caller gave up first.
    """
    if gave_up:
        return _RANG
    own = CODES.get(code) if code is not None else None
    told = {cause for status, its in dials if (cause := _of_dial(status, its)) is not None}
    if own is not None and not (own == "failed" and told):
        return own
    if not told or _RANG in told:
        return _RANG
    first: tuple[Cause, ...] = ("busy", "rejected", "congestion", "not-found", "failed")
    return next(cause for cause in first if cause in told)


def _of_dial(status: str, code: int | None) -> Cause | None:
    by_code = CODES.get(code) if code is not None else None
    if status in _VAGUE and by_code is not None:
        return by_code
    return STATUS.get(status)
