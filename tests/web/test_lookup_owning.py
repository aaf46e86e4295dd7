"""A wider audience is its owner's to approve, by whatever way it is made wider: by a topic, a file, a roll-back."""

import re
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import select

from hub.access import person
from hub.access.audit import Audit
from hub.channels.open import read_settings
from hub.edge import making, owning
from hub.edge.making import Ended
from hub.errors import Conflict
from hub.inbox.topic import Topic
from hub.lookups import definition
from hub.lookups.definition import Declared
from hub.plugin_host.manager import load
from hub.storage.unit import Unit
from tests.web.test_lookup_editing import at, fields_of, fill, made, press, problem, published, published_once, screen
from tests.web.test_pages import Screen
from tests.web.world import must

__all__ = ["screen"]


def allows(screen: Screen, *names: str) -> list[str]:
    """As `torg topic allow` does; those that wait."""

    def allow(unit: Unit) -> list[str]:
        return list(owning.allow(unit, must(unit.get(Topic, screen.world.ids["fakturor"])), names))

    return screen.world.do(allow)


def topic(screen: Screen) -> tuple[list[str], list[str]]:
    """What it allows, and what waits."""
    row = screen.world.do(lambda unit: must(unit.get(Topic, screen.world.ids["fakturor"])))
    return list(row.lookups), list(row.waiting)


def decides(screen: Screen, said: str, who: str = "disa") -> Any:
    version = fields_of(screen.get(at(screen), who)[1])["version"]
    path = f"{at(screen)}/topics/{screen.world.ids['fakturor']}"
    return screen.post(path, who, {"version": version, "approves": said}, part=False)


def acts(screen: Screen) -> list[tuple[str, str, int | None]]:
    rows = screen.world.do(lambda unit: unit.all(select(Audit).where(Audit.act.like("topic.%")).order_by(Audit.id)))
    return [(row.act, row.outcome, row.person_id) for row in rows]


def test_a_topic_asks_it_once_its_owner_agrees(screen: Screen, tmp_path: Path) -> None:
    published_once(screen, tmp_path)
    assert allows(screen, "avtal") == ["avtal"]
    assert topic(screen) == ([], ["avtal"])  # nothing is asked by it yet
    assert "A topic waits for its owner’s approval" in screen.get("/made-lookups", "disa")[1]
    seen = screen.get(at(screen), "dana")[1]  # a colleague, who doesn't answer for it
    assert "is to ask it" in seen
    assert "Not this topic" not in seen
    assert decides(screen, "yes", "dana").status_code == 403
    assert topic(screen) == ([], ["avtal"])
    seen = screen.get(at(screen), "disa")[1]
    assert "You answer for this" in seen
    assert decides(screen, "yes").status_code == 303
    assert topic(screen) == (["avtal"], [])
    assert acts(screen) == [("topic.allow", "avtal", screen.world.ids["disa"])]
    assert decides(screen, "yes").status_code == 404  # it waits no more
    assert allows(screen, "avtal") == []  # what is approved stays so
    assert topic(screen) == (["avtal"], [])
    assert "is to ask it" not in screen.get(at(screen), "disa")[1]


def test_its_owner_says_no(screen: Screen, tmp_path: Path) -> None:
    published_once(screen, tmp_path)
    allows(screen, "avtal")
    assert decides(screen, "no").status_code == 303
    assert topic(screen) == ([], [])
    assert acts(screen) == [("topic.refuse", "avtal", screen.world.ids["disa"])]


def test_what_nobody_answers_for_a_topic_asks_at_once(screen: Screen, tmp_path: Path) -> None:
    published_once(screen, tmp_path)
    assert allows(screen, "benches", "avtal") == ["avtal"]
    assert topic(screen) == (["benches"], ["avtal"])
    assert allows(screen) == []
    assert topic(screen) == ([], [])


def test_topics_that_name_it_count_when_it_is_asked_again(screen: Screen, tmp_path: Path) -> None:
    published_once(screen, tmp_path)
    allows(screen, "avtal")
    decides(screen, "yes")
    version = fields_of(screen.get(at(screen), "disa")[1])["version"]
    screen.post(f"{at(screen)}/withdrawal", "disa", {"version": version}, part=False)
    asks = press(screen, "publish")
    assert re.search(r"It is asked at once, without a purpose being said, under: \w+", asks.text), problem(asks)


def imported(screen: Screen, tmp_path: Path, **changed: Any) -> Ended:
    """As `torg lookup import` does, of the version that is published, with something said otherwise."""
    home = screen.world.ids["granvik"]

    def publish(unit: Unit) -> Ended:
        live = definition.published(unit, home, "avtal")
        declared: Declared = replace(live.declared, **changed)
        config = read_settings(load(()).lookup("sql"), {**live.values, **declared.settings})
        return owning.publish(unit, home, declared, config)

    return screen.world.do(publish)


def test_a_file_that_shows_more_waits_and_one_that_does_not_is_published(screen: Screen, tmp_path: Path) -> None:
    made(screen, tmp_path)
    asks = press(screen, "publish", roles=["lead"])
    key = must(re.search(r'name="approves" value="(\w+)"', asks.text))
    assert press(screen, "publish", approves=key[1], approved="on", roles=["lead"]).status_code == 303
    ended = imported(screen, tmp_path, seconds=7.0)
    assert (ended.what, ended.number) == ("published", 2)
    ended = imported(screen, tmp_path, roles=("agent", "lead"))
    assert (ended.what, [(each.what, each.name) for each in ended.wider]) == ("waiting", [("role", "agent")])
    assert published(screen)[0] == (2, "published")
    again = imported(screen, tmp_path, roles=("agent", "lead"), seconds=8.0)  # in the place of the one before
    assert again.what == "waiting"
    page = screen.get(at(screen), "disa")[1]
    assert "Who may ask it: Agents." in page
    key = must(re.search(r'name="approves" value="(\w+)"', page))
    done = press(screen, "publish", approves=key[1], approved="on")
    assert done.status_code == 303, problem(done)
    assert published(screen)[0] == (3, "published")

    def back(unit: Unit) -> Ended:
        return owning.roll_back(unit, screen.world.ids["granvik"], "avtal", 1)

    assert screen.world.do(back).what == "published"  # it shows less
    press(screen, "save", seconds="9")
    with pytest.raises(Conflict, match="at work on a draft"):
        imported(screen, tmp_path, roles=("agent", "lead"))


def put_elsewhere(screen: Screen, tmp_path: Path) -> str:
    """A file of IT's that reads from where no department may: the address of that."""
    url, home = f"sqlite:///{tmp_path}/elsewhere/tanks.db", screen.world.ids["granvik"]
    (tmp_path / "elsewhere").mkdir()
    fill(tmp_path / "elsewhere" / "tanks.db")

    def put(unit: Unit) -> Ended:
        live = definition.published(unit, home, "avtal")
        config = read_settings(load(()).lookup("sql"), {**live.values, **live.declared.settings, "url": url})
        return owning.publish(unit, home, live.declared, config)

    ended = screen.world.do(put)
    assert (ended.what, [each.what for each in ended.wider]) == ("waiting", ["source"])
    return url


def refuses(screen: Screen, url: str) -> bool:
    answer = press(screen, "publish", **{"set-url": url})
    return (answer.status_code, "departments may not read from" in answer.text) == (422, True)


def test_a_file_that_leads_elsewhere_is_approved_on_its_page(screen: Screen, tmp_path: Path) -> None:
    """Saving it, as every button there does, took from it that IT had put it there."""
    published_once(screen, tmp_path)
    url = put_elsewhere(screen, tmp_path)
    tried = press(screen, "try", try_by="property", try_value="BJÖRKEN 1:14")
    assert (tried.status_code, "Bokad" in tried.text) == (200, True), problem(tried)
    assert press(screen, "publish", "dana").status_code == 303  # a colleague, who doesn't answer for it
    assert published(screen)[0] == (1, "published")
    page = screen.get(at(screen), "disa")[1]
    assert "It reads from somewhere else" in page
    key = must(re.search(r'name="approves" value="(\w+)"', page))
    done = press(screen, "publish", approves=key[1], approved="on")
    assert done.status_code == 303, problem(done)
    assert published(screen)[0] == (2, "published")
    live = screen.world.do(lambda unit: definition.published(unit, screen.world.ids["granvik"], "avtal"))
    assert live.values["url"] == url


def test_by_its_department_it_leads_nowhere_else_and_not_there_again(screen: Screen, tmp_path: Path) -> None:
    published_once(screen, tmp_path)
    url = put_elsewhere(screen, tmp_path)
    (tmp_path / "own").mkdir()
    fill(tmp_path / "own" / "tanks.db")
    assert refuses(screen, f"sqlite:///{tmp_path}/own/tanks.db")
    assert refuses(screen, url)


def test_an_earlier_version_that_shows_more_waits_by_command_too(screen: Screen, tmp_path: Path) -> None:
    published_once(screen, tmp_path)
    assert press(screen, "publish", **{"seen-line-0": "leads"}).status_code == 303
    assert published(screen)[0] == (2, "published")
    ended = screen.world.do(lambda unit: owning.roll_back(unit, screen.world.ids["granvik"], "avtal", 1))
    assert ended.what == "waiting"
    assert published(screen)[0] == (2, "published")
    assert "Less hidden than before: Läge." in screen.get(at(screen), "disa")[1]


def test_a_draft_in_another_department_goes_past_nobody(screen: Screen, tmp_path: Path) -> None:
    """Whoever is of two departments can't take it to the one in which its owner isn't."""
    published_once(screen, tmp_path)
    press(screen, "save", "dana", seconds="9")
    home, other = screen.world.ids["granvik"], screen.world.ids["parks"]

    def moved(unit: Unit) -> tuple[bool, list[str]]:
        draft = must(definition.draft(unit, home, "avtal"))
        draft.department_id = other
        one = definition.read(unit, draft)
        asked = making.shows_more(unit, definition.published_now(unit, home, "avtal"), one)
        dora = must(person.actor(unit, screen.world.ids["dora"], frozenset({"read", "write"})))
        return making.is_owner(unit, dora, one), [each.what for each in asked]

    assert screen.world.do(moved) == (False, ["department"])


def test_what_its_owner_withdrew_no_command_brings_back_alone(screen: Screen, tmp_path: Path) -> None:
    published_once(screen, tmp_path)
    home = screen.world.ids["granvik"]
    live = screen.world.do(lambda unit: definition.published(unit, home, "avtal"))
    version = fields_of(screen.get(at(screen), "disa")[1])["version"]
    assert screen.post(f"{at(screen)}/withdrawal", "disa", {"version": version}, part=False).status_code == 303
    config = read_settings(load(()).lookup("sql"), {**live.values, **live.declared.settings})
    again = screen.world.do(lambda unit: owning.publish(unit, home, live.declared, config))
    assert again.what == "waiting"
    back = screen.world.do(lambda unit: owning.roll_back(unit, home, "avtal", 1))
    assert back.what == "waiting"
    assert published(screen)[0] == (1, "retired")
    assert "It is asked for the first time." in screen.get(at(screen), "disa")[1]


def test_a_file_that_is_asked_at_once_takes_the_place_of_one_that_waits(screen: Screen, tmp_path: Path) -> None:
    made(screen, tmp_path)
    asks = press(screen, "publish", roles=["lead"])
    key = must(re.search(r'name="approves" value="(\w+)"', asks.text))
    press(screen, "publish", approves=key[1], approved="on", roles=["lead"])
    assert imported(screen, tmp_path, roles=("agent", "lead")).what == "waiting"
    assert imported(screen, tmp_path, seconds=7.0).what == "published"
    home = screen.world.ids["granvik"]
    assert screen.world.do(lambda unit: definition.draft(unit, home, "avtal")) is None


def given_away(screen: Screen, tmp_path: Path) -> None:
    """Version 1 is another department's, version 2 is theirs and shows less."""
    published_once(screen, tmp_path)
    assert press(screen, "publish", **{"seen-line-0": "leads"}).status_code == 303
    home, other = screen.world.ids["granvik"], screen.world.ids["parks"]

    def moved(unit: Unit) -> None:
        first = next(row for row in definition.versions(unit, home, "avtal") if row.version == 1)
        first.department_id, first.owner_id = other, screen.world.ids["dag"]

    screen.world.do(moved)


def whose(screen: Screen) -> list[tuple[int, str, bool, bool]]:
    """Of each version: number, state, whether it is of waste and Disa answers for it."""
    ids = screen.world.ids
    rows = screen.world.do(lambda unit: definition.all_of(unit, ids["granvik"]))
    return [
        (row.version, row.state, row.department_id == ids["waste"], row.owner_id == ids["disa"])
        for row in rows
        if row.name == "avtal"
    ]


def test_who_answers_for_it_now_answers_for_what_is_gone_back_to(screen: Screen, tmp_path: Path) -> None:
    given_away(screen, tmp_path)
    version = fields_of(screen.get(at(screen), "disa")[1])["version"]
    asks = screen.post(f"{at(screen)}/versions/1", "disa", {"version": version}, part=False)
    assert "Less hidden than before: Läge." in asks.text
    assert "answers for it from then on" not in asks.text
    key = must(re.search(r'name="approves" value="(\w+)"', asks.text))
    done = screen.post(f"{at(screen)}/versions/1", "disa", {"version": version, "approves": key[1]}, part=False)
    assert done.status_code == 303, done.text
    assert whose(screen) == [(2, "retired", True, True), (1, "published", True, True)]
    assert press(screen, "publish", seconds="9").status_code == 303  # nothing of it is another's
    assert whose(screen)[0] == (3, "published", True, True)


@pytest.mark.parametrize("by", ["dana", "command"])
def test_what_waits_to_be_gone_back_to_is_theirs_whoever_asks(screen: Screen, tmp_path: Path, by: str) -> None:
    given_away(screen, tmp_path)
    home = screen.world.ids["granvik"]
    if by == "command":
        assert screen.world.do(lambda unit: owning.roll_back(unit, home, "avtal", 1)).what == "waiting"
    else:
        version = fields_of(screen.get(at(screen), by)[1])["version"]
        screen.post(f"{at(screen)}/versions/1", by, {"version": version}, part=False)
    assert whose(screen)[-1] == (0, "waiting", True, True)
    page = screen.get(at(screen), "disa")[1]
    assert "Less hidden than before: Läge." in page
    assert "answers for it from then on" not in page


def test_the_department_that_is_to_answer_for_it_is_named(screen: Screen, tmp_path: Path) -> None:
    published_once(screen, tmp_path)
    assert imported(screen, tmp_path, department="Parkerna").what == "waiting"
    assert "Parkerna answers for it from then on." in screen.get(at(screen), "disa")[1]


def elsewhere(screen: Screen, tmp_path: Path) -> str:
    """Published at once by IT's command, from where no department may read; its department knows it."""
    home, name = screen.world.ids["granvik"], "tanks"
    address = f"sqlite:///{tmp_path}/elsewhere/tanks.db"
    (tmp_path / "elsewhere").mkdir()
    fill(tmp_path / "elsewhere" / "tanks.db")

    def put(unit: Unit) -> None:
        live = definition.published(unit, home, "avtal")
        config = read_settings(load(()).lookup("sql"), {**live.values, **live.declared.settings, "url": address})
        declared = replace(live.declared, name=name, department="Renhållningen")
        assert owning.publish(unit, home, declared, config).what == "published"

    screen.world.do(put)
    return name


def test_what_it_put_somewhere_stays_there_when_it_is_withdrawn_and_tried_again(screen: Screen, tmp_path: Path) -> None:
    published_once(screen, tmp_path)
    name = elsewhere(screen, tmp_path)
    page = at(screen, name)
    version = fields_of(screen.get(page, "disa")[1])["version"]
    assert screen.post(f"{page}/withdrawal", "disa", {"version": version}, part=False).status_code == 303
    tried = press(screen, "try", name=name, try_by="property", try_value="BJÖRKEN 1:14")
    assert (tried.status_code, "Bokad" in tried.text) == (200, True), problem(tried)
    asks = press(screen, "publish", name=name)
    key = must(re.search(r'name="approves" value="(\w+)"', asks.text))
    assert press(screen, "publish", name=name, approves=key[1], approved="on").status_code == 303


def test_a_department_goes_back_to_no_place_that_was_taken_from_it(screen: Screen, tmp_path: Path) -> None:
    published_once(screen, tmp_path)
    (tmp_path / "granvik" / "new").mkdir()
    fill(tmp_path / "granvik" / "new" / "tanks.db")
    address = f"sqlite:///{tmp_path}/granvik/new/tanks.db"
    asks = press(screen, "publish", **{"set-url": address})
    key = must(re.search(r'name="approves" value="(\w+)"', asks.text))
    assert press(screen, "publish", approves=key[1], approved="on", **{"set-url": address}).status_code == 303
    state = screen.world.client.app.state
    state.settings = replace(state.settings, lookup_places=(str(tmp_path / "granvik" / "new"),))
    version = fields_of(screen.get(at(screen), "disa")[1])["version"]
    refused = screen.post(f"{at(screen)}/versions/1", "disa", {"version": version}, part=False)
    assert (refused.status_code, "departments may not read from" in refused.text) == (422, True)
    home = screen.world.ids["granvik"]
    assert screen.world.do(lambda unit: owning.roll_back(unit, home, "avtal", 1)).what == "waiting"
    draft = screen.world.do(lambda unit: must(definition.draft(unit, home, "avtal")))
    assert draft.placed_at is None  # as the version has it
    refused = press(screen, "publish")
    assert (refused.status_code, "departments may not read from" in refused.text) == (422, True)
    assert published(screen)[0] == (2, "published")
