"""What stays of a reply when its quotes go: the forms of Nordic mail programs."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.formats.quotes import visible
from tests.pace import in_time

GMAIL = "Den tis 3 mars 2026 kl 10:11 skrev Kommunen <post@kommun.example>:\n\n"
OLD = "> Hej\n> Er faktura är betald.\n"
OUTLOOK_SV = (
    "Från: Kommunen <post@kommun.example>\nSkickat: den 3 mars 2026 10:11\nTill: Anna Berg\nÄmne: SV: Faktura\n\nHej\n"
)
OUTLOOK_NB = (
    "Fra: Kommunen <post@kommune.example>\nSendt: tirsdag 3. mars 2026 10:11\n"
    "Til: Anna Berg\nEmne: SV: Faktura\n\nHei\n"
)
OUTLOOK_NN = (
    "Frå: Kommunen <post@kommune.example>\nSendt: tysdag 3. mars 2026 10:11\nTil: Anna Berg\nEmne: SV: Faktura\n\nHei\n"
)
OUTLOOK_FI = (
    "Lähettäjä: Kunta <posti@kunta.example>\nLähetetty: tiistai 3. maaliskuuta 2026 10.11\n"
    "Vastaanottaja: Anna\nAihe: VS: Lasku\n\nHei\n"
)
OUTLOOK_EN = (
    "From: Council <post@council.example>\nSent: Tuesday, March 3, 2026 10:11 AM\n"
    "To: Anna\nSubject: RE: Invoice\n\nHi\n"
)

CUT = {
    "marks only": OLD,
    "gmail sv": GMAIL + OLD,
    "gmail sv, folded": "Den tis 3 mars 2026 kl 10:11 skrev Kommunens servicecenter <\npost@kommun.example>:\n\n" + OLD,
    "short sv": "Den 3 mars 2026 skrev X <x@y.example>:\n" + OLD,
    "apple sv": "3 mars 2026 kl. 10:11 skrev Kommunen <post@kommun.example>:\n\n" + OLD,
    "thunderbird sv": "Den 2026-03-03 kl. 10:11, skrev Kommunen:\n" + OLD,
    "gmail nb": "tir. 3. mars 2026 kl. 10:11 skrev Kommunen <post@kommune.example>:\n\n" + OLD,
    "gmail da": "Den tir. 3. mar. 2026 kl. 10:11 skrev Kommunen <post@kommune.example>:\n\n" + OLD,
    "apple da": "Den 3. mar. 2026 kl. 10.11 skrev Kommunen <post@kommune.example>:\n\n" + OLD,
    "nn": "Den 3. mars 2026 10:11 skreiv Kommunen:\n" + OLD,
    "gmail fi": "ti 3. maalisk. 2026 klo 10.11 Kunta (posti@kunta.example) kirjoitti:\n\n" + OLD,
    "gmail en": "On Tue, Mar 3, 2026 at 10:11 AM Council <post@council.example> wrote:\n\n" + OLD,
    "gmail en, folded": "On Tue, Mar 3, 2026 at 10:11 AM Council <post@council.example>\nwrote:\n\n" + OLD,
    "thunderbird en": "On 3/3/26 10:11, Council wrote:\n" + OLD,
    "without marks": GMAIL + "Hej\nEr faktura är betald.\n",
    "name first": "Kommunen <post@kommun.example> skrev den 3 mars 2026 kl. 10:11:\n" + OLD,
    "only a name": "Kommunen skrev:\n" + OLD,
    "outlook sv": OUTLOOK_SV,
    "outlook nb": OUTLOOK_NB,
    "outlook nn": OUTLOOK_NN,
    "outlook fi": OUTLOOK_FI,
    "outlook en": OUTLOOK_EN,
    "underscores": "________________________________\n" + OUTLOOK_SV,
    "bold labels": OUTLOOK_SV.replace("Från:", "*Från:*").replace("Skickat:", "*Skickat:*"),
    "original sv": "-----Ursprungligt meddelande-----\nFrån: Kommunen\n\nHej\n",
    "original nb": "-----Opprinnelig melding-----\nFra: Kommunen\n\nHei\n",
    "original da": "-----Oprindelig meddelelse-----\nFra: Kommunen\n\nHej\n",
    "original en": "----- Original Message -----\nFrom: Council\n\nHi\n",
    "original fi": "-----Alkuperäinen viesti-----\nLähettäjä: Kunta\n\nHei\n",
}


ABROAD = [
    "Le lun. 3 juil. 2025 à 10:12, Anna Berg <anna@x.example> a écrit :",
    "Le 3 juillet 2025 10:12:00 GMT+02:00, Anna Berg <anna@x.example> a écrit :",
    "Il giorno gio 3 lug 2025 alle ore 10:12 Anna Berg <anna@x.example> ha scritto:",
    "Il giovedì 3 luglio 2025 alle ore 10:12:04 CEST, Anna Berg <anna@x.example> ha scritto:",
    "Em qui., 3 de jul. de 2025 às 10:12, Anna Berg <anna@x.example> escreveu:",
    "Em 3 de jul. de 2025, à(s) 10:12, Anna Berg <anna@x.example> escreveu:",
    "Anna Berg <anna@x.example> escreveu no dia quinta, 3/07/2025 à(s) 10:12:",
    "czw., 3 lip 2025 o 10:12 Anna Berg <anna@x.example> napisał(a):",
    "W dniu 3.07.2025 o 10:12, Anna Berg pisze:",
    "Wiadomość napisana przez Anna Berg <anna@x.example> w dniu 3 lip 2025, o godz. 10:12:",
    "чт, 3 июл. 2025 г. в 10:12, Анна Берг <anna@x.example>:",
    "03.07.2025 10:12, Анна Берг пишет:",
    "Четверг, 3 июля 2025, 10:12 +03:00 от Анна Берг <anna@x.example>:",
    "El jue, 3 jul 2025 a las 10:12, Anna Berg (<anna@x.example>) escribió:",
    "El 03/07/2025 a las 10:12, Anna Berg escribió:",
    "El jueves, 3 de julio de 2025, 10:12:04 CEST, Ana de la Cruz <ana@x.example> escribió:",
    "Am Do., 3. Juli 2025 um 10:12 Uhr schrieb Anna Berg <anna@x.example>:",
    "Am Donnerstag, 3. Juli 2025 um 10:12:04 MESZ hat Anna Berg <anna@x.example> Folgendes geschrieben:",
    "Op do 3 jul 2025 om 10:12 schreef Jan van der Berg <jan@x.example>:",
    "Op 3 jul. 2025, om 10:12 heeft Anna Berg <anna@x.example> het volgende geschreven:",
    "Anna Berg schreef op 2025-07-03 10:12:",
]


@pytest.mark.parametrize("line", ABROAD)
def test_the_line_above_a_quote_goes_in_other_languages(line: str) -> None:
    assert visible(f"Tack!\n\n{line}\n{OLD}") == "Tack!"
    middle = line.index(" ", len(line) // 2)
    assert visible(f"Tack!\n\n{line[:middle]}\n{line[middle + 1 :]}\n\n{OLD}") == "Tack!", "also in two"


@pytest.mark.parametrize(
    "line",
    [
        "El 03/07/2025 a las 10:12 le escribió mi hermana a su oficina:",
        "Am 03.07.2025 um 10:12 schrieb ich Ihnen leider ohne Erfolg:",
        "Il giorno 3 lug 2025 alle ore 10:12 un vostro collega ha scritto:",
        "W dniu 3.07.2025 o 10:12 sąsiad pisze:",
        "3 июля 2025 г. в 10:12 соседи написали мне:",
        "Op 3 juli 2025 om 10:12 schreef u mij dit:",
        "Le 3 juillet 2025 à 10:12 votre service a écrit :",
        "Em 3 de julho de 2025 às 10:12 a minha filha escreveu:",
    ],
)
def test_a_person_s_sentence_in_other_languages_stays(line: str) -> None:
    assert visible(f"Hej\n{line}\n{OLD}") == f"Hej\n{line}"


@pytest.mark.parametrize("name", CUT)
def test_quotes_go_and_the_answer_stays(name: str) -> None:
    assert visible("Tack!\n\nMvh Anna\n\n" + CUT[name]) == "Tack!\n\nMvh Anna"


@pytest.mark.parametrize(
    "text",
    [
        "Den 3 mars skrev ni till mig:\nDet stämmer inte.",
        "Jag undrar följande:\n1. När?\n2. Hur?",
        "Från: Storgatan 1\nhar soporna inte hämtats.",
        "________________________________\nAnna Berg",
        "Vi ses kl. 10:11:\ntill dess",
        "Hej\n\nMed vänlig hälsning\nAnna Berg\nStorgatan 1",
        "Hej\n\n-- \n1. Vem svarar mig?\n2. När kommer ni hit?",
        "Så här skrev ni:\nDet är betalt.",
        "Den 3 mars 2026 kl. 10:11 skrev ni till kommunen@granvik.example att det är betalt:\nDet är det inte.",
        "Hej, jag flyttar.\n\nFrån: Storgatan 1\nTill: Nygatan 2\nDatum: 3 mars\n\nHur gör jag?",
        "Hej.\n\nFrån: Anna\nTill: Nämnden\nDatum: 2025-07-03\nÄmne: Bygglov\n\nJag söker härmed lov.",
        "Det är så att x\n> 5 kronor\nsom ni skrev",
        "Min adress står nedan.\n\n-- \nAnna Berg\nStorgatan 1",
        "Skickat från Göteborg i går, men inte framme.",
        "Mina svar nedan.\n\n" + OUTLOOK_SV + "I morgon",
        ">>> www.granvik.example <<<\när adressen",
    ],
)
def test_what_looks_like_a_quote_and_is_none_stays(text: str) -> None:
    assert visible(text) == text


def test_a_person_s_sentence_above_a_quote_stays() -> None:
    assert (
        visible("Så här skrev ni:\n> Hej\n> Det är betalt.\nDet är det inte.") == "Så här skrev ni:\nDet är det inte."
    )


def test_an_answer_between_the_marked_lines_below_a_header_stays() -> None:
    text = "Se här.\n\n--- Original Message ---\nFrom: a@b.example\nSubject: x\n\n> När?\nI morgon.\n> Var?\n"
    assert visible(text) == "Se här.\n\nI morgon."


@pytest.mark.parametrize(
    "line", ["Skickat från min iPhone", "Sendt fra min iPad", "Lähetetty iPhonesta", "Sent from my phone"]
)
def test_what_a_phone_writes_goes(line: str) -> None:
    assert visible(f"Ja tack.\n\n{line}\n\n{OLD}") == "Ja tack."
    assert visible(f"{line}\n\n{OLD}") == f"{line}\n\n{OLD}".strip()


def test_a_signature_below_its_delimiter_goes() -> None:
    assert (
        visible("Hej\n\n-- \nAnna Berg\nStorgatan 1\n\n" + GMAIL + OLD + "\nJo, en sak till.")
        == "Hej\n\n\nJo, en sak till."
    )


def test_a_mail_that_answers_none_is_not_cut() -> None:
    """A form's header, or somebody's list, is no quote where no earlier mail is named."""
    form = "Ny synpunkt\n\n" + OUTLOOK_SV
    assert visible(form, "Ny synpunkt", answers=False) == form.strip()
    assert visible("Hej\n> 5 dagar", "Fråga", answers=False) == "Hej\n> 5 dagar"
    assert visible("Tack!\n\n" + GMAIL + OLD, "Fråga", answers=False) == "Tack!"


def test_what_is_forwarded_is_to_be_read() -> None:
    for subject in ("VB: Avläsning", "Fwd: Avlesning", "VL: Lukema"):
        assert visible("Se nedan\n" + OUTLOOK_SV, subject) == ("Se nedan\n" + OUTLOOK_SV).strip()
    assert visible("Hei\n\n" + OUTLOOK_NB, "VS: Måler") == ("Hei\n\n" + OUTLOOK_NB).strip()
    assert visible("Kiitos\n\n" + OUTLOOK_FI, "VS: Lasku") == "Kiitos"


PIECES = [
    "> ", ">", "-- \n", "\n", "Från: ", "Skickat: ", "Ämne: x@y\n", "skrev:",
    "On 2026-03-03 10:11 ", "A <a@b.se>", ":\n",
    "____________",
    "-----", "Original Message", "Skickat från min ", "lähetetty ", "_", "*", " ", "a",
    "El 3 jul 2025 a las 10:12, Ana escribió:\n", "чт, 3 июл. 2025 г. в 10:12, А <a@b.se>:\n",
    "5.1.1 ", "svar ", "nedan\n", "@", "<", "(",
]  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=60))
def test_nothing_but_quotes_is_taken_and_nothing_is_added(pieces: list[str]) -> None:
    text = "".join(pieces)
    lines = text.split("\n")
    shown = visible(text).split("\n")
    rest = iter(line.strip() for line in lines)
    assert all(line.strip() in rest for line in shown)  # its lines, in their order
    assert bool(text.strip()) == bool("".join(shown).strip())


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("end", ["", "\n", ":\n"])
def test_a_long_text_takes_no_longer_than_it_is(piece: str, end: str) -> None:
    """threats.md A13: 100 kB at most 200 ms."""
    text = "hej\n" + ((piece * 40 + end) * (100_000 // len(piece * 40 + end) + 1))[:100_000]
    in_time(0.2, lambda: visible(text))
    in_time(0.2, lambda: visible(text, "x", answers=False))


def test_answers_between_quotes_stay() -> None:
    text = "Den 3 mars 2026 skrev X <x@y.example>:\n> När?\n\nI morgon.\n\n> Var?\n\nHemma.\n"
    assert visible(text).replace("\n\n\n", "\n\n") == "I morgon.\n\nHemma."


def test_nothing_left_gives_the_whole() -> None:
    assert visible(OLD) == OLD.strip()
    assert visible(OUTLOOK_SV) == OUTLOOK_SV.strip()


def test_a_forwarded_mail_is_what_is_to_be_read() -> None:
    text = "Se nedan\n\n---------- Forwarded message ---------\n" + OUTLOOK_EN
    assert visible(text) == text.strip()
