"""A filled-in form as it is kept, and what it says as a message.

It is written by the hub itself, after everything in it was checked: an identity number stands in it as a cipher only.
"""

import hashlib
from collections.abc import Sequence

import msgspec
from msgspec import Struct

from hub.contract import (
    Address,
    FormAnswer,
    RawEvent,
    ReceivedAttachment,
    ReceivedForm,
    ReceivedMessage,
    Unreadable,
)

MEDIA_TYPE = "application/vnd.torg.form+json"


class SentFile(Struct, frozen=True):
    """A file that came with it; `content` is base64 in what is kept."""

    name: str
    media_type: str
    content: bytes


class Submission(Struct, frozen=True, kw_only=True):
    """All of it. `name`, `email`: as the form was told them; `subject`: for lists."""

    form: ReceivedForm
    subject: str
    name: str = ""
    email: str = ""
    files: Sequence[SentFile] = ()


def written(submission: Submission) -> bytes:
    """As it is kept."""
    return msgspec.json.encode(submission)


def parse(group: Sequence[RawEvent]) -> Sequence[ReceivedMessage]:
    """Raises Unreadable."""
    return [_message(event) for event in {each.key: each for each in group}.values()]


def _message(event: RawEvent) -> ReceivedMessage:
    try:
        said = msgspec.json.decode(event.body, type=Submission)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unreadable("It is no form that was filled in here.") from error
    text = in_words(said.form.answers)
    return ReceivedMessage(
        key=event.key,
        sender=Address(said.name, said.email),
        subject=said.subject,
        text=text,
        visible_text=text,
        attachments=[
            ReceivedAttachment(
                name=each.name,
                media_type=each.media_type,
                size=len(each.content),
                sha256=hashlib.sha256(each.content).hexdigest(),
                inline=False,
                content_id=None,
                content=each.content,
            )
            for each in said.files
        ],
        form=said.form,
    )


def in_words(answers: Sequence[FormAnswer]) -> str:
    """For search, quotations and forwards: a line for each answer, a paragraph for a long one."""
    lines = [
        f"{each.label}:\n{each.text}\n" if "\n" in each.text else f"{each.label}: {each.text}"
        for each in answers
        if each.text
    ]
    return "\n".join(lines).strip()
