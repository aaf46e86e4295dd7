"""Words: gettext in the reader's language. Set once for a request; templates and Python ask the same functions."""

from collections.abc import Mapping
from contextvars import ContextVar
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel import negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from hub.errors import TorgError

LANGUAGES = {"en": "English", "sv": "Svenska"}
"""By code, each in its own words."""
LOCALE = Path(__file__).parent / "locale"

_language: ContextVar[str] = ContextVar("language", default="en")
_timezone: ContextVar[str] = ContextVar("timezone", default="UTC")


def speak(language: str, timezone: str) -> None:
    """For the rest of this request: a language of `LANGUAGES`, an IANA zone."""
    _language.set(language if language in LANGUAGES else "en")
    _timezone.set(timezone)


def language() -> str:
    """The reader's."""
    return _language.get()


def timezone() -> str:
    """The reader's."""
    return _timezone.get()


def preferred(accept_language: str) -> str:
    """The best of ours by an Accept-Language header (RFC 9110)."""
    wanted = [part.partition(";")[0].strip().replace("-", "_") for part in accept_language.split(",")]
    return negotiate_locale([each for each in wanted if each], list(LANGUAGES)) or "en"


def gettext(message: str) -> str:
    """In the reader's language."""
    return translations(language()).gettext(message)


def pgettext(context: str, message: str) -> str:
    """Of a message that means several things, the one that `context` says."""
    return translations(language()).pgettext(context, message)


def ngettext(one: str, many: str, count: int) -> str:
    """The form for this count; the caller fills in its figures."""
    return translations(language()).ngettext(one, many, count)


def told(error: TorgError) -> str:
    """What an error says, in the reader's language."""
    said = gettext(error.sentence)
    sentence = said[:1].upper() + said[1:]  # as the hub says it, it goes on after the name of a field
    sentence = sentence if sentence.endswith((".", "?")) else f"{sentence}."
    return sentence.format(**error.said) if error.said else sentence


def word(words: Mapping[str, str]) -> str:
    """Of words by language: the reader's, else the first there is."""
    return words.get(language()) or next(iter(words.values()), "")


def channel_words() -> dict[str, str]:
    """By the kind of what came."""
    return {
        "mail": gettext("E-mail"),
        "phone": gettext("Phone"),
        "form": gettext("Forms"),
        "chat": gettext("Chat"),
        "sms": gettext("SMS"),
        "visit": gettext("Reception"),
    }


@lru_cache(maxsize=len(LANGUAGES))
def translations(language: str) -> NullTranslations:
    """A catalogue, read from its source: nothing compiled can be out of date. English is what the code says."""
    source = LOCALE / language / "messages.po"
    if not source.is_file():
        return NullTranslations()
    compiled = BytesIO()
    with source.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)
