"""A process that upgrades a database; it dies once a statement that has the second word in it was executed."""

import os
import signal
from collections.abc import Sequence

from sqlalchemy import event

from hub.storage.engine import open_engines
from hub.storage.migrate import upgrade


def main(words: Sequence[str]) -> None:
    """Address of the database, and the word if it shall die. Prints the revision."""
    url, *fatal = words
    engine = open_engines(url).writer

    @event.listens_for(engine, "after_cursor_execute")
    def after(connection: object, cursor: object, statement: str, *rest: object) -> None:
        if any(each in statement for each in fatal):
            os.kill(os.getpid(), signal.SIGKILL)

    print(upgrade(engine))  # noqa: T201 - whoever started it reads it
