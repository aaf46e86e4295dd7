"""Log-in at a browser: cookie, guard, who is told what, and what other sites can't do."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Annotated, Any

import pytest
from httpx import Response
from litestar import Litestar, Request, Router, delete, get, post
from litestar import Response as Answer
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.testing import TestClient
from litestar.types import ASGIApp, Receive, Scope, Send
from sqlalchemy import select

from hub.access import attempt, password
from hub.access.attempt import ACT, MOST, MOST_OF_A_NETWORK, TooManyAttempts, WrongLogIn
from hub.access.audit import Audit
from hub.access.person import Actor, Person
from hub.edge import login
from hub.edge.headers import PAGE_HEADERS, PAGE_POLICY, UNCHANGING, secure
from hub.edge.login import network_of
from hub.edge.person import ANYONE, IT, PERSON, WORK
from hub.edge.problems import PROBLEMS
from hub.edge.session import LOG_IN_FIRST, admit_page, csrf_token, local_path, session_actor
from hub.settings import Settings
from hub.storage.unit import Unit
from tests.web.world import World, let_pass, must

PHRASE = "blå cykel i åtta backar"
OWN = {"Sec-Fetch-Site": "same-origin"}
SARA = "sara@granvik.example"
Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
Asking = Request[Actor, Any, Any]


@get("/login", opt=ANYONE)
async def show_login(request: Asking) -> str:
    found = await session_actor(request)
    return found.name if found else "nobody"


@post("/login", opt=ANYONE)
async def try_login(request: Asking, data: Form) -> Answer[str]:
    try:
        cookie = await login.log_in(request, data["email"], data["password"])
    except (WrongLogIn, TooManyAttempts) as refusal:
        return Answer(str(refusal), status_code=429 if isinstance(refusal, TooManyAttempts) else 401)
    return Answer("", status_code=303, headers={"Location": local_path(data["next"])}, cookies=[cookie])


@post("/logout", opt=PERSON)
async def leave(request: Asking) -> Answer[str]:
    return Answer("", cookies=[await login.log_out(request)])


@get("/", opt=PERSON)
async def show_token(request: Asking) -> str:
    return csrf_token(request)


@get("/channels", opt=IT)
async def show_channels(request: Asking) -> str:
    return request.user.name


@post("/things", opt=WORK)
async def change_thing(request: Asking) -> str:
    return request.user.name


@delete("/things", opt=WORK, status_code=200)
async def remove_thing(request: Asking) -> str:
    return request.user.name


@get("/silent")
async def say_nothing() -> str:
    return ""


@get("/asset", opt=ANYONE)
async def show_asset() -> Answer[str]:
    return Answer("", headers={"Cache-Control": UNCHANGING})


class Browser:
    """Keeps cookies, and says where its requests come from as a browser would."""

    def __init__(self, client: TestClient[Litestar]) -> None:
        self.client = client

    def get(self, path: str, **headers: str) -> Response:
        return self.client.get(path, headers=named(headers), follow_redirects=False)

    def post(self, path: str, data: dict[str, str] | None = None, **headers: str) -> Response:
        return self.client.post(path, data=data or {}, headers={**OWN, **named(headers)}, follow_redirects=False)

    def log_in(self, email: str = SARA, given: str = PHRASE, onward: str = "/") -> Response:
        return self.post("/login", {"email": email, "password": given, "next": onward})

    def token(self) -> str:
        return self.get("/").text


def named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def opened(world: World, settings: Settings, address: str, client: str = "192.0.2.1") -> TestClient[Litestar]:
    """The pages above, over the world's storage."""
    app = application(address, client)
    app.state.clear()
    app.state.storage, app.state.settings = world.storage, settings
    return TestClient(app, base_url=address, raise_server_exceptions=False)


@cache
def application(address: str, client: str) -> Litestar:
    """One for all tests of a process: it takes longer to make than most of them. Two may be open in one test."""
    everything = [show_login, try_login, leave, show_token, show_channels, change_thing, remove_thing]
    pages = Router(
        "/",
        route_handlers=[*everything, say_nothing, show_asset],
        guards=[admit_page],
        exception_handlers=LOG_IN_FIRST,
        response_headers=PAGE_HEADERS,
    )

    def come_from(app: ASGIApp) -> ASGIApp:
        async def call(scope: Scope, receive: Receive, send: Send) -> None:
            scope["client"] = (client, 5000)
            await app(scope, receive, send)

        return call

    return Litestar(
        [pages],
        exception_handlers=PROBLEMS,
        before_send=[secure],
        middleware=[come_from],
        logging_config=None,
        openapi_config=None,
    )


@pytest.fixture
def database_url(sqlite_database: str) -> str:
    """What differs between engines is tested in tests/access."""
    return sqlite_database


@pytest.fixture(scope="module")
def kept() -> str:
    return password.hashed(PHRASE)


@pytest.fixture
def browser(world: World, kept: str) -> Iterator[Browser]:
    """Over TLS. Sara, Vera and Ida have a password."""

    def give(unit: Unit) -> None:
        for who in ("sara", "vera", "ida"):
            password.set_password(unit, must(unit.get(Person, world.ids[who])), kept)

    world.do(give)
    with opened(world, Settings(), "https://torg.example") as client:
        yield Browser(client)


def disable(world: World, who: str) -> None:
    world.do(lambda unit: setattr(must(unit.get(Person, world.ids[who])), "disabled_at", 1))


def outcomes(world: World) -> Sequence[str]:
    query = select(Audit.outcome).where(Audit.act == ACT).order_by(Audit.id)
    return world.do(lambda unit: unit.all(query))


def test_a_log_in_sets_a_cookie_that_no_other_host_and_no_script_gets(browser: Browser) -> None:
    answer = browser.log_in(onward="/channels?state=open")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/channels?state=open")
    name, _, rest = answer.headers["Set-Cookie"].partition("=")
    assert name == "__Host-torg"
    said = {each.strip().lower() for each in rest.split(";")[1:]}
    assert said == {"httponly", "max-age=43200", "path=/", "samesite=lax", "secure"}
    assert browser.get("/login").text == "Sara"


def test_without_tls_the_cookie_is_a_plain_one(world: World, browser: Browser) -> None:
    with opened(world, Settings(cookie_secure=False), "http://torg.example") as client:
        plain = Browser(client)
        cookie = plain.log_in().headers["Set-Cookie"]
        assert cookie.startswith("torg=")
        assert "secure" not in cookie.lower()
        assert plain.get("/").status_code == 200


def test_a_log_in_makes_a_new_session_and_ends_the_old_one(browser: Browser) -> None:
    browser.client.cookies.set("__Host-torg", "fixed-by-somebody-else")
    first = browser.log_in().cookies["__Host-torg"]
    assert first != "fixed-by-somebody-else"
    second = browser.log_in().cookies["__Host-torg"]
    assert second != first
    let_pass(3)
    browser.client.cookies.clear()
    assert browser.get("/", Cookie=f"__Host-torg={first}").status_code == 303
    assert browser.get("/", Cookie=f"__Host-torg={second}").status_code == 200


@pytest.mark.parametrize("who", ["unknown", "disabled", "without a password", "wrong password", "no address"])
def test_all_refusals_are_one_and_cost_one_check(
    world: World, browser: Browser, who: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str | None] = []
    real = password.fits

    def count(stored: str | None, given: str) -> bool:
        checked.append(stored)
        return real(stored, given)

    monkeypatch.setattr(password, "fits", count)
    disable(world, "vera")
    email, given = {
        "unknown": ("nobody@granvik.example", PHRASE),
        "disabled": ("vera@granvik.example", PHRASE),
        "without a password": ("nils@nesoy.example", PHRASE),
        "wrong password": (SARA, PHRASE + "!"),
        "no address": ("\x00", ""),
    }[who]
    answer = browser.log_in(email, given)
    assert (answer.status_code, answer.text) == (401, "The e-mail address or the password is wrong.")
    assert "Set-Cookie" not in answer.headers
    assert len(checked) == 1
    assert (checked == [None]) == (who != "wrong password")
    assert outcomes(world) == ["refused"]


def test_nothing_of_an_attempt_is_logged(browser: Browser, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG", "hub"):
        browser.log_in("nobody@granvik.example", "a secret of mine")
        browser.log_in()
    assert "granvik" not in caplog.text
    assert "secret" not in caplog.text
    assert PHRASE not in caplog.text


def test_accounts_and_networks_have_so_many_attempts(world: World, browser: Browser) -> None:
    for _ in range(MOST):
        assert browser.log_in("nobody@granvik.example", "x").status_code == 401
    refused = browser.log_in("nobody@granvik.example", "x", "/")
    assert (refused.status_code, refused.text) == (
        429,
        "Too many attempts to log in. Try again in 15 minutes.",
    )
    assert browser.log_in().status_code == 303
    door = browser.client.app.state.door
    for _ in range(MOST_OF_A_NETWORK - MOST - 1):
        door.knock("192.0.2.0/24")
    assert browser.log_in().status_code == 429
    with opened(world, Settings(), "https://torg.example", "192.0.3.1") as client:
        client.app.state.door = door
        assert Browser(client).log_in().status_code == 303
    let_pass(15 * 60)
    assert browser.log_in().status_code == 303


def test_a_network_has_so_many_attempts_at_all_processes_together(world: World, browser: Browser) -> None:
    """Whatever accounts it tries: here another process was asked."""

    def fail(unit: Unit) -> None:
        for number in range(MOST_OF_A_NETWORK - 1):
            attempt.settle(unit, attempt.ask(unit, f"{number}@x.example"), right=False, network="192.0.2.0/24")

    world.do(fail)
    assert browser.log_in("nobody@granvik.example", "x").status_code == 401
    assert browser.log_in().status_code == 429
    with opened(world, Settings(), "https://torg.example", "192.0.3.1") as client:
        assert Browser(client).log_in().status_code == 303
    let_pass(15 * 60)
    assert browser.log_in().status_code == 303


def test_who_has_one_address_has_its_network() -> None:
    assert network_of("192.0.2.200") == network_of("::ffff:192.0.2.7") == "192.0.2.0/24"
    assert network_of("2001:db8::1:2:3:4") == network_of("2001:db8::") == "2001:db8::/64"
    assert network_of("") == ""


def test_too_many_at_once_are_asked_to_wait(browser: Browser) -> None:
    browser.log_in()
    browser.client.app.state.door.waiting = login.MOST_WAITING
    answer = browser.log_in()
    assert (answer.status_code, answer.json()["detail"]) == (
        503,
        "Too many people log in just now. Try again in a few seconds.",
    )


def test_a_log_out_ends_the_session_at_once(browser: Browser) -> None:
    cookie = browser.log_in().cookies["__Host-torg"]
    answer = browser.post("/logout", {"_csrf_token": browser.token()})
    assert "max-age=0" in answer.headers["Set-Cookie"].lower()
    assert browser.get("/", Cookie=f"__Host-torg={cookie}").status_code == 303


def test_a_disabled_person_is_out_within_five_seconds(world: World, browser: Browser) -> None:
    browser.log_in()
    assert browser.get("/").status_code == 200
    disable(world, "sara")
    let_pass(2)
    assert browser.get("/").status_code == 303
    assert browser.get("/login").text == "nobody"


def test_a_session_ends_after_twelve_hours(browser: Browser) -> None:
    browser.log_in()
    let_pass(12 * 3600)
    assert browser.get("/").status_code == 303


def test_a_session_opens_no_api_and_a_token_no_page(world: World, browser: Browser) -> None:
    token = browser.log_in().cookies["__Host-torg"]
    assert browser.get("/").status_code == 200
    assert world.client.get("/api/v1/me", headers={"Cookie": f"__Host-torg={token}"}).status_code == 401
    assert world.client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    browser.client.cookies.clear()
    assert browser.get("/", Authorization=f"Bearer {world.tokens['sara']}").status_code == 303
    assert browser.get("/", Cookie=f"__Host-torg={world.tokens['sara']}").status_code == 303


def test_permissions_are_those_of_the_api(browser: Browser) -> None:
    browser.log_in()
    assert browser.get("/channels").status_code == 403
    assert browser.get("/silent").status_code == 500
    browser.log_in("ida@granvik.example")
    assert browser.get("/channels").text == "Ida"


NOT_LOGGED_IN = [
    ("/channels?state=open&q=%C3%A5", {}, 303, "/login?next=/channels%3Fstate%3Dopen%26q%3D%25C3%25A5"),
    ("/", {}, 303, "/login"),
    ("/channels", {"HX-Request": "true"}, 401, "/login"),
    (
        "/channels",
        {"HX-Request": "true", "HX-Current-URL": "https://torg.example/conversations/5?a=1"},
        401,
        "/login?next=/conversations/5%3Fa%3D1",
    ),
    ("/channels", {"HX-Request": "true", "HX-Current-URL": "https://evil.example/x"}, 401, "/login"),
    ("/channels", {"HX-Request": "true", "HX-Current-URL": "http://["}, 401, "/login"),
    ("/channels", {"HX-Request": "true", "HX-Current-URL": "https://torg.example//evil.example"}, 401, "/login"),
    ("/channels", {"Accept": "text/event-stream"}, 401, "/login"),
]


@pytest.mark.parametrize(("path", "headers", "status", "address"), NOT_LOGGED_IN)
def test_who_is_not_logged_in_is_sent_there_and_back(
    browser: Browser, path: str, headers: dict[str, str], status: int, address: str
) -> None:
    answer = browser.client.get(path, headers=headers, follow_redirects=False)
    assert answer.status_code == status
    assert answer.headers["Location" if status == 303 else "HX-Redirect"] == address


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example", "javascript:alert(1)", "", "x",
        "/\t/evil.example", "/\n/evil.example", "/a\r\nSet-Cookie: a=b", "/å", "/ ", "/" + "a" * 2000, "/login",
        "/login?next=/login", "/logout", "/logout/", " /", "/\x00", "/a\\b",
    ],
)  # fmt: skip
def test_next_is_never_elsewhere(path: str) -> None:
    assert local_path(path) == "/"


@pytest.mark.parametrize("path", ["/", "/a/b?c=d&e=%2F#f", "/login-help", "/@evil.example", "/a//b"])
def test_next_is_any_page_of_ours(path: str) -> None:
    assert local_path(path) == path


def test_a_change_needs_the_token_of_its_session(browser: Browser) -> None:
    browser.log_in()
    token, again = browser.token(), browser.token()
    assert token != again
    assert "ara" not in token
    for shown in (token, again):
        assert browser.post("/things", {"_csrf_token": shown}).text == "Sara"
        assert browser.post("/things", x_csrftoken=shown).text == "Sara"
        assert browser.client.delete("/things", headers={**OWN, "X-CSRFToken": shown}).text == "Sara"
    browser.log_in("vera@granvik.example")
    for wrong in ("", "x", token[:-1] + ("0" if token[-1] != "0" else "1"), "å", token[:16], "00" * 24, token):
        answer = browser.post("/things", {"_csrf_token": wrong})
        assert (answer.status_code, answer.json()["detail"]) == (
            403,
            "This page is out of date, so nothing was done. Reload it, then do it again.",
        )
        assert browser.post("/things", x_csrftoken=wrong.encode("ascii", "ignore").decode()).status_code == 403


FROM = [
    ({"Sec-Fetch-Site": "same-origin"}, True),
    ({"Sec-Fetch-Site": "none"}, True),
    ({"Sec-Fetch-Site": "same-site"}, False),
    ({"Sec-Fetch-Site": "cross-site", "Origin": "https://torg.example"}, False),
    ({"Origin": "https://torg.example"}, True),
    ({"Origin": "https://evil.example"}, False),
    ({"Origin": "https://torg.example.evil.example"}, False),
    ({"Origin": "null"}, False),
    ({"Origin": "http://["}, False),
    ({}, False),
]


@pytest.mark.parametrize(("headers", "own"), FROM)
def test_only_our_own_pages_may_post(browser: Browser, headers: dict[str, str], own: bool) -> None:
    form = {"email": SARA, "password": PHRASE, "next": "/"}
    logged_in = browser.client.post("/login", data=form, headers=headers, follow_redirects=False)
    assert logged_in.status_code == (303 if own else 403)
    browser.log_in()
    posted = browser.client.post("/things", data={"_csrf_token": browser.token()}, headers=headers)
    assert posted.status_code == (201 if own else 403)
    if not own:
        assert "another site" in posted.json()["detail"]


def test_pages_load_from_here_alone_and_assets_are_kept(browser: Browser) -> None:
    page = browser.get("/login").headers
    assert page["Content-Security-Policy"] == PAGE_POLICY
    assert "unsafe" not in PAGE_POLICY
    assert (page["Cache-Control"], page["Referrer-Policy"]) == ("no-store", "same-origin")
    assert page["Cross-Origin-Opener-Policy"] == page["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "microphone=()" in page["Permissions-Policy"]
    assert page["Strict-Transport-Security"]
    assert browser.get("/asset").headers["Cache-Control"] == UNCHANGING
    assert browser.get("/nothing").headers["Cache-Control"] == "no-store"
