"""threats.md section 4, F05 to F10: whatever the server or its people do, nothing is lost, doubled or cut short."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from connectors.imap import fetching, place
from hub.contract import AuthFailed, Misconfigured, Unreachable
from hub.proof.stand_ins.cutting_proxy import cutting
from hub.proof.stand_ins.imap_server import ALL, Conversation, ImapServer, Manners
from tests.connectors.imap.conftest import Hub, imap, letter, settings

CUTS = 15
"""Of every length in the suite; `torg prove imap` tries a thousand."""


def bodies(stand_in: ImapServer) -> list[bytes]:
    return sorted(stand_in.mailbox.brought)


def test_f05_a_renumbered_mailbox_is_fetched_anew_and_nothing_is_lost_or_doubled(stand_in: ImapServer) -> None:
    async def story() -> None:
        connector = imap(settings(stand_in.port))
        hub = Hub(connector)
        for number in (1, 2, 3, 3, 3):  # the last three: the same bytes, three times
            stand_in.mailbox.bring(letter(number))
        await hub.all()
        stand_in.mailbox.renumber()
        stand_in.mailbox.bring(letter(3))  # and once more
        stand_in.mailbox.bring(letter(4))
        assert await hub.all() == bodies(stand_in)
        assert {key.split("/")[1] for key in hub.kept} == {"2"}
        await connector.close()

    asyncio.run(story())


def test_f05_after_it_what_is_older_than_the_channel_stays_where_it_is(stand_in: ImapServer) -> None:
    async def story() -> None:
        stand_in.mailbox.bring(letter(1), at=datetime.now(UTC) - timedelta(days=9))
        connector = imap(settings(stand_in.port, start="now"))
        hub = Hub(connector)
        assert await hub.all() == []
        stand_in.mailbox.bring(letter(2), at=datetime.now(UTC) + timedelta(seconds=2))
        assert await hub.all() == [letter(2)]
        stand_in.mailbox.renumber()
        assert await hub.all() == [letter(2)]
        await connector.close()

    asyncio.run(story())


def test_f06_a_person_who_reads_moves_and_deletes_changes_nothing_but_a_count(
    stand_in: ImapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "AT_ONCE", 2)
    box = stand_in.mailbox

    async def story() -> None:
        both = {"INBOX": "kommunen@granvik.example", "Fel": "kommunen@granvik.example"}
        box.folders["Fel"] = type(box.folders["INBOX"])(validity=7)
        connector = imap(settings(stand_in.port, folders=both))
        hub = Hub(connector)
        uids = [box.bring(letter(number)) for number in range(1, 9)]
        await hub.once()
        box.mark(uids[3], "\\Seen")  # read before we come
        box.move(uids[0], "Fel")  # fetched, then moved to another folder of ours
        box.expunge(uids[1])  # fetched, then deleted
        box.expunge(uids[6])  # deleted before we come
        assert await hub.all() == sorted(set(map(letter, range(1, 9))) - {letter(7)})
        assert hub.vanished == 1
        assert [key for key in hub.kept if key.startswith("Fel/")] == ["Fel/7/1"]
        await connector.close()

    asyncio.run(story())


def test_f06_what_a_person_deletes_between_two_looks_is_counted(stand_in: ImapServer) -> None:
    """Also what the server never showed us: its number was given to a mail, and is left out now."""
    box = stand_in.mailbox

    async def story() -> None:
        connector = imap(settings(stand_in.port))
        hub = Hub(connector)
        box.bring(letter(1))
        await hub.all()
        uids = [box.bring(letter(number)) for number in (2, 3, 4)]
        box.expunge(uids[0])
        box.expunge(uids[1])
        assert await hub.all() == [letter(1), letter(4)]
        assert hub.vanished == 2
        (tally,) = await connector.tally(hub.cursor)
        assert (tally.at_source, len(tally.keys), tally.waiting, tally.left_out) == (2, 2, 0, 0)
        await connector.close()

    asyncio.run(story())


@pytest.mark.parametrize("unshown", [3, 0], ids=["few", "many"])
def test_f06_what_a_server_shows_after_later_ones_comes_all_the_same(
    stand_in: ImapServer, monkeypatch: pytest.MonkeyPatch, unshown: int
) -> None:
    """Of several machines one may lag behind. `many` aren't counted as gone: there the server leaves numbers out."""
    monkeypatch.setattr(fetching, "UNSHOWN", unshown)
    monkeypatch.setattr(fetching, "LATE_EVERY", 0)
    box = stand_in.mailbox

    async def story() -> None:
        connector = imap(settings(stand_in.port))
        hub = Hub(connector)
        box.bring(letter(1))
        await hub.all()
        hidden = {uid: box.folders["INBOX"].mails.pop(uid) for uid in [box.bring(letter(each)) for each in (2, 3)]}
        box.bring(letter(4))
        assert await hub.all() == [letter(1), letter(4)]
        assert hub.vanished == (2 if unshown else 0)
        late = min(hidden)
        box.folders["INBOX"].mails = dict(sorted({**box.folders["INBOX"].mails, late: hidden[late]}.items()))
        (tally,) = await connector.tally(hub.cursor)
        assert (tally.at_source, len(tally.keys), tally.waiting) == (3, 2, 1)  # and not: three were fetched
        assert await hub.all() == [letter(1), letter(2), letter(4)]
        (tally,) = await connector.tally(hub.cursor)
        assert (tally.at_source, len(tally.keys), tally.waiting) == (3, 3, 0)
        reached = place.read(hub.cursor, 0)
        assert reached.folders["INBOX"].late == [(max(hidden), max(hidden))]
        reached.folders["INBOX"].late_until = 0  # by now nobody waits for it any more
        hub.cursor = place.write(reached)
        await hub.all()
        assert place.read(hub.cursor, 0).folders["INBOX"].late == []
        await connector.close()

    asyncio.run(story())


def test_f07_message_ids_that_are_missing_double_or_broken_are_nobodys_key(stand_in: ImapServer) -> None:
    async def story() -> None:
        for number, message_id in enumerate(("<a@b>", "<a@b>", "", "<>", "\xff no id")):
            head = f"Message-ID: {message_id}\r\n" if message_id else ""
            stand_in.mailbox.bring(f"{head}Subject: {number}\r\n\r\nHej".encode("latin-1"))
        stand_in.mailbox.bring(letter(1))
        stand_in.mailbox.bring(letter(1))  # the same mail twice, in the same second
        hub = Hub(imap(settings(stand_in.port)))
        assert await hub.all() == bodies(stand_in)
        await hub.connector.close()

    asyncio.run(story())


def test_f08_a_line_that_is_cut_anywhere_brings_whole_mails_or_none(stand_in: ImapServer) -> None:
    for number in range(3):
        stand_in.mailbox.bring(letter(number, "Å" * 300))
    with cutting(stand_in.port) as proxy:

        async def story(cut_at: int | None) -> Sequence[bytes]:
            connector = imap(settings(proxy.port))
            proxy.cut_at = cut_at
            hub = Hub(connector)
            try:
                await hub.all(committed=False)
            except Unreachable:
                assert cut_at is not None
                assert hub.kept.keys() == set()
            proxy.cut_at = None
            found = await hub.all()
            await connector.close()
            return found

        assert asyncio.run(story(None)) == bodies(stand_in)
        whole = proxy.said
        for cut in range(1, CUTS + 1):
            assert asyncio.run(story(cut * whole // (CUTS + 1))) == bodies(stand_in)
        assert proxy.cuts == CUTS


WAITED_FOR = {"short_literal", "long_literal", "hang"}
"""Lies after which the server says nothing more, for as long as somebody waits."""


@pytest.mark.parametrize("lie", ["short_literal", "long_literal", "bye", "no", "junk", "long_line", "hang", "cut"])
def test_f09_a_lie_about_one_mail_costs_the_others_nothing(stand_in: ImapServer, lie: str) -> None:
    box = stand_in.mailbox
    for number in range(1, 6):
        box.bring(letter(number))
    stand_in.manners = Manners(lies=lambda uids: lie if 3 in uids else None)

    async def story() -> None:
        connector = imap(settings(stand_in.port, timeout=1.5 if lie in WAITED_FOR else 30))
        hub = Hub(connector)
        for _ in range(12):
            try:
                if not (await hub.once()).more:
                    break
            except Unreachable:
                pass
        others = sorted(letter(number) for number in (1, 2, 4, 5))
        assert hub.bodies in (others, bodies(stand_in))  # whole, or not at all
        if hub.bodies == others:
            assert hub.last is not None
            assert "1 mails that it doesn't give" in str(hub.last.warning)
        box.bring(letter(6))
        await hub.all()
        assert letter(6) in hub.bodies
        await connector.close()

    asyncio.run(story())


def test_f09_a_mail_that_is_withheld_is_told_of_and_comes_when_it_is_given(
    stand_in: ImapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "AGAIN", -1)
    stand_in.mailbox.bring(letter(1))
    stand_in.manners = Manners(lies=lambda _: "withholds")

    async def story() -> None:
        hub = Hub(imap(settings(stand_in.port)))
        assert "1 mails" in str((await hub.once()).warning)
        assert hub.vanished == 0
        stand_in.manners = Manners()
        assert await hub.all() == [letter(1)]
        assert hub.last is not None
        assert hub.last.warning is None
        await hub.connector.close()

    asyncio.run(story())


def test_f10_a_mail_that_is_too_large_is_a_stub_and_the_next_comes(stand_in: ImapServer) -> None:
    large = letter(1, "x" * 300_000)
    stand_in.mailbox.bring(large)
    stand_in.mailbox.bring(letter(2))

    async def story() -> None:
        hub = Hub(imap(settings(stand_in.port, size_limit=100_000)))
        await hub.all()
        stub, other = hub.kept.values()
        assert (stub.body, stub.whole_size) == (large[: fetching.STUB], len(large))
        assert (other.body, other.whole_size) == (letter(2), None)
        (message,) = hub.connector.parse([stub])
        assert message.subject == "1"
        assert any(str(len(large)) in problem for problem in message.problems)
        await hub.connector.close()

    asyncio.run(story())


@pytest.mark.parametrize(
    ("lacks", "after"),
    [
        ("", "leave"), ("", "flag"), ("", "move"),
        ("IDLE", "leave"), ("MOVE", "move"), ("UIDPLUS", "move"), ("MOVE UIDPLUS", "move"),
        (" ".join(sorted(ALL)), "leave"), (" ".join(sorted(ALL)), "flag"), (" ".join(sorted(ALL)), "move"),
    ],
)  # fmt: skip
def test_every_ability_may_be_lacking(stand_in: ImapServer, lacks: str, after: str) -> None:
    stand_in.manners = Manners(abilities=ALL - set(lacks.split()))
    box = stand_in.mailbox

    async def story() -> None:
        hub = Hub(imap(settings(stand_in.port, after=after, move_to="Klart", poll_seconds=1)))
        await hub.connector.check()
        deleted = box.bring(letter(1))
        await hub.all()
        box.mark(deleted, "\\Deleted")  # a person's own; whether it is still there depends on `after`
        box.bring(letter(2))
        await hub.connector.wait(0.05)
        await hub.all()
        keys = list(hub.kept)
        await hub.connector.committed(keys)
        await hub.connector.committed(keys)
        assert hub.bodies == bodies(stand_in)
        there = sorted(mail.body for mail in box.folders["INBOX"].mails.values())
        if after == "move":
            assert sorted(mail.body for mail in box.folders["Klart"].mails.values()) == bodies(stand_in)
            assert there == []
        else:
            assert there == bodies(stand_in)
        if after == "flag":
            assert all("$Torg" in mail.flags for mail in box.folders["INBOX"].mails.values())
        assert not any("\\Seen" in mail.flags for mail in box.folders["INBOX"].mails.values())
        await hub.connector.close()

    asyncio.run(story())


def test_what_was_committed_before_a_crash_is_marked_after_it(stand_in: ImapServer) -> None:
    async def story() -> None:
        for number in range(3):
            stand_in.mailbox.bring(letter(number))
        killed = Hub(imap(settings(stand_in.port, after="move", move_to="Klart")))
        await killed.connector.check()
        await killed.all(committed=False)
        await killed.connector.close()
        hub = Hub(imap(settings(stand_in.port, after="move", move_to="Klart")), killed.cursor)
        assert await hub.all() == []
        assert len(stand_in.mailbox.folders["Klart"].mails) == 3
        await hub.connector.close()

    asyncio.run(story())


@pytest.mark.parametrize(
    "name", [b"&AOQ-rende", "ärende".encode("latin-1"), "ärende".encode()], ids=["utf-7", "latin-1", "utf-8"]
)
@pytest.mark.parametrize("to", ["examine", "login"])
def test_what_a_server_says_keeps_its_letters(
    stand_in: ImapServer, monkeypatch: pytest.MonkeyPatch, name: bytes, to: str
) -> None:
    """In whichever of the ways that servers write å, ä and ö."""
    monkeypatch.setattr(Conversation, f"_do_{to}", lambda *_: b"NO Mappen " + name + b" finns inte")

    async def story() -> None:
        connector = imap(settings(stand_in.port))
        with pytest.raises((AuthFailed, Misconfigured), match="Mappen ärende finns inte"):
            await connector.pull(None)
        await connector.close()

    asyncio.run(story())
