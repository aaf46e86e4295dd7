"""A real HTTP server on loopback that answers as was recorded, keeps a ledger, and misbehaves on command.

    with Recorded() as source:
        source.replay(samples("invoices") / "recorded/GetInvoicesForCustomer/test01_getInvoicesForCustomerOnlyRequired")
        source.answer("/2281/COMMERCIAL/customers/invoices", body, query={"customerNumbers": "600606"})
        source.misbehave("status", status=500, times=1)
        source.address, source.ledger

A recording is a folder with `mappings/*.json` in the form of WireMock stubs (request matched, response given), whose
`bodyFileName` is relative to the folder above. What matches no stub is answered 404 and stands in the ledger as such.
"""

import json
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal, Self, TypeAlias
from urllib.parse import parse_qs, unquote, urlsplit

from tests.stand_ins.matching import Asked, filled_in, matches

HERE = Path(__file__).parent
SETTING = "TORG_TEST_SAMPLES"
USUAL_PRIORITY = 5
"""WireMock's: a smaller number goes first; of two the one that came later."""
HELD_UP = 30.0

Deed: TypeAlias = Literal["slow", "status", "html", "cut", "replace"]


def samples(kind: str) -> Path:
    """The recordings of a kind of source, or our own of the same shape where those aren't on this machine."""
    shared = Path(os.environ.get(SETTING) or HERE.parents[1].parent / "shared" / "samples")
    return shared / kind if (shared / kind).is_dir() else HERE / kind


@dataclass(frozen=True)
class Misdeed:
    """What it does instead of answering as it should, on paths that begin so."""

    deed: Deed
    path: str
    status: int
    seconds: float
    words: tuple[str, str]


class Recorded:
    """Answers from its own threads, so that a test may be async or not."""

    def __init__(self) -> None:
        self.ledger: list[Asked] = []
        self._stubs: list[tuple[int, int, Mapping[str, Any], Path]] = []
        self._misdeeds: list[list[Any]] = []
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _conversation(self))
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Nobody listens any more."""
        if not self._ended.is_set():
            self._ended.set()
            self._server.shutdown()
            self._server.server_close()

    def replay(self, recording: Path) -> None:
        """All stubs of one recording."""
        for file in sorted((recording / "mappings").glob("*.json")):
            self.stub(json.loads(file.read_bytes()), recording.parent)

    def stub(self, mapping: Mapping[str, Any], folder: Path = HERE) -> None:
        """One stub in WireMock's form; a body's file is looked for in `folder`."""
        self._stubs.append((mapping.get("priority", USUAL_PRIORITY), -len(self._stubs), mapping, folder))
        self._stubs.sort(key=lambda one: one[:2])

    def answer(
        self,
        path: str,
        body: bytes | str | Path,
        *,
        query: Mapping[str, str | Sequence[str]] | None = None,
        method: str = "GET",
        status: int = 200,
        media_type: str = "application/json",
    ) -> None:
        """What to say to this path and, where given, to these values of its query."""
        if isinstance(body, Path):
            body = body.read_bytes()
        wanted = {name: _values(value) for name, value in (query or {}).items()}
        text = body if isinstance(body, str) else body.decode()
        self.stub(
            {
                "request": {"method": method, "urlPath": path, "queryParameters": wanted},
                "response": {"status": status, "headers": {"Content-Type": media_type}, "body": text},
            }
        )

    def misbehave(
        self,
        deed: Deed,
        *,
        times: int | None = None,
        path: str = "",
        status: int = 500,
        seconds: float = 1.0,
        words: tuple[str, str] = ("", ""),
    ) -> None:
        """slow: answers after `seconds`. status: with this one, and a problem. html: a page. cut: half of it.

        replace: the first of `words` becomes the second in what is answered: it lies. `times`: only so many.
        """
        self._misdeeds.append([Misdeed(deed, path, status, seconds, words), times])

    def behave(self) -> None:
        """From now on as recorded."""
        self._misdeeds.clear()

    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [asked.path for asked in self.ledger]

    def _misdeed(self, path: str) -> Misdeed | None:
        with self._lock:
            for planned in self._misdeeds:
                misdeed, left = planned
                if path.startswith(misdeed.path) and left != 0:
                    planned[1] = None if left is None else left - 1
                    assert isinstance(misdeed, Misdeed)
                    return misdeed
        return None

    def _reply(self, asked: Asked) -> tuple[int, dict[str, str], bytes]:
        for _, _, mapping, folder in self._stubs:
            if matches(mapping["request"], asked):
                return _of(mapping["response"], folder)
        return 404, {"Content-Type": "application/problem+json"}, b'{"title":"Not Found","status":404}'


def _values(value: str | Sequence[str]) -> Mapping[str, Any]:
    if isinstance(value, str):
        return {"equalTo": value}
    return {"hasExactly": [{"equalTo": one} for one in value]}


def _of(response: Mapping[str, Any], folder: Path) -> tuple[int, dict[str, str], bytes]:
    if "bodyFileName" in response:
        body = (folder / response["bodyFileName"]).read_bytes()
    elif "jsonBody" in response:
        body = json.dumps(response["jsonBody"], ensure_ascii=False).encode()
    else:
        body = str(response.get("body", "")).encode()
    if "response-template" in response.get("transformers", ()):
        body = filled_in(body)
    return int(response.get("status", 200)), dict(response.get("headers", {})), body


def _conversation(source: Recorded) -> type[BaseHTTPRequestHandler]:
    class Conversation(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _converse(self) -> None:
            url = urlsplit(self.path)
            asked = Asked(
                method=self.command,
                path=unquote(url.path),
                url=self.path,
                query=parse_qs(url.query, keep_blank_values=True),
                headers={name.lower(): value for name, value in self.headers.items()},
                body=self.rfile.read(int(self.headers.get("Content-Length") or 0)),
            )
            misdeed = source._misdeed(asked.path)
            if misdeed is not None and misdeed.deed == "slow":
                source._ended.wait(min(misdeed.seconds, HELD_UP))
            status, headers, body = source._reply(asked)
            if misdeed is not None and misdeed.deed == "status":
                status, headers = misdeed.status, {"Content-Type": "application/problem+json"}
                body = json.dumps({"title": "As planned", "status": status}).encode()
            elif misdeed is not None and misdeed.deed == "html":
                headers, body = {"Content-Type": "text/html"}, b"<!doctype html><title>Log in</title>"
            elif misdeed is not None and misdeed.deed == "replace":
                body = body.replace(misdeed.words[0].encode(), misdeed.words[1].encode())
            asked.status = status
            source.ledger.append(asked)
            self._say(status, headers, body, cut=misdeed is not None and misdeed.deed == "cut")

        def _say(self, status: int, headers: Mapping[str, str], body: bytes, *, cut: bool) -> None:
            try:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: len(body) // 2] if cut else body)
                self.wfile.flush()
                if cut:
                    self.close_connection = True
            except OSError:  # who asked has gone
                self.close_connection = True

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _converse  # noqa: N815 - found by these names

        def log_message(self, *_: object) -> None:
            """The ledger is the log."""

    return Conversation
