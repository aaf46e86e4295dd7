"""The servers that other tests stand on."""

from pathlib import Path

import psycopg
import pytest
import redis
from sqlalchemy import make_url

from tests.servers import Chromium, Missing, Postgres, Valkey
from tests.wanting import wanting


def connect(url: str, role: str = "postgres") -> psycopg.Connection:
    """To a test's database, as any role."""
    address = make_url(url).set(drivername="postgresql", username=role)
    return psycopg.connect(address.render_as_string(hide_password=False), autocommit=True)


@pytest.mark.parametrize("turn", ["first", "second"])
def test_a_test_has_a_database_of_its_own(postgres_database: str, turn: str) -> None:
    with connect(postgres_database) as connection:
        connection.execute("CREATE TABLE only_once ()")


def test_any_role_may_log_in(postgres_database: str) -> None:
    with connect(postgres_database) as connection:
        connection.execute("CREATE ROLE visitor LOGIN")
    with connect(postgres_database, "visitor") as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("visitor",)
    with connect(postgres_database) as connection:
        connection.execute("DROP ROLE visitor")


def test_redis_is_emptied_for_each_test(redis_database: str) -> None:
    with redis.Redis.from_url(redis_database) as client:
        assert client.dbsize() == 0


def test_postgres_comes_back_after_a_kill() -> None:
    with Postgres() as server:
        with connect(server.url) as connection:
            connection.execute("CREATE TABLE kept ()")
        server.kill()
        server.start()
        with connect(server.url) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)


class Nowhere(Valkey):
    """A server whose program isn't on the machine."""

    @classmethod
    def candidates(cls) -> list[Path]:
        return [Path("/nowhere/valkey-server")]


def test_a_missing_server_is_named_with_its_package() -> None:
    with pytest.raises(Missing, match="install redis-server, or set TORG_TEST_REDIS"):
        Nowhere()


def test_a_missing_browser_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORG_TEST_CHROMIUM", "/nowhere/chromium")
    with pytest.raises(Missing, match="install chromium-headless-shell, or set TORG_TEST_CHROMIUM"):
        Chromium.locate()


def test_what_is_wanting_is_named_for_the_machine_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for each in ("CHROMIUM", "DOVECOT"):
        monkeypatch.setenv(f"TORG_TEST_{each}", "/nowhere/program")
    assert not {"chromium-headless-shell", "dovecot-imapd"} & set(wanting()), "what was named is somebody's own matter"
    for each in ("CHROMIUM", "DOVECOT"):
        monkeypatch.delenv(f"TORG_TEST_{each}")
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(Path, "exists", lambda _: False)
    assert {"chromium-headless-shell", "dovecot-imapd"} <= set(wanting())
