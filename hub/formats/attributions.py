"""The line above a quote: "Den tors 3 juli 2025 kl 10:12 skrev Anna Berg <anna@example.se>:". Also wrapped over lines.

A person's sentence that ends like one is none: it has words that are neither a name nor a date.
"""

import re

from hub.formats import attributions_abroad

_MOST_LINES = 4
_LONGEST_LINE = 400
_MOST_NAMES = 6
_MOST_LOWER = 3

_VERB = re.compile(
    r"\b(?:skrev|skreiv|skrifaði|wrote|writes|kirjoitti|schrieb|a écrit|escribió|ha scritto|schreef|napisał\(?a?\)?"
    r"|escreveu|написал\S{0,3}|pisze|пишет|citerar|siterer|quoting|lainaus)"
    r"(?: (?:följande|følgende|fylgjande|seuraavaa|the following|folgendes))?(?![\w])",
    re.I,
)
_VERBS = (
    "skr", "wr", "kirj", "schr", "écr", "escr", "scri", "napis", "напис", "pisz", "пиш", "cit", "quot", "lainau",
    "siter",
)  # fmt: skip
"""Of each of them the beginning: most lines have none, and cost one look."""
_WHEN = re.compile(r"\d{1,2}[:.]\d{2}\b|\b(?:19|20)\d{2}\b|\d{1,2}[./-]\d{1,2}")
_CLOCK = re.compile(r"\d[:.]\d\d\b")
_CLOCK_OR_YEAR = re.compile(r"\d[:.]\d\d\b|\b(?:19|20)\d\d\b")
_WITHOUT_VERB = re.compile(
    r"\s*(?:19|20)\d\d[-/]\d\d?[-/]\d\d?(?: \d\d?:\d\d.{0,40})? .{0,100}<\s*[^\s<>@]{1,64}@[^\s<>]{1,255}>\s*:?\s*"
)
_BEGINS = re.compile(
    r"\W*(?:(?:den|on|el|le|am|op|il|em|dnia|w dniu|vid|kl)\s|\d|(?:må|ma|ti|on|to|fr|lö|lø|lau|sö|sø|su|ke|pe|la|mo"
    r"|tu|we|th|sa|di|mi|do)\w{0,10}[.,]{0,2}\s+(?:den\s+)?\d)",
    re.I,
)
_INSIDE = re.compile(r"\w\W{0,2}-{2,}")
_ADDRESS = re.compile(r"[<(\[][^<>()\[\]]{0,300}@[^<>()\[\]]{0,300}[>)\]]|\S{1,100}@\S{1,255}|<[^<>]{0,300}>")
_WORD = re.compile(r"[^\W\d_]+")
_DATE_STEMS = (
    "jan feb mar maa apr huh maj mai may tou jun kes jul hei aug elo sep syy okt oct lok nov mär dec des dez jou "
    "tam hel mån man mon tis tir tys tue die ons wed mit mid tor thu don fre fri lör lør lau sat sam sön søn sun "
    "son maanantai tii per"
)
_DATE_WORDS = (
    "ma ti ke to pe la su må fr lö sö den the kl klo kello um uhr at on am pm gmt cet cest utc eest eet est edt "
    "pst pdt bst f e m fm em vid d le el il"
)
_BY_A_PERSON = (
    "jag ni du vi han hon man mig er oss dig honom henne till att om i dere dei eg jeg meg deg jer jeres de mit "
    "min mina vår era ert din ditt you we they he she me us that to about my your his her minä sinä te että "
    "minulle teille sinulle som så vad hur här där ich wir ihr sie mir dass hvad hva kva hvordan slik sådan der "
    "as so what here below igår idag tidigare senast brevet"
)

_STEMS, _DATES, _PERSONS = (frozenset(each.split()) for each in (_DATE_STEMS, _DATE_WORDS, _BY_A_PERSON))


def lines(of: list[str], last: int) -> tuple[int, bool]:
    """How many lines up to `last` make an attribution, 0 for none; and whether only a program writes so."""
    named = 0
    for count in range(1, _MOST_LINES + 1):
        at = last + 1 - count
        if at < 0 or not of[at].strip() or len(of[at]) > _LONGEST_LINE:
            break
        joined = " ".join(line.strip() for line in of[at : last + 1])
        kind = _kind(joined) or ("dated" if attributions_abroad.is_one(joined) else None)
        if kind == "dated":
            return count, "@" in joined and bool(_CLOCK_OR_YEAR.search(joined))
        if kind == "named" and not named:
            named = count
    return named, False


def _kind(line: str) -> str | None:
    """dated | named | None"""
    folded = line.lower()
    verb = _VERB.search(line) if any(each in folded for each in _VERBS) else None
    if verb is None:
        return "dated" if _WITHOUT_VERB.fullmatch(line) else None
    has_address, has_when = "@" in line, bool(_WHEN.search(line))
    names = lower = unsure = 0
    around = line[: verb.start()] + " | " + line[verb.end() :]
    # To look for addresses takes a hundred steps at each letter.
    for word in _WORD.findall(_ADDRESS.sub(" ", around) if has_address or "<" in around else around):
        small = word.lower()
        if has_when and (small in _DATES or small[:3] in _STEMS):
            unsure += word[0].isupper()  # "Maria", or March
            continue
        if small in _PERSONS:
            return None
        if word[0].isupper():
            names += 1
        else:
            lower += 1
    if _INSIDE.search(line):
        return None  # somebody's words share its line
    if has_when and (has_address or _BEGINS.match(line)):
        # An address may stand beside a name in small letters; without one a name alone may be small.
        most = _MOST_LOWER if has_address else 1 if _CLOCK.search(line) else 0
        first = _WORD.search(line)
        fits = lower <= most and (_BEGINS.match(line) or (first and first.group()[0].isupper()) or lower <= 1)
        return (
            "dated" if fits and (names or unsure or lower or has_address) and names + lower <= 3 * _MOST_NAMES else None
        )
    if lower or names > 2 * _MOST_NAMES or not (names or unsure or has_address):
        return None
    return "dated" if has_when else "named" if names <= _MOST_NAMES else None
