"""Routes by the address that the message was sent to, as the channel's setting `addresses` says.

The connector has looked it up already and says so in `origin["route"]`: `municipality/queue id`.
"""

from hub.contract import Arrival, Register, Routing, hook_impl


def by_recipient(arrival: Arrival) -> Routing | None:
    """None when the connector gave no route."""
    municipality, slash, queue = arrival.origin.get("route", "").partition("/")
    return Routing(municipality, queue) if municipality and slash and queue else None


@hook_impl
def register_plugins(register: Register) -> None:
    register.router("by_recipient", by_recipient)
