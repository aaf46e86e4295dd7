"""`torg worker`: reading, sending and the sweep, in a process of their own; woken through Redis when there is one."""

import asyncio
import signal

import click

from hub.app import Hub
from hub.cli.serve import set_up_logging
from hub.settings import load_settings


@click.command("worker")
def command() -> None:
    """Read and send until stopped. Several may run beside each other."""
    settings = load_settings()
    set_up_logging(settings)
    asyncio.run(_work(Hub(settings, serves=False, works=True)))


async def _work(hub: Hub) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with hub.running():
        await stop.wait()
