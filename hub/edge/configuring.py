"""Configuring: a channel's settings as a form, drawn from its Config; changed or added, and saved only when they work.

Secrets never leave: a field that has one is empty, and stays as it is when it is sent empty.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Struct
from sqlalchemy import select

from hub.access import policy
from hub.access.audit import log_act
from hub.access.person import Actor
from hub.channels import add as adding
from hub.channels import settings, typed
from hub.channels.area import area
from hub.channels.channel import Channel
from hub.contract import Connector, Plugin, PluginError, Secret, Sends
from hub.contract.config import secret_fields
from hub.contract.steps import Steps
from hub.edge import versions
from hub.edge.desk import Desk
from hub.edge.running import CHANNELS
from hub.edge.versions import fingerprint
from hub.errors import Invalid, NotFound
from hub.inbox.municipality import Municipality
from hub.plugin_host.registry import Registry
from hub.storage.unit import Unit

SWITCH = "switch"


class Field(Struct, frozen=True):
    """`kind`: text | secret | mapping | list | numbers | number | switch | choice.

    `value`: as it is written; of a secret none. `is_set`: of a secret, whether there is one.
    """

    name: str
    title: str
    hint: str
    kind: str
    choices: Sequence[str]
    required: bool
    value: str
    is_set: bool = False


class Form(Struct, frozen=True):
    """What there is to fill in. `version`: for If-Match; empty where the channel isn't there yet."""

    kind: str
    title: str
    name: str
    fields: Sequence[Field]
    version: str


def kinds(registry: Registry) -> Mapping[str, str]:
    """Of those that a channel can be made of: what they are called, by kind."""
    return {kind: cls.title for kind, cls in registry.connectors.items() if issubclass(cls, adding.MOVES_MESSAGES)}


def form_of_kind(registry: Registry, kind: str) -> Form:
    """An empty one, with the defaults. Raises Invalid."""
    cls = registry.connector(kind)
    return Form(kind, cls.title, "", fields_of(cls, {}, has_secrets=False), "")


async def form(desk: Desk, registry: Registry, channel_id: int) -> Form:
    """Raises NotFound, NotAllowed."""
    return await desk.storage.read(CHANNELS, _form, desk.actor, registry, channel_id)


async def change(
    desk: Desk,
    registry: Registry,
    channel_id: int,
    values: Mapping[str, object],
    if_match: str | None,
    *,
    saves: bool = True,
    renewed: dict[str, Secret] | None = None,
    steps: Steps | None = None,
) -> None:
    """Tried, then saved, if they shall be. `renewed` is given the secrets that the other side handed out in place of
    given ones, whatever is raised: who doesn't save keeps them. `steps`: is told what was proved.

    Raises Invalid with the field, NotFound, NotAllowed, Stale, Conflict.
    """
    made = await desk.storage.read(CHANNELS, _draft, desk.actor, registry, channel_id, values, if_match)
    try:
        config = await settings.check(desk.storage, made, renewed, steps)
    except PluginError as error:
        raise _said(error) from error
    if saves:
        await desk.storage.write(CHANNELS, _save, desk.actor, made, config)


async def add(
    desk: Desk,
    registry: Registry,
    kind: str,
    name: str,
    home_id: int | None,
    sends_by_id: int | None,
    values: Mapping[str, object],
    *,
    saves: bool = True,
    renewed: dict[str, Secret] | None = None,
    steps: Steps | None = None,
) -> None:
    """Likewise, of a new one. Raises Invalid with the field, NotAllowed."""
    if not name.strip():
        raise Invalid("name", "a name is at least one letter")
    cls, config = await desk.storage.read(CHANNELS, _prepare, desk.actor, registry, kind, home_id, sends_by_id, values)
    try:
        config = await adding.check(cls, config, renewed=renewed, steps=steps)
    except PluginError as error:
        raise _said(error) from error
    if saves:
        await desk.storage.write(CHANNELS, _add, desk.actor, kind, name.strip(), config, home_id, sends_by_id)


def values_of_texts(registry: Registry, kind: str, texts: Mapping[str, str]) -> dict[str, object]:
    """What a form's texts mean: an empty secret stays as it is, a switch that isn't sent is off. Raises Invalid."""
    return values_of_fields(fields_of(registry.connector(kind), {}, has_secrets=False), texts)


def values_of_fields(fields: Sequence[Field], texts: Mapping[str, str]) -> dict[str, object]:
    """Of these alone. Raises Invalid."""
    values: dict[str, object] = {}
    for field in fields:
        text = texts.get(field.name, "")
        if field.kind == SWITCH:
            values[field.name] = text == "on"
        elif field.kind == typed.SECRET:
            values |= {field.name: text} if text else {}
        elif field.kind == "number" and not text.strip() and not field.required:
            continue
        else:
            kind_of = {"number": typed.OTHER, "choice": typed.TEXT}.get(field.kind, field.kind)
            empty: dict[str, object] = {typed.MAPPING: {}, typed.LIST: [], typed.NUMBERS: []}
            if kind_of in empty and not text.strip():
                values[field.name] = empty[kind_of]
            else:
                values[field.name] = typed.value_of(kind_of, field.name, text.strip())
    return values


def fields_of(cls: type[Plugin[Any]], values: Mapping[str, object], *, has_secrets: bool) -> list[Field]:
    """Of a kind of channel, or of a source, in their order."""
    hints, secret, kinds = get_type_hints(cls.Config, include_extras=True), secret_fields(cls.Config), typed.kinds(cls)
    found = []
    for field in msgspec.structs.fields(cls.Config):
        hint, bare = hints[field.name], typed.bare(hints[field.name])
        value = values.get(field.name, None if field.required else _default(field))
        is_secret = field.name in secret
        found.append(
            Field(
                name=field.name,
                title=_about(hint, "title") or field.name,
                hint="" if is_secret else _about(hint, "description"),
                kind=_widget(bare, kinds[field.name]),
                choices=[str(each) for each in get_args(bare)] if get_origin(bare) is Literal else (),
                required=field.required,
                value="" if is_secret else typed.text_of(value),
                is_set=is_secret and has_secrets,
            )
        )
    return found


def _widget(bare: Any, kind: str) -> str:
    if bare is bool:
        return SWITCH
    if get_origin(bare) is Literal:
        return "choice"
    return "number" if kind == typed.OTHER else kind


def _about(hint: Any, what: str) -> str:
    """What the field says of itself, which stands last, else what its type says."""
    metas = (each for each in reversed(getattr(hint, "__metadata__", ())) if isinstance(each, Meta))
    return next((said for each in metas if (said := getattr(each, what))), "")


def _default(field: msgspec.structs.FieldInfo) -> object:
    if field.default_factory is not msgspec.NODEFAULT:
        return msgspec.to_builtins(field.default_factory())
    return None if field.default is msgspec.NODEFAULT else msgspec.to_builtins(field.default)


def _version(row: Channel) -> str:
    return fingerprint(row.changed_at, row.config)


def _form(unit: Unit, actor: Actor, registry: Registry, channel_id: int) -> Form:
    row = _mine(unit, actor, channel_id)
    cls = registry.connector(row.kind)
    has_secrets = unit.first(select(Channel.id).where(Channel.id == row.id, Channel.secrets.is_not(None))) is not None
    return Form(row.kind, cls.title, row.name, fields_of(cls, row.config, has_secrets=has_secrets), _version(row))


def _draft(
    unit: Unit, actor: Actor, registry: Registry, channel_id: int, values: Mapping[str, object], if_match: str | None
) -> settings.Draft:
    versions.expect(_version(_mine(unit, actor, channel_id)), if_match)
    return settings.draft(unit, registry, channel_id, values)


def _save(unit: Unit, actor: Actor, made: settings.Draft, config: Any) -> None:
    row = settings.save(unit, made, config)
    _require(unit, actor, row)  # of those it will work for, too
    log_act(unit, "channel.set", actor, municipality_id=row.home_id, subject=("channel", row.id))


def _prepare(
    unit: Unit,
    actor: Actor,
    registry: Registry,
    kind: str,
    home_id: int | None,
    sends_by_id: int | None,
    values: Mapping[str, object],
) -> tuple[type[Connector[Any]], Any]:
    if home_id is not None and (unit.get(Municipality, home_id) is None or not policy.runs_channels(actor, home_id)):
        raise Invalid("municipality", "choose a municipality whose channels you run")
    by = unit.get(Channel, sends_by_id)
    if sends_by_id is not None and (
        by is None or not policy.runs_channels(actor, by.home_id) or not issubclass(registry.connector(by.kind), Sends)
    ):
        raise Invalid("sends_by", "choose a channel that sends")
    return adding.prepare(unit, registry, kind, values)


def _add(
    unit: Unit, actor: Actor, kind: str, name: str, config: Any, home_id: int | None, sends_by_id: int | None
) -> None:
    row = adding.add(unit, kind, name, config, unit.get(Municipality, home_id), sends_by_id)
    _require(unit, actor, row)
    log_act(unit, "channel.add", actor, municipality_id=row.home_id, subject=("channel", row.id))


def _mine(unit: Unit, actor: Actor, channel_id: int) -> Channel:
    row = unit.get(Channel, channel_id)
    if row is None or not policy.runs_channels(actor, row.home_id):
        raise NotFound("There is no such channel.")
    _require(unit, actor, row)
    return row


def _require(unit: Unit, actor: Actor, row: Channel) -> None:
    policy.require_change(actor, area(unit, row))


def _said(error: PluginError) -> Invalid:
    """What the other side said, with no field to stand at."""
    said = str(error)
    return Invalid("", f"{said}{'' if said.endswith(('.', '!', '?')) else '.'} Nothing was saved.")
