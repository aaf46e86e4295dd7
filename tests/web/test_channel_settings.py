"""Settings of a channel, by the API and as a form: tried before they are saved, and secrets go in and never out."""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, ClassVar, cast

import pytest
from httpx import Response
from sqlalchemy import select

from hub.access.audit import Audit
from hub.access.person import Person
from hub.channels.channel import Channel
from hub.channels.open import secrets_of
from hub.contract import AuthFailed, Config, Misconfigured, OutgoingMessage, Receipt, Secret, Sends
from hub.edge import configuring, given_anew
from hub.storage.unit import Unit
from tests.connectors.tools import free_port
from tests.web.test_administration import Visit, Visitor, kept, visit, words
from tests.web.test_channels import it_of, set_addresses
from tests.web.world import World, let_pass, must

__all__ = ["kept", "visit"]


@pytest.fixture
def folder(world: World, tmp_path: Path) -> Path:
    """Granvik's own channel out."""

    def make(unit: Unit) -> None:
        mute = must(unit.get(Channel, world.ids["mute"]))
        mute.kind, mute.config = "eml_folder", {"folder": str(tmp_path / "a")}

    world.do(make)
    return tmp_path


def test_settings_by_the_api(world: World, folder: Path) -> None:
    path = f"/channels/{world.ids['mute']}/settings"
    shown = world.get(path, "ida")
    assert [(each["name"], each["value"]) for each in shown.json()["fields"]] == [("folder", str(folder / "a"))]
    version, new = shown.headers["ETag"], {"settings": {"folder": str(folder / "b")}}
    assert world.ask("PUT", path, "ida", json=new).status_code == 428
    assert world.change("PUT", path, "ida", version, json=new).json()["fields"][0]["value"] == str(folder / "b")
    assert world.change("PUT", path, "ida", version, json=new).status_code == 412
    (folder / "file").write_text("")
    again = world.get(path, "ida").headers["ETag"]
    for wrong in ({"folder": str(folder / "file" / "x")}, {"folder": ""}, {"folder": 5}, {"fodler": "x"}):
        refused = world.change("PUT", path, "ida", again, json={"settings": wrong})
        assert (refused.status_code, bool(refused.json()["detail"])) == (422, True)
    assert world.do(lambda unit: must(unit.get(Channel, world.ids["mute"])).config) == {"folder": str(folder / "b")}
    acts = world.do(lambda unit: unit.all(select(Audit.act)))
    assert list(acts) == ["channel.set"]
    for who, status in (("idun", 404), ("sara", 403), ("olle", 403)):
        assert world.get(path, who).status_code == status
        assert world.change("PUT", path, who, again, json=new).status_code == status


def test_settings_of_a_shared_channel_take_it_of_all(world: World) -> None:
    set_addresses(world, {"a@granvik.example": "granvik/1", "b@holmo.example": "holmo/1"})
    path = f"/channels/{world.ids['in']}/settings"
    assert world.get(path, "ida").status_code == 403
    it_of(world, "iris", "granvik", "holmo")
    assert world.get(path, "iris").status_code == 200


def test_a_secret_goes_in_and_never_out(world: World, visit: Visit) -> None:
    def make(unit: Unit) -> None:
        mute = must(unit.get(Channel, world.ids["mute"]))
        mute.kind, mute.config = "smtp", {"host": "127.0.0.1", "port": free_port(), "security": "none", "username": "u"}
        mute.secrets = unit.keys.encrypt("channel-secrets", f"channel:{mute.id}", b'{"password": "hemligt17"}')

    world.do(make)
    path = f"/channels/{world.ids['mute']}/settings"
    shown = world.get(path, "ida")
    assert "hemligt17" not in shown.text
    assert [each["is_set"] for each in shown.json()["fields"] if each["kind"] == "secret"] == [True]
    page = visit("ida").get(path).text
    assert "hemligt17" not in page
    assert 'type="password"' in page
    refused = world.change("PUT", path, "ida", shown.headers["ETag"], json={"settings": {"password": "annat99"}})
    assert (refused.status_code, "annat99" in refused.text) == (422, False), "nobody answers there"
    kept = world.do(lambda unit: secrets_of(must(unit.get(Channel, world.ids["mute"])), unit.keys))
    assert kept == {"password": "hemligt17"}


def test_the_form_says_what_is_wrong_at_its_field_and_keeps_what_was_typed(
    world: World, visit: Visit, folder: Path
) -> None:
    ida, at = visit("ida"), f"/channels/{world.ids['mute']}/settings"
    assert f'href="{at}"' in ida.get("/channels").text
    (folder / "file").write_text("")
    refused = ida.send(at, at, folder=str(folder / "file" / "x"))
    assert refused.status_code == 422
    assert f'value="{folder / "file" / "x"}" required aria-describedby="f-folder-problem' in refused.text
    assert ida.send(at, at, folder=str(folder / "c")).headers["Location"] == "/channels"
    assert world.do(lambda unit: must(unit.get(Channel, world.ids["mute"])).config) == {"folder": str(folder / "c")}


def test_a_channel_is_added_from_the_page(world: World, visit: Visit, tmp_path: Path) -> None:
    ida = visit("ida")
    assert 'href="/channels/new/smtp_in"' in ida.get("/channels/new").text
    assert "Mail (parser only)" not in words(ida.get("/channels/new"))
    at = "/channels/new/smtp_in"
    given = {
        "name": "Bygglov", "home": str(world.ids["granvik"]), "sends_by": str(world.ids["out"]), "host": "127.0.0.1",
        "addresses": "bygg@granvik.example=granvik/kontakt", "port": str(free_port()), "protocol": "smtp",
        "size_limit": "50000000", "connections_per_peer": "50",
    }  # fmt: skip
    for name, wrong in (("name", " "), ("port", "x"), ("addresses", "bygg@granvik.example"), ("home", "999")):
        refused = ida.send(at, at, script=False, **{**given, name: wrong})
        assert refused.status_code == 422, name
    made = ida.send(at, at, script=False, **given)
    assert made.status_code == 303, words(made)
    assert made.headers["Location"] == "/channels"
    row = world.do(lambda unit: must(unit.first(select(Channel).where(Channel.name == "Bygglov"))))
    assert (row.home_id, row.sends_by_id, row.config["tls_required"]) == (world.ids["granvik"], world.ids["out"], False)
    theirs = {**given, "name": "Theirs", "home": str(world.ids["nesoy"]), "port": str(free_port())}
    assert ida.send(at, at, script=False, **theirs).status_code == 422


def test_a_setting_that_is_called_as_a_field_of_the_page_is_another(world: World, visit: Visit) -> None:
    ida, at = visit("ida"), "/channels/new/web_chat"
    page = ida.get(at).text
    for field in ("name", "setting-name"):
        assert len(re.findall(f'name="{field}"', page)) == len(re.findall(f'id="f-{field}"', page)) == 1, field
    given = {
        "name": "Chatten", "home": str(world.ids["granvik"]), "queue": "granvik/kontakt", "setting-name": "must",
        "hours": "mon-fri 08:00-16:00", "holidays": "closed", "email": "may", "after_hours": "message",
        "origins": "https://www.granvik.example",
    }  # fmt: skip
    made = ida.send(at, at, script=False, **given)
    assert made.status_code == 303, words(made)
    row = world.do(lambda unit: must(unit.first(select(Channel).where(Channel.name == "Chatten"))))
    assert row.config["name"] == "must"


def test_a_try_shows_what_was_proved_and_which_step_failed(world: World, visit: Visit) -> None:
    ida, at = visit("ida"), "/channels/new/smtp"
    given: Any = {
        "name": "Ut", "home": str(world.ids["granvik"]), "host": "127.0.0.1", "security": "tls", "timeout": "5",
        "port": str(free_port()),
    }  # fmt: skip
    shown = words(tried(ida, at, **given))
    assert "Server 127.0.0.1 found" in shown
    assert "nothing answers there" in shown
    assert "It works" not in shown
    assert len(re.findall('<li class="late"', tried(ida, at, **given).text)) == 1, "the step, and no line more"


def tried(visitor: Visitor, at: str, *, script: bool = True, **fields: str) -> Response:
    """The form of that page, by its other button."""
    form = must(re.search(rf'<form[^>]*action="{re.escape(at)}".*?</form>', visitor.get(at).text, re.DOTALL))[0]
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form)
    return visitor.post(f"{at}/try", script, **dict(hidden), **fields)


def test_settings_are_tried_beside_the_list_and_nothing_is_saved(world: World, visit: Visit, folder: Path) -> None:
    ida, at = visit("ida"), f"/channels/{world.ids['mute']}/settings"
    assert f'id="channel-{world.ids["mute"]}" aria-selected="true"' in ida.get(at).text
    works = tried(ida, at, folder=str(folder / "new"))
    assert (works.status_code, "It works" in works.text, "<form" in works.text) == (200, True, False)
    (folder / "file").write_text("")
    wrong = {"folder": str(folder / "file" / "x")}
    refused = tried(ida, at, folder=wrong["folder"])
    assert (refused.status_code, "It works" in refused.text) == (200, False)
    assert "be written to" in refused.text
    whole = tried(ida, at, script=False, folder=wrong["folder"])
    assert (whole.status_code, f'value="{wrong["folder"]}"' in whole.text) == (422, True)
    assert world.do(lambda unit: must(unit.get(Channel, world.ids["mute"])).config) == {"folder": str(folder / "a")}
    new = tried(ida, "/channels/new/eml_folder", name="Ut", home=str(world.ids["granvik"]), folder=str(folder))
    assert "It works" in new.text
    assert world.do(lambda unit: unit.first(select(Channel).where(Channel.name == "Ut"))) is None


def test_all_are_checked_as_they_stand(world: World, visit: Visit, folder: Path) -> None:
    """Each with what is wrong with it, and only those that this person runs."""

    def make(unit: Unit) -> None:
        row = must(unit.get(Channel, world.ids["in"]))
        row.kind, row.config = "smtp", {"host": "127.0.0.1", "port": free_port(), "security": "none"}
        theirs = {"name": "Nesøys egen", "home_id": world.ids["nesoy"]}
        unit.add(Channel(kind="eml_folder", config={"folder": str(folder)}, **theirs))

    world.do(make)
    ida = visit("ida")
    found = ida.send("/channels/try", "/channels", script=True)
    assert (found.status_code, "<dialog" in found.text, "<main" in found.text) == (200, True, False)
    said = words(found)
    assert "nothing answers there: see whether it runs" in said
    assert ("mute" in said, "Nesøys egen" in said) == (True, False)
    assert "<main" in ida.send("/channels/try", "/channels").text


def test_what_a_setting_may_be_is_said_in_the_readers_language(world: World, visit: Visit) -> None:
    world.do(speaks_swedish, "Iris")
    iris = visit("iris")
    assert "Kö</label>" in iris.get("/channels/new/web_chat").text
    at = "/channels/new/smtp_in"

    def sent(size: str, addresses: str) -> str:
        known = {"name": "In", "home": str(world.ids["granvik"]), "port": "25", "protocol": "smtp"}
        given = known | {"connections_per_peer": "50", "size_limit": size, "addresses": addresses}
        return iris.send(at, at, script=False, **given).text

    said = sent("stor", "a@b.example=granvik/kontakt")
    assert "Size_limit = &#39;stor&#39; går inte att använda: det är ett heltal" in said
    assert "bygg@granvik.example är inte NAMN=VÄRDE" in sent("50000000", "bygg@granvik.example")


def test_a_queue_that_is_not_there_is_said_in_the_readers_language(world: World, visit: Visit) -> None:
    iris = visit("iris")
    given = {"name": "In", "port": str(free_port()), "protocol": "smtp", "size_limit": "50000000"}
    given |= {"connections_per_peer": "50", "addresses": "bygg@granvik.example=granvik/Finns inte"}
    world.do(speaks_swedish, "Iris")
    said = tried(iris, "/channels/new/smtp_in", script=True, home=str(world.ids["granvik"]), **given).text
    assert "granvik har ingen kö Finns inte; den har: " in said


def speaks_swedish(unit: Unit, name: str) -> None:
    """Somebody of that name."""
    for row in unit.all(select(Person).where(Person.name == name)):
        row.language = "sv"


class OnceConfig(Config, frozen=True):
    """A token that serves once, and where it is to be written."""

    place: str = ""
    token: Secret | None = None


class Once(Sends[OnceConfig]):
    """Hands out the next token for each that it is given, and takes none twice."""

    kind = "once_of_the_test"
    title = "A token that serves once"
    Config = OnceConfig
    good: ClassVar[str] = ""

    async def check(self) -> None:
        await self.tools.renew_secret("token", self._next)
        if self.config.place == "nowhere":
            raise Misconfigured("place", "There is no such place.")

    async def _next(self, present: Secret | None) -> Secret | None:
        used = present or self.config.token
        if used is None or used.reveal() != Once.good:
            raise AuthFailed("This token has served.")
        Once.good += "+"
        return Secret(Once.good)

    async def send(self, message: OutgoingMessage, handing_over: Callable[[], Awaitable[None]]) -> Receipt:
        raise NotImplementedError


@pytest.mark.parametrize("script", [True, False], ids=["script", "none"])
def test_a_token_that_a_try_was_given_is_there_when_it_is_saved(
    world: World, visit: Visit, monkeypatch: pytest.MonkeyPatch, script: bool
) -> None:
    monkeypatch.setitem(cast("dict[str, Any]", world.client.app.state.registry.connectors), Once.kind, Once)
    monkeypatch.setattr(Once, "good", "typed-by-ida")
    ida, at = visit("ida"), f"/channels/new/{Once.kind}"
    given = {"name": "Ut", "home": str(world.ids["granvik"]), "token": "typed-by-ida", "place": "nowhere"}

    def sent(page: str, way: str, **more: str) -> tuple[Response, dict[str, str]]:
        form = must(re.search(rf'<form[^>]*action="{re.escape(page)}".*?</form>', ida.get(page).text, re.DOTALL))[0]
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
        answer = ida.post(page + way, script, **hidden, **more)
        sealed = re.search(r'name="given_anew" value="([^"]+)"', answer.text)
        assert "typed-by-ida" not in answer.text
        return answer, {"given_anew": sealed[1]} if sealed else {}

    _, carried = sent(at, "/try", **given)  # the token has served, though the place is wrong
    assert Once.good == "typed-by-ida+"
    given["place"] = "there"
    if not script:
        given["token"] = ""  # a page that is drawn anew shows none
    works, carried = sent(at, "/try", **given, **carried)
    assert "It works" in works.text
    saved, _ = sent(at, "", **given, **carried)
    assert saved.status_code in {200, 303}, words(saved)
    row = world.do(lambda unit: must(unit.first(select(Channel).where(Channel.kind == Once.kind))))
    assert world.do(lambda unit: secrets_of(must(unit.get(Channel, row.id)), unit.keys)) == {"token": "typed-by-ida+++"}
    change = f"/channels/{row.id}/settings"
    monkeypatch.setattr(Once, "good", "typed-by-ida-again")
    again = {"token": "typed-by-ida-again", "place": "there"}
    works, theirs = sent(change, "/try", **again)
    assert "It works" in works.text
    sent(change, "", **again, **carried)  # of another form
    assert world.do(lambda unit: secrets_of(must(unit.get(Channel, row.id)), unit.keys)) == {"token": "typed-by-ida+++"}
    sent(change, "", **again, **theirs)
    kept = world.do(lambda unit: secrets_of(must(unit.get(Channel, row.id)), unit.keys))
    assert kept == {"token": "typed-by-ida-again++"}


def test_by_the_api_a_token_that_has_served_is_not_lost_with_a_setting_that_is_wrong(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(cast("dict[str, Any]", world.client.app.state.registry.connectors), Once.kind, Once)
    monkeypatch.setattr(Once, "good", "typed")

    def make(unit: Unit) -> None:
        mute = must(unit.get(Channel, world.ids["mute"]))
        mute.kind, mute.config = Once.kind, {"place": "there"}

    world.do(make)
    path = f"/channels/{world.ids['mute']}/settings"
    version = world.get(path, "ida").headers["ETag"]
    wrong = {"settings": {"token": "typed", "place": "nowhere"}}
    refused = world.change("PUT", path, "ida", version, json=wrong)
    assert (refused.status_code, refused.json()["field"], Once.good) == (422, "place", "typed+")
    sealed = refused.json()["given_anew"]
    assert "typed" not in refused.text
    again = world.change("PUT", path, "ida", version, json={**wrong, "given_anew": sealed})
    assert (again.status_code, Once.good) == (422, "typed++")
    right = {"settings": {"place": "elsewhere"}, "given_anew": again.json()["given_anew"]}
    assert world.change("PUT", path, "ida", version, json=right).status_code == 200
    row = world.do(lambda unit: must(unit.get(Channel, world.ids["mute"])).config)
    assert row == {"place": "elsewhere"}
    kept = world.do(lambda unit: secrets_of(must(unit.get(Channel, world.ids["mute"])), unit.keys))
    assert kept == {"token": "typed+++"}
    other = {"settings": {"place": ""}, "given_anew": "x"}
    now = world.get(path, "ida").headers["ETag"]
    assert world.change("PUT", path, "ida", now, json=other).status_code == 200
    assert "given_anew" not in world.change("PUT", path, "ida", now, json=other).json()  # 412: nothing has served


def test_what_was_given_anew_is_for_one_person_one_form_and_an_hour(world: World) -> None:
    keys, handed = world.storage.keys, {"token": given_anew.Handed("a", "b")}
    sealed = given_anew.seal(keys, 1, "channel 2", handed)
    assert given_anew.unseal(keys, 1, "channel 2", sealed) == handed
    others = [(2, "channel 2", sealed), (1, "kind imap", sealed), (1, "channel 2", sealed[:-8]), (1, "channel 2", "å")]
    assert [given_anew.unseal(keys, *other) for other in others] == [{}] * 4
    assert given_anew.put_in({"token": "a"}, handed) == given_anew.put_in({"token": ""}, handed) == {"token": "b"}
    assert given_anew.put_in({"token": "another"}, handed) == {"token": "another"}
    let_pass(3601)
    assert given_anew.unseal(keys, 1, "channel 2", sealed) == {}


@pytest.mark.parametrize(("kind", "field"), [("web_chat", "queue"), ("elks", "destination")])
def test_the_form_of_a_channel_refuses_a_queue_that_is_not_there(
    world: World, visit: Visit, kind: str, field: str
) -> None:
    usual = configuring.form_of_kind(world.client.app.state.registry, kind).fields
    given: dict[str, Any] = {("setting-name" if each.name == "name" else each.name): str(each.value) for each in usual}
    given |= {"name": "Ny", "home": str(world.ids["granvik"]), "number": "+46766861004", "username": "u"}
    given |= {"public_url": "https://torg.granvik.example", "password": "p" * 24, "key": "k" * 24, "texts_only": "on"}
    at = f"/channels/new/{kind}"
    refused = visit("ida").send(at, at, **{**given, field: "granvik/Finnsinte"})
    assert refused.status_code == 422
    assert f'id="f-{field}-problem"' in refused.text
    assert "granvik has no queue Finnsinte" in words(refused)
    assert not world.do(lambda unit: unit.first(select(Channel).where(Channel.name == "Ny")))
