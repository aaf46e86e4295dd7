"""Lists, one conversation, its timeline, and who may see them."""

import asyncio
from datetime import datetime

import pytest
from sqlalchemy import select

from hub import clock
from hub.access.reading import Reading, subject_key
from hub.edge.counts import counts
from hub.edge.kept import note_change
from hub.inbox.citizen import CitizenPoint
from hub.inbox.conversation import Conversation
from hub.storage.own_rows import kept
from hub.storage.unit import Unit
from tests.web.world import World, let_pass, must

pytestmark = pytest.mark.both_engines


def test_the_list_is_ordered_by_due_time_and_pages_without_gap_or_double(world: World) -> None:
    now = clock.now()
    ids = [
        world.mail(municipality=("granvik", "holmo")[i % 2], due_at=now + (i * 7 % 12) * clock.MINUTE)
        for i in range(25)
    ]
    seen: list[str] = []
    after: dict[str, str] = {}
    for _ in range(10):
        page = world.get("/conversations", params={"limit": 4, **after}).json()
        seen += [each["id"] for each in page["items"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
        # What changes meanwhile moves itself, and nothing else.
        world.do(lambda unit, seen=tuple(seen): setattr(must(unit.get(Conversation, int(seen[0]))), "due_at", 1))
        world.mail(due_at=1)
    assert sorted(seen) == sorted(map(str, ids))
    dues = [each["due_at"] for each in world.everything("/conversations")]
    assert dues == sorted(dues)


def test_filters(world: World) -> None:
    plain = world.mail(subject="a")
    water = world.mail(subject="b", queue="vatten")
    island = world.mail(subject="c", municipality="holmo")
    closed = world.mail(subject="d", closed=True)
    mine = world.mail(subject="e")
    to_me = world.change("PUT", f"/conversations/{mine}/assignment", version=world.version(mine), json={"person": "me"})
    assert to_me.is_success
    citizen = world.get(f"/conversations/{plain}").json()["citizen"]["id"]

    def found(**params: object) -> set[int]:
        return {int(each["id"]) for each in world.everything("/conversations", **params)}

    assert found() == {plain, water, island, mine}
    assert found(queue=world.ids["vatten"]) == {water}
    assert found(municipality="holmo") == found(municipality=world.ids["holmo"]) == {island}
    assert found(assignee="me") == found(assignee=world.ids["sara"]) == {mine}
    assert found(assignee="none") == {plain, water, island}
    assert found(state="closed") == {closed}
    assert found(citizen=citizen) == {plain}


def test_closed_ones_come_newest_first(world: World) -> None:
    ids = [world.mail(closed=True) for _ in range(5)]
    listed = world.everything("/conversations", state="closed", limit=2)
    assert [int(each["id"]) for each in listed] == ids[::-1]


def test_what_is_foreign_or_confidential_is_not_found_and_not_counted(world: World) -> None:
    foreign = world.mail(municipality="nesoy", queue="innbygger")
    secret = world.mail(queue="kontakt", confidential="vatten")
    for hidden in (foreign, secret, 1, 2**63 - 1):
        for path in ("", "/timeline"):
            answer = world.get(f"/conversations/{hidden}{path}")
            assert (answer.status_code, answer.json()["detail"]) == (404, "There is no such conversation.")
        for path, body in (("replies", {"text": "hej"}), ("notes", {"text": "hej"}), ("matters", {"topic": "5"})):
            assert world.ask("POST", f"/conversations/{hidden}/{path}", json=body).status_code == 404
        assert world.change("PUT", f"/conversations/{hidden}/closure").status_code == 404
    assert world.everything("/conversations") == []
    assert all(each["open"] == 0 for each in world.get("/queues").json()["items"])
    assert [each["id"] for each in world.everything("/conversations", "vera")] == [str(secret)]
    assert {each["open"] for each in world.get("/queues", "vera").json()["items"]} == {0, 1}
    assert world.get(f"/conversations/{secret}", "vera").json()["conversation"]["confidential"] is True
    assert world.everything("/conversations", "ida") == world.everything("/conversations", "olle") == []


def test_one_conversation(world: World) -> None:
    found = world.mail(subject="Sopor & vägar", sender="eva@example.com")
    answer = world.get(f"/conversations/{found}")
    page = answer.json()
    assert answer.headers["ETag"] == f'"{page["conversation"]["version"]}"'
    assert page["conversation"]["subject"] == "Sopor & vägar"
    assert page["participants"][0]["value"] == "e••••••@example.com"
    assert datetime.fromisoformat(page["conversation"]["opened_at"]).tzinfo is not None
    assert page["conversation"]["wait_until"] is None


def test_nothing_owed_is_null(world: World) -> None:
    found = world.mail(due_at=clock.NEVER)
    assert world.get(f"/conversations/{found}").json()["conversation"]["due_at"] is None


def test_a_related_conversation_is_hinted_at_only_to_who_may_open_it(world: World) -> None:
    secret = world.mail(confidential="vatten")
    found = world.mail(queue="vatten")
    world.do(lambda unit: setattr(must(unit.get(Conversation, found)), "related_id", secret))
    assert world.get(f"/conversations/{found}").json()["related"] is None
    assert world.get(f"/conversations/{found}", "vera").json()["related"] == str(secret)


def test_the_timeline_pages_and_tells_of_mail_files_and_deliveries(world: World) -> None:
    found = world.mail("Hej!", attachments=[("bild.png", "image/png", b"png")])
    for text in ("ett", "två", "tre"):
        world.ask("POST", f"/conversations/{found}/notes", json={"text": text})
    world.ask("POST", f"/conversations/{found}/replies", json={"text": "Svar"})
    entries = world.everything(f"/conversations/{found}/timeline", limit=2)
    assert [each["text"] for each in entries] == ["Hej!", "ett", "två", "tre", "Svar"]
    assert entries[0]["mail"]["sender"].startswith("citizen")
    assert entries[0]["author"] == {"kind": "citizen", "id": None, "name": None}
    assert entries[0]["attachments"][0]["name"] == "bild.png"
    assert entries[4]["deliveries"][0]["state"] == "queued"
    assert entries[4]["author"]["name"] == "Sara"
    newest = world.everything(f"/conversations/{found}/timeline", limit=2, order="newest")
    assert newest == entries[::-1]


def test_no_number_of_entries_that_is_asked_for_puts_out_what_is_remembered(world: World) -> None:
    at = f"/conversations/{world.mail()}/timeline"
    assert len(world.everything(at, limit=1)) == 1
    before = kept.cache_info().misses
    for limit in range(2, 80):
        assert world.get(at, params={"limit": limit}).status_code == 200
    assert kept.cache_info().misses == before


def test_opening_writes_the_reading_log(world: World) -> None:
    found = world.mail()
    page = world.get(f"/conversations/{found}").json()
    world.get(f"/conversations/{found}/timeline")
    world.get(f"/citizens/{page['citizen']['id']}")

    def read(unit: Unit) -> list[tuple[str, bool]]:
        rows = unit.all(select(Reading).order_by(Reading.id))
        return [(row.kind, row.subject_key == subject_key(unit, row.kind, found)) for row in rows]

    assert world.do(read) == [("conversation", True), ("conversation", True), ("citizen", False)]


def test_a_citizen_with_points_and_conversations(world: World) -> None:
    found = world.mail(sender="eva@example.com")
    citizen = int(world.get(f"/conversations/{found}").json()["citizen"]["id"])

    def add_identity(unit: Unit) -> None:
        point = CitizenPoint(municipality_id=world.ids["granvik"], citizen_id=citizen, first_citizen_id=citizen)
        point.kind, point.value, point.match_key = "identity", "CIPHER", "HASH"
        unit.add(point)

    world.do(add_identity)
    answer = world.get(f"/citizens/{citizen}")
    assert [each["value"] for each in answer.json()["points"]] == ["e••••••@example.com", "••••"]
    assert "CIPHER" not in answer.text
    assert "HASH" not in answer.text
    assert [each["id"] for each in world.everything(f"/citizens/{citizen}/conversations")] == [str(found)]
    assert world.get(f"/citizens/{citizen}", "nils").status_code == 404
    assert world.get(f"/citizens/{citizen}/conversations", "nils").status_code == 404
    assert world.get(f"/citizens/{citizen}", "ida").status_code == 404


@pytest.mark.parametrize("cursor", ["", "x", "AAAA", "AAAAAAAAAAA", "é"])
def test_a_cursor_that_is_none_of_ours(world: World, cursor: str) -> None:
    answer = world.get("/conversations", params={"after": cursor})
    assert answer.status_code in {400, 422}


def test_attachments(world: World) -> None:
    page = b"<script>alert(1)</script>"
    found = world.mail(attachments=[('räk"n\r\ning/.html', "text/html", page), ("x", "bad type\r\nX: y", b"2")])
    files = world.everything(f"/conversations/{found}/timeline")[0]["attachments"]
    answer = world.get(f"/attachments/{files[0]['public_id']}")
    assert answer.content == page
    assert answer.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''r%C3%A4k")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert world.get(f"/attachments/{files[1]['public_id']}").headers["Content-Type"] == "application/octet-stream"
    assert world.get(f"/attachments/{files[0]['public_id']}", "nils").status_code == 404
    assert world.get(f"/attachments/{files[0]['public_id']}", None).status_code == 401
    assert world.get("/attachments/nothing").status_code == 404


def test_counts_are_kept_for_a_second_and_ones_own_change_shows_at_once(world: World) -> None:
    found, other = world.mail(), world.mail()
    let_pass(0)

    def figures(who: str = "sara") -> tuple[int, int]:
        counted = world.get("/counts", who).json()
        return counted["open"], counted["mine"]

    assert figures() == figures("kim") == (2, 0)
    world.mail()
    world.get(f"/conversations/{other}/timeline")  # a reading changes no count
    assert figures() == (2, 0)
    me = {"person": "me"}
    assert world.change("PUT", f"/conversations/{found}/assignment", "sara", world.version(found), json=me).is_success
    assert (figures(), figures("kim")) == ((3, 1), (2, 0))
    let_pass(1)
    assert figures("kim") == (3, 0)


def test_what_was_being_counted_while_its_person_wrote_is_not_kept(world: World) -> None:
    """Else it would say for a second what was before."""
    actor = world.actor("sara")

    async def ask() -> tuple[int, int]:
        coming = asyncio.ensure_future(counts(world.storage, actor))
        await asyncio.sleep(0)  # it is on its way
        note_change(world.storage, actor.id)
        before = await coming
        world.mail()
        return before.open, (await counts(world.storage, actor)).open

    let_pass(0)
    assert asyncio.run(ask()) == (0, 1)
