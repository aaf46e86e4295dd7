"""A whole file of which no settings are known: what isn't given is told by the usual names of columns."""

import csv
from collections.abc import Mapping, Sequence

import msgspec

from connectors.phone_log import rows as of_file
from connectors.phone_log.settings import NEEDED, PhoneLogConfig
from connectors.phone_log.table import table
from hub.contract import RawEvent, Unreadable
from hub.contract.config import read_config

_USUAL: Mapping[str, Sequence[str]] = {
    "id": ("id", "callid", "samtalsid", "opkaldsid", "anropsid", "uniqueid", "linkedid"),
    "start": ("start", "starttid", "starttime", "started", "calldate", "tid", "tidpunkt", "tidspunkt", "time"),
    "number": ("number", "anummer", "nummer", "uppringare", "caller", "callerid", "from", "från", "fra", "src"),
    "called": ("called", "bnummer", "uppringt", "to", "till", "til", "dst"),
    "queue": ("queue", "kö", "kø", "könamn", "grupp", "gruppe", "svarsgrupp", "svargruppe"),
    "agent": ("agent", "handläggare", "besvaradav", "medarbejder", "medarbeider", "answeredby"),
    "direction": ("direction", "riktning", "retning"),
    "result": ("result", "resultat", "status", "disposition"),
    "wait": ("wait", "väntetid", "väntan", "ventetid", "waittime"),
    "talk": ("talk", "samtalstid", "samtal", "taletid", "samtaletid", "talktime", "billsec"),
    "answered": ("answered", "besvarades", "svarstidpunkt", "answertime"),
    "ended": ("ended", "slut", "sluttid", "slutt", "endtime"),
    "offset": ("offset", "utcoffset", "tidsförskjutning"),
}
"""What a column says -> what it is called, in small letters and figures alone."""
_SEPARATORS = (";", ",", "\\t")


def events(recording: bytes, given: Mapping[str, object]) -> Sequence[RawEvent]:
    """A row each. `given`: settings by name, the columns among them. Raises Unreadable."""
    told = {"folder": "-", "columns": {}, "separator": _separator(recording), "encoding": _encoding(recording)}
    try:
        config = read_config(PhoneLogConfig, {**told, **given})
        header, rows = table(recording, config.encoding, config.separator)
    except (msgspec.ValidationError, csv.Error, LookupError) as error:
        raise Unreadable(f"It can't be read as a log of calls: {error}.") from error
    columns = {**_by_name(header), **config.columns}
    gone = [name for name in config.columns.values() if name not in header]
    missing = [name for name in NEEDED if name not in columns]
    if gone or missing:
        says = f"has no column {gone[0]}" if gone else f"doesn't show which column is {missing[0]}"
        name = missing[0] if missing else "NAME"
        raise Unreadable(f"Its header {says}; it has: {', '.join(header)}. Say it with --set columns={name}=COLUMN.")
    config = msgspec.structs.replace(config, columns=columns)
    return of_file.events(config, header, rows, 0, len(rows))


def _by_name(header: Sequence[str]) -> dict[str, str]:
    """Each column says one thing, and the first that is called so says it."""
    plain = {"".join(sign for sign in each.casefold() if sign.isalnum()): each for each in reversed(header)}
    return {
        name: plain[found]
        for name, usual in _USUAL.items()
        if (found := next((each for each in usual if each in plain), None)) is not None
    }


def _encoding(recording: bytes) -> str:
    """What isn't UTF-8 is what exchanges write on Windows."""
    try:
        recording.decode()
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def _separator(recording: bytes) -> str:
    """The one that stands most often in the first line."""
    first = next(iter(recording.splitlines()), b"")
    return max(_SEPARATORS, key=lambda each: first.count(b"\t" if each == "\\t" else each.encode()))
