"""What `torg serve`, `torg worker` and their parsing children import, and the web's application, for one process that
others are forked from: see `started.py`.

It opens nothing and starts no thread.
"""

import gc
import importlib

from hub.app import preload
from hub.plugin_host.manager import load
from hub.settings import Settings

_IMPORTED = (
    "hub.cli.serve", "hub.cli.worker", "hub.web.routes", "hub.inbound.child", "hub.storage.words", "inbox_ui",
    "httptools", "uvloop", "tests.forked_child",
    "connectors.smtp_in.certificate", "connectors.smtp_in.conversation",
    "uvicorn.lifespan.on", "uvicorn.loops.auto", "uvicorn.protocols.http.auto", "uvicorn.protocols.websockets.auto",
)  # fmt: skip

for _each in _IMPORTED:
    importlib.import_module(_each)
load()  # and whatever is plugged in
preload(Settings())  # half a second of a processor for each
gc.freeze()
