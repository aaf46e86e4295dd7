"""A world with departments and their lookups. Disa and Dana are of waste, Dag of parks, Dora of all of them."""

from hub.access import person
from hub.inbox import department, municipality
from hub.lookups import definition
from hub.lookups.definition import Declared, Whose
from hub.storage.unit import Unit
from tests.lookups.source import Settings
from tests.web.world import World


def populate(unit: Unit, world: World) -> None:
    """With the lookup `invoices` of waste in two versions, `benches` of parks, and `boats` in another municipality."""
    home, other = (municipality.by_code(unit, code) for code in ("granvik", "nesoy"))
    for name, words in (("waste", {"sv": "Renhållningen", "en": "Waste"}), ("parks", {"sv": "Parkerna"})):
        world.ids[name] = department.add(unit, home, words, None).id
    for who, within in (("disa", "waste"), ("dana", "waste"), ("dag", "parks"), ("dora", None)):
        row = person.add(unit, f"{who}@granvik.example", who.capitalize(), "en")
        person.join(unit, row, home, "department", None, world.ids[within] if within else None)
        world.ids[who] = row.id
    row = person.add(unit, "dina@granvik.example", "Dina", "en")
    person.join(unit, row, other, "department")
    world.ids["dina"] = row.id
    title = {"sv": "Fakturor", "en": "Invoices"}
    for seconds in (4.0, 3.0):
        declared = Declared(name="invoices", kind="ledgered", title=title, seconds=seconds, leads_only=("total",))
        config = Settings(base_url="http://127.0.0.1:9/canary")
        definition.publish(unit, home.id, declared, config, Whose(world.ids["waste"], world.ids["disa"]))
    for name, place, whose in (("benches", home, Whose(world.ids["parks"])), ("boats", other, Whose())):
        definition.publish(unit, place.id, Declared(name=name, kind="ledgered", title={"sv": name}), Settings(), whose)
