"""ByggR answers as was recorded; the cards say what the recorded XML says, and nothing that mayn't be said."""

import asyncio
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, ClassVar
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import msgspec
import pytest

from hub.contract import AnyCard, AuthFailed, Lookup, Misconfigured, PermitCard, Subject, Unreachable, Unreadable
from hub.contract.config import read_config
from hub.contract.testing import LookupTests
from hub.errors import Invalid
from hub.lookups.file import read, write
from hub.lookups.open import close_lookup, opened
from hub.plugin_host.manager import load
from plugins.lookups.byggr import (
    ACTION,
    BY_CASE,
    BY_IDENTITY,
    BY_PROPERTY,
    ENVELOPE,
    ROLES,
    SERVICE,
    Byggr,
    ByggrConfig,
)
from tests.plugins.lookups.tools import LookupTools, Out, Said
from tests.stand_ins.recorded import HERE, Recorded, samples

FOLDERS = list(dict.fromkeys([samples("byggr"), HERE / "byggr"]))
"""What was recorded, where it is on this machine; and what is ours, everywhere."""
MAPPINGS = [file for folder in FOLDERS for file in sorted((folder / "recorded").glob("**/mappings/*.json"))]
A, S = "{www.tekis.se/arende}", "{www.tekis.se/ServiceContract}"
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def stub(file: Path) -> tuple[dict[str, Any], Path]:
    """A recorded stub, where the service would stand at a municipality; and the folder of its body."""
    mapping = json.loads(file.read_bytes())
    mapping["request"]["urlPath"] = f"/TekisArende{SERVICE}"
    return mapping, file.parents[2]


def question(file: Path) -> Element | None:
    """What was asked, as recorded: the operation with its parameters."""
    patterns = json.loads(file.read_bytes())["request"]["bodyPatterns"]
    if "equalToXml" not in patterns[0]:
        return None
    return next(iter(ElementTree.fromstring(patterns[0]["equalToXml"].encode())[-1]))  # noqa: S314 - files of our own tests


def operation(file: Path) -> str:
    asked = question(file)
    return "" if asked is None else asked.tag.rpartition("}")[2]


def is_ours(file: Path) -> bool:
    """About whom somebody is as an applicant: no roles are named. Neighbours are asked about otherwise."""
    asked = question(file)
    return asked is not None and asked.find(f"{S}handelseIntressentRoller") is None


def body(file: Path) -> bytes:
    mapping, folder = stub(file)
    name: str = mapping["response"]["bodyFileName"]
    return (folder / name).read_bytes()


def named(files: Sequence[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("file", files, ids=lambda file: file.parents[1].name)


@pytest.fixture
def source() -> Iterator[Recorded]:
    with Recorded() as source:
        for file in MAPPINGS:
            source.stub(*stub(file))
        yield source


def byggr(http: Out | Said | Recorded, **settings: object) -> Byggr:
    if isinstance(http, Recorded):
        http = Out(Byggr, f"{http.address}/TekisArende")
    config = read_config(ByggrConfig, {"base_url": "http://byggr.example/TekisArende", **settings})
    return Byggr(config, LookupTools(http, NOW))


def find(lookup: Byggr, by: Any, value: str) -> list[PermitCard]:
    cards: Sequence[AnyCard] = asyncio.run(lookup.find(Subject(by, value)))
    assert all(isinstance(card, PermitCard) for card in cards)
    return [card for card in cards if isinstance(card, PermitCard)]


# -- what was recorded ------------------------------------------------------------------------------------------------


def test_there_are_recordings_of_every_kind_of_question() -> None:
    assert {BY_IDENTITY, BY_CASE, ROLES} <= {operation(file) for file in MAPPINGS}


@named([file for file in MAPPINGS if operation(file) == BY_IDENTITY and is_ours(file)])
def test_who_applied_sees_their_cases_as_recorded(source: Recorded, file: Path) -> None:
    asked = question(file)
    assert asked is not None
    number = asked.findtext(f"{S}persOrgNr", "")
    cards = find(byggr(source), "identity", re.sub(r"\D", "", number))
    assert source.ledger[0].status == 200, "the question is the recorded one, to the letter"
    theirs = [case for case in cases(body(file)) if number in applicants(case)]
    assert [card.number for card in cards] == [case.get("dnr") for case in theirs]
    for card, case in zip(cards, theirs, strict=True):
        says_what_the_case_says(card, case)
        assert card.about.identity == number


@named([file for file in MAPPINGS if operation(file) == BY_CASE])
def test_a_case_is_found_by_its_number_as_recorded(source: Recorded, file: Path) -> None:
    asked = question(file)
    assert asked is not None
    number = asked.findtext(f"{S}dnr", "")
    (card,) = find(byggr(source), "case", number)
    (case,) = cases(body(file))
    says_what_the_case_says(card, case)
    assert card.about.case == card.number == number


@named([file for file in MAPPINGS if operation(file) == BY_IDENTITY and not is_ours(file)])
def test_neighbours_are_no_applicants(file: Path) -> None:
    asked = question(file)
    assert asked is not None
    number = asked.findtext(f"{S}persOrgNr", "")
    assert find(byggr(Said(body(file))), "identity", re.sub(r"\D", "", number)) == []
    for case in cases(body(file)):
        for applicant in applicants(case):
            found = find(byggr(Said(body(file))), "identity", re.sub(r"\D", "", applicant))
            assert case.get("dnr") in [card.number for card in found]


@named([file for file in MAPPINGS if operation(file) == ROLES])
def test_settings_are_proved_by_the_list_of_roles(source: Recorded, file: Path) -> None:
    asyncio.run(byggr(source).check())
    with pytest.raises(Misconfigured, match="SOK") as refusal:
        asyncio.run(byggr(source, applicant_roles=["NOBODY"]).check())
    assert refusal.value.field == "applicant_roles"
    assert {asked.headers["soapaction"] for asked in source.ledger} == {ACTION + ROLES}


@named([file for file in MAPPINGS if operation(file) in {"GetDocument", "GetHandlingTyper"} or question(file) is None])
def test_what_answers_another_question_is_no_case(file: Path) -> None:
    """Recorded answers to operations that this lookup never asks, among them a fault."""
    mapping, _ = stub(file)
    http = Said(body(file), mapping["response"]["status"])
    with pytest.raises((Unreadable, Unreachable)):
        find(byggr(http), "identity", "191212121212")
    with pytest.raises((Unreadable, Unreachable)):
        asyncio.run(byggr(http).check())


def cases(xml: bytes) -> list[Element]:
    root = ElementTree.fromstring(xml)  # noqa: S314 - files of our own tests
    return [element for element in root.iter() if element.get("dnr")]


def applicants(case: Element) -> list[str]:
    people = case.iterfind(f"{A}intressentLista/{A}intressent")
    return [who.get("persOrgNr", "") for who in people if "SOK" in [role.text for role in who.iter(f"{A}roll")]]


def says_what_the_case_says(card: PermitCard, case: Element) -> None:
    estate = next(case.iter(f"{A}fastighet"))
    assert card.about.property == f"{estate.findtext(f'{A}trakt')} {estate.findtext(f'{A}fbetNr')}"
    assert card.number == case.get("dnr")
    assert card.status == case.findtext(f"{A}status")
    assert card.title == " ".join((case.findtext(f"{A}beskrivning") or "").split())
    assert card.applied == date.fromisoformat(case.findtext(f"{A}ankomstDatum") or "")
    officer = case.find(f"{A}handlaggare")
    assert officer is not None
    assert card.officer == f"{officer.findtext(f'{A}fornamn')} {officer.findtext(f'{A}efternamn')}"
    events = [event for event in case.iter(f"{A}handelse") if may_be_shown(event)]
    assert len(card.steps) == len(events)
    shown = sorted(str(step.on) for step in card.steps if step.on)
    written = [(event.findtext(f"{A}startDatum") or "")[:10] for event in events]
    assert shown == sorted(day for day in written if re.fullmatch(r"\d{4}-\d\d-\d\d", day)) or "{{now" in str(written)
    decisions = [event for event in events if event.findtext(f"{A}handelsetyp") == "BESLUT"]
    assert (card.decision is None) == (not decisions)
    for decision in decisions:
        assert card.decision is not None
        assert card.decision.outcome == "granted"
        assert card.decision.text == decision.findtext(f"{A}rubrik")
        assert str(card.decision.on) == (decision.findtext(f"{A}startDatum") or "")[:10]
    text = msgspec.json.encode(card).decode()
    for who in case.iter(f"{A}intressent"):
        assert (who.findtext(f"{A}namn") or "?").casefold() not in text.casefold()
    headlines = " ".join(event.findtext(f"{A}rubrik") or "" for event in events)
    for note in case.iter(f"{A}anteckning"):
        assert not note.text or note.text in headlines or note.text not in text
    for paper in case.iter(f"{A}dokument"):
        assert (paper.findtext(f"{A}namn") or "?").strip() not in text
    assert card.as_of == NOW


def may_be_shown(event: Element) -> bool:
    return [event.findtext(f"{A}{name}") for name in ("sekretess", "arbetsmaterial", "makulerad")] == ["false"] * 3


def answers(*operations: str) -> list[Path]:
    """Recorded ones that have a case with an applicant."""
    bodies = [
        file.parents[2] / stub(file)[0]["response"]["bodyFileName"]
        for file in MAPPINGS
        if operation(file) in operations
    ]
    return [file for file in bodies if any(applicants(case) for case in cases(file.read_bytes()))]


class TestByggrByIdentity(LookupTests):
    lookup = Byggr
    settings: ClassVar[Mapping[str, Any]] = {"base_url": "https://byggr.example/TekisArende"}
    media_type = "text/xml"
    samples: ClassVar[Sequence[Path]] = answers(BY_IDENTITY)

    def asked(self, sample: Path) -> Subject:
        number = next(number for case in cases(sample.read_bytes()) for number in applicants(case))
        return Subject("identity", re.sub(r"\D", "", number))


class TestByggrByCase(TestByggrByIdentity):
    samples: ClassVar[Sequence[Path]] = answers(BY_CASE)

    def asked(self, sample: Path) -> Subject:
        return Subject("case", cases(sample.read_bytes())[0].get("dnr", ""))


# -- how it asks ------------------------------------------------------------------------------------------------------

NOTHING = ENVELOPE.format(f"{BY_IDENTITY}Response", f"<{BY_IDENTITY}Result/>").encode()


def asked_of(http: Said) -> list[str]:
    return [content.decode() for content in http.asked]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("191212121212", ["19121212-1212"]),
        ("165566778899", ["16556677-8899", "556677-8899"]),
        ("5566778899", ["16556677-8899", "556677-8899"]),
        ("556677-8899", ["16556677-8899", "556677-8899"]),
        ("201603045678", ["20160304-5678"]),
        ("1603045678", ["160304-5678"]),
    ],
)
def test_numbers_are_written_as_byggr_has_them(value: str, written: list[str]) -> None:
    http = Said(NOTHING)
    assert find(byggr(http), "identity", value) == []
    assert [re.search("<persOrgNr>(.*)</persOrgNr>", content)[1] for content in asked_of(http)] == written  # type: ignore[index] # it is there


@pytest.mark.parametrize("stands", ["16556677-8899", "556677-8899", "165566778899"])
@pytest.mark.parametrize("asked", ["165566778899", "5566778899"])
def test_an_organisation_is_itself_with_16_and_without_and_comes_once(stands: str, asked: str) -> None:
    http = Said(answer(case(person=stands)))
    (card,) = find(byggr(http), "identity", asked)
    assert card.about.identity == stands
    assert len(http.asked) == 2


def test_a_person_of_another_century_is_another_person() -> None:
    assert find(byggr(Said(answer(case(person="20121212-1212")))), "identity", "191212121212") == []


@pytest.mark.parametrize(
    ("value", "municipality", "tract", "number"),
    [
        ("GRANVIK BJÖRKEN 1:23", "Granvik", "BJÖRKEN", "1:23"),
        ("granvik  björken 1 : 23", "Granvik", "BJÖRKEN", "1:23"),
        ("Björken 1:23", "Granvik", "BJÖRKEN", "1:23"),
        ("Björken 1:23", "", "BJÖRKEN", "1:23"),
        ("Norra Björken 1:23.", "Granvik", "NORRA BJÖRKEN", "1:23"),
        ("GRANVIK GRANVIK 2:55", "Granvik", "GRANVIK", "2:55"),
        ("Granvik 2:55", "Granvik", "GRANVIK", "2:55"),
        ("Balder 5", "", "BALDER", "5"),
        ("Björken s:1", "", "BJÖRKEN", "S:1"),
        ("Björken & Eken 1:2>3", "", "BJÖRKEN &amp; EKEN", "1:2>3"),
    ],
)
def test_a_property_is_taken_apart_as_people_write_it(value: str, municipality: str, tract: str, number: str) -> None:
    http = Said(NOTHING.replace(BY_IDENTITY.encode(), BY_PROPERTY.encode()))
    assert find(byggr(http, municipality=municipality), "property", value) == []
    (content,) = asked_of(http)
    assert f"<trakt>{tract}</trakt><fBetNr>{number.replace('>', '&gt;')}</fBetNr>" in content
    names = [element.tag for element in ElementTree.fromstring(content.encode()).iter()]  # noqa: S314 - what we wrote ourselves
    assert names[-5:] == [f"{S}{name}" for name in ("fnr", "trakt", "fBetNr", "arHuvudObjekt", "statusFilter")]


@pytest.mark.parametrize("value", ["Björken", "", "Storgatan 1 B", ":"])
def test_what_is_no_property_is_not_asked(value: str) -> None:
    http = Said(b"")
    assert find(byggr(http), "property", value) == []
    assert http.asked == []


def test_a_card_is_about_the_property_that_was_asked_even_where_another_is_the_main_one() -> None:
    extra = estate("EKEN", "4:5", main="false")
    xml = answer(case(estates=estate("BJÖRKEN", "1:23") + extra), BY_PROPERTY)
    (card,) = find(byggr(Said(xml), municipality="Granvik"), "property", "Granvik Eken 4:5")
    assert card.about.property == "Granvik Eken 4:5"
    (card,) = find(byggr(Said(xml)), "property", "Tallen 9:9")
    assert card.about.property == "BJÖRKEN 1:23", "the hub sees that the source answered about another one"


def test_a_case_number_is_asked_as_it_is_written_and_can_do_no_harm() -> None:
    http = Said(ENVELOPE.format(f"{BY_CASE}Response", "").encode())
    assert find(byggr(http), "case", " L2018-00001234</dnr><x>  & ") == []
    asked = ElementTree.fromstring(http.asked[0])  # noqa: S314 - what we wrote ourselves
    assert asked.findtext(f".//{S}dnr") == "L2018-00001234</dnr><x> &"


def test_it_is_declared_in_a_file_with_the_municipalitys_own_codes(source: Recorded) -> None:
    text = (
        'name = "permits"\nkind = "byggr"\n[title]\nsv = "Bygglov"\n[settings]\n'
        'municipality = "Granvik"\napplicant_roles = ["SOK"]\n'
        f'base_url = "{source.address}/TekisArende"\n[settings.outcomes]\n"ÅTER" = "withdrawn"\n'
    )
    declared, cls, config = read(text, load(()), lambda _: {})
    assert (cls, config.outcomes) == (Byggr, {"ÅTER": "withdrawn"})  # type: ignore[attr-defined] # it is byggr's
    assert read(write(declared), load(()), lambda _: {}) == (declared, cls, config)
    with pytest.raises(Invalid, match="maybe"):
        read(text.replace("withdrawn", "maybe"), load(()), lambda _: {})
    asyncio.run(tried(opened(cls, config)))
    with pytest.raises(Misconfigured, match="open line"):
        opened(cls, read_config(ByggrConfig, {"base_url": "http://byggr.example/TekisArende"}))
    opened(cls, read_config(ByggrConfig, {"base_url": "http://byggr.example/TekisArende", "in_the_open": True}))


async def tried(lookup: Lookup[Any]) -> None:
    await lookup.check()
    await close_lookup(lookup)


def test_only_reads_are_named() -> None:
    assert {path for path, _ in Byggr.allowed_posts} == {SERVICE}
    assert all(action.rpartition("/")[2].startswith("Get") for _, action in Byggr.allowed_posts)
    assert Byggr.allowed_paths == ()


# -- what leaves, and what doesn't ------------------------------------------------------------------------------------


def event(
    headline: str = "Handling",
    *,
    way: str = "In",
    kind: str = "HANDLING",
    slag: str = "",
    at: str = "2026-03-01T10:00:00+01:00",
    marks: str = "<sekretess>false</sekretess><arbetsmaterial>false</arbetsmaterial><makulerad>false</makulerad>",
    more: str = "",
) -> str:
    return (
        f"<handelse><riktning>{way}</riktning><rubrik>{headline}</rubrik><startDatum>{at}</startDatum>"
        f"<handelseslag>{slag}</handelseslag><handelsetyp>{kind}</handelsetyp>{marks}{more}</handelse>"
    )


def estate(tract: str, number: str, main: str = "true") -> str:
    return (
        f'<abstractArendeObjekt arHuvudObjekt="{main}"><fastighet><trakt>{tract}</trakt><fbetNr>{number}</fbetNr>'
        "</fastighet></abstractArendeObjekt>"
    )


def case(
    *events: str,
    person: str = "19121212-1212",
    estates: str = "",
    status: str = "Pågående",
    attributes: str = "",
    text: str = "Bygglov för nybyggnad av garage",
) -> str:
    return (
        f'<arende dnr="BYGG 2026-000001" arendetyp="BL" {attributes}><status>{status}</status>'
        f"<beskrivning>{text}</beskrivning><ankomstDatum>2026-02-01</ankomstDatum>"
        f'<intressentLista><intressent persOrgNr="{person}"><namn>Anna Exempel</namn><efternamn>Exempel</efternamn>'
        f"<rollLista><roll>SOK</roll></rollLista></intressent></intressentLista>"
        f"<handelseLista>{''.join(events)}</handelseLista><objektLista>{estates}</objektLista></arende>"
    )


def answer(inner: str, operation: str = BY_IDENTITY) -> bytes:
    return ENVELOPE.format(f"{operation}Response", f"<{operation}Result>{inner}</{operation}Result>").encode()


def card_of(*events: str, settings: dict[str, object] | None = None, **of: str) -> PermitCard:
    (card,) = find(byggr(Said(answer(case(*events, **of))), **(settings or {})), "identity", "191212121212")
    return card


NEITHER = "<sekretess>false</sekretess><arbetsmaterial>false</arbetsmaterial>"


@pytest.mark.parametrize(
    "marks",
    [
        "<sekretess>true</sekretess><arbetsmaterial>false</arbetsmaterial>",
        "<sekretess>1</sekretess><arbetsmaterial>false</arbetsmaterial>",
        "<sekretess>false</sekretess><arbetsmaterial>true</arbetsmaterial>",
        "<sekretess> TRUE </sekretess><arbetsmaterial>false</arbetsmaterial>",
        "<sekretess>ja</sekretess><arbetsmaterial>false</arbetsmaterial>",
        "<arbetsmaterial>false</arbetsmaterial>",
        "<sekretess>false</sekretess>",
        "<sekretess/><arbetsmaterial/>",
        "",
        f"{NEITHER}<makulerad>true</makulerad>",
        f"{NEITHER}<sekretessKapitel>21</sekretessKapitel>",
    ],
)
@pytest.mark.parametrize("kind", ["HANDLING", "BESLUT", "KOMP"])
def test_what_is_secret_working_material_or_cancelled_never_leaves(marks: str, kind: str) -> None:
    """Canaries in every text of an event, and 11 ways to be secret; whatever is unsure is secret."""
    paper = (
        "<handlingLista><handling><typ>CANARY</typ><status>Arbetsmtrl</status><anteckning>CANARY</anteckning>"
        "<dokument><namn>CANARY.pdf</namn><beskrivning>CANARY</beskrivning></dokument></handling></handlingLista>"
        "<anteckning>CANARY</anteckning><handelseutfall>BEV</handelseutfall>"
        "<beslut arHuvudbeslut='true'><beslutstext>CANARY</beslutstext></beslut>"
    )
    hidden = event("CANARY", way="Ut", kind=kind, slag="CANARY", marks=marks, more=paper, at="2026-03-09T10:00:00Z")
    card = card_of(event("Ansökan"), hidden)
    assert [step.title for step in card.steps] == ["Ansökan"]
    assert (card.decision, card.missing, card.missing_since) == (None, [], None)
    assert b"CANARY" not in msgspec.json.encode(card)
    assert b"2026-03-09" not in msgspec.json.encode(card)


def test_documents_and_notes_of_an_open_event_do_not_leave_either() -> None:
    paper = (
        "<anteckning>CANARY</anteckning><handlingLista><handling><typ>ANS</typ><status>Inkommen</status>"
        "<dokument><namn>CANARY</namn></dokument></handling></handlingLista>"
    )
    assert b"CANARY" not in msgspec.json.encode(card_of(event("Ansökan", more=paper)))


@pytest.mark.parametrize("mark", ["sekretess='true'", "sekretess='1'", "arbetsmaterial='true'", "sekretess='ja'"])
def test_a_case_that_is_secret_itself_is_not_there(mark: str) -> None:
    secret = Said(answer(case(event(), attributes=mark)))
    assert find(byggr(secret), "identity", "191212121212") == []
    assert find(byggr(Said(answer(case(attributes="sekretess='false'")))), "identity", "191212121212")


@pytest.mark.parametrize(
    ("headline", "kind", "shown"),
    [
        ("Grannehörande Svar med erinran, EKEN 4:5, Berit\n\tAnnan", "GRANHO", "Grannehörande Svar med erinran"),
        ("Grannehörande Svar, EKEN 4:5, N.N.", "GRANHO", "Grannehörande Svar"),
        ("Skrivelse från BERIT ANNAN", "HANDLING", "HANDLING"),
        ("Skrivelse, fru Annan", "HANDLING", "Skrivelse"),
        ("Skrivelse, 19101010-1010", "HANDLING", "Skrivelse"),
        ("Samtal 0701234567", "HANDLING", "HANDLING"),
        ("Annandagens möte", "HANDLING", "Annandagens möte"),
        ("  Bygglov,\n  Beviljas ", "BESLUT", "Bygglov, Beviljas"),
    ],
)
def test_a_headline_names_nobody(headline: str, kind: str, shown: str) -> None:
    who = "<intressent><namn>Berit Annan</namn><efternamn>Annan</efternamn></intressent>"
    card = card_of(event(headline, kind=kind, more=f"<intressentLista>{who}</intressentLista>"))
    assert [step.title for step in card.steps] == [shown]


def test_a_title_names_nobody() -> None:
    assert card_of(text="Tillbyggnad hos Anna Exempel").title == "Bygglov"
    assert card_of(text="Bygglov\n\tför  garage").title == "Bygglov för garage"


REQUEST = event("Begäran om komplettering", way="Ut", at="2026-03-05T10:00:00+01:00")


@pytest.mark.parametrize(
    ("later", "missing"),
    [
        ([], True),
        ([event("Komplettering till Admin", slag="KOMPADM", at="2026-03-09T10:00:00+01:00")], False),
        ([event("Ritningar", slag="KOMPL", at="2026-03-05T10:00:00+01:00")], False),
        ([event("Ritningar", slag="KOMPL", at="2026-03-04T10:00:00+01:00")], True),
        ([event("Grannehörande Svar", kind="GRANHO", at="2026-03-09T10:00:00+01:00")], True),
        ([event("Komplettering", marks=f"{NEITHER}<makulerad>true</makulerad>", at="2026-03-09T10:00:00Z")], True),
        ([event("Komplettering", marks="<sekretess>true</sekretess>", at="2026-03-09T10:00:00Z")], False),
        ([event("Bekräftelse komplettering", way="Ut", at="2026-03-09T10:00:00Z")], True),
        ([event("Bygglov, Beviljas", way="Okänd", kind="BESLUT", at="2026-03-09T10:00:00Z")], False),
    ],
)
def test_papers_are_missing_until_a_supplement_came(later: list[str], missing: bool) -> None:
    card = card_of(*later, event("Ansökan"), REQUEST) if later and "03-04" in later[0] else card_of(REQUEST, *later)
    assert list(card.missing) == (["Begäran om komplettering"] if missing else [])
    assert card.missing_since == (date(2026, 3, 5) if missing else None)


def test_the_latest_request_counts_and_an_ended_case_wants_nothing() -> None:
    again = event("Påminnelse", way="Okänd", kind="KOMP1", at="2026-03-20T10:00:00+01:00")
    card = card_of(again, REQUEST)
    assert (list(card.missing), card.missing_since) == (["Påminnelse"], date(2026, 3, 20))
    assert [step.title for step in card.steps] == ["Begäran om komplettering", "Påminnelse"], "in the order of time"
    ended = card_of(REQUEST, status="Avslutat")
    assert (ended.is_closed, list(ended.missing)) == (True, [])


@pytest.mark.parametrize(
    ("code", "outcome"), [("BEV", "granted"), ("bev", "granted"), ("AVS", "refused"), ("XYZ", "other"), ("", "other")]
)
def test_outcomes_go_by_code_and_what_is_unknown_is_other(code: str, outcome: str) -> None:
    told = f"<handelseutfall>{code}</handelseutfall><beslut arHuvudbeslut='true'><beslutstext/></beslut>"
    decided = event("Bygglov, Så och så", kind="BESLUT", more=told)
    card = card_of(decided, settings={"outcomes": {"avs": "refused"}})
    assert card.decision is not None
    assert (card.decision.outcome, card.decision.text) == (outcome, "Bygglov, Så och så")


def test_the_latest_main_decision_is_the_decision() -> None:
    def decided(head: str, day: int, main: str, more: str = "") -> str:
        told = f"<handelseutfall>BEV</handelseutfall><beslut arHuvudbeslut='{main}'>{more}</beslut>"
        return event(head, kind="BESLUT", at=f"2026-04-{day:02}T23:30:00Z", more=told)

    text = "<beslutstext>Bygglov beviljas.</beslutstext><giltigTillDatum>2031-04-02+02:00</giltigTillDatum>"
    card = card_of(decided("Andra", 2, "1", text), decided("Första", 1, "1"), decided("Avgift", 3, "false"))
    assert card.decision is not None
    assert (card.decision.text, card.decision.valid_until) == ("Bygglov beviljas.", date(2031, 4, 2))
    assert card.decision.on == date(2026, 4, 3), "half past one at night, in Sweden"


@pytest.mark.parametrize("at", ["", "{{now}}", "2026-02-30T10:00:00", "igår", "2026-13-01"])
def test_a_day_that_can_not_be_read_is_no_day(at: str) -> None:
    assert card_of(event("Ansökan", at=at)).steps[0].on is None


def test_dotnet_writes_seven_digits_of_a_second() -> None:
    assert card_of(event(at="2026-03-01T10:00:00.1234567+01:00")).steps[0].on == date(2026, 3, 1)


# -- what goes wrong --------------------------------------------------------------------------------------------------

FAULT = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>{}</faultcode>'
    "<faultstring>{}</faultstring></s:Fault></s:Body></s:Envelope>"
)
GOOD = answer(case(event("Ansökan")))
WHO = "19121212-1212"
BOMB = b'<!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>' + GOOD.replace(b"An", b"&b;", 1)
FILE = b'<!DOCTYPE b [<!ENTITY x SYSTEM "file:///etc/hostname">]>' + GOOD[38:]


@pytest.mark.parametrize(
    ("content", "status", "error"),
    [
        ((FOLDERS[0] / "soap" / "missing-body.xml").read_bytes(), 200, Unreadable),
        (b"", 200, Unreadable),
        (b"<html><body>Logga in</body></html>", 200, Unreadable),
        (b"<!DOCTYPE html><html><body><br>Logga in 19121212-1212</html>", 200, Unreadable),
        (b"<!DOCTYPE html><html><body><br>19121212-1212</html>", 500, Unreachable),
        (b"<html><body>19121212-1212</body></html>", 404, Unreachable),
        (b"", 503, Unreachable),
        (b"", 302, Unreachable),
        (b"", 401, AuthFailed),
        (GOOD, 403, AuthFailed),
        (GOOD, 500, Unreachable),
        (GOOD[: len(GOOD) // 2], 200, Unreadable),
        (GOOD[:-3], 200, Unreadable),
        (GOOD.replace(b"Pag", b"\xff").replace("Pågående".encode(), b"P\xe5g\xe5ende"), 200, Unreadable),
        (GOOD.replace(b'encoding="UTF-8"', b'encoding="x-none"'), 200, Unreadable),
        (GOOD.replace(b'dnr="BYGG 2026-000001"', b""), 200, Unreadable),
        (BOMB, 200, Unreadable),
        (FILE, 200, Unreadable),
        (FILE.decode().encode("utf-16"), 200, Unreadable),
        (b"<a>" * 100 + b"</a>" * 100, 200, Unreadable),
        (b"<a>" + b"<b/>" * 200_001 + b"</a>", 200, Unreadable),
        (b"<a>" + b" " * 17 * 2**20 + b"</a>", 200, Unreadable),
        (answer("", BY_CASE), 200, Unreadable),
        (FAULT.format("s:Client", f"{WHO} is not found").encode(), 500, Unreadable),
        (FAULT.format("s:Server", WHO).encode(), 500, Unreachable),
        (FAULT.format("a:InternalServiceFault", WHO).encode(), 200, Unreachable),
        (FAULT.format("a:FailedAuthentication", WHO).encode(), 500, AuthFailed),
        (FAULT.format(WHO, WHO).encode(), 500, Unreachable),
    ],
)
def test_what_is_damaged_or_hostile_is_refused_in_a_sentence_about_nobody(
    content: bytes, status: int, error: type[Exception]
) -> None:
    with pytest.raises(error) as refusal:
        find(byggr(Said(content, status)), "identity", "191212121212")
    assert "1212" not in str(refusal.value)
    assert str(refusal.value).endswith(".")


def test_utf_16_is_read_like_any_other() -> None:
    text = GOOD.decode().replace('encoding="UTF-8"', 'encoding="UTF-16"')
    (card,) = find(byggr(Said(text.encode("utf-16"))), "identity", "191212121212")
    assert card.status == "Pågående"


def test_a_case_that_is_not_there_is_no_fault() -> None:
    gone = Said(FAULT.format("s:Client", "Item not found.").encode(), 500)
    assert find(byggr(gone), "case", "BYGG 2026-000009") == []
    denied = Said(FAULT.format("s:Client", "Behörighet saknas").encode(), 500)
    with pytest.raises(Unreadable):
        find(byggr(denied), "case", "BYGG 2026-000009")


def test_version_4_writes_a_case_with_a_capital() -> None:
    xml = GOOD.replace(b"<arende ", b"<Arende ").replace(b"</arende>", b"</Arende>")
    assert len(find(byggr(Said(xml)), "identity", "191212121212")) == 1


def test_an_empty_place_in_the_list_is_no_case() -> None:
    nil = '<arende xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/>'
    assert find(byggr(Said(answer(nil))), "identity", "191212121212") == []


def test_a_long_answer_is_read_in_the_plugins_thread() -> None:
    card = card_of(*(event(f"Händelse {number}") for number in range(3000)))
    assert len(card.steps) == 3000


@pytest.mark.parametrize(("deed", "error"), [("html", Unreadable), ("status", Unreachable), ("cut", Unreachable)])
def test_a_source_that_misbehaves_is_told_and_behaves_again(
    source: Recorded, deed: Any, error: type[Exception]
) -> None:
    file = next(file for file in MAPPINGS if operation(file) == BY_CASE)
    asked = question(file)
    assert asked is not None
    number = asked.findtext(f"{S}dnr", "")
    source.misbehave(deed, times=1)
    with pytest.raises(error):
        find(byggr(source), "case", number)
    assert len(find(byggr(source), "case", number)) == 1
    source.stop()
    with pytest.raises(Unreachable):
        find(byggr(source), "case", number)
