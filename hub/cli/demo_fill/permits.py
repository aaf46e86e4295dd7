"""Permits: the demo's case system, a small one that answers by HTTP in this very process and ends with it.

`GET /granvik/errands/statuses?personalNumber=…`, or `errandNumber=`, or `propertyDesignation=`: a list of cases in the
shape of Sundsvall's case-status, with steps, papers that are missing and a decision. It reads `permits.json` anew each
time; without that file it is out of order.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

HOST = "127.0.0.1"
FILE = "permits.json"


@contextmanager
def answering(files: Mapping[str, Path], port: int) -> Iterator[int]:
    """Of these municipalities, by code, for as long as the block lasts. At `port`, or at another where that is taken:
    which one, it tells."""
    with _listening(files, port) as system:
        thread = Thread(target=system.serve_forever, name="permits", daemon=True)
        thread.start()
        try:
            yield system.server_port
        finally:
            system.shutdown()
            thread.join()


class _System(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, files: Mapping[str, Path], port: int) -> None:
        self.files = files
        super().__init__((HOST, port), _Answer)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever asked went away."""


class _Answer(BaseHTTPRequestHandler):
    server: _System
    protocol_version = "HTTP/1.1"
    timeout = 30
    """Seconds that a line is kept open for the next question."""

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        code, _, path = asked.path.strip("/").partition("/")
        if code not in self.server.files or path != "errands/statuses":
            self._say(404, {"title": "Not Found", "status": 404})
            return
        try:
            cases = json.loads(self.server.files[code].read_text(encoding="utf-8"))
            self._say(200, [case for case in cases if _is_meant(case, dict(parse_qsl(asked.query)))])
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            self._say(503, {"title": f"{FILE} can't be read", "status": 503})

    def _say(self, status: int, said: object) -> None:
        content = json.dumps(said, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Nothing: an identity number is in what is asked."""


def _listening(files: Mapping[str, Path], port: int) -> _System:
    try:
        return _System(files, port)
    except OSError:
        return _System(files, 0)


def _is_meant(case: Mapping[str, Any], asked: Mapping[str, str]) -> bool:
    said = {
        "personalNumber": [_plain(each["personalNumber"]) for each in case["stakeholders"]],
        "errandNumber": [_plain(case["errandNumber"])],
        "propertyDesignation": [_plain(each) for each in case["propertyDesignations"]],
    }
    return bool(asked) and all(_plain(value) in said.get(name, ()) for name, value in asked.items())


def _plain(value: str) -> str:
    return "".join(filter(str.isalnum, value)).casefold()
