"""A lookup's way out (attack A04): it reads what is listed, and else nothing leaves, do the other side as it will."""

import asyncio
import gzip
import logging
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from hub.contract import Answer, Http, LookupTools, Misconfigured, Unreachable
from hub.contract.steps import Steps
from hub.lookups.open import SourceTools
from hub.lookups.request import Allowed
from hub.plugin_host import address
from hub.plugin_host.http import Forbidden, Gate
from tests.connectors.smtp.certificates import server_context
from tests.connectors.tools import free_port
from tests.lookups.far_side import FarSide, far_side

ANNA = "19121212-1212"
ACTION = "urn:cases/GetCase"
SOAP = '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>{}</e:Body></e:Envelope>'
GET_CASE = SOAP.format("<GetCase xmlns='urn:cases'><number>17</number></GetCase>").encode()
SAVE_CASE = SOAP.format("<SaveCase xmlns='urn:cases'/>").encode()
PATHS = (r"/read/[^/]+", r"/read", "")
POSTS = ((r"/search", ""), (r"/cases", ACTION), (r"/loose/.*", ""))
Asking = Callable[[Gate, FarSide], Awaitable[object]]


def gate_to(url: str, **settings: Any) -> Gate:
    return Gate(url, Allowed(PATHS, POSTS), **{"seconds": 60, "most_bytes": 100_000, **settings})


def asked(asking: Asking, path: str = "", **settings: Any) -> tuple[FarSide, object]:
    async def ask() -> tuple[FarSide, object]:
        async with far_side() as side:
            gate = gate_to(side.url + path, **settings)
            try:
                return side, await asking(gate, side)
            finally:
                await gate.close()

    return asyncio.run(ask())


def get(path: str, **what: Any) -> Asking:
    return lambda gate, _: gate.request("GET", path, **what)


def post(path: str, content: Any = b"", query: Any = None, **headers: Any) -> Asking:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda gate, _: gate.request("POST", path, content=content, headers=named, query=query or {})


def other(method: Any, path: str = "/read/17", content: Any = b"") -> Asking:
    return lambda gate, _: gate.request(method, path, content=content)


def with_header(name: str, value: str = "DELETE") -> Asking:
    return lambda gate, _: gate.request("GET", "/read/17", headers={name: value})


def posting_with(name: str, value: str = "DELETE") -> Asking:
    return lambda gate, _: gate.request("POST", "/search", headers={name: value})


def soap(body: str | bytes, action: str = ACTION, kind: str = "text/xml; charset=utf-8") -> Asking:
    content = body.encode() if isinstance(body, str) else body
    return lambda gate, _: gate.request(
        "POST", "/cases", content=content, headers={"SOAPAction": action, "Content-Type": kind}
    )


class TwoFaced(str):
    """GET when it is looked at, DELETE when it is sent."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return hash("GET")


class SecondThoughts(dict[str, str]):
    """Says nothing the first time it is read."""

    def items(self) -> Any:
        self.reads = getattr(self, "reads", 0) + 1
        return super().items() if self.reads > 1 else {}.items()


async def later_listed(gate: Gate, _: FarSide) -> object:
    """Its own list, after it was opened."""
    paths = list(PATHS)
    mine = Gate("http://127.0.0.1:9", Allowed(paths, POSTS), seconds=1, most_bytes=1)
    paths.append("/write")
    with pytest.raises(Forbidden):
        await mine.request("GET", "/write")
    return await gate.request("GET", "/write")


async def changed_gate(gate: Gate, _: FarSide) -> object:
    with pytest.raises(AttributeError):
        gate.allowed_paths = (".*",)  # type: ignore[attr-defined]  # there is none
    return await gate.request("DELETE", "/read/17")


WRITES: Mapping[str, Asking] = {
    # methods
    **{method: other(method) for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "MKCOL")},
    **{method: other(method) for method in ("MOVE", "PROPPATCH", "LOCK", "get", "Get", "", "GET ", "DELETE\tGET")},
    "a method with a line of its own": other("GET /read/17 HTTP/1.1\r\nX: y\r\n\r\nDELETE"),
    "a method that says GET and is another": other(TwoFaced("DELETE")),
    "a method in bytes": other(b"GET"),
    "no method": other(None),
    # paths
    "a path that isn't listed": get("/write"),
    "more than the pattern": get("/read/17/delete"),
    "less than the pattern": get("/rea"),
    "before the pattern": get("/write/read/17"),
    "a listed post, read": get("/search"),
    "up": get("/read/../write"),
    "up at the end": get("/read/.."),
    "here": get("/read/."),
    "up, encoded": get("/read/%2e%2e"),
    "up, encoded twice": get("/read/%252e%252e%252fwrite"),
    "a slash, encoded": get("/read/..%2fwrite"),
    "up with a parameter": get("/read/..;x"),
    "a parameter": get("/read/17;write"),
    "a backslash": get("/read/..\\write"),
    "two slashes": get("//read/17"),
    "two slashes within": get("/read//write"),
    "full width": get("/read/\uff0e\uff0e\uff0fwrite"),
    "a one-dot leader": get("/read/\u2024\u2024"),
    "a query in the path": get("/read/17?_method=DELETE"),
    "a fragment": get("/read/17#/write"),
    "a line": get("/read/17 HTTP/1.1\r\nX: y\r\n\r\nDELETE /write"),
    "a line feed at the end": get("/read/17\n"),
    "nought": get("/read/17\0"),
    "a line separator": get("/read/17\u2028write"),
    "half a letter": get("/read/\ud800"),
    "a whole address": get("http://169.254.169.254/latest"),
    "an address without scheme": get("//127.0.0.1/read"),
    "log-in before the host": get("@127.0.0.1/read"),
    "another port": get(":9/read/17"),
    "no slash": get("read/17"),
    "a path in bytes": get(b"/read/17"),  # type: ignore[arg-type]  # no text
    "a path of its own class": get(TwoFaced("/write")),
    # headers
    **{
        f"header {name}": with_header(name)
        for name in (
            "X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "x_http_method_override", "X.HTTP.Method",
            "X-Original-Method", "X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Host", "X-Forwarded-Prefix",
            "Forwarded", "Host", "host", "Content-Length", "Content_Length", "Transfer-Encoding", "Transfer_Encoding",
            "Connection", "Upgrade", "Expect", "TE", "Trailer", "Keep-Alive", "Proxy-Authorization", "HTTP2-Settings",
            "Destination", "Content-Encoding", "Accept-Encoding", "X-A\r\nDELETE", "X A", "", "X:Y", "X-Å", "X-A\0",
        )
    },
    "a header with lines": with_header("X-A", "a\r\n\r\nDELETE /write HTTP/1.1\r\nHost: x"),
    "a header with a line feed": with_header("X-A", "a\nContent-Length: 0"),
    "a header with a return": with_header("X-A", "a\rb"),
    "a header with nought": with_header("X-A", "a\0"),
    "a header with spaces around": with_header("X-A", " a"),
    "a header beyond ASCII": with_header("X-A", "\u0120\u0a0d"),
    "a header twice": lambda gate, _: gate.request("GET", "/read/17", headers={"A": "1", "a": "2"}),
    "a header in bytes": with_header("A", b"x"),  # type: ignore[arg-type]  # no text
    "an override while posting": posting_with("X-HTTP-Method-Override", "PUT"),
    "an action while reading": with_header("SOAPAction", "urn:cases/SaveCase"),
    # content
    "content while reading": lambda gate, _: gate.request("GET", "/read/17", content=b"DELETE /write HTTP/1.1\r\n\r\n"),
    "content with HEAD": lambda gate, _: gate.request("HEAD", "/read/17", content=b"x"),
    "a buffer": post("/search", bytearray(b"x")),
    "text": post("/search", "x"),
    # what POST may be
    "post beside": post("/write"),
    "post to a path to read": post("/read/17", b"x"),
    "post below": post("/search/more"),
    "post with an action to one without": post("/search", b"", SOAPAction=ACTION),
    "post without the action": post("/cases", GET_CASE),
    "post with an empty action": post("/cases", GET_CASE, SOAPAction='""'),
    "another action": soap(SAVE_CASE, "urn:cases/SaveCase"),
    "an action with more": soap(GET_CASE, ACTION + "s"),
    "two actions": soap(GET_CASE, f'{ACTION}", "urn:cases/SaveCase'),
    "an action with half its quotes": soap(GET_CASE, f'"{ACTION}'),
    "an action in another case": soap(GET_CASE, ACTION.upper()),
    "override in the query": post("/search", query={"_method": "DELETE"}),
    "override in the query, as others spell it": post("/search", query={"X-HTTP-Method-Override": ["DELETE"]}),
    "override in the query of a read": get("/read/17", query={"_method": "DELETE"}),
    "override in a form": post("/search", b"a=1&_method=DELETE"),
    "override in a form, encoded": post("/search", b"a=1&%5fmethod=DELETE"),
    "override in a form, with a point": post("/search", b".method=DELETE"),
    "override in JSON": post("/search", b'{"_method" : "DELETE"}'),
    "override in parts": post("/search", b"--x", Content_Type="multipart/form-data; boundary=x"),
    "override below a path with slashes": post("/loose/a/b/../../write"),
    "an action in the media type": post("/search", SAVE_CASE, Content_Type='application/soap+xml; action="SaveCase"'),
    # what a SOAP message says
    "another operation in the body": soap(SAVE_CASE),
    "two operations": soap(SOAP.format("<GetCase/><SaveCase/>")),
    "two bodies": soap(GET_CASE.replace(b"</e:Envelope>", b"<e:Body><SaveCase/></e:Body></e:Envelope>")),
    "no operation": soap(SOAP.format("")),
    "no body": soap("<Envelope/>"),
    "no envelope": soap("<GetCase/>"),
    "a wrapped envelope": soap(b"<SaveCase>" + GET_CASE + b"</SaveCase>"),
    "something beside the body": soap(GET_CASE.replace(b"<e:Body>", b"<SaveCase/><e:Body>")),
    "an action in the message's head": soap(
        GET_CASE.replace(b"<e:Body>", b"<e:Header><Action>urn:cases/SaveCase</Action></e:Header><e:Body>")
    ),
    "an entity": soap(b"<!DOCTYPE x [<!ENTITY e '<SaveCase/>'>]>" + SOAP.format("&e;").encode()),
    "another encoding": soap(GET_CASE.decode().encode("utf-16")),
    "another encoding, unsaid": soap(GET_CASE.decode().encode("utf-16-le")),
    "another encoding, said": soap(b"<?xml version='1.0' encoding='UTF-7'?>" + GET_CASE),
    "another encoding in the media type": soap(GET_CASE, kind="text/xml; charset=utf-7"),
    "packed": soap(gzip.compress(SAVE_CASE)),
    "no XML": soap(b"SaveCase"),
    # the query
    "a number in the query": get("/read/17", query={"of": 17}),
    "nothing in the query": get("/read/17", query={"of": None}),
    "half a letter in the query": get("/read/17", query={"of": "\udc0d\udc0a"}),
    # round about
    "a list made longer": later_listed,
    "a gate made wider": changed_gate,
    "headers that come later": lambda gate, _: gate.request("PUT", "/read/17", headers=SecondThoughts(Host="x")),
}  # fmt: skip


def test_an_adapter_that_tries_to_write_by_every_way_it_can_think_of_gets_nothing_through() -> None:
    assert len(WRITES) > 100

    async def try_all(gate: Gate, side: FarSide) -> list[str]:
        through = []
        for way, asking in WRITES.items():
            try:
                await asking(gate, side)
            except Forbidden as error:
                if not any(word in str(error) for word in ("17", "DELETE", "/write", "SaveCase")):
                    continue
            through.append(way)
        return through

    side, through = asked(try_all)
    assert through == []
    assert (side.ledger, side.connections) == ([], 0)


def test_headers_are_read_once() -> None:
    side, _ = asked(lambda gate, _: gate.request("GET", "/read/17", headers=SecondThoughts({"X-HTTP-Method": "PUT"})))
    assert b"Method" not in side.ledger[0]
    assert b"method" not in side.ledger[0]


def test_what_is_listed_arrives_as_it_was_asked() -> None:
    query = {"of": [ANNA, "a&b=c"], "år": "2026\r\n"}
    asking = get("/read/Åvägen 2:1 + b", query=query, headers={"Authorization": "Bearer x", "Accept": "text/xml"})
    side, answer = asked(asking, "/api/v1/")
    (came,) = side.ledger
    lines = came.decode().split("\r\n")
    assert lines[0] == (
        "GET /api/v1/read/%C3%85v%C3%A4gen%202:1%20+%20b?of=19121212-1212&of=a%26b%3Dc&%C3%A5r=2026%0D%0A HTTP/1.1"
    )
    fields = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
    assert fields == {
        "host": f"127.0.0.1:{side.port}", "user-agent": "torg", "accept": "text/xml", "authorization": "bearer x",
        "accept-encoding": "gzip",
    }  # fmt: skip
    assert answer == Answer(200, {"x-of": "economy"}, b"answer")


@pytest.mark.parametrize(
    ("base", "path", "arrives"),
    [("", "", "/"), ("/", "", "/"), ("/svc", "", "/svc"), ("/svc/", "", "/svc/"), ("/a%20b", "/read", "/a%20b/read")],
)
def test_the_path_follows_the_base_url(base: str, path: str, arrives: str) -> None:
    side, _ = asked(get(path), base)
    assert side.ledger[0].startswith(f"GET {arrives} HTTP/1.1\r\n".encode())


def test_decomposed_letters_are_composed() -> None:
    side, _ = asked(get("/read/A\u030a"))
    assert side.ledger[0].startswith(b"GET /read/%C3%85 ")


@pytest.mark.parametrize("action", [ACTION, f'"{ACTION}"'])
def test_a_listed_post_goes_through_with_its_action(action: str) -> None:
    side, _ = asked(soap(b"\xef\xbb\xbf<?xml version='1.0' encoding='UTF-8'?>" + GET_CASE, action))
    head, _, content = side.ledger[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /cases HTTP/1.1\r\n")
    assert content.endswith(GET_CASE)


@pytest.mark.parametrize("content", [b"", b"searchText=x&method=any", b'{"payment_method": "card", "method": 1}'])
def test_a_listed_post_without_an_action_goes_through(content: bytes) -> None:
    side, _ = asked(post("/search", content, query={"searchText": "Å 2"}))
    head, _, came = side.ledger[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /search?searchText=%C3%85%202 HTTP/1.1\r\n")
    assert f"content-length: {len(content)}".encode() in head.lower()
    assert came == content


def test_a_connection_serves_several_questions_and_keeps_no_cookie() -> None:
    async def twice(gate: Gate, _: FarSide) -> None:
        await gate.request("GET", "/read/cookie")
        await gate.request("HEAD", "/read/17")

    side, _ = asked(twice)
    assert (len(side.ledger), side.connections) == (2, 1)
    assert b"cookie:" not in side.ledger[1].lower()


def test_a_packed_answer_is_unpacked() -> None:
    _, answer = asked(get("/read/gzip"))
    assert answer == Answer(200, {}, b"answer")


def test_the_adapter_decides_about_5xx() -> None:
    _, answer = asked(get("/read/broken"))
    assert answer == Answer(500, {}, b"sorry")


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("hang", "127.0.0.1 gave no whole answer within 1 seconds."),
        ("slow", "127.0.0.1 gave no whole answer within 1 seconds."),
        ("endless_hints", "127.0.0.1 gave no whole answer within 1 seconds."),
        ("endless", "127.0.0.1 answers with more than 100,000 bytes."),
        ("bomb", "127.0.0.1 answers with more than 100,000 bytes."),
        ("endless_head", "127.0.0.1 hung up, or answers in no HTTP."),
        ("no_http", "127.0.0.1 hung up, or answers in no HTTP."),
        ("nothing", "127.0.0.1 hung up, or answers in no HTTP."),
        ("cut", "127.0.0.1 hung up, or answers in no HTTP."),
        ("cut_gzip", "127.0.0.1 answers with what can't be unpacked."),
        ("no_gzip", "127.0.0.1 answers with what can't be unpacked."),
        ("two_gzips", "127.0.0.1 answers with what can't be unpacked."),
        ("brotli", "127.0.0.1 packs its answer in a way that wasn't asked for."),
        ("elsewhere", "127.0.0.1 sends us elsewhere (302): set base_url to where it is now."),
        ("same", "127.0.0.1 sends us elsewhere (304): set base_url to where it is now."),
    ],
)
def test_a_source_that_misbehaves_is_unreachable(path: str, says: str, caplog: pytest.LogCaptureFixture) -> None:
    seen: list[FarSide] = []

    async def ask(gate: Gate, side: FarSide) -> object:
        seen.append(side)
        return await gate.request("GET", f"/read/{path}", query={"of": ANNA})

    patience = 1 if "1 seconds" in says else 60
    with caplog.at_level(logging.DEBUG), pytest.raises(Unreachable) as wrong:
        asked(ask, seconds=patience)
    assert str(wrong.value) == says
    assert len(seen[0].ledger) == 1, "asked once, and no redirect followed"
    assert ANNA not in caplog.text + logging.Formatter().formatException((Unreachable, wrong.value, wrong.tb))


def test_nothing_of_a_question_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        asked(get("/read/cookie", query={"of": ANNA}, headers={"X-Person": ANNA}))
        asked(post("/search", ANNA.encode()))
    assert ANNA not in caplog.text


def test_nobody_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(Unreachable) as wrong:
            asyncio.run(gate_to(f"http://127.0.0.1:{port}").request("GET", "/read/17"))
    assert str(wrong.value) == f"127.0.0.1 port {port}: Connection refused."


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    side, _ = asked(get("/read/17"))
    assert len(side.ledger) == 1


# The name


class Names:
    """DNS that answers from a list, the last one for ever, and counts."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[object] = []

    def __call__(self, host: object, port: int, *_: object, **__: object) -> list[Any]:
        self.asked.append(host)
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in found]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Names]:
    def answer(*answers: list[str]) -> Names:
        made = Names(*answers)
        monkeypatch.setattr(socket, "getaddrinfo", made)
        return made

    return answer


def test_the_connection_goes_to_the_address_that_was_checked(names: Callable[..., Names]) -> None:
    """DNS rebinding: the second answer, for whoever asks again, is the metadata service."""
    dns = names(["127.0.0.1"], ["169.254.169.254"])

    async def twice(_: Gate, side: FarSide) -> None:
        gate = gate_to(f"http://localhost:{side.port}")
        await gate.request("GET", "/read/17")
        assert dns.asked == ["localhost"]
        with pytest.raises(Unreachable, match=r"^localhost is at an address that Torg doesn't go to\.$"):
            await gate.request("GET", "/read/17")
        await gate.close()

    side, _ = asked(twice)
    assert len(side.ledger) == 1
    assert f"\r\nhost: localhost:{side.port}\r\n".encode() in side.ledger[0].lower()


def test_of_several_addresses_the_next_one_is_tried(names: Callable[..., Names]) -> None:
    names(["169.254.169.254", "::1", "127.0.0.1"])

    async def ask(_: Gate, side: FarSide) -> None:
        gate = gate_to(f"http://localhost:{side.port}")
        await gate.request("GET", "/read/17")
        await gate.close()

    side, _ = asked(ask)
    assert len(side.ledger) == 1


@pytest.mark.parametrize(
    "found",
    [
        "127.0.0.1", "127.9.9.9", "::1", "0.1.2.3", "::", "169.254.169.254", "169.254.0.1", "fe80::1", "fe80::1%1",
        "0.0.0.0",  # noqa: S104 - an address to refuse
        "febf::1", "224.0.0.1", "239.255.255.250", "ff02::1", "255.255.255.255", "240.0.0.1", "100.64.0.1",
        "100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "::ffff:127.0.0.1",
        "::ffff:169.254.169.254", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::", "2002:a9fe:a9fe::1",
    ],
)  # fmt: skip
def test_a_name_may_not_lead_here_or_to_the_metadata(found: str, names: Callable[..., Names]) -> None:
    names([found])
    with pytest.raises(Unreachable, match="an address that Torg doesn't go to"):
        asyncio.run(gate_to("https://economy.example").request("GET", "/read/17"))


@pytest.mark.parametrize(
    "found", ["10.0.0.1", "172.16.1.1", "192.168.1.1", "fd12::1", "193.10.1.1", "2a00::1", "64:ff9b::808:808"]
)
def test_municipal_systems_and_the_internet_may_be_asked(found: str, names: Callable[..., Names]) -> None:
    names([found])
    assert asyncio.run(address.resolve("economy.example", 443)) == [ip_address(found)]


@pytest.mark.parametrize(
    "url",
    [
        "https://169.254.169.254", "https://[fe80::1]", "https://[::ffff:127.0.0.1]", "https://2852039166",
        "https://0xa9fea9fe", "https://127.1", "https://2130706433", "https://0", "https://localhost.", "https://[::]",
    ],
)  # fmt: skip
def test_addresses_written_oddly_are_what_they_are(url: str) -> None:
    with pytest.raises((Unreachable, Misconfigured)) as wrong:
        asyncio.run(gate_to(url).request("GET", "/read/17"))
    assert (
        "doesn't go" in str(wrong.value) or "No address" in str(wrong.value) or "isn't an address" in str(wrong.value)
    )


def test_a_name_is_asked_for_as_dns_has_it(names: Callable[..., Names]) -> None:
    dns = names(["127.0.0.1"])
    with pytest.raises(Unreachable, match=r"^xn--kping-jua\.example is at"):
        asyncio.run(gate_to("https://k\u00f6ping.example").request("GET", "/read/17"))
    assert dns.asked == ["xn--kping-jua.example"]


def test_a_name_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(Unreachable, match=r"^No address is known for economy\.example\.$"):
        asyncio.run(gate_to("https://economy.example").request("GET", "/read/17"))


def test_a_resolver_that_hangs_is_waited_for_as_long_as_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: ended.wait(60))

    async def ask() -> None:
        try:
            await gate_to("https://economy.example", seconds=0.1).request("GET", "/read/17")
        finally:
            ended.set()

    with pytest.raises(Unreachable, match=r"within 0\.1 seconds"):
        asyncio.run(ask())


@pytest.mark.parametrize(
    "url",
    [
        "", "economy.example", "ftp://economy.example", "file:///etc/passwd", "https://", "https:///read",
        "https://a b", "http://economy.example", "http://10.0.0.1", "http://localhost.example",
        "https://anna:secret@economy.example", "https://economy.example/?a=1", "https://economy.example/#a", "https://economy.example/a\\b",
        "https://e.example/\r\n", "https://economy.example/%2e%2e/a", "https://economy.example:99999",
        "https://economy.example:0", "https://-a..b", "unix:///run/docker.sock",
    ],
)  # fmt: skip
def test_a_base_url_that_cannot_be_right(url: str) -> None:
    with pytest.raises(Misconfigured) as wrong:
        gate_to(url)
    assert wrong.value.field == "base_url"
    assert "secret" not in str(wrong.value)


def test_http_to_another_machine_when_the_settings_say_so(names: Callable[..., Names]) -> None:
    names(["127.0.0.1"])
    with pytest.raises(Unreachable, match="doesn't go"):
        asyncio.run(gate_to("http://economy.example", in_the_open=True).request("GET", "/read/17"))


# TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The server's, for the name localhost alone; and a client's that knows who signed it."""
    server, authority = server_context(tmp_path_factory.mktemp("tls"))
    return server, ssl.create_default_context(cafile=authority)


@pytest.mark.parametrize(
    ("host", "known", "says"),
    [
        ("localhost", True, ""),
        ("localhost", False, "its certificate doesn't hold (unable to get local issuer certificate)."),
        (
            "127.0.0.1",
            True,
            "its certificate doesn't hold (IP address mismatch, certificate is not valid for '127.0.0.1').",
        ),
    ],
)
def test_the_certificate_is_of_the_name(
    host: str, known: bool, says: str, certificate: tuple[ssl.SSLContext, ssl.SSLContext], names: Callable[..., Names]
) -> None:
    server, client = certificate
    names(["127.0.0.1"])

    async def ask() -> tuple[FarSide, str]:
        async with far_side(server) as side:
            gate = gate_to(f"https://{host}:{side.port}", tls=client if known else None)
            try:
                await gate.request("GET", "/read/17")
            except Unreachable as error:
                return side, str(error).removeprefix(f"{host} port {side.port}: ")
            finally:
                await gate.close()
            return side, ""

    side, said = asyncio.run(ask())
    assert said == says
    assert len(side.ledger) == (0 if says else 1)


@pytest.mark.parametrize(
    ("host", "told"),
    [
        ("localhost", [("Server localhost found", False), ("Certificate valid", False)]),
        ("127.0.0.1", [("Server 127.0.0.1 found", False), ("Certificate valid", True)]),
    ],
)
def test_a_check_is_told_how_the_first_line_came_about(
    host: str,
    told: list[tuple[str, bool]],
    certificate: tuple[ssl.SSLContext, ssl.SSLContext],
    names: Callable[..., Names],
) -> None:
    server, client = certificate
    names(["127.0.0.1"])
    steps = Steps()

    async def ask() -> None:
        async with far_side(server) as side:
            gate = gate_to(f"https://{host}:{side.port}", tls=client, steps=steps)
            try:
                for _ in range(2):
                    await gate.request("GET", "/read/17")
            finally:
                await gate.close()

    error = None
    try:
        asyncio.run(ask())
    except Unreachable as raised:
        error = raised
    assert [(each.title, each.failed) for each in steps.taken(error)] == told
    assert [bool(each.until) for each in steps.taken(error)] == [False, not told[1][1]]


def test_a_check_is_told_that_nobody_is_there() -> None:
    steps = Steps()
    gate = gate_to(f"http://127.0.0.1:{free_port()}", steps=steps)
    with pytest.raises(Unreachable) as raised:
        asyncio.run(gate.request("GET", "/read/17"))
    assert [(each.title, each.failed) for each in steps.taken(raised.value)] == [("Server 127.0.0.1 found", True)]


def test_a_source_that_wants_our_certificate(tmp_path: Path) -> None:
    """TLS 1.3 says so only when the request is on its way (RFC 8446 4.4.2.4)."""
    server, authority = server_context(tmp_path)
    server.load_verify_locations(authority)
    server.verify_mode = ssl.CERT_REQUIRED

    def refuse(listening: socket.socket) -> None:
        """As OpenSSL does; asyncio's server would hang up without a word."""
        with server.wrap_socket(listening.accept()[0], server_side=True, do_handshake_on_connect=False) as line:
            with pytest.raises(ssl.SSLError):
                line.do_handshake()
            while socket.socket.recv(line, 65_536):  # closed with something unread, the alert would be lost
                pass

    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor(1) as thread:
        there = thread.submit(refuse, listening)
        gate = gate_to(
            f"https://localhost:{listening.getsockname()[1]}", tls=ssl.create_default_context(cafile=authority)
        )
        with pytest.raises(Unreachable, match=r"^localhost ends the encrypted line: "):
            asyncio.run(gate.request("GET", "/read/17"))
        there.result()


@pytest.mark.parametrize("patience", [1.0, 60.0])
def test_a_line_on_which_tls_never_begins_is_hung_up(patience: float) -> None:
    """Out of our own patience, or of the caller's."""

    async def ask(_: Gate, side: FarSide) -> bool:
        gate = gate_to(f"https://127.0.0.1:{side.port}", seconds=patience)
        with pytest.raises((Unreachable, TimeoutError)):
            await asyncio.wait_for(gate.request("GET", "/read/17"), 2)
        async with asyncio.timeout(60):
            while not side.hung_up:  # noqa: ASYNC110 - the side sets no event
                await asyncio.sleep(0.01)
        return (side.connections, side.hung_up) == (1, 1)

    assert asked(ask)[1]


def test_tls_where_there_is_none() -> None:
    async def refuse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def ask() -> None:
        async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
            gate = gate_to(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}")
            await gate.request("GET", "/read/17")

    with pytest.raises(Unreachable, match=r": no encrypted line comes about\.$"):
        asyncio.run(ask())


# The tools


def test_the_tools_of_a_lookup(tmp_path: Path) -> None:
    async def use() -> None:
        async with far_side() as side:
            tools = SourceTools("economy", gate_to(side.url))
            typed: LookupTools = tools
            http: Http = typed.http
            assert (await http.request("GET", "/read/17")).content == b"answer"
            assert await tools.block(tmp_path.exists)
            assert typed.now().tzinfo is not None
            await tools.close()

    asyncio.run(use())


def test_a_lookup_without_an_address_has_no_way_out() -> None:
    with pytest.raises(Forbidden):
        _ = SourceTools("economy").http
