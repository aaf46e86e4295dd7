"""Building permits from ByggR (Sokigo, once Tekis): its ArendeExport service, SOAP 1.1, version 8. We call it.

Only reads are named here, and of what they answer only the case itself leaves this file: no secret events, working
material, notes, documents, nor headlines that name somebody. Missing papers: the latest request that none came after.
"""

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from msgspec import Meta, Struct, field

from hub.contract import (
    About,
    Answer,
    AnyCard,
    AuthFailed,
    Config,
    Decision,
    Lookup,
    Misconfigured,
    PermitCard,
    PluginError,
    Register,
    Step,
    Subject,
    Unreachable,
    Unreadable,
    hook_impl,
)
from hub.contract.houses import folded
from hub.formats.xml import read_xml

SERVICE = "/ArendeExportWS.svc"
ACTION = "www.tekis.se/ServiceContract/V8/IExportArenden/"
BY_IDENTITY = "GetRelateradeArendenByPersOrgNrAndRole"
BY_PROPERTY = "GetRelateradeArendenByFastighet"
BY_CASE = "GetArende"
ROLES = "GetRoller"

Outcome: TypeAlias = Literal["granted", "refused", "dismissed", "withdrawn", "other"]
OUTCOMES: Mapping[str, Outcome] = {"BEV": "granted"}
"""By `handelseutfall`. Other codes are the municipality's own: the setting `outcomes`, else "other" and its words."""
KINDS = {"BL": "Bygglov", "DI": "Dispens"}
"""By `arendetyp`; others are shown as the code that they are."""
ENDED = frozenset({"Avslutat", "Gallrat", "Makulerat"})
HEARING = "GRANHO"
"""Of the neighbours: what they answer has their property and name in its headline, after the first comma."""
REQUESTS = frozenset({"KOMP", "KOMP1"})
"""`handelsetyp` of an order to supplement and its reminder: outbound by nature."""
NO = frozenset({"false", "0"})
OK = 200

IN_PASSING = 100_000
"""Bytes that are read while others wait; more goes to the plugin's thread. A case is some 30 kB."""
MOST_LETTERS, MOST_WORDS = 500, 8
"""Of a headline or a decision's text; of a name."""
Names: TypeAlias = Set[tuple[str, ...]]

ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/"><SOAP-ENV:Header/><SOAP-ENV:Body>'
    '<{0} xmlns="www.tekis.se/ServiceContract">{1}</{0}>'
    "</SOAP-ENV:Body></SOAP-ENV:Envelope>"
)
NIL = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"'
SWEDEN = ZoneInfo("Europe/Stockholm")

_DESIGNATION = re.compile(r"(?P<tract>\S.*?) ?(?P<number>(?:(?:S|GA|FS):)?\d+(?::\d+)?(?:>\d+)?)[.,;]?", re.IGNORECASE)
_NUMBER_OF_SOMEBODY = re.compile(r"(?<!\d)(?:\d{2})?\d{6}[-+ ]?\d{4}(?!\d)")
_SAYS_IT_CAME = re.compile("bekräft|mottag|inkom", re.IGNORECASE)
_NO_SUCH = re.compile(r"not found|hittades inte|kunde inte hittas", re.IGNORECASE)


class ByggrConfig(Config, frozen=True):
    """Where the service stands, and what this municipality calls things."""

    base_url: Annotated[str, Meta(title="Address of the service, without /ArendeExportWS.svc", min_length=1)]
    in_the_open: Annotated[bool, Meta(title="Also by http://, where it can be read on the way")] = False
    municipality: Annotated[str, Meta(title="Municipality", description="GRANVIK, in GRANVIK BJÖRKEN 1:23")] = ""
    applicant_roles: Annotated[tuple[str, ...], Meta(title="Applicants' roles", min_length=1)] = ("SOK", "MSOK")
    outcomes: Annotated[dict[str, Outcome], Meta(title="Outcomes by their code")] = field(default_factory=dict)


class Byggr(Lookup[ByggrConfig]):
    """Permits by whom they are for, by property and by case number."""

    kind = "byggr"
    title = "Building permits (ByggR)"
    shows = "permit"
    Config = ByggrConfig
    answers = frozenset({"identity", "property", "case"})
    allowed_posts = tuple((SERVICE, ACTION + operation) for operation in (BY_IDENTITY, BY_PROPERTY, BY_CASE, ROLES))

    async def check(self) -> None:
        """Asks which roles there are: about nobody."""
        answer = await self._ask(ROLES, "<rollTyp>Intressent</rollTyp><statusfilter>Aktiv</statusfilter>")
        listed = _result(answer, ROLES)
        known = {_text(role, "RollKod") for role in listed} if listed is not None else set()
        if not known & set(self.config.applicant_roles):
            there = ", ".join(sorted(known)) or "none"
            raise Misconfigured("applicant_roles", f"ByggR has none of these roles. It has: {there}.")

    async def find(self, subject: Subject) -> Sequence[AnyCard]:
        operation, questions = self._questions(subject)
        answers = await asyncio.gather(*(self._ask(operation, question) for question in questions))
        if sum(len(answer.content) for answer in answers) > IN_PASSING:
            return await self.tools.block(lambda: self._cards(answers, operation, subject))
        return self._cards(answers, operation, subject)

    def _cards(self, answers: Sequence[Answer], operation: str, subject: Subject) -> list[PermitCard]:
        results = [_result(answer, operation) for answer in answers]
        cases = {_number(case): case for result in results for case in _cases(operation, result)}
        return [card for case in cases.values() if not _is_secret(case) and (card := self._card(case, subject))]

    def _questions(self, subject: Subject) -> tuple[str, list[str]]:
        if subject.by == "identity":
            status = "<statusfilter>Aktiv</statusfilter>"
            return BY_IDENTITY, [f"<persOrgNr>{way}</persOrgNr>{status}" for way in _ways_to_write(subject.value)]
        if subject.by == "case":
            return BY_CASE, [f"<dnr>{escape(folded(subject.value))}</dnr>"]
        designation = self._designation(subject.value)
        if designation is None:
            return BY_PROPERTY, []
        tract, number = map(escape, designation)
        named = f"<trakt>{tract}</trakt><fBetNr>{number}</fBetNr>"
        return BY_PROPERTY, [f"<fnr {NIL}/>{named}<arHuvudObjekt {NIL}/><statusFilter>None</statusFilter>"]

    def _designation(self, value: str) -> tuple[str, str] | None:
        """Tract and block:unit. The municipality's name, where it stands before them, is no part of the tract."""
        match = _DESIGNATION.fullmatch(re.sub(r" ?: ?", ":", folded(value)).upper())
        if match is None:
            return None
        return match["tract"].removeprefix(f"{folded(self.config.municipality).upper()} "), match["number"]

    async def _ask(self, operation: str, question: str) -> Answer:
        headers = {"Content-Type": "text/xml;charset=UTF-8", "SOAPAction": ACTION + operation}
        content = ENVELOPE.format(operation, question).encode()
        return await self.tools.http.request("POST", SERVICE, headers=headers, content=content)

    def _card(self, case: Element, subject: Subject) -> PermitCard | None:
        """None: whoever is asked about has no part in it."""
        applicant = self._applicant(case, subject)
        if subject.by == "identity" and applicant is None:
            return None
        history = _history(case)
        events = [event for event in history if event.is_open]
        names = _names(case)
        kind = KINDS.get(case.get("arendetyp", ""), case.get("arendetyp", ""))
        status = _text(case, "status")
        is_closed = status in ENDED or bool(_text(case, "slutDatum"))
        decided = _decided(events)
        request = None if is_closed else _unanswered(history, decided)
        return PermitCard(
            about=About(identity=applicant, property=self._property(case, subject), case=_number(case)),
            as_of=self.tools.now(),
            number=_number(case),
            kind=kind,
            title=_about_nobody(_text(case, "beskrivning"), names) or kind,
            status=status,
            is_closed=is_closed,
            applied=_day(_text(case, "ankomstDatum")),
            officer=_officer(case),
            steps=[Step(event.titled(names), event.on) for event in events],
            missing=[request.titled(names)] if request else [],
            missing_since=request.on if request else None,
            decision=self._decision(decided, names) if decided else None,
        )

    def _applicant(self, case: Element, subject: Subject) -> str | None:
        """The number of who applied: of whom was asked about, else of the first."""
        roles = set(self.config.applicant_roles)
        for person in case.iterfind("intressentLista/intressent"):
            number = person.get("persOrgNr", "")
            is_asked_about = subject.by != "identity" or _bare(number) == _bare(subject.value)
            if is_asked_about and roles & {folded(role.text) for role in person.iterfind("rollLista/roll")}:
                return number or None
        return None

    def _property(self, case: Element, subject: Subject) -> str | None:
        """That of the case that was asked about, as it was asked; else its main one."""
        asked = self._designation(subject.value) if subject.by == "property" else None
        main = None
        for thing in case.iterfind("objektLista/abstractArendeObjekt"):
            for estate in thing.iterfind("fastighet"):
                tract, number = _text(estate, "trakt"), _text(estate, "fbetNr")
                if asked is not None and asked == (tract.upper(), number.upper()):
                    return subject.value
                if tract and (main is None or thing.get("arHuvudObjekt") in {"true", "1"}):
                    main = f"{tract} {number}".strip()
        return main

    def _decision(self, event: "_Event", names: Names) -> Decision:
        outcomes = {**OUTCOMES, **{own.upper(): outcome for own, outcome in self.config.outcomes.items()}}
        return Decision(
            outcome=outcomes.get(_text(event.element, "handelseutfall").upper(), "other"),
            text=_about_nobody(_text(event.element, "beslut/beslutstext"), names) or event.titled(names),
            on=event.on,
            valid_until=_day(_text(event.element, "beslut/giltigTillDatum")),
        )


class _Event(Struct, frozen=True):
    """One `handelse`. `way`: In, Ut or Okänd; `is_open`: may leave this file."""

    element: Element
    way: str
    moment: datetime
    on: date | None
    is_open: bool

    @property
    def is_supplement(self) -> bool:
        """About papers that are to come, or that came."""
        codes = (_text(self.element, "handelsetyp"), _text(self.element, "handelseslag"))
        return any(code.startswith("KOMP") for code in codes) or "komplettering" in self.headline.casefold()

    @property
    def asks(self) -> bool:
        by_nature = self.way != "In" and _text(self.element, "handelsetyp") in REQUESTS
        return by_nature or (self.way == "Ut" and self.is_supplement and not _SAYS_IT_CAME.search(self.headline))

    @property
    def headline(self) -> str:
        return _text(self.element, "rubrik")

    def titled(self, names: Names) -> str:
        """Its headline, unless that names somebody; then the part before the first comma, or what kind it is."""
        kind = _text(self.element, "handelsetyp")
        whole = "" if kind == HEARING else _about_nobody(self.headline, names)
        return whole or _about_nobody(self.headline.partition(",")[0].strip(), names) or kind


def _history(case: Element) -> list[_Event]:
    """What wasn't cancelled, in the order of time. An event without a readable time stays behind the one before it."""
    moment, events = datetime.min, []  # noqa: DTZ901 - Swedish time throughout: see _moment
    for element in case.iterfind("handelseLista/handelse"):
        if _says(element, "makulerad") not in NO | {""}:
            continue
        own = _moment(_text(element, "startDatum"))
        moment = own or moment
        way, on = _text(element, "riktning"), own.date() if own else None
        events.append(_Event(element, way, moment, on, not _is_hidden(element)))
    return sorted(events, key=lambda event: event.moment)


def _is_hidden(event: Element) -> bool:
    """Secret, or working material. Whatever doesn't say that it is neither is taken for both."""
    if any(_says(event, name) not in NO for name in ("sekretess", "arbetsmaterial")):
        return True
    return any(_says(event, name) for name in ("sekretessKapitel", "sekretessParagraf"))


def _is_secret(case: Element) -> bool:
    """Version 8 has no such mark on a case, only on its events; where there is one, it is obeyed."""
    return any(_says(case, name) not in NO | {""} for name in ("sekretess", "arbetsmaterial"))


def _decided(events: Sequence[_Event]) -> _Event | None:
    """The latest main decision, else the latest one."""
    decisions = [event for event in events if _text(event.element, "handelsetyp") == "BESLUT"]
    heads = ("beslut[@arHuvudbeslut='true']", "beslut[@arHuvudbeslut='1']")
    main = [event for event in decisions if any(event.element.find(head) is not None for head in heads)]
    return next(reversed(main or decisions), None)


def _unanswered(history: Sequence[_Event], decided: _Event | None) -> _Event | None:
    """The latest request for papers that none came after; nor a decision, for which they'd have been needed.

    A supplement counts as come even where it is secret: that it did isn't told, only no more that it didn't.
    """
    waiting = None
    for event in history:
        if event.asks and event.is_open:
            waiting = event
        elif (event.way == "In" and event.is_supplement) or event is decided:
            waiting = None
    return waiting


def _names(case: Element) -> Names:
    """Of everybody who has a part in it, at any event: whole names, and surnames alone."""
    people = case.iter("intressent")
    return {_words(_text(who, part))[:MOST_WORDS] for who in people for part in ("namn", "efternamn")} - {()}


def _about_nobody(text: str, names: Names) -> str:
    """The text as far as it is shown, or nothing where that has somebody's name or number in it."""
    text = text[:MOST_LETTERS]
    words = _words(text)
    runs = (words[start : start + length] for start in range(len(words)) for length in range(1, MOST_WORDS + 1))
    return "" if _NUMBER_OF_SOMEBODY.search(text) or not names.isdisjoint(runs) else text


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\w+", text.casefold()))


def _officer(case: Element) -> str:
    name = f"{_text(case, 'handlaggare/fornamn')} {_text(case, 'handlaggare/efternamn')}".strip()
    return name or next((officer.get("signatur", "") for officer in case.iterfind("handlaggare")), "")


def _number(case: Element) -> str:
    number = folded(case.get("dnr"))
    if not number:
        raise Unreadable("ByggR answered with a case that has no number.")
    return number


def _ways_to_write(value: str) -> list[str]:
    """Organisations stand there with 16 before their number and without."""
    digits, bare = re.sub(r"\D", "", value), _bare(value)
    is_organisation = len(bare) == len("5566778899") and bare[2] >= "2"
    ways = [f"16{bare}", bare] if is_organisation else [digits]
    return [f"{way[:-4]}-{way[-4:]}" for way in ways]


def _bare(number: str) -> str:
    """Digits, without the 16 of organisations; a person's century stays."""
    digits = re.sub(r"\D", "", number)
    return digits[2:] if len(digits) == len("165566778899") and digits.startswith("16") else digits


def _moment(written: str) -> datetime | None:
    """xs:dateTime, as a clock in Sweden shows it."""
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return None
    return moment if moment.tzinfo is None else moment.astimezone(SWEDEN).replace(tzinfo=None)


def _day(written: str) -> date | None:
    """xs:date; a zone behind it says nothing of the day."""
    try:
        return date.fromisoformat(written[:10])
    except ValueError:
        return None


def _text(element: Element, path: str) -> str:
    return folded(element.findtext(path))


def _says(element: Element, name: str) -> str:
    return folded(element.findtext(name) or element.get(name)).casefold()


def _cases(operation: str, result: Element | None) -> Iterator[Element]:
    if result is None or not len(result):
        return
    if operation == BY_CASE:
        yield result
    else:
        yield from (case for case in result if case.tag.casefold() == "arende" and len(case))


def _result(answer: Answer, operation: str) -> Element | None:
    if answer.status in {401, 403}:
        raise AuthFailed("ByggR doesn't let us in.")
    nothing = Unreachable(f"ByggR answered with HTTP {answer.status} and no cases.")
    try:
        envelope = read_xml(answer.content)
    except Unreadable as error:
        raise (Unreadable(f"ByggR's answer can't be read. {error}") if answer.status == OK else nothing) from error
    body = envelope.find("Body") if envelope.tag == "Envelope" else None
    fault = body.find("Fault") if body is not None else None
    if fault is not None:
        if operation == BY_CASE and _NO_SUCH.search(_text(fault, "faultstring")):
            return None
        raise _meaning(fault)
    if answer.status != OK:
        raise nothing
    response = body.find(f"{operation}Response") if body is not None else None
    if response is None:
        raise Unreadable("ByggR's answer has no cases in it, nor says that there are none.")
    return response.find(f"{operation}Result")


def _meaning(fault: Element) -> PluginError:
    """Of a SOAP fault. Its words may repeat whom we asked about: only its code is passed on."""
    code = re.sub(r"[^A-Za-z.]", "", _text(fault, "faultcode").rpartition(":")[2])[:40] or "no reason given"
    if "Authentication" in code or "Security" in code:
        return AuthFailed(f"ByggR doesn't let us in ({code}).")
    if code.startswith("Client"):
        return Unreadable(f"ByggR didn't take the question ({code}).")
    return Unreachable(f"ByggR failed at the question ({code}).")


@hook_impl
def register_plugins(register: Register) -> None:
    register.lookup(Byggr)
