"""Signatures, canned responses and receipts in a browser, with and without a script: an admin's, of their own alone."""

import re
from html import unescape

import pytest
from httpx import Response
from sqlalchemy import select

from hub.access import person
from hub.access.audit import Audit
from hub.inbox import canned, letterhead, receipt
from hub.inbox.canned import Canned
from hub.inbox.letterhead import Letterhead
from hub.inbox.municipality import Municipality
from hub.inbox.queue import Queue
from hub.inbox.receipt import ReceiptRule
from hub.storage.unit import Unit
from tests.web.test_administration import Visit, Visitor, kept, visit, words
from tests.web.world import World, must

__all__ = ["kept", "visit"]
HOMES = ("granvik", "nesoy")


@pytest.fixture(autouse=True)
def admins(world: World) -> None:
    """Adam of Granvik, Nora of Nesøy, and Bo of both."""

    def add(unit: Unit) -> None:
        for name, homes in (("adam", HOMES[:1]), ("nora", HOMES[1:]), ("bo", HOMES)):
            row = person.add(unit, f"{name}@granvik.example", name.capitalize())
            world.ids[name] = row.id
            for code in homes:
                person.join(unit, row, must(unit.get(Municipality, world.ids[code])), "admin")

    world.do(add)


def acts(world: World) -> list[str]:
    return list(
        world.do(lambda unit: unit.all(select(Audit.act).where(Audit.act.not_like("session.%")).order_by(Audit.id)))
    )


def preview(there: Visitor, form: str, path: str, **fields: str) -> Response:
    """As the page asks for it at every stroke."""
    token = must(re.search(r'name="_csrf_token" value="(\w+)"', there.get(form).text))[1]
    return there.post(path, True, _csrf_token=token, **fields)


def test_an_admin_lands_there_and_others_get_none_of_it(world: World, visit: Visit) -> None:
    assert visit("adam").get("/").headers["Location"] == "/letterheads"
    pages = ("/letterheads", "/canned", "/receipts")
    for who in ("sara", "ida", "olle"):
        there = visit(who)
        for path in (*pages, f"/letterheads/{world.ids['granvik']}", f"/canned/new/{world.ids['granvik']}"):
            assert there.get(path).status_code == 403
        assert 'href="/canned"' not in there.get("/").text
    nora = visit("nora")
    for path in pages:
        assert "Granvik" not in nora.said(path)
        assert "Nesøy" in nora.said(path)


def test_a_signature_is_written_for_a_queue_and_previewed(world: World, visit: Visit) -> None:
    adam, home = visit("adam"), world.ids["granvik"]
    at, of_queue = f"/letterheads/{home}", f"/letterheads/{home}?queue={world.ids['kontakt']}"
    assert f'href="{of_queue}"' in adam.get("/letterheads").text
    assert adam.send(at, at, signature="Hälsningar\r\n{{agent}}", quotes="yes").headers["Location"] == "/letterheads"
    assert "Hälsningar {{agent}} Answers quote what they answer" in adam.said("/letterheads")
    shown = preview(adam, of_queue, f"{at}/preview?queue={world.ids['kontakt']}", signature="{{agent}}, {{queue}}")
    assert ("-- Adam, kontakt" in words(shown), "quoted" in words(shown)) == (True, True)
    inherited = preview(adam, of_queue, f"{at}/preview?queue={world.ids['kontakt']}", signature="", quotes="no")
    assert ("-- Hälsningar Adam" in words(inherited), "quoted" in words(inherited)) == (True, False)
    wrong = adam.send(of_queue, of_queue, signature="{{boss}} <b>", quotes="no")
    assert (wrong.status_code, "There is no {{boss}}; there is {{agent}}" in words(wrong)) == (422, True)
    assert "{{boss}} &lt;b&gt;</textarea>" in wrong.text
    assert adam.send(of_queue, of_queue, signature="{{agent}}, {{queue}}", quotes="no").status_code == 303
    rows = world.do(lambda unit: [(row.queue_id, row.signature, row.quotes) for row in letterhead.rows(unit, home)])
    assert rows == [(None, "Hälsningar\n{{agent}}", True), (world.ids["kontakt"], "{{agent}}, {{queue}}", False)]
    assert acts(world) == ["letterhead.put", "letterhead.put"]
    assert adam.get(f"{at}?queue={world.ids['innbygger']}").status_code == 404


def test_what_two_wrote_at_once_is_not_lost(world: World, visit: Visit) -> None:
    adam, bo, at = visit("adam"), visit("bo"), f"/letterheads/{world.ids['granvik']}"
    form = adam.get(at).text
    version = must(re.search(r'name="version" value="(\w+)"', form))[1]
    token = must(re.search(r'name="_csrf_token" value="(\w+)"', form))[1]
    assert bo.send(at, at, signature="Bos", quotes="no").status_code == 303
    late = adam.post(at, _csrf_token=token, version=version, signature="Adams", quotes="yes")
    assert late.status_code == 412
    said = words(late)
    assert "Somebody else changed this while you wrote." in said
    assert "As it is now Bos Answers don’t quote" in said
    assert "Adams</textarea>" in late.text
    newer = must(re.search(r'name="version" value="(\w+)"', late.text))[1]
    assert adam.post(at, _csrf_token=token, version=newer, signature="Adams", quotes="yes").status_code == 303
    assert [row.signature for row in world.do(lambda unit: unit.all(select(Letterhead)))] == ["Adams"]


def test_a_canned_response_is_written_changed_retired_and_offered_again(world: World, visit: Visit) -> None:
    adam, new = visit("adam"), f"/canned/new/{world.ids['granvik']}"
    first = {"title-sv": "Hej", "text-sv": "Hej {{citizen}}", "queue": str(world.ids["kontakt"])}
    for wrong, where in (
        ({**first, "text-sv": ""}, "f-text-sv-problem"), ({**first, "title-nb": "Hei"}, "f-text-nb-problem"),
        ({**first, "text-sv": "{{7*7}}"}, "f-text-sv-problem"),
        ({**first, "title-sv": "x" * 101}, "f-title-sv-problem"),
        ({"queue": ""}, 'role="alert"'),
    ):  # fmt: skip
        refused = adam.send(new, new, script=False, **wrong)
        assert (refused.status_code, where in refused.text) == (422, True), wrong
    assert preview(adam, new, f"{new}/preview?language=sv", **first).text.count("Hej Maria Andersson") == 1
    assert (
        adam.send(new, new, script=False, **first, **{"title-nb": "Hei", "text-nb": "Hei {{citizen}}"}).status_code
        == 303
    )
    assert "Hej kontakt · Swedish, Norwegian Bokmål Hej {{citizen}}" in adam.said("/canned")
    row = must(world.do(lambda unit: unit.first(select(Canned))))
    at = f"/canned/{row.id}"
    changed = {**first, "text-sv": "Hej igen", "queue": ""}
    assert adam.send(at, at, script=False, **changed).status_code == 303
    assert world.do(lambda unit: must(unit.first(select(Canned))).text) == {"sv": "Hej igen"}
    retired = adam.send(f"{at}/retirement", "/canned", script=True)
    assert "“Hej” is offered no more" in words(retired)
    assert "1 retired" in adam.said("/canned")
    assert adam.get(at).status_code == 404
    again = adam.send(f"{at}/retirement/end", "/canned", script=True)
    assert "“Hej” is offered again" in words(again)
    assert [one.id for one in world.do(canned.rows, world.ids["granvik"])] == [row.id]
    assert acts(world) == ["canned.add", "canned.set", "canned.retire", "canned.offer"]
    assert visit("nora").get(at).status_code == 404


def test_two_clicks_make_one_and_who_is_overtaken_keeps_their_words(world: World, visit: Visit) -> None:
    adam, new = visit("adam"), f"/canned/new/{world.ids['granvik']}"
    form = adam.get(new).text
    hidden = dict(re.findall(r'<input type="hidden" name="(_csrf_token|key)" value="([^"]*)"', form))
    said = {"title-sv": "Hej", "text-sv": "Hej", "queue": ""}
    assert [adam.post(new, script=False, **hidden, **said).status_code for _ in range(2)] == [303, 303]
    (row,) = world.do(canned.rows, world.ids["granvik"])
    at = f"/canned/{row.id}"
    version = must(re.search(r'name="version" value="(\w+)"', adam.get(at).text))[1]
    bo = visit("bo")
    assert bo.send(at, at, script=False, **{**said, "text-sv": "Bos"}).status_code == 303
    mine = {**hidden, **said, "text-sv": "Adams", "version": version}
    late = adam.post(at, script=False, **mine)
    assert (late.status_code, "As it is now All queues Swedish: Hej Bos" in words(late)) == (412, True)
    assert "Adams</textarea>" in late.text
    assert bo.send(f"{at}/retirement", "/canned").status_code == 303
    gone = adam.post(at, script=False, **mine)
    assert "Somebody retired this answer while you wrote." in words(gone)
    assert f'action="{new}"' in gone.text
    assert "Adams</textarea>" in gone.text


def test_receipts_are_set_by_queue(world: World, visit: Visit) -> None:
    adam, home, queue = visit("adam"), world.ids["granvik"], world.ids["kontakt"]
    at, of_queue = f"/receipts/{home}", f"/receipts/{home}?queue={queue}"
    own = "Ditt nummer är {reference}."
    assert adam.send(at, at, script=False, **{"sends": "on", "text-sv": own}).headers["Location"] == "/receipts"
    assert "All queues that have none of their own On to senders whose address is tested · own words in Swedish" in (
        adam.said("/receipts")
    )
    assert "None is sent yet" in adam.said("/receipts")
    shown = preview(adam, at, f"{at}/preview?language=sv", **{"text-sv": own})
    assert re.search(r"Ditt nummer är [0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{5}\.", words(shown))
    standard = preview(adam, at, f"{at}/preview?language=da", **{"text-da": ""})
    assert "Vi har modtaget din besked" in words(standard)
    wrong = adam.send(of_queue, of_queue, script=False, **{"sends": "on", "text-nb": "{navn}"})
    assert (wrong.status_code, "f-text-nb-problem" in wrong.text) == (422, True)
    assert adam.send(of_queue, of_queue, sends="off").status_code == 303

    def rules() -> list[tuple[int | None, bool]]:
        return world.do(lambda unit: [(row.queue_id, row.is_on) for row in receipt.rules(unit, [home])])

    assert rules() == [(None, True), (queue, False)]
    assert adam.send(of_queue, of_queue, sends="").status_code == 303
    assert rules() == [(None, True)]
    form = adam.get(at).text
    stale = dict(re.findall(r'<input type="hidden" name="(_csrf_token|version)" value="([^"]*)"', form))
    assert visit("bo").send(at, at, sends="on", unconfirmed="on").status_code == 303
    late = adam.post(at, script=False, **stale, sends="off")
    assert (late.status_code, "As it is now On, to anybody" in words(late)) == (412, True)
    assert world.do(lambda unit: must(unit.first(select(ReceiptRule))).unconfirmed)
    assert acts(world) == ["receipt.set", "receipt.set", "receipt.drop", "receipt.set"]
    assert adam.get(f"{at}?queue={world.ids['innbygger']}").status_code == 404


def test_in_swedish(world: World, visit: Visit) -> None:
    bo = visit("bo")
    world.do(lambda unit: setattr(must(unit.get(person.Person, world.ids["bo"])), "language", "sv"))
    bo.client.cookies.set("language", "sv")
    for path, said in (
        ("/letterheads", "Signaturer Det som står under varje mejl"),
        ("/canned", "Färdiga svar Erbjuds kommunvägledare"),
        ("/receipts", "Kvittenser Ett automatiskt svar"),
    ):
        assert said in unescape(bo.said(path))


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/letterheads/{home}?queue={queue}", {"signature": "Lång och\nomsorgsfull", "quotes": "yes"}),
        ("/receipts/{home}?queue={queue}", {"sends": "on", "text-sv": "Lång och omsorgsfull: {reference}"}),
        ("/canned/new/{home}", {"queue": "{queue}", "title-sv": "Hej", "text-sv": "Lång och omsorgsfull"}),
    ],
)
def test_of_a_queue_that_is_retired_while_one_writes_nothing_is_lost(
    world: World, visit: Visit, path: str, fields: dict[str, str]
) -> None:
    ids = {"home": world.ids["granvik"], "queue": world.ids["kontakt"]}
    adam, at = visit("adam"), path.format(**ids)
    token = must(re.search(r'name="_csrf_token" value="(\w+)"', adam.get(at).text))[1]
    version = re.search(r'name="version" value="([^"]*)"', adam.get(at).text)
    world.do(lambda unit: setattr(must(unit.get(Queue, ids["queue"])), "retired_at", 1))
    said = {name: text.replace("{queue}", str(ids["queue"])) for name, text in fields.items()}
    said |= {"version": version[1]} if version else {}
    answer = adam.post(at, False, _csrf_token=token, **said)
    assert answer.status_code == 422
    assert "omsorgsfull" in answer.text
    assert "answer for the municipality" in words(answer)
    if "?" in at:
        assert adam.post(at.replace("?", "/preview?"), True, _csrf_token=token, **said).status_code == 200
