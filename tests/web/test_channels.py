"""Channels and raw events, as IT sees them."""

import pytest
from sqlalchemy import select

from hub.access import login, person
from hub.access.audit import Audit
from hub.access.reading import Reading
from hub.channels.channel import Channel
from hub.inbound.raw_event import RawEvent
from hub.inbox import municipality
from hub.storage.blobs import Blobs
from hub.storage.unit import Unit
from tests.web.world import World, keep_raw, must

EVERY = "To pause or resume this channel takes IT of every municipality that it works for."


def test_channels_with_their_health(world: World) -> None:
    world.do(keep_raw, world.ids, "1", b"a", state="new")
    world.do(keep_raw, world.ids, "2", b"b", state="quarantined")
    world.do(keep_raw, world.ids, "3", b"c", state="quarantined", code="nesoy")
    found = world.mail()
    world.ask("POST", f"/conversations/{found}/replies", json={"text": "Svar"})
    undone = world.ask("POST", f"/conversations/{found}/replies", json={"text": "Svar"}).json()["id"]
    world.change("DELETE", f"/conversations/{found}/replies/{undone}")
    by_name = {each["name"]: each for each in world.get("/channels", "ida").json()["items"]}
    assert set(by_name) == {"in", "out", "mute"}
    assert by_name["in"]["raw_events"] == {"new": 1, "quarantined": 2}
    assert by_name["out"]["deliveries"] == {
        "queued": 1, "leased": 0, "handed_over": 0, "deferred": 0, "failed": 0, "uncertain": 0,
    }  # fmt: skip
    world.do(lambda unit: setattr(must(unit.get(Channel, world.ids["in"])), "trouble", "The port is in use."))
    troubles = {each["name"]: each["trouble"] for each in world.get("/channels", "ida").json()["items"]}
    assert troubles == {"in": "The port is in use.", "out": None, "mute": None}
    assert {each["name"] for each in world.get("/channels", "idun").json()["items"]} == {"in", "out"}
    assert world.get(f"/channels/{world.ids['mute']}", "idun").status_code == 404
    assert world.get("/channels", "sara").status_code == 403
    assert world.get("/channels", "olle").status_code == 403


def test_whoever_sees_a_shared_channel_sees_how_much_came_and_was_set_aside(world: World) -> None:
    """Whosever it is: else what is nobody's yet, or another's who doesn't look, would be told to nobody."""
    for key, code in (("1", "granvik"), ("2", "nesoy"), ("3", None)):
        world.do(keep_raw, world.ids, key, b"x", state="quarantined", code=code)
    for found, who in ((world.mail(), "sara"), (world.mail(municipality="nesoy", queue="innbygger"), "nils")):
        answer = world.ask("POST", f"/conversations/{found}/replies", who, json={"text": "Svar"})
        assert answer.status_code == 201
    for who in ("ida", "idun"):
        by_name = {each["name"]: each for each in world.get("/channels", who).json()["items"]}
        assert by_name["in"]["raw_events"]["quarantined"] == 3
        assert [each["sentence"] for each in by_name["in"]["troubles"] if each["kind"] == "quarantine"] == [
            "3 couldn't be read or placed."
        ]
        assert by_name["out"]["deliveries"]["queued"] == 2


def test_pausing_a_channel(world: World) -> None:
    path = f"/channels/{world.ids['mute']}"
    version = world.get(path, "ida").headers["ETag"]
    assert world.ask("PUT", f"{path}/pause", "ida", json={"why": "flytt"}).status_code == 428
    paused = world.change("PUT", f"{path}/pause", "ida", version, json={"why": "flytt"})
    assert (paused.status_code, paused.json()["paused_why"]) == (200, "flytt")
    assert world.change("PUT", f"{path}/pause", "ida", version, json={"why": "annat"}).status_code == 412
    resumed = world.change("DELETE", f"{path}/pause", "ida", paused.headers["ETag"])
    assert resumed.json()["paused_why"] is None
    acts = world.do(lambda unit: unit.all(select(Audit.act).order_by(Audit.id)))
    assert list(acts) == ["channel.pause", "channel.resume"]
    assert world.change("PUT", f"{path}/pause", "idun", json={"why": "nej"}).status_code == 404
    assert world.change("PUT", f"{path}/pause", "sara", json={"why": "nej"}).status_code == 403


@pytest.mark.parametrize(("code", "told"), [("granvik", "that of channel {id} (new)"), ("nesoy", "another channel's")])
def test_a_channel_whose_port_another_has_by_now_stays_paused(world: World, code: str, told: str) -> None:
    """The other is named to who runs it, and to nobody else."""
    settings = {"addresses": {"a@granvik.example": "granvik/1"}, "port": 2525}

    def take_port(unit: Unit) -> int:
        must(unit.get(Channel, world.ids["mute"])).config = settings
        row = Channel(kind="smtp_in", name="new", home_id=world.ids[code], config=settings)
        unit.add(row)
        return row.id

    path = f"/channels/{world.ids['mute']}"
    version = world.get(path, "ida").headers["ETag"]
    paused = world.change("PUT", f"{path}/pause", "ida", version, json={"why": "flytt"}).headers["ETag"]
    other = world.do(take_port)
    refused = world.change("DELETE", f"{path}/pause", "ida", paused)
    assert (refused.status_code, refused.json()["title"]) == (409, "Conflict")
    assert refused.json()["detail"].startswith(f"127.0.0.1 port 2525 is {told.format(id=other)} by now")
    assert ("new" in refused.text, str(other) in refused.text) == (code == "granvik",) * 2
    assert world.get(path, "ida").json()["paused_why"] == "flytt"
    world.do(lambda unit: setattr(must(unit.get(Channel, other)), "paused_why", "flytt"))
    assert world.change("DELETE", f"{path}/pause", "ida", paused).json()["paused_why"] is None


@pytest.mark.parametrize("name", ["in", "out"])
def test_a_shared_channel_is_stopped_by_it_of_all_whom_it_serves(world: World, name: str) -> None:
    """Granvik and Holmö take mail by it, or send by it; Nesøy, in the same installation, doesn't."""
    set_addresses(world, {"a@granvik.example": "granvik/1", "b@holmo.example": "holmo/1"})
    path = f"/channels/{world.ids[name]}"
    version = world.get(path, "ida").headers["ETag"]
    for who in ("ida", "idun"):
        assert world.get(path, who).status_code == 200
        refused = world.change("PUT", f"{path}/pause", who, version, json={"why": "flytt"})
        assert (refused.status_code, refused.json()["detail"]) == (403, EVERY)
    it_of(world, "iris", "granvik", "holmo")
    paused = world.change("PUT", f"{path}/pause", "iris", version, json={"why": "flytt"})
    assert paused.json()["paused_why"] == "flytt"
    assert world.change("DELETE", f"{path}/pause", "ida", paused.headers["ETag"]).status_code == 403
    assert world.get(path, "ida").json()["paused_why"] == "flytt"
    assert world.change("DELETE", f"{path}/pause", "iris", paused.headers["ETag"]).status_code == 200


def test_a_channel_that_serves_one_is_stopped_by_that_ones_it(world: World) -> None:
    set_addresses(world, {"a@granvik.example": "granvik/1"})
    for name in ("in", "out"):
        path = f"/channels/{world.ids[name]}"
        version = world.get(path, "idun").headers["ETag"]
        assert world.change("PUT", f"{path}/pause", "idun", version, json={"why": "nej"}).status_code == 403
        assert world.change("PUT", f"{path}/pause", "ida", version, json={"why": "flytt"}).status_code == 200


def test_a_channel_that_does_not_say_whom_it_serves_may_serve_anybody(world: World) -> None:
    it_of(world, "iris", "granvik", "holmo")
    it_of(world, "ingrid", "granvik", "holmo", "nesoy")
    for name in ("in", "out"):
        path = f"/channels/{world.ids[name]}"
        version = world.get(path, "iris").headers["ETag"]
        assert world.change("PUT", f"{path}/pause", "iris", version, json={"why": "nej"}).status_code == 403
        assert world.change("PUT", f"{path}/pause", "ingrid", version, json={"why": "flytt"}).status_code == 200


def set_addresses(world: World, addresses: dict[str, str]) -> None:
    """Of the channel that mail comes in by, which sends by the other."""

    def write(unit: Unit) -> None:
        must(unit.get(Channel, world.ids["in"])).config = {"addresses": addresses, "port": 25, "folder": "nesoy/x"}

    world.do(write)


def it_of(world: World, name: str, *codes: str) -> None:
    """One more person."""

    def write(unit: Unit) -> str:
        row = person.add(unit, f"{name}@granvik.example", name)
        for code in codes:
            person.join(unit, row, municipality.by_code(unit, code), "it")
        return login.add_token(unit, row, "test")

    world.tokens[name] = world.do(write)


def test_raw_events(world: World) -> None:
    states = ("read", "quarantined") * 3
    ids = [world.do(keep_raw, world.ids, str(i), b"canary %d" % i, state=state) for i, state in enumerate(states)]
    foreign = world.do(keep_raw, world.ids, "f", b"canary", code="nesoy")
    nobodys = world.do(keep_raw, world.ids, "n", b"canary", code=None)
    listed = world.everything("/raw-events", "ida", limit=2)
    assert [int(each["id"]) for each in listed] == ids[::-1]
    quarantined = world.everything("/raw-events", "ida", state="quarantined", channel=world.ids["in"])
    assert [int(each["id"]) for each in quarantined] == ids[5:0:-2]
    assert world.everything("/raw-events", "ida", channel=world.ids["mute"]) == []
    assert "canary" not in world.get("/raw-events", "ida").text + world.get(f"/raw-events/{ids[0]}", "ida").text
    for hidden in (foreign, nobodys):
        for path in ("", "/content?reason=because"):
            assert world.get(f"/raw-events/{hidden}{path}", "ida").status_code == 404
        assert world.ask("POST", f"/raw-events/{hidden}/replay", "ida").status_code == 404
    assert world.get("/raw-events", "sara").status_code == 403


def test_what_is_nobodys_yet_is_its_to_see_of_all_whom_its_channel_works_for(world: World) -> None:
    """A place in the list, pages, a search, its reading and its replay; not for IT of one of them."""
    set_addresses(world, {"a@granvik.example": "granvik/1", "b@holmo.example": "holmo/1"})
    it_of(world, "iris", "granvik", "holmo")
    own, nobodys, newest = (
        world.do(keep_raw, world.ids, key, key.encode(), state="quarantined", code=code)
        for key, code in (("1", "granvik"), ("2", None), ("3", "holmo"))
    )
    foreign = world.do(keep_raw, world.ids, "4", b"x", state="quarantined", code="nesoy")
    listed = world.everything("/raw-events", "iris", limit=1)
    assert [(int(each["id"]), each["municipality_id"] is None) for each in listed] == [
        (newest, False), (nobodys, True), (own, False),
    ]  # fmt: skip
    for narrowed in ({"state": "quarantined"}, {"channel": world.ids["in"]}):
        assert len(world.everything("/raw-events", "iris", **narrowed)) == 3
    assert world.everything("/raw-events", "iris", state="new") == []
    assert [int(each["id"]) for each in world.everything("/raw-events", "ida")] == [own]
    path = f"/raw-events/{nobodys}"
    assert world.get(path, "iris").json()["municipality_id"] is None
    assert world.get(f"{path}/content?reason=felsökning", "iris").content == b"2"
    assert world.ask("POST", f"{path}/replay", "iris").status_code == 200
    for who, hidden in (("ida", nobodys), ("idun", nobodys), ("iris", foreign)):
        assert world.get(f"/raw-events/{hidden}", who).status_code == 404
        assert world.get(f"/raw-events/{hidden}/content?reason=felsökning", who).status_code == 404
        assert world.ask("POST", f"/raw-events/{hidden}/replay", who).status_code == 404


def test_content_breaks_glass(world: World) -> None:
    small = world.do(keep_raw, world.ids, "1", b"Subject: x\r\n\r\n\x00\xff")
    path = f"/raw-events/{small}/content"
    for wrong in ("", "?reason=", "?reason=no", "?reason=abc%00"):
        assert world.get(path + wrong, "ida").status_code == 400
    assert world.do(lambda unit: unit.all(select(Reading))) == []
    answer = world.get(f"{path}?reason=INC-7 felsökning", "ida")
    assert answer.content == b"Subject: x\r\n\r\n\x00\xff"
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment;")

    def logged(unit: Unit) -> list[tuple[str, int, str | None]]:
        reading, audit = unit.first(select(Reading)), unit.first(select(Audit))
        return [
            (must(reading).kind, must(reading).person_id, must(reading).reason),
            (must(audit).act, must(audit).person_id or 0, must(audit).purpose),
        ]

    ida = world.ids["ida"]
    assert world.do(logged) == [
        ("raw_event", ida, "INC-7 felsökning"),
        ("raw_event.read", ida, "INC-7 felsökning"),
    ]


def test_content_in_a_blob_and_erased(world: World) -> None:
    row = world.do(keep_raw, world.ids, "1", b"large")

    def to_blob(unit: Unit) -> None:
        found = must(unit.get(RawEvent, row))
        found.blob, found.body = f"raw/1/{found.sha256}", None
        unit.blobs.put_many({found.blob: b"large"})

    world.do(to_blob)
    assert isinstance(world.storage.blobs, Blobs)
    assert world.get(f"/raw-events/{row}/content?reason=because", "ida").content == b"large"
    world.do(lambda unit: setattr(must(unit.get(RawEvent, row)), "state", "erased"))
    assert world.get(f"/raw-events/{row}/content?reason=because", "ida").status_code == 404


def test_replay(world: World) -> None:
    row = world.do(keep_raw, world.ids, "1", b"x", state="quarantined")
    answer = world.ask("POST", f"/raw-events/{row}/replay", "ida")
    assert (answer.status_code, answer.json()) == (200, {"id": str(row), "state": "read", "reason": None})
    assert world.do(lambda unit: unit.all(select(Audit.act))) == ["raw_event.replay"]
