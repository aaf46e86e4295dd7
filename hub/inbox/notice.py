"""Notice: what was promised at the telephone or the desk, told the citizen by text message.

It says nothing of what it was about: a telephone lies where others see it.
"""

from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time

from hub import clock
from hub.errors import Invalid
from hub.formats import sms
from hub.inbox import text
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.inbox.municipality import Municipality
from hub.inbox.text import TextRoute
from hub.storage.unit import Unit

ANSWERED: Mapping[str, str] = {
    "sv": "{municipality}: du får svar senast {day}.",
    "nb": "{municipality}: du får svar senest {day}.",
    "nn": "{municipality}: du får svar seinast {day}.",
    "da": "{municipality}: du får svar senest {day}.",
    "fi": "{municipality}: saat vastauksen viimeistään {day}.",
    "en": "{municipality}: you will have an answer by {day}.",
}
CALLED: Mapping[str, str] = {
    "sv": "{municipality}: vi ringer dig {day} kl. {time}.",
    "nb": "{municipality}: vi ringer deg {day} kl. {time}.",
    "nn": "{municipality}: vi ringjer deg {day} kl. {time}.",
    "da": "{municipality}: vi ringer til dig {day} kl. {time}.",
    "fi": "{municipality}: soitamme sinulle {day} klo {time}.",
    "en": "{municipality}: we will call you on {day} at {time}.",
}
_DAY = {"nb": "EEEE d. MMMM", "nn": "EEEE d. MMMM", "da": "EEEE 'den' d. MMMM", "fi": "EEEE d. MMMM"}
_ELSE = "EEEE d MMMM"
_LEAP_YEAR = 2028
_CLOCK = {"da": "HH.mm", "fi": "H.mm"}


def send(
    unit: Unit, conversation: Conversation, route: TextRoute | None, answer_by: int | None, call_back_at: int | None
) -> Entry:
    """One message of all that was promised, from the hub: it answers nobody, so what is owed stays owed.

    Raises Invalid where nothing was promised, or no channel can tell it.
    """
    if route is None:
        raise Invalid(
            "notice",
            "the citizen can't be told by text message: they called from no mobile telephone, or no channel sends them",
        )
    if answer_by is None and call_back_at is None:
        raise Invalid("notice", "nothing is promised that the citizen could be told")
    municipality = unit.get(Municipality, conversation.municipality_id)
    assert municipality is not None  # a foreign key sees to it
    said = []
    for at, texts in ((answer_by, ANSWERED), (call_back_at, CALLED)):
        if at is not None:
            said.append(_said(texts, municipality, conversation.language or municipality.language, at))
    return text.send(unit, conversation, " ".join(said), route, 0)


def parts(municipality: Municipality, language: str | None) -> int:
    """How many text messages it may take at most, whatever is promised for when."""
    return _parts(municipality.name, language or municipality.language)


@lru_cache(maxsize=100)
def _parts(name: str, language: str) -> int:
    known = language if language in ANSWERED else "en"
    year = (date(_LEAP_YEAR, month, day) for month in range(1, 13) for day in range(22, 29))
    days = [format_date(each, _DAY.get(known, _ELSE), locale=known) for each in year]
    said = (f"{ANSWERED[known]} {CALLED[known]}".format(municipality=name, day=day, time="00:00") for day in days)
    return max(sms.length(each).parts for each in said)


def _said(texts: Mapping[str, str], municipality: Municipality, language: str, at: int) -> str:
    known = language if language in texts else "en"
    local: datetime = clock.to_datetime(at).astimezone(ZoneInfo(municipality.timezone))
    day = format_date(local, _DAY.get(known, _ELSE), locale=known)
    time = format_time(local.timetz(), _CLOCK.get(known, "HH:mm"), locale=known)
    return texts[known].format(municipality=municipality.name, day=day, time=time)
