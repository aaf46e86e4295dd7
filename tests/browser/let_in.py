"""`torg`, to which a server of the test's on this machine is somewhere on the internet: `post.example`, at any port."""

from ipaddress import IPv4Address

from hub.cli import main
from hub.plugin_host import address, pictures
from hub.plugin_host.address import Address

NAME = "post.example"
EVERY: set[int | None] = {None, *range(1, 65_536)}
_ask_dns = address._ask_dns


def _let_in() -> None:
    async def found(host: str, port: int) -> list[Address]:
        return [IPv4Address("127.0.0.1")] if host == NAME else await _ask_dns(host, port)

    address._ask_dns = found
    pictures.PORTS = {"http": EVERY, "https": EVERY}
    address._is_allowed = lambda *_, **__: True
    address._is_private = lambda address: False


if __name__ == "__main__":
    _let_in()
    main()
