"""Call rows: what sources tell of calls becomes entries, a statement a table and not one a call, as of mails.

Whatever order steps come in, however often, and by whichever process, a call is the sum of them: its entry is found by
the exchange's name for it, held until the unit ends, and summed up anew.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace
from sqlalchemy import func, select, update

from hub import clock, faults
from hub.access import duty
from hub.access.phones import Phones
from hub.clock import NEVER
from hub.inbound import matching
from hub.inbound.known_call import KnownCall, Loaded, Name, load, sum_up
from hub.inbound.raw_event import PARSER_VERSION, RawEvent
from hub.inbound.telling import Telling, once_each
from hub.inbox import callback, contact, identity
from hub.inbox.call import Call, Told
from hub.inbox.caller import Callers, Line
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.inbox.findable import found_by
from hub.inbox.participant import Participant
from hub.inbox.staff_number import Staff
from hub.storage import search_index
from hub.storage.ids import new_id
from hub.storage.unit import Happening, Unit


def take_calls(unit: Unit, group: Iterable[Telling], state: str | None = "new") -> int:
    """Sums up the calls that are told of by raw events still in `state` (None: whatever they are); returns how many."""
    found = _claim(unit, once_each(group), state)
    if not found:
        return 0
    names = {(each.exchange_id, each.name) for each in found}
    turns = [f"call {exchange_id}/{name}" for exchange_id, name in names]
    unit.take_turns([*turns, *(f"number {each}" for each in matching.numbers(found))])
    there = dict(load(unit, names))
    found = _as_meant(unit, found, there)
    calls = sum_up(unit, found, there)
    if calls:
        _Rows(unit, calls).write()
    faults.point("summed_up")
    return len(found)


def _as_meant(unit: Unit, found: Sequence[Telling], there: dict[Name, Loaded]) -> list[Telling]:
    """Under the names of the calls that they mean, which are loaded; a call told of live is called as it is there."""
    meant = matching.match(unit, found, there)
    if not meant:
        return list(found)
    loaded = load(unit, set(meant.values()))
    renamed = []
    for each in found:
        own: Name = (each.exchange_id, each.name)
        name = meant.get(own)
        if name is None or name not in loaded:
            renamed.append(each if name is None else replace(each, exchange_id=name[0], name=name[1]))
            continue
        call, entry, conversation = loaded[name]
        if each.channel_id == each.exchange_id:
            entry.channel_id, entry.item_key = own
            name = own
        there[name] = call, entry, conversation
        renamed.append(replace(each, exchange_id=name[0], name=name[1]))
    return renamed


def _claim(unit: Unit, found: Sequence[Telling], state: str | None) -> list[Telling]:
    """Those whose events nobody else has read meanwhile: the row's lock decides."""
    whose = {raw_id: each.place for each in found for raw_id in each.raw_ids}
    if state is None or not whose:
        return list(found)
    claimed = unit.changed(
        update(RawEvent)
        .where(RawEvent.id.in_(whose), RawEvent.state == state)
        .values(state="read", reason=None, parser=PARSER_VERSION, attempts=RawEvent.attempts + 1)
        .returning(RawEvent.id, RawEvent.municipality_id)
    )
    ours = {row.id: row.municipality_id for row in claimed}
    placed = [
        {"id": raw_id, "municipality_id": place.municipality_id}
        for raw_id, place in whose.items()
        if place is not None and raw_id in ours and ours[raw_id] != place.municipality_id
    ]
    unit.update_many(RawEvent, placed)
    return [each for each in found if each.raw_ids & ours.keys()]


class _Rows:
    """The rows of a group of calls: known ones are changed as they stand, new ones gathered per table."""

    def __init__(self, unit: Unit, calls: Sequence[KnownCall]) -> None:
        self._unit = unit
        municipalities = {each.place.municipality_id for each in calls}
        self._phones, self._staff = Phones(unit, municipalities), Staff(unit, municipalities)
        for each in calls:
            each.describe(self._staff)
        self._calls = sorted(calls, key=lambda each: (each.now.offered_at, each.name))
        self._lines: set[Line] = {line for each in calls for line in each.lines}
        unit.take_turns([f"number {municipality_id}/{number}" for municipality_id, number in self._lines])
        self._callers = Callers(unit, self._lines)
        self._open = dict(callback.open_lines(unit, self._lines))
        self._newest = _newest_open(unit, self._callers.known, self._calls)
        self._conversations: dict[int, Conversation] = {}
        self._new: dict[type[Any], list[Any]] = {table: [] for table in (Conversation, Participant, Entry, Call)}
        self._tokens: list[tuple[int, int, Sequence[str]]] = []
        self._recorded_at = clock.now()

    def write(self) -> None:
        """All of it; then what is owed to whom."""
        for each in self._calls:
            if each.row is None:
                self._begin(each)
            else:
                self._change(each)
        self._callers.write()
        for rows in self._new.values():
            self._unit.insert_rows(rows)
        search_index.write(self._unit, self._tokens)
        callback.reckon(self._unit, self._lines)

    def _begin(self, each: KnownCall) -> None:
        entry_id, number = new_id(), each.values["number"]
        citizen_id, point_id = self._callers.citizen(
            each.place.municipality_id,
            number,
            number or each.extension or contact.nobody("call", each.place.language),
            each.place.language,
        )
        conversation = self._joined(each, citizen_id) or self._conversation(each, citizen_id, point_id)
        is_new = conversation.last_entry_id is None
        ours = each.values["direction"] == "out"
        author_id = self._agent(each, each.now)
        self._new[Entry].append(
            Entry(
                id=entry_id,
                municipality_id=conversation.municipality_id,
                conversation_id=conversation.id,
                first_conversation_id=conversation.id,
                kind="call",
                recorded_at=self._recorded_at,
                author_kind="person" if ours else "citizen",
                author_id=author_id if ours else None,
                channel_id=each.name[0],
                item_key=each.name[1],
                visibility="public",
                language=each.place.language,
                text="",
                **each.entry_values(),
            )
        )
        self._new[Call].append(
            Call(
                id=new_id(),
                municipality_id=conversation.municipality_id,
                entry_id=entry_id,
                answered_by_id=author_id if each.now.answered_at is not None else None,
                rings_at=self._rung(each),
                **each.values,
            )
        )
        self._tokens.append((entry_id, conversation.municipality_id, self._found_by(each)))
        conversation.last_entry_id = entry_id
        if not ours:
            conversation.contact_kind = "call"
        if not is_new:
            identity.another_call(self._unit, conversation, each.now.offered_at)
        self._settle(each, conversation, begun=is_new)
        self._note("entry_added", entry_id, conversation)
        self._note("call_changed", entry_id, conversation)
        if each.line is not None and each.is_owed:
            self._open.setdefault(each.line, (conversation.id, True))

    def _joined(self, each: KnownCall, citizen_id: int) -> Conversation | None:
        """A call-back's, where it has calls only; of ours that call out also another of that citizen's."""
        conversation_id, joins = self._open.get(each.line or (0, ""), (0, False))
        if each.values["direction"] == "out":
            conversation_id = conversation_id or (self._newest.get(citizen_id, 0) if each.line is not None else 0)
        elif not joins:
            return None
        return self._hold(conversation_id) if conversation_id else None

    def _hold(self, conversation_id: int) -> Conversation | None:
        if conversation_id not in self._conversations:
            row = self._unit.lock(Conversation, conversation_id)
            if row is None or row.closed_at is not None:
                return None
            self._conversations[conversation_id] = row
        return self._conversations[conversation_id]

    def _conversation(self, each: KnownCall, citizen_id: int, point_id: int | None) -> Conversation:
        place = each.place
        row = Conversation(
            id=new_id(),
            municipality_id=place.municipality_id,
            citizen_id=citizen_id,
            queue_id=place.queue_id,
            subject=each.subject,
            language=place.language,
            opened_at=each.now.offered_at,
            due_at=NEVER,
            contact_kind="call",
            version=0,
            hold=False,
        )
        self._new[Conversation].append(row)
        self._conversations[row.id] = row
        if point_id is not None:
            self._new[Participant].append(_participant(row, point_id))
        return row

    def _change(self, each: KnownCall) -> None:
        row, entry, conversation = each.row, each.entry, each.conversation
        assert row is not None  # that is what is changed
        assert entry is not None
        assert conversation is not None
        self._conversations.setdefault(conversation.id, conversation)
        alone = self._is_alone(conversation, entry)
        if row.number is None and each.values["number"] is not None and alone:
            self._recognise(each, conversation)
        if row.number != each.values["number"]:
            search_index.replace(self._unit, entry.id, entry.municipality_id, self._found_by(each))
        for name, value in each.values.items():
            setattr(row, name, value)
        row.answered_by_id = self._agent(each, each.now) if each.now.answered_at is not None else None
        row.rings_at = self._rung(each)
        for name, value in each.entry_values().items():
            setattr(entry, name, value)
        if conversation.subject == each.was_subject:
            conversation.subject = each.subject
        if alone and each.routed and row.registered_at is None:
            conversation.queue_id = each.place.queue_id
        self._settle(each, conversation, begun=alone)
        self._note("conversation_changed", conversation.id, conversation)
        self._note("call_changed", entry.id, conversation)

    def _is_alone(self, conversation: Conversation, entry: Entry) -> bool:
        """Whether nothing but this call has happened there."""
        if conversation.last_entry_id != entry.id:
            return False
        others = select(Entry.id).where(Entry.conversation_id == conversation.id, Entry.id != entry.id)
        return self._unit.first(others) is None

    def _recognise(self, each: KnownCall, conversation: Conversation) -> None:
        """Its number became known after it: whose it may be, too."""
        number = each.values["number"]
        citizen_id, point_id = self._callers.citizen(conversation.municipality_id, number, number, each.place.language)
        self._callers.write()
        conversation.citizen_id = citizen_id
        if point_id is not None:
            self._new[Participant].append(_participant(conversation, point_id))

    def _settle(self, each: KnownCall, conversation: Conversation, *, begun: bool) -> None:
        """Whose it is, and whether anything is left to be done. `begun`: the call is all there is to it."""
        conversation.version += 1
        agent_id, before_id = self._agent(each, each.now), self._agent(each, each.was)
        first = each.now.answered_at is not None and (each.was is None or each.was.answered_at is None)
        if agent_id is not None and each.now.answered_at is not None and conversation.closed_at is None:
            takes = first and each.now.direction == "in"
            if first and each.now.ended_at is None:
                duty.talks(self._unit, agent_id)
            # A confidential one is given to whom its members give it: an exchange doesn't know who may read it.
            is_free = conversation.confidential_queue_id is None
            if is_free and (takes or conversation.assignee_id in {None, before_id}):
                conversation.assignee_id = agent_id
        if not begun or (each.row is not None and each.row.registered_at is not None):
            return
        if each.leaves_nothing:
            conversation.closed_at = conversation.closed_at or each.now.ended_at or each.now.offered_at
        elif conversation.closed_as is None and conversation.closed_at is not None:
            conversation.closed_at = None  # by the hub, before it knew more
            if each.now.answered_at is not None:
                conversation.assignee_id = agent_id

    def _agent(self, each: KnownCall, said: Told | None) -> int | None:
        """Which of ours speaks with the citizen, or spoke last."""
        if said is None:
            return None
        taken = [step.answered_by for step in said.transfers if step.answered_by]
        called_out = (said.placed_by, said.caller) if said.direction == "out" else ()
        for agent in (*reversed(taken), said.answered_by, *called_out):
            found = self._phones.person(each.place.municipality_id, agent, each.place.country)
            if found is not None:
                return found
        return None

    def _rung(self, each: KnownCall) -> list[int] | None:
        found = (self._phones.person(each.place.municipality_id, agent, each.place.country) for agent in each.now.rings)
        return sorted({person_id for person_id in found if person_id is not None}) or None

    def _found_by(self, each: KnownCall) -> list[str]:
        number = each.values["number"] or each.extension
        note = each.entry.text if each.entry is not None else ""
        name = self._callers.name(each.place.municipality_id, each.values["number"])
        return found_by("call", f"{note} {each.now.queue or ''}", each.place.language, name, number)

    def _note(self, kind: str, row_id: int, conversation: Conversation) -> None:
        self._unit.note(Happening(kind, row_id, conversation.municipality_id, conversation.id))


def _newest_open(unit: Unit, known: Mapping[Line, tuple[int, int]], calls: Iterable[KnownCall]) -> Mapping[int, int]:
    """Of the citizens that somebody of ours calls: citizen -> conversation."""
    lines = {each.line for each in calls if each.row is None and each.values["direction"] == "out" and each.line}
    citizens: Collection[int] = {known[line][0] for line in lines if line in known}
    if not citizens:
        return {}
    query = (
        select(Conversation.citizen_id, func.max(Conversation.id))
        .where(
            Conversation.municipality_id.in_({municipality_id for municipality_id, _ in lines}),
            Conversation.citizen_id.in_(citizens),
            Conversation.closed_at.is_(None),
            Conversation.confidential_queue_id.is_(None),
        )
        .group_by(Conversation.citizen_id)
    )
    return dict(unit.rows(query))


def _participant(conversation: Conversation, point_id: int) -> Participant:
    return Participant(
        id=new_id(),
        municipality_id=conversation.municipality_id,
        conversation_id=conversation.id,
        citizen_point_id=point_id,
        role="sender",
    )
