"""Words: gettext in the reader's language. Set once for a request; templates and Python ask the same functions."""

import unicodedata
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel import negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from hub.errors import TorgError

LANGUAGES = {"en": "English", "sv": "Svenska", "nb": "Norsk bokmål", "nn": "Norsk nynorsk", "da": "Dansk"}
"""By code, each in its own words."""
_NEAREST = {"no": ("nb", "nn"), "nb": ("nn",), "nn": ("nb",)}
"""What is read instead, where there is none of one: who reads one Norwegian reads the other."""
_LAST = {"sv": "åäö"} | dict.fromkeys(("da", "nb", "nn"), "æøå")
"""Letters that stand after z, in their order."""
_SAME = {"åäö": str.maketrans("æø", "äö"), "æøå": str.maketrans("äö", "æø")}
"""The neighbours' letters stand where their own do."""
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
    return preferred_of(accept_language, list(LANGUAGES), otherwise="en")


def preferred_of(accept_language: str, ours: Sequence[str], otherwise: str | None = None) -> str:
    """The best of `ours`; where none fits `otherwise`, or the first."""
    wanted = [part.partition(";")[0].strip().replace("-", "_") for part in accept_language.split(",")]
    near = {each: [one for one in nearest if one in ours] for each, nearest in _NEAREST.items()}
    known = {each: found[0] for each, found in near.items() if found} | {each: each for each in ours}
    found = negotiate_locale([each for each in wanted if each], list(known))
    return known[found] if found else otherwise or ours[0]


def N_(sentence: str) -> str:  # noqa: N802 - gettext's own name for it
    """Marks what is translated later."""
    return sentence


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
    """Of words by language: the reader's, else the nearest to it, else the first there is."""
    said = (words.get(each) for each in (language(), *_NEAREST.get(language(), ())))
    return next(filter(None, said), "") or next(iter(words.values()), "")


def alphabetical(text: str) -> list[tuple[int, str]]:
    """To sort by: as the reader's language orders letters, å ä ö or æ ø å after z; other marks count for nothing."""
    last = _LAST.get(language(), "")
    letters = unicodedata.normalize("NFC", text).casefold().translate(_SAME.get(last, {}))
    plain = (letter if letter in last else unicodedata.normalize("NFD", letter)[0] for letter in letters)
    return [(last.find(letter), letter) for letter in plain]


def within(name: str) -> str:
    """A language's name that something stands before: English alone writes it with a capital there."""
    return name if language() == "en" else name[:1].lower() + name[1:]


def channel_words() -> dict[str, str]:
    """By the kind of what came."""
    return {
        "mail": gettext("E-mail"),
        "call": gettext("Phone"),
        "form": gettext("Forms"),
        "chat": gettext("Chat"),
        "sms": gettext("SMS"),
        "visit": gettext("Reception"),
        "automatic": gettext("Automatic mail"),
    }


@cache
def translations(language: str, domain: str = "messages") -> NullTranslations:
    """A catalogue, read from its source: nothing compiled can be out of date. English is what the code says.

    `domain`: `messages` of the screen, or `sentences` for citizens, in more languages.
    """
    source = LOCALE / language / f"{domain}.po"
    if not source.is_file():
        return NullTranslations()
    compiled = BytesIO()
    with source.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)
