"""Which mails a program wrote; and those of people that look like it."""

import pytest

from hub.contract import RawEvent
from hub.formats import mail

QMAIL = "Hi. This is the qmail-send program at mx.example.\nI wasn't able to deliver your message.\n<a@x.example>:\n"
EXIM = "This message was created automatically by mail delivery software.\n\nA message could not be delivered"
EXCHANGE = "Your message\n\n  To:      a@x.example\n  Subject: hej\n\ndid not reach the recipient(s):\n\na@x.example\n"
SCANNER = "Your message could not be delivered to the following recipients:\na@x.example\n550 5.1.1 user unknown\n"


def kind(sender: str, subject: str, text: str, head: str = "", envelope: str | None = None) -> str | None:
    """As which the mail is known."""
    body = f"From: {sender}\nSubject: {subject}\n{head}Content-Type: text/plain; charset=utf-8\n\n{text}".encode()
    origin = {} if envelope is None else {"from": envelope}
    return mail.parse([RawEvent("k", body, "message/rfc822", origin=origin)])[0].automatic


@pytest.mark.parametrize(
    ("sender", "subject", "text"),
    [
        ("MAILER-DAEMON@mx.example", "failure notice", QMAIL),
        ("Mail Delivery System <Mailer-Daemon@mx.example>", "Mail delivery failed: returning message to sender", EXIM),
        ("Mail Delivery System <mailer-daemon@mx.example>", "Warning: message 1abc-2 delayed 24 hours", EXIM),
        ("System Administrator <postmaster@mx.example>", "Undeliverable: hej", EXCHANGE),
        ("Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@mx.example>", "Ej levererbart: hej",
         "Leverans till a@x.example misslyckades"),
        ("postmaster@mx.example", "DELIVERY FAILURE: User a not listed in Domino Directory",
         "Your message\n\n Subject: hej\n\nwas not delivered to:\n\n a@x.example\n"),
        ("scanner@mx.example", "Delivery failure notification", SCANNER),
    ],
)  # fmt: skip
def test_bounces_without_a_report(sender: str, subject: str, text: str) -> None:
    assert kind(sender, subject, text) == "bounce"


@pytest.mark.parametrize(
    ("sender", "subject", "text"),
    [
        ("Anna <anna@x.example>", "Re: Undeliverable: hej", f"Varför?\n\n{EXCHANGE}"),
        ("Anna <anna@x.example>", "Fwd: failure notice", f"Se nedan\n\n{QMAIL}"),
        ("Anna <anna@x.example>", "Undelivered mail", "The mail I sent you could not be delivered: 550. What now?"),
        ("Nils <postmaster@x.example>", "Mail failure i natt", "Hej, er server svarade 550 5.1.1 i natt. Kan ni se?"),
        ("Anna <anna@x.example>", "Semester", "Hej, är badet öppet under semestern?"),
        ("Anna <anna@x.example>", "Frånvarande", "Min son är sjuk i dag."),
        ("Anna <anna@x.example>", "SV: Tack för ditt mejl", "Tack själv."),
        ("Anna <anna@x.example>", "Läst: Hobbit", "Jag har läst Hobbit och vill lämna tillbaka den."),
        ("Anna <anna@x.example>", "Er e-tjänst", "Jag fick svaret att detta är ett automatiskt svar. Vem svarar?"),
    ],
)
def test_people_who_write_about_them(sender: str, subject: str, text: str) -> None:
    assert kind(sender, subject, text) is None


@pytest.mark.parametrize(
    "subject",
    [
        "Automatiskt svar: Faktura", "Autosvar: Faktura", "Automatisk svar: Faktura", "Fraværsmelding: Faktura",
        "Automaattinen vastaus: Lasku", "Poissaoloviesti", "Automatische Antwort: Rechnung", "Automatic reply: Invoice",
        "Out of Office: Invoice", "AUTO: Anna Berg is out of the office (returning 2025-08-04)",
        "Re: Faktura (Automatic Response)", "Réponse automatique : Facture",
    ],
)  # fmt: skip
def test_answers_of_those_who_are_away(subject: str) -> None:
    assert kind("Anna <anna@x.example>", subject, "Jag är tillbaka den 4 augusti.") == "auto_reply"


def test_words_that_people_use_too_count_beside_a_header_only() -> None:
    answer = "In-Reply-To: <1@x.example>\n"
    assert kind("a@x.example", "Frånvarande: Faktura", "Jag är tillbaka den 5 augusti.", answer) == "auto_reply"
    assert kind("a@x.example", "Tack för ditt mejl", "Vi har tagit emot det och återkommer.", answer) == "auto_reply"
    assert kind("a@x.example", "Tack för ert svar", "Det löste sig.", answer) is None
    assert kind("a@x.example", "Semester", "När stänger ni för semester?", answer) is None
    assert kind("a@x.example", "Tack för ditt mejl", "hej", "Precedence: bulk\n") == "auto_reply"
    assert kind("a@x.example", "Tack för ditt mejl", "hej") is None


def test_a_read_receipt_without_a_report() -> None:
    text = "Ditt meddelande\n\nTill: Anna\nÄmne: Faktura\n\nlästes den 3 juli 2025 10:12.\n"
    assert kind("a@x.example", "Läst: Faktura", text) == "receipt"


def test_a_null_return_path_is_told_by_the_envelope() -> None:
    assert kind("a@x.example", "Hej", "hej", envelope="") == "generated"
    assert kind("a@x.example", "Hej", "hej", envelope="a@x.example") is None


def test_suppressing_answers_is_no_sign_where_people_s_mail_to_a_group_has_it() -> None:
    assert kind("a@x.example", "Hej", "hej", "X-Auto-Response-Suppress: DR, OOF, AutoReply\n") is None
    assert kind("a@x.example", "Hej", "hej", "X-Auto-Response-Suppress: DR, RN, NRN, OOF, AutoReply\n") is None
    assert kind("a@x.example", "Hej", "hej", "X-Auto-Response-Suppress: All\n") == "generated"


def test_all_that_a_bounce_says_is_shown() -> None:
    text = SCANNER + "\nFrom: x@granvik.example\nTo: a@x.example\nSubject: hej\nDate: 2025-07-03\n\nhej"
    found = mail.parse_mail(f"From: MAILER-DAEMON@x.example\nSubject: failure notice\n\n{text}".encode(), "k")
    assert found.visible_text == text


def test_a_complaint_without_a_report() -> None:
    body = (
        b"From: a@x.example\nSubject: complaint about message from 192.0.2.1\n"
        b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\nSubject: a\n\nb\n--b--\n"
    )
    assert mail.parse_mail(body, "k").automatic == "complaint"
