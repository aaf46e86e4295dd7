"""Municipality: whose citizens and conversations they are. It has a country, a language and a timezone."""

from sqlalchemy import func, select
from sqlalchemy.orm import Mapped, mapped_column

from hub.errors import Invalid
from hub.storage.base import Row
from hub.storage.unit import Unit

LANGUAGES = ("sv", "nb", "nn", "da", "fi", "en")
HUES = 6
"""That the screen can tell apart."""
ZONES = {
    "SE": "Europe/Stockholm",
    "NO": "Europe/Oslo",
    "DK": "Europe/Copenhagen",
    "FI": "Europe/Helsinki",
    "IS": "Atlantic/Reykjavik",
}
"""By country."""
_LANGUAGE_OF = {"SE": "sv", "NO": "nb", "DK": "da", "FI": "fi", "IS": "en"}


class Municipality(Row):
    """`code` is its name in settings and addresses of the API; `hue` tells it apart on the screen.

    Mails are signed by `name`; rows, where there is little room, by `short_name`: Granviks kommun, Granvik.
    """

    __tablename__ = "municipality"
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    timezone: Mapped[str]
    country: Mapped[str]
    language: Mapped[str]
    hue: Mapped[int] = mapped_column(default=0)
    short_name: Mapped[str | None]


def add(
    unit: Unit,
    code: str,
    name: str,
    country: str,
    language: str | None = None,
    hue: int | None = None,
    short_name: str | None = None,
) -> Municipality:
    """A new municipality. The timezone is its country's; the hue, unless given, another one than its neighbours'."""
    if not code.isascii() or not code.replace("-", "").isalnum() or code != code.lower():
        raise Invalid("code", "a municipality's code is lower-case letters, digits and hyphens, as in granvik")
    if country not in ZONES:
        raise Invalid("country", f"country is one of {', '.join(ZONES)}")
    if language is not None and language not in LANGUAGES:
        raise Invalid("language", f"language is one of {', '.join(LANGUAGES)}")
    if unit.first(select(Municipality).where(Municipality.code == code)):
        raise Invalid("code", f"there is a municipality {code} already")
    row = Municipality(
        code=code,
        name=name,
        timezone=ZONES[country],
        country=country,
        language=language or _LANGUAGE_OF[country],
        hue=unit.all(select(func.count(Municipality.id)))[0] % HUES + 1 if hue is None else hue,
        short_name=short_name,
    )
    unit.add(row)
    return row


def by_code(unit: Unit, code: str) -> Municipality:
    """Raises Invalid, naming the codes there are."""
    row = unit.first(select(Municipality).where(Municipality.code == code))
    if row is None:
        known = ", ".join(unit.all(select(Municipality.code).order_by(Municipality.code)))
        if not known:
            raise Invalid("municipality", "there is no municipality yet")
        raise Invalid("municipality", "there is no municipality {code}; there is: {known}", code=code, known=known)
    return row
