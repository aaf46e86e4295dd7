"""`python -m tests.wanting` prints the Debian packages that are wanting here: what continuous integration installs."""

import os

from tests.dovecot import Dovecot
from tests.servers import Chromium, MariaDB, Missing, Postgres, Program, Valkey

_WANTED: tuple[type[Program], ...] = (Postgres, MariaDB, Valkey, Dovecot, Chromium)


def wanting() -> list[str]:
    """Of what neither can be found nor was named."""
    packages = []
    for program in _WANTED:
        try:
            if program.variable not in os.environ:
                program.locate()
        except Missing:
            packages.append(program.package)
    return packages


if __name__ == "__main__":
    print(*wanting())  # noqa: T201 - this is the answer to whoever ran it
