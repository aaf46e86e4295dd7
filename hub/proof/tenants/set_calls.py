"""Calls about what is set for a municipality: letterheads, canned answers, receipts, and who is told of alarms."""

import re

from sqlalchemy import delete

from hub.edge.versions import etag, fingerprint
from hub.inbox import canned, receipt
from hub.inbox.canned import Canned
from hub.inbox.letterhead import Letterhead
from hub.inbox.municipality import Municipality
from hub.proof.tenants.matrix import CHANNELS, LOOKUPS
from hub.proof.tenants.ready import Call
from hub.proof.tenants.world import World
from hub.storage.unit import Unit
from hub.watch import alarm, target


def on_rule(unit: Unit, world: World, method: str, path: str, code: str) -> Call:
    """One is there to be taken away."""
    if "/canned" in path or path.endswith("/letterhead"):
        return _on_letter(unit, world, method, path, code)
    municipality = unit.get(Municipality, world.ids["municipality"][code])
    assert municipality is not None
    receipt.set_rule(unit, municipality, None, is_on=False, unconfirmed=False, words={})
    body = {"on": True} if method == "PUT" else None
    version = {"If-Match": etag(fingerprint(True, False, False, {}))}
    return Call(method, path.replace("{municipality_id:int}", str(municipality.id)), body, version)


def on_lookup(_: Unit, world: World, method: str, path: str, name: str) -> Call:
    """As it was planted."""
    code, department = LOOKUPS[name]
    path = path.replace("{name:str}", department or "waste")
    return Call(method, _at(path, world.ids["municipality"][code]))


def on_target(unit: Unit, world: World, method: str, path: str, name: str) -> Call:
    """One that is told of its channels' alarms, there anew; none yet that would be added."""
    code = CHANNELS[name]
    home = unit.get(Municipality, world.ids["municipality"][code]) if code else None
    address = "beviset@centre.example"
    for row in target.targets(unit):
        if row.address == address:
            alarm.remove_target(unit, row)
    if path.endswith("/alarm-targets"):
        return Call(method, path, {"mail": address, "municipality": None if home is None else str(home.id)})
    row = target.add_mail(unit, address, home)
    if method != "PUT":
        return Call(method, _at(path, row.id))
    said = {"municipality": None if home is None else str(home.id), "again_hours": 7}
    version = fingerprint(row.kind, row.address, row.municipality_id, row.again_hours, row.key)
    return Call(method, _at(path, row.id), said, {"If-Match": etag(version)})


def _on_letter(unit: Unit, world: World, method: str, path: str, code: str) -> Call:
    """A municipality's letterhead as it is, or a canned answer that is there anew."""
    home = unit.get(Municipality, world.ids["municipality"][code])
    assert home is not None
    unit.change(delete(Canned).where(Canned.municipality_id == home.id))
    unit.change(delete(Letterhead).where(Letterhead.municipality_id == home.id))
    wording = {"title": {"sv": "Beviset"}, "text": {"sv": "Svar."}}
    row = canned.write(unit, home, None, wording["title"], wording["text"])
    if path.endswith("/letterhead"):
        put = {"signature": "Beviset"} if method == "PUT" else None
        return Call(method, _at(path, home.id), put, {"If-Match": etag(fingerprint("", True, ""))})
    if method == "POST":
        return Call(method, _at(path, home.id), wording)
    version = etag(fingerprint(row.queue_id, row.title, row.text))
    if path.endswith("/retirement"):
        canned.retire(row)
    return Call(method, _at(path, row.id), wording if method == "PUT" else None, {"If-Match": version})


def _at(path: str, row_id: int) -> str:
    return re.sub(r"\{\w+:int\}", str(row_id), path)
