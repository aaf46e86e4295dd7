"""Password: kept as an argon2 hash and never in clear. One check takes a sixth of a second and 64 MB, on purpose.

So pages check in `THREAD`, the only one: whoever knocks a hundred times at once fills neither memory nor storage's
threads.
"""

import unicodedata
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hub.access import session
from hub.access.person import Person
from hub.errors import Invalid
from hub.storage.unit import Unit

SHORTEST = 12
"""Characters. A phrase is welcome; digits and signs are nobody's duty (NIST SP 800-63B 3.1.1.2)."""
LONGEST = 1000
THREAD = ThreadPoolExecutor(1, "argon2")

# RFC 9106's second choice, written out: were it the library's, an upgrade would tell old hashes from the decoy by time.
_HASHER = PasswordHasher(time_cost=3, memory_cost=65_536, parallelism=4, hash_len=32, salt_len=16)


def hashed(password: str) -> str:
    """What may be stored of a new password. Raises Invalid, saying what one has to be."""
    if len(password) < SHORTEST:
        raise Invalid("password", f"a password has {SHORTEST} characters or more; this has {len(password)}")
    if len(password) > LONGEST:
        raise Invalid("password", f"a password has at most {LONGEST} characters; this has {len(password)}")
    if len(set(password)) < 3:  # noqa: PLR2004 - one sign, or two in turn
        raise Invalid("password", "a password of one or two different characters is guessed at once")
    return _HASHER.hash(_bytes(password))


def fits(stored: str | None, password: str) -> bool:
    """Whether `stored` is of this password. Without one it checks a decoy and says no: just as slowly."""
    decoy = _decoy()  # asked for by all: the first of a process takes twice as long, whoever that is
    try:
        _HASHER.verify(stored or decoy, _bytes(password))
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def set_password(unit: Unit, person: Person, password_hash: str) -> None:
    """`password_hash`: of `hashed`. Their sessions end with the password; API tokens don't."""
    person.password = password_hash
    session.end_all(unit, person)


@cache
def _decoy() -> str:
    """Nobody's."""
    return _HASHER.hash(b"")


def _bytes(password: str) -> bytes:
    """An ö is one sign or two, by keyboard and program; lone surrogates come with broken forms."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
