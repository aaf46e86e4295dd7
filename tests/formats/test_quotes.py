"""What stays of a reply when its quotes go: the forms of Nordic mail programs."""

import pytest

from hub.formats.quotes import visible

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
        "Hej\n\n-- \nAnna Berg\nStorgatan 1",
    ],
)
def test_what_looks_like_a_quote_and_is_none_stays(text: str) -> None:
    assert visible(text) == text


def test_answers_between_quotes_stay() -> None:
    text = "Den 3 mars 2026 skrev X <x@y.example>:\n> När?\n\nI morgon.\n\n> Var?\n\nHemma.\n"
    assert visible(text).replace("\n\n\n", "\n\n") == "I morgon.\n\nHemma."


def test_nothing_left_gives_the_whole() -> None:
    assert visible(OLD) == OLD.strip()
    assert visible(OUTLOOK_SV) == OUTLOOK_SV.strip()


def test_a_forwarded_mail_is_what_is_to_be_read() -> None:
    text = "Se nedan\n\n---------- Forwarded message ---------\n" + OUTLOOK_EN
    assert visible(text) == text.strip()
