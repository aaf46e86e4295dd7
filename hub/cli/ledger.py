"""`torg ledger`: what came, what became of it and what went out, to hold against the ledgers of the other sides."""

from collections.abc import Mapping
from typing import Any

import click
from sqlalchemy import ColumnElement, String, func, or_, select, type_coerce

from hub.cli import named
from hub.cli.installation import installation
from hub.cli.output import JSON, print_json, print_table
from hub.inbound.raw_event import STATES as RAW_STATES
from hub.inbound.raw_event import RawEvent
from hub.inbox.call import Call
from hub.inbox.conversation import Conversation
from hub.inbox.delivery import STATES as DELIVERY_STATES
from hub.inbox.delivery import Delivery
from hub.inbox.entry import Entry
from hub.storage.unit import Unit


@click.command("ledger")
@click.option("--channel", "channel_id", type=int, metavar="ID", help="Only what came and went by this channel.")
@JSON
def command(channel_id: int | None, as_json: bool) -> None:
    """Count raw events, arrivals, entries, conversations and deliveries by state.

    A call that several channels told of, as an exchange's live events and its log, is counted by each of them.

    Example: torg ledger --json
    """
    with installation() as here:
        ledger = here.read(_count, channel_id)
    if as_json:
        print_json(ledger)
        return
    rows = [[name, "", ledger[name]] for name in ("arrivals", "entries", "conversations", "quarantined")]
    rows += [["raw events", state, number] for state, number in ledger["raw_events"].items()]
    rows += [["deliveries", state, number] for state, number in ledger["deliveries"].items()]
    print_table(("what", "state", "number"), rows, "")


def _count(unit: Unit, channel_id: int | None) -> dict[str, Any]:
    """One transaction: the numbers belong together."""
    raw = select(RawEvent.state, func.count(), func.sum(RawEvent.arrivals)).group_by(RawEvent.state)
    entries, conversations = select(func.count(Entry.id)), select(func.count(Conversation.id))
    deliveries = select(Delivery.state, func.count()).group_by(Delivery.state)
    if channel_id is not None:
        channel = named.channel(unit, channel_id)
        raw = raw.where(RawEvent.channel_id == channel.id)
        is_of_it = (Call.municipality_id == Entry.municipality_id) & (Call.entry_id == Entry.id)
        entries, conversations = (
            select(func.count(each)).outerjoin_from(Entry, Call, is_of_it).where(_came_by(channel.id))
            for each in (Entry.id, Entry.conversation_id.distinct())
        )
        deliveries = deliveries.where(Delivery.channel_id == channel.id)
    states = unit.rows(raw)
    raw_events = _all_states(RAW_STATES, {state: number for state, number, _ in states})
    return {
        "raw_events": raw_events,
        "arrivals": sum(int(arrivals) for _, _, arrivals in states),
        "entries": unit.first(entries) or 0,
        "conversations": unit.first(conversations) or 0,
        "quarantined": raw_events["quarantined"],
        "deliveries": _all_states(DELIVERY_STATES, dict(unit.rows(deliveries))),
    }


def _came_by(channel_id: int) -> ColumnElement[bool]:
    """A call is whoever's that told of it: `seen` is a JSON object whose keys begin with their channels' ids."""
    seen = type_coerce(Call.seen, String)
    told = or_(seen.like(f'{{"{channel_id}/%'), seen.like(f'%,"{channel_id}/%'))
    return told | ((Entry.channel_id == channel_id) & or_(Call.id.is_(None), seen == "{}"))


def _all_states(states: tuple[str, ...], found: Mapping[str, int]) -> dict[str, int]:
    return {state: found.get(state, 0) for state in states}
