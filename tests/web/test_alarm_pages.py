"""Whom IT is told by, in a browser and by the API: added, tried, removed, by who runs those channels alone."""

import re
from typing import Any

from sqlalchemy import select

from hub import clock
from hub.access.audit import Audit
from hub.inbox.municipality import Municipality
from hub.storage.unit import Unit
from hub.watch import alarm, target
from hub.watch.alarm import AlarmNotice
from hub.watch.target import AlarmTarget, key_of
from tests.web.test_administration import Visit, kept, visit, words
from tests.web.world import World, must

__all__ = ["kept", "visit"]
MAIL = {"kind": "mail", "address": "larm@granvik.example", "again_hours": "12", "key": ""}


def targets(world: World) -> list[tuple[str, str, int | None, int]]:
    def read(unit: Unit) -> list[tuple[str, str, int | None, int]]:
        return [(row.kind, row.address, row.municipality_id, row.again_hours) for row in target.targets(unit)]

    return world.do(read)


def test_a_mail_address_is_added_tried_and_removed(world: World, visit: Visit) -> None:
    ida, home = visit("ida"), str(world.ids["granvik"])
    assert "Nobody is told yet" in ida.said("/alarms")
    assert 'href="/alarms/new"' in ida.get("/channels").text
    assert ida.send("/alarms/new", "/alarms/new", script=False, **MAIL, home=home).headers["Location"] == "/alarms"
    assert targets(world) == [("mail", "larm@granvik.example", int(home), 12)]
    assert "larm@granvik.example Mail · Granvik · again after 12 hours Nothing was told yet" in ida.said("/alarms")
    (row,) = world.do(lambda unit: unit.all(select(AlarmTarget.id)))
    at = f"/alarms/{row}"
    tried = ida.send(f"{at}/trial", "/alarms", script=True)
    assert ("A test alarm is on its way" in words(tried), "every 3s" in tried.text) == (True, True)
    again = ida.send(f"{at}/trial", "/alarms", script=True)
    assert (again.status_code, "A trial is on its way there" in words(again)) == (409, True)

    def fail_once(unit: Unit) -> None:
        notice = must(unit.first(select(AlarmNotice)))
        notice.attempt, notice.not_before = 1, clock.NEVER

    world.do(fail_once)
    assert ida.send(f"{at}/trial", "/alarms", script=True).status_code == 200
    (due,) = world.do(lambda unit: unit.all(select(AlarmNotice.not_before)))
    assert due <= clock.now()

    def end(state: str, reason: str | None) -> None:
        def write(unit: Unit) -> None:
            notice = must(unit.first(select(AlarmNotice)))
            notice.state, notice.reason = state, reason

        world.do(write)

    end("failed", "The mail server post.nesoy.example isn't reached: nobody answers there.")
    assert "Didn’t go out Test alarm, " in ida.said("/alarms")
    assert "The mail couldn't be handed over; IT of all municipalities sees why." in ida.said("/alarms")
    assert "post.nesoy.example isn't reached" in visit("iris").said("/alarms")
    end("sent", None)
    shown = ida.get("/alarms")
    assert ("Sent Test alarm, " in words(shown), "every 3s" in shown.text) == (True, False)
    assert "<dialog" in ida.part(f"{at}/removal").text
    assert ida.send(f"{at}/removal", f"{at}/removal").headers["Location"] == "/alarms"
    assert targets(world) == []
    found = world.do(lambda unit: unit.all(select(Audit.act).where(Audit.act.like("alarm.%")).order_by(Audit.id)))
    assert list(found) == ["alarm.add", "alarm.try", "alarm.try", "alarm.remove"]


def test_the_key_of_a_call_is_shown_once(world: World, visit: Visit) -> None:
    ida, home = visit("ida"), str(world.ids["granvik"])
    call = {"kind": "webhook", "address": "https://larm.granvik.example/torg?token=hemligt17", "again_hours": "4"}
    made = ida.send("/alarms/new", "/alarms/new", script=False, **call, home=home, key="")
    key = must(re.search(r'id="key" value="([^"]+)"', made.text))[1]
    assert world.do(lambda unit: key_of(unit, target.targets(unit)[0])) == key.encode()
    assert "hemligt17" not in made.text
    shown = ida.get("/alarms").text
    assert (key in shown, "hemligt17" in shown, "https://larm.granvik.example/torg?…" in shown) == (False, False, True)
    theirs = {**call, "address": "https://larm.granvik.example/annan", "key": "deras egen nyckel, lång"}
    assert ida.send("/alarms/new", "/alarms/new", script=False, **theirs, home=home).status_code == 303
    assert world.do(lambda unit: key_of(unit, target.targets(unit)[1])) == theirs["key"].encode()


def test_one_is_changed_and_keeps_its_key(world: World, visit: Visit) -> None:
    ida, home = visit("ida"), str(world.ids["granvik"])
    call = {"kind": "webhook", "address": "https://larm.granvik.example/torg?token=hemligt17", "again_hours": "4"}
    ida.send("/alarms/new", "/alarms/new", script=False, **call, home=home, key="")
    (row,) = world.do(target.targets)
    key, at = world.do(lambda unit: key_of(unit, must(unit.get(AlarmTarget, row.id)))), f"/alarms/{row.id}"
    assert f'href="{at}"' in ida.get("/alarms").text
    form = ida.get(at)
    assert "hemligt17" not in form.text
    assert "https://larm.granvik.example/torg?…" in form.text
    version = must(re.search(r'name="version" value="([^"]+)"', form.text))[1]
    refused = ida.send(at, at, script=False, address="", home=home, again_hours="0", key="")
    assert (refused.status_code, 'id="f-hours-problem"' in refused.text) == (422, True)
    assert ida.send(at, at, script=False, address="", home=home, again_hours="12", key="").status_code == 303
    (row,) = world.do(target.targets)
    assert (row.address, row.again_hours) == (call["address"], 12)
    assert world.do(lambda unit: key_of(unit, must(unit.get(AlarmTarget, row.id)))) == key
    token = must(re.search(r'name="_csrf_token" value="(\w+)"', form.text))[1]
    late = {"address": "https://annan.example/x", "home": home, "again_hours": "9", "key": ""}
    stale = ida.post(at, False, _csrf_token=token, version=version, **late)
    assert (stale.status_code, late["address"] in stale.text) == (412, True)
    assert ida.send(at, at, script=False, **late).status_code == 303
    assert world.do(target.targets)[0].address == late["address"]


def test_one_is_changed_by_the_api(world: World) -> None:
    home = str(world.ids["granvik"])
    world.ask("POST", "/alarm-targets", "ida", json={"mail": "it@granvik.example", "municipality": home})
    (line,) = world.everything("/alarm-targets", "ida")
    at, said = f"/alarm-targets/{line['id']}", {"municipality": home, "again_hours": 3}
    assert world.ask("PUT", at, "ida", json=said).status_code == 428
    changed = world.ask("PUT", at, "ida", json=said, headers={"If-Match": f'"{line["version"]}"'})
    assert (changed.status_code, changed.json()["again_hours"]) == (200, 3)
    assert changed.json()["address"] == "it@granvik.example"
    headers = {"If-Match": f'"{changed.json()["version"]}"'}
    assert world.ask("PUT", at, "ida", json={**said, "municipality": None}, headers=headers).status_code == 403


def test_what_cannot_be_used_is_said_at_its_field(world: World, visit: Visit) -> None:
    ida, home = visit("ida"), str(world.ids["granvik"])
    call = {**MAIL, "kind": "webhook"}
    for wrong, field in (
        ({**MAIL, "address": "larm"}, "address"),
        ({**MAIL, "again_hours": "169"}, "hours"),
        ({**MAIL, "again_hours": "x"}, "hours"),
        ({**call, "address": "http://larm.granvik.example/x"}, "address"),
        ({**call, "address": "https://[::1"}, "address"),
        ({**call, "address": "https://u:hemligt17@larm.granvik.example/"}, "address"),
        ({**call, "address": "https://larm.granvik.example/x", "key": "kort"}, "key"),
        ({**MAIL, "kind": "fax"}, "kind"),
    ):
        refused = ida.send("/alarms/new", "/alarms/new", script=False, **wrong, home=home)
        assert (refused.status_code, f'id="f-{field}-problem"' in refused.text) == (422, True), wrong
        assert "kort" not in refused.text
    for elsewhere in (str(world.ids["nesoy"]), "", "4711"):
        assert ida.send("/alarms/new", "/alarms/new", script=False, **MAIL, home=elsewhere).status_code == 422
    assert ida.send("/alarms/new", "/alarms/new", script=False, **MAIL, home="all").status_code == 403
    assert targets(world) == []
    assert ida.send("/alarms/new", "/alarms/new", script=False, **MAIL, home=home).status_code == 303
    twice = ida.send("/alarms/new", "/alarms/new", script=False, **MAIL, home=home)
    assert (twice.status_code, "This address is told of these alarms already." in words(twice)) == (422, True)


def test_each_sees_and_changes_their_own(world: World, visit: Visit) -> None:
    def plant(unit: Unit) -> dict[str, int]:
        nesoy = must(unit.get(Municipality, world.ids["nesoy"]))
        theirs, shared = target.add_mail(unit, "it@nesoy.example", nesoy), target.add_mail(unit, "it@all.example", None)
        alarm.try_out(unit, shared)
        must(unit.first(select(AlarmNotice))).reason = "<it@all.example> is unknown"
        return {"theirs": theirs.id, "shared": shared.id}

    ids = world.do(plant)
    ida = visit("ida")
    shown = ida.get("/alarms")
    assert ("it@nesoy" in shown.text, "it@all" in shown.text) == (False, False)
    assert "An address of the whole centre’s Mail · all channels" in words(shown)
    for name, status in (("theirs", 404), ("shared", 403)):
        assert ida.get(f"/alarms/{ids[name]}/removal").status_code == status
        for method, path in (("DELETE", ""), ("POST", "/trials")):
            assert world.ask(method, f"/alarm-targets/{ids[name]}{path}", "ida").status_code == status
    assert "it@all.example" in visit("iris").said("/alarms")
    assert [each["address"] for each in world.everything("/alarm-targets", "ida")] == [None]
    assert [each["address"] for each in world.everything("/alarm-targets", "idun")] == ["it@nesoy.example", None]
    for who in ("sara", "olle"):
        assert visit(who).get("/alarms").status_code == 403
        assert world.get("/alarm-targets", who).status_code == 403


def test_by_the_api(world: World) -> None:
    home = str(world.ids["granvik"])

    def add(**said: Any) -> Any:
        return world.ask("POST", "/alarm-targets", "ida", json=said)

    made = add(webhook="https://larm.granvik.example/x", municipality=home, again_hours=1)
    assert (made.status_code, bool(made.json()["key"])) == (201, True)
    assert add(mail="it@granvik.example").status_code == 403
    assert add(mail="it@granvik.example", webhook="https://x.example/", municipality=home).status_code == 422
    assert add(mail="it@nesoy.example", municipality=str(world.ids["nesoy"])).status_code == 404
    at = f"/alarm-targets/{made.json()['id']}"
    assert world.ask("POST", f"{at}/trials", "ida").json()["state"] == "queued"
    (line,) = world.everything("/alarm-targets", "ida")
    assert (line["what"], line["again_hours"], "key" in line) == ("try", 1, False)
    assert world.ask("DELETE", at, "ida").status_code == 204
    assert world.everything("/alarm-targets", "ida") == []
