"""Receipts: to whom, how many, with which words; attacks A08, A10 and A11 of the threat list."""

import os
import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from hub import clock
from hub.errors import Invalid
from hub.inbound import receipts
from hub.inbox import receipt
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Mail
from hub.inbox.municipality import Municipality
from hub.inbox.receipt import SentReceipt
from hub.storage import search_index
from hub.storage.ids import new_id
from hub.storage.scope import Scope
from hub.storage.unit import Unit
from tests.line import GRANVIK, PATIENCE, TEST, Line, letter, until

LARGE = bool(os.environ.get("TORG_TEST_LARGE"))
GATEWAY = "mx.granvik.example"
KNOWN = f"{GATEWAY}; dmarc=pass header.from=post.example"


@pytest.fixture
def answering(sqlite_database: str, tmp_path: Path) -> Iterator[Line]:
    """Granvik answers first mails of known senders."""
    line = Line(tmp_path, sqlite_database, authserv_ids=GATEWAY)
    line.storage.write_now(TEST, rule, "granvik", unconfirmed=False)
    with line.running():
        yield line
    line.storage.close()


def rule(unit: Unit, code: str, *, unconfirmed: bool, words: dict[str, str] | None = None) -> None:
    municipality = unit.first(select(Municipality).where(Municipality.code == code))
    assert municipality is not None
    receipt.set_rule(unit, municipality, None, is_on=True, unconfirmed=unconfirmed, words=words or {})


def known(text: str = "Hej, när töms min brunn?", **headers: str) -> EmailMessage:
    mail = letter(text, **headers)
    mail["Authentication-Results"] = KNOWN
    return mail


def left(line: Line, count: int) -> list[EmailMessage]:
    """The mails that have left, when there are so many."""
    folder = line.folder / "outgoing"
    until(lambda: len(list(folder.glob("*.eml"))) >= count)
    return [_read(each) for each in sorted(folder.glob("*.eml"))]


def _read(file: Path) -> EmailMessage:
    mail = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def test_a_first_mail_gets_one_with_its_reference_number(answering: Line) -> None:
    line = answering
    line.send(known(Message_ID="<1@post.example>"))
    line.send(known("Och en sak till", References="<1@post.example>"))
    first, second = line.entries(2)
    assert first.conversation_id == second.conversation_id
    (mail,) = left(line, 1)
    number = receipt.reference(first.conversation_id)
    assert (mail["To"], mail["From"].addresses[0].addr_spec) == ("ida@post.example", GRANVIK)
    assert mail["Subject"] == f"Vi har tagit emot ditt meddelande ({number})"
    body = mail.get_body(("plain",))
    assert body is not None
    assert f"nummer {number}" in body.get_content()
    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["In-Reply-To"] == "<1@post.example>"
    scope = Scope((line.ids["granvik"],), "test")
    find = partial(search_index.find, words=number.lower(), before=2**63 - 1, limit=5)
    assert line.storage.read_now(scope, find), "who is told the number finds the conversation"
    row = line.one(select(Conversation))
    assert row.due_at < clock.NEVER, "a receipt is no answer"
    # An answer to it joins.
    line.send(known("Tack", In_Reply_To=str(mail["Message-ID"])), to=(mail["Reply-To"].addresses[0].addr_spec,))
    assert line.entries(3)[2].conversation_id == first.conversation_id
    assert len(left(line, 1)) == 1


def test_a08_what_gets_none(answering: Line) -> None:
    """A08: codes and confirmations of other services are held back; and what no person wrote, and what isn't tested."""
    mails = [
        letter("ingen har prövat avsändaren"),
        known(Auto_Submitted="auto-replied"),
        known(Auto_Submitted="auto-generated"),
        known(List_Id="<nytt.post.example>"),
        known(Precedence="bulk"),
        known(From="no-reply@post.example"),
        known(From="svara-ej@post.example"),
        known(From="Bokning <noreply+123@post.example>"),
        known(From=f"Kommunen <{GRANVIK}>"),
        known("Your verification code is 482913."),
        known("hej", Subject="Bekräfta din e-postadress"),
        known("den låg i brevlådan", Date="Mon, 01 Sep 2025 10:00:00 +0200"),
    ]
    answering.send(*mails)
    answering.send(known("utan avsändare i kuvertet"), sender="")
    answering.entries(len(mails) + 1)
    assert answering.all(select(SentReceipt.id)) == []
    assert len(answering.deliveries()) == 0


def test_a08_thirty_mails_with_codes_are_held_back() -> None:
    """A08: as services word them."""
    codes = [
        "Your verification code is 123456", "Confirm your email address", "Verify your account", "Your one-time code",
        "Your security code: 991 221", "Activate your account now", "Sign-in code 8812", "Login code: 11223344",
        "Your confirmation code", "Enter this verification PIN", "Your one time pin", "Confirm your identity",
        "Din verifieringskod är 123456", "Bekräftelsekod: 88112", "Engångskod 1234", "Ditt engångslösenord",
        "Säkerhetskod till ditt konto", "Bekräfta din e-postadress", "Aktivera ditt konto", "Verifiera din e-post",
        "Din inloggningskod", "Bekreftelseskode 1122", "Engangskode: 4455", "Sikkerhetskode", "Bekreft din e-post",
        "Bekræft din e-mail", "Din engangskode", "Vahvistuskoodi 1234", "Kertakäyttökoodi 991", "Vahvista sähköposti",
    ]  # fmt: skip
    missed = [each for each in codes if not receipts.brings_a_code("Hej", each)]
    assert missed == []
    assert not receipts.brings_a_code("Vilken kod har grinden?", "Jag vill ha koden till återvinningen, tack.")


def test_no_more_than_so_many(answering: Line) -> None:
    """Two an hour and three a day to one address, whatever it writes; others aren't touched by it."""
    line = answering
    line.send(*(known(f"nr {n}") for n in range(5)), known("annan", From="olle@post.example"))
    line.entries(6)
    until(lambda: len(line.deliveries()) == 3)
    assert Counter(each.recipient for each in line.deliveries()) == {"ida@post.example": 2, "olle@post.example": 1}
    start = clock.now()
    for number, (hours, sent) in enumerate(((2, 3), (4, 3), (30, 4))):
        at = start + hours * clock.DAY // 24
        clock.set_source(partial(int, at))
        try:
            line.send(known(f"efter {hours}"))
            line.entries(7 + number)
        finally:
            clock.set_source(None)
        assert Counter(each.recipient for each in line.deliveries())["ida@post.example"] == sent


def test_two_processes_that_read_one_senders_mails_take_turns(database_url: str, tmp_path: Path) -> None:
    """Each counts what the other has sent: neither meets the other's number, and nobody has to begin again."""
    line = Line(tmp_path, database_url)
    with line.running():
        line.send(letter("Ett"), letter("Två", From="olle@post.example"))
        line.entries(2)
    mail = SimpleNamespace(sender="ida@post.example")
    begun = [SimpleNamespace(thread=each, mail=mail) for each in line.all(select(Conversation))]
    taken: list[int] = []

    def send(unit: Unit, each: Any) -> None:
        ((sender, day, number),) = receipts._numbers(unit, [each]).values()
        taken.append(number)
        of = {"municipality_id": each.thread.municipality_id, "conversation_id": each.thread.id}
        row = {"id": new_id(), **of, "sender": sender, "day": day, "number": number, "sent_at": clock.now()}
        time.sleep(0.3)
        unit.insert_many(SentReceipt, [row])

    both = [threading.Thread(target=line.storage.write_now, args=(TEST, send, each)) for each in begun]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    line.storage.close()
    assert sorted(taken) == [1, 2]


@pytest.mark.timeout(900)
def test_a11_a_victim_gets_few_and_nothing_that_an_attacker_wrote(answering: Line) -> None:
    """A11: posts in a victim's name, where receipts go to anybody: two mails, and not a word of theirs."""
    line = answering
    line.storage.write_now(TEST, rule, "granvik", unconfirmed=True)
    chance, posts = Random(11), 1_000 if LARGE else 60  # noqa: S311 - to be the same again
    for n in range(posts):
        evil = f"evil{n}"
        line.send(
            letter(
                f"{evil} http://{evil}.example", Subject=f"{evil} köp nu", From=f'"{evil}" <victim@offer.example>',
                Message_ID=f"<{evil}.{chance.random()}@{evil}.example>", References=f"<{evil}@{evil}.example>",
                Reply_To=f"{evil}@annan.example", Cc=f"{evil}@annan.example",
            ),
            sender="evil@annan.example",
        )  # fmt: skip
    line.entries(posts, PATIENCE + posts / 20)
    mails = left(line, 2)
    assert len(line.deliveries()) == len(mails) == receipts.AN_HOUR
    for mail in mails:
        assert mail["To"] == "victim@offer.example"
        assert "evil" not in mail.as_string()


def test_a10_a_responder_that_strips_every_header_is_answered_twice(answering: Line) -> None:
    """A10: it answers each mail with a new one that shows nothing of being automatic."""
    line = answering
    line.send(known("nr 0"))
    line.entries(1)
    answered = 0
    for n in range(1, 8):
        mails = left(line, min(n, 2))
        if len(mails) <= answered:
            break
        answered = len(mails)
        line.send(known(f"Re: nr {n}"))
        line.entries(n + 1)
    assert len(line.deliveries()) == receipts.AN_HOUR


def test_a10_two_hubs_that_answer_each_other_stop_at_once(
    answering: Line, tmp_path: Path, sqlite_template: Path
) -> None:
    """A10: what one sends the other takes for automatic, by its header alone."""
    (tmp_path / "there").mkdir()
    shutil.copy(sqlite_template, tmp_path / "there" / "torg.db")
    there = Line(tmp_path / "there", f"sqlite:///{tmp_path}/there/torg.db")
    there.storage.write_now(TEST, rule, "granvik", unconfirmed=True)
    answering.send(known("hej", From="kommunen@post.example"))
    answering.entries(1)
    (mail,) = left(answering, 1)
    with there.running():
        there.send(mail.as_bytes())
        (entry,) = there.entries(1)
        assert there.one(select(Mail.automatic).where(Mail.entry_id == entry.id)) == "auto_reply"
        assert there.all(select(SentReceipt.id)) == []
        assert len(there.deliveries()) == 0
    there.storage.close()


def test_a_storm_is_stopped_as_a_whole(answering: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """A10: from however many addresses it comes."""
    monkeypatch.setattr(receipts, "ALL_AN_HOUR", 5)
    answering.send(*(known(f"nr {n}", From=f"ida{n}@post.example") for n in range(9)))
    answering.entries(9)
    until(lambda: len(answering.deliveries()) == 5)


def test_a_reference_number_is_of_thirteen_signs() -> None:
    assert receipt.reference(0) == "0000-0000-00000"
    assert receipt.reference(2**63 - 1) == "7ZZZ-ZZZZ-ZZZZZ"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ({"sv": "Hej {subject}"}, "nothing else"),
        ({"sv": "Hej {"}, "nothing else"),
        ({"sv": "Hej {reference.__class__}"}, "nothing else"),
        ({"xx": "Hej"}, "one of"),
        ({"sv": "  "}, "says something"),
        ({"sv": "a" * 2001}, "2000"),
    ],
)
def test_a_text_names_nothing_but_the_number_and_the_municipality(
    sqlite_database: str, tmp_path: Path, words: dict[str, str], why: str
) -> None:
    line = Line(tmp_path, sqlite_database)
    with pytest.raises(Invalid, match=why):
        line.storage.write_now(TEST, rule, "granvik", unconfirmed=True, words=words)
    line.storage.close()
