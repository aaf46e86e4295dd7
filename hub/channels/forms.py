"""Forms' channel: a municipality's own, by which all that is filled in comes. It is there from its first form on."""

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import select

from hub.channels import add
from hub.channels.channel import Channel
from hub.channels.open import read_settings
from hub.inbox.municipality import Municipality
from hub.plugin_host.registry import Registry
from hub.storage.unit import Unit

KIND = "web_form"
NAME = "Webbformulär"


class FormChannel(Struct, frozen=True):
    """`sites`: where forms may stand in a frame."""

    id: int
    paused: bool
    sites: Sequence[str]


def find(unit: Unit, municipality_id: int) -> FormChannel | None:
    """Of several that IT has added, the first."""
    row = unit.first(
        select(Channel).where(Channel.kind == KIND, Channel.home_id == municipality_id).order_by(Channel.id)
    )
    if row is None:
        return None
    sites = row.config.get("sites", ())
    return FormChannel(row.id, row.paused_why is not None, [str(each) for each in sites])


def require(unit: Unit, registry: Registry, municipality: Municipality) -> FormChannel:
    """Made where it isn't there yet."""
    found = find(unit, municipality.id)
    if found is not None:
        return found
    cls = registry.connector(KIND)
    row = add.add(unit, KIND, NAME, read_settings(cls, {}), municipality)
    return FormChannel(row.id, paused=False, sites=())
