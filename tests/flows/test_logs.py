"""What the processes write of a busy quarter of a minute: an object a line, and nobody's name, address or words."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from email.message import EmailMessage

import httpx
import pytest
from sqlalchemy import make_url, text

from tests import asking
from tests.flows.house import CitizensMailServer, House
from tests.line import letter, until
from tests.web.chats import ALWAYS, add_chat

CANARIES = (
    "kanariefågel",
    "kanarie",
    "19121212-1212",
    "191212121212",
    "+46701740605",
    "0701740605",
    "post.example",
    "Sara",
)
REFUSED = "kanariefågel som PostgreSQL inte tar"
_REFUSES = (
    "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RAISE EXCEPTION 'not this: %', NEW.text USING ERRCODE = 'invalid_parameter_value'; END $$",
    "CREATE TRIGGER refuse BEFORE INSERT ON entry FOR EACH ROW"
    f" WHEN (NEW.text LIKE '{REFUSED}%') EXECUTE FUNCTION refuse()",
)
"""PostgreSQL's errors quote what they are about."""


Build = Callable[..., House]
Run = Callable[[Build, pytest.FixtureRequest], AbstractContextManager[tuple[House, str]]]


class Busy:
    """An inside and a public address, which may be one."""

    def __init__(self, house: House, inside: str, public: str) -> None:
        self._house, self._inside, self._public = house, inside, public

    def mail(self) -> int:
        """In, some of it broken, and answers out. A conversation of it."""
        house = self._house
        for number in range(1, 6):
            house.send(letter(f"kanariefågel 19121212-1212 {number}", Subject=f"kanarie {number}"))
        house.send(b"Subject: kanarie\r\nContent-Type: multipart/mixed; boundary=kanarie\r\n\r\n--kanarie\r\n\xff\xfe")
        assert house.try_to_send(bad_recipient()) >= 0
        entries = house.at_least(5)
        for entry in entries[:5]:
            house.reply(entry.conversation_id, "kanariefågel, ring 0701740605", cc=["kanarie@nobody.invalid"])
        return entries[0].conversation_id

    def people(self) -> None:
        for path in ("/search?q=kanarie", "/conversations/1", "/citizens/1"):
            self._house.ask("GET", path)
        asking.post(f"{self._inside}/login", data={"email": "kanarie@post.example", "password": "kanariefågel"})

    def strangers(self, chat_id: int) -> None:
        asking.post(f"{self._public}/calls/1?key=kanarie", content=b"kanarie")
        told = {"event": "newCall", "from": "+46701740605", "to": "kanarie"}
        asking.post(f"{self._public}/api/v1/cti/kanarie", data=told)
        with httpx.Client(base_url=f"{self._public}/chat/{chat_id}", headers={"Origin": self._public}) as page:
            said = {"ticket": page.get("/reception").json()["ticket"], "key": "key-00001", "text": "kanariefågel"}
            begun = page.post("/visits", json={**said, "name": "Kanarie", "language": "sv"})
            assert begun.status_code == 201
            page.post("/visits", json={"ticket": "kanarie", "text": 7})

    def refused(self, conversation_id: int) -> None:
        """What the database doesn't take, from a mail and from a request."""
        self._house.send(letter(REFUSED, Subject="kanarie som inte går"))
        until(lambda: "quarantined" in self._house.raw_states()[-1:])
        status, said, _ = self._house.ask("POST", f"/conversations/{conversation_id}/notes", {"text": REFUSED})
        assert status == 500, said


@contextmanager
def on_sqlite(build: Build, request: pytest.FixtureRequest) -> Iterator[tuple[House, str]]:
    """One process."""
    house = build(request.getfixturevalue("sqlite_database"), log_format="json", log_level="info", cookie_secure=False)
    with house.serving():
        yield house, f"http://127.0.0.1:{house.web_ports[0]}"


@contextmanager
def on_postgresql(build: Build, request: pytest.FixtureRequest) -> Iterator[tuple[House, str]]:
    """Two faces and a worker, which say all they have to say."""
    url, redis_url = (request.getfixturevalue(name) for name in ("postgres_database", "redis_database"))
    house = build(
        url, face="inside", worker="separate", redis_url=redis_url, log_format="json", log_level="debug",
        cookie_secure=False,
    )  # fmt: skip
    with house.storage.engines.writer.begin() as connection:
        for statement in _REFUSES:
            connection.execute(text(statement))
    login = make_url(url).set(username="torg_public").render_as_string(hide_password=False)
    public = {"TORG_DATABASE_URL": login, "TORG_PORT": str(house.web_ports[1])}
    with house.process("worker"), house.process("serve", "--face", "public", **public), house.serving():
        until(lambda: is_ready(house, 1))
        yield house, f"http://127.0.0.1:{house.web_ports[1]}"


def is_ready(house: House, web: int) -> bool:
    try:
        return asking.get(f"http://127.0.0.1:{house.web_ports[web]}/health/ready").status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.parametrize("run", [on_sqlite, on_postgresql], ids=["sqlite", "postgresql"])
def test_a_log_has_nothing_personal_in_it(
    build: Build, request: pytest.FixtureRequest, run: Run, outside: CitizensMailServer
) -> None:
    with run(build, request) as (house, public):
        chat_id = house.write(lambda unit: add_chat(unit, {**house.ids, "kontakt": house.ids["desk"]}, hours=ALWAYS))
        busy = Busy(house, f"http://127.0.0.1:{house.web_ports[0]}", public)
        conversation_id = busy.mail()
        outside.mails(10)
        busy.people()
        busy.strangers(chat_id)
        if run is on_postgresql:
            busy.refused(conversation_id)
    lines = house.log().splitlines()
    assert lines, "it says that it started"
    levels = set()
    for line in lines:
        said = json.loads(line)
        assert {"at", "level", "logger", "message"} <= said.keys()
        levels.add(said["level"])
    assert ("debug" in levels) is (run is on_postgresql)
    for canary in CANARIES:
        assert [line for line in lines if canary.lower() in line.lower()] == []
    assert ("InvalidParameterValue" in house.log()) is (run is on_postgresql)


def bad_recipient() -> EmailMessage:
    mail = letter("kanariefågel")
    del mail["To"]
    mail["To"] = "kanarie <kanarie@post.example>"
    return mail
