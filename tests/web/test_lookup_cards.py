"""Lookup cards on the screen: every kind in every state, what is put into an answer, and texts that mean harm."""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace
from selectolax.parser import HTMLParser, Node
from sqlalchemy import select

from hub import clock
from hub.access.person import Person
from hub.contract import (
    About,
    AnyCard,
    DidYouMean,
    DisturbanceCard,
    Field,
    FieldsCard,
    InvoiceCard,
    Payment,
    PaymentReference,
    PermitCard,
    Pickup,
    PickupCard,
    Step,
    Subject,
    Unreachable,
    When,
)
from hub.contract.cards import Decision
from hub.inbox import matter
from hub.inbox.citizen import Citizen
from hub.inbox.conversation import Conversation
from hub.inbox.municipality import Municipality
from hub.inbox.topic import Topic
from hub.lookups import definition
from hub.lookups.definition import Declared
from hub.lookups.sources import Sources
from hub.storage.unit import Unit
from inbox_ui import times, words
from inbox_ui.lookups import cards
from inbox_ui.lookups.line import link
from tests.daytime import by_day
from tests.lookups.source import Ledgered, Placed, Settings, registry
from tests.web.test_pages import Screen
from tests.web.world import let_pass, must
from tests.web.world import world as make_world

ANNA = "19121212-1212"
HARM = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>&amp;{{7*7}}"
RIGHT, WRONG = "8907136421", "8907136422"


def today() -> date:
    return times.now().astimezone(ZoneInfo("Europe/Stockholm")).date()


def invoice(about: About, **fields: Any) -> InvoiceCard:
    given: dict[str, Any] = {
        "number": "8842071", "title": "Slamtömning", "status": "unpaid", "total": Decimal(1486), "currency": "SEK",
        "due": today() - timedelta(days=26), "reference": PaymentReference(RIGHT, "ocr"), "pay_to": "bankgiro 123-4567",
    }  # fmt: skip
    return InvoiceCard(about=about, as_of=times.now(), **{**given, **fields})


def pickup(about: About, **fields: Any) -> PickupCard:
    given = {"waste": "Restavfall", "next": When(date(2027, 6, 8), date(2027, 6, 8), "day"), **fields}
    return PickupCard(about=about, as_of=times.now(), **given)


def permit(about: About, **fields: Any) -> PermitCard:
    steps = [Step("Inkommen", date(2026, 9, 3)), Step("Granskning", date(2027, 6, 8), done=False)]
    given: dict[str, Any] = {"number": "BN 2026-0418", "title": "Tillbyggnad", "status": "Pågår", "steps": steps}
    return PermitCard(about=about, as_of=times.now(), **{**given, **fields})


class Asked:
    """A conversation in Granvik whose topic allows one lookup (`waits`), with another (`other`) and one of a place."""

    def __init__(self, screen: Screen) -> None:
        self.screen, self.world = screen, screen.world
        self.world.client.app.state.sources = Sources(self.world.storage, registry())
        for name, kind in (("waits", "ledgered"), ("other", "ledgered"), ("place", "placed")):
            self.publish(name, kind=kind)
        self.id = self.world.mail()
        self.world.do(_furnish, self.world.ids, self.id)

    def publish(self, name: str, kind: str = "ledgered", **fields: Any) -> None:
        declared = Declared(name=name, kind=kind, title={"sv": f"Om {name}"}, seconds=30, **fields)
        self.world.do(definition.publish, self.world.ids["granvik"], declared, Settings())

    def answers(self, *made: Callable[[About], AnyCard]) -> None:
        def answer(subject: Subject) -> Sequence[AnyCard]:
            return [make(About(**{subject.by: subject.value})) for make in made]

        Ledgered.does = answer

    def post(self, path: str, form: dict[str, str] | None = None, who: str = "sara", language: str = "en") -> Any:
        return self.screen.post(f"/conversations/{self.id}/{path}", who, form or {}, language)

    def confirm(self, number: str = ANNA) -> Any:
        version = self.screen.version(f"/conversations/{self.id}")
        return self.post("identity", {"how": "called_back", "number": number, "version": version})

    def page(self, who: str = "sara") -> HTMLParser:
        return HTMLParser(self.screen.get(f"/conversations/{self.id}?view=open", who, part=True)[1])

    def card(self, name: str = "waits", form: dict[str, str] | None = None) -> Node:
        """As the answer to its question."""
        answer = self.post(f"lookups/{name}", form)
        assert answer.status_code == 200, answer.text
        return one(HTMLParser(answer.text), f"#lookup-{name}")

    def asked_at(self, name: str = "waits", who: str = "sara") -> str:
        """Of what was shown to them last; of nothing some time, as whoever makes one up says it."""
        offered = self.world.get(f"/conversations/{self.id}/lookups", who).json()["lookups"]
        answered = next(each["answered"] for each in offered if each["name"] == name)
        return str(answered["asked_at"]).replace("Z", "+00:00") if answered else "2026-11-28T05:00:00+00:00"

    def sentence(self, name: str = "waits", **form: str) -> str:
        answer = self.post(f"lookups/{name}/sentence", {"asked_at": self.asked_at(name), **form})
        assert answer.status_code == 200, answer.text
        found = HTMLParser(answer.text).css_first("[data-sentence]")
        return found.text() if found else ""


def _furnish(unit: Unit, ids: dict[str, int], conversation_id: int) -> None:
    conversation = must(unit.get(Conversation, conversation_id))
    must(unit.get(Citizen, conversation.citizen_id)).protection = "no"
    must(unit.get(Person, ids["sara"])).language = "en"
    topic = must(unit.get(Topic, ids["fakturor"]))
    topic.lookups = ["waits"]
    matter.add(unit, conversation, ids["sara"], topic)


def _protect(unit: Unit, conversation_id: int) -> None:
    conversation = must(unit.get(Conversation, conversation_id))
    must(unit.get(Citizen, conversation.citizen_id)).protection = "yes"


def one(page: HTMLParser | Node, selector: str) -> Node:
    found = page.css_first(selector)
    assert found is not None, selector
    return found


def said(node: Node) -> str:
    return " ".join(node.text(separator=" ").split())


@pytest.fixture
def asked(sqlite_database: str, tmp_path: Path) -> Iterator[Asked]:
    with make_world(sqlite_database, tmp_path, pages=True) as world:
        by_day()
        yield Asked(Screen(world))


def test_the_panel_asks_nothing_and_says_what_waits(asked: Asked) -> None:
    page = asked.page()
    assert (Ledgered.asked, Placed.asked) == ([], [])
    assert "Waits for identity" in said(one(page, "#lookups-allowed"))
    waits = one(page, "#lookup-waits [data-ask]")
    assert waits.attributes["popovertarget"] == "m-identify"
    assert page.css("#lookup-waits form") == []
    assert one(page, "#lookup-other").attributes["data-lookup-key"] == "3"
    place = one(page, "#lookup-place")
    assert "needs no identity" in said(one(page, "#lookups-places"))
    assert page.css_first("#lookups .source .cut") is None  # a source that has no name of its own isn't named twice
    assert place.css_first("[name=value]") is not None  # no address is known


def test_confirmed_the_topics_cards_are_asked_each_by_itself(asked: Asked) -> None:
    page = HTMLParser(asked.confirm().text)
    assert Ledgered.asked == []
    waits = one(page, "#lookup-waits")
    assert (waits.attributes["data-state"], waits.attributes["aria-busy"]) == ("asking", "true")
    assert one(waits, "form").attributes["hx-trigger"] == "load"
    assert len(page.css("form[hx-trigger=load]")) == 1
    other = one(page, "#lookup-other")
    assert other.attributes["data-state"] == "unasked"
    assert one(other, "[name=purpose]").attributes["value"] == "Answer about Fakturor"
    assert asked.page().css("form[hx-trigger=load]") == []  # to open it again asks nothing


def test_a_number_that_cannot_be_one_is_told_in_words(asked: Asked) -> None:
    answer = asked.confirm("4711")
    assert (answer.status_code, "with its century" in answer.text) == (422, True)
    page = asked.page()
    assert one(page, "#m-identify [name=number]").attributes["autocomplete"] == "off"
    asked.confirm()
    assert asked.page().css_first("#m-identify [name=number]") is None  # it is known


def test_invoices_say_the_one_thing_worth_seeing(asked: Asked) -> None:
    asked.confirm()
    later = {"due": today() + timedelta(days=4), "reference": PaymentReference(WRONG, "ocr")}
    asked.answers(
        lambda about: invoice(about, reminded=date(2025, 11, 20)),
        lambda about: invoice(about, number="2", status="sent", **later),
        lambda about: invoice(
            about, number="3", status="paid", payments=[Payment(date(2026, 8, 28), Decimal("795.5"))]
        ),
        lambda about: invoice(about, number="4", kind="credit", status="credited", total=Decimal(-300), due=None),
    )
    card = asked.card()
    assert card.attributes["data-state"] == "found"
    assert said(one(card, ".card-head .chip")) == "1 overdue"
    assert said(one(card, "tr:not(.beneath) .small.warn")) == "reminded 20 Nov 2025"  # without unfolding it
    text = said(card)
    for words_ in (
        "1,486",
        "26 days late",
        "in 4 days",
        "check digit right",
        "check digit wrong",
        "SEK 795.50",
        "-300",
    ):
        assert words_ in text, words_
    assert [each.attributes["data-copies"] for each in card.css("[data-copies]")].count(RIGHT) == 3
    assert WRONG not in {each.attributes["data-copies"] for each in card.css("[data-copies]")}
    assert "read-only" in said(one(card, ".card-foot"))


@pytest.mark.parametrize(
    ("fields", "chip", "tone"),
    [
        ({"status": "paid"}, "Paid", "ok"),
        ({"due": None}, "Open", "info"),
        ({"status": "sent", "due": None}, "Open", "info"),
        ({"status": "partly_paid", "balance": Decimal(5)}, "Partly paid", "late"),
        ({"status": "partly_paid", "due": None}, "Partly paid", "warn"),
        ({"status": "debt_collection"}, "Debt collection", "late"),
        ({"status": "paid_too_much"}, "Paid too much", "warn"),
        ({"status": "reminder", "due": None}, "Reminded", "warn"),
        ({"status": "void"}, "Void", "closed"),
        ({"status": "credited"}, "Credited", "closed"),
        ({"status": "written_off"}, "Written off", "closed"),
        ({"status": "unknown", "due": None}, "State unknown", ""),
        ({"status": "unknown"}, "State unknown", ""),
        ({"deferred_to": date(2099, 1, 1)}, "Put off to 1 Jan 2099", "info"),
    ],
)
def test_an_invoices_status(fields: dict[str, Any], chip: str, tone: str) -> None:
    words.speak("en", "Europe/Stockholm")
    found = cards.lines([invoice(About(), **fields)])[0].chip
    assert found is not None
    assert (found.words, found.tone) == (chip, tone)


def test_the_days_that_are_left_or_over_are_of_the_last_day_to_pay() -> None:
    words.speak("en", "Europe/Stockholm")
    off, until = ({"deferred_to": today() + timedelta(days=days)} for days in (9, -2))
    made = [
        invoice(About(), due=today() + timedelta(days=4), **off),
        invoice(About(), **until),
        invoice(About(), kind="credit", status="sent", due=today() + timedelta(days=4)),
        invoice(About(), status="unknown", due=today() + timedelta(days=4)),
    ]
    assert [line.day_under for line in cards.lines(made)] == ["", "2 days late", "", ""]
    chips = [found.words for card in made if (found := cards.summary([card]))]
    assert chips[0].startswith("Put off to")
    assert chips[1:] == ["Overdue", "Open", "State unknown"]
    found = cards.summary([invoice(About(), status="paid"), made[3]])
    assert found is not None
    assert found.words == "State unknown"


def test_a_day_that_has_been_is_not_the_next_one() -> None:
    words.speak("en", "Europe/Stockholm")
    been = When(today() - timedelta(days=1), today() - timedelta(days=1), "day")
    (line,) = cards.lines([pickup(About(), next=been)])
    assert "is over" in line.under


def test_a_line_is_not_broken_within_a_period() -> None:
    words.speak("en", "Europe/Stockholm")
    (line,) = cards.lines([invoice(About(), title="Förskola 2026-09")])
    assert line.title == "Förskola 2026\u201109"


def test_a_day_of_another_year_says_so() -> None:
    words.speak("en", "Europe/Stockholm")
    january = clock.from_datetime(times.now().replace(year=2027, month=1, day=15))
    clock.set_source(lambda: january)
    try:
        (line,) = cards.lines([pickup(About(), past=[Pickup(date(2026, 12, 1)), Pickup(date(2027, 1, 5))])])
        assert [(each.number, each.under) for each in line.past] == [("5", "Jan"), ("1", "Dec 2026")]
        assert times.date_short(date(2026, 12, 1)) == "1 Dec 2026"
        assert times.days_short(date(2026, 6, 29), date(2026, 7, 5)) == "29 Jun – 5 Jul 2026"
    finally:
        clock.set_source(None)


def test_a_pickup_is_as_precise_as_it_is_known(asked: Asked) -> None:
    asked.confirm()
    asked.answers(
        pickup,
        lambda about: pickup(
            about, waste="Slam", is_septic=True, next=When(date(2027, 7, 5), date(2027, 7, 11), "week")
        ),
        lambda about: pickup(about, waste="Trädgård", next=When(date(2027, 6, 1), date(2027, 6, 30), "month")),
        lambda about: pickup(about, waste="Grovavfall", next=None, past=[Pickup(today(), "bommen var låst")]),
    )
    card = asked.card()
    dates = [said(each) for each in card.css(".date")]
    assert dates == ["8 Jun 2027", "27 week", "Jun 2027", f"{today().day} {times.month_of(today())}", "–"]
    assert said(one(card, ".card-head .chip")) == "1 missed"
    assert "Missed: bommen var låst" in said(card)
    assert "Septic" in said(card)


def test_the_days_after_the_next_one() -> None:
    words.speak("en", "Europe/Stockholm")
    days = [When(date(2027, 6, day), date(2027, 6, day), "day") for day in (8, 15, 22, 24, 29)]
    (line,) = cards.lines([pickup(About(), next=days[0], later=days[1:])])
    (after,) = line.facts
    assert (after.words, after.value) == ("After that", "15 Jun 2027, 22 Jun 2027, 24 Jun 2027")


@pytest.mark.parametrize(
    ("precision", "last", "chip"),
    [("day", 8, "Next 8 Jun"), ("week", 14, "Next week 23"), ("month", 30, "Next June 2027")],
)
def test_the_next_pickup_in_a_chip(precision: Any, last: int, chip: str) -> None:
    words.speak("en", "Europe/Stockholm")
    may = clock.from_datetime(times.now().replace(year=2027, month=5, day=1))
    clock.set_source(lambda: may)
    try:
        found = cards.summary([pickup(About(), next=When(date(2027, 6, 8), date(2027, 6, last), precision))])
    finally:
        clock.set_source(None)
    assert found is not None
    assert found.words == chip


def test_a_permit_says_what_is_missing_and_where_it_is(asked: Asked) -> None:
    asked.confirm()
    asked.answers(
        lambda about: permit(about, missing=["Situationsplan", "Kontrollplan"], missing_since=date(2026, 11, 10))
    )
    card = asked.card()
    assert said(one(card, ".card-head .chip")) == "2 papers missing"
    assert said(one(card, "[aria-current=step]")) == "Granskning"
    assert "Missing since 10 Nov Situationsplan, Kontrollplan" in said(card)
    asked.answers(lambda about: permit(about, decision=Decision("granted", on=date(2026, 11, 1))))
    assert said(one(asked.card(), ".card-head .chip")) == "Granted"
    asked.answers(lambda about: permit(about, steps=[Step(f"Steg {n}") for n in range(9)]), permit)
    long = asked.card()
    assert "9 steps" in said(long)
    assert len(long.css(".acts")) == 2


def test_a_disturbance_and_plain_fields(asked: Asked) -> None:
    asked.confirm()
    asked.answers(
        lambda about: DisturbanceCard(about=about, as_of=times.now(), title="Vattnet", status="open", area="Ån")
    )
    assert "Going on" in said(asked.card())
    fields = [
        Field("Avläst", "2026-10-01", "date"),
        Field("Avgift", "3120.5", "amount", "SEK"),
        Field("Nr", "x", "date"),
    ]
    asked.answers(
        lambda about: FieldsCard(about=about, as_of=times.now(), title="Mätare", summary="412 m³", fields=fields)
    )
    card = asked.card()
    assert said(one(card, ".card-head .chip")) == "412 m³"
    assert "October 1, 2026" in said(card)
    assert "SEK 3,120.50" in said(card)


def test_nothing_found_is_one_line_and_what_may_not_be_asked_says_why(asked: Asked) -> None:
    asked.publish("led", roles=("lead",))
    asked.confirm()
    asked.answers()
    card = asked.card()
    assert (card.attributes["data-state"], said(one(card, ".nothing"))) == ("folded", "Nothing found")
    assert one(card, ".card-head [popovertarget]").attributes["aria-label"] == "Ask Om waits by something else"
    page = asked.page()
    assert "Nothing found" in said(one(page, "#lookups-folded #lookup-waits"))
    closed = one(page, "#lookups-folded #lookup-led")
    assert "Not open to your role" in said(closed)
    assert "head of the queue" in said(closed)
    assert asked.post("lookups/led").status_code == 200
    assert Ledgered.asked[-1].by == "identity"  # of the one before


def test_several_can_be_meant_and_each_can_be_chosen(asked: Asked) -> None:
    asked.confirm()

    def several(_: Subject) -> Sequence[AnyCard]:
        raise DidYouMean(["Storgatan 1, Granvik", HARM])

    Ledgered.does = several
    card = asked.card("waits", {"by": "customer", "value": "Storgatan", "purpose": ""})
    assert [each.attributes["value"] for each in card.css(".suggestions button")] == ["Storgatan 1, Granvik", HARM]
    assert one(card, "[name=by]").attributes["value"] == "customer"


def test_of_several_that_only_numbers_tell_apart_none_is_offered(asked: Asked) -> None:
    asked.confirm()

    def several(_: Subject) -> Sequence[AnyCard]:
        raise DidYouMean(["850709-9805", "131052-308T"])

    Ledgered.does = several
    card = asked.card("waits", {"by": "customer", "value": "Ek", "purpose": ""})
    assert "their names hold personal numbers and are not shown. Ask by something else." in said(card)
    assert card.css(".suggestions button") == []


def test_a_source_that_is_down_says_so_and_can_be_tried_again(asked: Asked) -> None:
    asked.confirm()
    assert asked.card().attributes["data-state"] == "found"
    Ledgered.does = "never"
    card = asked.card()
    assert card.attributes["data-state"] == "error"
    assert "did not answer within 30 seconds. Last good answer:" in said(card)
    assert "Try again" in said(card)

    def down(_: Subject) -> Sequence[AnyCard]:
        raise Unreachable("Port 5432 of ekonomi.example is shut.")

    Ledgered.does = down
    card = asked.card()
    assert said(one(card, ".card-body > p")).startswith(
        "The source gives no answer just now. Tell IT, if it lasts. Last"
    )
    assert said(one(card, "details p")) == "Port 5432 of ekonomi.example is shut."  # whatever language that is

    def shut(_: Subject) -> Sequence[AnyCard]:
        raise Unreachable("127.0.0.1 port 8481: Connection refused.")

    Ledgered.does = shut
    answer = HTMLParser(asked.post("lookups/waits", language="sv").text)
    assert "127.0.0.1 port 8481: anslutningen nekades." in said(one(answer, "#lookup-waits .card-body"))
    assert answer.css_first("#lookup-waits details") is None


def test_a_question_that_is_refused_says_why_in_its_place(asked: Asked) -> None:
    card = asked.card()
    assert (card.attributes["data-state"], Ledgered.asked) == ("refused", [])
    assert "Confirm the citizen's identity first" in said(card)
    assert "Last good answer" not in said(card)  # it has nothing to do with the source


def test_of_who_may_be_protected_it_says_what_to_do(asked: Asked) -> None:
    asked.confirm()
    asked.answers()
    asked.card()
    asked.world.do(_protect, asked.id)
    card = asked.card()
    assert card.attributes["data-state"] == "refused"
    assert "Answer as for protected identities: don't say whether we know of them" in said(card)
    assert "Last good answer" not in said(card)


def test_a_purpose_that_is_missing_is_asked_for(asked: Asked) -> None:
    asked.confirm()
    answer = asked.post("lookups/other", {"purpose": " "})
    assert (answer.status_code, answer.headers["HX-Retarget"]) == (422, "#toast")
    card = asked.card("other", {"by": "identity", "purpose": "Hon ringde om avgiften"})
    assert card.attributes["data-state"] == "found"
    again = {each.attributes["name"]: each.attributes["value"] for each in one(card, "form").css("input[type=hidden]")}
    assert (again["by"], again["purpose"]) == ("identity", "Hon ringde om avgiften")


def test_what_it_is_asked_by_has_to_be_written(asked: Asked) -> None:
    answer = asked.post("lookups/place", {"by": "address", "value": " "})
    assert (answer.status_code, "Write first what it is asked by" in answer.text) == (422, True)
    assert "Skriv först" in asked.post("lookups/place", {"by": "address"}, language="sv").text
    assert Placed.asked == []


def test_a_place_is_asked_about_without_identity_and_says_so(asked: Asked) -> None:
    card = asked.card("place", {"by": "address", "value": "Åvägen 2"})
    assert card.attributes["data-state"] == "found"
    assert said(one(card, ".address-only")) == "address only"
    assert "Åvägen 2" in said(one(card, ".card-foot"))
    other = one(card, ".card-head [popovertarget]")
    assert "by another address" in (other.attributes["aria-label"] or "")
    assert one(card, f"#{other.attributes['popovertarget']} [name=value]").attributes["value"] == "Åvägen 2"


def test_what_a_role_does_not_see_is_named(asked: Asked) -> None:
    asked.publish("waits", leads_only=("collector",))
    asked.confirm()
    asked.answers(lambda about: invoice(about, status="debt_collection", collector="Svea", collector_case="K-1"))
    card = asked.card()
    assert "Svea" not in (card.html or "")
    assert "Not shown to your role: debt collector" in said(card)
    assert "Svea" not in asked.sentence()


CARDS: dict[str, Callable[[About], AnyCard]] = {
    "invoice": lambda about: invoice(
        about, number=HARM, title=HARM, currency=HARM, pay_to=HARM, collector=HARM, collector_case=HARM,
        department=HARM, contact=HARM, facility=HARM, reference=PaymentReference(HARM, "kid"), link=f"https://example.org/{HARM}",
        total=Decimal("1E+99999"), balance=Decimal("NaN"), status="partly_paid", vat=Decimal("-0.001"), reminders=2,
    ),
    "pickup": lambda about: pickup(
        about, waste=HARM, container=HARM, unit=HARM, size=Decimal(3), frequency=HARM, route=HARM, currency=HARM,
        past=[Pickup(today(), HARM)], price_a_year=Decimal(1), count=3,
    ),
    "permit": lambda about: permit(
        about, number=HARM, title=HARM, kind=HARM, status=HARM, officer=HARM, missing=[HARM], steps=[Step(HARM)] * 3,
        decision=Decision("other", HARM),
    ),
    "disturbance": lambda about: DisturbanceCard(
        about=about, as_of=times.now(), number=HARM, kind=HARM, title=HARM, text=HARM, status="planned", area=HARM,
        begins=times.now(), ends=times.now(),
    ),
    "fields": lambda about: FieldsCard(
        about=about, as_of=times.now(), title=HARM, summary=HARM,
        fields=[Field(HARM, HARM), Field(HARM, HARM, "date"), Field(HARM, HARM, "amount", HARM)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", CARDS)
def test_whatever_a_source_says_is_text(asked: Asked, kind: str) -> None:
    asked.confirm()
    make = CARDS[kind]
    asked.answers(make, make)
    answers = [asked.post("lookups/waits").text]
    shown = {"asked_at": asked.asked_at()}
    answers.append(asked.post("lookups/waits/sentence", {"card": "0", **shown}).text)
    assert asked.post("lookups/waits/pins", {"card": "1", **shown}).status_code == 200
    page = asked.page()
    assert page.css_first('[data-kind="lookup"]') is not None
    for html in (*answers, page.html or ""):
        found = HTMLParser(html)
        assert "alert(1)" in unescape(html)
        assert not found.css("script, img, iframe, object, embed, style")
        for node in found.css("*"):
            assert not [name for name in node.attributes if name.startswith("on")], node.html
            target = node.attributes.get("href") or ""
            assert re.match(r"(https?://|/|#|$)", target), target


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://ekonomi.example/1", True),
        ("http://ekonomi.example/1", True),
        ("javascript:alert(1)", False),
        ("JaVaScRiPt:alert(1)", False),
        ("data:text/html,x", False),
        ("//example.org/x", False),
        ("https://", False),
        ("https://[", False),
        ("file:///etc/passwd", False),
        (None, False),
    ],
)
def test_only_pages_of_the_web_are_opened(address: str | None, shown: bool) -> None:
    assert bool(link(replace(invoice(About()), link=address))) is shown


def test_a_sentence_is_in_the_citizens_language_and_never_to_one_unknown(asked: Asked) -> None:
    refused = asked.post("lookups/waits/sentence", {"card": ""})
    assert (refused.status_code, "Confirm the identity first" in refused.text) == (403, True)
    assert Ledgered.asked == []
    asked.confirm()
    asked.answers(invoice)
    asked.card()
    assert asked.sentence().startswith(
        "Faktura 8842071 (Slamtömning, 1\u00a0486\u00a0kr) skulle ha betalats senast den"
    )
    assert f"OCR-nummer {RIGHT} till bankgiro 123-4567. Källa: Om waits, " in asked.sentence()
    assert len(Ledgered.asked) == 1
    version = asked.screen.version(f"/conversations/{asked.id}")
    asked.post("identity/end", {"version": version})
    assert asked.post("lookups/waits/sentence", {"card": "0"}).status_code == 403
    asked.world.do(_speaks, asked.id, "nn")
    asked.confirm()
    assert "Vi kan ikkje sjå at" in asked.sentence()
    asked.world.do(_speaks, asked.id, "ar")
    assert "Vi kan inte se att" in asked.sentence()  # the municipality's


def _speaks(unit: Unit, conversation_id: int, language: str) -> None:
    must(unit.get(Conversation, conversation_id)).language = language


def test_an_old_card_is_asked_again_before_it_is_told_of(asked: Asked) -> None:
    asked.confirm()
    asked.answers(invoice)
    asked.card()
    let_pass(16 * 60)
    asked.answers(lambda about: invoice(about, status="paid", due=None))
    answer = asked.post("lookups/waits/sentence", {"by": "", "value": "", "purpose": "", "card": ""})
    assert "är betald." in answer.text
    assert "choose again" not in answer.text
    assert HTMLParser(answer.text).css_first("#lookup-waits[data-state=found]") is not None
    Ledgered.does = "never"
    let_pass(16 * 60)
    late = HTMLParser(asked.post("lookups/waits/sentence", {"card": ""}).text)
    assert late.css_first("[data-sentence]") is None
    assert one(late, "#lookup-waits").attributes["data-state"] == "error"


def test_of_a_card_that_was_chosen_no_other_one_is_told(asked: Asked) -> None:
    asked.confirm()
    asked.answers(lambda about: invoice(about, number="1"), lambda about: invoice(about, number="2"))
    asked.card()
    chosen = {"asked_at": asked.asked_at(), "card": "1"}
    assert "Faktura 2" in asked.post("lookups/waits/sentence", chosen).text
    let_pass(16 * 60)
    asked.answers(*(lambda about, n=n: invoice(about, number=n) for n in ("0", "1", "2")))
    answer = asked.post("lookups/waits/sentence", chosen)
    came = HTMLParser(answer.text)
    assert (answer.status_code, came.css_first("[data-sentence]"), "Faktura 1" in answer.text) == (200, None, False)
    assert "asked again. Nothing was inserted: choose again." in said(one(came, "[data-unsaid]"))
    assert len(one(came, "#lookup-waits[data-state=found]").css("[data-inserts]")) == 4
    asked.world.do(_reads, asked.world.ids["sara"], "sv")
    let_pass(16 * 60)
    assert "välj igen" in asked.post("lookups/waits/sentence", chosen, language="sv").text
    asked.world.do(_reads, asked.world.ids["sara"], "en")
    asked.answers()
    let_pass(16 * 60)
    empty = HTMLParser(asked.post("lookups/waits/sentence", chosen).text)
    assert empty.css_first("[data-unsaid]") is None, "there is nothing to choose"
    assert said(one(empty, "#lookup-waits")).startswith("Om waits Nothing found")


def _reads(unit: Unit, person_id: int, language: str) -> None:
    must(unit.get(Person, person_id)).language = language


def test_a_pinned_card_stays_as_it_was_in_the_timeline_alone(asked: Asked) -> None:
    asked.confirm()
    asked.answers(invoice)
    asked.card()
    answer = asked.post("lookups/waits/pins", {"card": "0", "asked_at": asked.asked_at()})
    assert "Pinned to the conversation" in answer.text
    asked.answers(lambda about: invoice(about, status="paid"))
    asked.card()
    entry = one(asked.page(), '.event[data-kind="lookup"]')
    for part in ("Sara pinned a lookup", "Invoice 8842071 as it was", "SEK 1,486", "due 31", "Overdue", "Om waits"):
        assert part.replace("31", str((today() - timedelta(days=26)).day)) in said(entry), part
    at = f"/conversations/{asked.id}"
    status, forward = asked.screen.get(f"{at}/forward", "sara", part=True)
    assert (status, "8842071" in said(one(HTMLParser(forward), ".compose"))) == (200, False)
    asked.post("replies", {"text": "Hej!", "then": "open"})
    reply = asked.world.everything(f"{at}/timeline")[-1]
    assert "8842071" not in reply["text"] + str(reply["body"])
    css = (Path(__file__).parents[2] / "inbox_ui/static/app.css").read_text(encoding="utf-8")
    assert re.search(r"@media print \{[^{]*\.event\[data-kind=\"lookup\"\][^{]*\{ display: none; \}", css)


def test_through_broken_glass_nothing_is_asked(asked: Asked) -> None:
    secret = asked.screen.plant("kanarie", confidential="vatten")
    at = f"/conversations/{secret.ids['conversation_id']}"
    asked.world.ask("PUT", f"{at}/glass", json={"reason": "Dottern ringer och frågar vem som kommer i kväll."})
    page = HTMLParser(asked.screen.get(at, "sara", part=True)[1])
    assert "closed while the glass is broken" in said(one(page, "#lookups"))
    assert page.css("[data-ask]") == []


def test_a_place_of_another_country_is_told_of_in_its_language(asked: Asked) -> None:
    asked.card("place", {"by": "address", "value": "Åvägen 2"})
    norwegian = asked.world.do(lambda unit: must(unit.first(select(Municipality).where(Municipality.country == "NO"))))
    assert norwegian.language == "nb"
    asked.world.do(_speaks, asked.id, "nb")
    assert asked.sentence("place").startswith("Det er ikke satt noen dato for neste tømming (Restavfall) ennå.")
