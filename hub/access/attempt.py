"""Attempt: somebody says an e-mail address and a password. Every account has so many; those that nobody has, too.

So has every network, whatever accounts it tries. The audit counts them, so the limits hold for all processes at once.
Three steps, because the check of the password between them takes long: `ask` (read), `hub.access.password.fits`,
`settle` (write).
"""

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import select

from hub import clock
from hub.access import session
from hub.access.audit import Audit, log_act
from hub.access.person import Person, actor
from hub.access.reading import subject_key
from hub.errors import TorgError
from hub.storage.ids import id_at
from hub.storage.unit import Unit

WINDOW = 15 * clock.MINUTE
MOST = 10
"""Wrong passwords for an account, in a window. A right one before that begins the count anew."""
MOST_OF_A_NETWORK = 50
"""Attempts from one network in a window that failed; a contact centre may be behind one address."""
ACT = "session.begin"
FROM = "session.knock"
"""The same failure once more, by the keyed hash of the network that it came from."""
RELEASES = ("person.unlock", "person.password")
"""What IT does for whoever can't come in any more: the count begins anew."""
SOURCE = "screen"


class WrongLogIn(TorgError):
    """Unknown, disabled, without a password, or not this one: who tries isn't told which."""

    def __init__(self) -> None:
        super().__init__("The e-mail address or the password is wrong.")


class TooManyAttempts(TorgError):
    """Of one account, or from one place. The same for accounts that don't exist."""

    def __init__(self, wait: int) -> None:
        self.minutes = max(1, -(-wait // clock.MINUTE))
        """Until the next may be made."""
        super().__init__(
            f"Too many attempts to log in. Try again in {self.minutes} minute{'s' if self.minutes > 1 else ''}."
        )


class Asked(Struct, frozen=True):
    """An attempt that may be made. `password`: the stored hash; None where nothing would fit."""

    person_id: int | None
    account: tuple[str, int]
    password: str | None


def ask(unit: Unit, email: str, network: str = "") -> Asked:
    """What there is to check. `network`: whence; empty: from nowhere else. Raises TooManyAttempts."""
    _require_network_left(unit, network)
    email = email.strip().lower() if email.isprintable() else ""
    query = select(Person.id, Person.password, Person.disabled_at).where(Person.email == email)
    row = next(iter(unit.rows(query)), None)
    nobody = _named(unit, "account", email)
    account = ("person", row.id) if row else nobody
    _require_attempts_left(unit, account)
    if row is None:
        return Asked(None, account, None)
    return Asked(row.id, account, row.password if row.disabled_at is None else None)


def settle(unit: Unit, asked: Asked, right: bool, before: str | None = None, network: str = "") -> str | None:
    """The token of the session it begins, or None; written down either way.

    `before`: the browser's token until now, which ends. Raises TooManyAttempts when others failed meanwhile: of a
    hundred at once no more are answered than of a hundred in turn.
    """
    person = unit.lock(Person, asked.person_id) if asked.person_id else None
    _require_attempts_left(unit, asked.account)
    _require_network_left(unit, network)
    if not right or person is None or person.disabled_at is not None or person.password != asked.password:
        log_act(unit, ACT, None, subject=asked.account, source=SOURCE, outcome="refused")
        if network:
            log_act(unit, FROM, None, subject=_named(unit, "network", network), source=SOURCE, outcome="refused")
        return None
    if before:
        session.end(unit, before)
    log_act(unit, ACT, actor(unit, person.id, frozenset()), subject=asked.account, source=SOURCE)
    return session.begin(unit, person)


def _named(unit: Unit, kind: str, name: str) -> tuple[str, int]:
    """What has no id of its own."""
    return kind, int.from_bytes(unit.keys.mac(kind, name.encode())[:7])


def _require_network_left(unit: Unit, network: str) -> None:
    if network:
        _require_left(unit, _named(unit, "network", network), (FROM,), MOST_OF_A_NETWORK)


def _require_attempts_left(unit: Unit, account: tuple[str, int]) -> None:
    _require_left(unit, account, (ACT, *RELEASES), MOST)


def _require_left(unit: Unit, subject: tuple[str, int], acts: Sequence[str], most: int) -> None:
    now = clock.now()
    lately = select(Audit.at, Audit.outcome).where(
        Audit.municipality_id.is_(None),
        Audit.id > id_at(now - WINDOW - clock.MINUTE),  # the index is by id, which follows time
        Audit.at > now - WINDOW,
        Audit.act.in_(acts),
        Audit.subject_key == subject_key(unit, *subject),
    )
    failed: list[int] = []
    for row in unit.rows(lately.order_by(Audit.id)):
        failed = [] if row.outcome == "done" else [*failed, row.at]
    if len(failed) >= most:
        raise TooManyAttempts(failed[-most] + WINDOW - now)
