"""IT's pages: channels, raw events and plugins in a browser, with and without a script, and who gets none of them."""

import re
from collections.abc import Callable
from html import unescape

import pytest
from httpx import Response
from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy import select, update

from hub import clock
from hub.access import password, person, session
from hub.access.audit import Audit
from hub.access.person import Person
from hub.access.reading import Reading
from hub.channels.channel import Channel
from hub.edge.session import cookie_name
from hub.inbound.children import Children
from hub.inbound.pipeline import Pipeline
from hub.inbound.raw_event import RawEvent
from hub.inbound.replay import Replayed, replay
from hub.inbox import municipality
from hub.inbox.conversation import Conversation
from hub.inbox.delivery import Delivery
from hub.plugin_host.built_in import BUILT_INS
from hub.plugin_host.manager import load
from hub.storage.unit import Unit
from tests.web.world import World, application, keep_raw, let_pass, must

PHRASE = "blå cykel i åtta backar"
SCRIPT = {"HX-Request": "true"}
PAGES = ("/channels", "/raw-events", "/plugins")
MAIL = b"From: Canary <canary@example.com>\r\nTo: a@granvik.example\r\nSubject: Canary\r\n\r\nHej, canary\r\n"
LONG = "Leverantören ska se varför den inte kan läsas"


class Visitor:
    """A browser in which somebody has logged in, without the sixth of a second of a password."""

    def __init__(self, world: World, who: str) -> None:
        self.world, self.client = world, TestClient(pages(world), base_url="https://torg.example")
        self.email = f"{who}@{'nesoy' if who == 'idun' else 'granvik'}.example"

        def begin(unit: Unit) -> str:
            return session.begin(unit, person.by_email(unit, self.email))

        self.client.cookies.set(cookie_name(pages(world).state.settings), world.do(begin), domain="torg.example")

    def get(self, path: str, **headers: str) -> Response:
        return self.client.get(path, headers=headers, follow_redirects=False)

    def part(self, path: str) -> Response:
        return self.get(path, **SCRIPT)

    def post(self, path: str, /, script: bool = False, **fields: str) -> Response:
        headers = {"Sec-Fetch-Site": "same-origin", **(SCRIPT if script else {})}
        return self.client.post(path, data=fields, headers=headers, follow_redirects=False)

    def send(self, path: str, form: str, /, script: bool = False, **fields: str) -> Response:
        """The form of that page which posts to `path`, filled in."""
        found = re.search(rf'<form[^>]*action="{re.escape(path)}".*?</form>', self.get(form).text, re.S)
        assert found, f"no form on {form} posts to {path}"
        hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', found[0])
        return self.post(path, script, **dict(hidden), **fields)

    def said(self, path: str) -> str:
        return words(self.get(path))


Visit = Callable[[str], Visitor]


def pages(world: World) -> Litestar:
    """The real pages over the world's rows; what is read again is read in real children."""
    app = application(pages=True)
    app.state.clear()
    given = world.client.app.state
    app.state.storage, app.state.settings, app.state.registry = world.storage, given.settings, given.registry
    app.state.sources, app.state.live = given.sources, given.live

    async def read_again(raw_event_id: int) -> Replayed:
        found = {"by_recipient": app.state.registry.router("by_recipient")}
        async with Children(1, 20) as children:
            pipeline = Pipeline(world.storage, children, found)
            return (await replay(world.storage, pipeline, app.state.registry, found, [raw_event_id]))[0]

    app.state.replay = read_again
    return app


def words(answer: Response) -> str:
    """As somebody reads it, a space between things."""
    _, _, body = answer.text.rpartition("<body")
    body = re.sub(r"(?s)<svg.*?</svg>", " ", body)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


@pytest.fixture(scope="module")
def kept() -> str:
    return password.hashed(PHRASE)


@pytest.fixture
def visit(world: World, kept: str) -> Visit:
    """`visit("ida")`. Iris is IT of all three municipalities; Jens leads a queue, too."""

    def give(unit: Unit) -> None:
        for name, held in (
            ("iris", [(code, "it") for code in ("granvik", "holmo", "nesoy")]),
            ("jens", [("granvik", "it"), ("granvik", "lead")]),
        ):
            row = person.add(unit, f"{name}@granvik.example", name.capitalize(), "en")
            for code, role in held:
                person.join(unit, row, municipality.by_code(unit, code), role)
        for row in unit.all(select(Person)):
            row.language = "en"
            password.set_password(unit, row, kept)

    world.do(give)
    return lambda who: Visitor(world, who)


def test_each_lands_where_their_work_is(world: World, visit: Visit) -> None:
    for who, place in (("ida", "/channels"), ("sara", "/inbox"), ("jens", "/inbox"), ("olle", "/who-looked")):
        there = visit(who)
        there.client.cookies.clear()
        begun = there.post("/login", email=there.email, password=PHRASE, next="/")
        assert (begun.status_code, begun.headers["Location"]) == (303, "/")
        assert there.get("/").headers["Location"] == place
        assert there.get(place).status_code == 200
    assert 'href="/channels"' in visit("jens").get("/inbox").text
    assert 'href="/inbox"' in visit("jens").get("/channels").text
    assert 'href="/channels"' not in visit("sara").get("/inbox").text
    assert 'href="/inbox"' not in visit("ida").get("/channels").text


def test_others_than_it_get_none_of_it(world: World, visit: Visit) -> None:
    raw = world.do(keep_raw, world.ids, "1", MAIL, state="quarantined")
    changes = (f"/channels/{world.ids['mute']}/pause", f"/raw-events/{raw}/content", f"/raw-events/{raw}/replay")
    for who in ("sara", "lena", "olle"):
        there = visit(who)
        token = must(re.search(r'name="_csrf_token" value="(\w+)"', there.get("/inbox").text))[1]
        for path in (*PAGES, f"/raw-events/{raw}", *changes[:2]):
            refused = there.get(path)
            assert (refused.status_code, "Not allowed" in refused.text) == (403, True)
        for path in changes:
            assert there.post(path, _csrf_token=token, why=LONG, reason=LONG).status_code == 403
    stranger = TestClient(pages(world), base_url="https://torg.example")
    for path in PAGES:
        assert stranger.get(path, follow_redirects=False).headers["Location"] == f"/login?next={path}"
    assert world.do(lambda unit: unit.all(select(Reading))) == []


def test_it_of_elsewhere_sees_nothing_of_here(world: World, visit: Visit) -> None:
    raw = world.do(keep_raw, world.ids, "1", MAIL, state="quarantined")
    idun = visit("idun")
    assert "mute" not in idun.said("/channels")
    assert "1 couldn't be read" in idun.said("/channels"), "how many, of a shared one: nothing of what"
    assert str(raw) not in idun.get("/raw-events").text
    for path in (f"/raw-events/{raw}", f"/raw-events/{raw}/content", f"/channels/{world.ids['mute']}/pause"):
        assert idun.get(path).status_code == 404


def test_how_channels_do(world: World, visit: Visit) -> None:
    ida = visit("ida")
    assert "in Mail in (SMTP, LMTP) Nobody listens No process listens for it. Start torg serve" in ida.said("/channels")
    world.do(lambda unit: unit.change(update(Channel).values(lease_until=clock.NEVER)))
    assert "3 channels " in ida.said("/channels")
    assert "in Mail in (SMTP, LMTP) Quiet Nothing has come yet. All" in ida.said("/channels")
    assert "out Mail out to a folder (.eml) Working All" in ida.said("/channels")
    world.do(keep_raw, world.ids, "1", MAIL, state="quarantined")
    world.do(keep_raw, world.ids, "2", MAIL, state="new")
    found = world.mail()
    world.ask("POST", f"/conversations/{found}/replies", json={"text": "Svar"})

    def worsen(unit: Unit) -> None:
        unit.change(update(Channel).values(last_contact_at=clock.now()))
        unit.change(update(Delivery).values(state="deferred"))
        must(unit.get(Channel, world.ids["mute"])).paused_why = "Flyttas"

    world.do(worsen)
    said = ida.said("/channels")
    assert "3 channels, 1 paused, 2 need attention" in said
    assert "in Mail in (SMTP, LMTP) Needs a look 1 couldn't be read or placed. See why All" in said
    assert "out Mail out to a folder (.eml) Slow 1 isn't taken yet." in said
    assert "mute Mail in (SMTP, LMTP) Paused Flyttas Nothing comes or goes until somebody resumes it. Granvik" in said
    world.do(lambda unit: setattr(must(unit.get(Channel, world.ids["out"])), "paused_why", "Log-in refused"))
    assert "Paused Log-in refused 1 waits until somebody resumes it." in ida.said("/channels")
    world.do(lambda unit: setattr(must(unit.get(Channel, world.ids["mute"])), "kind", "gone"))
    assert "mute gone Can't run No plugin brings the kind gone." in ida.said("/channels")
    world.do(lambda unit: setattr(must(unit.get(Channel, world.ids["in"])), "trouble", "127.0.0.1 port 25 is in use."))
    said = visit("ida").said("/channels")
    assert "in Mail in (SMTP, LMTP) Can't run 127.0.0.1 port 25 is in use. It is tried again by itself" in said
    world.do(lambda unit: setattr(must(unit.get(Channel, world.ids["in"])), "trouble", None))
    let_pass(2 * 24 * 3600)
    world.do(lambda unit: unit.change(update(RawEvent).values(state="read")))
    assert "Quiet Nothing has come since" in visit("ida").said("/channels")


def test_pausing_and_resuming(world: World, visit: Visit) -> None:
    ida, at = visit("ida"), f"/channels/{world.ids['mute']}/pause"
    assert f'href="{at}"' in ida.get("/channels").text
    dialog = ida.part(at)
    assert "<dialog" in dialog.text
    assert "<body" not in dialog.text
    again = ida.send(at, at, why=" x ")
    assert (again.status_code, "Say why, for whoever wonders that nothing comes." in words(again)) == (422, True)
    assert ida.send(at, at, why="Flytt till ny server").headers["Location"] == "/channels"
    assert "Paused Flytt till ny server" in ida.said("/channels")
    shown = ida.send(f"{at}/end", "/channels", script=True)
    assert "<body" not in shown.text
    assert "mute runs again" in words(shown)
    undo = re.findall(r'name="(why|version)" value="([^"]*)"', shown.text.partition('id="toast"')[2])
    assert dict(undo)["why"] == "Flytt till ny server"
    token = must(re.search(r'name="_csrf_token" value="(\w+)"', shown.text))[1]
    assert ida.post(at, True, _csrf_token=token, **dict(undo)).status_code == 200
    stale = ida.post(at, True, _csrf_token=token, **dict(undo))
    assert (stale.status_code, stale.headers["HX-Retarget"]) == (412, "#toast")
    assert "Paused Flytt till ny server" in ida.said("/channels")
    acts = world.do(lambda unit: unit.all(select(Audit.act).where(Audit.act.like("channel.%")).order_by(Audit.id)))
    assert list(acts) == ["channel.pause", "channel.resume", "channel.pause"]


def test_a_shared_channel_is_refused_before_somebody_says_why(world: World, visit: Visit) -> None:
    at = f"/channels/{world.ids['in']}/pause"
    refused = visit("ida").part(at)
    assert (refused.status_code, refused.headers["HX-Retarget"]) == (403, "#toast")
    assert "takes IT of every municipality" in words(refused)
    iris = visit("iris")
    assert iris.send(at, at, why="Flytt till ny server").status_code == 303
    assert "Paused" in iris.said("/channels")


def test_raw_events_by_state_and_channel_without_what_they_say(world: World, visit: Visit) -> None:
    ids = [world.do(keep_raw, world.ids, str(n), MAIL, state="quarantined" if n % 2 else "read") for n in range(60)]
    foreign = world.do(keep_raw, world.ids, "f", MAIL, code="nesoy")
    reason = "It can't be placed: no router places it.\n/srv/child.py:7 parse\nKeyError"
    world.do(lambda unit: unit.change(update(RawEvent).where(RawEvent.id == ids[59]).values(reason=reason)))
    ida = visit("ida")

    def shown(answer: Response) -> list[int]:
        return [int(each) for each in re.findall(r'<tr id="raw-(\d+)"', answer.text)]

    def further(answer: Response) -> tuple[str, str]:
        found = must(re.search(r'href="([^"]*after=[^"]*)" hx-get="([^"]*)"', answer.text))
        return unescape(found[1]), unescape(found[2])

    first = ida.get("/raw-events")
    page_of, rows_of = further(first)
    assert shown(first) + shown(ida.get(page_of)) == ids[::-1]
    rows = ida.part(rows_of)
    assert shown(rows) == ids[9::-1]
    assert "<body" not in rows.text
    quarantined = ida.get(f"/raw-events?state=quarantined&channel={world.ids['in']}")
    assert shown(quarantined) == ids[59::-2]
    assert shown(ida.get(f"/raw-events?channel={world.ids['mute']}")) == []
    assert "It can't be placed: no router places it." in words(quarantined)
    assert "KeyError" not in words(quarantined)
    assert "KeyError" in ida.said(f"/raw-events/{ids[59]}")
    for path in ("/raw-events", f"/raw-events/{ids[59]}", f"/raw-events/{ids[59]}/content"):
        assert "anary" not in ida.get(path).text
    assert ida.get(f"/raw-events/{foreign}").status_code == 404
    said = words(ida.get("/raw-events?state=quarantined"))
    assert "more couldn't be read or placed" not in said
    for code in ("nesoy", None):
        world.do(keep_raw, world.ids, f"more {code}", b"canary", state="quarantined", code=code)
    said = words(ida.get("/raw-events?state=quarantined"))
    assert "2 more couldn't be read or placed: they are other municipalities', or nobody knows yet whose." in said
    for wrong in ("state=gone", "channel=0", "after=x"):
        assert ida.get(f"/raw-events?{wrong}").status_code in {400, 422}
    assert world.do(lambda unit: unit.all(select(Reading))) == []


def test_what_can_be_read_now_leaves_quarantine(world: World, visit: Visit) -> None:
    raw = world.do(keep_raw, world.ids, "1", MAIL, state="quarantined")
    ida, at = visit("ida"), f"/raw-events/{raw}/replay"
    still = ida.send(at, "/raw-events?state=quarantined", script=True)
    assert f'<tr id="raw-{raw}"' in still.text
    assert "It still can't be read: It can't be placed: no router places it" in words(still)

    def place(unit: Unit) -> None:
        must(unit.get(RawEvent, raw)).origin = {"sender": "a@b.example", "route": f"granvik/{world.ids['kontakt']}"}

    world.do(place)
    freed = ida.send(at, f"/raw-events/{raw}", script=True)
    assert "Read: it is in the inbox now" in words(freed)
    assert "anary" not in freed.text
    assert world.do(lambda unit: unit.all(select(Conversation.subject))) == ["Canary"]
    assert "Canary" in visit("sara").said("/inbox?view=open")
    assert "Read again" in ida.said(f"/raw-events/{raw}")
    assert ida.send(at, f"/raw-events/{raw}").headers["Location"] == f"/raw-events/{raw}"
    assert len(world.do(lambda unit: unit.all(select(Conversation.id)))) == 1
    acts = world.do(lambda unit: unit.all(select(Audit.act).where(Audit.act == "raw_event.replay")))
    assert len(acts) == 3


def test_content_comes_for_a_reason_as_a_file(world: World, visit: Visit) -> None:
    raw = world.do(keep_raw, world.ids, "1", MAIL, state="quarantined")
    ida, at = visit("ida"), f"/raw-events/{raw}/content"
    assert "<dialog" in ida.part(at).text
    for why in ("", "because", "          ", "felsökning"):
        again = ida.send(at, at, reason=why)
        assert (again.status_code, "Say in a sentence why you have to see it." in words(again)) == (422, True)
        assert "anary" not in again.text
    assert world.do(lambda unit: unit.all(select(Reading))) == []
    answer = ida.send(at, at, reason=LONG)
    assert (answer.status_code, answer.content) == (200, MAIL)
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    reading = must(world.do(lambda unit: unit.first(select(Reading))))
    act = must(world.do(lambda unit: unit.first(select(Audit).where(Audit.act == "raw_event.read"))))
    assert (reading.person_id, reading.kind, reading.reason) == (world.ids["ida"], "raw_event", LONG)
    assert (act.person_id, act.purpose) == (world.ids["ida"], LONG)
    world.do(lambda unit: setattr(must(unit.get(RawEvent, raw)), "state", "erased"))
    assert ida.send(at, at, reason=LONG).status_code == 404
    assert f'action="{at[:-7]}replay"' not in ida.get(f"/raw-events/{raw}").text


def test_broken_and_blocked_plugins_are_said(world: World, visit: Visit) -> None:
    ida = visit("ida")
    assert f"{len(BUILT_INS)} loaded" in ida.said("/plugins")
    assert "Lookup byggr" in ida.said("/plugins")
    assert "Broken" not in ida.said("/plugins")
    ida.client.app.state.registry = load(("connectors.eml_folder",), (*BUILT_INS, "connectors.<none>"), "nobody's")
    said = ida.said("/plugins")
    assert f"{len(BUILT_INS) - 1} loaded, 1 broken, 1 blocked" in said
    assert "connectors.<none>" in said
    assert "ModuleNotFoundError: No module named 'connectors.<none>'" in said
    assert "Blocked connectors.eml_folder By the setting blocked_plugins" in said
    assert "out eml_folder Can't run No plugin brings the kind eml_folder." in ida.said("/channels")
    assert "Plugins 1 broken" in ida.said("/channels")
