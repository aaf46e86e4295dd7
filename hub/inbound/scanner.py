"""Scanner: a virus scanner is shown a file, by the address in the setting `scanner`, and says what it found in it.

`clamd://HOST:PORT` and `clamd:///PATH` speak clamd's INSTREAM (clamd(8)), `icap://HOST:PORT/SERVICE` speaks ICAP (RFC
3507): RESPMOD, or REQMOD where the service knows that alone, without preview.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from urllib.parse import SplitResult, urlsplit

from msgspec import Struct

from hub.errors import Unavailable

SECONDS = 30.0
"""That one file may take."""
_PIECE = 65_536
_LINE = 8_192
_ICAP_PORT = 1344
_NAMES = ("x-infection-found", "x-virus-id", "x-virus-name", "x-violations-found")
"""What services say of a find, beside RFC 3507 (draft-stecher-icap-subid)."""
_MOST_NAME = _MOST_HEADERS = 100
_OK, _UNMODIFIED = 200, 204


class NotScanned(Unavailable):
    """Nobody can tell whether there is anything in it. The sentence is for IT."""


class OutOfReach(NotScanned):
    """The scanner can't be asked at all: no other file will fare better."""


class _Said(Struct, frozen=True):
    """An answer by ICAP. `kept`: the content that came back, or None."""

    status: int
    headers: Mapping[str, str]
    kept: bytes | None = None


async def scan(address: str, content: bytes) -> str | None:
    """What it found, by the scanner's own name; None: nothing. Raises NotScanned."""
    where = urlsplit(address)
    ask = _ask_clamd if where.scheme == "clamd" else _ask_icap
    try:
        async with asyncio.timeout(SECONDS):
            return await ask(where, content)
    except TimeoutError as error:
        raise NotScanned("The virus scanner doesn't answer within {seconds} s.", seconds=int(SECONDS)) from error
    except (OSError, EOFError) as error:
        raise NotScanned(
            "The virus scanner ends the conversation and has said nothing: perhaps it doesn't take {size} bytes.",
            size=len(content),
        ) from error
    except (ValueError, asyncio.LimitOverrunError) as error:
        raise NotScanned("What the virus scanner says can't be understood: {why}", why=error) from error


async def _ask_clamd(where: SplitResult, content: bytes) -> str | None:
    async with _connected(where, 0) as (reader, writer):
        pieces = [content[start : start + _PIECE] for start in range(0, len(content), _PIECE)]
        said = [b"zINSTREAM\0", *(len(each).to_bytes(4) + each for each in pieces), (0).to_bytes(4)]
        async with _saying(writer, said):
            answer = (await reader.readuntil(b"\0")).rstrip(b"\0").decode("utf-8", "replace").strip()
    if answer.endswith(" FOUND"):
        return _name(answer.removesuffix(" FOUND").partition(": ")[2])
    if answer.endswith(": OK"):
        return None
    raise NotScanned("The virus scanner says: {answer}", answer=answer[:_MOST_NAME])  # as of a file that is too large


async def _ask_icap(where: SplitResult, content: bytes) -> str | None:
    """As the answer of a server that somebody fetched it from, or as what somebody uploads."""
    options = await _icap(where, [_head("OPTIONS", where, "Encapsulated: null-body=0")])
    if options.status != _OK:
        raise NotScanned("The virus scanner has no such service: it answers {status}.", status=options.status)
    methods = [each.strip().upper() for each in options.headers.get("methods", "").split(",")]
    uploads = "REQMOD" in methods and "RESPMOD" not in methods
    said = await _icap(where, _modify(where, content, uploads=uploads), len(content))
    found = next((said.headers[name] for name in _NAMES if name in said.headers), None)
    if found is not None:
        return _name(_threat(found))
    if said.status == _UNMODIFIED or (said.status == _OK and said.kept == content):
        return None
    if said.status == _OK:  # it sends something else in its place, and doesn't say why
        return _name("")
    raise NotScanned("The virus scanner answers {status}.", status=said.status)


def _modify(where: SplitResult, content: bytes, *, uploads: bool) -> list[bytes]:
    asked = b"POST /file HTTP/1.1\r\n" if uploads else b"GET /file HTTP/1.1\r\n"
    size = b"Content-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n" % len(content)
    if uploads:
        heads = asked + b"Host: torg\r\n" + size
        places = f"req-hdr=0, req-body={len(heads)}"
    else:
        request = asked + b"Host: torg\r\n\r\n"
        heads = request + b"HTTP/1.1 200 OK\r\n" + size
        places = f"req-hdr=0, res-hdr={len(request)}, res-body={len(heads)}"
    method = "REQMOD" if uploads else "RESPMOD"
    pieces = [content[start : start + _PIECE] for start in range(0, len(content), _PIECE)]
    chunks = [b"%x\r\n%b\r\n" % (len(each), each) for each in pieces]
    return [_head(method, where, f"Allow: 204\r\nEncapsulated: {places}") + heads, *chunks, b"0\r\n\r\n"]


def _head(method: str, where: SplitResult, more: str) -> bytes:
    service = f"{where.path}?{where.query}" if where.query else where.path
    lines = (
        f"{method} icap://{where.netloc}{service} ICAP/1.0", f"Host: {where.netloc}", "User-Agent: Torg",
        "Connection: close", more,
    )  # fmt: skip
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


async def _icap(where: SplitResult, said: list[bytes], size: int = 0) -> _Said:
    """`size`: of what is sent: more of what comes back isn't it, and is left unread."""
    async with _connected(where, _ICAP_PORT) as (reader, writer), _saying(writer, said):
        return await _icap_answer(reader, size)


async def _icap_answer(reader: asyncio.StreamReader, size: int) -> _Said:
    first, headers = await _headers(reader)
    version, _, rest = first.partition(" ")
    if not version.startswith("ICAP/"):
        raise ValueError(f"{first[:40]!r} is no answer by ICAP")
    said = _Said(int(rest[:3]), headers)
    places = [each.strip().partition("=") for each in headers.get("encapsulated", "").split(",") if "=" in each]
    if said.status != _OK or not places or not places[-1][0].endswith("-body") or places[-1][0] == "null-body":
        return said
    await reader.readexactly(min(int(places[-1][2]), _PIECE))
    return _Said(said.status, headers, await _chunks(reader, size))


async def _headers(reader: asyncio.StreamReader) -> tuple[str, Mapping[str, str]]:
    first = (await reader.readuntil(b"\r\n")).decode("latin-1").strip()
    headers: dict[str, str] = {}
    while line := (await reader.readuntil(b"\r\n")).decode("latin-1").strip():
        if len(headers) > _MOST_HEADERS:
            raise ValueError("there is no end to its headers")
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return first, headers


async def _chunks(reader: asyncio.StreamReader, most: int) -> bytes:
    found = bytearray()
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        if len(found) + size > most:
            return b""
        found += await reader.readexactly(size)
        await reader.readexactly(2)
    return bytes(found)


def _threat(said: str) -> str:
    """`Type=0; Resolution=2; Threat=NAME;`, or the name alone."""
    parts = dict(each.strip().partition("=")[::2] for each in said.split(";"))
    return parts.get("Threat", said)


def _name(said: str) -> str:
    """Short, on a line, and nothing in it that could be taken for more."""
    return "".join(each for each in said if each.isprintable())[:_MOST_NAME].strip() or "unnamed"


@asynccontextmanager
async def _connected(where: SplitResult, port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    try:
        if where.netloc:
            streams = await asyncio.open_connection(where.hostname, where.port or port, limit=_LINE)
        else:
            streams = await asyncio.open_unix_connection(where.path, limit=_LINE)
    except OSError as error:
        why = error.strerror or str(error)
        raise OutOfReach("The virus scanner can't be reached: {why}.", why=why) from error
    try:
        yield streams
    finally:
        streams[1].transport.abort()  # what it didn't want to hear isn't said to the end
        with suppress(OSError):
            await streams[1].wait_closed()


@asynccontextmanager
async def _saying(writer: asyncio.StreamWriter, said: list[bytes]) -> AsyncIterator[None]:
    """Beside reading: a scanner may answer, and end, before it has heard all."""

    async def say() -> None:
        with suppress(OSError):  # what it said first is what counts
            for each in said:
                writer.write(each)
                await writer.drain()

    saying = asyncio.create_task(say())
    try:
        yield
    finally:
        saying.cancel()
        with suppress(asyncio.CancelledError):
            await saying
