"""F28: throttled, forgotten, renamed, cut short, doubled, revoked: nothing is lost, nothing comes twice."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from connectors.graph_mail import GraphMail
from hub.contract import AuthFailed, Misconfigured, Unreachable
from tests.connectors.graph_mail.opened import Hub, fetch, run
from tests.stand_ins.graph import Graph
from tests.stand_ins.graph.mailbox import mail

pytest.importorskip("msgraph", reason="torg[msgraph] isn't installed")


@pytest.fixture
def graph() -> Iterator[Graph]:
    with Graph() as graph:
        yield graph


def bodies(graph: Graph, folder: str = "inbox") -> set[bytes]:
    return {each.mime for each in graph.mailbox.within(folder)}


def test_a_mail_comes_byte_for_byte_by_an_id_that_stays(graph: Graph) -> None:
    hub = Hub(graph)
    key = graph.post("inbox", mail(1))
    (event,) = fetch(hub)
    assert (event.key, event.body, event.media_type) == (key, mail(1), "message/rfc822")
    assert event.origin == {"to": "kontakt@granvik.example", "route": "granvik/1", "folder": "inbox"}
    assert all('IdType="ImmutableId"' in each.headers["prefer"] for each in graph.asked("GET", "/messages"))
    assert fetch(hub) == []


def test_many_come_page_by_page_each_once(graph: Graph) -> None:
    hub = Hub(graph)
    for number in range(90):
        graph.post("inbox", mail(number), ago=90 - number)
    graph.page_size = 20
    graph.misbehave("double", path="delta", times=2)
    graph.misbehave("backwards", path="delta", times=2)
    assert len(fetch(hub)) == 90
    assert {event.body for event in hub.kept.values()} == bodies(graph)
    assert hub.doubled == []


def test_a_page_is_not_skipped_when_the_batch_that_listed_it_was_lost(graph: Graph) -> None:
    hub = Hub(graph)
    for number in range(60):
        graph.post("inbox", mail(number))
    graph.page_size = 25

    async def story(connector: GraphMail) -> None:
        first = await connector.pull(None)
        await connector.pull(first.cursor)  # and the process is killed before this commit
        hub.cursor = first.cursor
        hub.kept |= {event.key: event for event in first.events}

    run(hub, story)
    fetch(hub)
    assert {event.body for event in hub.kept.values()} == bodies(graph)


def test_what_people_do_in_the_mailbox_changes_nothing(graph: Graph) -> None:
    hub = Hub(graph)
    read, moved, gone = (graph.mailbox.messages[graph.post("inbox", mail(each))] for each in range(3))
    fetch(hub)
    graph.mailbox.changed(read)
    graph.mailbox.move(moved, "archive")
    graph.mailbox.move(moved, "inbox")
    graph.mailbox.remove(gone)
    asked = len(graph.ledger)
    assert fetch(hub) == []
    assert not [each for each in graph.ledger[asked:] if each.path.endswith("$value")], "what is known isn't fetched"


def test_a_mail_that_goes_between_its_listing_and_its_fetching_is_counted(graph: Graph) -> None:
    hub = Hub(graph)
    graph.post("inbox", mail(1))
    graph.misbehave("status", path="$value", status=404, code="ErrorItemNotFound")
    graph.post("inbox", mail(2))
    assert len(fetch(hub)) == 1
    assert hub.vanished == 1


@pytest.mark.parametrize(("status", "code"), [(429, "ApplicationThrottled"), (503, "ServiceNotAvailable")])
def test_throttling_says_how_long_to_stay_away_and_nothing_is_tried_meanwhile(
    graph: Graph, status: int, code: str
) -> None:
    hub = Hub(graph)
    graph.post("inbox", mail(1))
    graph.misbehave("status", path="delta", status=status, code=code, retry_after="2.128")
    with pytest.raises(Unreachable, match=code) as error:
        fetch(hub)
    assert error.value.wait == 2.128
    assert len(graph.asked("GET", "delta")) == 0, "the ledger has what was answered as it should be"
    assert len(fetch(hub)) == 1


@pytest.mark.parametrize("midway", [False, True])
def test_a_forgotten_link_lists_all_anew_and_fetches_only_what_is_missing(graph: Graph, midway: bool) -> None:
    hub = Hub(graph)
    for number in range(30):
        graph.post("inbox", mail(number % 10))  # three of each: equal mails are three mails
    graph.page_size = 12
    if midway:

        async def one(connector: GraphMail) -> None:
            batch = await connector.pull(None)
            hub.kept |= {event.key: event for event in batch.events}
            hub.cursor = batch.cursor

        run(hub, one)
    else:
        fetch(hub)
    graph.expire_links()
    graph.post("inbox", mail(99))
    before = len(hub.kept)
    assert len(fetch(hub)) == 31 - before
    assert len(hub.kept) == 31
    assert hub.doubled == []


def test_an_id_that_has_changed_is_gone_by_its_old_name(graph: Graph) -> None:
    hub = Hub(graph)
    key = graph.post("inbox", mail(1))
    fetch(hub)
    new = graph.mailbox.rename(graph.mailbox.messages[key])

    (event,) = fetch(hub)
    assert (event.key, event.body) == (new, mail(1))

    async def gone(connector: GraphMail) -> object:
        return await connector.gone(event, {key: {}, new: {}})

    assert run(hub, gone) == [key], "so the hub knows the new one by its bytes"


@pytest.mark.parametrize("deed", ["cut", "html"])
@pytest.mark.parametrize("path", ["delta", "$value"])
def test_an_answer_that_ends_early_is_none(graph: Graph, deed: str, path: str) -> None:
    hub = Hub(graph)
    graph.post("inbox", mail(1))
    graph.misbehave(deed, path=path)
    with pytest.raises(Unreachable):
        fetch(hub)
    assert hub.kept == {}
    assert [event.body for event in fetch(hub)] == [mail(1)]


def test_a_token_that_ends_is_fetched_anew_and_a_withdrawn_consent_stops_the_channel(graph: Graph) -> None:
    hub = Hub(graph)
    graph.post("inbox", mail(1))

    async def story(connector: GraphMail) -> None:
        await hub.catch_up(connector)
        graph.end_tokens()
        graph.post("inbox", mail(2))
        assert len(await hub.catch_up(connector)) == 1
        graph.open_mailboxes.clear()
        with pytest.raises(AuthFailed, match=r"consent was withdrawn.*torg channel resume"):
            await hub.catch_up(connector)

    run(hub, story)
    graph.open_mailboxes.add("kontakt@granvik.example")
    graph.post("inbox", mail(3))
    assert len(fetch(hub)) == 1, "mail has waited at the source"


def test_from_now_on_and_since_a_day_leave_older_ones_where_they_are(graph: Graph) -> None:
    graph.post("inbox", mail(1), ago=3 * 86_400)
    graph.post("inbox", mail(2), ago=3600)
    now, day = Hub(graph, begin="now"), Hub(graph, begin=datetime.now(UTC).date().replace(day=1).isoformat())
    assert fetch(now) == []
    fetch(day)
    graph.post("inbox", mail(3), ago=-2)
    assert [event.body for event in fetch(now)] == [mail(3)]

    async def tally(connector: GraphMail) -> object:
        (counted,) = await connector.tally(now.cursor)
        return counted.at_source, len(counted.keys), counted.waiting, counted.left_out

    assert run(now, tally) == (3, 1, 0, 2)


def test_another_mailbox_begins_at_its_own_beginning(graph: Graph) -> None:
    hub = Hub(graph)
    graph.post("inbox", mail(1))
    fetch(hub)
    other = Hub(graph, mailbox="info@granvik.example")
    other.cursor = hub.cursor
    graph.known_mailboxes.add("info@granvik.example")
    graph.open_mailboxes.add("info@granvik.example")
    assert len(fetch(other)) == 1, "the stand-in has one mailbox, by whatever name: listed from its beginning"
    assert "info@" in graph.asked("GET", "delta")[-1].path


def test_the_count_names_what_should_be_here(graph: Graph) -> None:
    hub = Hub(graph)
    lost = graph.post("inbox", mail(1), ago=600)
    graph.post("inbox", mail(2), ago=600)
    fetch(hub)
    graph.post("inbox", mail(3))
    hub.kept.pop(lost)

    async def tally(connector: GraphMail) -> object:
        (counted,) = await connector.tally(hub.cursor)
        return counted.at_source, len(counted.keys), counted.waiting, lost in counted.keys

    assert run(hub, tally) == (3, 2, 1, True)


def test_a_mail_over_the_limit_is_its_headers_and_its_size(graph: Graph) -> None:
    hub = Hub(graph, size_limit=65_536)
    graph.post("inbox", mail(1), size=70_000)
    graph.post("inbox", mail(2))
    large, small = sorted(fetch(hub), key=lambda event: event.whole_size is None)
    assert large.whole_size == 70_000
    assert b"Subject: Fr\xc3\xa5ga 1\r\n" in large.body
    assert b"plogas" not in large.body
    (item,) = GraphMail.parse([large])
    assert (item.subject, item.sender.address) == ("Fråga 1", "anna@exempel.example")
    assert small.whole_size is None


def test_folders_by_name_each_at_its_own_place(graph: Graph) -> None:
    below = graph.mailbox.make_folder("Fakturor, Anna's", graph.mailbox.make_folder("Inkorg"))
    hub = Hub(graph, folders=["inbox", "Inkorg/Fakturor, Anna's"])
    for number in range(3):
        graph.post("inbox", mail(number))
        graph.post(below, mail(10 + number))
    assert len(fetch(hub)) == 6
    assert {event.origin["folder"] for event in hub.kept.values()} == {"inbox", "Inkorg/Fakturor, Anna's"}
    with pytest.raises(Misconfigured, match="no folder Inkorg/Nej"):
        fetch(Hub(graph, folders=["Inkorg/Nej"]))


@pytest.mark.parametrize("after", ["leave", "category", "move"])
def test_after_the_commit_it_is_left_marked_or_moved_however_often_it_is_told(graph: Graph, after: str) -> None:
    done = graph.mailbox.make_folder("Klart")
    hub = Hub(graph, after=after, **({"move_to": "Klart"} if after == "move" else {}))
    key = graph.post("inbox", mail(1))
    graph.mailbox.messages[key].categories.append("Brådskande")
    gone = graph.post("inbox", mail(2))

    async def story(connector: GraphMail) -> None:
        await hub.catch_up(connector)
        graph.mailbox.remove(graph.mailbox.messages[gone])
        await connector.committed([key, gone])

    run(hub, story)
    message = graph.mailbox.messages[key]
    assert message.categories == (["Brådskande", "Torg"] if after == "category" else ["Brådskande"])
    assert message.folder == (done if after == "move" else "inbox")
    assert fetch(hub) == []
    assert hub.doubled == []


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_all_is_here_once(graph: Graph, seed: int) -> None:
    """Killed between any two steps, throttled, forgotten, cut: the ledgers agree in the end."""
    chance, hub, arrived = random.Random(seed), Hub(graph), list[bytes]()  # noqa: S311 - a test's
    graph.page_size = 7
    for number in range(60):
        body = mail(number % 20)  # some are equal
        graph.post("inbox", body)
        arrived.append(body)
        if chance.random() < 0.3:
            graph.expire_links()
        if chance.random() < 0.4:
            graph.misbehave(chance.choice(["cut", "status", "html"]), path=chance.choice(["delta", "$value"]))

        async def story(connector: GraphMail) -> None:
            batch = await connector.pull(hub.cursor)
            if chance.random() < 0.8:  # else killed before the commit
                hub.doubled += [event.key for event in batch.events if event.key in hub.kept]
                hub.kept |= {event.key: event for event in batch.events}
                hub.cursor = batch.cursor

        if chance.random() < 0.5:
            try:
                run(hub, story)
            except Unreachable:
                continue
    for _ in range(100):
        try:
            fetch(hub)
            break
        except Unreachable:
            continue
    assert sorted(event.body for event in hub.kept.values()) == sorted(arrived)
    assert hub.doubled == []
