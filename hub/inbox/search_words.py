"""The words of a search: what somebody typed, taken apart into free words and filters (`from:anna is:open`). Pure.

Whatever isn't understood is searched as words; nothing that can be typed is an error. Filters and their values have
names in Swedish, Norwegian and Danish as well. A phrase in quotes is several words: the index knows no order.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, timedelta

from msgspec import Struct

from hub.inbox.receipt import read_reference
from hub.storage.words import fold

_HIGHEST_ID = 2**63 - 1


def _by_name(names: Mapping[str, str]) -> Mapping[str, str]:
    """Folded name -> what it means, itself among its names."""
    return {fold(name): meant for meant, said in names.items() for name in (meant, *said.split())}


FILTERS = _by_name(
    {
        "from": "från fra",
        "topic": "ämne emne tema kontaktorsak kontaktårsag",
        "queue": "kö kø",
        "to": "till til in i municipality kommun kommune",
        "is": "är er",
        "assignee": "tilldelat tilldelad tildelt handläggare saksbehandler sagsbehandler",
        "has": "har",
        "kind": "typ type slag",
        "before": "före før",
        "after": "efter etter",
    }
)
_VALUES: Mapping[str, Mapping[str, str]] = {
    "is": _by_name(
        {
            "open": "öppen öppet öppna åpen åpne opne åben åbent åbne",
            "closed": "stängd stängt avslutad lukket lukkede lukka",
            "waiting": "väntar väntande venter ventende ventar",
            "overdue": "försenad försenat sen forsinket forsinkede forseinka forfalt",
            "unread": "oläst ulest ulesen ulese ulæst",
        }
    ),
    "has": _by_name({"attachment": "attachments file files bilaga bilagor fil filer vedlegg bilag"}),
    "kind": _by_name(
        {
            "mail": "email e-mail epost e-post mejl",
            "note": "notes anteckning notat notater",
            "chat": "chatt",
            "call": "samtal samtale samtaler samtalar anrop opkald",
            "form": "formulär skjema skjemaer formular",
            "visit": "besök besøk besøg",
            "sms": "",
        }
    ),
    "assignee": _by_name({"me": "jag jeg eg mig meg mej", "none": "nobody ingen"}),
}
_CLOSED = ("is", "has", "kind")
"""These have no other values."""
_DAYS = {"today": 0, "idag": 0, "yesterday": 1, "igar": 1}

_PIECE = re.compile(r'(?:([^\W\d_]+):)?"([^"]*)("|$)|\S+')
_KEYED = re.compile(r"([^\W\d_]+):(.*)", re.DOTALL)
_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
_DATE_BEGUN = re.compile(r"\d{1,4}(-(\d{1,2}-?)?)?|\d{1,2}\.(\d{1,2}(\.\d{0,4})?)?")
_DATE_DAY_FIRST = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
"""As Danes and Norwegians write it."""
_SIGNS = re.compile('[":]')
_ID = re.compile(r"\s*#?([1-9][0-9]{0,18})\s*")


class Term(Struct, frozen=True):
    """A filter. `value`: canonical if `known`, else as it was typed; `unfinished`: it may still be added to.

    `words`: what is searched instead of one that isn't understood; none for one that is only half typed.
    """

    filter: str
    value: str
    known: bool = True
    unfinished: bool = False
    words: str = ""


class Asked(Struct, frozen=True):
    """A search as it was understood. `words`: the free ones; `unfinished`: the last of them may still be added to.

    `conversation_id`: it is nothing but a number, perhaps a conversation's, as an id or as citizens are told it.
    `quoted`: there was a phrase, whose words are searched one by one.
    """

    words: str
    terms: tuple[Term, ...] = ()
    unfinished: bool = False
    conversation_id: int | None = None
    quoted: bool = False


def parse(text: str, today: date) -> Asked:
    """Never raises. `today`: what the words for it mean."""
    text = unicodedata.normalize("NFC", text)
    words: list[str] = []
    terms: list[Term] = []
    quoted = unfinished = False
    for piece in _PIECE.finditer(text):
        key, value = _apart(piece)
        open_end = piece.end() == len(text) and not (text[-1].isspace() or piece[3])
        unfinished = open_end and key is None
        if key is None:
            quoted = quoted or piece[2] is not None
            words.append(value)
        else:
            terms.append(_term(key, value, today, unfinished=open_end))
    said = plain(" ".join(words))
    return Asked(said, tuple(terms), unfinished and bool(said), _id(text), quoted and bool(said))


def written(asked: Asked) -> str:
    """Text that is understood in the same way."""
    terms = [f"{each.filter}:{_value(each)}" for each in asked.terms]
    if not asked.words:
        said = []
    elif asked.quoted:
        said = [f'"{asked.words}' if asked.unfinished else f'"{asked.words}"']
    else:
        said = [asked.words]
    if asked.unfinished:
        return " ".join([*terms, *said])
    return " ".join([*said, *terms]) + ("" if asked.terms and asked.terms[-1].unfinished else " ")


def _apart(piece: re.Match[str]) -> tuple[str | None, str]:
    """The filter's name, if it has one, and the rest."""
    key, value = piece[1], piece[2]
    if value is None:
        keyed = _KEYED.fullmatch(piece[0])
        key, value = (keyed[1], keyed[2]) if keyed else (None, piece[0])
    if key is not None and fold(key) not in FILTERS and (value.startswith("//") or not plain(value)):
        return None, f"{key} {value}"  # an address of the web, a subject's "Re:"
    return key, value


def _term(key: str, value: str, today: date, *, unfinished: bool) -> Term:
    value = " ".join(value.replace('"', " ").split())
    name = FILTERS.get(fold(key))
    if name is None:
        return Term(key, value, known=False, unfinished=unfinished, words=plain(f"{key} {value}"))
    if name in {"before", "after"}:
        meant = _date(value, today)
        half = unfinished and _DATE_BEGUN.fullmatch(value) is not None
    else:
        meant, half = _listed(name, value)
    if meant is not None:
        return Term(name, meant, unfinished=unfinished)
    half = not value or (half and unfinished)
    return Term(name, value, known=False, unfinished=unfinished, words="" if half else plain(value))


def _listed(name: str, value: str) -> tuple[str | None, bool]:
    """What the value means, and whether it could be the beginning of one; names are for the database to know."""
    values, folded = _VALUES.get(name, {}), fold(value)
    if folded in values:
        return values[folded], False
    if name not in _CLOSED:
        return (value, False) if any(sign.isalnum() for sign in value) else (None, True)
    begun = {meant for said, meant in values.items() if folded and said.startswith(folded)}
    return (begun.pop(), True) if len(begun) == 1 else (None, bool(begun))


def _date(value: str, today: date) -> str | None:
    """As YYYY-MM-DD, from that or from DD.MM.YYYY. A year or a month is its first day."""
    if fold(value) in _DAYS:
        return (today - timedelta(days=_DAYS[fold(value)])).isoformat()
    found, turned = _DATE.fullmatch(value), _DATE_DAY_FIRST.fullmatch(value)
    parts = found.groups() if found else reversed(turned.groups()) if turned else ()
    try:
        return date(*(int(part or 1) for part in parts)).isoformat() if parts else None
    except ValueError:
        return None


def _value(term: Term) -> str:
    """In quotes if it needs them; those of an unfinished one stay open."""
    if not any(sign.isspace() for sign in term.value):
        return term.value
    return f'"{term.value}' if term.unfinished else f'"{term.value}"'


def plain(text: str) -> str:
    """Words, without the signs that mean something here."""
    return " ".join(_SIGNS.sub(" ", text).split())


def _id(text: str) -> int | None:
    alone = _ID.fullmatch(text)
    if alone:
        return int(alone[1]) if int(alone[1]) <= _HIGHEST_ID else read_reference(text)
    return read_reference(text)
