"""The line above a quote in nl, de, fr, es, it, pt, pl and ru: "Il giorno gio 3 lug 2025 alle 10:12 Anna ha scritto:".

It has a day and a clock, and beside these nothing but names, what its program says around them, and a verb. One word
more in small letters, and it is a person's sentence.
"""

import re

from msgspec import Struct

_CLOCK = re.compile(r"\d\d?[:.]\d\d\b")
_DAY = re.compile(r"\b(?:19|20)\d\d\b|\b\d\d?[./-]\d\d?[./-]\d\d")
_ADDRESS = re.compile(r"[<(\[]{1,2}[^<>()\[\]\s]{1,64}@[^<>()\[\]\s]{1,255}[>)\]]{1,2}|[^\s<>]{1,64}@[^\s<>]{1,255}")
_WORD = re.compile(r"[^\W\d_]+")
_MOST_NAMES = 6
_SHORTEST = 2
"""Letters of a day or month, shortened."""
_ZONES = "utc gmt cet cest mez mesz wet west eet eest msk brt"
_WITHIN_NAMES = frozenset(
    [
        "van",
        "von",
        "der",
        "den",
        "de",
        "da",
        "do",
        "dos",
        "di",
        "del",
        "della",
        "la",
        "le",
        "zu",
        "ter",
        "ten",
        "af",
        "y",
    ]
)


class _Abroad(Struct, frozen=True):
    """How programs of one language write it. `needs_address`: it has no verb, so that an address has to stand there."""

    verb: re.Pattern[str]
    around: frozenset[str]
    calendar: tuple[str, ...]
    needs_address: bool = False


def _of(verb: str, around: str, calendar: str, *, needs_address: bool = False) -> _Abroad:
    words = frozenset(f"{around} {_ZONES}".split())
    return _Abroad(re.compile(rf"(?<!\w)(?:{verb})(?!\w)", re.I), words, tuple(calendar.split()), needs_address)


_LANGUAGES = (
    _of(
        "schreef|het volgende geschreven", "op om heeft uur",
        "januari februari maart mrt april mei juni juli augustus september oktober november december maandag dinsdag "
        "woensdag donderdag vrijdag zaterdag zondag",
    ),
    _of(
        "(?:folgendes )?geschrieben|schrieb", "am um dem den hat uhr",
        "januar februar märz april mai juni juli august september oktober november dezember montag dienstag mittwoch "
        "donnerstag freitag samstag sonnabend sonntag",
    ),
    _of(
        "a écrit", "le à h",
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre lundi mardi mercredi "
        "jeudi vendredi samedi dimanche",
    ),
    _of(
        "escribió", "el a las de del h",
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre lunes martes "
        "miércoles jueves viernes sábado domingo",
    ),
    _of(
        "ha scritto", "il giorno alle ore del",
        "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre lunedì martedì "
        "mercoledì giovedì venerdì sabato domenica",
    ),
    _of(
        "escreveu", "em no dia às à as s de feira horas",
        "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro segunda terça quarta "
        "quinta sexta sábado domingo",
    ),
    _of(
        r"napisał(?:\(a\)|a)?|pisze|wiadomość napisana przez", "w dniu dnia o godz godzinie r",
        "styczeń stycznia luty lutego marzec marca kwiecień kwietnia maj maja czerwiec czerwca lipiec lipca sierpień "
        "sierpnia wrzesień września październik października listopad listopada grudzień grudnia poniedziałek wtorek "
        "wt środa śr czwartek piątek pt sobota niedziela niedz",
    ),
    _of(
        r"написал(?:\(а\)|а)?|пишет|писали?", "г в от года пользователь",
        "января февраля марта апреля мая июня июля августа сентября октября ноября декабря понедельник вторник среда "
        "четверг пятница суббота воскресенье пн вт ср чт пт сб вс",
    ),
    _of(
        "г|от", "в года",
        "января февраля марта апреля мая июня июля августа сентября октября ноября декабря понедельник вторник среда "
        "четверг пятница суббота воскресенье пн вт ср чт пт сб вс",
        needs_address=True,
    ),
)  # fmt: skip


_PARTS = (
    "schreef", "geschreven", "schrieb", "écrit", "escribi", "scritto", "escreveu", "napisa", "pisze", "писал", "пишет",
    " г", " от ",
)  # fmt: skip
"""Of the verbs: most lines have none of them, and cost one look."""


def is_one(line: str) -> bool:
    """Whether a program of one of these languages wrote it."""
    if not (line.endswith(":") and any(each in line for each in _PARTS) and _CLOCK.search(line) and _DAY.search(line)):
        return False
    bare = _ADDRESS.sub(" ", line)
    has_address = bare != line
    return any(_fits(bare, each) for each in _LANGUAGES if has_address or not each.needs_address)


def _fits(bare: str, language: _Abroad) -> bool:
    verb = language.verb.search(bare)
    if verb is None:
        return False
    names = 0
    for word in _WORD.findall(f"{bare[: verb.start()]} {bare[verb.end() :]}"):
        folded = word.lower()
        if folded in language.around or _is_day_or_month(folded, language.calendar):
            continue
        if not word[0].isupper() and folded not in _WITHIN_NAMES:
            return False
        names += 1
    return names <= _MOST_NAMES


def _is_day_or_month(word: str, calendar: tuple[str, ...]) -> bool:
    return len(word) >= _SHORTEST and any(each.startswith(word) for each in calendar)
