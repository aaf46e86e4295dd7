"""Reports: bounces and receipts of a group that are about deliveries of ours, found by Message-ID and recipient.

Such a mail joins the conversation of the delivery, whoever it says it's from: a forged one would have to know the
Message-ID. It isn't an answer, and makes nothing due unless a delivery failed by it: that comes back to somebody.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import select

from hub.contract import DeliveryReport, ReceivedMessage
from hub.inbox import reported
from hub.inbox.delivery import Delivery
from hub.inbox.entry import Entry, Mail
from hub.storage.unit import Unit

Key = tuple[int, str]
"""A raw event and the key of its item."""
_MOST = 2000
"""Deliveries of one group."""


class Arrived:
    """A mail as it came, for reports: which it is, whose, and when it came."""

    __slots__ = ("at", "key", "message", "municipality_id")

    def __init__(self, key: Key, municipality_id: int, at: int, message: ReceivedMessage) -> None:
        self.key, self.municipality_id, self.at, self.message = key, municipality_id, at, message


class Reports:
    """Those of one group. Without any, no query is made."""

    def __init__(self, unit: Unit, group: Sequence[Arrived]) -> None:
        self._unit = unit
        self._group = [each for each in group if each.message.reports]
        self._found = _deliveries(unit, self._group) if self._group else {}
        self.conversations = {each.key: ids[0] for each in self._group if (ids := self._conversations(each))}
        """Where each of them belongs."""

    def apply(self) -> set[Key]:
        """To their deliveries, once the conversations are locked; those by which a person's mail failed."""
        return {
            each.key
            for each in self._group
            for report in each.message.reports
            for delivery_id, _, answers in self._found.get((each.municipality_id, report.message_id), ())
            if self._is_failed(delivery_id, report, each.at) and answers
        }

    def _is_failed(self, delivery_id: int, report: DeliveryReport, at: int) -> bool:
        row = self._unit.lock(Delivery, delivery_id)
        return row is not None and reported.is_for(row, report) and reported.apply(self._unit, row, report, at)

    def _conversations(self, mail: Arrived) -> list[int]:
        return [
            conversation_id
            for report in mail.message.reports
            for _, conversation_id, _ in self._found.get((mail.municipality_id, report.message_id), ())
        ]


def _deliveries(unit: Unit, group: Sequence[Arrived]) -> Mapping[tuple[int, str], Sequence[tuple[int, int, bool]]]:
    """Municipality and Message-ID -> delivery, conversation, and whether a person of ours wrote it."""
    named = sorted({report.message_id for each in group for report in each.message.reports})
    rows = unit.rows(
        select(Delivery.municipality_id, Delivery.message_id, Delivery.id, Entry.conversation_id, Entry.author_kind)
        .join(Entry, (Entry.municipality_id == Delivery.municipality_id) & (Entry.id == Delivery.entry_id))
        .join(Mail, (Mail.municipality_id == Delivery.municipality_id) & (Mail.entry_id == Delivery.entry_id))
        .where(Mail.municipality_id.in_({each.municipality_id for each in group}), Mail.message_id.in_(named))
        .order_by(Delivery.id)
        .limit(_MOST)
    )
    found = defaultdict(list)
    for row in rows:
        found[row.municipality_id, row.message_id].append((row.id, row.conversation_id, row.author_kind == "person"))
    return found
