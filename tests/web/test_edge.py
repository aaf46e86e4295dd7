"""What holds for every route: log-in, problems, headers, limits."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from hub import clock
from hub.access.person import Membership, Person
from hub.errors import Unavailable
from tests.web.world import World, let_pass, must

PROBLEM = "application/problem+json"


WRONG = [
    None,
    "",
    "Bearer",
    "Bearer ",
    "Bearer wrong",
    "Basic c2FyYTp4",
    "Bearer " + "x" * 5000,
    "Bearer torg_å",
    "Bearer \x7f",
]


def test_a_wrong_token(world: World) -> None:
    for header in WRONG:
        headers = {} if header is None else {b"Authorization": header.encode("latin-1")}
        answer = world.client.get("/api/v1/me", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert answer.headers["Content-Type"] == PROBLEM


def test_an_ended_token(world: World) -> None:
    assert world.get("/me", "ended").status_code == 401


def test_a_disabled_person_is_out_within_two_seconds(world: World) -> None:
    assert world.get("/me").status_code == 200
    world.do(lambda unit: setattr(must(unit.get(Person, world.ids["sara"])), "disabled_at", 1))
    let_pass(2)
    assert world.get("/me").status_code == 401


def test_an_ended_membership_takes_its_conversations_along(world: World) -> None:
    found = world.mail()
    assert world.get(f"/conversations/{found}").status_code == 200
    world.do(lambda unit: unit.change(update(Membership).values(until=clock.now())))
    let_pass(2)
    assert world.get(f"/conversations/{found}").status_code == 404
    assert world.everything("/conversations") == []


def test_a_token_that_may_only_read(world: World) -> None:
    found = world.mail()
    assert world.get(f"/conversations/{found}", "reader").status_code == 200
    answer = world.ask("POST", f"/conversations/{found}/notes", "reader", json={"text": "a"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (403, PROBLEM)


def test_who_asks(world: World) -> None:
    me = world.get("/me", "vera").json()
    assert (me["name"], me["memberships"][0]["role"], me["memberships"][0]["queue_id"]) == (
        "Vera",
        "agent",
        str(world.ids["vatten"]),
    )
    assert [each["code"] for each in world.get("/municipalities").json()["items"]] == ["granvik", "holmo"]
    assert [each["words"]["sv"] for each in world.get("/queues").json()["items"]] == ["kontakt", "vatten"]
    assert [each["id"] for each in world.get("/topics").json()["items"]] == [str(world.ids["fakturor"])]


REFUSED = [
    ("GET", "/nothing", 404),
    ("GET", "/conversations/abc", 404),
    ("GET", "/conversations/1.5", 404),
    ("GET", "/conversations/-1", 400),
    ("GET", f"/conversations/{2**63}", 400),
    ("GET", f"/conversations/{10**40}", 400),
    ("DELETE", "/conversations", 405),
    ("GET", "/conversations?limit=201", 400),
    ("GET", "/conversations?limit=0", 400),
    ("GET", "/conversations?limit=x", 400),
    ("GET", "/conversations?que=5", 400),
    ("GET", "/conversations?queue=0", 400),
    ("GET", "/conversations?assignee=%00", 400),
    ("GET", "/conversations?municipality=%00", 422),
    ("GET", "/conversations?municipality=nesoy", 422),
    ("GET", "/conversations?state=lost", 400),
    ("GET", f"/conversations?assignee={10**18 * 9 + 10**18 - 1}", 422),
    ("GET", "/search", 400),
    ("GET", "/search?q=", 400),
]


def test_problems(world: World) -> None:
    for method, path, status in REFUSED:
        answer = world.ask(method, path)
        assert answer.status_code == status, answer.text
        assert answer.headers["Content-Type"] == PROBLEM
        problem = answer.json()
        assert problem["status"] == status
        assert problem["title"]
        assert problem["detail"]
        assert "Traceback" not in answer.text
        assert "/api/v1" not in answer.text


def test_a_validation_names_the_field(world: World) -> None:
    problem = world.get("/conversations?limit=999").json()
    assert problem["errors"][0]["field"] == "limit"


def test_a_body_of_nothing_but_brackets_is_no_bug(world: World, caplog: pytest.LogCaptureFixture) -> None:
    for body in (b"[" * 50_000, b'{"text":' + b"[" * 50_000, b'{"text":' + b'{"a":' * 50_000):
        answer = world.ask("POST", f"/conversations/{world.mail()}/notes", content=body)
        assert (answer.status_code, answer.headers["Content-Type"]) == (400, PROBLEM)
    assert [each for each in caplog.records if each.levelname == "ERROR"] == []


def test_a_bug_shows_nothing_of_itself(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the secret of Nesøy")

    monkeypatch.setattr("hub.web.conversations.queries.conversations", fail)
    answer = world.get("/conversations")
    assert (answer.status_code, answer.headers["Content-Type"]) == (500, PROBLEM)
    assert "secret" not in answer.text


def test_what_is_missing_on_the_disk_is_named_and_is_no_bug(
    world: World, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """And whoever asked is told what to do about it."""
    found = world.mail()
    file = {"file": ("karta.pdf", b"innehall", "application/pdf")}
    upload = world.ask("POST", f"/conversations/{found}/uploads", files=file, params={"kind": "note"}).json()["id"]
    said = {"text": "Se kartan", "uploads": [upload]}
    assert world.ask("POST", f"/conversations/{found}/notes", json=said).status_code == 201
    path = f"/attachments/{upload}"
    assert world.get(path).content == b"innehall"
    (blob,) = (each for each in (tmp_path / "blobs").rglob("*") if each.is_file())
    name = f"attachments/{world.ids['granvik']}/{blob.name}"
    tell = "Nothing was changed. Tell IT: torg db check names all that is damaged."
    for damage, what in (
        (lambda: blob.write_bytes(b"annat"), f"The blob {name} isn't what was stored: restore it from a backup."),
        (blob.unlink, f"The blob {name} is missing: restore the blob folder from a backup."),
    ):
        damage()
        answer = world.get(path)
        assert (answer.status_code, answer.headers["Content-Type"]) == (500, PROBLEM)
        assert answer.json()["detail"] == f"{what} {tell}"
        record = caplog.records[-1]
        assert (record.levelname, record.exc_info) == ("ERROR", None)
        assert record.getMessage() == f"GET /api/v1/attachments/{{public_id}}: {what}"


def test_who_goes_before_their_request_is_whole_is_no_fault_of_ours(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """As a server tells an application that a browser is gone."""
    coming: list[Any] = [
        {"type": "http.request", "body": b'{"te', "more_body": True},
        {"type": "http.disconnect"},
    ]
    answered: list[Any] = []

    async def receive() -> Any:
        return coming.pop(0)

    async def send(message: Any) -> None:
        answered.append(message)

    token = f"Bearer {world.tokens['sara']}".encode()
    path = f"/api/v1/conversations/{world.mail()}/notes"
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80), "state": {},
        "headers": [(b"authorization", token), (b"content-type", b"application/json"), (b"content-length", b"20")],
    }  # fmt: skip
    asyncio.run(world.client.app(scope, receive, send))
    assert coming == []
    assert answered[0]["status"] == 400
    assert caplog.records == []


def test_a_database_in_trouble(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert world.client.get("/health").json() == {"status": "ok"}

    def fail(*_: object, **__: object) -> None:
        raise Unavailable("The database can't be reached.")

    monkeypatch.setattr(world.storage, "read_now", fail)
    answer = world.get("/me", "vera")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    health = world.client.get("/health")
    assert (health.status_code, health.json()) == (503, {"status": "trouble"})


@pytest.mark.parametrize(
    "path", ["/", "/health", "/api/v1/me", "/nothing", "/api/v1/conversations?x=1", "/api/v1/openapi.json"]
)
def test_headers(world: World, path: str) -> None:
    answer = world.client.get(path, headers={"Authorization": f"Bearer {world.tokens['sara']}"})
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_the_plain_page_says_what_is_here_and_loads_nothing(world: World) -> None:
    answer = world.client.get("/")
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "openapi.json" in answer.text
    assert not any(word in answer.text for word in ("<script", "<style", "style=", "http"))
