"""A backup while everything goes on, and back: what stood then stands again, and nothing leaves by itself."""

import hashlib
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url, select

from hub import clock
from hub.inbox.conversation import Conversation
from hub.inbox.delivery import Delivery
from hub.inbox.entry import Attachment, Entry
from hub.outbound import deliver, freeze
from hub.outbound.deliver import OUTBOX
from hub.storage import backup
from hub.storage.blobs import passing
from hub.storage.unit import Storage, Unit
from tests.cli.commands import Torg
from tests.recycled import own_database
from tests.servers import Postgres
from tests.web.world import EVERYTHING, World
from tests.web.world import world as make_world

KEY = (b"k" * 32).hex()
LARGE = b"ritning" * 20_000


class House:
    """Two installations: one that works, and a bare machine where its backup goes. `there`'s database is empty."""

    def __init__(self, here: Torg, there: Torg, world: World, folder: Path) -> None:
        self.here, self.there, self.world, self.folder = here, there, world, folder

    def backup(self) -> dict[str, Any]:
        made: dict[str, Any] = self.here("backup", str(self.folder), "--json").json
        return made

    @contextmanager
    def restored(self) -> Iterator[Storage]:
        with self.there.storage() as storage:
            yield storage


def _torg(folder: Path, url: str) -> Torg:
    torg = Torg(folder, url)
    torg.environment |= {"TORG_KEY_FILE": str(folder / "key"), "TORG_BLOB_FOLDER": str(folder / "blobs")}
    (folder / "key").write_text(KEY)
    return torg


@pytest.fixture(params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), here / "torg.db")
        with make_world(f"sqlite:///{here}/torg.db", here) as world:
            yield House(
                _torg(here, f"sqlite:///{here}/torg.db"),
                _torg(there, f"sqlite:///{there}/torg.db"),
                world,
                tmp_path / "b",
            )
        return
    url = request.getfixturevalue("postgres_database")
    monkeypatch.setenv("PATH", str(Postgres.locate().parent), prepend=":")
    with own_database(url, f"{make_url(url).database}_bare") as bare, make_world(url, here) as world:
        yield House(_torg(here, url), _torg(there, bare), world, tmp_path / "b")


def answered(world: World, *files: tuple[str, str, bytes]) -> int:
    """A mail that has been answered; what goes out waits."""
    conversation_id = world.mail(attachments=files)
    said = world.ask("POST", f"/conversations/{conversation_id}/replies", json={"text": "Hej, på torsdag."})
    assert said.status_code == 201, said.text
    return conversation_id


def counted(unit: Unit) -> list[int]:
    return [len(unit.all(select(cls.id))) for cls in (Conversation, Entry, Delivery, Attachment)]


def standing(unit: Unit) -> list[tuple[str, str | None]]:
    return [(each.state, each.reason) for each in unit.all(select(Delivery).order_by(Delivery.id))]


def keep_blob(house: House, content: bytes = LARGE) -> str:
    """A file of an attachment, beside the rows."""
    world = house.world
    conversation_id = world.mail(attachments=[("ritning.pdf", "application/pdf", content)])
    row = world.do(
        lambda unit: unit.first(
            select(Attachment)
            .join(Entry, Entry.id == Attachment.entry_id)
            .where(Entry.conversation_id == conversation_id)
        )
    )
    assert row is not None
    name = f"attachments/{world.ids['granvik']}/{row.sha256}"
    world.storage.blobs.put_many({name: content})

    def point(unit: Unit) -> None:
        held = unit.lock(Attachment, row.id)
        assert held is not None
        held.blob, held.body = name, None

    world.do(point)
    return name


def test_what_stood_stands_again_and_nothing_leaves(house: House) -> None:
    name = keep_blob(house)
    answered(house.world)
    before = house.world.do(counted)
    made = house.backup()
    assert (made["blobs"], (house.folder / "blobs").is_dir()) == (1, True)
    assert KEY not in (house.folder / "backup.json").read_text()
    answered(house.world)  # of which the backup knows nothing

    told = house.there("restore", str(house.folder)).out
    assert "torg outbox release" in told
    assert "1 messages waited to be sent then" in told
    assert house.there("db", "check", "--json").json["findings"] == []
    with house.restored() as storage:
        assert storage.read_now(EVERYTHING, counted) == before
        assert storage.blobs.get(name) == LARGE
        assert storage.read_now(EVERYTHING, standing) == [("uncertain", freeze.RESTORED)]
        assert storage.write_now(OUTBOX, deliver.lease, 60, 10) == []
        assert storage.read_now(OUTBOX, deliver.next_due) is None
        storage.write_now(EVERYTHING, _write_another)
        assert storage.write_now(OUTBOX, deliver.lease, 60, 10) == []
    shown = house.there("outbox", "show", "--json").json["frozen"]
    assert (shown["doubtful"], shown["waiting"], shown["made_at"]) == (1, 1, made["made_at"])
    assert "Released" in house.there("outbox", "release").out
    assert house.there("outbox", "show", "--json").json == {"frozen": None}
    with house.restored() as storage:
        leased = storage.write_now(OUTBOX, deliver.lease, 60, 10)
        assert [each.message.recipient.address for each in leased] == ["new@post.example"]  # type: ignore[union-attr]  # a mail's
    assert "isn't frozen" in house.there("outbox", "release", status=1).err


def _write_another(unit: Unit) -> None:
    """After the restore somebody writes to another address."""
    row = unit.first(select(Delivery))
    assert row is not None
    unit.add(
        Delivery(
            municipality_id=row.municipality_id, entry_id=row.entry_id, channel_id=row.channel_id,
            recipient="new@post.example", message_id=row.message_id, not_before=0,
        )
    )  # fmt: skip


def test_what_the_hub_wrote_by_itself_since_is_held_back(house: House) -> None:
    answered(house.world)
    house.backup()
    house.there("restore", str(house.folder))

    def automatic(unit: Unit) -> None:
        _write_another(unit)
        for entry in unit.all(select(Entry).where(Entry.author_kind == "person")):
            entry.author_kind, entry.recorded_at = "hub", 2**62

    with house.restored() as storage:
        storage.write_now(EVERYTHING, automatic)
    assert house.there("outbox", "release", "--json").json == {"held": 1}


def test_a_backup_is_whole_or_none(house: House) -> None:
    name = keep_blob(house)
    house.world.do(lambda unit: unit.all(select(Attachment)))
    owner, _, digest = name.rpartition("/")
    file = house.here.folder / "blobs" / owner / digest[:2] / digest
    content = file.read_bytes()
    file.unlink()
    assert "1 files that rows name aren't there" in house.here("backup", str(house.folder), status=1).err
    assert "is no finished backup" in house.there("restore", str(house.folder), status=1).err
    assert "has something in it" in house.here("backup", str(house.folder), status=1).err
    file.write_bytes(content)
    shutil.rmtree(house.folder)
    house.backup()
    copied = house.folder / "blobs" / owner / digest[:2] / digest
    copied.write_bytes(b"changed")
    assert "isn't what was stored" in house.there("restore", str(house.folder), status=1).err
    copied.unlink()
    assert "0 of 1 are there" in house.there("restore", str(house.folder), status=1).err


def test_what_nobody_sent_is_in_no_backup(house: House) -> None:
    """A file of a form that was never sent: it is forgotten in days, and would lie in the backup for years."""
    digest = hashlib.sha256(b"never sent").hexdigest()
    house.world.storage.blobs.put_many({f"{passing('forms/1', clock.now())}/{digest}": b"never sent"})
    house.backup()
    assert not [each for each in house.folder.rglob("*") if each.name == digest]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda house: (house.there.folder / "key").unlink(), "put the key file there"),
        (lambda house: (house.there.folder / "key").write_text((b"x" * 32).hex()), "another key file"),
        (lambda house: _append(next(house.folder.glob("torg.*"))), "aren't what was stored"),
        (lambda house: _edit(house.folder / "backup.json"), "was changed since"),
        (lambda house: _keep(house.there.folder / "blobs/raw/1/ab/abc"), "move them away"),
        (lambda house: house.there("db", "upgrade"), "already|tables in it"),
    ],
)  # fmt: skip
def test_a_restore_is_refused(house: House, spoil: Callable[[House], object], said: str) -> None:
    house.backup()
    spoil(house)
    ran = house.there("restore", str(house.folder), status=1)
    assert any(part in ran.err for part in said.split("|")), ran.err


def _append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"x")


def _edit(path: Path) -> None:
    path.write_text(path.read_text().replace('"blobs": 0', '"blobs": 7'))


def _keep(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(b"there")


def test_sqlite_is_copied_while_somebody_writes(tmp_path: Path, sqlite_database: str) -> None:
    """The copy is one moment's: whoever writes isn't waited for, and no half of what they wrote is in it."""
    path = Path(make_url(sqlite_database).database or "")
    writer = sqlite3.connect(path)
    try:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO knock (id, hour, place, number) VALUES (1, 1, 1, 1)")
        torg = Torg(tmp_path, sqlite_database)
        torg("backup", str(tmp_path / "b"))
        writer.commit()
    finally:
        writer.close()
    copy = sqlite3.connect(tmp_path / "b" / "torg.db")
    try:
        assert copy.execute("SELECT count(*) FROM knock").fetchone() == (0,)
    finally:
        copy.close()


def test_postgresql_is_dumped_by_an_owner_who_is_no_superuser(
    postgres_url: str, postgres_template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in an installation: the walls are forced on whoever owns the tables."""
    monkeypatch.setenv("PATH", str(Postgres.locate().parent), prepend=":")
    admin = make_url(postgres_url).set(drivername="postgresql").render_as_string(hide_password=False)
    roles = "torg_app, torg_system, torg_public, torg_intake"
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute("CREATE ROLE landlord LOGIN CREATEROLE")
        connection.execute(f"GRANT {roles} TO landlord WITH ADMIN OPTION".encode())
    try:
        with own_database(postgres_url, "torg_owned") as first, own_database(postgres_url, "torg_owned_too") as second:
            urls = []
            for url in (first, second):
                database = make_url(url).database
                with psycopg.connect(admin, autocommit=True) as connection:
                    connection.execute(f"ALTER DATABASE {database} OWNER TO landlord".encode())
                urls.append(make_url(url).set(username="landlord").render_as_string(hide_password=False))
            (tmp_path / "one").mkdir()
            (tmp_path / "two").mkdir()
            here, there = _torg(tmp_path / "one", urls[0]), _torg(tmp_path / "two", urls[1])
            here.set_up()
            here("backup", str(tmp_path / "b"))
            there("restore", str(tmp_path / "b"))
            assert [each["code"] for each in there("municipality", "list", "--json").json["items"]] == ["granvik"]
            assert there("db", "check", "--json").json["findings"] == []
    finally:
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute("DROP OWNED BY landlord; DROP ROLE landlord")


def test_without_postgresqls_programs_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr(Path, "glob", lambda self, pattern: iter(()))
    with pytest.raises(Exception, match="postgresql-client"):
        backup._program("pg_dump")
