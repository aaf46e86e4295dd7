"""A client that asks one address over and over: `python -m tests.bench.load URL COOKIE CLIENTS SECONDS` -> JSON.

A process of its own, so that its work isn't the server's; the answers are read and thrown away.
"""

import asyncio
import json
import statistics
import sys
import time
from urllib.parse import urlsplit


async def main(url: str, cookie: str, clients: int, seconds: float) -> None:
    """Prints requests a second, p50 and p99 in ms, and how many answers weren't 200."""
    where = urlsplit(url)
    path = where.path + (f"?{where.query}" if where.query else "")
    asked = f"GET {path} HTTP/1.1\r\nHost: {where.netloc}\r\nCookie: {cookie}\r\n\r\n".encode()
    taken: list[float] = []
    wrong = [0]
    begun = time.perf_counter()
    await asyncio.gather(
        *(_client(where.hostname, where.port, asked, begun + seconds, taken, wrong) for _ in range(clients))
    )
    spent = time.perf_counter() - begun
    centiles = statistics.quantiles(taken, n=100)
    found = {
        "per_second": len(taken) / spent,
        "p50": 1000 * centiles[49],
        "p99": 1000 * centiles[98],
        "wrong": wrong[0],
    }
    sys.stdout.write(json.dumps(found))


async def _client(
    host: str | None, port: int | None, asked: bytes, end: float, taken: list[float], wrong: list[int]
) -> None:
    reader, writer = await asyncio.open_connection(host, port, limit=2**20)
    while (before := time.perf_counter()) < end:
        writer.write(asked)
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        length = next(int(line[15:]) for line in lines if line.startswith(b"content-length:"))
        await reader.readexactly(length)
        wrong[0] += not head.startswith(b"HTTP/1.1 200")
        taken.append(time.perf_counter() - before)
    writer.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])))
