"""How many messages a text is sent as (3GPP TS 23.038): 160 letters of the GSM alphabet, 70 of any, longer in parts."""

from msgspec import Struct

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")
"""Each takes the room of two."""
ALPHABET = ("".join(sorted(_BASIC)), "".join(sorted(_EXTENDED)))
"""For whoever counts while it is written: letters that take one, and two."""
_GSM, _UCS2 = (160, 153), (70, 67)
"""Letters of a message that is alone, and of one among several."""


class Length(Struct, frozen=True):
    """`used` and `room` in letters of the alphabet that it takes; `room`: of as many messages as `parts`."""

    parts: int
    used: int
    room: int


def length(text: str) -> Length:
    """Of a text as it stands; an empty one has no part."""
    if all(letter in _BASIC or letter in _EXTENDED for letter in text):
        used, (alone, each) = sum(1 + (letter in _EXTENDED) for letter in text), _GSM
    else:
        used, (alone, each) = len(text.encode("utf-16-be")) // 2, _UCS2
    if used <= alone:
        return Length(min(used, 1), used, alone)
    parts = -(-used // each)
    return Length(parts, used, parts * each)
