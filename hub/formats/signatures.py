"""Signatures that a program wrote for sure: a phone's, and what stands below the delimiter `-- ` (RFC 3676, 4.3).

A name, a telephone number or an address under a greeting is what somebody wrote: it's never touched.
"""

import re

_LONGEST = 120
_MOST_LINES = 10
_MOST_CHARACTERS = 600
_WIDEST = 90
_DEVICE = (
    r"i-?phone|i-?pad|ipod|iphonesta|ipadista|samsung|galaxy|android|huawei|xperia|sony|nokia|lumia|htc|oneplus"
    r"|xiaomi|redmi|pixel"
    r"|motorola|honor|blackberry|mobil|telefon|phone|smart|surfplatt|nettbrett|tablet|outlook|yahoo|aol|gmail|proton"
    r"|windows|spark"
    r"|e-?post|mail|sähköposti|puhelim|tabletista|fairphone"
)
_MOBILE = re.compile(
    r"[\W_]{0,4}(?:"
    rf"(?:skickat|skickad|skickades|sänt|sendt|sent|enviado|verzonden|envoyé) (?:från|fra|frå|from|via|vanaf"
    rf"|de(?:puis)?) [^.!?:;]{{0,40}}?(?:{_DEVICE})[^.!?:;]{{0,40}}"
    rf"|(?:von meinem|gesendet von|gesendet mit) [^.!?:;]{{0,40}}?(?:{_DEVICE})[^.!?:;]{{0,40}}"
    rf"|lähetetty [^.!?:;]{{0,40}}?(?:{_DEVICE})[^.!?:;]{{0,40}}"
    r"|(?:skickat|sendt|sent) (?:med|with) (?:proton ?mail|spark|outlook|gmail)[^.!?:;]{0,40}"
    r"|(?:hämta|skaffa|hent|få|last ned|lataa|hanki|get|download|holen sie sich|laden sie) outlook (?:för|for|til"
    r"|für)?\s?(?:ios|android|mac|windows)[^.!?:;]{0,20}"
    r")(?:[.,;]\s{0,2}(?:please |pls )?(?:excuse|forgive|ursäkta|beklager|unnskyld|undskyld)\b[^?\n]{0,50})?"
    r"\.?\s*(?:[<(\[]\s*https?://[^\s>)\]]{1,300}[>)\]]|https?://\S{1,300})?[\W_]{0,4}",
    re.I,
)
_SENTENCE = re.compile(r"\w{2,}[.!?]\s*$")
_GOES_ON = re.compile(r"^(?!.*\s{3}).*(?:[^\W\d_]{3,}[.!] [^\W\d_]{2}.*[.!?]$|[^\W\d_]{2,}\?(?: |$))")
"""Two sentences or a question, where a signature has a name: in its first line."""
_FIRST = frozenset("sSlLhHfFgGdDvVeE")


def is_mobile(line: str) -> bool:
    """Whether this whole line is what a phone or program puts under every mail."""
    stripped = line.lstrip(" \t*_-\xa0")
    return stripped[:1] in _FIRST and len(line) <= _LONGEST + 300 and bool(_MOBILE.fullmatch(line))


def end(lines: list[str], at: int) -> int:
    """Where the signature below the delimiter at `at` ends; `at` itself when it looks like what somebody wrote."""
    last = at + 1
    size = sentences = written = 0
    while last < len(lines) and not lines[last].lstrip().startswith(">"):
        line = lines[last].strip()
        size += len(line)
        written += bool(line)
        sentences += bool(_SENTENCE.search(line[-40:])) and " " in line
        if line and written == 1 and _GOES_ON.search(line[:_WIDEST]):
            return at
        if len(line) > _WIDEST or size > _MOST_CHARACTERS or written > _MOST_LINES or sentences > 1:
            return at
        last += 1
    return last
