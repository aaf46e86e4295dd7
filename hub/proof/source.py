"""The mail source: numbered mails over several SMTP connections, each sent until it is answered 250.

What was not answered is sent again with the identical bytes and envelope, as a mail server does. The ledger has a JSON
line for each attempt and its answer.
"""

import asyncio
import hashlib
import json
import random
import threading
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path

import aiosmtplib
from msgspec import Struct

CONNECTIONS = 8
AGAIN = 0.03
"""Seconds before a mail that wasn't taken is tried again."""
_ANSWER_SECONDS = 30.0
_LARGE_EVERY, _LARGE = 97, 70_000
"""One mail in so many, and the bytes it brings: its raw event and its attachment are blobs then."""
_CITIZENS = 40
_WORDS = (
    *("sopor", "hämtas", "lampan", "trasig", "bygglov", "väntar"),
    *("avgift", "faktura", "skolskjuts", "parkering", "vatten", "tack"),
)


class Mail(Struct, frozen=True):
    """`word` stands in this mail alone: search must find it, once."""

    number: int
    word: str
    sender: str
    recipient: str
    body: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()


def mails(rng: random.Random, count: int, recipients: Sequence[str]) -> list[Mail]:
    """Small ones, a third of them answers to an earlier one of the same citizen; one in 97 with a large attachment."""
    run = f"{rng.randrange(16**6):06x}"
    made: list[Mail] = []
    newest: dict[str, str] = {}
    for number in range(count):
        recipient = rng.choice(recipients)
        sender = f"invanare{rng.randrange(_CITIZENS)}@example.se"
        message_id = f"<{run}.{number}@example.se>"
        word = f"q{run}x{number:06d}"
        head = [
            f"From: Invånare <{sender}>",
            f"To: <{recipient}>",
            f"Subject: Fråga {number}",
            f"Message-ID: {message_id}",
            "MIME-Version: 1.0",
        ]
        asked = newest.get(sender + recipient)
        if asked and rng.random() < 1 / 3:
            head += [f"In-Reply-To: {asked}", f"References: {asked}"]
        newest[sender + recipient] = message_id
        text = f"Hej, {' '.join(rng.choices(_WORDS, k=12))}. {word}"
        body = _with_file(head, text, rng) if number % _LARGE_EVERY == _LARGE_EVERY - 1 else _plain(head, text)
        made.append(Mail(number, word, sender, recipient, body))
    return made


def _plain(head: Sequence[str], text: str) -> bytes:
    return "\r\n".join([*head, "Content-Type: text/plain; charset=utf-8", "", text, ""]).encode()


def _with_file(head: Sequence[str], text: str, rng: random.Random) -> bytes:
    file = b64encode(rng.randbytes(_LARGE)).decode()
    lines = [file[at : at + 76] for at in range(0, len(file), 76)]
    return "\r\n".join(
        [
            *head,
            'Content-Type: multipart/mixed; boundary="grans"',
            "",
            "--grans",
            "Content-Type: text/plain; charset=utf-8",
            "",
            text,
            "--grans",
            'Content-Type: application/octet-stream; name="karta.bin"',
            'Content-Disposition: attachment; filename="karta.bin"',
            "Content-Transfer-Encoding: base64",
            "",
            *lines,
            "--grans--",
            "",
        ]
    ).encode()


class Source:
    """Runs in a thread of its own. It sends only as many as it was allowed to."""

    def __init__(self, ledger: Path, port: int, outgoing: Sequence[Mail], connections: int = CONNECTIONS) -> None:
        self.attempts = self.acked = 0
        self._ledger, self._port, self._mails, self._connections = ledger, port, outgoing, connections
        self._allowed = 0
        self._queue: asyncio.Queue[Mail] = asyncio.Queue()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="source", daemon=True)
        self._thread.start()

    @property
    def left(self) -> int:
        """Mails it may not send yet."""
        return len(self._mails) - self._allowed

    @property
    def idle(self) -> bool:
        """All that it may send was answered 250."""
        return self.acked == self._allowed

    def allow(self, count: int) -> None:
        """That many more."""
        more = self._mails[self._allowed : self._allowed + count]
        self._allowed += len(more)
        for mail in more:
            self._loop.call_soon_threadsafe(self._queue.put_nowait, mail)

    def stop(self) -> None:
        """Ends its connections."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        senders = [self._loop.create_task(self._send_all()) for _ in range(self._connections)]
        self._loop.run_forever()
        for sender in senders:
            sender.cancel()
        self._loop.run_until_complete(asyncio.gather(*senders, return_exceptions=True))
        self._loop.close()

    async def _send_all(self) -> None:
        connection: aiosmtplib.SMTP | None = None
        try:
            while True:
                mail = await self._queue.get()
                answer = 0
                while answer != 250:  # noqa: PLR2004 - taken (RFC 5321 4.2)
                    connection = connection or self._connection()
                    answer = await self._send(connection, mail)
                    if answer == 0:
                        connection.close()
                        connection = None
                        await asyncio.sleep(AGAIN)
        finally:
            if connection is not None:
                connection.close()

    def _connection(self) -> aiosmtplib.SMTP:
        return aiosmtplib.SMTP(
            hostname="127.0.0.1",
            port=self._port,
            use_tls=False,
            start_tls=False,
            local_hostname="source.example",
            timeout=_ANSWER_SECONDS,
        )

    async def _send(self, connection: aiosmtplib.SMTP, mail: Mail) -> int:
        """The answer's code; 0: none, or not now."""
        self.attempts += 1
        answer = 0
        try:
            if not connection.is_connected:
                await connection.connect()
            await connection.sendmail(mail.sender, [mail.recipient], mail.body)
            answer = 250
        except (aiosmtplib.SMTPException, OSError):
            answer = 0
        self._write(mail, answer)
        self.acked += answer == 250  # noqa: PLR2004 - as above
        return answer

    def _write(self, mail: Mail, answer: int) -> None:
        line = {"number": mail.number, "sha256": mail.sha256, "answer": answer}
        with self._ledger.open("a", encoding="ascii") as file:
            file.write(json.dumps(line) + "\n")
