"""What all tests share: servers, a database for each test, and the rule that nothing may be skipped unnoticed."""

import fcntl
import gc
import os
import shutil
import sys
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar
from zlib import crc32

import pytest
import redis
from sqlalchemy import make_url

from hub import clock
from hub.inbound import children
from hub.proof.installation import bring_up
from tests import forked_child, ids
from tests.recycled import Recycled, own_database
from tests.servers import MariaDB, Missing, Postgres, Server, Valkey

S = TypeVar("S", bound=Server)
HERE = Path(__file__).parent
_LONG = {"browser", "flows", "live", "proof", "worker"}
"""Folders of tests that start processes."""
_KEEPING = {"access", "inbox", "lookups", "outbound", "watch", "web"}
"""Those whose tests find connections to PostgreSQL that the tests before have left: elsewhere nobody is connected."""
_ENGINES = ("sqlite", "postgresql")
_skipped: list[str] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    """`make test ARGS=--large`: what takes minutes more and is run by hand."""
    parser.addoption(
        "--large", action="store_true", help="more sizes of window, the desk on PostgreSQL, and the API on both engines"
    )


@pytest.fixture(scope="session")
def large(pytestconfig: pytest.Config) -> bool:
    """Whether there is time."""
    return bool(pytestconfig.getoption("--large"))


@pytest.fixture(autouse=True)
def time_goes_on() -> Iterator[None]:
    """Whatever a test made of the clock; ids never go back in a process, and would be of a later time."""
    yield
    clock.set_source(None)
    ids.forget_later_times()


@pytest.fixture(autouse=True)
def forked_children(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a test's hub parses in is forked, unless the test is marked `own_children`: it looks at them themselves."""
    with pytest.MonkeyPatch.context() as patch:
        if request.node.get_closest_marker("own_children") is None:
            patch.setattr(children, "begin", forked_child.begin)
        yield


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL of this run, as its superuser."""
    with _server(Postgres) as url:
        yield url


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> Iterator[str]:
    """The name of a database that is ready to be copied."""
    with own_database(postgres_url, f"torg_template_{os.getpid()}") as url:
        bring_up(url)
        yield str(make_url(url).database)


@pytest.fixture(scope="session")
def postgres_databases(postgres_url: str, postgres_template: str) -> Iterator[Recycled]:
    """The database that tests of this process have one after the other."""
    with closing(Recycled(postgres_url, postgres_template)) as databases:
        yield databases


@pytest.fixture
def postgres_database(postgres_databases: Recycled, request: pytest.FixtureRequest) -> Iterator[str]:
    """A PostgreSQL database of this test's own, at the newest schema, as its superuser."""
    if request.node.get_closest_marker("untouched"):
        postgres_databases.renew()
    with postgres_databases.empty(alone=request.node.nodeid.split("/")[1] not in _KEEPING) as url:
        yield url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file at the newest schema, to be copied."""
    path = tmp_path_factory.mktemp("template") / "torg.db"
    bring_up(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_database(sqlite_template: Path, tmp_path: Path) -> str:
    """A SQLite database of this test's own, at the newest schema."""
    shutil.copy(sqlite_template, tmp_path / "torg.db")
    return f"sqlite:///{tmp_path}/torg.db"


@pytest.fixture(params=_ENGINES)
def database_url(request: pytest.FixtureRequest) -> str:
    """Both engines, one after the other; in `web/` one of them, unless the test is marked `both_engines`."""
    kind = "postgres_database" if request.param == "postgresql" else "sqlite_database"
    return str(request.getfixturevalue(kind))


@pytest.fixture(scope="session")
def mariadb_url() -> Iterator[str]:
    """A MariaDB of this run, as its root."""
    with _server(MariaDB) as url:
        yield url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A Redis of this run."""
    with _server(Valkey) as url:
        yield url


@pytest.fixture
def redis_database(redis_url: str) -> str:
    """The same, emptied."""
    with redis.Redis.from_url(redis_url) as client:
        client.flushdb()
    return redis_url


@pytest.fixture
def own_redis() -> Iterator[Valkey]:
    """One that a test may kill."""
    with _own(Valkey) as server:
        yield server


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """One that a test may stop, at the newest schema."""
    with _own(Postgres) as server:
        bring_up(server.url)
        yield server


@contextmanager
def _own(kind: type[S]) -> Iterator[S]:
    try:
        server = kind()
    except Missing as missing:
        pytest.skip(str(missing))
    with server:
        yield server


@contextmanager
def _server(kind: type[Server]) -> Iterator[str]:
    if named := os.environ.get(kind.variable):
        yield named
        return
    with _own(kind) as server:
        yield server.url


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Nothing that is collected goes before the end: to look for what does took a quarter of the time."""
    gc.disable()
    try:
        with _first_one_alone():
            return (yield)
    finally:
        gc.enable()
        gc.freeze()


@contextmanager
def _first_one_alone() -> Iterator[None]:
    """Of several processes that find nothing compiled, one does it, and the others wait: all took 10 s each for it."""
    if (HERE / "worker/__pycache__").exists() or sys.dont_write_bytecode:  # the last folder
        yield
        return
    with Path(__file__).open("rb") as turn:
        try:
            fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fcntl.flock(turn, fcntl.LOCK_SH)
        yield


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What waits and takes long comes first: at the end there are small files enough for every process."""
    if not config.getoption("--large"):
        items[:] = [each for each in items if each.get_closest_marker("large") is None and _is_its_engine(each)]
    items.sort(key=lambda item: item.nodeid.split("/")[1] not in _LONG)


def _is_its_engine(item: pytest.Item) -> bool:
    """Of `web/` a test runs on the one engine that its name says, which is the same in every process."""
    engine = item.callspec.params.get("database_url") if hasattr(item, "callspec") else None
    if engine is None or item.path.parent.name != "web" or item.get_closest_marker("both_engines"):
        return True
    return bool(engine == _ENGINES[crc32(item.name.replace(engine, "").encode()) % 2])


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remember what was skipped."""
    if report.skipped and not hasattr(report, "wasxfail"):
        _skipped.append(report.nodeid)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """The same for a module that skips itself."""
    if report.skipped:
        _skipped.append(report.nodeid)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """With TORG_TEST_NO_SKIPS set, a skip is a failure."""
    if _skips_fail() and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which."""
    if _skips_fail():
        terminalreporter.section("skipped, and TORG_TEST_NO_SKIPS is set", red=True)
        for nodeid in _skipped:
            terminalreporter.line(nodeid)


def _skips_fail() -> bool:
    return bool(_skipped and os.environ.get("TORG_TEST_NO_SKIPS"))
