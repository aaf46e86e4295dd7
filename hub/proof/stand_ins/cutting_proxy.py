"""A proxy on the way to a server: the line breaks when the server has said so many bytes."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_AT_ONCE = 65_536


class CuttingProxy:
    """Listens at once. `cut_at`: bytes of a connection's answers that come through, None: all; `said`: of the last."""

    def __init__(self, port: int) -> None:
        self._port_behind = port
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.cut_at: int | None = None
        self.said = 0
        self.cuts = 0
        threading.Thread(target=self._serve, name="cutting proxy", daemon=True).start()

    def close(self) -> None:
        """No further connections."""
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
                server = socket.create_connection(("127.0.0.1", self._port_behind))
            except OSError:
                return
            for each in (client, server):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._ask, args=(client, server), daemon=True).start()
            threading.Thread(target=self._answer, args=(server, client, self.cut_at), daemon=True).start()

    @staticmethod
    def _ask(client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while some := client.recv(_AT_ONCE):
                server.sendall(some)
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)

    def _answer(self, server: socket.socket, client: socket.socket, cut_at: int | None) -> None:
        said = 0
        with server, client, suppress(OSError):
            while some := server.recv(_AT_ONCE):
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
def cutting(port: int) -> Iterator[CuttingProxy]:
    """For as long as the block lasts."""
    proxy = CuttingProxy(port)
    try:
        yield proxy
    finally:
        proxy.close()
