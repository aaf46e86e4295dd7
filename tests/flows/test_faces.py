"""A public face and one inside, as processes on one PostgreSQL: what is said on one side is heard on the other."""

import json
import threading
from collections.abc import Callable, Iterator

import httpx
from sqlalchemy import make_url

from tests import asking
from tests.flows.house import House
from tests.line import PATIENCE, until
from tests.web.chats import ALWAYS, add_chat


def test_a_chat_between_the_faces(build: Callable[..., House], postgres_database: str) -> None:
    """The public face reads nothing for what it tells; that the answer is there it hears from the other process."""
    house = build(postgres_database, face="inside", cookie_secure=False)
    kept = house.write(lambda unit: add_chat(unit, {**house.ids, "kontakt": house.ids["desk"]}, hours=ALWAYS))
    outside = f"http://127.0.0.1:{house.web_ports[1]}"
    login = make_url(postgres_database).set(username="torg_public").render_as_string(hide_password=False)
    public = {"TORG_DATABASE_URL": login, "TORG_PORT": str(house.web_ports[1]), "TORG_FACE": "inside"}
    with house.serving(), house.process("serve", "--face", "public", **public):
        until(lambda: is_healthy(outside))
        with httpx.Client(base_url=f"{outside}/chat/{kept}", headers={"Origin": outside}, timeout=PATIENCE) as page:
            ticket = page.get("/reception").json()["ticket"]
            said = {"ticket": ticket, "key": "key-00001", "text": "Hej, är vattnet avstängt?", "language": "sv"}
            begun = page.post("/visits", json=said)
            assert begun.status_code == 201, begun.text
            page.headers["Torg-Visitor"] = begun.json()["secret"]
            (waiting,) = house.look("/conversations")["items"]
            with page.stream("GET", "/events") as stream:
                turns = spoken(stream.iter_lines())
                assert next(turns)["mine"]
                later = threading.Timer(
                    0.2, lambda: house.make(f"/conversations/{waiting['id']}/turns", {"text": "Ja, till tre."})
                )
                later.start()
                assert next(turns)["text"] == "Ja, till tre."
                later.join()
        assert asking.get(f"{outside}/login").status_code == 404
        assert asking.get(f"http://127.0.0.1:{house.web_ports[0]}/chat/{kept}/reception").status_code == 404
    assert house.bugs() == []


def is_healthy(address: str) -> bool:
    try:
        return asking.get(f"{address}/health").status_code == 200
    except httpx.TransportError:
        return False


def spoken(lines: Iterator[str]) -> Iterator[dict[str, object]]:
    """The turns of a stream."""
    event = ""
    for line in lines:
        if line.startswith("event:"):
            event = line.removeprefix("event:").strip()
        elif line.startswith("data:") and event == "turn":
            yield json.loads(line.removeprefix("data:"))
