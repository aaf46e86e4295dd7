"""One deliberately broken plugin for each rule of pulling: a pigeonhole with one thing wrong."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from hub.contract import AuthFailed, Batch, RawEvent, Unreachable
from tests.flying import fly
from tests.plugin_host.pigeonhole import Pigeonhole


class Abridging(Pigeonhole):
    def event(self, path: Path) -> RawEvent:
        return RawEvent(path.stem, path.read_bytes()[:-1], "text/plain")


class Forgetful(Pigeonhole):
    async def pull(self, cursor: bytes | None) -> Batch:  # noqa: ARG002 - that is what is wrong
        """It has a memory of its own, and the next process has another."""
        batch = await super().pull(getattr(self, "seen", b"0"))
        self.seen = batch.cursor
        return batch


class Greedy(Pigeonhole):
    async def pull(self, cursor: bytes | None) -> Batch:
        """What it has given once it doesn't give again, kept or not."""
        given: set[str] = self.__dict__.setdefault("given", set())
        batch = await super().pull(cursor)
        events = [event for event in batch.events if event.key not in given]
        given.update(event.key for event in events)
        return Batch(events=events, cursor=batch.cursor, more=batch.more)


class Hasty(Pigeonhole):
    async def pull(self, cursor: bytes | None) -> Batch:
        """It marks what nobody has kept yet."""
        batch = await super().pull(cursor)
        await self.committed([event.key for event in batch.events])
        return batch


class Touchy(Pigeonhole):
    async def committed(self, keys: Sequence[str]) -> None:
        for key in keys:
            with (Path(self.config.folder) / f"{key}.read").open("x"):
                pass


class Patient(Pigeonhole):
    async def wait(self, seconds: float) -> None:  # noqa: ARG002 - as above
        """It would be an hour; nobody waits for that in earnest."""
        fly(1800)
        await asyncio.sleep(3600)


class Hopeful(Pigeonhole):
    def letters(self) -> list[Path]:
        try:
            return super().letters()
        except Unreachable:
            return []


class Credulous(Pigeonhole):
    async def check(self) -> None:
        """It will be well."""


class Tidy(Pigeonhole):
    async def check(self) -> None:
        self.letters()
        (Path(self.config.folder) / "checked").touch()


class Vague(Pigeonhole):
    def letters(self) -> list[Path]:
        try:
            return super().letters()
        except AuthFailed as error:
            raise Unreachable("Something is wrong.") from error


class Talkative(Pigeonhole):
    def letters(self) -> list[Path]:
        try:
            return super().letters()
        except AuthFailed as error:
            raise AuthFailed(f"The password {self.config.password.reveal()} doesn't open it.") from error


class Hopeless(Pigeonhole):
    async def check(self) -> None:
        """It tells what passed, and not where it ended."""
        with self.tools.step("Folder named"):
            pass
        self.letters()


class Indiscreet(Pigeonhole):
    def event(self, path: Path) -> RawEvent:
        return RawEvent(path.stem, path.read_bytes(), "text/plain", origin={"said": self.config.password.reveal()})


BROKEN_PULLS: dict[type[Pigeonhole], set[str]] = {
    Abridging: {
        "test_what_is_there_is_pulled_byte_for_byte",
        "test_what_was_committed_comes_no_more",
        "test_it_may_be_told_of_a_commit_twice",
    },
    Forgetful: {"test_what_was_committed_comes_no_more", "test_what_was_not_committed_comes_again"},
    Greedy: {"test_what_was_not_committed_comes_again"},
    Hasty: {"test_a_pull_leaves_the_source_as_it_was"},
    Touchy: {"test_it_may_be_told_of_a_commit_twice"},
    Patient: {"test_waiting_ends_in_time"},
    Hopeful: {"test_a_source_that_is_away_is_unreachable", "test_check_tells_of_a_source_that_is_away"},
    Credulous: {"test_check_tells_of_a_source_that_is_away", "test_a_log_in_that_is_refused_has_its_name"},
    Hopeless: {"test_check_tells_of_a_source_that_is_away"},
    Tidy: {"test_check_proves_a_source_that_is_there"},
    Vague: {"test_a_log_in_that_is_refused_has_its_name"},
    Talkative: {"test_a_log_in_that_is_refused_has_its_name"},
    Indiscreet: {"test_what_was_pulled_can_be_parsed"},
}
"""plugin -> the tests that it must fail, and no others."""
