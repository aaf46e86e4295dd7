"""Asterisk's manager, as far as a client needs it: logs in, says what it is given, lists channels, takes orders.

It keeps a ledger of what it was asked, and misbehaves on command: refuses the log-in, breaks off after so many bytes,
keeps silent. A thread for each connection; what is said goes to all that are logged in, and to nobody who comes later,
as the manager has it.
"""

import hashlib
import select
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

BANNER = b"Asterisk Call Manager/9.0.0\r\n"
_END = b"\r\n\r\n"
_GLANCE = 0.05
"""Seconds between two looks at a TLS connection on which nothing seems to come."""


@dataclass
class Manners:
    """How it behaves. `cuts`: asked before each chunk for a client; how many of its bytes it gets before the end."""

    user: str = "torg"
    secret: str = "hemligt"  # noqa: S105 - of a stand-in
    refuses: bool = False
    may_list: bool = True
    modern: bool = True
    silent: bool = False
    cuts: Callable[[bytes], int | None] = lambda _: None
    answers: dict[str, str] = field(default_factory=dict)
    """Action in lower case -> the message that it is refused with."""


class AmiServer:
    """Listens at once. `port`: of one that was there before; 0: any. `tls`: of its TLS port, as `tlsenable` has it."""

    def __init__(self, manners: Manners | None = None, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self.manners = manners or Manners()
        self.ledger: list[Mapping[str, str]] = []
        """Every action, as it came, but for the secrets."""
        self.channels: list[Mapping[str, str]] = []
        """That CoreShowChannels lists; names as the manager writes them."""
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]
        self._clients: dict[socket.socket, threading.Lock] = {}
        self._changed = threading.Condition()
        self.ended = threading.Event()
        threading.Thread(target=self._serve, name="ami stand-in", daemon=True).start()

    def say(self, data: bytes | str) -> None:
        """To all who are logged in."""
        said = data.encode() if isinstance(data, str) else data
        for client, lock in list(self._clients.items()):
            cut = self.manners.cuts(said)
            with lock, suppress(OSError):
                client.sendall(said if cut is None else said[:cut])
            if cut is not None:
                self._drop(client)

    def wait_for(self, condition: Callable[["AmiServer"], bool], seconds: float = 60.0) -> bool:
        """Until something of the ledger or of the clients is so."""
        with self._changed:
            return self._changed.wait_for(lambda: condition(self), seconds)

    def asked(self, action: str) -> list[Mapping[str, str]]:
        return [each for each in list(self.ledger) if each.get("action", "").lower() == action.lower()]

    @property
    def clients(self) -> int:
        """Who are logged in and want to hear events."""
        return len(self._clients)

    def drop(self) -> None:
        """Every connection breaks off."""
        for client in list(self._clients):
            self._drop(client)

    def close(self) -> None:
        self.ended.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # whoever waits for a client would take one more
        self._listener.close()
        self.drop()

    def _drop(self, client: socket.socket) -> None:
        self._clients.pop(client, None)
        with suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)

    def _serve(self) -> None:
        while not self.ended.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(client,), name="ami stand-in's client", daemon=True).start()

    def _talk(self, client: socket.socket) -> None:
        lock = threading.Lock()
        challenge, read, logged_in = "145769581", b"", False
        try:
            if self._tls is not None:
                client = self._tls.wrap_socket(client, server_side=True)
            client.sendall(BANNER)
            while came := _more(client, lock):
                read += came
                *whole, read = read.split(_END)
                for body in whole:
                    action = _read(body)
                    if not logged_in:
                        logged_in = self._log_in(client, lock, action, challenge)
                        self._note(action)
                    else:
                        self._note(action)  # first: who has the answer may look at once
                        with lock:
                            client.sendall(self._answer(action))
                    if action.get("action", "").lower() == "logoff":
                        return
        except OSError:
            return
        finally:
            with self._changed:
                self._clients.pop(client, None)
                self._changed.notify_all()
            client.close()

    def _log_in(self, client: socket.socket, lock: threading.Lock, action: Mapping[str, str], challenge: str) -> bool:
        name = action.get("action", "").lower()
        manners = self.manners
        if name == "challenge":
            client.sendall(_write({"Response": "Success", "ActionID": action["actionid"], "Challenge": challenge}))
            return False
        key = hashlib.md5((challenge + manners.secret).encode(), usedforsecurity=False).hexdigest()
        knows = action.get("secret") == manners.secret or action.get("key") == key
        if name != "login" or manners.refuses or not knows or action.get("username") != manners.user:
            said = {"Response": "Error", "ActionID": action.get("actionid", ""), "Message": "Authentication failed"}
            client.sendall(_write(said))
            return False
        said = {"Response": "Success", "ActionID": action["actionid"], "Message": "Authentication accepted"}
        booted = {"Event": "FullyBooted", "Privilege": "system,all", "Status": "Fully Booted"}
        client.sendall(_write(said) + _write(booted))
        if action.get("events", "").lower() != "off":
            with self._changed:
                self._clients[client] = lock
                self._changed.notify_all()
        return True

    def _answer(self, action: Mapping[str, str]) -> bytes:
        name, bears = action.get("action", "").lower(), {"ActionID": action.get("actionid", "")}
        refused = self.manners.answers.get(name)
        if name == "coreshowchannels" and not self.manners.may_list:
            refused = "Permission denied"
        if self.manners.silent:
            return b""
        if refused is not None:
            return _write({"Response": "Error", **bears, "Message": refused})
        if name == "ping":
            return _write({"Response": "Success", **bears, "Ping": "Pong"})
        if name in {"coreshowchannels", "queuestatus"}:
            one, listed = ("CoreShowChannel", list(self.channels)) if name[0] == "c" else ("QueueEntry", [])
            several = "CoreShowChannels" if name[0] == "c" else "QueueStatus"
            started = _write({"Response": "Success", **bears, "EventList": "start", "Message": "They will follow"})
            ended = {"Event": f"{several}Complete", **bears, "EventList": "Complete", "ListItems": str(len(listed))}
            return started + b"".join(_write({"Event": one, **bears, **each}) for each in listed) + _write(ended)
        return _write({"Response": "Success", **bears, "Message": "Done"})

    def _note(self, action: Mapping[str, str]) -> None:
        with self._changed:
            self.ledger.append({name: value for name, value in action.items() if name not in {"secret", "key"}})
            self._changed.notify_all()


def _more(client: socket.socket, lock: threading.Lock) -> bytes:
    """What comes next. A TLS connection isn't read while another thread writes to it."""
    while isinstance(client, ssl.SSLSocket):
        with lock:
            client.setblocking(False)
            try:
                return client.recv(65536)
            except ssl.SSLWantReadError:
                pass
            finally:
                client.setblocking(True)
        select.select([client], [], [], _GLANCE)
    return client.recv(65536)


def _read(body: bytes) -> dict[str, str]:
    lines = (line.partition(":") for line in body.decode("utf-8", "replace").splitlines())
    return {name.strip().lower(): value.strip() for name, colon, value in lines if colon}


def _write(values: Mapping[str, str]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in values.items()).encode() + b"\r\n"
