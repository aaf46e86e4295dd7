"""The stand-in answers every recorded stub as it was recorded, and misbehaves when told to."""

import http.client
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.stand_ins.matching import Asked, matches
from tests.stand_ins.recorded import Recorded

STUBS = {
    "token": {
        "request": {
            "method": "POST",
            "urlPath": "/token",
            "bodyPatterns": [{"matches": "^grant_type=client_credentials&scope=device_[0-9a-f]+$"}],
        },
        "response": {"status": "200", "jsonBody": {"access_token": "a"}},
    },
    "file": {
        "request": {"method": "GET", "urlPathPattern": "/files/.*", "queryParameters": {"id": {"equalTo": "1"}}},
        "response": {"headers": {"Content-Type": "text/xml"}, "bodyFileName": "one/responses/1.xml"},
    },
    "soap": {
        "request": {"method": "POST", "bodyPatterns": [{"equalToXml": '<a xmlns="u"> <b x="1"/></a>'}]},
        "response": {"body": "<ok/>"},
    },
}


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    folder = tmp_path / "feature" / "one"
    (folder / "mappings").mkdir(parents=True)
    (folder / "responses").mkdir()
    (folder / "responses" / "1.xml").write_text("<one/>")
    for name, stub in STUBS.items():
        (folder / "mappings" / f"{name}.json").write_text(json.dumps(stub))
    return folder


@pytest.fixture
def source(recording: Path) -> Iterator[Recorded]:
    with Recorded() as source:
        source.replay(recording)
        yield source


def ask(source: Recorded, method: str, path: str, body: bytes = b"") -> tuple[int, Mapping[str, str], bytes]:
    connection = http.client.HTTPConnection(urlsplit(source.address).netloc, timeout=5)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def test_it_answers_as_recorded_and_keeps_a_ledger(source: Recorded) -> None:
    status, _, body = ask(source, "POST", "/token", b"grant_type=client_credentials&scope=device_0f")
    assert (status, json.loads(body)) == (200, {"access_token": "a"})
    status, headers, body = ask(source, "GET", "/files/x%20y?id=1&other=2")
    assert (status, headers["content-type"], body) == (200, "text/xml", b"<one/>")
    assert ask(source, "POST", "/", b'<n:a xmlns:n="u"><n:b x="1"></n:b></n:a>')[2] == b"<ok/>"
    assert source.paths() == ["/token", "/files/x y", "/"]
    assert source.ledger[1].query == {"id": ["1"], "other": ["2"]}


def test_what_matches_nothing_is_not_found(source: Recorded) -> None:
    for method, path, body in (
        ("GET", "/token", b""),
        ("POST", "/token", b"grant_type=password"),
        ("GET", "/files/1?id=2", b""),
        ("POST", "/soap", b"no xml"),
    ):
        assert ask(source, method, path, body)[0] == 404
    assert [asked.status for asked in source.ledger] == [404] * 4


def test_a_test_may_say_what_is_answered_later(source: Recorded) -> None:
    source.answer("/files/1", '{"new": 1}', query={"id": "1", "many": ["a", "b"]})
    assert ask(source, "GET", "/files/1?id=1&many=b&many=a")[2] == b'{"new": 1}'
    assert ask(source, "GET", "/files/1?id=1&many=a")[2] == b"<one/>"


def test_it_misbehaves_on_command(source: Recorded) -> None:
    path = "/files/1?id=1"
    source.misbehave("status", status=401, times=1)
    assert [ask(source, "GET", path)[0] for _ in range(2)] == [401, 200]
    source.misbehave("html", times=1)
    assert ask(source, "GET", path)[1]["content-type"] == "text/html"
    source.misbehave("replace", words=("one", "two"), times=1)
    assert ask(source, "GET", path)[2] == b"<two/>"
    source.misbehave("cut", times=1)
    with pytest.raises(http.client.IncompleteRead):
        ask(source, "GET", path)
    source.misbehave("slow", seconds=0.2, path="/files")
    began = time.monotonic()
    ask(source, "GET", path)
    assert time.monotonic() - began >= 0.2
    source.behave()
    assert ask(source, "GET", path)[2] == b"<one/>"
    source.stop()
    with pytest.raises(ConnectionError):
        ask(source, "GET", path)


def test_a_stub_in_words_that_it_does_not_know_is_told() -> None:
    asked = Asked("GET", "/", "/", {"a": ["1"]}, {}, b"")
    with pytest.raises(ValueError, match="teach it"):
        matches({"queryParameters": {"a": {"before": "2"}}}, asked)
