"""Receiving: the rules by which first mails are answered with a receipt, for whoever administers a municipality."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from hub.access import policy
from hub.access.audit import log_act
from hub.access.person import Actor
from hub.edge import versions
from hub.edge.versions import fingerprint
from hub.errors import Invalid, NotFound
from hub.inbox import receipt
from hub.inbox.municipality import Municipality
from hub.inbox.queries import shown_id
from hub.inbox.queue import Queue, answers_for
from hub.inbox.receipt import ReceiptRule
from hub.storage.unit import Unit

_SOME_CONVERSATION = 3_287_314_159_265_358_979
"""Whose number stands in a preview."""


class RuleLine(Struct, frozen=True):
    """`queue_id` null: the municipality's own. `words`: by language, instead of the texts of the house.

    `is_set`: there is such a rule. Without one a queue goes by the municipality's, and a municipality sends none.
    `version`: its ETag.
    """

    municipality_id: str
    queue_id: str | None
    on: bool
    unconfirmed: bool
    words: Mapping[str, str]
    is_set: bool
    version: str


class RuleSaid(Struct, frozen=True):
    """As an admin writes it."""

    on: bool
    unconfirmed: bool
    words: Mapping[str, str]


def rules(unit: Unit, actor: Actor) -> Sequence[RuleLine]:
    """Of the municipalities that this person administers."""
    own = sorted(each for each in actor.municipality_ids if policy.administers(actor, each))
    return [_line(row) for row in receipt.rules(unit, own)]


def rule_of(
    unit: Unit, actor: Actor, municipality_id: int, queue_id: int | None, *, also_retired: bool = False
) -> RuleLine:
    """One of them, whether it is set or not. Raises NotFound, Invalid.

    `also_retired`: of a queue, too, that has stopped answering for the municipality.
    """
    municipality, queue = _place(unit, actor, municipality_id, queue_id)
    if queue is not None and not also_retired and not answers_for(unit, queue, municipality):
        raise Invalid("queue", "there is no such queue")
    return _line_of(municipality_id, queue_id, receipt.rule_of(unit, municipality, queue))


def set_rule(
    unit: Unit, actor: Actor, municipality_id: int, queue_id: int | None, said: RuleSaid, if_match: str | None
) -> RuleLine:
    """From the next mail on. Raises NotFound, Invalid, VersionMissing, Stale."""
    municipality, queue = _place(unit, actor, municipality_id, queue_id)
    was = receipt.rule_of(unit, municipality, queue, hold=True)
    versions.expect(_line_of(municipality_id, queue_id, was).version, if_match)
    row = receipt.set_rule(unit, municipality, queue, is_on=said.on, unconfirmed=said.unconfirmed, words=said.words)
    _log(unit, actor, "receipt.set", row)
    return _line(row)


def drop_rule(unit: Unit, actor: Actor, municipality_id: int, queue_id: int | None, if_match: str | None) -> None:
    """A queue's: the municipality's counts there again. Raises NotFound, VersionMissing, Stale."""
    row = receipt.rule_of(unit, *_place(unit, actor, municipality_id, queue_id), hold=True)
    if row is None:
        raise NotFound("There is no such rule of receipts.")
    versions.expect(_line(row).version, if_match)
    _log(unit, actor, "receipt.drop", row)
    receipt.drop_rule(unit, row)


def preview(
    unit: Unit, actor: Actor, municipality_id: int, queue_id: int | None, language: str, text: str
) -> tuple[str, str]:
    """Subject and text of a receipt with these words, or with those of the house. Raises NotFound, Invalid."""
    municipality, _ = _place(unit, actor, municipality_id, queue_id)
    words = receipt.checked({language: text.strip()} if text.strip() else {})
    return receipt.said(words, language, _SOME_CONVERSATION, municipality.name)


def _place(unit: Unit, actor: Actor, municipality_id: int, queue_id: int | None) -> tuple[Municipality, Queue | None]:
    municipality = unit.get(Municipality, municipality_id)
    if municipality is None or not policy.administers(actor, municipality_id):
        raise NotFound("There is no such municipality.")
    queue = unit.get(Queue, queue_id)
    if queue_id is not None and queue is None:
        raise Invalid("queue", "there is no such queue")
    return municipality, queue


def _log(unit: Unit, actor: Actor, act: str, row: ReceiptRule) -> None:
    log_act(unit, act, actor, municipality_id=row.municipality_id, subject=("receipt_rule", row.id))


def _line(row: ReceiptRule) -> RuleLine:
    return _line_of(row.municipality_id, row.queue_id, row)


def _line_of(municipality_id: int, queue_id: int | None, row: ReceiptRule | None) -> RuleLine:
    state: tuple[bool, bool, Mapping[str, str]] = (False, False, {})
    if row is not None:
        state = (row.is_on, row.unconfirmed, row.words)
    is_set = row is not None
    return RuleLine(str(municipality_id), shown_id(queue_id), *state, is_set, fingerprint(is_set, *state))
