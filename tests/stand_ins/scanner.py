"""Virus scanners for tests: clamd as far as we ask it, and a service by ICAP. What holds the word virus is one."""

import socket
import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from io import BufferedReader

_PIECE = 65_536
THREAT = "Win.Test.EICAR_HDB-1"


class StandIn(ABC):
    """`mute`: hears it out and says nothing. `limit`: bytes that it takes. `seen`: what it was shown, in order."""

    def __init__(self, port: int = 0) -> None:
        self.mute = False
        self.limit = 1_000_000
        self.seen: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", port))
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    @abstractmethod
    def address(self) -> str:
        """For the setting `scanner`."""

    @abstractmethod
    def answer(self, said: BufferedReader) -> bytes:
        """To one connection."""

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as said, suppress(OSError):
            if not said.peek(1):  # who asked was stopped between the call and the first word
                return
            answer = self.answer(said)
            if not self.mute:
                connection.sendall(answer)
                connection.shutdown(socket.SHUT_WR)
                while said.read1(_PIECE):  # ended with something unread, the answer might be lost on the way
                    pass

    def close(self) -> None:
        with suppress(OSError):  # it was closed before
            self._socket.shutdown(socket.SHUT_RDWR)  # who waits for the next one lets go of it
        self._socket.close()


class Scanner(StandIn):
    """clamd: INSTREAM in its `z` form; ends a stream that is too long where it is."""

    @property
    def address(self) -> str:
        return f"clamd://127.0.0.1:{self.port}"

    def answer(self, said: BufferedReader) -> bytes:
        assert said.read(10) == b"zINSTREAM\0"
        content = b""
        while size := int.from_bytes(said.read(4)):
            content += said.read(size)
            if len(content) > self.limit:
                return b"INSTREAM size limit exceeded. ERROR\0"
        self.seen.append(content)
        return b"stream: %b FOUND\0" % THREAT.encode() if b"virus" in content else b"stream: OK\0"


class IcapScanner(StandIn):
    """A service `avscan` by RFC 3507. `methods`: that it knows. `silent`: it says of a find only that it sends another
    content; `echoes`: it sends what is clean back instead of 204."""

    def __init__(self, methods: Sequence[str] = ("RESPMOD",), *, silent: bool = False, echoes: bool = False) -> None:
        self.methods, self.silent, self.echoes = methods, silent, echoes
        super().__init__()

    @property
    def address(self) -> str:
        return f"icap://127.0.0.1:{self.port}/avscan"

    def answer(self, said: BufferedReader) -> bytes:
        method, uri, version = said.readline().decode().split()
        assert version == "ICAP/1.0"
        headers = _headers(said)
        assert headers["host"] == f"127.0.0.1:{self.port}"
        if uri != self.address:
            return b"ICAP/1.0 404 ICAP Service not found\r\n\r\n"
        if method == "OPTIONS":
            return (
                f"ICAP/1.0 200 OK\r\nMethods: {', '.join(self.methods)}\r\nEncapsulated: null-body=0\r\n\r\n".encode()
            )
        assert method in self.methods
        assert "preview" not in headers
        places = dict(each.strip().split("=") for each in headers["encapsulated"].split(","))
        body = {"RESPMOD": "res-body", "REQMOD": "req-body"}[method]
        assert list(places)[-1] == body
        http = said.read(int(places[body]))
        assert http.endswith(b"\r\n\r\n")
        content = b""
        while size := int(said.readline(), 16):
            content += said.read(size)
            assert said.read(2) == b"\r\n"
        assert said.readline() == b"\r\n"
        assert f"Content-Length: {len(content)}".encode() in http
        if len(content) > self.limit:
            return b"ICAP/1.0 413 Request entity too large\r\n\r\n"
        self.seen.append(content)
        if b"virus" not in content:
            return _changed(content) if self.echoes else b"ICAP/1.0 204 Unmodified\r\nISTag: x\r\n\r\n"
        found = "" if self.silent else f"X-Infection-Found: Type=0; Resolution=2; Threat={THREAT};\r\n"
        return _changed(b"<p>blocked</p>", found)


def _changed(content: bytes, more: str = "") -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
    icap = f"ICAP/1.0 200 OK\r\n{more}Encapsulated: res-hdr=0, res-body={len(head)}\r\n\r\n".encode()
    chunk = b"%x\r\n%b\r\n" % (len(content), content) if content else b""
    return icap + head + chunk + b"0\r\n\r\n"


def _headers(said: BufferedReader) -> dict[str, str]:
    found: dict[str, str] = {}
    while line := said.readline().decode().strip():
        name, _, value = line.partition(":")
        found[name.lower()] = value.strip()
    return found
