"""The application as it is served, in a process of its own; with --no-orm-filter the database's wall stands alone."""

import argparse
import sys
from collections.abc import Sequence

import uvicorn

from hub.app import Hub, create_app
from hub.edge.visits import Rate, SharedRate
from hub.lookups.sources import Sources
from hub.settings import load_settings
from hub.storage.unit import Storage


def main(arguments: Sequence[str]) -> None:
    """Until it is killed."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--no-orm-filter", action="store_true")
    given = options.parse_args(arguments)
    settings = load_settings()
    hub = Hub(settings, serves=True, works=True)
    if given.no_orm_filter:
        was = hub.storage
        hub.storage = Storage(was.engines, was.keys, was.blobs, filter_by_scope=False)
        hub.sources = Sources(hub.storage, hub.registry)
    # All callers are at one address, have one ticket, and ask for what is none's.
    hub.visits.looks = hub.visits.guesses = SharedRate("proof", 10**9, 60)
    hub.visits.turns = Rate(10**9, 60)
    uvicorn.run(create_app(hub), host=settings.host, port=settings.port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main(sys.argv[1:])
