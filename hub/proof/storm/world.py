"""The world of the storm: municipalities with a queue each, three channels in, one out, and those who work there."""

import secrets
from base64 import b64encode
from collections.abc import Sequence

from sqlalchemy import select

from hub.access import duty, person, session
from hub.channels import add
from hub.channels.channel import Channel
from hub.edge.session import cookie_name
from hub.inbox import municipality, queue
from hub.proof.installation import Installation
from hub.proof.storm.plan import Desk, Place
from hub.proof.way import channel
from hub.storage.unit import Unit

_QUEUE = "Kundtjänst"
_EVERY_DAY = "mon-sun 00:00-24:00"
_KEY = 32


def signing_secret() -> str:
    """That the exchanges and their channels share."""
    return "whsec_" + b64encode(secrets.token_bytes(_KEY)).decode()


def set_up(
    unit: Unit, installation: Installation, counts: tuple[int, int], ports: tuple[int, int], secret: str
) -> tuple[Sequence[Place], Sequence[Desk]]:
    """`counts`: municipalities and agents, who are dealt out evenly. `ports`: mail comes in by, and leaves to."""
    homes = []
    for number in range(1, counts[0] + 1):
        homes.append(municipality.add(unit, f"m{number:02d}", f"Kommun {number}", "SE"))
        queue.add(unit, {"sv": _QUEUE}, [homes[-1]])
    leaves = {"host": "127.0.0.1", "port": ports[1], "security": "none"}
    _, config = add.prepare(unit, installation.registry, "smtp", leaves)
    out = add.add(unit, "smtp", "Mail out", config)
    addresses = {f"post@{each.code}.example": f"{each.code}/{_QUEUE}" for each in homes}
    _, config = add.prepare(unit, installation.registry, "smtp_in", {"port": ports[0], "addresses": addresses})
    add.add(unit, "smtp_in", "Mail in", config, sends_by_id=out.id)
    places = []
    for number, home in enumerate(homes, 1):
        line, lands = f"+4619{number:06d}", f"{home.code}/{_QUEUE}"
        calls = channel(unit, installation, "phone_webhook", {"secret": secret, "lines": {line: lands}}, home)
        hours: dict[str, object] = {"queue": lands, "hours": _EVERY_DAY, "holidays": "open"}
        chats = channel(unit, installation, "web_chat", hours, home)
        places.append(Place(home.code, f"post@{home.code}.example", line, calls.id, chats.id))
    desks = []
    for number in range(counts[1]):
        agent = person.add(unit, f"agent{number}@centre.example", f"Agent {number}")
        person.join(unit, agent, homes[number % len(homes)], "agent")
        duty.say(unit, agent.id, "ready")
        cookie = f"{cookie_name(installation.settings)}={session.begin(unit, agent)}"
        desks.append(Desk(number % len(homes), cookie))
    return places, desks


def add_mailbox(unit: Unit, installation: Installation, port: int, place: Place) -> None:
    """In which the mails lie that came while the hub was away."""
    given = {
        "host": "127.0.0.1", "port": port, "security": "none", "username": "a", "password": "b", "start": "all",
        "after": "flag", "addresses": {place.address.replace("post@", "arkiv@"): f"{place.code}/{_QUEUE}"},
    }  # fmt: skip
    _, config = add.prepare(unit, installation.registry, "imap", given)
    out = unit.first(select(Channel.id).where(Channel.kind == "smtp"))
    add.add(unit, "imap", "Mailbox", config, sends_by_id=out)
