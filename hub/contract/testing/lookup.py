"""What every lookup keeps: it asks what it lists, reads what comes, says whom it is about, names what goes wrong."""

import asyncio
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import pytest

from hub.contract.cards import AnyCard
from hub.contract.config import Config
from hub.contract.errors import AuthFailed, PluginError, Unreachable, Unreadable
from hub.contract.lookup import Bounds, Identifier, Lookup, Subject
from hub.contract.outside import Answer
from hub.contract.rules import broken_bounds, broken_rules_of_lookup
from hub.contract.testing.inspection import assert_cards, damaged
from hub.contract.testing.plugin import PluginTests, secrets_of
from hub.contract.testing.stage import PATIENCE, ReplayingHttp, Request, TestTools, WentAstray

WRONG: Sequence[tuple[int, type[PluginError]]] = (
    (401, AuthFailed),
    (403, AuthFailed),
    (429, Unreachable),
    (500, Unreachable),
    (503, Unreachable),
)
"""What a status is called."""
LONG_AGO = 1_700_000_000
"""Seconds since 1970: a file of then isn't being written."""
DIGITS = str.maketrans("0123456789", "9876543210")


class QuestionTests(PluginTests):
    """What is true of every lookup, wherever its answers come from."""

    lookup: ClassVar[type[Lookup[Any]]]
    samples: ClassVar[Sequence[Path]] = ()
    """Recordings of what the source really answers."""
    subject: ClassVar[Subject]
    """What it was asked by when it answered so."""

    def asked(self, sample: Path) -> Subject:  # noqa: ARG002 - for who has several
        """What this sample is the answer to."""
        return self.subject

    def bounds(self) -> Bounds:
        """What it may ask, with its settings."""
        return self.lookup.bounds(self._config())

    def test_it_has_samples(self) -> None:
        assert self.samples, "a lookup needs samples: answers of its source"

    def test_every_sample_is_read(self) -> None:
        for sample in self.samples:
            assert self._cards(sample), f"{sample.name}: a sample gives at least one card"

    def test_cards_are_well_formed(self) -> None:
        for sample in self.samples:
            assert_cards(self._cards(sample))

    def test_cards_say_whom_they_are_about(self) -> None:
        for sample in self.samples if self.bounds().says_whom else ():
            subject = self.asked(sample)
            for card in self._cards(sample):
                said = getattr(card.about, subject.by)
                assert said is not None, f"a card's about says its {subject.by}, which is what was asked by"
                assert _plain(subject.by, said) == _plain(subject.by, subject.value), (
                    f"{sample.name} is about another {subject.by}"
                )

    def test_whom_they_are_about_is_what_the_source_says(self) -> None:
        for sample in self.samples if self.bounds().says_whom else ():
            subject = self.asked(sample)
            other = Subject(subject.by, subject.value.translate(DIGITS))
            for card in self._cards(sample, subject=other):
                said = getattr(card.about, other.by)
                assert said is None or _plain(other.by, said) != _plain(other.by, other.value), (
                    "about repeats the question"
                )

    def _tested(self) -> type[Lookup[Any]]:
        return self.lookup

    def _broken_rules(self) -> Iterable[str]:
        yield from broken_rules_of_lookup(self.lookup)
        yield from broken_bounds(self.lookup.kind, self.bounds())

    def _cards(self, sample: Path, *, subject: Subject | None = None) -> Sequence[AnyCard]:
        raise NotImplementedError

    def _find(self, http: ReplayingHttp | None, subject: Subject, config: Config | None = None) -> Sequence[AnyCard]:
        async def find() -> Sequence[AnyCard]:
            lookup: Lookup[Any] = self.lookup(config or self._config(), TestTools(http))
            return await asyncio.wait_for(lookup.find(subject), PATIENCE)

        return asyncio.run(find())


class FileLookupTests(QuestionTests):
    """Of a lookup that reads a file: each sample is one. `field`: the setting that names it."""

    field: ClassVar[str] = "path"

    def test_what_is_damaged_has_its_name_or_is_read(self) -> None:
        for sample in self.samples:
            for body in damaged(sample.read_bytes()):
                with suppress(PluginError), tempfile.TemporaryDirectory() as folder:
                    copy = Path(folder, sample.name)
                    copy.write_bytes(body)
                    os.utime(copy, (LONG_AGO, LONG_AGO))
                    assert_cards(self._cards(copy, subject=self.asked(sample)))

    def test_what_isnt_there_is_unreachable(self) -> None:
        sample = self.samples[0]
        with pytest.raises(Unreachable):
            self._cards(sample.with_name(f"not_{sample.name}"), subject=self.asked(sample))

    def test_a_file_is_left_as_it_was(self) -> None:
        for sample in self.samples:
            before = sample.read_bytes(), sample.stat().st_mtime_ns
            self._cards(sample)
            assert (sample.read_bytes(), sample.stat().st_mtime_ns) == before

    def _cards(self, sample: Path, *, subject: Subject | None = None) -> Sequence[AnyCard]:
        config = self._config({**self.settings, self.field: str(sample)})
        return self._find(None, subject or self.asked(sample), config)


class LookupTests(QuestionTests):
    """Of a lookup that asks by HTTP: each sample is an answer that gives a card, replayed without a network."""

    media_type: ClassVar[str] = "application/json"

    def answer(self, sample: Path, request: Request) -> Answer:  # noqa: ARG002 - for who has several
        """What the source says to this request. Where it wants a log-in first, say here what that is answered."""
        return Answer(200, {"content-type": self.media_type}, sample.read_bytes())

    def is_question(self, request: Request) -> bool:
        """Whether this request asks what is asked; a log-in doesn't."""
        return request.method in {"GET", "HEAD"} or not self.bounds().allowed_paths

    def test_it_asks_what_it_lists_and_comes_to_an_end(self) -> None:
        for sample in self.samples:
            http = self._http(sample)
            with suppress(WentAstray, PluginError):
                self._find(http, self.asked(sample))
            assert http.astray == []
            assert http.ledger, "it asks its source"

    def test_secrets_are_in_no_address(self) -> None:
        secrets = secrets_of(self._config())
        for sample in self.samples:
            http = self._http(sample)
            self._find(http, self.asked(sample))
            for request in http.ledger:
                address = f"{request.path} {dict(request.query)}"
                assert not any(secret in address for secret in secrets), "an address stands in every log on its way"

    def test_what_is_damaged_is_unreadable_or_read_and_nothing_else(self) -> None:
        for sample in self.samples:
            for body in damaged(sample.read_bytes()):
                with suppress(Unreadable):
                    assert_cards(self._cards(sample, self._instead(sample, _with(body))))

    def test_what_goes_wrong_has_its_name(self) -> None:
        for status, name in WRONG:
            error = self._failure(Answer(status, {"content-type": "text/plain"}, b""))
            assert isinstance(error, name), f"{status}: {name.__name__}, not {error!r}"
        error = self._failure(Unreachable("Nobody is there."))
        assert isinstance(error, Unreachable), f"what its http raises goes up, not {error!r}"

    def test_what_is_said_of_it_is_nobodys(self) -> None:
        sample = self.samples[0]
        private = [self.asked(sample).value, *secrets_of(self._config())]
        for status in (400, *(status for status, _ in WRONG)):
            words = Answer(status, {"content-type": "application/problem+json"}, " ".join(private).encode())
            error = self._failure(words)
            assert not any(each in str(error) for each in private), "its sentence repeats what is private"

    def _http(self, sample: Path, answer: Callable[[Request], Answer] | None = None) -> ReplayingHttp:
        return ReplayingHttp(self.bounds(), answer or (lambda request: self.answer(sample, request)))

    def _instead(self, sample: Path, change: Callable[[Answer], Answer]) -> Callable[[Request], Answer]:
        def answer(request: Request) -> Answer:
            whole = self.answer(sample, request)
            return change(whole) if self.is_question(request) else whole

        return answer

    def _failure(self, outcome: Answer | PluginError) -> Exception | None:
        """What it raises when its question comes to this."""

        def change(_: Answer) -> Answer:
            if isinstance(outcome, PluginError):
                raise outcome
            return outcome

        sample = self.samples[0]
        try:
            self._cards(sample, self._instead(sample, change))
        except Exception as error:  # noqa: BLE001 - what it raises is what is tested
            return error
        return None

    def _cards(
        self, sample: Path, answer: Callable[[Request], Answer] | None = None, *, subject: Subject | None = None
    ) -> Sequence[AnyCard]:
        return self._find(self._http(sample, answer), subject or self.asked(sample))


def _with(body: bytes) -> Callable[[Answer], Answer]:
    return lambda whole: Answer(whole.status, whole.headers, body)


def _plain(by: Identifier, value: str) -> str:
    """However it is spaced and in whatever case; of an identity number the digits, its century apart."""
    return re.sub(r"\D", "", value)[-10:] if by == "identity" else "".join(value.split()).casefold()
