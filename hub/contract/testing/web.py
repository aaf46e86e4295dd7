"""A system that is asked by HTTP, played on this machine for a test: its author says what it answers."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from hub.contract.outside import Answer
from hub.contract.testing.stage import Request


class WebSide:
    """Listens while it is entered, at `base_url`. `answer` is called in a thread of its own; what it raises hangs up.

    with WebSide(lambda request: Answer(200, {"content-type": "application/json"}, b"[]")) as office: …
    """

    def __init__(self, answer: Callable[[Request], Answer]) -> None:
        self._answer = answer
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self.base_url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "WebSide":
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        answer = self._answer

        class Handler(BaseHTTPRequestHandler):
            def handle_one_request(self) -> None:
                self.raw_requestline = self.rfile.readline(65_537)
                if not self.raw_requestline or not self.parse_request():
                    self.close_connection = True
                    return
                parts = urlsplit(self.path)
                values = parse_qs(parts.query, keep_blank_values=True)
                query = {name: said[0] if len(said) == 1 else said for name, said in values.items()}
                headers = {name.lower(): value for name, value in self.headers.items()}
                content = self.rfile.read(int(headers.get("content-length", "0")))
                self._say(answer(Request(self.command, unquote(parts.path), query, headers, content)))

            def _say(self, said: Answer) -> None:
                self.send_response(said.status)
                for name, value in {**said.headers, "content-length": str(len(said.content))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(said.content if self.command != "HEAD" else b"")

            def log_message(self, *_: Any) -> None:
                pass

        return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
