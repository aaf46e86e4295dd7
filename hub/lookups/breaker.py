"""Circuit breaker: a source that fails again and again rests, so that nobody waits for it in vain, nor it for us."""

from datetime import datetime

from hub import clock

FAILURES = 5
"""In a row."""
REST = 30 * clock.SECOND


class Breaker:
    """Of one source, in one process."""

    def __init__(self) -> None:
        self.last_good_at: datetime | None = None
        self._failures = 0
        self._rests_until = 0

    @property
    def rests_until(self) -> int | None:
        """Microseconds; None: it may be asked."""
        return self._rests_until if self._rests_until > clock.now() else None

    def worked(self) -> None:
        """It answered, whatever it said."""
        self._failures, self._rests_until, self.last_good_at = 0, 0, clock.to_datetime(clock.now())

    def failed(self) -> None:
        """It didn't. After its rest one more failure is enough for the next."""
        self._failures += 1
        if self._failures >= FAILURES:
            self._rests_until = clock.now() + REST
