"""Forms as citizens fill them in: without a script, once, with nothing lost; what they claim confirms nothing."""

import asyncio
import functools
from base64 import b64encode
from collections.abc import Iterator, Mapping
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import select

from hub import clock
from hub.access import knock
from hub.channels.channel import Channel
from hub.doorbell import Doorbell
from hub.edge import filling
from hub.inbound.raw_event import RawEvent
from hub.inbox import form
from hub.inbox.citizen import Citizen, CitizenPoint
from hub.inbox.delivery import Delivery
from hub.inbox.entry import Attachment, Entry, Mail
from hub.inbox.form import Form
from hub.inbox.form_definition import Field
from hub.inbox.receipt import reference
from hub.settings import Settings
from hub.storage.unit import Unit
from hub.worker.embedded import Worker
from tests.stand_ins.scanner import Scanner
from tests.web.form_world import AT, DEFINITION, SLOW, Forms, forms, hidden
from tests.web.form_world import words as in_both
from tests.web.test_pages import Screen
from tests.web.world import must, registry

LAMP = {"f-vad": "lampa", "f-beskrivning": "Lampan vid Storgatan 3 är trasig."}
MINE = {**LAMP, "f-namn": "Ida Berg", "f-epost": "Ida@post.example"}
NUMBER = "19121212-1212"
PICTURE = ("f-bilder", ("lampa.jpg", b"\xff\xd8\xff picture", "image/jpeg"))


@pytest.fixture
def there(database_url: str, tmp_path: Path) -> Iterator[Forms]:
    with forms(database_url, tmp_path) as made:
        yield made
        clock.set_source(None)


def later(microseconds: int = SLOW) -> None:
    """Time passes."""
    at = clock.now() + microseconds
    clock.set_source(lambda: at)


def test_a_form_is_filled_in_and_becomes_a_conversation(there: Forms) -> None:
    page = there.page()
    later()
    answer = there.fill(page, {**MINE, "f-nummer": NUMBER, "f-dag": "3.11.2026"}, [PICTURE])
    assert answer.status_code == 303, answer.text
    receipt = there.client.get(answer.headers["Location"]).text
    assert there.intake() == 1
    (conversation,) = there.conversations()
    assert reference(conversation.id) in receipt
    assert conversation.contact_kind == "form"
    assert conversation.subject == "Felanmälan"
    assert conversation.closed_at is None
    assert conversation.due_at < clock.NEVER
    (entry,) = there.entries()
    said = {each["key"]: each for each in entry.body["answers"]}
    assert said["vad"]["text"] == "Gatlampa"
    assert said["dag"]["text"] == "2026-11-03"
    assert said["bilder"]["text"] == "lampa.jpg"
    assert said["nummer"]["text"] == ""
    files = there.world.do(lambda unit: unit.all(select(Attachment).where(Attachment.entry_id == entry.id)))
    assert [each.body for each in files] == [PICTURE[1][1]]
    shown = there.world.get(f"/conversations/{conversation.id}/timeline").json()["items"][0]
    assert shown["kind"] == "form"
    assert shown["mail"] is None
    assert shown["body"]["form"] == str(there.form_id)
    hits = there.world.get("/search", params={"q": "storgatan kind:form"}).json()["items"]
    assert [each["conversation_id"] for each in hits] == [str(conversation.id)]


def test_an_identity_number_stands_nowhere_in_clear_and_confirms_nothing(there: Forms) -> None:
    page = there.page()
    later()
    there.fill(page, {**MINE, "f-nummer": NUMBER})
    there.intake()
    (conversation,) = there.conversations()
    (raw,) = there.world.do(lambda unit: unit.all(select(RawEvent)))
    digits = NUMBER.replace("-", "").encode()
    body = there.world.do(lambda unit: must(unit.get(RawEvent, raw.id)).body)
    assert digits not in body
    assert NUMBER.encode() not in body
    (entry,) = there.entries()
    assert digits.decode() not in str(entry.body) + entry.text
    kept = there.world.do(lambda unit: unit.all(select(CitizenPoint).where(CitizenPoint.kind == "identity")))
    assert len(kept) == 1
    assert kept[0].claimed_at is not None
    assert kept[0].confirmed_at is None
    identity = there.world.get(f"/conversations/{conversation.id}/identity").json()
    assert identity["identity"] is None


def test_a_claimed_address_merges_no_histories(there: Forms) -> None:
    there.world.mail(sender="ida@post.example")
    for _ in range(2):
        page = there.page()
        later()
        there.fill(page, MINE)
    there.intake()
    known = there.world.do(lambda unit: unit.all(select(CitizenPoint).where(CitizenPoint.kind == "email")))
    assert len({each.citizen_id for each in known}) == 3


def test_sent_twice_it_is_kept_once(there: Forms) -> None:
    page = there.page()
    later()
    first, second = there.fill(page, MINE, [PICTURE]), there.fill(page, MINE, [PICTURE])
    assert first.headers["Location"] == second.headers["Location"]
    there.intake()
    assert len(there.conversations()) == 1
    again = there.fill(page, {**MINE, "f-beskrivning": "Den andra lampan också."})
    assert again.status_code == 409
    (conversation,) = there.conversations()
    assert reference(conversation.id) in again.text
    assert "Den andra lampan också." in again.text
    later()
    assert there.fill(again.text, {**MINE, "f-beskrivning": "Den andra lampan också."}).status_code == 303
    there.intake()
    assert len(there.conversations()) == 2


def test_what_was_typed_comes_back_with_what_is_wrong_files_too(there: Forms) -> None:
    page = there.page()
    wrong = {"f-vad": "annat", "f-beskrivning": "Text som <b>inte</b> försvinner", "f-nummer": "19121212-1213"}
    answer = there.fill(page, {**wrong, "f-epost": "ida@post", "f-dag": "32.1.2026"}, [PICTURE])
    assert answer.status_code == 422
    for kept in ("Text som &lt;b&gt;inte&lt;/b&gt; försvinner", "19121212-1213", "ida@post", "32.1.2026", "lampa.jpg"):
        assert kept in answer.text
    assert answer.text.count('class="problem"') == 4  # what, number, address, day
    assert hidden(answer.text, "token") == hidden(page, "token")
    later()
    right = {**LAMP, "k-bilder": hidden(answer.text, "k-bilder")}
    assert there.fill(answer.text, right).status_code == 303
    there.intake()
    files = there.world.do(lambda unit: unit.all(select(Attachment)))
    assert [(each.name, each.body) for each in files] == [("lampa.jpg", PICTURE[1][1])]


def test_a_kept_file_is_only_what_we_kept(there: Forms) -> None:
    page = there.page()
    later()
    answer = there.fill(page, {**LAMP, "k-bilder": "W10=.0000"})
    assert answer.status_code == 422
    assert there.intake() == 0


def test_what_a_condition_hides_doesnt_count(there: Forms) -> None:
    page = there.page()
    later()
    assert there.fill(page, {**LAMP, "f-vilket": "Hål i vägen"}).status_code == 303
    there.intake()
    (entry,) = there.entries()
    assert "vilket" not in {each["key"] for each in entry.body["answers"]}
    assert "Hål" not in entry.text


def test_a_page_that_stood_open_too_long_is_shown_again_with_all_of_it(there: Forms) -> None:
    page = there.page()
    later(2 * clock.DAY)
    answer = there.fill(page, MINE)
    assert answer.status_code == 422
    assert "Storgatan 3" in answer.text
    assert hidden(answer.text, "token") != hidden(page, "token")
    later()
    assert there.fill(answer.text, MINE).status_code == 303


@pytest.mark.parametrize("token", ["", "x", "1.1.1.aa.00", "é.1.1.aa.00"])
def test_without_a_page_of_ours_nothing_is_kept(there: Forms, token: str) -> None:
    answer = there.client.post(
        f"{AT}/sv", data={**MINE, "token": token}, headers={"Sec-Fetch-Site": "same-origin"}, follow_redirects=False
    )
    assert answer.status_code == 422
    assert "Storgatan 3" in answer.text
    assert there.intake() == 0


@pytest.mark.parametrize(
    ("takes", "more", "doubts"),
    [
        (SLOW, {}, ["honeypot"]),
        (1, {}, ["honeypot", "fast"]),
        (SLOW, {"f-beskrivning": "https://a.example " * 9}, ["honeypot", "links"]),
    ],
)
def test_what_is_spam_is_kept_and_closed_as_such(
    there: Forms, takes: int, more: dict[str, str], doubts: list[str]
) -> None:
    page = there.page()
    later(takes)
    sent = there.fill(page, {**MINE, **more, "website": "https://spam.example"})
    assert sent.status_code == 303  # it isn't told
    there.intake()
    (conversation,) = there.conversations()
    assert conversation.closed_as == "spam"
    assert conversation.due_at == clock.NEVER
    changes = there.world.do(lambda unit: unit.all(select(Entry).where(Entry.kind == "change")))
    assert [each.body for each in changes] == [{"what": "spam", "doubts": doubts}]
    version = there.world.version(conversation.id)
    there.world.change("DELETE", f"/conversations/{conversation.id}/spam", version=version)
    (conversation,) = there.conversations()
    assert conversation.closed_at is None
    assert conversation.due_at < clock.NEVER


@pytest.mark.parametrize(
    ("takes", "more", "told"),
    [
        (1, {}, "fylldes i så snabbt"),
        (SLOW, {"f-beskrivning": "https://a.example " * 9}, "många länkar"),
        (1, {"f-beskrivning": "https://a.example " * 9}, "fylldes i så snabbt"),
    ],
)
def test_what_a_person_does_too_is_asked_for_once_more_and_taken(
    there: Forms, takes: int, more: dict[str, str], told: str
) -> None:
    """A browser fills in a form in no time. Who was thanked, and closed as spam, would wait for an answer for ever."""
    page = there.page()
    later(takes)
    asked = there.fill(page, {**MINE, **more}, [PICTURE])
    assert asked.status_code == 422
    assert told in asked.text
    assert {**MINE, **more}["f-beskrivning"].strip() in asked.text
    assert "lampa.jpg" in asked.text
    assert there.intake() == 0
    later(SLOW)
    kept = hidden(asked.text, "k-bilder")
    assert there.fill(asked.text, {**MINE, **more, "k-bilder": kept}).status_code == 303
    there.intake()
    (conversation,) = there.conversations()
    assert conversation.closed_at is None
    assert conversation.due_at < clock.NEVER


def test_too_much_from_one_place_is_refused_with_nothing_lost(there: Forms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filling, "AN_ADDRESS", 2)
    page = there.page()
    later()
    assert [there.fill(page, MINE).status_code for _ in range(2)] == [303, 303]
    refused = there.fill(page, MINE, [PICTURE])
    assert refused.status_code == 429
    assert "Storgatan 3" in refused.text
    assert "lampa.jpg" in refused.text
    later(clock.DAY // 24)
    assert there.fill(refused.text, {**MINE, "k-bilder": hidden(refused.text, "k-bilder")}).status_code in {303, 409}
    rows = there.world.do(lambda unit: unit.all(select(knock.Knock)))
    assert "testclient" not in str([(each.place, each.number) for each in rows])


def test_a_scanner_sees_files_first_and_one_that_is_silent_lets_nothing_by(there: Forms) -> None:
    scanner = Scanner()
    there.client.app.state.settings = Settings(scanner=scanner.address)
    page = there.page()
    later()
    refused = there.fill(page, MINE, [("f-bilder", ("virus.jpg", b"a virus", "image/jpeg"))])
    assert refused.status_code == 422
    assert "Ett virusskydd hittade något i filen" in refused.text
    assert "Storgatan 3" in refused.text
    assert "virus.jpg" not in refused.text
    told = {"language": "sv", "answers": {"vad": "lampa", "beskrivning": "Trasig"}}
    files = {"bilder": [{"name": "a.jpg", "media_type": "image/jpeg", "content": b64encode(b"a virus").decode()}]}
    send = functools.partial(there.client.post, f"/api/v1{AT}/submissions", json={**told, "files": files})
    assert send(headers={"Idempotency-Key": "nyckel-1"}).status_code == 422
    scanner.mute = True
    assert there.fill(refused.text, MINE, [PICTURE]).status_code == 503
    assert send(headers={"Idempotency-Key": "nyckel-2"}).status_code == 503
    scanner.close()
    assert there.intake() == 0


def test_what_is_larger_than_files_may_be_is_not_read(there: Forms) -> None:
    there.client.app.state.settings = Settings(upload_megabytes=1)
    page = there.page()
    large = there.fill(page, MINE, [("f-bilder", ("stor.jpg", b"x" * 3_000_000, "image/jpeg"))])
    assert large.status_code == 413
    assert "Det var för stort" in large.text or "too large" in large.text
    told = {"language": "sv", "answers": {"vad": "lampa", "beskrivning": "x" * 3_000_000}}
    headers = {"Idempotency-Key": "nyckel-1"}
    assert there.client.post(f"/api/v1{AT}/submissions", json=told, headers=headers).status_code == 413


def test_what_doesnt_say_how_large_it_is_is_measured(there: Forms) -> None:
    there.client.app.state.settings = Settings(upload_megabytes=1)
    read = 0

    def endless() -> Iterator[bytes]:
        nonlocal read
        yield b'--a\r\nContent-Disposition: form-data; name="f-bilder"; filename="stor.jpg"\r\n\r\n'
        for _ in range(50):
            read += 1
            yield b"x" * 1_000_000

    headers = {"Content-Type": "multipart/form-data; boundary=a", "Sec-Fetch-Site": "same-origin"}
    assert there.client.post(f"{AT}/sv", content=endless(), headers=headers).status_code == 413
    headers = {"Idempotency-Key": "nyckel-1", "Content-Type": "application/json"}
    assert there.client.post(f"/api/v1{AT}/submissions", content=endless(), headers=headers).status_code == 413


def test_files_that_were_never_sent_are_forgotten(there: Forms, tmp_path: Path) -> None:
    page = there.page()
    again = there.fill(page, {**MINE, "f-dag": "x"}, [PICTURE])
    assert len(list(tmp_path.rglob("passing/*/forms/*/*/*"))) == 1
    later(clock.DAY // 2)
    asyncio.run(forget(there))
    assert there.fill(again.text, {**LAMP, "k-bilder": hidden(again.text, "k-bilder")}).status_code == 303
    later(2 * clock.DAY)
    asyncio.run(forget(there))
    assert not list(tmp_path.rglob("passing/*"))
    there.intake()
    files = there.world.do(lambda unit: unit.all(select(Attachment)))
    assert [each.body for each in files] == [PICTURE[1][1]]


async def forget(there: Forms) -> None:
    """As the worker's sweep does."""
    settings = Settings()
    worker = Worker(there.world.storage, registry(), settings, Doorbell(None), listens=False, works=True)
    await worker.sweep(0)


def test_a_flood_leaves_no_files(there: Forms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filling, "AN_ADDRESS", 1)
    page = there.page()
    shown = [there.fill(page, {**MINE, "f-dag": "x"}, [PICTURE]) for _ in range(3)]
    assert [each.status_code for each in shown] == [422, 429, 429]
    assert ["lampa.jpg" in each.text for each in shown] == [True, True, False]
    assert "Storgatan 3" in shown[-1].text


def test_it_is_kept_by_the_version_that_was_filled_in(there: Forms) -> None:
    page = there.page()
    there.publish(replace(DEFINITION, fields=DEFINITION.fields[2:3]))
    assert "Vad gäller det?" not in there.page()
    later()
    assert there.fill(page, MINE).status_code == 303
    there.intake()
    (entry,) = there.entries()
    assert entry.body["version"] == 1
    assert "Gatlampa" in entry.text
    there.world.do(lambda unit: form.roll_back(unit, must(unit.get(Form, there.form_id)), 1))
    assert "Vad gäller det?" in there.page()


def test_nothing_tells_whether_something_is_there(there: Forms) -> None:
    paths = ("/forms/nosuch/felanmalan", "/forms/granvik/nosuch", f"{AT}/xx")
    answers = [there.client.get(path) for path in paths]
    assert {each.status_code for each in answers} == {404}
    assert len({each.text for each in answers}) == 1


def test_a_retired_form_says_so_and_what_was_begun_on_it_may_be_sent_for_a_day(there: Forms) -> None:
    page = there.page()
    there.world.do(lambda unit: form.retire(unit, must(unit.get(Form, there.form_id))))
    gone = there.client.get(f"{AT}/sv")
    assert gone.status_code == 410
    assert "Formuläret används inte längre" in gone.text
    assert "<form" not in gone.text
    assert there.client.get(f"/api/v1{AT}").json()["over"] is True
    later()
    receipt = there.fill(page, MINE)
    assert receipt.status_code == 303
    assert there.client.get(receipt.headers["Location"]).status_code == 200
    later(2 * clock.DAY)
    late = there.fill(page, MINE)
    assert late.status_code == 422
    assert "Formuläret används inte längre" in late.text
    assert "Storgatan 3" in late.text
    assert "<form" not in late.text
    told = {"language": "sv", "version": 1, "answers": {"vad": "lampa", "beskrivning": "Trasig"}}
    sent = there.client.post(f"/api/v1{AT}/submissions", json=told, headers={"Idempotency-Key": "nyckel-1"})
    assert (sent.status_code, sent.json()["detail"]) == (409, "This form isn't used any more: nothing is taken.")
    there.publish(DEFINITION)
    assert "<form" in there.page()


def test_an_old_version_is_taken_for_a_day_after_it_was_shown(there: Forms) -> None:
    page = there.page()
    there.publish(replace(DEFINITION, fields=DEFINITION.fields[2:3]))
    told = {"language": "sv", "version": 1, "answers": {"vad": "lampa", "beskrivning": "Trasig"}}
    send = functools.partial(there.client.post, f"/api/v1{AT}/submissions", json=told)
    assert send(headers={"Idempotency-Key": "nyckel-1"}).status_code == 201
    later(2 * clock.DAY)
    old = send(headers={"Idempotency-Key": "nyckel-2"})
    assert old.status_code == 409
    assert "has been changed" in old.json()["detail"]
    late = there.fill(page, {**MINE, "f-namn": "Ida som har flyttat"})
    assert late.status_code == 422
    assert "Vad gäller det?" not in late.text  # it is the newest version
    assert "Storgatan 3" in late.text
    assert "Ida som har flyttat" in late.text  # though nothing asks for it any more
    later()
    assert there.fill(late.text, MINE).status_code == 303
    there.intake()
    assert [each.body["version"] for each in there.entries()] == [1, 2]


def test_a_language_that_a_newer_version_lacks_gives_way_to_the_forms_own(there: Forms) -> None:
    page = there.page(f"{AT}/en")
    swedish_page = there.page()
    later()
    sent = there.fill(swedish_page, LAMP)
    swedish = replace(DEFINITION, languages=("sv",))
    there.publish(swedish)
    later(form.GRACE + SLOW)
    fields = {"token": hidden(page, "token"), **LAMP}
    headers = {"Sec-Fetch-Site": "same-origin"}
    again = there.client.post(f"{AT}/en", data=fields, headers=headers, follow_redirects=False)
    assert again.status_code == 422
    assert '<html lang="sv"' in again.text
    assert f'action="{AT}/sv"' in again.text
    assert LAMP["f-beskrivning"] in again.text
    receipt = sent.headers["Location"].replace(f"{AT}/sv/", f"{AT}/en/")
    assert '<html lang="sv"' in there.page(receipt)
    assert '<html lang="sv"' in there.page(f"{AT}/en")


def test_a_closed_form_takes_nothing(there: Forms) -> None:
    page = there.page()

    def close(unit: Unit) -> None:
        must(unit.get(Form, there.form_id)).closes_at = clock.now() - 1

    there.world.do(close)
    later()
    answer = there.fill(page, MINE)
    assert answer.status_code == 422
    assert "Storgatan 3" in answer.text
    assert there.intake() == 0
    assert "<form" not in there.page()


def test_it_may_stand_on_the_sites_that_it_has_allowed(there: Forms) -> None:
    assert "frame-ancestors 'none'" in there.client.get(AT).headers["Content-Security-Policy"]


def test_a_receipt_says_nothing_of_the_senders_words_and_goes_once(there: Forms) -> None:
    there.world.do(lambda unit: setattr(must(unit.get(Form, there.form_id)), "receipt", True))
    there.world.do(give_an_address, there.world.ids)
    for number in range(5):
        page = there.page()
        later()
        there.fill(page, {**MINE, "f-namn": "Köp billigt", "f-beskrivning": f"Köp på spam.example {number}"})
    there.intake()
    deliveries = there.world.do(lambda unit: unit.all(select(Delivery)))
    assert [each.recipient for each in deliveries] == ["ida@post.example"]
    sent = there.world.do(
        lambda unit: unit.rows(
            select(Entry, Mail).join(Mail, Mail.entry_id == Entry.id).where(Entry.author_kind == "hub")
        )
    )
    ((entry, mail),) = sent
    assert "Köp" not in entry.text + str(entry.body)
    assert mail.automatic == "auto_reply"


def test_it_is_answered_by_mail(there: Forms) -> None:
    there.world.do(give_an_address, there.world.ids)
    page = there.page()
    later()
    there.fill(page, MINE)
    there.intake()
    (conversation,) = there.conversations()
    answer = there.world.ask("POST", f"/conversations/{conversation.id}/replies", json={"text": "Vi lagar den."})
    assert answer.status_code == 201, answer.text
    (delivery,) = there.world.do(lambda unit: unit.all(select(Delivery)))
    assert delivery.recipient == "Ida@post.example"
    (conversation,) = there.conversations()
    assert conversation.due_at == clock.NEVER


@pytest.mark.parametrize("mailed", [False, True], ids=["number", "both"])
def test_who_left_a_mobile_number_is_answered_by_text_message_and_it_is_said_that_it_was_typed(
    there: Forms, mailed: bool
) -> None:
    world = there.world
    number = Field(key="tel", kind="phone", label=in_both("Telefon", "Telephone"))
    there.publish(replace(DEFINITION, fields=(*DEFINITION.fields, number)))
    world.do(_texts, world.ids)
    page = there.page()
    later()
    there.fill(page, {**(MINE if mailed else LAMP), "f-tel": "070-174 06 99"})
    there.intake()
    (conversation,) = there.conversations()
    shown = Screen(world).get(f"/conversations/{conversation.id}", "sara")[1]
    assert f'data-composer data-mode="{"mail" if mailed else "sms"}"' in shown
    said = "Med sms från +46766861234 till +46 70 ••••• 99, som skrevs i formuläret: ingen har bekräftat det"
    assert said in unescape(shown)
    at = f"/conversations/{conversation.id}/replies"
    answer = world.ask("POST", at, json={"text": "Vi lagar den.", "by": "sms", "then": "close"})
    assert answer.status_code == 201, answer.text
    (delivery,) = world.do(lambda unit: unit.all(select(Delivery)))
    assert delivery.recipient == "+46701740699"
    assert said in unescape(Screen(world).get(f"/conversations/{conversation.id}", "sara")[1])
    (point,) = world.do(lambda unit: unit.all(select(CitizenPoint).where(CitizenPoint.kind == "phone")))
    assert point.claimed_at is not None  # to write to it confirms nothing
    undone = world.change("DELETE", f"{at}/{answer.json()['id']}", version=world.version(conversation.id))
    assert undone.status_code == 200, undone.text
    (conversation,) = there.conversations()
    assert (conversation.closed_at, conversation.due_at < clock.NEVER) == (None, True)
    (draft,) = world.get(f"/conversations/{conversation.id}/drafts").json()["own"]
    assert draft["written"]["text"] == "Vi lagar den."
    assert world.do(lambda unit: unit.all(select(Delivery.state))) == ["failed"]


def test_a_number_that_takes_no_text_messages_is_offered_for_none(there: Forms) -> None:
    world = there.world
    number = Field(key="tel", kind="phone", label=in_both("Telefon", "Telephone"))
    there.publish(replace(DEFINITION, fields=(*DEFINITION.fields, number)))
    world.do(_texts, world.ids)
    page = there.page()
    later()
    there.fill(page, {**LAMP, "f-tel": "08-123 456 78"})
    there.intake()
    (conversation,) = there.conversations()
    shown = Screen(world).get(f"/conversations/{conversation.id}", "sara")[1]
    assert 'data-mode="sms"' not in shown
    refused = world.ask("POST", f"/conversations/{conversation.id}/replies", json={"text": "Vi.", "by": "sms"})
    assert (refused.status_code, refused.json()["field"]) == (422, "by")


def _texts(unit: Unit, ids: Mapping[str, int]) -> None:
    """A channel sends text messages for Granvik."""
    config = {"number": "+46766861234", "destination": f"granvik/{ids['kontakt']}"}
    unit.add(Channel(kind="elks", name="SMS", home_id=ids["granvik"], sends_by_id=None, config=config))


def test_json_says_what_a_form_asks_and_takes_it_once(there: Forms) -> None:
    shown = there.client.get(f"/api/v1{AT}").json()
    assert [each["key"] for each in shown["fields"]] == [each.key for each in DEFINITION.fields]
    said: dict[str, Any] = {
        "language": "en",
        "version": shown["version"],
        "answers": {"vad": "lampa", "beskrivning": "Broken.", "epost": "ida@post.example"},
        "files": {"bilder": [{"name": "../a.svg", "media_type": "image/svg+xml", "content": "PHN2Zz4="}]},
    }
    headers = {"Idempotency-Key": "abcdefgh"}
    answers = [there.client.post(f"/api/v1{AT}/submissions", json=said, headers=headers) for _ in range(2)]
    assert [each.status_code for each in answers] == [201, 201], answers[0].text
    assert answers[0].json() == answers[1].json()
    there.intake()
    (conversation,) = there.conversations()
    assert answers[0].json() == {"reference": reference(conversation.id)}
    assert conversation.language == "en"
    file = there.world.do(lambda unit: unit.all(select(Attachment)))[0]
    served = there.world.get(f"/attachments/{file.public_id}")
    assert served.headers["Content-Disposition"].startswith("attachment")
    assert served.headers["Content-Type"] == "application/octet-stream"
    said["answers"]["beskrivning"] = "Another."
    other = there.client.post(f"/api/v1{AT}/submissions", json=said, headers=headers)
    assert other.status_code == 422
    assert other.json()["field"] == "Idempotency-Key"


def test_json_asks_once_more_for_many_links_as_the_page_does(there: Forms) -> None:
    said: dict[str, Any] = {"language": "sv", "answers": {"vad": "lampa", "beskrivning": "https://a.example " * 9}}
    send = functools.partial(there.client.post, f"/api/v1{AT}/submissions", headers={"Idempotency-Key": "abcdefgh"})
    refused = send(json=said)
    assert (refused.status_code, refused.json()["field"]) == (422, "confirmed")
    assert "more than 5 links" in refused.json()["detail"]
    assert "confirmed = true" in refused.json()["detail"]
    assert there.intake() == 0
    kept = send(json={**said, "confirmed": True})
    assert kept.status_code == 201, kept.text
    there.intake()
    (conversation,) = there.conversations()
    assert (kept.json(), conversation.closed_at) == ({"reference": reference(conversation.id)}, None)
    assert conversation.due_at < clock.NEVER


@pytest.mark.parametrize(
    ("answers", "fault"),
    [
        ({"vad": "lampa"}, "beskrivning"),
        ({"vad": "nosuch", "beskrivning": "a"}, "vad"),
        ({"vad": ["lampa", "lampa"], "beskrivning": "a"}, "vad"),
        ({"vad": "annat", "beskrivning": "a"}, "vilket"),
        ({"vad": "lampa", "beskrivning": "a", "nosuch": "b"}, "nosuch"),
        ({"vad": "lampa", "beskrivning": "a", "nummer": "1"}, "nummer"),
    ],
)
def test_json_names_each_field_that_cant_be_used(there: Forms, answers: dict[str, Any], fault: str) -> None:
    answer = there.client.post(
        f"/api/v1{AT}/submissions",
        json={"language": "sv", "answers": answers},
        headers={"Idempotency-Key": "abcdefgh"},
    )
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == [fault]
    assert there.intake() == 0


def test_json_takes_nothing_without_a_key(there: Forms) -> None:
    answer = there.client.post(f"/api/v1{AT}/submissions", json={"language": "sv", "answers": LAMP})
    assert answer.status_code == 400


def test_a_name_is_no_citizens_of_another_municipality(there: Forms) -> None:
    page = there.page()
    later()
    there.fill(page, MINE)
    there.intake()
    (conversation,) = there.conversations()
    assert there.world.get(f"/conversations/{conversation.id}", "nils").status_code == 404
    citizens = there.world.do(lambda unit: unit.all(select(Citizen).where(Citizen.name == "Ida Berg")))
    assert [each.municipality_id for each in citizens] == [there.world.ids["granvik"]]


def give_an_address(unit: Unit, ids: dict[str, int]) -> None:
    """Granvik's mail comes to an address that answers can leave from."""
    from hub.channels.channel import Channel  # noqa: PLC0415 - here alone

    channel = must(unit.get(Channel, ids["in"]))
    channel.config = {"addresses": {"kommunen@granvik.example": f"granvik/{ids['kontakt']}"}}
