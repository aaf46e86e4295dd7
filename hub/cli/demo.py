"""`torg demo`: made-up municipalities with sixty days behind them, in `var/demo`, on SQLite and no other server.

It is filled once. The mark that it is whole is written last: without it the next start empties the folder and begins
anew.
"""

import asyncio
import fcntl
import ipaddress
import os
import shutil
import sys
import time
import tomllib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import msgspec

from hub import clock
from hub.access.password import hashed
from hub.cli.demo_fill import centres, chats, forms, lookups, permits, sources
from hub.cli.demo_fill.content import LANGUAGES, read
from hub.cli.demo_fill.fill import fill
from hub.cli.serve import PORT, require_free, serve
from hub.errors import Conflict, Invalid
from hub.plugin_host.manager import load
from hub.settings import Settings, load_settings
from hub.storage import migrate
from hub.storage.open import open_storage
from hub.storage.scope import Scope

FOLDER = Path("var/demo")
OUTGOING = FOLDER / "outgoing"
FILLED = FOLDER / "filled"
"""Its being there says that the demo is whole."""
PLACES = {
    "database_url": f"sqlite:///{FOLDER}/torg.db",
    "key_file": f"{FOLDER}/torg.key",
    "blob_folder": f"{FOLDER}/blobs",
}
"""The settings that are the demo's own."""
MAIL_PORT = 8025
_EVERYTHING = Scope.everything("demo")
_CONFIG = "# Written by torg demo: the commands in this folder work on the demo.\n" + "".join(
    f'{name} = "{value}"\n' for name, value in PLACES.items()
)


@click.command("demo")
@click.option("--reset", is_flag=True, help=f"Throw {FOLDER} away and begin anew.")
@click.option("--port", type=PORT, help="Port to answer on; otherwise the setting port.")
@click.option("--mail-port", type=PORT, default=MAIL_PORT, show_default=True, help="Port to take mail on.")
def command(reset: bool, port: int | None, mail_port: int) -> None:
    """Run a demo with made-up municipalities: fill it the first time, then serve it.

    Example: torg demo --reset --port 8001
    """
    with _alone():
        config = _config()
        settings = _settings(config)
        port = port or settings.port
        if port == mail_port:
            raise Invalid("port", f"the desk and the mail can't both have port {port}: give another --mail-port")
        require_free(settings.host, port, f"Start the demo with --port {port + 1}")
        require_free("127.0.0.1", mail_port, f"Mail comes in there: start the demo with --mail-port {mail_port + 1}")
        if reset or not FILLED.exists():
            _empty()
            _write_sources()
            _fill(settings, mail_port)
        else:
            _write_sources()
            _refresh(settings, mail_port)
        _write_config(config)
        with _other_systems(settings, {port, mail_port}):
            click.echo(_welcome(config, port, mail_port, settings.undo_seconds, _chat(settings)))
            serve(settings, settings.host, port)


@contextmanager
def _alone() -> Iterator[None]:
    """One demo at a time in a folder: nobody empties it under another's feet."""
    if FOLDER.is_symlink():
        raise Invalid("", f"{FOLDER} is a link to somewhere else, and the demo empties its folder: remove the link.")
    FOLDER.mkdir(parents=True, exist_ok=True)
    handle = os.open(FOLDER, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise Conflict("The demo is running in this folder already: stop it first.") from error
    finally:
        os.close(handle)


def _config() -> Path:
    """torg.toml (or what TORG_CONFIG names) where it is the demo's or isn't there; else one beside the database."""
    wanted = Path(os.environ.get("TORG_CONFIG", "torg.toml"))
    if not wanted.exists():
        return wanted
    try:
        values = tomllib.loads(wanted.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        values = {}
    return wanted if values.get("database_url") == PLACES["database_url"] else FOLDER / "torg.toml"


def _settings(config: Path) -> Settings:
    """The demo's, with TORG_* over them. Raises Invalid where those would take it to another place."""
    settings = load_settings({**os.environ, "TORG_CONFIG": str(config) if config.exists() else os.devnull})
    for name, place in PLACES.items():
        variable = f"TORG_{name.upper()}"
        if variable in os.environ and getattr(settings, name) != place:
            raise Invalid(name, f"{variable} isn't the demo's, which keeps its own in {place}: unset it for the demo.")
    if not _is_loopback(settings.host):
        raise Invalid(
            "host", "the demo's password is known to everybody, so it answers on 127.0.0.1 alone: unset host."
        )
    lookup_places = (str(FOLDER.resolve()), *settings.lookup_places)
    return msgspec.structs.replace(settings, **PLACES, lookup_places=lookup_places, web_processes=1)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _empty() -> None:
    """The folder stays, because its lock is ours; a link in it is removed, not followed."""
    FILLED.unlink(missing_ok=True)
    for each in FOLDER.iterdir():
        if each.is_dir() and not each.is_symlink():
            shutil.rmtree(each)
        else:
            each.unlink()


def _write_sources() -> None:
    """Before all else: a file that was written just now is let alone for a second before it is read."""
    sources.write(FOLDER, clock.to_datetime(clock.now()).date())


def _fill(settings: Settings, mail_port: int) -> None:
    began = time.monotonic()
    OUTGOING.mkdir()
    asyncio.run(fill(settings, OUTGOING, mail_port, _show))
    with FILLED.open("w", encoding="ascii") as mark:
        mark.write("This demo is whole. Without this file the next start begins anew.\n")
        mark.flush()
        os.fsync(mark.fileno())
    click.echo(f"{_ERASE}The demo is ready after {time.monotonic() - began:.0f} s.", err=True)


_ERASE = "\r\x1b[K" if sys.stderr.isatty() else ""


def _show(done: int, acts: int) -> None:
    """One line that grows; where nobody watches, only its beginning."""
    if done == 0 or (_ERASE and done % 20 == 0):
        click.echo(f"{_ERASE}Living through sixty days of mail: {100 * done // acts} %", err=True, nl=not _ERASE)


def _refresh(settings: Settings, mail_port: int) -> None:
    """A demo that an older program filled, or that took its mail on another port."""
    OUTGOING.mkdir(exist_ok=True)
    storage = open_storage(settings)
    try:
        with storage.engines.reader.connect() as connection:
            found = migrate.current(connection)
        if found != migrate.newest():
            migrate.upgrade(storage.engines.writer)
        storage.write_now(_EVERYTHING, centres.move_mail_port, load(settings.blocked_plugins), mail_port)
        storage.write_now(_EVERYTHING, centres.employ)
        storage.write_now(_EVERYTHING, forms.publish, load(settings.blocked_plugins))
        storage.write_now(_EVERYTHING, chats.open_up, load(settings.blocked_plugins))
        if storage.read_now(_EVERYTHING, centres.lack_passwords):
            storage.write_now(_EVERYTHING, centres.give_passwords, hashed(centres.PASSWORD))
    finally:
        storage.close()


@contextmanager
def _other_systems(settings: Settings, taken: Collection[int]) -> Iterator[None]:
    """Economy, waste and permits beside it, and what asks them; they end with the block."""
    contents = {language: read(language) for language in LANGUAGES}
    registry = load(settings.blocked_plugins)
    storage = open_storage(settings)
    try:
        wanted = storage.read_now(_EVERYTHING, lookups.port_wanted)
        with permits.answering(lookups.case_files(FOLDER), 0 if wanted in taken else wanted) as port:
            lookups.connect(storage, _EVERYTHING, registry, contents, FOLDER, port)
            storage.close()
            yield
    finally:
        storage.close()


def _write_config(config: Path) -> None:
    if not config.exists():
        config.write_text(_CONFIG, encoding="utf-8")


def _chat(settings: Settings) -> int | None:
    storage = open_storage(settings)
    try:
        return storage.read_now(_EVERYTHING, chats.number)
    finally:
        storage.close()


def _welcome(config: Path, port: int, mail_port: int, undo_seconds: int, chat: int | None) -> str:
    torg = ".venv/bin/torg" if Path(".venv/bin/torg").exists() else "torg"
    left_alone = ""
    if config == FOLDER / "torg.toml":
        torg = f"TORG_CONFIG={config} {torg}"
        left_alone = "torg.toml isn't the demo's and is left alone: set TORG_CONFIG as below to work on the demo.\n"
    web = f"http://127.0.0.1:{port}"
    to, me, question = "kommunen@granvik.example", "me@home.example", "Kan man boka borgerlig vigsel i maj?"
    mail = rf"From: Me <{me}>\nTo: {to}\nSubject: Vigsel\n\n{question}\n"
    return f"""
{left_alone}The demo: {web}/   (it stops with Ctrl-C; --reset begins anew)
Log in as any of them with the password {centres.PASSWORD}
       NAME@granvik.example: sara, anton (agents), leila (lead), goran (it, admin), vera (department), rut (auditor)
       NAME@nesoy.example: kari (agent), ole (lead), marit (it), tor (department), liv (auditor)
       NAME@strandby.example: mette (agent), jens (lead, it), bente (department), aage (auditor)
       Granvik shares them with Holmö, Nesøy with Fjordal. Who has the role it sees the channels, what came in byte for
       byte, and the plugins; a department how its lookups are used; an auditor who looked, when and why.
Three minutes: as sara, open "Ny faktura trots anstånd"; press I and Enter (her identity is confirmed, her invoices are
asked for), L 2 (her septic tank), L 1 and Shift+I (a sentence into the answer). Then as vera: how the lookups are used;
as rut: who looked. Change {FOLDER}/economy.db, waste.csv or permits.json, press Shift+L, and the card follows.
Forms: {web}/forms/granvik/felanmalan, {web}/forms/nesoy/broyting (goran makes them, under Forms)
Chat with Granvik, as a citizen: {web}/chat/{chat} (it rings to sara when she is Ready; F2 takes it)
Mail for {", ".join(place.address for place in centres.PLACES.values())} comes in on 127.0.0.1:{mail_port}:
  printf '{mail}' | curl --crlf smtp://127.0.0.1:{mail_port} --mail-from {me} --mail-rcpt {to} -T -
or with Python alone:
  python3 -c "import smtplib; smtplib.SMTP('127.0.0.1', {mail_port}).sendmail('{me}', '{to}', '{mail}')"
Answers appear as {OUTGOING}/*.eml, {undo_seconds} seconds after they are given. The API wants a token:
  {torg} token add sara@granvik.example --name demo --json
  curl -H 'Authorization: Bearer TOKEN' '{web}/api/v1/conversations?limit=5'
"""
