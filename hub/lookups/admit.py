"""Admit: may it be asked, by this person, in this conversation, about this subject; and the audit row of it.

One unit, which commits before any source hears of the question. That somebody tried in vain is written down, too.
"""

import logging
from collections.abc import Mapping, Sequence

from msgspec import Struct

from hub.access import policy
from hub.access.audit import log_act
from hub.access.person import Actor
from hub.access.reading import subject_key
from hub.contract import Bounds, Identifier, Subject
from hub.errors import Invalid, NotAllowed, TorgError
from hub.inbox.conversation import Conversation
from hub.inbox.municipality import Municipality
from hub.lookups import limits, protection
from hub.lookups.beside import Beside, beside, confirmation
from hub.lookups.cover import hidden
from hub.lookups.definition import Published, required
from hub.lookups.question import Question, asked_about, is_same, require_usable, required_purpose
from hub.lookups.sources import Sources
from hub.lookups.together import Shared
from hub.storage.unit import Unit

log = logging.getLogger(__name__)

ADDRESS_ONLY = "Address only"
ORDER: Sequence[Identifier] = ("identity", "customer", "property", "address", "invoice", "case")
"""What is asked by, best first."""


class Admitted(Struct, frozen=True):
    """What is asked, about whom. `numbers`: identity numbers of whom it is about, as far as they are known;
    `hides`: fields of its cards that this role doesn't see; `confirmation`: of the identity, by its id, where the
    question takes one; `register`: to be asked first; `about`: the audit's mark of whom; `refusal`: why it isn't asked
    at all."""

    definition: Published
    bounds: Bounds
    subject: Subject
    purpose: str
    numbers: Sequence[str] = ()
    hides: Sequence[str] = ()
    confirmation: int = 0
    register: Published | None = None
    about: str = ""
    refusal: TorgError | None = None


def admit(unit: Unit, shared: Shared, sources: Sources, actor: Actor | None, question: Question) -> Admitted:
    """Raises NotFound, NotAllowed, Invalid for what can't be asked so. A refusal that is to be kept is returned.

    `shared`: what the questions in this unit have read: conversations by id, and who is protected.
    """
    conversation = None
    if question.conversation_id is not None:
        assert actor is not None  # a conversation is somebody's work
        conversation = policy.require_work(actor, unit.get(Conversation, question.conversation_id))
    here = conversation.municipality_id if conversation else question.municipality_id
    assert here is not None  # by command it is said
    there = sources.published(unit, here)
    definition = question.draft or required(there, question.name)
    bounds = sources.bounds(definition)
    if actor is None or conversation is None:
        known = None
        admitted = _by_command(definition, bounds, question)
        whose = unit.get(Municipality, here)
        country = whose.country if whose else ""
    else:
        known = _beside(unit, shared, conversation)
        admitted = _in_conversation(actor, known, definition, bounds, question)
        country = known.country
    _require_usable(admitted, country)
    register = next((each for each in there.values() if each.declared.register), None)
    return _noted(unit, shared, actor, known, question, admitted, register)


def may_be_told(unit: Unit, actor: Actor | None, question: Question, admitted: Admitted) -> TorgError | None:
    """Why the answer isn't to be shown after all: what let the question be asked may be over. None: it may be."""
    if actor is None or question.conversation_id is None:
        return None
    try:
        conversation = policy.require_work(actor, unit.get(Conversation, question.conversation_id))
    except TorgError as error:
        return error
    if not admitted.bounds.says_whom or confirmation(unit, conversation) == admitted.confirmation:
        return None
    return NotAllowed("The identity was withdrawn or confirmed anew while this was asked: ask again.")


def _beside(unit: Unit, shared: Shared, conversation: Conversation) -> Beside:
    if conversation.id not in shared:
        shared[conversation.id] = beside(unit, conversation)
    known: Beside = shared[conversation.id]
    return known


def _by_command(definition: Published, bounds: Bounds, question: Question) -> Admitted:
    if question.by is None:
        raise Invalid("by", f"say what it is asked by: {', '.join(sorted(bounds.answers))}")
    subject = Subject(question.by, question.value)
    numbers = [question.value] if question.by == "identity" else []
    return Admitted(definition, bounds, subject, required_purpose(question.purpose), numbers)


def _in_conversation(
    actor: Actor, known: Beside, definition: Published, bounds: Bounds, question: Question
) -> Admitted:
    declared, conversation = definition.declared, known.conversation
    if declared.register or not policy.may_ask(actor, declared.roles, conversation):
        raise NotAllowed("To ask this takes the role {roles}.", roles=" or ".join(declared.roles))
    if bounds.says_whom and not known.is_confirmed:
        raise NotAllowed("Confirm the citizen's identity first: what this tells is somebody's own.")
    subject = _subject(known.known, bounds, question)
    own = known.known.get("identity")
    if subject.by == "identity" and own and not is_same("identity", subject.value, own):
        raise Invalid("value", "that is another number than this citizen's: it isn't asked by")
    usual = known.allowing(declared.name) if bounds.says_whom else ADDRESS_ONLY
    wording = declared.purpose.replace("{topic}", usual) if usual and usual != ADDRESS_ONLY else ""
    purpose = required_purpose(question.purpose) if question.purpose.strip() or not usual else wording or usual
    numbers = [own] if own else [subject.value] if subject.by == "identity" else []
    hides = hidden(actor, declared, conversation)
    held = known.confirmation if bounds.says_whom else None
    return Admitted(definition, bounds, subject, purpose, numbers, hides, held or 0)


def _subject(known: Mapping[Identifier, str], bounds: Bounds, question: Question) -> Subject:
    by = question.by or next((each for each in ORDER if each in bounds.answers and each in known), None)
    if by is None:
        raise Invalid("by", f"say what it is asked by: {', '.join(each for each in ORDER if each in bounds.answers)}")
    return Subject(by, question.value.strip() or known.get(by, ""))


def _require_usable(admitted: Admitted, country: str) -> None:
    declared, by = admitted.definition.declared, admitted.subject.by
    if by not in admitted.bounds.answers:
        known = ", ".join(sorted(admitted.bounds.answers))
        raise Invalid("by", f"{declared.name} can't be asked by {by}, only by: {known}")
    require_usable(admitted.subject, country)


def _noted(
    unit: Unit,
    shared: Shared,
    actor: Actor | None,
    known: Beside | None,
    question: Question,
    admitted: Admitted,
    register: Published | None,
) -> Admitted:
    """With its rows in the audit. The last that is done: what is raised before leaves none."""
    here = admitted.definition.municipality_id
    about = asked_about(unit, here, admitted.subject)
    if admitted.definition.declared.register:
        register = None
    of_its_own = register.declared.name if register else None
    why = limits.stopped(unit, here, actor.id if actor else None, question.conversation_id, about, of_its_own)
    if why is not None:
        log.error("lookup %s: somebody asked too much and was stopped (%s)", admitted.definition.id, why)
        note(unit, "lookup.stopped", actor, question, admitted, why)
        return _replaced(admitted, refusal=_stopped(why))
    if not admitted.bounds.says_whom:
        register = None
    else:
        flag = protection.flag(
            unit,
            here,
            known.protection if known else None,
            admitted.numbers,
            has_register=register is not None,
            shared=shared,
        )
        if flag in {"protected", "unknown"}:
            note(unit, "lookup.ask", actor, question, admitted, "protected")
            return _replaced(admitted, refusal=protected() if flag == "protected" else _unknown())
        if flag == "unread" and register is not None:
            note_register(
                unit, "lookup.ask", actor, question, admitted, register, dict.fromkeys(admitted.numbers, "asked")
            )
    note(unit, "lookup.ask", actor, question, admitted, "asked")
    return _replaced(admitted, register=register, about=subject_key(unit, *about))


def note_register(
    unit: Unit,
    act: str,
    actor: Actor | None,
    question: Question,
    admitted: Admitted,
    register: Published,
    outcomes: Mapping[str, str],
) -> None:
    """Rows of its own for what the register of protected identities is asked: whatever the question itself was asked
    by, the register is asked by identity numbers. `outcomes`: by these."""
    for number, outcome in outcomes.items():
        asked = _replaced(admitted, definition=register, subject=Subject("identity", number))
        note(unit, act, actor, question, asked, outcome)


def protected() -> NotAllowed:
    """Of the one, or of who may be one."""
    return NotAllowed(
        "Who this is about has a protected identity, or it can't be read whether: nothing is asked or shown. "
        "Answer as for protected identities: don't say whether we know of them, and hand over to whoever has the right."
    )


def _unknown() -> NotAllowed:
    return NotAllowed(
        "It isn't known whether this citizen has a protected identity, so nothing is asked. Confirm their identity "
        "with its number; if that is done, IT has yet to connect the register."
    )


def _stopped(why: limits.Stopped) -> NotAllowed:
    if why == "too many":
        return NotAllowed(
            "You have asked as much as one person may in ten minutes. It is told to those who look after the log."
        )
    return NotAllowed(
        "You have asked about more people and places than one conversation needs. It is told to those who look "
        "after the log; wait ten minutes."
    )


def note(unit: Unit, act: str, actor: Actor | None, question: Question, admitted: Admitted, outcome: str) -> None:
    """One row of the audit, about whom was asked."""
    definition = admitted.definition
    log_act(
        unit, act, actor, municipality_id=definition.municipality_id,
        subject=asked_about(unit, definition.municipality_id, admitted.subject),
        conversation_id=question.conversation_id, purpose=admitted.purpose,
        source=f"{question.source}: {definition.declared.name}", outcome=outcome,
    )  # fmt: skip


def _replaced(admitted: Admitted, **fields: object) -> Admitted:
    return Admitted(**{name: getattr(admitted, name) for name in Admitted.__struct_fields__} | fields)
