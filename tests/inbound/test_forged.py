"""Forged mails, seeded: attacks A05, A06, A07 and A09 of the threat list. TORG_TEST_LARGE=1 sends 10,000."""

import os
from email.message import EmailMessage
from random import Random

import pytest
from sqlalchemy import select

from hub import clock
from hub.inbound.raw_event import RawEvent
from hub.inbox import reply_token
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry, Mail
from hub.inbox.participant import Participant
from tests.line import GRANVIK, PATIENCE, TEST, Line, letter

MAILS = 10_000 if os.environ.get("TORG_TEST_LARGE") else 150
LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
OLLE = "olle@annan.example"


def tagged(token: str, address: str = GRANVIK) -> str:
    return address.replace("@", f"+{token}@")


class Forger:
    """Makes mails that name Ida's conversation in every way there is but the right one."""

    def __init__(self, line: Line, conversation_id: int, ours: Mail, chance: Random) -> None:
        self.chance, self.conversation_id, self.ours = chance, conversation_id, ours
        self.token: str = ours.recipients["reply_to"].partition("+")[2].partition("@")[0]
        keys, granvik, holmo = line.storage.keys, line.ids["granvik"], line.ids["holmo"]
        clock.set_source(lambda: 1_600_000_000 * clock.SECOND)
        try:
            self.expired = reply_token.make(keys, conversation_id, granvik, "ida@post.example")
        finally:
            clock.set_source(None)
        self.elsewhere = reply_token.make(keys, conversation_id, holmo, "ida@post.example")
        self.olles = reply_token.make(keys, conversation_id, granvik, OLLE)

    def wrong_token(self) -> str:
        """Random, truncated, empty, of another municipality, of another length, expired, doubled, one letter off."""
        chance, token = self.chance, self.token
        at = chance.randrange(len(token))
        return chance.choice(
            [
                "".join(chance.choices(LETTERS, k=44)), token[: chance.randrange(1, 44)], "", self.elsewhere,
                token + chance.choice(LETTERS), "".join(chance.choices(LETTERS, k=chance.randrange(1, 60))),
                self.expired, token + token, token[at:] + token[:at] if at else token[::-1],
                token[:at] + chance.choice(LETTERS.replace(token[at], "")) + token[at + 1 :],
            ]
        )  # fmt: skip

    def mail(self, n: int) -> tuple[EmailMessage, str]:
        """One, and the envelope's recipient."""
        chance, to = self.chance, GRANVIK
        token = self.wrong_token()
        match n % 6:
            case 0:  # Ida's address, and a token that is none
                forged = letter(f"nr {n}", **self._with(token))
                if len(token) < 52:  # the rest of a local part of 64
                    to = tagged(token) if token else GRANVIK
            case 1:  # the right token, and another sender
                forged = letter(f"nr {n}", From=OLLE, **self._with(self.token))
                to = chance.choice([GRANVIK, tagged(self.token)])
            case 2:  # our own Message-ID and the citizen's, and another sender
                known = [str(self.ours.message_id), "<1@post.example>"]
                chance.shuffle(known)
                forged = letter(f"nr {n}", From=OLLE, In_Reply_To=known[0], References=" ".join(known))
            case 3:  # everything in subject and body: they join nothing
                said = f"nr {n} {self.token} {self.ours.message_id} #{self.conversation_id}"
                forged = letter(said, Subject=f"Re: Slamtömning [#{self.conversation_id}] {self.token}"[:200])
            case 4:  # Olle made himself a token, if he had the key: he takes no part
                forged = letter(f"nr {n}", From=OLLE, **self._with(self.olles))
            case _:  # a sender's name that is an address, several senders, a sender in capitals of another script
                name = chance.choice(['"ida@post.example" <olle@annan.example>', "olle@annan.example, ida@post.example",
                                      "іda@post.example", "ida@post.example.annan.example"])  # fmt: skip
                forged = letter(f"nr {n}", **self._with(self.token))
                del forged["From"]
                forged.add_header("From", name) if name.isascii() else forged.add_header("From", f"<{OLLE}>")
        return forged, to

    def _with(self, token: str) -> dict[str, str]:
        where = self.chance.choice(["To", "Cc", "Delivered-To", "X-Original-To", "In-Reply-To", "References"])
        if where in {"In-Reply-To", "References"}:
            return {where: f"<{token}.{self.chance.randrange(2**40):x}@granvik.example>"}
        return {where: f"kommunen+{token}@granvik.example"}


@pytest.fixture
def asked(line: Line) -> tuple[Line, int, Mail]:
    """Ida has asked, Sara has answered: the line, the conversation, the answer's mail row."""
    line.send(letter(Message_ID="<1@post.example>"))
    (entry,) = line.entries(1)
    return line, entry.conversation_id, line.answer(entry.conversation_id)


@pytest.mark.timeout(900)
def test_a05_forged_mails_join_nothing(asked: tuple[Line, int, Mail]) -> None:
    """A05: no token, no known id and no mark of the subject lets anybody in; nothing leaves for any of them."""
    line, conversation_id, ours = asked
    before = line.one(select(Conversation).where(Conversation.id == conversation_id))
    forger = Forger(line, conversation_id, ours, Random(5))  # noqa: S311 - to be the same again
    for n in range(MAILS):
        mail, to = forger.mail(n)
        line.send(mail, to=(to,), sender=OLLE)
    entries = line.entries(1 + MAILS, PATIENCE + MAILS / 20)
    assert [each.text for each in entries if each.conversation_id == conversation_id] == ["Hej, när töms min brunn?"]
    after = line.one(select(Conversation).where(Conversation.id == conversation_id))
    assert (after.version, after.last_entry_id, after.due_at) == (before.version, before.last_entry_id, before.due_at)
    assert {each.recipient for each in line.deliveries()} == {"ida@post.example"}
    assert len(line.deliveries()) == 1


@pytest.mark.parametrize("where", ["Cc", "Delivered-To", "X-Original-To"])
def test_a_token_joins_wherever_a_recipient_stands(asked: tuple[Line, int, Mail], where: str) -> None:
    line, conversation_id, ours = asked
    line.send(letter("Tack!", **{where: ours.recipients["reply_to"]}))
    assert [each.conversation_id for each in line.entries(2)] == [conversation_id] * 2


def test_a06_who_was_copied_by_a_stranger_is_never_written_to(asked: tuple[Line, int, Mail]) -> None:
    """A06: an outsider writes in the citizen's name with themselves in Cc; the next answer is for the citizen alone."""
    line, conversation_id, ours = asked
    line.send(letter("Kopiera Olle", Cc=OLLE, In_Reply_To=str(ours.message_id)), sender=OLLE)
    assert line.entries(2)[1].conversation_id == conversation_id  # From says Ida: it may be her
    line.answer(conversation_id)
    assert {each.recipient for each in line.deliveries()} == {"ida@post.example"}
    assert len(line.all(select(Participant))) == 1


def test_a07_a_colleagues_address_is_warned_of_and_does_nothing(asked: tuple[Line, int, Mail]) -> None:
    """A07: whatever From says, it is a mail from outside."""
    line, conversation_id, ours = asked
    close = letter("Stäng ärendet", From="Sara <Sara@granvik.example>", In_Reply_To=str(ours.message_id))
    own = letter("Hej", From=f"Kommunen <{GRANVIK}>")
    line.send(close, own, sender="sara@granvik.example")
    *_, spoofed, ours_too = line.entries(3)
    assert {(each.author_kind, each.author_id) for each in (spoofed, ours_too)} == {("citizen", None)}
    assert conversation_id not in {spoofed.conversation_id, ours_too.conversation_id}
    assert line.one(select(Mail.authentication).where(Mail.entry_id == spoofed.id)) == "colleague"
    assert line.one(select(Mail.authentication).where(Mail.entry_id == ours_too.id)) == "own"
    assert len(line.deliveries()) == 1


def test_a09_a_squatted_message_id_hides_nothing_and_leads_nowhere(line: Line) -> None:
    """A09: whoever sends a guessed Message-ID first keeps neither the real mail nor its answers."""
    squatted = "<gissad@post.example>"
    line.send(letter("först", Message_ID=squatted, From=OLLE), sender=OLLE)
    line.send(letter("sedan", Message_ID=squatted))
    line.send(letter("mer", References=squatted))
    first, second, third = line.entries(3)
    assert [each.text for each in (first, second, third)] == ["först", "sedan", "mer"]
    assert len(line.all(select(RawEvent.id))) == 3
    assert first.conversation_id not in {second.conversation_id, third.conversation_id}
    assert third.conversation_id == second.conversation_id  # both claimed the id; Ida takes part in one of them


def test_automatic_mail_has_a_view_of_its_own_until_a_person_writes(line: Line) -> None:
    """An e-service's notice is owed an answer and stands where all do; an absence is owed none."""
    line.send(letter("Ny felanmälan", Auto_Submitted="auto-generated", Message_ID="<1@post.example>"))
    line.send(letter("Borta", Auto_Submitted="auto-replied", From=OLLE), sender=OLLE)
    first, _ = line.entries(2)
    kinds = select(Conversation.contact_kind, Conversation.due_at == clock.NEVER).order_by(Conversation.id)
    assert [tuple(row) for row in line.storage.read_now(TEST, lambda unit: unit.rows(kinds))] == [
        ("automatic", False), ("automatic", True),
    ]  # fmt: skip
    line.send(letter("Det var jag", References="<1@post.example>"))
    assert line.entries(3)[2].conversation_id == first.conversation_id
    row = line.one(select(Conversation).where(Conversation.id == first.conversation_id))
    assert row.contact_kind == "mail"
    assert line.all(select(Entry.id).where(Entry.kind == "change")) == []
