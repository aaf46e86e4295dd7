"""Letters: a citizen's message as the mail that their program would send, byte for byte."""

from collections.abc import Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape
from random import Random

from msgspec import Struct

_WROTE = {
    "sv": "Den {day} {month} {year} kl. {clock} skrev {name} <{address}>:",
    "nb": "Den {day}. {month} {year} kl. {clock} skrev {name} <{address}>:",
    "da": "Den {day}. {month} {year} kl. {clock} skrev {name} <{address}>:",
}
_MONTHS = {
    "sv": ("jan.", "feb.", "mars", "apr.", "maj", "juni", "juli", "aug.", "sep.", "okt.", "nov.", "dec."),
    "nb": ("jan.", "feb.", "mars", "apr.", "mai", "juni", "juli", "aug.", "sep.", "okt.", "nov.", "des."),
    "da": ("jan.", "feb.", "mar.", "apr.", "maj", "jun.", "jul.", "aug.", "sep.", "okt.", "nov.", "dec."),
}
_PROGRAMS = ("iPhone Mail (22G100)", "Microsoft Outlook 16.0", "Mozilla Thunderbird", "Webmail 5.2")
_UNFOLDED = SMTP.clone(max_line_length=998)
"""Programs fold a long Message-ID nowhere; the library would write it in encoded words."""
_QUOTES = 0.75
"""Share of the answers that quote what they answer."""


class Answered(Struct, frozen=True):
    """The mail that is answered, as it lay in the citizen's mailbox."""

    at: datetime
    name: str
    address: str
    reply_to: str
    message_id: str
    references: Sequence[str]
    subject: str
    text: str


class Letter(Struct, frozen=True):
    """Bytes with their envelope."""

    sender: str
    recipient: str
    message_id: str
    content: bytes


class Draft(Struct, frozen=True):
    """What a citizen wants to say; in answer to what, if anything. `language` is their mail program's."""

    sender: Address
    to: Address
    subject: str
    text: str
    at: datetime
    language: str
    answered: Answered | None


def write(draft: Draft, chance: Random) -> Letter:
    """`chance` decides the program, and so what the mail looks like."""
    program = chance.choice(_PROGRAMS)
    sender, to, answered = draft.sender, draft.to, draft.answered
    relay = f"mx{chance.randint(1, 4)}.{sender.domain} ([192.0.2.{chance.randint(2, 250)}])"
    date = format_datetime(draft.at)
    message = EmailMessage(SMTP)
    message["Received"] = f"from {relay} by mail.{to.domain} with ESMTPS; {date}"
    message["From"] = sender
    message["To"] = Address(to.display_name, addr_spec=answered.reply_to) if answered else to
    message["Subject"] = answered.subject if answered else draft.subject
    message["Date"] = date
    message_id = f"<{chance.getrandbits(96):024x}@{sender.domain}>"
    message["Message-ID"] = message_id
    if answered:
        message["In-Reply-To"] = answered.message_id
        message["References"] = " ".join((*answered.references, answered.message_id))
    message["X-Mailer"] = program
    quoted = answered if chance.random() < _QUOTES else None
    plain = draft.text + (f"\n\n{_intro(quoted, draft.language)}\n\n{_marked(quoted.text)}" if quoted else "")
    message.set_content(plain + "\n", cte="base64" if program == _PROGRAMS[0] else "quoted-printable")
    if program in _PROGRAMS[1::2]:
        below = f"<p>{escape(_intro(quoted, draft.language))}</p>{_blockquote(quoted.text)}" if quoted else ""
        html = f"<html><body>{_paragraphs(draft.text)}{below}</body></html>"
        message.add_alternative(html, subtype="html", cte="quoted-printable")
        message.set_boundary(f"=_{chance.getrandbits(64):016x}")
    recipient = answered.reply_to if answered else to.addr_spec
    return Letter(sender.addr_spec, recipient, message_id, message.as_bytes(policy=_UNFOLDED))


def _intro(answered: Answered, language: str) -> str:
    at = answered.at
    return _WROTE[language].format(
        day=at.day,
        month=_MONTHS[language][at.month - 1],
        year=at.year,
        clock=f"{at:%H.%M}" if language == "da" else f"{at:%H:%M}",
        name=answered.name,
        address=answered.address,
    )


def _marked(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def _blockquote(text: str) -> str:
    return f"<blockquote>{_paragraphs(text)}</blockquote>"


def _paragraphs(text: str) -> str:
    paragraphs = (escape(each).replace("\n", "<br>\n") for each in text.split("\n\n"))
    return "".join(f"<p>{each}</p>\n" for each in paragraphs)
