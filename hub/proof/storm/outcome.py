"""The outcome by ledgers: what was sent against what is there, and what was answered against what left."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

from msgspec import Struct
from sqlalchemy import select

from hub.inbox.call import Call
from hub.inbox.entry import Entry
from hub.proof import ledgers
from hub.proof.installation import Installation
from hub.storage.unit import Unit

_THEIRS, _OURS = re.compile(r"q[0-9a-f]{6}x\d{6}"), re.compile(r"Svar (a\d{3}x\d{5})\.")
_SAMPLE = 200
"""Words that are searched for: all of them would take longer than the storm."""


class Outcome(Struct):
    """`entries`: of each word of a citizen's, the entry that it stands in. The rest in words."""

    entries: Mapping[str, int]
    lost: list[str]
    doubled: list[str]
    other: list[str]
    figures: dict[str, object]


def compare(
    installation: Installation, lines: Sequence[dict[str, Any]], waited: Set[str], copies: Counter[str]
) -> Outcome:
    """`lines`: the load's book. `waited`: words of the mails of the mailbox; `copies`: what the mail server took."""
    sent = {line["word"]: line["kind"] for line in lines if line["does"] == "sent"}
    there = installation.read(_words)
    theirs, ours = there["citizen"], there["person"]
    found = Outcome({word: ids[0] for word, ids in theirs.items()}, [], [], [], {})
    for word in (*sent, *waited):
        _once(found, f"{sent.get(word, 'waiting mail')} {word}", len(theirs.get(word, ())))
    found.other += [f"{word} came from nowhere" for word in theirs.keys() - sent.keys() - waited]
    found.other += [f"entry {each} has no word" for each in there["none"].get("", ())]
    calls = installation.read(_calls)
    for word in (word for word, kind in sent.items() if kind == "call"):
        if calls.get(theirs.get(word, [0])[0]) != "ended":
            found.lost.append(f"call {word} is {calls.get(theirs.get(word, [0])[0])}, and has ended")
    taken = copies.total()
    _answers(found, installation, lines, ours, copies)
    some = sorted(sent)[:: max(1, len(sent) // _SAMPLE)]
    hidden = [
        word for word, ids in ledgers.found_by(installation.storage, _written(some, sent)).items() if len(ids) != 1
    ]
    found.lost += [f"search doesn't find {word} once" for word in hidden]
    quarantined, waiting = ledgers.quarantined(installation.storage), ledgers.waiting(installation.storage)
    found.other += [f"{quarantined} raw events are quarantined"] if quarantined else []
    found.lost += [f"{waiting} raw events were not read"] if waiting else []
    found.figures |= {
        **{f"sent: {kind}": count for kind, count in sorted(Counter(sent.values()).items())},
        "sent: waiting mail": len(waited),
        "entries of citizens": sum(map(len, theirs.values())),
        "answers by mail": sum(line["does"] == "replied" and line["taken"] for line in lines),
        "answers in chats": sum(line["does"] == "turned" and line["taken"] for line in lines),
        "copies at the mail server": taken,
    }
    return found


def _written(words: Sequence[str], sent: Mapping[str, str]) -> list[str]:
    """A call's word stands in no text."""
    return [word for word in words if sent[word] != "call"]


def _once(found: Outcome, what: str, count: int) -> None:
    if count == 0:
        found.lost.append(f"{what} isn't there")
    elif count > 1:
        found.doubled.append(f"{what} is there {count} times")


def _answers(
    found: Outcome,
    installation: Installation,
    lines: Sequence[dict[str, Any]],
    ours: Mapping[str, Sequence[int]],
    copies: Counter[str],
) -> None:
    """Each answer once in the database, each that goes by mail once at the mail server."""
    by_entry = defaultdict(list)
    for each in ledgers.sendings(installation.storage).values():
        by_entry[each.entry_id].append(each)
    for line in lines:
        if line["does"] not in {"replied", "turned"}:
            continue
        ids = ours.get(line["word"], ())
        if line["taken"] or len(ids) > 1:
            _once(found, f"answer {line['word']}", len(ids))
        if line["does"] == "turned" or not ids:
            continue
        deliveries = by_entry.pop(ids[0], [])
        states = [each.state for each in deliveries]
        left = sum(copies.pop(each.message_id, 0) for each in deliveries)
        if states != ["sent"]:
            found.lost.append(f"answer {line['word']}: {states or 'no delivery'}")
        _once(found, f"answer {line['word']} at the mail server", left)
    found.other += [f"entry {each} has a delivery, and nobody answered" for each in by_entry]
    found.other += [f"the mail server has {each}, which nobody sent" for each in copies]


def _words(unit: Unit) -> dict[str, dict[str, list[int]]]:
    """Word -> entries, of citizens, of ours; `none`: those of citizens without one."""
    found: dict[str, dict[str, list[int]]] = {"citizen": {}, "person": {}, "none": {}}
    query = select(Entry.id, Entry.kind, Entry.author_kind, Entry.item_key, Entry.text).where(
        Entry.author_kind.in_(["citizen", "person"]), Entry.kind.in_(["mail", "call", "chat"])
    )
    for row in unit.rows(query):
        for word in _in(row):
            kind = row.author_kind if word else "none"
            found[kind].setdefault(word, []).append(row.id)
    return found


def _in(row: Any) -> Iterator[str]:
    """The words of an entry; an empty one for a citizen's that has none."""
    if row.author_kind == "person":
        yield from set(_OURS.findall(row.text))
        return
    words = set(_THEIRS.findall(f"{row.item_key or ''} {row.text}"))
    yield from words or {""}


def _calls(unit: Unit) -> dict[int, str]:
    return {row.entry_id: row.state for row in unit.rows(select(Call.entry_id, Call.state))}
