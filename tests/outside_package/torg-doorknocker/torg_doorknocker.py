"""Notes that somebody knocked at the town hall's door: a door phone writes a line each time, `name;what they wanted`.

An example of a package that plugs into Torg: one module, one class, one hook. It reads what was recorded and
calls nobody.
"""

from collections.abc import Sequence

from hub.contract import Address, Config, Connector, RawEvent, ReceivedMessage, Register, Unreadable, hook_impl


class DoorknockerConfig(Config, frozen=True):
    """Which door."""

    door: str = "main"


class Doorknocker(Connector[DoorknockerConfig]):
    """Somebody at the door."""

    kind = "doorknocker"
    title = "Knocks at the door"
    Config = DoorknockerConfig

    @staticmethod
    def parse(group: Sequence[RawEvent]) -> Sequence[ReceivedMessage]:
        once = {event.key: event for event in group}
        return [_knock(once[key]) for key in sorted(once)]


def _knock(event: RawEvent) -> ReceivedMessage:
    try:
        name, semicolon, wanted = event.body.decode("utf-8").strip().partition(";")
    except UnicodeDecodeError as error:
        raise Unreadable("The line is no UTF-8.") from error
    if not semicolon or "\0" in name + wanted:
        raise Unreadable("The line is not `name;what they wanted`.")
    return ReceivedMessage(key=event.key, sender=Address(name, ""), subject="A knock", text=wanted, visible_text=wanted)


@hook_impl
def register_plugins(register: Register) -> None:
    register.connector(Doorknocker)
