"""Sends the mails of a file over several SMTP connections at once; prints seconds and its own processor time as JSON.

Run as `python -m tests.bench.smtp_client PORT RECIPIENT FILE CONNECTIONS`; FILE holds a MessagePack list of mails.
"""

import asyncio
import json
import resource
import sys
import time
from pathlib import Path

import msgspec

_DOT = b"\r\n.\r\n"


async def _send(port: int, recipient: bytes, mails: list[bytes]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await reader.readuntil(b"\r\n")
    writer.write(b"HELO bench\r\n")
    await reader.readuntil(b"\r\n")
    for mail in mails:
        for command in (b"MAIL FROM:<bench@exempel.example>\r\n", b"RCPT TO:<" + recipient + b">\r\n", b"DATA\r\n"):
            writer.write(command)
            answer = await reader.readuntil(b"\r\n")
            assert answer[:1] in b"23", answer
        writer.write(mail)
        await writer.drain()
        answer = await reader.readuntil(b"\r\n")
        assert answer[:3] == b"250", answer
    writer.write(b"QUIT\r\n")
    writer.close()


async def _main(port: int, recipient: bytes, mails: list[bytes], connections: int) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF)
    started = time.time()
    await asyncio.gather(*(_send(port, recipient, mails[n::connections]) for n in range(connections)))
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({"started": started, "answered": time.time(), "cpu": cpu}))  # noqa: T201 - its result


def _read(file: Path) -> list[bytes]:
    return [
        mail.replace(b"\r\n.", b"\r\n..") + _DOT for mail in msgspec.msgpack.decode(file.read_bytes(), type=list[bytes])
    ]


asyncio.run(_main(int(sys.argv[1]), sys.argv[2].encode(), _read(Path(sys.argv[3])), int(sys.argv[4])))
