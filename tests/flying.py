"""Time that flies, for tests of what waits for long: seconds pass for an event loop, and nobody has waited for them."""

import asyncio


def fly(seconds: float) -> None:
    """For the running loop, which is asyncio's own, it is so much later: whoever waited that long in it has waited."""
    loop = asyncio.get_running_loop()
    now = loop.time
    vars(loop)["time"] = lambda: now() + seconds
