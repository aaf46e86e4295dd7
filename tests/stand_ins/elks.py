"""46elks: its API for text messages, and how it calls whoever has a number with it.

Field names, times and retries are those of its public documentation (Send an SMS, Receive an SMS, SMS delivery reports,
Receive a call, Call actions, voice-connect, voice-ivr) as it was in 2026; `legs` are as seen in the wild. Nothing here
was recorded.
"""

import base64
import itertools
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode

from msgspec import Struct

from tests import asking

USER, PASSWORD = "u1234567890", "hemligt"


class Taken(Struct):
    """A text message that it was given."""

    id: str
    said: dict[str, str]


class Elks:
    """`misbehave`: what the next POST /sms gets instead of an answer: a status, or `silent` (taken, never answered)."""

    def __init__(self) -> None:
        self.taken: list[Taken] = []
        self.misbehave: int | str | None = None
        self._ids = itertools.count(1)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _conversation(self))
        self._server.daemon_threads = True
        self.api = f"http://127.0.0.1:{self._server.server_address[1]}/a1"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def take(self, said: Mapping[str, str]) -> dict[str, Any]:
        """POST /sms."""
        taken = Taken(f"s{next(self._ids):032x}", dict(said))
        self.taken.append(taken)
        parts = -(-len(said.get("message", "")) // 153) or 1
        return {
            "status": "created",
            "direction": "outgoing",
            "from": said.get("from"),
            "created": "2026-11-27T08:15:00.120000",
            "parts": parts,
            "to": said.get("to"),
            "cost": 5200 * parts,
            "message": said.get("message"),
            "id": taken.id,
        }

    def report(self, taken: Taken, status: str = "delivered") -> int:
        """To `whendelivered`, until it is taken."""
        said = {"id": taken.id, "status": status}
        if status == "delivered":
            said["delivered"] = "2026-11-27T08:15:04.870000"
        return bring(taken.said["whendelivered"], said)


class Caller:
    """A citizen's call to a number: follows the actions that it is told, as 46elks would."""

    def __init__(self, start: str, caller: str, number: str, call: str = "ce0001") -> None:
        self._start, self._said = start, {"direction": "incoming", "callid": call, "from": caller, "to": number}
        self.actions: list[dict[str, Any]] = []

    def calls(self, presses: str | None = None, answers: Sequence[str] = (), seconds: int = 60) -> list[dict[str, Any]]:
        """To its end: presses a digit in the menu, or nothing; `answers`: the numbers that would take it."""
        said = self._said | {"created": "2026-11-27T08:15:00.120000"}
        action, legs = self._then(self._start, said), []
        while "hangup" not in action and action:
            self.actions.append(action)
            after: dict[str, str]
            if "ivr" in action:
                after = {"result": presses or "failed"} | ({} if presses else {"why": "timeout"})
            else:
                rung = str(action["connect"]).split(",")
                taker = next((number for number in rung if number in answers), None)
                legs += [
                    {
                        "to": number,
                        "state": "success" if number == taker else "failed",
                        "duration": seconds if number == taker else 0,
                    }
                    for number in rung
                ]
                after = {"result": "success" if taker else "failed"}
            if after.get("result") == "success" or "next" not in action:
                action = self._then(action["next"], self._said | after) and {}
            else:
                action = self._then(action["next"], self._said | after)
        end = {
            "id": self._said["callid"],
            "direction": "incoming",
            "from": self._said["from"],
            "to": self._said["to"],
            "created": "2026-11-27T08:15:00.120000",
            "start": "2026-11-27T08:15:01.000000",
            "duration": str(20 + seconds),
            "cost": "0",
            "state": "success",
            "actions": "[]",
            "legs": json.dumps(legs),
        }
        if hangs_up := self.actions[-1].get("whenhangup") if self.actions else None:
            bring(str(hangs_up), end)
        return self.actions

    @staticmethod
    def _then(url: str, said: Mapping[str, str]) -> dict[str, Any]:
        answer = asking.post(url, data=dict(said), timeout=10)
        assert answer.status_code in {200, 201, 202, 203, 204}, answer.text
        found: dict[str, Any] = answer.json() if answer.content else {}
        return found


def bring(url: str, said: Mapping[str, str], tries: int = 5, pause: float = 0.2) -> int:
    """As often as it takes: they do so for six hours at least. Returns how often it was."""
    for n in range(1, tries + 1):
        if asking.post(url, data=dict(said), timeout=10).status_code in range(200, 205):
            return n
        time.sleep(pause)
    raise AssertionError(f"not taken in {tries} tries: {url}")


def form(said: Mapping[str, str]) -> bytes:
    return urlencode(said).encode()


def _conversation(elks: Elks) -> Callable[..., BaseHTTPRequestHandler]:
    class Conversation(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self._knows() and self.path == "/a1/me":
                self._say(200, {"id": USER, "balance": 1_000_000, "currency": "SEK"})

        def do_POST(self) -> None:
            said = dict(parse_qsl(self.rfile.read(int(self.headers.get("content-length", 0))).decode()))
            if not self._knows():
                return
            if elks.misbehave == "silent":
                elks.take(said)
                self.close_connection = True
            elif isinstance(elks.misbehave, int):
                self._say(elks.misbehave, "Invalid to number" if elks.misbehave == 400 else "Not now")
            else:
                self._say(200, elks.take(said))

        def _knows(self) -> bool:
            right = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
            if self.headers.get("authorization") != right:
                self._say(401, "Unauthorized")
                return False
            return True

        def _say(self, status: int, body: object) -> None:
            content = (body if isinstance(body, str) else json.dumps(body)).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    return Conversation
