"""Words of a text as search tokens: stemmed in its language, then folded, so that both engines find the same.

Stemming costs 20-30 µs a word: an entry's tokens are made in a child process, and words are remembered.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache, partial

import snowballstemmer
from msgspec import Struct

from hub.storage.endings import settle

LANGUAGES = {"sv": "swedish", "nb": "norwegian", "nn": "norwegian", "da": "danish", "fi": "finnish", "en": "english"}
_MOST_TOKENS = 10_000
_MOST_BYTES = 900_000
_MOST_ASKED = 20
_LONGEST = 40
_SURELY_FEW = 1_000
"""Tokens: of so few, each would have to be of 900 bytes to be too many."""
_WORD = re.compile(r"[^\W_]+")
# Put together two by two: normalising a whole text is quadratic in a run of marks.
_MARK, _MARKED = re.compile("[\u0300-\u036f]"), re.compile(r"[^\W\d_][\u0300-\u036f]")
# Letters that NFKD leaves alone; å ä ö é it takes apart.
_FOLDED = str.maketrans({"ø": "o", "æ": "a", "œ": "oe", "ð": "d", "þ": "th", "ß": "ss", "đ": "d", "ł": "l"})
# One for one: å ä ö é and their like, too.
_EVENLY = {
    number: base
    for number in range(0xC0, 0x250)
    if len(base := _FOLDED.get(number) or unicodedata.normalize("NFKD", chr(number).lower())[:1]) == 1
}
# The same for a text of one byte a letter, as nearly all are: bytes are translated ten times as fast as letters.
_ONE_BYTE = "cp1252"
_EVENLY_BYTES = b"".join(
    bytes([byte]).decode(_ONE_BYTE, "ignore").translate(_EVENLY).encode(_ONE_BYTE) or bytes([byte])
    for byte in range(256)
)

_TELLING = {
    "sv": "och att det som inte jag är för på med till har när kan vi hej ska från eller men om vid tack av mot",
    "nb": "og at det som ikke jeg er for på med til har når kan vi hei skal fra eller men om ved takk av etter også "
    "enn hvor mot seg",
    "da": "og at det som ikke jeg er for på med til har hvornår kan vi hej skal fra eller men om ved tak af efter også "
    "end hvor mod sig goddag",
    "nn": "og at det som ikkje eg er for på med til har når kan vi hei skal frå eller men om ved takk dei",
    "fi": "ja että se joka ei minä on kun voi me hei ovat tai mutta jos kiitos onko mikä ole",
    "en": "and that the which not i is for on with to has when can we hello shall from or but if at thanks",
}
_TELLS: dict[str, tuple[str, ...]] = {}
for _language, _words in _TELLING.items():
    for _word in _words.split():
        _TELLS[_word] = (*_TELLS.get(_word, ()), _language)


def tokens(text: str, language: str | None) -> list[str]:
    """Distinct search tokens of a text, sorted. `language` None: whatever `guess_language` makes of it."""
    words = _words_of(text)
    stem = _token_of(language or _guess(words))
    found = {stem(word[:_LONGEST]) for word in set(words)}
    found.discard("")
    return _few_enough(sorted(found)[:_MOST_TOKENS])


def _few_enough(tokens: list[str]) -> list[str]:
    """PostgreSQL's tsvector takes a megabyte; a text of that many words isn't one that anybody searches."""
    if len(tokens) < _SURELY_FEW:
        return tokens
    room = _MOST_BYTES
    for number, token in enumerate(tokens):
        room -= len(token.encode()) + 8
        if room < 0:
            return tokens[:number]
    return tokens


def guess_language(text: str) -> str | None:
    """sv, nb, nn, da, fi or en by its small words; None when they don't tell."""
    return _guess(_words_of(text))


FROM, ADDRESS, KIND, FILES = "\ue001", "\ue002", "\ue003", "\ue004"
"""What a mark begins with: private-use characters, which no word of a text contains."""
_JOINT = "\ue00f"


def marks(kind: str, name: str = "", address: str = "", *, files: bool = False) -> list[str]:
    """Tokens of what an entry is, beside those of its text: its kind, from whom outside it came, whether with files."""
    found = {KIND + kind, *from_marks(f"{name} {address}")}
    if address:
        found.add(address_mark(address))
    if files:
        found.add(FILES)
    return sorted(found)


def from_marks(name: str) -> list[str]:
    """Of whoever outside wrote it: a mark for each word."""
    return [FROM + word for word in folded_words(name)]


def address_mark(address: str) -> str:
    """A whole address, or its beginning, as one token."""
    return ADDRESS + _JOINT.join(folded_words(address))


def folded_words(text: str) -> list[str]:
    """At most twenty, not stemmed: names aren't inflected."""
    words = (fold(word[:_LONGEST]) for word in _words_of(text)[:_MOST_ASKED])
    return [word for word in words if word]


class Asked(Struct, frozen=True):
    """A word asked for: its stems in every language, and the word itself, folded, should it be unfinished."""

    stems: Sequence[str]
    folded: str


def query_tokens(text: str) -> list[Asked]:
    """The words of a question, at most twenty."""
    words = [word[:_LONGEST] for word in _words_of(text)[:_MOST_ASKED]]
    asked = [Asked(sorted(_stems_of(word) - {""}), fold(word)) for word in words]
    return [each for each in asked if each.folded]


def _stems_of(word: str) -> set[str]:
    """In every language, and as it is. Unsettled, too: what came before there were `endings` is found as it was."""
    languages: Sequence[str | None] = (*LANGUAGES, None)
    stems = {_token_of(language)(word) for language in languages}
    return stems | {fold(_stemmer_of(language)(word)) for language in LANGUAGES}


def fold(word: str) -> str:
    """Lower case without marks: å ä -> a, ö ø -> o, æ -> a."""
    if word.isascii():
        return word.lower()
    apart = unicodedata.normalize("NFKD", word.lower().translate(_FOLDED))
    return "".join(letter for letter in apart if letter.isalnum())


def fold_evenly(text: str) -> str:
    """Folded as far as each letter stays one letter: what is found there stands at the same place in `text`."""
    lower = text.lower()
    if len(lower) != len(text):
        lower = text
    try:
        return lower.encode(_ONE_BYTE).translate(_EVENLY_BYTES).decode(_ONE_BYTE)
    except UnicodeEncodeError:
        return lower.translate(_EVENLY)


def _words_of(text: str) -> list[str]:
    """Lower case; a letter whose mark stands apart (NFD) is one letter, a soft hyphen ends no word."""
    if not text.isascii():
        text = text.replace("\u00ad", "")
        if _MARK.search(text):
            text = _MARKED.sub(lambda found: unicodedata.normalize("NFC", found[0]), text)
    return _WORD.findall(text.lower())


def _guess(words: Sequence[str]) -> str | None:
    votes: Counter[str] = Counter()
    for word in words[:400]:
        for language in _TELLS.get(word, ()):
            votes[language] += 1
    (best, most), (_, second) = [*votes.most_common(2), ("", 0), ("", 0)][:2]
    return best if most > second and most > 1 else None


@lru_cache(maxsize=16)
def _token_of(language: str | None) -> Callable[[str], str]:
    if language not in LANGUAGES:
        return lru_cache(maxsize=50_000)(fold)
    stem, settled = _stemmer_of(language), partial(settle, language=language)
    return lru_cache(maxsize=50_000)(lambda word: settled(fold(stem(word))))


@lru_cache(maxsize=16)
def _stemmer_of(language: str) -> Callable[[str], str]:
    stem: Callable[[str], str] = snowballstemmer.stemmer(LANGUAGES[language]).stemWord
    return stem
