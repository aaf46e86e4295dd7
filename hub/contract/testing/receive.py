"""What everyone keeps who is called: nobody is believed who doesn't prove who they are."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, ClassVar

import msgspec
import pytest

from hub.contract.errors import AuthFailed, Unreadable
from hub.contract.messages import RawEvent
from hub.contract.outside import WebCall
from hub.contract.plugin import Called
from hub.contract.testing.connector import ConnectorTests
from hub.contract.testing.inspection import assert_text, damaged
from hub.contract.testing.plugin import secrets_of
from hub.contract.testing.seal import sealed

COMPARES = frozenset({"compare_digest", "_compare_digest"})
"""What takes as long for what is nearly right as for what is wholly wrong."""
STRANGE = ("", "ö", "\udcff", "0" * 10_000)
"""In a header. As text, hmac.compare_digest takes ASCII only."""
SUCCESS = range(200, 300)


class ReceiveTests(ConnectorTests):
    """Nobody is believed who doesn't prove who they are."""

    compares: ClassVar[bool] = True
    """It compares a secret or a MAC; False: it checks a signature by a public key, of which nobody can guess parts."""

    def calls(self) -> Sequence[WebCall]:
        """As the other side makes them, by `settings`; one at least that brings something, and every handshake."""
        raise NotImplementedError

    def forged(self) -> Sequence[WebCall]:
        """Calls of somebody else: without the proof, with a wrong one, with the right one of another message."""
        raise NotImplementedError

    def test_a_call_of_the_other_side_is_accepted(self) -> None:
        connector = self._connector(self.settings)
        assert any(connector.accept(call) for call in self.calls()), "one of the calls brings something"

    def test_a_forged_call_is_refused(self) -> None:
        connector, forged = self._connector(self.settings), self.forged()
        assert forged, "say which calls are forged"
        for call in forged:
            with pytest.raises(AuthFailed):
                connector.accept(call)

    def test_it_is_compared_in_constant_time(self) -> None:
        if not self.compares:
            return
        connector = self._connector(self.settings)
        for call in self.calls():
            if connector.accept(call):
                assert _compared(lambda call=call: connector.accept(call)), "compare by hmac.compare_digest"  # type: ignore[misc]  # a default binds it

    def test_accepting_goes_nowhere(self) -> None:
        connector = self._connector(self.settings)
        for call in self.calls():
            connector.accept(call)  # once before, so that what it imports is there
            with sealed():
                connector.accept(call)

    def test_a_call_made_again_brings_the_same(self) -> None:
        connector = self._connector(self.settings)
        for call in self.calls():
            assert list(connector.accept(call)) == list(connector.accept(call)), "the hub knows it again by its key"

    def test_what_a_call_brings_can_be_parsed(self) -> None:
        secrets = secrets_of(self._config())
        for event in self._events():
            assert event.key
            assert self._parse([event])
            assert_text([*event.origin.keys(), *event.origin.values()])
            assert not any(secret in text for secret in secrets for text in event.origin.values())

    def test_a_call_is_answered_and_told_no_secret(self) -> None:
        connector, secrets = self._connector(self.settings), secrets_of(self._config())
        for call in self.calls():
            brought = connector.accept(call)
            answer = connector.answer(call, [each.key for each in brought if isinstance(each, RawEvent)])
            assert answer.status in SUCCESS, "what is accepted is answered so"
            said = answer.content + repr(answer.headers).encode()
            assert not any(secret.encode() in said for secret in secrets)

    def test_what_is_damaged_is_refused_or_read_and_nothing_else(self) -> None:
        connector = self._connector(self.settings)
        for call in self.calls():
            for content in damaged(call.content) if call.content else ():
                with suppress(AuthFailed, Unreadable):
                    connector.accept(msgspec.structs.replace(call, content=content))
            for name in call.headers:
                for value in STRANGE:
                    with suppress(AuthFailed, Unreadable):
                        connector.accept(msgspec.structs.replace(call, headers={**call.headers, name: value}))

    def _events(self) -> Iterator[RawEvent]:
        connector = self._connector(self.settings)
        brought: list[Called] = [each for call in self.calls() for each in connector.accept(call)]
        return (each for each in brought if isinstance(each, RawEvent))

    def _config(self, settings: Mapping[str, Any] | None = None) -> Any:
        return super()._config(settings)


def _compared(call: Callable[[], object]) -> bool:
    """Comparing is C: the profiler sees it called, by whatever name it was imported."""
    seen: list[str] = []

    def on_call(_frame: FrameType, event: str, called: Any) -> None:
        if event == "c_call" and getattr(called, "__name__", "") in COMPARES:
            seen.append(called.__name__)

    with _profiled(on_call):
        call()
    return bool(seen)


@contextmanager
def _profiled(on_call: Callable[[FrameType, str, Any], None]) -> Iterator[None]:
    before = sys.getprofile()
    sys.setprofile(on_call)
    try:
        yield
    finally:
        sys.setprofile(before)
