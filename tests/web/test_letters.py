"""Letterheads and canned answers by the API: an admin decides, whoever works there reads."""

from hub.access import login, person
from hub.access.person import Person
from hub.inbox.municipality import Municipality
from hub.storage.unit import Unit
from tests.web.world import World, must


def admin(world: World) -> str:
    """Of Granvik."""

    def add(unit: Unit) -> str:
        row = person.add(unit, "adam@granvik.example", "Adam")
        person.join(unit, row, must(unit.get(Municipality, world.ids["granvik"])), "admin")
        return login.add_token(unit, must(unit.get(Person, row.id)), "test")

    world.tokens["adam"] = world.do(add)
    return "adam"


def test_an_admin_writes_a_letterhead_and_everybody_reads_it(world: World) -> None:
    who, path = admin(world), f"/municipalities/{world.ids['granvik']}/letterhead"
    (before,) = [
        each for each in world.everything("/letterheads") if each["municipality_id"] == str(world.ids["granvik"])
    ]
    assert (before["signature"], before["quotes"]) == ("", True)
    body = {"signature": "{{agent}}\nGranvik", "quotes": False}
    assert world.ask("PUT", path, who, json=body).status_code == 428
    put = world.change("PUT", path, who, version=f'"{before["version"]}"', json=body)
    assert (put.status_code, put.json()["signature"]) == (200, "{{agent}}\nGranvik")
    assert world.change("PUT", path, who, version=f'"{before["version"]}"', json=body).status_code == 412
    assert world.change("PUT", path, "sara", version=put.headers["ETag"], json=body).status_code == 403
    found = world.mail()
    assert world.get(f"/conversations/{found}/letterhead").json() == {"signature": "Sara\nGranvik", "quotes": False}
    nesoy = f"/municipalities/{world.ids['nesoy']}/letterhead"
    assert world.change("PUT", nesoy, who, version=put.headers["ETag"], json=body).status_code == 404


def test_an_admin_keeps_answers_ready(world: World) -> None:
    who, path = admin(world), f"/municipalities/{world.ids['granvik']}/canned"
    body = {"title": {"sv": "Hej"}, "text": {"sv": "Hej {{citizen}}, {{agent}} här."}}
    keyed = {"Idempotency-Key": "one"}
    made = [world.ask("POST", path, who, json=body, headers=keyed).json() for _ in range(2)]
    assert made[0] == made[1]
    (line,) = world.everything("/canned")
    assert (line["id"], line["text"]) == (made[0]["id"], body["text"])
    found = world.mail(sender="eva@example.com")
    (ready,) = world.get(f"/conversations/{found}/canned").json()["items"]
    assert ready["text"] == "Hej eva, Sara här."
    own = f"/canned/{line['id']}"
    changed = world.change("PUT", own, who, version=f'"{line["version"]}"', json={**body, "text": {"sv": "Ny."}})
    assert changed.json()["text"] == {"sv": "Ny."}
    assert world.change("DELETE", own, who, version=f'"{line["version"]}"').status_code == 412
    assert world.change("DELETE", own, "sara", version=changed.headers["ETag"]).status_code == 403
    assert world.change("DELETE", own, who, version=changed.headers["ETag"]).status_code == 204
    assert world.change("DELETE", own, who, version=changed.headers["ETag"]).status_code == 404
    assert world.everything("/canned") == []
    wrong = world.ask("POST", path, who, json={**body, "text": {"sv": "{{7*7}}"}})
    assert (wrong.status_code, "{{citizen}}" in wrong.text) == (422, True)
