"""Chats: Granvik's, open at any hour. Its frame is a page of its own, so that it can be tried without another site."""

from sqlalchemy import select

from hub.channels import add as channels
from hub.channels.channel import Channel
from hub.channels.chat_place import KIND
from hub.inbox.municipality import by_code
from hub.inbox.queue import of_municipality
from hub.plugin_host.registry import Registry
from hub.storage.unit import Unit


def open_up(unit: Unit, registry: Registry) -> None:
    """Once."""
    if number(unit) is not None:
        return
    first = of_municipality(unit, by_code(unit, "granvik"))[0]
    said = {
        "queue": f"granvik/{first.words['sv']}",
        "hours": "mon-sun 00:00-23:59",
        "holidays": "open",
        "languages": ["sv", "en"],
    }
    _, settings = channels.prepare(unit, registry, KIND, said)
    channels.add(unit, KIND, "Chat", settings)


def number(unit: Unit) -> int | None:
    """By which its page is called."""
    return unit.first(select(Channel.id).where(Channel.kind == KIND).order_by(Channel.id))
