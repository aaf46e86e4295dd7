"""`torg alarm`: whom IT is told by when something is the matter with a channel, and what is the matter now."""

import sys
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select

from hub import clock
from hub.channels.channel import Channel
from hub.cli import named
from hub.cli.installation import installation, note_act
from hub.cli.output import JSON, print_items, print_json
from hub.errors import Invalid, NotFound
from hub.inbox.municipality import Municipality
from hub.storage.unit import Unit
from hub.watch import alarm, target
from hub.watch.alarm import Alarm
from hub.watch.target import AlarmTarget


@click.group("alarm")
def command() -> None:
    """Alarms: whom IT is told by, and what is the matter."""


@command.command("add")
@click.option("--mail", help="An address that is written to.")
@click.option("--webhook", help="A web address that is called, with a signature: https://…")
@click.option("--municipality", help="Only for channels that work for it: code or id. Otherwise for all.")
@click.option("--again-hours", type=int, default=target.AGAIN_HOURS, show_default=True, help="Until it is said again.")
@click.option("--key-file", help="The webhook's key, from a file; otherwise one is made and shown once.")
@JSON
def _add(
    *,
    mail: str | None,
    webhook: str | None,
    municipality: str | None,
    again_hours: int,
    key_file: str | None,
    as_json: bool,
) -> None:
    """Tell an address of alarms, by mail or by a call. Try it afterwards: torg alarm try ID.

    \b
    Examples:
      torg alarm add --mail it@granvik.example
      torg alarm add --webhook https://alarm.granvik.example/torg --municipality granvik --again-hours 12
    """
    if (mail is None) == (webhook is None):
        raise Invalid("", "say how: --mail ADDRESS or --webhook URL")
    key = None if key_file is None else _read(key_file)
    with installation() as here:
        row_id, key = here.write(_write, mail, webhook, municipality, again_hours, key)
    if as_json:
        print_json({"id": str(row_id), "key": key})
        return
    click.echo(f"Added alarm target {row_id}. Try it: torg alarm try {row_id}")
    if key is not None and key_file is None:
        click.echo(f"Calls are signed with the key {key}")
        click.echo("Keep it: it is not shown again.", err=True)


@command.command("set")
@click.argument("target_id", metavar="ID", type=int)
@click.option("--address", help="Where it is told from now on: a mail address, or a webhook's https://…")
@click.option("--municipality", help="Only for channels that work for it: code or id. Empty: for all.")
@click.option("--again-hours", type=int, help="Until it is said again.")
@click.option("--key-file", help="Another key for a webhook's calls, from a file.")
def _set(
    *, target_id: int, address: str | None, municipality: str | None, again_hours: int | None, key_file: str | None
) -> None:
    """Change where alarms go, which ones, and how often; what isn't named stays, a webhook's key too.

    \b
    Examples:
      torg alarm set 7314159265358979 --address vakt@granvik.example
      torg alarm set 7314159265358979 --municipality granvik --again-hours 12
    """
    if (address, municipality, again_hours, key_file) == (None, None, None, None):
        raise Invalid("", "say what to change: --address, --municipality, --again-hours or --key-file")
    key = None if key_file is None else _read(key_file)
    with installation() as here:
        here.write(_change, target_id, address, municipality, again_hours, key)
    click.echo(f"Changed alarm target {target_id}.")


@command.command("list")
@JSON
def _list(*, as_json: bool) -> None:
    """Show the addresses that are told, and how the last notice to each ended.

    Example: torg alarm list --json
    """
    with installation() as here:
        rows = here.read(_all)
    print_items(
        rows,
        ("id", "how", "address", "municipality", "again after", "last told", "and it"),
        lambda row: (
            row["id"], row["kind"], row["address"], row["municipality"] or "all", f"{row['again_hours']} h",
            row["last_told_at"], ": ".join(filter(None, (row["state"], row["reason"]))),
        ),
        "Nobody is told of alarms yet: torg alarm add --mail ADDRESS",
        as_json=as_json,
    )  # fmt: skip


@command.command("open")
@JSON
def _open(*, as_json: bool) -> None:
    """Show what is the matter now, since when, and whether IT was told.

    Example: torg alarm open
    """
    with installation() as here:
        rows = here.read(_all_open)
    print_items(
        rows,
        ("id", "channel", "what", "since", "told", "what to do"),
        lambda row: (row["channel_id"], row["channel"], row["sentence"], row["since"], row["raised_at"], row["advice"]),
        "Nothing is the matter with any channel.",
        as_json=as_json,
    )


@command.command("try")
@click.argument("target_id", metavar="ID", type=int)
def _try(target_id: int) -> None:
    """Send a trial. It leaves within a minute while torg serve or torg worker runs; torg alarm list tells how it ended.

    Example: torg alarm try 7314159265358979
    """
    with installation() as here:
        here.write(_try_now, target_id)
    click.echo("A trial is on its way.")


@command.command("remove")
@click.argument("target_id", metavar="ID", type=int)
def _remove(target_id: int) -> None:
    """Tell this address no more.

    Example: torg alarm remove 7314159265358979
    """
    with installation() as here:
        here.write(_remove_now, target_id)
    click.echo(f"Removed alarm target {target_id}.")


def _read(path: str) -> str:
    try:
        return (sys.stdin.read() if path == "-" else Path(path).read_text()).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid("key-file", f"{path} can't be read: {getattr(error, 'strerror', None) or 'no text'}") from error


def _write(
    unit: Unit, mail: str | None, webhook: str | None, municipality: str | None, again_hours: int, key: str | None
) -> tuple[int, str | None]:
    home = None if municipality is None else named.municipality(unit, municipality)
    if mail is not None:
        row, key = target.add_mail(unit, mail, home, again_hours), None
    else:
        row, key = target.add_webhook(unit, webhook or "", home, again_hours, key)
    note_act(unit, "alarm.add", "alarm_target", row.id, row.municipality_id)
    return row.id, key


def _change(
    unit: Unit, target_id: int, address: str | None, municipality: str | None, again_hours: int | None, key: str | None
) -> None:
    row = _found(unit, target_id)
    if key is not None and row.kind != "webhook":
        raise Invalid("key-file", "a mail has no key: only a webhook's calls are signed")
    home_id, home = row.municipality_id, None
    if municipality is None:
        home = unit.get(Municipality, home_id) if home_id is not None else None
    elif municipality:
        home = named.municipality(unit, municipality)
    target.change(unit, row, address or "", home, row.again_hours if again_hours is None else again_hours, key)
    note_act(unit, "alarm.set", "alarm_target", row.id, row.municipality_id)


def _found(unit: Unit, target_id: int) -> AlarmTarget:
    row = unit.get(AlarmTarget, target_id)
    if row is None:
        raise NotFound(f"There is no alarm target {target_id}; torg alarm list shows those there are.")
    return row


def _try_now(unit: Unit, target_id: int) -> None:
    row = _found(unit, target_id)
    alarm.try_out(unit, row)
    note_act(unit, "alarm.try", "alarm_target", row.id, row.municipality_id)


def _remove_now(unit: Unit, target_id: int) -> None:
    row = _found(unit, target_id)
    note_act(unit, "alarm.remove", "alarm_target", row.id, row.municipality_id)
    alarm.remove_target(unit, row)


def _all(unit: Unit) -> list[dict[str, Any]]:
    codes = named.municipality_codes(unit)
    last = alarm.last_notices(unit)
    return [
        {
            "id": str(row.id),
            "kind": row.kind,
            "address": row.address,
            "municipality": codes.get(row.municipality_id) if row.municipality_id is not None else None,
            "again_hours": row.again_hours,
            "last_told_at": clock.to_iso(last[row.id].made_at) if row.id in last else None,
            "state": last[row.id].state if row.id in last else None,
            "reason": last[row.id].reason if row.id in last else None,
        }
        for row in target.targets(unit)
    ]


def _all_open(unit: Unit) -> list[dict[str, Any]]:
    query = select(Alarm, Channel.name).join(Channel, Channel.id == Alarm.channel_id)
    return [
        {
            "channel_id": str(row.channel_id),
            "channel": name,
            "kind": row.kind,
            "sentence": row.sentence,
            "advice": row.advice,
            "count": row.count,
            "since": clock.to_iso(row.since),
            "raised_at": clock.to_iso(row.raised_at),
        }
        for row, name in unit.rows(query.where(Alarm.since.is_not(None)).order_by(Alarm.since, Alarm.id))
    ]
