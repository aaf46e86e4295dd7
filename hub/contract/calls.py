"""What a telephone exchange tells of a call, step by step, and what it may be told to do."""

from typing import Literal, TypeAlias

from msgspec import Struct

StepKind: TypeAlias = Literal[
    "offered", "menu", "queued", "ringing", "answered", "transferred", "abandoned", "ended", "callback_requested"
]
Cause: TypeAlias = Literal[
    "completed",
    "busy",
    "no-answer",
    "abandoned",
    "rejected",
    "blocked",
    "forwarded",
    "congestion",
    "not-found",
    "failed",
    "unknown",
]
"""Why a call ended. completed: it was answered; abandoned: given up in a queue or menu; no-answer: it only rang;
blocked: whoever called isn't let through, so nobody calls them back, and they are counted nowhere as lost;
unknown: the hub gave it up, for its end was never told.
"""
CallVerb: TypeAlias = Literal["answer", "hold", "resume", "transfer", "hang_up"]


class CallStep(Struct, frozen=True, kw_only=True):
    """One thing that happened to a call. Steps may come late, doubled, out of order or never: the hub adds them up.

    Numbers are as the exchange wrote them: the hub makes E.164 of them, by the municipality's country.
    """

    key: str
    """Stable in its group, so that a replay updates and never doubles."""
    call: str
    """The exchange's own name for the call, unique in the channel: the same for all steps of a citizen's call."""
    kind: StepKind
    at: int
    """Microseconds UTC: when it happened; where the exchange says no time, when it was told."""
    or_at: int | None = None
    """The later or earlier moment that it may have been instead, where the source doesn't tell which: its clock shows
    an hour twice. Whatever else is told of the call decides; where nothing is, `at` counts."""
    timed: bool = True
    """Whether the exchange said when. If not, what comes first needn't have happened first."""
    direction: Literal["in", "out"] | None = None
    caller: str | None = None
    """Who calls; None where this step doesn't say it, empty when the number is withheld."""
    called: str | None = None
    """Whom they dialled."""
    queue: str | None = None
    """The exchange's name of the queue: of `queued` the one that was joined."""
    choice: str | None = None
    """Of `menu`: the digit or word that was chosen."""
    agent: str | None = None
    """Who answers or is rung: an extension, number, log-in or id, as the exchange knows them."""
    agent_name: str | None = None
    target: str | None = None
    """Of `transferred`: where to."""
    cause: Cause | None = None
    by: Literal["caller", "agent"] | None = None
    """Of `ended`: whose side hung up, where the exchange says it."""
    wait_seconds: int | None = None
    """From the offer to the answer or the end, where the exchange counts it itself. Likewise `talk_seconds`."""
    talk_seconds: int | None = None
    route: str | None = None
    """`municipality/queue id`, where the channel's settings say for whom this step is: that of the number that was
    dialled, of what was chosen, of the queue that was joined. From `origin`, for `parse` sees no settings.
    """
    linked: str | None = None
    """The exchange's name of another call that this one came from or is about."""


class CallOrder(Struct, frozen=True, kw_only=True):
    """What an agent wants done to a call. `agent`: their extension, as `CallStep.agent` has it."""

    verb: CallVerb
    call: str
    agent: str
    target: str | None = None
    """Of transfer: where to."""
