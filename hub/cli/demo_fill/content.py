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
    """A conversation as it shall have gone. `queue` and `topics` are codes of the same file; "": nothing is said.

    `colleague`: by their signature, who took it on; else it is left to chance.
    """

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
    colleague: str = ""


class TopicWords(Struct, frozen=True, forbid_unknown_fields=True):
    """`department` is for whoever reads the file: where such a matter ends. `lookups`: names of those it allows."""

    code: str
    words: str
    synonyms: Sequence[str]
    department: str
    parent: str | None = None
    lookups: Sequence[str] = ()


class Known(Struct, frozen=True, forbid_unknown_fields=True):
    """What a citizen of the stories has told before: what the demo's other systems know them by."""

    municipality: str
    email: str
    identity: str = ""
    address: str = ""
    property: str = ""


class DepartmentWords(Struct, frozen=True, forbid_unknown_fields=True):
    """`address` has {domain} where the municipality's stands."""

    code: str
    words: str
    address: str


class QueueWords(Struct, frozen=True, forbid_unknown_fields=True):
    """The first of a file is the one that mail comes to."""

    code: str
    words: str


class CannedWords(Struct, frozen=True, forbid_unknown_fields=True):
    """An answer that is kept ready."""

    title: str
    text: str


class Spoken(Struct, frozen=True, forbid_unknown_fields=True):
    """A call, or a visit at the desk. `by`: the signature of whoever took it; "": nobody did, and it is to be called
    back. Seconds `waited` and `talked`. `topics` empty: nobody has written down yet what it was about.
    """

    kind: Literal["call", "visit"]
    municipality: str
    queue: str
    queue_name: str
    minutes_ago: int
    number: str = ""
    menu: str = ""
    by: str = ""
    name: str = ""
    waited: int = 0
    talked: int = 0
    topics: Sequence[str] = ()
    outcome: str = "solved_here"
    avoidable: str = ""
    note: str = ""


class Content(Struct, frozen=True, forbid_unknown_fields=True):
    """One language's file: one centre's."""

    topics: Sequence[TopicWords] = msgspec.field(name="topic")
    departments: Sequence[DepartmentWords] = msgspec.field(name="department")
    queues: Sequence[QueueWords] = msgspec.field(name="queue")
    stories: Sequence[Story] = msgspec.field(name="conversation")
    known: Sequence[Known] = ()
    canned: Sequence[CannedWords] = ()
    spoken: Sequence[Spoken] = ()


def read(language: str) -> Content:
    """The file of a language."""
    source = files("hub.cli").joinpath("demo_data", f"{language}.toml")
    return msgspec.toml.decode(source.read_bytes(), type=Content)
