"""Every route of the screen, one after the other: who is let in, what is refused, and what each answer carries."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from httpx import Response
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct
from sqlalchemy import select

import inbox_ui
from hub import clock
from hub.access import person, session
from hub.access.person import Person
from hub.channels.channel import Channel
from hub.edge import csrf
from hub.edge.download import SANDBOX
from hub.edge.headers import NOTHING_LOADS, PAGE_POLICY, UNCHANGING
from hub.edge.person import PERMISSIONS
from hub.edge.session import admit_page
from hub.inbox import callback, canned, matter
from hub.inbox.citizen import CitizenPoint
from hub.inbox.conversation import Conversation
from hub.inbox.draft import Draft
from hub.inbox.entry import Attachment, Entry, Mail
from hub.inbox.matter import Matter
from hub.inbox.municipality import Municipality
from hub.inbox.queue import Queue
from hub.inbox.topic import Topic
from hub.plugin_host.manager import load
from hub.storage.unit import Unit
from hub.watch import target
from hub.web.routes import create
from inbox_ui.assets import asset_url
from inbox_ui.forms import Decided
from inbox_ui.pages.entries import FRAME_POLICY
from inbox_ui.pages.made_forms import PREVIEW_POLICY
from tests.lookups.source import bring
from tests.web import made_world
from tests.web.chats import add_chat
from tests.web.form_world import plant_form
from tests.web.test_routes import handlers
from tests.web.world import World, keep_raw, let_pass, must
from tests.web.world import world as make_world

OWN = {"Sec-Fetch-Site": "same-origin"}
PART = {"HX-Request": "true"}
OUTSIDE = {"/login", "/static/{version:str}/{path:path}"}
LATER = "2030-01-01T08:00:00+00:00"
REASON = "Dottern ringer och frågar vem som kommer i kväll."
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Route(Struct, frozen=True):
    """Of the screen; `address` has places for ids."""

    method: str
    address: str
    handler: HTTPRouteHandler

    def at(self, ids: Mapping[str, object]) -> str:
        return re.sub(r"{(\w+):\w+}", lambda place: str(ids[place[1]]), self.address)


@cache
def routes() -> Sequence[Route]:
    """All but the API's, and what citizens ask for, who are nobody here: their forms and their chats."""
    return [
        Route(method, path, handler)
        for path, handler in handlers(create(inbox_ui.routers()))
        for method in sorted(handler.http_methods)
        if not path.startswith(("/api/", "/forms/", "/chat/"))
        and path != "/health"
        and handler.resolve_include_in_schema() is False
    ]


def posts() -> Sequence[Route]:
    return [each for each in routes() if each.method == "POST"]


def by_id() -> Sequence[Route]:
    return [each for each in routes() if re.search(r"_id:", each.address)]


ENDLESS = "/events"
SHOWN_ALREADY = ("/head", "/newer")
THEN = "2026-11-28T05:00:00Z"
QUERIES = {"/older": "?before=AAAAAAAAAAAAAAAAAAAAAA"} | dict.fromkeys(
    ("lookups/{lookup:str}/reveal", "lookups/{lookup:str}/masked"), f"?asked_at={THEN}"
)
"""What an address that ends so can't do without."""
"""What a page asks for that shows the conversation: it is told to take it away, or nothing."""
NARROW = {"channel_id", "raw_event_id", "target_id"}
"""Ids of what IT runs."""
SET = {"municipality_id", "canned_id", "form_id"}
"""Ids of what an admin sets."""


def asker(route: "Route") -> str:
    """Who may ask it, where it is theirs."""
    ids = set(re.findall(r"(\w+):int", route.address))
    if route.address.startswith("/made-lookups"):
        return "dora"  # of all departments
    return "ida" if NARROW & ids else "adam" if SET & ids else "sara"


class Screen:
    """The world's pages, and a browser for each of its people."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.cookies: dict[str, str] = {}

    def asks(self, route: Route, ids: Mapping[str, object], who: str, **options: Any) -> Response:
        """As its own page would: with a form that fits every route. `form`: what differs."""
        address = route.at(ids) + next((query for end, query in QUERIES.items() if route.address.endswith(end)), "")
        if route.method == "GET":
            return self.get(address, who, **{name: said for name, said in options.items() if name != "form"})
        return self.post(address, who, {**self.form(ids), **options.pop("form", {})}, **options)

    def get(self, path: str, who: str | None = "sara", **headers: str) -> Response:
        return self.world.client.get(path, headers=self._as(who) | OWN | headers, follow_redirects=False)

    def post(
        self, path: str, who: str, form: Mapping[str, str], *, token: str | None = None, **headers: str
    ) -> Response:
        """`token`: the one of their session, unless given. A file goes where files go."""
        keys = self.world.storage.keys
        given = {"_csrf_token": csrf.token_for(keys, self._session(who)) if token is None else token}
        files = (
            {"file": ("a.txt", b"a", "text/plain")}
            if path.partition("?")[0].endswith("/uploads") and token is None
            else None
        )
        return self.world.client.post(
            path, data={**form, **given}, files=files, headers={**self._as(who), **OWN, **headers},
            follow_redirects=False,
        )  # fmt: skip

    def form(self, ids: Mapping[str, object]) -> dict[str, str]:
        """What all routes together ask for."""
        return {
            "version": "1", "person": "me", "queue": str(ids["queue"]), "until": LATER, "topic": str(ids["topic"]),
            "outcome": "solved_here", "how": "control_question", "purpose": REASON, "reason": REASON,
            "other": str(ids["other"]), "where": "Trafikverket", "text": "Hej", "note": "Hej", "state": "reading",
            "to": "eva@post.example", "subject": "Svar", "why": REASON, "from": f"{ids['municipality']} {ids['queue']}",
            "delivery": "4711", "verb": "hold", "reached": "no", "owner": "me",
            "entry": str(ids["entry_id"]), "turn": "Hej", "asked_at": THEN,
        }  # fmt: skip

    def plant(self, code: str, queue: str, word: str) -> dict[str, object]:
        """One of everything that a route asks for by its id."""
        world = self.world
        files = [(f"{word}.txt", "text/plain", word.encode())]
        options: dict[str, Any] = {"municipality": code, "queue": queue, "subject": word}
        conversation_id, other = world.mail(word, attachments=files, **options), world.mail(word, **options)
        raw = world.do(keep_raw, world.ids, word, word.encode(), code=code)
        person_id = world.ids["sara" if code == "granvik" else "nils"]

        def furnish(unit: Unit) -> dict[str, object]:
            row = must(unit.get(Conversation, conversation_id))
            topic = must(unit.first(select(Topic).where(Topic.municipality_id == row.municipality_id)))
            matter.add(unit, row, person_id, topic)
            entry = must(unit.first(select(Entry).where(Entry.conversation_id == row.id, Entry.kind == "mail")))
            must(unit.first(select(Mail).where(Mail.entry_id == entry.id))).safe_html = f"<p>{word}</p>"
            file = must(unit.first(select(Attachment).where(Attachment.entry_id == entry.id)))
            point = must(unit.first(select(CitizenPoint).where(CitizenPoint.citizen_id == row.citizen_id)))
            question = must(unit.first(select(Matter).where(Matter.conversation_id == row.id)))
            home = must(unit.get(Municipality, row.municipality_id))
            kept = canned.write(unit, home, None, {"sv": word}, {"sv": word})
            told = target.add_mail(unit, f"{word}@{code}.example", home)
            return {
                "conversation_id": row.id, "entry_id": entry.id, "public_id": file.public_id, "point_id": point.id,
                "call_back_id": callback.agree(unit, row, person_id, None, clock.now() + clock.DAY).id,
                "matter_id": question.id, "raw_event_id": raw, "kind": "reply", "upload_id": "u" * 22, "other": other,
                "channel_id": world.ids.get("mute" if code == "granvik" else "elsewhere"), "queue": row.queue_id,
                "topic": topic.id, "topic_id": topic.id, "municipality": row.municipality_id, "lookup": "waste",
                "municipality_id": home.id, "canned_id": kept.id, "target_id": told.id,
                "form_id": plant_form(unit, home, must(unit.get(Queue, row.queue_id)), word), "number": 1,
                "language": "sv", "name": "invoices" if code == "granvik" else "boats",
            }  # fmt: skip

        return world.do(furnish)

    def _session(self, who: str) -> str:
        if who not in self.cookies:
            self.cookies[who] = self.world.do(
                lambda unit: session.begin(unit, must(unit.get(Person, self.world.ids[who])))
            )
        return self.cookies[who]

    def _as(self, who: str | None) -> dict[str, str]:
        return {"Cookie": f"__Host-torg={self._session(who)}; language=en"} if who else {}


@pytest.fixture
def screen(sqlite_database: str, tmp_path: Path) -> Iterator[Screen]:
    """What differs between engines is tested below the edge."""
    with make_world(sqlite_database, tmp_path, pages=True) as world:
        world.do(_add_an_admin, world.ids)
        world.do(made_world.populate, world)
        registry = load()
        bring(registry)
        world.client.app.state.registry = registry
        yield Screen(world)


def test_every_page_states_a_permission_and_is_guarded() -> None:
    assert len(routes()) > 60
    for route in routes():
        assert route.handler.opt.get("permission") in PERMISSIONS, route.address
        assert admit_page in route.handler.resolve_guards(), route.address


def test_what_changes_something_is_a_post_and_no_post_only_reads() -> None:
    assert {each.method for each in routes()} == {"GET", "POST"}
    assert not [each.address for each in routes() if each.method == "GET" and each.address.endswith("/end")]


def test_who_is_not_logged_in_is_sent_to_the_log_in_everywhere(screen: Screen) -> None:
    ids = screen.plant("granvik", "kontakt", "kanarie")
    for route in routes():
        if route.address in OUTSIDE:
            continue
        path, client = route.at(ids), screen.world.client
        page = client.request(route.method, path, headers=OWN, follow_redirects=False)
        assert (page.status_code, page.headers["Location"].partition("?")[0]) == (303, "/login"), path
        part = client.request(route.method, path, headers=OWN | PART, follow_redirects=False)
        assert (part.status_code, part.headers["HX-Redirect"].partition("?")[0]) == (401, "/login"), path


FORGED: Mapping[str, tuple[str | None, Mapping[str, str]]] = {
    "without a token": ("", {}),
    "with somebody else's token": ("00" * 24, {}),
    "from another site": (None, {"Sec-Fetch-Site": "cross-site"}),
    "from a neighbour": (None, {"Sec-Fetch-Site": "same-site"}),
}


@pytest.mark.parametrize("how", FORGED)
def test_every_forged_post_is_refused_and_nothing_is_done(screen: Screen, how: str) -> None:
    ids = screen.plant("granvik", "kontakt", "kanarie")
    token, headers = FORGED[how]
    before = everything(screen.world, ids)
    for route in posts():
        if route.address == "/login" and token is not None:
            continue  # nobody has a token yet
        who = asker(route)
        answer = screen.post(route.at(ids), who, screen.form(ids), token=token, **headers)
        assert answer.status_code == 403, (route.address, answer.text)
        assert "so nothing was done" in answer.text
    assert everything(screen.world, ids) == before
    assert screen.get("/inbox").status_code == 200  # no forged log-out either


def test_of_elsewhere_and_of_nothing_every_route_says_the_same(screen: Screen) -> None:
    screen.world.do(_open_a_channel_elsewhere, screen.world.ids)
    mine = screen.plant("granvik", "kontakt", "kanarieett")
    theirs = screen.plant("nesoy", "innbygger", "kanarietva")
    nothing = {
        **theirs,
        **{name: 4711 for name in theirs if name.endswith("_id")},
        "public_id": "x" * 22,
        "kind": "reply",
        "lookup": "waste",
        "name": "nothing",
    }
    before = everything(screen.world, theirs)
    for route in by_id():
        who = asker(route)
        for headers in ({}, PART):
            said = screen.asks(route, theirs, who, form=_of_mine(mine), **headers)
            assert "kanarie" not in said.text + str(said.headers)
            assert _plain(said) == _plain(screen.asks(route, nothing, who, form=_of_mine(mine), **headers))
            if route.address.endswith(SHOWN_ALREADY):
                assert said.status_code in {200, 204}, route.address
                continue
            assert said.status_code == 404, (route.method, route.address, said.status_code)
    assert everything(screen.world, theirs) == before


def test_parts_of_elsewhere_dont_fit_into_what_is_ours(screen: Screen) -> None:
    mine = screen.plant("granvik", "kontakt", "kanarieett")
    theirs = screen.plant("nesoy", "innbygger", "kanarietva")
    at = {**theirs, "conversation_id": mine["conversation_id"]}
    inner = [
        each
        for each in by_id()
        if re.search(r"conversation_id:int}.*(point|matter|entry|upload|call_back)_id:", each.address)
    ]
    assert len(inner) == 19
    for route in inner:
        said = screen.asks(route, at, "sara", form={"version": "2"})
        assert (said.status_code, "kanarietva" in said.text) == (404, False), route.address
    base = f"/conversations/{mine['conversation_id']}"
    elsewhere = {
        "queue": {"queue": str(theirs["queue"])},
        "confidentiality": {"queue": str(theirs["queue"])},
        "assignment": {"person": str(screen.world.ids["nils"])},
        "matters": {"topic": str(theirs["topic"])},
        "merges": {"other": str(theirs["conversation_id"])},
        "misdirection": {"to": f"{theirs['municipality']} {theirs['queue']}"},
    }
    for part, form in elsewhere.items():
        said = screen.post(f"{base}/{part}", "sara", {"version": "2", **form})
        assert said.status_code in {404, 422}, (part, said.status_code, said.text)
        assert "kanarietva" not in said.text


def test_what_is_decided_on_an_old_state_is_refused_in_words(screen: Screen) -> None:
    ids = screen.plant("granvik", "kontakt", "kanarie")
    decided = [
        each
        for each in posts()
        if _takes(each, Decided) and each.address != "/conversations/{conversation_id:int}/matters"
    ]
    assert len(decided) > 15
    for route in decided:
        who = asker(route)
        for headers in ({}, PART):
            said = screen.asks(route, ids, who, form={"version": "999"}, **headers)
            assert said.status_code == 412, (route.address, said.status_code, said.text)
            words = re.sub(r"(?s)<head.*?</head>|<svg.*?</svg>|<[^>]+>", " ", said.text)
            assert re.search(r"\w+ \w+ \w+.*\.", words), route.address
        assert screen.asks(route, ids, who, form={"version": "1 or 1=1"}).status_code in {400, 412}


WIDGET_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors "
)
POLICIES: Mapping[str, str] = {
    "/entries/{entry_id:int}/html": FRAME_POLICY,
    "/attachments/{public_id:str}": SANDBOX,
    "/web-forms/{form_id:int}/preview/{language:str}": PREVIEW_POLICY,
}


def test_every_answer_carries_its_policy(screen: Screen) -> None:
    ids = screen.plant("granvik", "kontakt", "kanarie")
    for route in routes():
        if route.method == "POST" or route.address in {ENDLESS, "/static/{version:str}/{path:path}"}:
            continue
        who = asker(route)
        for headers in ({}, PART):
            _check(screen.asks(route, ids, who, **headers), POLICIES.get(route.address, PAGE_POLICY))
    for path, status in (("/inbox?view=nothing", 422), ("/conversations/5", 404), ("/channels", 403)):
        answer = screen.get(path)
        assert answer.status_code == status
        _check(answer, PAGE_POLICY)
    _check(screen.get("/nothing/here"), NOTHING_LOADS)
    _check(screen.post("/conversations/5/closure", "sara", {}), PAGE_POLICY)
    asset = screen.get(asset_url("app.css"))
    assert asset.headers["Cache-Control"] == UNCHANGING
    _check(asset, NOTHING_LOADS, kept=True)
    stale = screen.get(asset_url("app.css").replace("/static/", "/static/x"))
    _check(stale, NOTHING_LOADS)


def test_a_chats_frame_stands_on_its_own_pages_alone_and_loads_nothing_but_ours(screen: Screen) -> None:
    """A47: neither for a channel that isn't there, nor for one that lists no page."""
    origins = ["https://www.granvik.example", "https://vatten.granvik.example"]
    shown, hidden = (screen.world.do(add_chat, screen.world.ids, origins=each) for each in (origins, []))
    for channel_id, framed_by in ((shown, " ".join(origins)), (hidden, "'none'")):
        frame = screen.get(f"/chat/{channel_id}?lang=sv", None)
        _check(frame, WIDGET_POLICY + framed_by, kept=True, others=True)
        assert frame.headers["Cache-Control"] == "public, max-age=300"  # the same for everybody, for it names nobody
        assert "Set-Cookie" not in frame.headers
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*(\ssrc=\"/|application/json))", frame.text)
    script = screen.get("/chat/widget.js", None)
    assert script.headers["Cache-Control"] == "public, max-age=300"
    _check(script, NOTHING_LOADS, kept=True, others=True)
    assert len(script.content) < 15_000
    for path in (f"/chat/{shown + 1}", f"/chat/{shown}/nothing", f"/chat/{shown}/turns"):
        assert "frame-ancestors 'none'" in screen.get(path, None).headers["Content-Security-Policy"]
    api = screen.get(f"/chat/{shown}/reception", None)
    _check(api, NOTHING_LOADS)


def _check(answer: Response, policy: str, *, kept: bool = False, others: bool = False) -> None:
    """`others`: a page of another site may load it."""
    at = f"{answer.request.method} {answer.request.url}"
    headers = answer.headers
    assert headers["Content-Security-Policy"] == policy, at
    expected = {**ALWAYS, "Cross-Origin-Resource-Policy": "cross-origin"} if others else ALWAYS
    for name, value in expected.items():
        assert headers[name] == value, (at, name)
    assert "geolocation=()" in headers["Permissions-Policy"], at
    assert headers["Referrer-Policy"] in {"same-origin", "no-referrer"}, at
    assert kept or headers["Cache-Control"] == "no-store", at
    charsets = headers.get("Content-Type", "text/html; charset=utf-8").count("charset=utf-8")
    assert charsets == 1 or policy != PAGE_POLICY, at


def test_no_cookie_goes_without_tls_or_to_other_sites(screen: Screen) -> None:
    """The session's own is `__Host-` and out of scripts' reach besides (`test_session`)."""
    found = screen.get("/login?language=sv", None).headers.get_list("Set-Cookie")
    form = {"theme": "dark", "keys": "off", "language": "sv"}
    found += screen.post("/settings", "sara", form).headers.get_list("Set-Cookie")
    ended = screen.post("/logout", "sara", {})
    assert ended.headers["Clear-Site-Data"] == '"storage"'
    found += ended.headers.get_list("Set-Cookie")
    assert len(found) == 5
    for each in found:
        said = {part.strip().lower() for part in each.split(";")}
        assert {"secure", "samesite=lax", "path=/"} <= said, each
        assert not any(part.startswith("domain") for part in said), each
    assert found[-1].startswith("__Host-torg=")
    assert "httponly" in found[-1].lower()


OUT: Mapping[str, Callable[[Screen], object]] = {
    "disabled": lambda screen: screen.world.do(
        lambda unit: setattr(must(unit.get(Person, screen.world.ids["sara"])), "disabled_at", clock.now())
    ),
    "logged out": lambda screen: screen.world.do(session.end, screen.cookies["sara"]),
}


@pytest.mark.parametrize("how", OUT)
def test_who_is_out_is_out_of_every_page_within_five_seconds(screen: Screen, how: str) -> None:
    ids = screen.plant("granvik", "kontakt", "kanarie")
    assert screen.get("/inbox").status_code == 200
    OUT[how](screen)
    let_pass(4)
    for route in routes():
        if route.address in OUTSIDE or NARROW & set(re.findall(r"(\w+):int", route.address)):
            continue
        said = screen.asks(route, ids, "sara")
        assert (said.status_code, said.headers["Location"].partition("?")[0]) == (303, "/login"), route.address
        assert screen.asks(route, ids, "sara", **PART).status_code == 401, route.address


def everything(world: World, ids: Mapping[str, object]) -> tuple[object, ...]:
    """What a change of the conversation would show in."""

    def look(unit: Unit) -> tuple[object, ...]:
        row = must(unit.get(Conversation, int(str(ids["conversation_id"]))))
        counted = (len(unit.all(select(of.id))) for of in (Entry, Matter, Draft, Conversation))
        return (row.version, row.queue_id, row.assignee_id, row.closed_at, *counted)

    return world.do(look)


def _of_mine(ids: Mapping[str, object]) -> dict[str, str]:
    """So that nothing but the address is of elsewhere."""
    return {"queue": str(ids["queue"]), "topic": str(ids["topic"]), "other": str(ids["other"])}


def _plain(answer: Response) -> tuple[int, str]:
    """Without what is another one each time."""
    return answer.status_code, re.sub(r'value="[0-9a-f]{48}"', "", answer.text)


def _takes(route: Route, kind: type) -> bool:
    data = route.handler.parsed_fn_signature.parameters.get("data")
    return data is not None and isinstance(data.annotation, type) and issubclass(data.annotation, kind)


def _add_an_admin(unit: Unit, ids: dict[str, int]) -> None:
    row = person.add(unit, "adam@granvik.example", "Adam")
    person.join(unit, row, must(unit.get(Municipality, ids["granvik"])), "admin")
    ids["adam"] = row.id


def _open_a_channel_elsewhere(unit: Unit, ids: dict[str, int]) -> None:
    row = Channel(kind="smtp_in", name="elsewhere", home_id=ids["nesoy"], config={})
    unit.add(row)
    ids["elsewhere"] = row.id
