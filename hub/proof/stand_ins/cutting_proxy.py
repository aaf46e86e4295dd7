"""A proxy on the way to a server: the line breaks when the server has said so many bytes, or when a client says a word.

Of the latter the server may have heard it, or not: whoever asked can't tell one from the other.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_AT_ONCE = 65_536


class CuttingProxy:
    """Listens at once. `cut_at`: bytes of a connection's answers that come through, None: all; `said`: of the last."""

    def __init__(self, behind: int | str) -> None:
        """`behind`: a port of this machine, or the path of a socket."""
        self._behind = behind
        self._words: dict[int, tuple[bytes, bool]] = {}
        self._silenced: set[int] = set()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.cut_at: int | None = None
        self.said = 0
        self.cuts = 0
        threading.Thread(target=self._serve, name="cutting proxy", daemon=True).start()

    def close(self) -> None:
        """No further connections."""
        self._socket.close()

    def cut_after(self, port: int, word: bytes, *, reaches: bool) -> None:
        """Cut the connection of the client on that port once it says the word: when the server has answered it, if it
        `reaches` the server, and before the server hears it if not."""
        self._words[port] = word, reaches

    def _serve(self) -> None:
        while True:
            try:
                client, (_, port) = self._socket.accept()
                server = self._reach()
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._ask, args=(client, server, port), daemon=True).start()
            threading.Thread(target=self._answer, args=(server, client, port, self.cut_at), daemon=True).start()

    def _reach(self) -> socket.socket:
        if isinstance(self._behind, str):
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._behind)
            return server
        server = socket.create_connection(("127.0.0.1", self._behind))
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return server

    def _ask(self, client: socket.socket, server: socket.socket, port: int) -> None:
        with suppress(OSError):
            while some := client.recv(_AT_ONCE):
                word, reaches = self._words.get(port, (None, True))
                if word is not None and word in some:
                    del self._words[port]
                    if not reaches:
                        self.cuts += 1
                        break
                    self._silenced.add(port)
                server.sendall(some)
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)

    def _answer(self, server: socket.socket, client: socket.socket, port: int, cut_at: int | None) -> None:
        said = 0
        with server, client, suppress(OSError):
            while some := server.recv(_AT_ONCE):
                if port in self._silenced:
                    self._silenced.remove(port)
                    self.cuts += 1
                    break
                if cut_at is not None and said + len(some) >= cut_at:
                    client.sendall(some[: cut_at - said])
                    self.cuts += 1
                    break
                said += len(some)
                self.said = said
                client.sendall(some)
            for each in (client, server):
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)


@contextmanager
def cutting(behind: int | str) -> Iterator[CuttingProxy]:
    """For as long as the block lasts."""
    proxy = CuttingProxy(behind)
    try:
        yield proxy
    finally:
        proxy.close()
