"""Call: what its steps add up to. They come late, doubled, out of order or never; the sum is the same in any order."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import ColumnElement, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub import clock
from hub.contract import CallStep
from hub.storage.base import MunicipalityRow, own, partial_index, same_municipality
from hub.storage.types import Json

State: TypeAlias = Literal["offered", "queued", "ringing", "answered", "ended"]
GIVEN_UP = "hub"
"""The source of an end that nobody told; it counts until somebody tells of the call again."""
PART = "part"
"""The source of the end of what seemed a call of its own and is part of another: whom one asks before handing on."""
OWES_NOTHING = ("forwarded", "blocked")
"""Why a call ended that nobody answered and nobody lost: it went on to somebody else, or wasn't let through."""
Stage: TypeAlias = Literal["menu", "queue", "ringing"]
_ORDER = ("offered", "menu", "queued", "ringing", "answered", "transferred", "abandoned", "ended", "callback_requested")
"""In which steps of one moment happened."""


class Call(MunicipalityRow):
    """What only a call has: a cache of `steps`, except for what people say of it.

    `number` is E.164 and a hint, never an identity; None: withheld, or not a number. `answered_by_id`: which of ours
    that was, where it is known. `staff`: from a number of the municipality's own, counted apart. `steps`: as told, by
    the source that told each; `seen`: how many raw events they were made of, by source, for what was made of fewer
    changes nothing. `registered_at`: when somebody said what it was about. `called_back_at`: when the caller of a lost
    one was reached, or got through. `queue_id`: of ours that it came to, wherever its conversation has gone since;
    `rings_at`: ids of those at whose telephones it rings now, as far as it is known whose they are.
    """

    __tablename__ = "call"
    __table_args__ = (
        own(),
        same_municipality("entry_id", "entry"),
        UniqueConstraint("municipality_id", "entry_id"),
        Index("ix_call_number", "municipality_id", "number", "offered_at"),
        Index("ix_call_offered", "municipality_id", "offered_at", "queue_id"),
        partial_index("ix_call_live", "municipality_id", "offered_at", where="ended_at IS NULL"),
    )
    entry_id: Mapped[int]
    state: Mapped[str]
    direction: Mapped[str] = mapped_column(default="in")
    number: Mapped[str | None]
    called: Mapped[str | None]
    queue_id: Mapped[int | None]
    queue_name: Mapped[str | None]
    menu_path: Mapped[list[str]] = mapped_column(Json)
    answered_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    answered_by: Mapped[str | None]
    rings_at: Mapped[list[int] | None] = mapped_column(Json)
    offered_at: Mapped[int | None]
    answered_at: Mapped[int | None]
    ended_at: Mapped[int | None]
    cause: Mapped[str | None]
    lost_in: Mapped[str | None]
    wait_seconds: Mapped[int | None]
    talk_seconds: Mapped[int | None]
    transfers: Mapped[list[Any]] = mapped_column(Json)
    staff: Mapped[bool] = mapped_column(default=False)
    callback_asked_at: Mapped[int | None]
    steps: Mapped[dict[str, Any]] = mapped_column(Json)
    seen: Mapped[dict[str, int]] = mapped_column(Json)
    registered_at: Mapped[int | None]
    called_back_at: Mapped[int | None]


class Transfer(Struct, frozen=True):
    """Where a call was handed on to. `by` and `to` as the exchange knows them; `answered_by`: who took it there."""

    at: int
    by: str | None
    to: str | None
    answered_by: str | None


class Told(Struct, frozen=True, kw_only=True):
    """What steps add up to. Numbers as the exchange wrote them; times in microseconds UTC."""

    call: str
    state: State
    direction: Literal["in", "out"]
    caller: str | None
    called: str | None
    queue: str | None
    menu_path: Sequence[str]
    answered_by: str | None
    answered_name: str | None
    offered_at: int
    answered_at: int | None
    ended_at: int | None
    cause: str | None
    lost_in: Stage | None
    """Of a lost call: where the caller was when it was lost."""
    wait_seconds: int | None
    talk_seconds: int | None
    transfers: Sequence[Transfer]
    callback_asked_at: int | None
    placed_by: str | None = None
    """Of an outgoing call: who of ours called, where the exchange says more than the number."""
    rings: Sequence[str] = ()
    """Of an incoming call that nobody has taken yet: whom it rings at, or has."""
    route: str | None = None
    """For whom it is: what was joined or chosen last goes before what was dialled."""

    @property
    def is_lost(self) -> bool:
        """A citizen called and nobody spoke with them: somebody is to call back, unless `cause` owes nothing."""
        gone = self.ended_at is not None and not self.answered_at
        return self.direction == "in" and gone and self.cause not in OWES_NOTHING


def is_pending() -> ColumnElement[bool]:
    """A citizen's call that nobody took and nobody has called back; `Told.is_lost` and a wish to be called, of rows."""
    lost = Call.ended_at.is_not(None) & Call.cause.not_in(OWES_NOTHING)
    return (
        (Call.direction == "in")
        & Call.answered_at.is_(None)
        & (lost | Call.callback_asked_at.is_not(None))
        & Call.staff.is_(False)
        & Call.called_back_at.is_(None)
    )


def stored(steps: Iterable[CallStep]) -> list[dict[str, Any]]:
    """As `steps` has those of one source: what says nothing is left out."""
    return [
        {name: said for name, said in msgspec.to_builtins(step).items() if said is not None and said is not True}
        for step in sorted(steps, key=_place)
    ]


def total(sources: Mapping[str, Sequence[Mapping[str, Any]]]) -> Told:
    """What all sources of a call have told, as `stored` has it. Their keys are each their own."""
    steps = _by_others(sources)
    gone = msgspec.convert(sources.get(GIVEN_UP, []), list[CallStep])
    ended = any(step.kind in {"abandoned", "ended"} for step in steps)
    if gone and not ended and gone[0].at >= newest_at(sources):
        steps += gone
    found = told(steps)
    if PART in sources:  # whoever was asked answered a colleague: the citizen's call is answered once, where it is
        return replace(found, cause="forwarded", answered_at=None, talk_seconds=None, lost_in=None)
    return found


def newest_at(sources: Mapping[str, Sequence[Mapping[str, Any]]]) -> int:
    """When the last thing happened to it that was told."""
    return max((step.at for step in _by_others(sources)), default=0)


def given_up(call: str, at: int) -> CallStep:
    """The end of one of which nobody told anything after that."""
    return CallStep(key="end", call=call, kind="ended", at=at, timed=False, cause="unknown")


def ended_as_part(sources: Mapping[str, Sequence[Mapping[str, Any]]], call: str) -> list[dict[str, Any]]:
    """Of one that its source tells nothing of any more: as `steps` has it."""
    return stored([CallStep(key="end", call=call, kind="ended", at=newest_at(sources), timed=False, cause="forwarded")])


def _by_others(sources: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[CallStep]:
    told_by = {
        source: msgspec.convert(steps, list[CallStep]) for source, steps in sources.items() if source != GIVEN_UP
    }
    sure = [step.at for source, steps in told_by.items() if source != PART and not otherwise(steps) for step in steps]
    return [
        replace(step, key=f"{source} {step.key}") for source, steps in told_by.items() for step in _meant(steps, sure)
    ]


def otherwise(steps: Sequence[CallStep]) -> Sequence[CallStep]:
    """What else a source's words may mean, whose clock shows an hour twice; nothing, where they are clear."""
    if all(step.or_at is None for step in steps):
        return ()
    return [step if step.or_at is None else replace(step, at=step.or_at, or_at=step.at) for step in steps]


def _meant(steps: Sequence[CallStep], sure: Sequence[int]) -> Sequence[CallStep]:
    """Of what a source's words may mean that which is nearer to when the others say that it was."""
    other = otherwise(steps)
    if not other or not sure:
        return steps
    return min((steps, other), key=lambda each: _apart([step.at for step in each], sure))


def _apart(moments: Sequence[int], others: Sequence[int]) -> int:
    return abs(min(moments) - min(others)) + abs(max(moments) - max(others))


def columns(said: Told) -> dict[str, Any]:
    """What of a row follows from its steps alone."""
    return {
        "state": said.state,
        "direction": said.direction,
        "queue_name": said.queue,
        "menu_path": list(said.menu_path),
        "answered_by": said.answered_by or said.answered_name or (said.placed_by if said.direction == "out" else None),
        "offered_at": said.offered_at,
        "answered_at": said.answered_at,
        "ended_at": said.ended_at,
        "cause": said.cause,
        "lost_in": said.lost_in,
        "wait_seconds": said.wait_seconds,
        "talk_seconds": said.talk_seconds,
        "transfers": msgspec.to_builtins(list(said.transfers)),
        "callback_asked_at": said.callback_asked_at,
    }


def told(steps: Iterable[CallStep]) -> Told:
    """Of one call, at least one step. In any order, and each as often as it likes."""
    ordered = sorted({step.key: step for step in steps}.values(), key=_place)
    of = {kind: [step for step in ordered if step.kind == kind] for kind in _ORDER}
    offered_at = (of["offered"] or ordered)[0].at
    answer = next(iter(of["answered"]), None)
    end = of["ended"][-1] if of["ended"] else of["abandoned"][-1] if of["abandoned"] else None
    answered_at = max(answer.at, offered_at) if answer is not None else None
    ended_at = max(end.at, answered_at or offered_at) if end is not None else None
    until = answered_at or ended_at
    state = _state(of, ended_at, answered_at)
    return Told(
        call=ordered[0].call,
        state=state,
        direction=_first(ordered, "direction") or "in",
        caller=_first(ordered, "caller"),
        called=_first(ordered, "called"),
        queue=_last([step for step in of["queued"] if answer is None or step.at <= answer.at] or ordered, "queue"),
        menu_path=[step.choice for step in of["menu"] if step.choice is not None],
        answered_by=answer.agent if answer is not None else None,
        answered_name=answer.agent_name if answer is not None else None,
        offered_at=offered_at,
        answered_at=answered_at,
        ended_at=ended_at,
        cause=_cause(of, answer, end),
        lost_in=_lost_in(of) if ended_at is not None and answer is None else None,
        wait_seconds=_counted(ordered, "wait_seconds", until and (until - offered_at) // clock.SECOND),
        talk_seconds=None if answer is None else _counted(ordered, "talk_seconds", _spoken(answer, end, offered_at)),
        transfers=_transfers(of),
        callback_asked_at=of["callback_requested"][0].at if of["callback_requested"] else None,
        placed_by=_first(of["offered"], "agent"),
        rings=_rung(ordered) if state in {"offered", "queued", "ringing"} else (),
        route=_last([step for step in ordered if step.kind in {"menu", "queued"}], "route") or _first(ordered, "route"),
    )


def _spoken(answer: CallStep, end: CallStep | None, offered_at: int) -> int | None:
    """Seconds. Of steps without a time of their own it is when each was told; told together or in another order than
    they happened in, they say nothing of it. Nor does an end that nobody told."""
    if end is None or end.cause == "unknown":
        return None
    seconds = (end.at - max(answer.at, offered_at)) // clock.SECOND
    return max(0, seconds) if answer.timed and end.timed else seconds if seconds > 0 else None


def _rung(steps: Sequence[CallStep]) -> list[str]:
    return list(dict.fromkeys(step.agent for step in steps if step.agent and step.kind in {"offered", "ringing"}))


def _place(step: CallStep) -> tuple[int, int, str]:
    return step.at, _ORDER.index(step.kind), step.key


def _state(of: dict[str, list[CallStep]], ended_at: int | None, answered_at: int | None) -> State:
    if ended_at is not None:
        return "ended"
    if answered_at is not None:
        return "answered"
    return "ringing" if of["ringing"] else "queued" if of["queued"] else "offered"


def _cause(of: dict[str, list[CallStep]], answer: CallStep | None, end: CallStep | None) -> str | None:
    """An answered call is completed, whatever ended it; who gave up in a queue or menu has abandoned it."""
    if end is None:
        return None
    if end.cause == "unknown":
        return end.cause
    if answer is not None:
        return "completed"
    causes = [each.cause for each in of["ended"] if each.cause is not None]
    # Whoever isn't let through hears that it is busy, and the exchange may say that of it.
    said = "blocked" if "blocked" in causes else causes[-1] if causes else None
    if of["abandoned"] or (of["queued"] and said in {None, "completed", "no-answer"}):
        return "abandoned"
    if of["menu"] and not of["ringing"] and said in {None, "completed", "no-answer"}:
        return "abandoned"
    return "no-answer" if said in {None, "completed"} else said


def _lost_in(of: dict[str, list[CallStep]]) -> Stage:
    return "queue" if of["queued"] or of["abandoned"] else "menu" if of["menu"] and not of["ringing"] else "ringing"


def _transfers(of: dict[str, list[CallStep]]) -> list[Transfer]:
    """Who took it there: the first answer after it, by somebody else or not."""
    done = []
    for index, step in enumerate(of["transferred"]):
        following = of["transferred"][index + 1 :]
        until = following[0].at if following else None
        answers = (each for each in of["answered"] if each.at >= step.at and (until is None or each.at < until))
        taken = next((each for each in answers if each is not of["answered"][0]), None)
        done.append(Transfer(step.at, step.agent, step.target, taken.agent if taken is not None else None))
    return done


def _counted(steps: Sequence[CallStep], field: str, reckoned: int | None) -> int | None:
    """What the exchange has counted goes before what times say."""
    said = _last(steps, field)
    return reckoned if said is None else said


def _first(steps: Sequence[CallStep], field: str) -> Any:
    return next((value for step in steps if (value := getattr(step, field)) is not None), None)


def _last(steps: Sequence[CallStep], field: str) -> Any:
    return _first(steps[::-1], field)
