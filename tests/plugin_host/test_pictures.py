"""Pictures from elsewhere: fetched from public addresses only. A canary on this machine is never asked, however it is
named; and what isn't a raster picture is none."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from hub.plugin_host import address, pictures

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 20


class Canary(BaseHTTPRequestHandler):
    """Sings when it is asked."""

    hits: list[str] = []  # noqa: RUF012 - one for a test
    answer: tuple[int, dict[str, str], bytes] = (200, {}, PNG)

    def do_GET(self) -> None:
        Canary.hits.append(f"{self.path} {self.headers}")
        status, headers, content = Canary.answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Of the canary. Any port may be asked meanwhile, so that it isn't the port that saves us."""
    Canary.hits, Canary.answer = [], (200, {}, PNG)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Canary)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    every: set[int | None] = {None, *range(1, 65_536)}
    monkeypatch.setattr(pictures, "PORTS", {"http": every, "https": every})
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Every name leads to this address; each time it is asked."""

    def lead(to: str) -> None:
        def found(host: str, at: int, *_: object, **__: object) -> list[Any]:
            del host
            family = socket.AF_INET6 if ":" in to else socket.AF_INET
            return [(family, socket.SOCK_STREAM, 6, "", (to, at, 0, 0) if ":" in to else (to, at))]

        monkeypatch.setattr(socket, "getaddrinfo", found)

    return lead


def fetch(*addresses: str) -> dict[int, pictures.Picture]:
    return asyncio.run(pictures.fetch(addresses))


HOSTS = (
    "127.0.0.1", "localhost", "LOCALHOST", "localhost.", "127.1", "127.0.1", "127.9.9.9", "0.0.0.0", "0", "0x7f000001",  # noqa: S104 - addresses to refuse
    "0x7f.0.0.1", "2130706433", "017700000001", "0177.0.0.1", "127.0.0.1.", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fe80::1]",
    "[fe80::1%25lo]", "[fd00::1]", "[fc00::1]", "[ff02::1]", "[2001:db8::1]", "[fd00:ec2::254]", "[100::1]",
    "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1", "169.254.169.254", "100.64.0.1", "100.100.100.200",
    "168.63.129.16", "192.0.0.192", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1",
    "240.0.0.1", "255.255.255.255", "2852039166", "0xa9fea9fe", "①②⑦.0.0.1", "127。0。0。1", "ⓛocalhost",
)  # fmt: skip
SHAPES = (
    "http://user@127.0.0.1:{port}/x", "http://example.org@127.0.0.1:{port}/x", "http://127.0.0.1:{port}#@example.org/",
    "http://127.0.0.1:{port}\\@example.org/", "http:127.0.0.1:{port}/x", "http:///127.0.0.1:{port}/x",
    "//127.0.0.1:{port}/x", "file:///etc/passwd", "ftp://127.0.0.1:{port}/x", "gopher://127.0.0.1:{port}/x",
    "data:image/png;base64,eA==", "javascript:alert(1)", "http://", "", "http://127.0.0.1:{port}/\r\nX: y",
    "http://127.0.0.1:99999/x", "http://%31%32%37.0.0.1:{port}/x", "http://[127.0.0.1]:{port}/x",
)  # fmt: skip


def test_nothing_inside_is_asked_however_it_is_named(port: int) -> None:
    urls = [f"http://{host}:{port}/x.png" for host in HOSTS] + [each.format(port=port) for each in SHAPES]
    assert len(urls) >= 60
    for begin in range(0, len(urls), pictures.MOST):
        assert fetch(*urls[begin : begin + pictures.MOST]) == {}
    assert Canary.hits == []


@pytest.mark.parametrize(
    "to",
    [
        "127.0.0.1",
        "::1",
        "10.0.0.5",
        "192.168.1.1",
        "169.254.169.254",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "fd12::1",
    ],
)
def test_a_name_may_lead_nowhere_inside(port: int, names: Callable[[str], None], to: str) -> None:
    """As nip.io's do, and a server's that answers otherwise the second time."""
    names(to)
    assert fetch(f"http://127.0.0.1.nip.example:{port}/x", f"http://pictures.example:{port}/x") == {}
    assert Canary.hits == []


def test_other_ports_are_not_looked_at() -> None:
    assert fetch("http://93.184.215.14:22/x", "https://93.184.215.14:8443/x") == {}


@pytest.fixture
def let_in(monkeypatch: pytest.MonkeyPatch, names: Callable[[str], None]) -> None:
    """The canary, as if it were somewhere on the internet."""
    names("127.0.0.1")
    monkeypatch.setattr(address, "_is_allowed", lambda *_, **__: True)
    monkeypatch.setattr(address, "_is_private", lambda _: False)


@pytest.mark.usefixtures("let_in")
def test_a_picture_is_fetched_by_nobody(port: int) -> None:
    found = fetch(f"http://post.example:{port}/a%20b/x.png?u=17&v=%2F", f"http://post.example:{port}/y")
    assert [each.media_type for each in found.values()] == ["image/png", "image/png"]
    (asked,) = [each for each in Canary.hits if each.startswith("/a")]
    assert asked.startswith("/a%20b/x.png?u=17&v=%2F ")
    assert not any(word in asked.lower() for word in ("cookie", "referer", "authorization", "forwarded"))


@pytest.mark.usefixtures("let_in")
@pytest.mark.parametrize(
    "answer",
    [
        (200, {"Content-Type": "image/svg+xml"}, b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        (200, {"Content-Type": "image/png"}, b"<html><script>alert(1)</script>"),
        (200, {"Content-Type": "image/png"}, b""),
        (404, {}, PNG),
        (302, {"Location": "http://127.0.0.1/"}, PNG),
        (200, {}, PNG + b"x" * pictures.MOST_BYTES),
    ],
)
def test_what_is_no_picture_is_not_shown(port: int, answer: tuple[int, dict[str, str], bytes]) -> None:
    Canary.answer = answer
    assert fetch(f"http://post.example:{port}/x") == {}
