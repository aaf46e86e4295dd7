"""Endings that Snowball's Nordic stemmers leave on some forms of a word and not on others: faktur, but fakturan.

A stem is settled by its letters alone, so forms that Snowball has brought together stay together. Nothing is taken off
that would leave less than three letters. Letters are folded: å and ä are a, ö and ø are o.
"""

import re
from collections.abc import Mapping

_ANY = ("",)
_COMMON = {"t": ("tal",), "r": ("num", "vint")}
_NORWEGIAN = {
    "a": _ANY, "er": _ANY, "ern": _ANY, "en": ("vei",), "ene": ("vei",), "j": ("g", "k"), "s": ("t", "y"),
    "t": ("tal", "sok"), "r": ("num", "vint"),
}  # fmt: skip
_ENDINGS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "sv": {
        "an": _ANY, "et": _ANY, "ad": ("st", "gn", "kn", "ln", "tn"), "en": ("end",), "n": ("el", "vatt"),
        "o": ("nt", "tt"), "on": ("nt", "tt"), "ot": ("nt", "tt"), "s": ("t",), "d": ("tal",), **_COMMON,
    },
    "nb": _NORWEGIAN,
    "nn": {"ar": _ANY, "ane": _ANY, **_NORWEGIAN},
    "da": {"ed": _ANY, "et": _ANY, "s": ("d",), **_COMMON},
}  # fmt: skip
"""The definite form, the plural, what has been paid: what comes off, and after which letters alone.

No -t of adjectives: "kart" and "tomt" end in it, too. "Måned" keeps its end: what is left is "man".
"""
_LEAST = 3
_KEPT = frozenset({"man"})
_VOWELS = frozenset("aeiouy")
_DOUBLE = {"mm": 5, "tt": 6, "ell": 5}
"""Within a word, but not at its end: ejendom, ejendommen. From how many letters on; others tell tak from takk."""
_DOUBLE_OF = frozenset({"tomm", "numm"})
_SWEDISH_ENDS = ("nn", "dd", "gd", "dt", "gt", "kt", "tt")
_SWEDISH_END = re.compile(r"[^aeiouy]*[aeiouy]+[^aeiouy]\w*(?:nn|dd|gd|dt|gt|kt|tt)")
"""Of these Snowball takes the last letter, but from no word that had an ending of ours."""
_SQUEEZED = re.compile(r"(?<=[aeiouy])([^aeiouy]{1,3})el$")
_DOUBLE_BEFORE_L = re.compile(r"([^aeiouyl])\1l$")
"""The vowel of the last syllable goes when another follows: cykel and cyklar, søppel and søpla."""
_OF_A_VERB = ("ansokning", "anmalning", "bjudning", "fragning", "klagning")
_OTHERS: Mapping[str, Mapping[str, str]] = {
    "da": {"born": "barn"},
    "en": {"children": "child", "paid": "pay", "built": "build"},
}
"""Forms that have nothing in common with their word but its meaning."""


def settle(stem: str, language: str) -> str:
    """The same for more forms of a word. `stem`: Snowball's, folded."""
    endings = _ENDINGS.get(language)
    if endings is not None:
        before = ""
        while before != stem:
            before = stem
            stem = _shorter(stem, endings)
            stem = stem[:-1] if _is_doubled(stem, language) else stem
        if stem.endswith("l"):
            stem = _DOUBLE_BEFORE_L.sub(r"\1l", _SQUEEZED.sub(r"\1l", stem))
    return _OTHERS.get(language, {}).get(stem, stem)


def _shorter(stem: str, endings: Mapping[str, tuple[str, ...]]) -> str:
    if stem.endswith(_OF_A_VERB):
        return stem[:-4]
    for ending, after in endings.items():
        if stem.endswith(ending):
            left = stem[: -len(ending)]
            if len(left) >= _LEAST and left.endswith(after) and left not in _KEPT and not _VOWELS.isdisjoint(left):
                return left
    return stem


def _is_doubled(stem: str, language: str) -> bool:
    if language == "sv" and stem.endswith(_SWEDISH_ENDS) and _SWEDISH_END.fullmatch(stem):
        return True
    return stem in _DOUBLE_OF or any(stem.endswith(each) and len(stem) >= least for each, least in _DOUBLE.items())
