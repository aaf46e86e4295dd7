"""Settings of a channel that is there: changed, tried, and saved only when they work and nobody was quicker."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, structs

from hub import clock
from hub.channels import add as adding
from hub.channels import port, source
from hub.channels.channel import Channel
from hub.channels.lease import just_ended
from hub.channels.open import Renew, read_settings, secrets_of, store_settings, values_of
from hub.channels.renewing import renewing
from hub.contract import Config, Connector, Pulls, Secret
from hub.contract.steps import Steps
from hub.errors import Conflict, Invalid, NotFound
from hub.plugin_host.registry import Registry
from hub.storage.unit import Happening, Storage, Unit


class Draft(Struct, frozen=True):
    """Settings as they would be. `given`: those that somebody gave; the others stay as they are when it is saved.

    `changed_at`: as the channel was read; `same_port`: it opens the same as before.
    """

    channel_id: int
    cls: type[Connector[Any]]
    config: Config
    given: frozenset[str]
    changed_at: int | None
    same_port: bool


def draft(unit: Unit, registry: Registry, channel_id: int, values: Mapping[str, object]) -> Draft:
    """What isn't named stays, secrets too. Raises NotFound, and Invalid, naming the field."""
    channel = unit.get(Channel, channel_id)
    if channel is None:
        raise NotFound(f"There is no channel {channel_id}.")
    cls = registry.connector(channel.kind)
    config = adding.resolve_destinations(unit, read_settings(cls, {**values_of(channel, unit.keys), **values}))
    same_port = port.opens_as_before(channel, registry, unit.keys, config)
    if channel.paused_why is None:
        port.require_free(unit, registry, cls, config, but=channel.id)
        source.require_unfetched(unit, registry, cls, config, but=channel.id)
    return Draft(channel_id, cls, config, frozenset(values), channel.changed_at, same_port)


async def check(
    storage: Storage, made: Draft, renewed: dict[str, Secret] | None = None, steps: Steps | None = None
) -> Config:
    """As when a channel is added. Its own port seems to be in use, when it runs. Raises as `add.check` does.

    A secret that the other side gives anew when it is used is the channel's own, unless another one is given: then it
    is in `renewed`, too, whatever is raised afterwards.
    """
    renew_stored, renewed = renewing(storage, made.channel_id), {} if renewed is None else renewed

    async def renew(field: str, call: Renew) -> None:
        if field not in made.given:
            await renew_stored(field, call)
        elif (new := await call(renewed.get(field))) is not None:
            renewed[field] = new

    try:
        return structs.replace(await adding.check(made.cls, made.config, renew, steps=steps), **renewed)
    except Invalid as error:
        if made.same_port and error.field == "port":
            return made.config
        raise


def save(unit: Unit, made: Draft, config: Config) -> Channel:
    """Whoever runs it begins anew with them. Raises Conflict when somebody changed it since."""
    channel = unit.lock(Channel, made.channel_id)
    if channel is None:
        raise NotFound(f"There is no channel {made.channel_id}.")
    if channel.changed_at != made.changed_at:
        raise Conflict("Somebody changed this channel meanwhile. Look at it again, then decide.")
    secrets = secrets_of(channel, unit.keys)  # one of them may have been renewed since
    kept = {name: Secret(secrets[name]) for name in secrets.keys() - made.given}
    store_settings(channel, structs.replace(config, **kept), unit.keys)
    channel.changed_at, channel.trouble = clock.now(), None
    if issubclass(made.cls, Pulls):  # what is under way with the old ones writes nothing more, no refusal either
        channel.fence, channel.lease_until = channel.fence + 1, just_ended()
    unit.note(Happening("channel_changed", channel.id, channel.home_id))
    return channel
