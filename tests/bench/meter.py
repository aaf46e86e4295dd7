"""The meter: seconds of processor time that the hub takes, with its children, and the database server beside it."""

from pathlib import Path

from sqlalchemy import make_url

from hub.proof import processes


class Meter:
    """Of one `torg serve`. On SQLite the database is in the hub's own processes."""

    def __init__(self, pid: int, database_url: str) -> None:
        self.pid = pid
        self._server = server_of(database_url)
        self._hub = self._database = 0.0
        self.begin()

    def begin(self) -> None:
        """What is taken from now on."""
        self._hub, self._database = self._taken()

    def each(self, count: int) -> dict[str, float]:
        """Milliseconds since then for each of so many, by whom."""
        hub, database = self._taken()
        found = {"hub": 1000 * (hub - self._hub) / count}
        if self._server is not None:
            found["database"] = 1000 * (database - self._database) / count
        return found

    def _taken(self) -> tuple[float, float]:
        return processes.used(self.pid), 0.0 if self._server is None else processes.used(self._server)


def server_of(database_url: str) -> int | None:
    """The process of the PostgreSQL of this run, which lies in the folder of its socket."""
    folder = make_url(database_url).query.get("host")
    if not isinstance(folder, str):
        return None
    return int((Path(folder) / "data" / "postmaster.pid").read_text().split()[0])
