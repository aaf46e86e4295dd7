"""Search as the desk shows it: one row a conversation, every filter, and never a trace of what may not be opened."""

from datetime import UTC, timedelta
from itertools import product

import pytest

from hub import clock
from hub.access import person
from hub.edge.searching import Answer, Chip, search_desk
from hub.errors import Invalid
from hub.inbox import queue, search_walk, topic
from hub.inbox.conversation import Conversation
from hub.inbox.matter import add as add_to
from hub.inbox.municipality import by_code
from hub.storage.ids import EPOCH, new_id
from hub.storage.scope import Scope
from hub.storage.unit import Unit
from tests.web.world import World, let_pass, must


def answer(world: World, text: str, who: str = "sara", after: str | None = None, limit: int = 50) -> Answer:
    actor = world.actor(who)
    return world.storage.read_now(Scope.of(actor), search_desk, actor, text, after, limit)


def found(world: World, text: str, who: str = "sara", limit: int = 50) -> list[int]:
    """All pages."""
    ids: list[int] = []
    after: str | None = None
    while True:
        page = answer(world, text, who, after, limit)
        ids += [int(each.line.conversation.id) for each in page.found]
        after = page.next
        if after is None:
            return ids


def put(world: World, conversation_id: int, **values: object) -> None:
    def change(unit: Unit) -> None:
        row = must(unit.get(Conversation, conversation_id))
        for name, value in values.items():
            setattr(row, name, value)

    world.do(change)


def note(world: World, conversation_id: int, text: str) -> int:
    made = world.ask("POST", f"/conversations/{conversation_id}/notes", json={"text": text})
    return int(made.json()["id"])


def matter(world: World, conversation_id: int, name: str = "fakturor") -> None:
    world.ask("POST", f"/conversations/{conversation_id}/matters", json={"topic": str(world.ids[name])})


def test_a_conversation_is_one_row_with_the_newest_of_its_entries_that_was_found(world: World) -> None:
    first = world.mail("Min avgift är fel")
    other = world.mail("En avgift till")
    entry = note(world, first, "Avgiften är rättad av ekonomi")
    page = answer(world, "avgift")
    assert [int(each.line.conversation.id) for each in page.found] == [first, other]
    hit = page.found[0]
    assert (hit.entry_id, hit.kind) == (str(entry), "note")
    assert [(each.text, each.found) for each in hit.snippet] == [("Avgiften", True), (" är rättad av ekonomi", False)]
    assert must(hit.line.newest).snippet == "Min avgift är fel"


def test_what_was_asked_is_said_again(world: World) -> None:
    page = answer(world, '"min faktura" is:open queue:kontakt queue:ingenstans foo:bar from:')
    assert page.words == "min faktura"
    assert page.quoted
    assert page.chips == [
        Chip("is", "open", True),
        Chip("queue", "kontakt", True),
        Chip("queue", "ingenstans", False),
        Chip("foo", "bar", False),
        Chip("from", "", False),
    ]


@pytest.mark.parametrize("text", ["", "  ", "from:", "is:", "***", "from:!!", "före:", '"'])
def test_nothing_asked_is_nothing_found(world: World, text: str) -> None:
    world.mail()
    assert (answer(world, text).found, answer(world, text).next) == ([], None)


@pytest.mark.parametrize(
    "piece", ["from:a ", "ord ", "queue:k ", "is:open ", 'x:"', "a@b.c from:a@b.c ", "ö" * 99, "before:1-1 "]
)
def test_however_much_is_typed_it_is_answered(world: World, piece: str) -> None:
    world.mail("ord")
    for text in (piece * 1000, piece * 20, "ord " + piece * 20):
        assert answer(world, text).next is None


def test_what_is_not_understood_is_searched_as_words(world: World) -> None:
    one = world.mail("Det gäller ombygge av vår altan")
    world.mail("Något annat om altan")
    assert found(world, "queue:ombygge altan ") == [one]
    assert found(world, "altan gäller:ombygge") == [one]
    assert found(world, "altan queue:ombyg") == [one]


def test_by_who_wrote_it(world: World) -> None:
    anna = world.mail("Hej", sender="anna.lind@post.example")
    annabel = world.mail("Hej", sender="annabel@post.example")
    note(world, annabel, "Ringde Anna")
    assert found(world, "from:anna ") == [anna]
    assert found(world, "from:anna") == [annabel, anna]
    assert found(world, "från:lind from:ANNA ") == [anna]
    assert found(world, "from:anna.lind@post.example ") == [anna]
    assert found(world, "from:anna@post.example ") == []
    assert found(world, "from:anna.lind@po") == [anna]
    assert found(world, "from:post.example ") == [annabel, anna]
    assert found(world, "hej from:anna ") == [anna]
    assert found(world, "adjö from:anna ") == []


def test_by_kind_and_files(world: World) -> None:
    plain, file = world.mail("Hej"), world.mail("Hej", attachments=[("a.pdf", "application/pdf", b"x")])
    note(world, plain, "Hej på er")
    assert found(world, "kind:note") == [plain]
    assert found(world, "typ:mejl") == [file, plain]
    assert found(world, "har:bilaga") == [file]
    assert found(world, "hej has:attachment kind:mail") == [file]
    assert found(world, "has:attachment kind:note") == []


def test_by_state_assignee_queue_topic_and_municipality(world: World) -> None:
    now = clock.now()
    ids = world.ids
    closed = world.mail("ord", closed=True)
    mine, other, waiting, late = (world.mail("ord") for _ in range(4))
    vatten, holmo = world.mail("ord", queue="vatten"), world.mail("ord", municipality="holmo")
    put(world, mine, assignee_id=ids["sara"])
    put(world, other, assignee_id=ids["vera"])
    put(world, waiting, wait_until=now + clock.DAY, due_at=now + clock.DAY)
    put(world, late, due_at=now - clock.DAY)
    matter(world, late)
    everything = [holmo, vatten, late, waiting, other, mine, closed]
    expected = {
        "is:open": everything[:-1],
        "är:stängd": [closed],
        "is:waiting": [waiting],
        "is:overdue": [late],
        "assignee:me": [mine],
        "handläggare:ingen": [holmo, vatten, late, waiting, closed],
        "assignee:vera": [other],
        "assignee:ver": [other],
        "queue:vatten": [vatten],
        f"queue:{ids['vatten']}": [vatten],
        "queue:vatten queue:kontakt": everything,
        "topic:faktur": [late],
        "ämne:fakturor is:open": [late],
        "in:holmo": [holmo],
        "to:Holmö": [holmo],
        "till:granvik is:open": [vatten, late, waiting, other, mine],
        "is:open assignee:none queue:kontakt": [holmo, late, waiting],
        "is:open is:closed": [],
        "topic:fakturor assignee:me": [],
    }
    assert {text: found(world, text) for text in expected} == expected
    assert {text: found(world, f"ord {text}") for text in expected} == expected
    assert {text: found(world, f"ord {text}", limit=2) for text in expected} == expected
    assert {text: found(world, text, limit=2) for text in expected} == expected
    assert found(world, "annat is:open") == []


def test_few_of_many_are_found_by_their_list(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_walk, "FIRST", 1)
    monkeypatch.setattr(search_walk, "LONG", 0)
    monkeypatch.setattr(search_walk, "LISTS", ((0, 2), (10, 3)))
    mine = []
    for number in range(30):
        one = world.mail("avgift" if number % 5 else "annat")
        if number in {3, 5, 21}:
            put(world, one, assignee_id=world.ids["sara"])
            mine += [one] if number % 5 else []
    assert found(world, "avgift assignee:me") == mine[::-1]
    assert found(world, "avgift assignee:me", limit=1) == mine[::-1]


def test_a_topic_finds_those_below_it_and_a_conversation_once(world: World) -> None:
    def grow(unit: Unit) -> None:
        here = by_code(unit, "granvik")
        world.ids["påminnelse"] = topic.add(unit, here, {"sv": "Påminnelse"}, world.ids["fakturor"], ["krav"]).id

    world.do(grow)
    both, below = world.mail(), world.mail()
    for each, name in ((both, "fakturor"), (both, "påminnelse"), (both, "fakturor"), (below, "påminnelse")):
        matter(world, each, name)
    assert found(world, "topic:fakturor", limit=1) == found(world, "topic:fakturor") == [below, both]
    assert found(world, "topic:krav") == [below, both]
    assert found(world, "faktura topic:påminnelse") == [below, both]


def test_by_when_it_came(world: World) -> None:
    # Ids never go back: after a test that went ahead they are still there.
    ahead = ((new_id() >> 22) + EPOCH) // 1_000 - clock.now() // clock.SECOND
    let_pass(max(ahead, 0) + 1)
    old = world.mail("ord")
    day = clock.to_datetime(clock.now()).astimezone(UTC)
    let_pass(3 * 86_400)
    new = world.mail("ord")
    then = (day + timedelta(days=2)).date().isoformat()
    for text in ("", "ord "):
        assert found(world, f"{text}after:{then}") == [new]
        assert found(world, f"{text}före:{then}") == [old]
        assert found(world, f"{text}after:{day.date() - timedelta(days=1)} before:{then}") == [old]
        assert found(world, f"{text}after:{then} before:{then}") == []
    note(world, old, "ord igen")
    assert found(world, f"ord after:{then}") == [old, new]
    assert found(world, f"after:{then}") == [new]


def test_unread_is_what_this_reader_has_not_opened_since(world: World) -> None:
    read, unread, answered = world.mail(), world.mail(), world.mail()
    world.mail(closed=True)
    let_pass(1)
    world.get(f"/conversations/{read}")
    world.ask("POST", f"/conversations/{answered}/replies", json={"text": "Svar"})
    assert found(world, "is:unread") == [unread]
    assert found(world, "faktura is:unread") == [unread]
    assert found(world, "is:unread", "reader") == [unread]


def test_a_number_alone_opens_what_may_be_opened(world: World) -> None:
    open_one, secret = world.mail(), world.mail(confidential="vatten")
    foreign = world.mail(municipality="nesoy", queue="innbygger")
    assert answer(world, f" {open_one} ").opens == str(open_one)
    assert answer(world, f"#{open_one}").opens == str(open_one)
    assert [answer(world, str(each)).opens for each in (secret, foreign, 1, 2**63)] == [None] * 4
    assert answer(world, str(secret), "vera").opens == str(secret)


FILTERS = (
    "",
    "avgift",
    "is:open",
    "avgift is:open",
    "queue:kontakt",
    "topic:fakturor",
    "from:citizen",
    "avgift in:granvik",
)


def test_what_may_not_be_opened_leaves_no_trace(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same pages, with the same cursors but for their ids, as if it weren't there."""
    monkeypatch.setattr(search_walk, "FIRST", 2)
    mine = []
    for number in range(8):
        hidden = {"municipality": "nesoy", "queue": "innbygger"} if number % 2 else {"confidential": "vatten"}
        secret = world.mail("avgift", **hidden)
        if not number % 2:
            world.do(add_matter, world, secret)
        if number % 2:
            one = world.mail("avgift")
            matter(world, one)
            mine.append(one)
    for text, limit in product(FILTERS, (1, 3, 50)):
        expected = mine[::-1] if text else []
        fitting = [expected[at : at + limit] for at in range(0, len(expected), limit)] or [[]]
        assert pages(world, text, limit) == fitting, (text, limit)


def pages(world: World, text: str, limit: int) -> list[list[int]]:
    found = []
    after: str | None = None
    while True:
        page = answer(world, text, after=after, limit=limit)
        found.append([int(each.line.conversation.id) for each in page.found])
        after = page.next
        if after is None:
            return found


def add_matter(unit: Unit, world: World, conversation_id: int) -> None:
    conversation = must(unit.get(Conversation, conversation_id))
    subject = must(unit.get(topic.Topic, world.ids["fakturor"]))
    add_to(unit, conversation, world.ids["vera"], subject)


def test_names_of_elsewhere_are_not_known(world: World) -> None:
    world.mail()
    for text in ("queue:innbygger", "topic:regninger", "to:nesoy", "assignee:nils"):
        assert [each.known for each in answer(world, text).chips] == [False], text
    assert [each.known for each in answer(world, "queue:innbygger", "nils").chips] == [True]


def test_somebody_without_conversations_of_their_own_finds_none(world: World) -> None:
    world.mail("avgift")
    for text in ("avgift", "is:open", "from:citizen", "topic:fakturor", str(world.mail())):
        page = answer(world, text, "ida")
        assert (page.found, page.next, page.opens) == ([], None, None)


@pytest.mark.parametrize("text", ["avgift ", "is:open", "from:citizen", "topic:fakturor"])
def test_pages_have_neither_gaps_nor_doubles_while_more_comes(world: World, text: str) -> None:
    there: list[int] = []
    for number in range(9):
        one = world.mail("avgift")
        matter(world, one)
        if number % 3 == 0:
            note(world, there[0] if there else one, "avgift")
        there.append(one)
    seen: list[int] = []
    after: str | None = None
    while True:
        page = answer(world, text, after=after, limit=2)
        seen += [int(each.line.conversation.id) for each in page.found]
        after = page.next
        if after is None:
            break
        later = world.mail("avgift")
        matter(world, later)
        for each in (there[2], there[-1]):
            note(world, each, "avgift, en gång till")
    assert sorted(seen) == sorted(there)


def test_a_cursor_of_another_kind_of_question_is_refused(world: World) -> None:
    for _ in range(3):
        world.mail("avgift")
    words, listed = answer(world, "avgift", limit=1).next, answer(world, "is:open", limit=1).next
    for text, after in (("is:open", words), ("avgift", listed), ("", "x"), ("avgift", "x")):
        with pytest.raises(Invalid):
            answer(world, text, after=after)


def test_what_was_taken_back_is_not_found(world: World) -> None:
    one = world.mail("Hej")
    reply = world.ask("POST", f"/conversations/{one}/replies", json={"text": "Slamtömning i maj"}).json()
    assert found(world, "slamtömning") == [one]
    world.change("DELETE", f"/conversations/{one}/replies/{reply['id']}")
    assert found(world, "slamtömning") == []


def test_many_queues_and_people_of_one_name(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than one statement has pages for."""
    monkeypatch.setattr("hub.inbox.search_list._MOST_APART", 2)

    def many(unit: Unit) -> None:
        here = by_code(unit, "granvik")
        for number in range(4):
            world.ids[f"bygg{number}"] = queue.add(unit, {"sv": f"Bygg {number}"}, [here]).id
            colleague = person.add(unit, f"bo{number}@granvik.example", f"Bo {number}")
            person.join(unit, colleague, here, "agent")
            world.ids[f"bo{number}"] = colleague.id

    world.do(many)
    ids = [world.mail("ord", queue=f"bygg{number}") for number in range(4)]
    for number, each in enumerate(ids):
        put(world, each, assignee_id=world.ids[f"bo{number}"])
    world.mail("ord")
    for text in ("queue:bygg", "assignee:bo", "ord queue:bygg", "ord assignee:bo"):
        assert found(world, text, limit=3) == ids[::-1], text
