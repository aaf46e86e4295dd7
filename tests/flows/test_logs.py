"""What the processes write of a busy quarter of a minute: an object a line, and nobody's name, address or words."""

import json
from collections.abc import Callable
from email.message import EmailMessage

import httpx

from tests import asking
from tests.flows.house import CitizensMailServer, House
from tests.line import letter
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


def test_a_log_has_nothing_personal_in_it(
    build: Callable[..., House], sqlite_database: str, outside: CitizensMailServer
) -> None:
    house = build(sqlite_database, log_format="json", log_level="info", cookie_secure=False)
    chat_id = house.write(lambda unit: add_chat(unit, {**house.ids, "kontakt": house.ids["desk"]}, hours=ALWAYS))
    base = f"http://127.0.0.1:{house.web_ports[0]}"
    with house.serving():
        for number in range(1, 6):
            house.send(letter(f"kanariefågel 19121212-1212 {number}", Subject=f"kanarie {number}"))
        house.send(b"Subject: kanarie\r\nContent-Type: multipart/mixed; boundary=kanarie\r\n\r\n--kanarie\r\n\xff\xfe")
        assert house.try_to_send(bad_recipient()) >= 0
        entries = house.at_least(5)
        for entry in entries[:5]:
            house.reply(entry.conversation_id, "kanariefågel, ring 0701740605", cc=["kanarie@nobody.invalid"])
        outside.mails(10)
        for path in ("/search?q=kanarie", "/conversations/1", "/citizens/1"):
            house.ask("GET", path)
        asking.post(f"{base}/login", data={"email": "kanarie@post.example", "password": "kanariefågel"})
        asking.post(f"{base}/calls/1?key=kanarie", content=b"kanarie")
        asking.post(f"{base}/api/v1/cti/kanarie", data={"event": "newCall", "from": "+46701740605", "to": "kanarie"})
        with httpx.Client(base_url=f"{base}/chat/{chat_id}", headers={"Origin": base}) as page:
            ticket = page.get("/reception").json()["ticket"]
            page.post(
                "/visits",
                json={
                    "ticket": ticket,
                    "key": "key-00001",
                    "text": "kanariefågel",
                    "name": "Kanarie",
                    "language": "sv",
                },
            )
            page.post("/visits", json={"ticket": "kanarie", "text": 7})
    lines = house.log().splitlines()
    assert lines, "it says that it started"
    for line in lines:
        said = json.loads(line)
        assert {"at", "level", "logger", "message"} <= said.keys()
    for canary in CANARIES:
        assert [line for line in lines if canary.lower() in line.lower()] == []


def bad_recipient() -> EmailMessage:
    mail = letter("kanariefågel")
    del mail["To"]
    mail["To"] = "kanarie <kanarie@post.example>"
    return mail
