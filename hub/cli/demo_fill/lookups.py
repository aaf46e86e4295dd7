"""Lookups: the demo's questions to its other systems. Each is declared by a file as a department writes it, and goes
the way of `torg lookup import`: read, tried, published.

What is there already stays as it is: a demo that an older program filled gets what it lacks, and nobody's own version,
topic or number is touched.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import click
from sqlalchemy import select

from hub.channels.open import read_settings
from hub.cli import lookup as command
from hub.cli.demo_fill import known, permits
from hub.cli.demo_fill.known import Contents
from hub.contract import Config
from hub.errors import Invalid
from hub.inbox.municipality import Municipality
from hub.inbox.topic import Topic
from hub.lookups import definition
from hub.lookups.definition import Declared, Published
from hub.lookups.file import read
from hub.plugin_host.registry import LookupClass, Registry
from hub.storage.scope import Scope
from hub.storage.unit import Storage, Unit

USUAL_PORT = 8026
"""Of the demo's case system, where it is free."""
_FILES = files("hub.cli").joinpath("demo_data", "lookups")
_ON_TOP = "granvik"
"""Whose other systems have their files in the demo's folder itself; of the others in one of their own."""


def systems(folder: Path) -> Mapping[str, Path]:
    """Municipalities that have other systems, and where the files of these are."""
    return {each.name: folder if each.name == _ON_TOP else folder / each.name for each in _FILES.iterdir()}


def case_files(folder: Path) -> Mapping[str, Path]:
    """What the case system knows, by municipality."""
    return {code: place / permits.FILE for code, place in systems(folder).items()}


def port_wanted(unit: Unit) -> int:
    """Where the published questions look for the case system."""
    for code, found in _published(unit):
        address = urlsplit(str(found.values.get("base_url", "")))
        if _is_case_system(address, code) and address.port:
            return address.port
    return USUAL_PORT


def connect(storage: Storage, scope: Scope, registry: Registry, contents: Contents, folder: Path, port: int) -> None:
    """Numbers and addresses, lookups and topics, as far as they are lacking. The case system answers at `port`."""
    storage.write_now(scope, known.tell, contents)
    storage.write_now(scope, _move, registry, folder, port)
    there = storage.read_now(scope, _names)
    new: list[tuple[str, Declared, Config]] = []
    for code, place in systems(folder).items():
        for file in _FILES.joinpath(code).iterdir():
            if (code, file.name.removesuffix(".toml")) not in there:
                try:
                    new.append((code, *_tried(registry, code, file, place, port)))
                except Invalid as error:
                    click.echo(f"{code}: {file.name} can't be used: {error}. The next start tries it again.", err=True)
    if new:
        storage.write_now(scope, _publish, contents, new)


def _tried(registry: Registry, code: str, file: Traversable, place: Path, port: int) -> tuple[Declared, Config]:
    """As the file has it, and its source is there; where that is, is the demo's to say. Raises Invalid."""
    declared, cls, config = read(file.read_text(encoding="utf-8"), registry, _nowhere)
    config = read_settings(cls, {**declared.settings, **_places(config, code, place, port)})
    command.try_source(cls, config)
    return declared, config


def _nowhere(cls: LookupClass) -> Mapping[str, object]:
    """A database's address is secret, since a password stands in it: no file has it."""
    return {"url": "sqlite:////srv/economy.db"} if "url" in cls.Config.__struct_fields__ else {}


def _places(config: Config, code: str, place: Path, port: int) -> Mapping[str, str]:
    """The setting that says where the source is, and what it says here."""
    if hasattr(config, "base_url"):
        return {"base_url": f"http://{permits.HOST}:{port}/{code}"}
    if hasattr(config, "path"):
        return {"path": str(place.resolve() / Path(config.path).name)}
    if hasattr(config, "url"):
        return {"url": f"sqlite:///{place.resolve()}/economy.db"}
    return {}


def _names(unit: Unit) -> Collection[tuple[str, str]]:
    """Of all that was ever published: one that somebody retired stays so."""
    codes = dict(unit.rows(select(Municipality.id, Municipality.code)))
    return {(codes[row.municipality_id], row.name) for row in definition.all_of(unit)}


def _published(unit: Unit) -> Iterator[tuple[str, Published]]:
    """What is asked now, by municipality."""
    for home in unit.all(select(Municipality).where(Municipality.code.in_(systems(Path()))).order_by(Municipality.id)):
        for row_id, _ in definition.published_ids(unit, home.id):
            yield home.code, definition.version(unit, row_id)


def _move(unit: Unit, registry: Registry, folder: Path, port: int) -> None:
    """The case system answers at another port than it did, or the demo lies in another folder: what asks them has a
    new version. What somebody pointed elsewhere stays."""
    for code, found in list(_published(unit)):
        place = systems(folder)[code]
        try:
            cls = registry.lookup(found.declared.kind)
            config = read_settings(cls, found.values)
        except Invalid:  # IT's page tells of it
            continue
        for name, now in _places(config, code, place, port).items():
            was = str(found.values.get(name, ""))
            same = f"/{place}/" in was and was.rpartition("/")[2] == now.rpartition("/")[2]  # a file of ours
            ours = _is_case_system(urlsplit(was), code) if name == "base_url" else same
            if ours and was != now:
                moved = read_settings(cls, {**found.values, name: now})
                definition.publish(unit, found.municipality_id, found.declared, moved)


def _is_case_system(address: SplitResult, code: str) -> bool:
    return (address.hostname, address.path) == (permits.HOST, f"/{code}")


def _publish(unit: Unit, contents: Contents, new: Sequence[tuple[str, Declared, Config]]) -> None:
    """With the topics that allow them, so that a start that was cut off has done all of it or nothing."""
    for code, declared, config in new:
        command.publish(unit, code, declared, config)
    for home in unit.all(select(Municipality).where(Municipality.code.in_({code for code, *_ in new}))):
        names = {declared.name for code, declared, _ in new if code == home.code}
        allowed = {each.words: each.lookups for each in contents[home.language].topics}
        for row in unit.all(select(Topic).where(Topic.municipality_id == home.id)):
            more = [name for name in allowed.get(row.words.get(home.language, ""), ()) if name in names]
            row.lookups = list(dict.fromkeys([*row.lookups, *more]))
    known.put_in_order(unit, contents)
