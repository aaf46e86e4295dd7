"""What a connector says to a person is said in their language: why settings can't be used, what is in the way."""

from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest
from msgspec import Meta

from hub import allowed
from hub.channels import typed
from hub.channels.add import MOVES_MESSAGES
from hub.edge import configuring
from hub.plugin_host.manager import load
from inbox_ui import stored, words
from tests.web.sentences import sentences

MADE_OF_OTHERS = {
    "connectors/smtp.py: s4711: s4711.", "connectors/smtp_in/certificate.py: s4711 s4711",
    "connectors/smtp_in/__init__.py: s4711 port s4711 s4711",
    "connectors/imap/session.py: The certificate of s4711 isn't trusted: s4711s4711",
}  # fmt: skip
"""Sentences whose halves stand elsewhere in their file; some that they make are tried below."""
AT_THE_COMMAND = (
    "connectors/asterisk_ami/settings.py: A setting", "connectors/asterisk_ami/wire.py: ",
    "connectors/phone_log/guessed.py: Its", "connectors/phone_webhook/cti.py: Invalid direction!",
)  # fmt: skip
"""Said where a recording is replayed, or to an exchange in the words of its own manual."""


@pytest.fixture
def reader() -> Iterator[None]:
    words.speak("sv", "Europe/Stockholm")
    yield
    words.speak("en", "UTC")


def test_every_sentence_is_known_to_the_screen() -> None:
    said = [each for each in sentences("connectors") if not each.startswith(AT_THE_COMMAND)]
    unknown = {each for each in said if not stored.is_known(each.partition(": ")[2])}
    assert unknown - MADE_OF_OTHERS == set(), "put it into inbox_ui/stored_channels.py"


def test_what_a_setting_is_and_may_be_is_known_to_the_screen() -> None:
    unknown = set()
    for cls in load(()).connectors.values():
        if cls.__module__.startswith("connectors."):
            for hint in get_type_hints(cls.Config, include_extras=True).values():
                said = {
                    allowed.words(hint),
                    *(word for meta in _noted(hint) for word in (meta.title, meta.description)),
                }
                unknown |= {word for word in said if word and not stored.is_known(word)}
    assert unknown == set(), "put it into inbox_ui/setting_words.py"


def _noted(hint: Any) -> Iterator[Meta]:
    yield from (each for each in getattr(hint, "__metadata__", ()) if isinstance(each, Meta))
    for inner in (*get_args(hint), *([hint.__origin__] if hasattr(hint, "__metadata__") else ())):
        yield from _noted(inner) if inner is not hint else ()


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize(
    "sentence",
    [
        "127.0.0.1 port 25 is in use by another program.",
        "127.0.0.1 port 25 is in use by another program, or by this channel itself if it runs.",
        "10.9.9.9 port 25 can't be opened: it is no address of this machine.",
        "/etc/torg.pem belongs to another certificate.",
        "Microsoft 365 can't answer now (error, 503).",
        "Microsoft 365 says no to what Torg asks (error, 418).",
        "Microsoft 365 doesn't accept the log-in: there is no such tenant (tenant, AADSTS90002).",
        "mx.example port 587, security tls: it offers no STARTTLS there: see which port has which encryption.",
        "The client secret of this mailbox runs out on 2027-03-31: make a new one, and give it here.",
    ],
)
def test_what_is_made_of_several_is_said_as_a_whole(sentence: str) -> None:
    said = stored.stored(sentence)
    assert said != sentence
    for word in ("another", "answer", "there", "which", "secret of", "Nothing"):
        assert f" {word} " not in f" {said} "


def _choices() -> set[str]:
    found: set[str] = set()
    for cls in load(()).connectors.values():
        if issubclass(cls, MOVES_MESSAGES) and cls.__module__.startswith("connectors."):
            hints: dict[str, Any] = get_type_hints(cls.Config, include_extras=True)
            bare = [typed.bare(each) for each in hints.values()]
            found.update(str(value) for each in bare if get_origin(each) is Literal for value in get_args(each))
    return found


def test_what_a_setting_is_called_and_its_hint_are_known_to_the_screen() -> None:
    registry = load(())
    ours = [
        kind for kind in configuring.kinds(registry) if registry.connector(kind).__module__.startswith("connectors.")
    ]
    fields = [each for kind in ours for each in configuring.form_of_kind(registry, kind).fields]
    said = {text for each in fields for text in (each.title, each.hint) if text}
    assert len(said) > 100
    assert {each for each in said if not stored.is_known(each)} == set(), "put it into inbox_ui/setting_words.py"
    assert "municipality/queue that chats land in" in said  # the field's own hint goes before that of its type


@pytest.mark.usefixtures("reader")
def test_what_a_setting_is_chosen_from_has_words() -> None:
    assert len(_choices()) > 5
    assert [each for each in _choices() if stored.choice(each) == each] == []
    assert stored.choice("a-plugins-own") == "a-plugins-own"


@pytest.mark.usefixtures("reader")
def test_a_file_that_nobody_named_is_called_so_in_the_readers_language() -> None:
    assert stored.file_name("unnamed.txt") == "namnlös.txt"
    assert stored.file_name("unnamed") == "namnlös"
    assert stored.file_name("unnamed-plan.pdf") == "unnamed-plan.pdf"
