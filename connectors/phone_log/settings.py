"""Settings of a channel that reads an exchange's own log."""

from typing import Annotated

from msgspec import Meta, field

from hub.contract import Config, Destination

FIELDS = (
    "id", "start", "number", "called", "queue", "agent", "direction", "result", "wait", "talk", "answered", "ended",
    "offset",
)  # fmt: skip
"""What a column can say: the keys of the setting `columns`."""
NEEDED = ("start", "number")


class PhoneLogConfig(Config, frozen=True):
    """Where the files are, and what their columns say."""

    folder: Annotated[str, Meta(title="Folder", description="that the exchange puts its log into", min_length=1)]
    columns: Annotated[
        dict[str, str],
        Meta(
            title="Columns",
            description="start = Starttid, number = A-nummer; also id, called, queue, agent, direction, result, wait, "
            "talk, answered, ended, offset (as +02:00 or CEST)",
        ),
    ]
    lines: Annotated[
        dict[str, Destination],
        Meta(title="Lines", description="number that is dialled, or the exchange's queue = municipality/queue"),
    ] = field(default_factory=dict)
    exchange: Annotated[
        str,
        Meta(
            title="Channel of the exchange", description="id of the one that tells of its calls live", pattern=r"^\d*$"
        ),
    ] = ""
    files: Annotated[str, Meta(title="Files", description="by name, as samtal-*.csv", min_length=1)] = "*.csv"
    separator: Annotated[str, Meta(title="Separator", description="; , or \\t", min_length=1, max_length=2)] = ";"
    encoding: Annotated[str, Meta(title="Encoding", description="utf-8, cp1252 …")] = "utf-8-sig"
    timezone: Annotated[str, Meta(title="Time zone", description="of the times in it")] = "Europe/Stockholm"
    time_format: Annotated[str, Meta(title="How times are written", description="in the codes of strftime")] = (
        "%Y-%m-%d %H:%M:%S"
    )
    answered: Annotated[
        tuple[str, ...], Meta(title="Answered", description="what the column result says of an answered call")
    ] = ("answered", "besvarat", "besvarad", "ja", "1")
    busy: Annotated[
        tuple[str, ...], Meta(title="Busy", description="what the column result says of a call that met a busy line")
    ] = ("busy", "upptaget", "upptagen", "opptatt", "optaget")
    rejected: Annotated[
        tuple[str, ...],
        Meta(title="Rejected", description="what the column result says of a call that was turned away"),
    ] = ("rejected", "declined", "avvisat", "avvisad", "avvist", "afvist")
    outgoing: Annotated[
        tuple[str, ...], Meta(title="Outgoing", description="what the column direction says of a call out")
    ] = ("out", "outgoing", "utgående", "ut")
    settled: Annotated[
        int, Meta(title="Seconds that a file lies still", description="before it is read", ge=0, le=3600)
    ] = 10
