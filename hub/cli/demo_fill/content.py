"""Content: what the demo's citizens and agents say to each other, a file a language in `demo_data`."""

from collections.abc import Sequence
from importlib.resources import files
from typing import Literal

import msgspec
from msgspec import Struct

LANGUAGES = ("sv", "nb", "da")


class Said(Struct, frozen=True, forbid_unknown_fields=True):
    """One message of a conversation."""

    by: Literal["citizen", "agent"] = msgspec.field(name="from")
    text: str


class Writer(Struct, frozen=True, forbid_unknown_fields=True):
    """The citizen."""

    name: str
    email: str


class Story(Struct, frozen=True, forbid_unknown_fields=True):
    """A conversation as it shall have gone. `queue` and `topics` are codes of the same file; "": nothing is said."""

    municipality: str
    citizen: Writer
    subject: str
    queue: str
    topics: Sequence[str]
    outcome: str
    avoidable: str
    state: Literal["closed", "open", "waiting"]
    note: str
    messages: Sequence[Said]


class TopicWords(Struct, frozen=True, forbid_unknown_fields=True):
    """`department` is for whoever reads the file: where such a matter ends."""

    code: str
    words: str
    synonyms: Sequence[str]
    department: str
    parent: str | None = None


class DepartmentWords(Struct, frozen=True, forbid_unknown_fields=True):
    """`address` has {domain} where the municipality's stands."""

    code: str
    words: str
    address: str


class QueueWords(Struct, frozen=True, forbid_unknown_fields=True):
    """The first of a file is the one that mail comes to."""

    code: str
    words: str


class Content(Struct, frozen=True, forbid_unknown_fields=True):
    """One language's file: one centre's."""

    topics: Sequence[TopicWords] = msgspec.field(name="topic")
    departments: Sequence[DepartmentWords] = msgspec.field(name="department")
    queues: Sequence[QueueWords] = msgspec.field(name="queue")
    stories: Sequence[Story] = msgspec.field(name="conversation")


def read(language: str) -> Content:
    """The file of a language."""
    source = files("hub.cli").joinpath("demo_data", f"{language}.toml")
    return msgspec.toml.decode(source.read_bytes(), type=Content)
