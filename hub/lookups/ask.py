"""Ask: the gate. No source is asked anything before an audit row of it has been committed, and no answer is shown that
is about somebody else.

Unit 1: may it be asked, and the row (admit.py). Then the network: the register of protected identities where there is
one, and the source. Unit 2: whom it is about, and a second row with what came. Then it is covered by role.
"""

import asyncio
import logging
import traceback
from collections.abc import Sequence

from msgspec.structs import replace

from hub import clock, faults
from hub.access.person import Actor
from hub.contract import AnyCard, DidYouMean, PluginError, Subject
from hub.contract.mapping import CardMapping
from hub.contract.mapping_check import Watch
from hub.errors import TorgError
from hub.inbox.points import masked_identity
from hub.lookups import kept, protection
from hub.lookups.admit import Admitted, admit, may_be_told, note, note_register, protected
from hub.lookups.cover import covered, worded
from hub.lookups.definition import Published
from hub.lookups.kept import Place, Whole
from hub.lookups.question import Answered, Question, State, Why, digits, is_about, is_same, plain, slow
from hub.lookups.sources import Sources
from hub.lookups.together import Shared
from hub.storage.scope import Scope
from hub.storage.unit import Unit

log = logging.getLogger(__name__)

_ANOTHERS = "The source answered about somebody else. It was thrown away, and IT is told."
_UNSAID = "The answer doesn't say whom it is about. It was thrown away, and IT is told."
_OF_ANOTHER = "That is somebody else's than the citizen's whose identity is confirmed: it isn't shown."
_FAULT = "The lookup has a fault of its own: IT finds it in the log."
_RESTS = "The source failed again and again: it is asked again within half a minute."
_NO_ANSWER: frozenset[Why | None] = frozenset({"slow", "source", "fault"})
"""So the source counts as failing."""
_MOST_NUMBERS = 3
"""Whose an answer may be at once: the register is asked about each."""


async def ask(
    sources: Sources, scope: Scope, actor: Actor | None, question: Question, watch: Watch | None = None
) -> Answered:
    """Raises NotFound, Invalid and NotAllowed before anything was asked; what the source does is an answer.

    `watch`: of a trial, is told which rows the cards were made of.
    """
    asked_at = clock.to_datetime(clock.now())
    admitted = await sources.together.write(scope, lambda unit, shared: _begin(unit, shared, sources, actor, question))
    definition = admitted.definition
    if admitted.refusal is not None:
        raise admitted.refusal
    faults.point("audit_committed")
    nothing = Answered(
        "none", definition.declared.name, definition.version, asked_at, asked_by=_masked(admitted),
        last_good_at=sources.breaker(definition).last_good_at,
    )  # fmt: skip
    outcome, read, refusal = "left", dict[str, bool | None](), None
    whole: Whole | None = None  # what was told is kept once all of it was checked, and nothing before
    try:
        if admitted.register is not None:
            read |= await _read_register(sources, admitted.register, admitted.numbers)
        if any(each is not False for each in read.values()):
            outcome = "protected"
            raise protected()
        if sources.breaker(definition).rests_until is not None:
            answer, ended = _down(nothing, "resting", _RESTS), "resting"
        else:
            answer, ended = await _find(sources, admitted, nothing, watch)
        numbers = {card.about.identity for card in answer.cards if card.about.identity}
        if _is_somebody_elses(admitted, question, numbers):
            answer, ended = _down(nothing, "of_another", _OF_ANOTHER), "of another"
        elif await _any_protected(sources, scope, actor, question, admitted, numbers, read):
            answer, ended = _down(nothing, "protected", str(protected())), "protected"
        answer = covered(answer, admitted.hides)
        whole, outcome = kept.whole(answer, admitted.about), ended
    finally:  # who asked may go away meanwhile: the source was asked all the same
        refusal = await sources.together.write(
            scope, lambda unit, _: _settle(unit, actor, question, admitted, outcome, read, whole)
        )
    if refusal is not None:
        raise refusal
    return covered(answer, (), definition.declared.until_asked)


def _begin(unit: Unit, shared: Shared, sources: Sources, actor: Actor | None, question: Question) -> Admitted:
    admitted = admit(unit, shared, sources, actor, question)
    place = _place(actor, question, admitted)
    if place is not None:
        kept.forget(unit, place)
    return admitted


def _place(actor: Actor | None, question: Question, admitted: Admitted) -> Place | None:
    """Where its answer is kept; None: nowhere."""
    if actor is None or question.conversation_id is None:
        return None
    here = admitted.definition
    return Place(here.municipality_id, question.conversation_id, actor.id, here.id, admitted.confirmation)


async def _find(sources: Sources, admitted: Admitted, nothing: Answered, watch: Watch | None) -> tuple[Answered, str]:
    """The answer, and what the audit says of it."""
    definition = admitted.definition
    breaker = sources.breaker(definition)
    try:
        answer, outcome = await _told_by(sources, admitted, nothing, watch)
        answer = worded(kept.proven(answer), next(iter(admitted.numbers), None))  # what can't be kept can't be sent
    except Exception as error:  # noqa: BLE001 - outside code: whatever it raises, this question alone has no answer
        _log_fault(definition, error)
        await sources.drop(definition)
        answer, outcome = _down(nothing, "fault", _FAULT), "fault"
    if answer.why in _NO_ANSWER:
        breaker.failed()
    else:
        breaker.worked()
    return (answer if answer.why else replace(answer, last_good_at=breaker.last_good_at)), outcome


async def _told_by(
    sources: Sources, admitted: Admitted, nothing: Answered, watch: Watch | None
) -> tuple[Answered, str]:
    """What the source says, as outside code made it. Raises whatever that raises beside what the contract knows."""
    definition, subject = admitted.definition, plain(admitted.subject)
    try:
        cards = await _cards(sources, definition, subject, watch)
    except TimeoutError:
        return _down(nothing, "slow", slow(definition.declared.seconds)), "no answer"
    except DidYouMean as error:
        return replace(nothing, state="several", suggestions=tuple(error.suggestions)), "several"
    except PluginError as error:
        return _down(nothing, "source", str(error)), type(error).__name__
    own = [card for card in cards if _is_own(admitted, subject, card)]
    if len(own) < len(cards):
        log.error("lookup %s answered about somebody else; thrown away", definition.id)
        unsaid = admitted.bounds.says_whom and not any(getattr(card.about, subject.by) for card in cards)
        return _down(nothing, "anothers", _UNSAID if unsaid else _ANOTHERS), "another's"
    return (replace(nothing, state="found", cards=tuple(own)), f"found {len(own)}") if own else (nothing, "none")


def _is_own(admitted: Admitted, subject: Subject, card: AnyCard) -> bool:
    """About whom was asked; what is said to be of addresses only tells of nobody."""
    return is_about(subject, card.about) if admitted.bounds.says_whom else not card.about.identity


async def _cards(
    sources: Sources, definition: Published, subject: Subject, watch: Watch | None = None
) -> Sequence[AnyCard]:
    async with sources.lookup(definition) as lookup, asyncio.timeout(definition.declared.seconds):
        mapping = getattr(lookup, "mapping", None)
        if watch is not None and isinstance(mapping, CardMapping):
            mapping.watch = watch
        return await lookup.find(subject)


async def _read_register(sources: Sources, register: Published, numbers: Sequence[str]) -> dict[str, bool | None]:
    """By number: whether it is protected, None where that can't be read."""
    read = await asyncio.gather(*(_told(sources, register, each) for each in numbers))
    return dict(zip(numbers, read, strict=True))


async def _told(sources: Sources, register: Published, number: str) -> bool | None:
    subject, breaker = Subject("identity", digits(number)), sources.breaker(register)
    if breaker.rests_until is not None:
        return None
    try:
        cards = await _cards(sources, register, subject)
        own = [card for card in cards if is_about(subject, card.about)]
        if not cards and register.declared.register_lists == "protected":
            told: bool | None = False
        else:
            told = protection.told(own)
        breaker.worked()
        return told
    except (TimeoutError, PluginError) as error:
        log.error(
            "the register of protected identities, lookup %s, can't be read: %s", register.id, type(error).__name__
        )
    except Exception as error:  # noqa: BLE001 - outside code: what it can't tell counts as protected
        _log_fault(register, error)
        await sources.drop(register)
    breaker.failed()
    return None


def _is_somebody_elses(admitted: Admitted, question: Question, numbers: set[str]) -> bool:
    """In a conversation, an invoice or a case of somebody else than whose identity is confirmed there."""
    if question.conversation_id is None or not admitted.numbers:
        return False
    return not all(is_same("identity", each, admitted.numbers[0]) for each in numbers)


async def _any_protected(
    sources: Sources,
    scope: Scope,
    actor: Actor | None,
    question: Question,
    admitted: Admitted,
    numbers: set[str],
    read: dict[str, bool | None],
) -> bool:
    """Of those whom the answer is about, but whom the question wasn't. What the register says joins what was read; that
    it is asked about them is in the audit first."""
    asked_about = (*admitted.numbers, *read)
    new = [each for each in numbers if not any(is_same("identity", each, known) for known in asked_about)]
    if not new:
        return False
    register = admitted.register
    if register is not None:
        if len(new) > _MOST_NUMBERS:
            return True
        asked = dict.fromkeys(new, "asked")
        await sources.together.write(
            scope, lambda unit, _: note_register(unit, "lookup.ask", actor, question, admitted, register, asked)
        )
        told = await _read_register(sources, register, new)
        read |= told
        return any(each is not False for each in told.values())
    return await sources.storage.read(scope, _is_known_protected, admitted.definition.municipality_id, new)


def _is_known_protected(unit: Unit, municipality_id: int, numbers: Sequence[str]) -> bool:
    return protection.flag(unit, municipality_id, None, numbers, has_register=False) != "open"


def _settle(
    unit: Unit,
    actor: Actor | None,
    question: Question,
    admitted: Admitted,
    outcome: str,
    read: dict[str, bool | None],
    whole: Whole | None,
) -> TorgError | None:
    """With what came in the audit, and kept for whoever asked. Why it isn't to be shown after all, if so."""
    for number, is_protected in read.items():
        protection.keep(unit, admitted.definition.municipality_id, number, is_protected)
    if admitted.register is not None:
        said = {number: "no answer" if read.get(number) is None else "found 1" for number in (*admitted.numbers, *read)}
        note_register(unit, "lookup.answer", actor, question, admitted, admitted.register, said)
    refusal = may_be_told(unit, actor, question, admitted)
    shown = refusal is None or not outcome.startswith("found")
    note(unit, "lookup.answer", actor, question, admitted, outcome if shown else "withdrawn")
    place = _place(actor, question, admitted)
    if place is not None and whole is not None and refusal is None:
        kept.keep(unit, place, whole)
    return refusal


def _masked(admitted: Admitted) -> str:
    """What was asked by, as it may stand on a screen."""
    by, value = admitted.subject.by, admitted.subject.value
    return masked_identity(digits(value)) if by == "identity" else value


def _down(nothing: Answered, why: Why, sentence: str) -> Answered:
    state: State = "down"
    return replace(nothing, state=state, why=why, sentence=sentence)


def _log_fault(definition: Published, error: Exception) -> None:
    """Not its words: they may hold what was asked by."""
    frames = [f"{each.name}, line {each.lineno}" for each in traceback.extract_tb(error.__traceback__)]
    kind = definition.declared.kind
    log.error("lookup %s of kind %s failed: %s in %s", definition.id, kind, type(error).__name__, frames[-3:])
