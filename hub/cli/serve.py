"""`torg serve`: the web, the listening channels and, unless workers are separate, reading and sending."""

import logging
import sys

import click
import uvicorn

from hub.app import Hub, create_app
from hub.settings import Settings, load_settings


@click.command("serve")
@click.option("--host", help="Address to answer on; otherwise the setting host.")
@click.option("--port", type=int, help="Port to answer on; otherwise the setting port.")
def command(host: str | None, port: int | None) -> None:
    """Answer requests, listen for mail, read and send."""
    settings = load_settings()
    serve(settings, host or settings.host, port or settings.port)


def serve(settings: Settings, host: str, port: int) -> None:
    """Until a signal ends it: then open requests are answered and what is in hand is settled."""
    set_up_logging(settings)
    hub = Hub(settings, serves=True, works=settings.worker == "embedded")
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(hub), host=host, port=port, log_config=None, access_log=False, server_header=False,
            timeout_graceful_shutdown=10, timeout_keep_alive=30,
        )
    )  # fmt: skip
    server.run()
    if not server.started:
        sys.exit(1)


def set_up_logging(settings: Settings) -> None:
    """One line an event, on standard error; nothing personal is ever logged."""
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr
    )
    for noisy in ("alembic", "mail.log", "uvicorn.access", "arq"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
