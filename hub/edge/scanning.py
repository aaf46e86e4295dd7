"""Scanning: what strangers upload is shown to a virus scanner before it is kept, where the setting `scanner` names one.

Whoever uploads is there to try again, so a scanner that can't be asked lets nothing by; of mails see `inbound/scan`.
"""

from hub.errors import Invalid, Unavailable
from hub.inbound.scanner import NotScanned, scan
from hub.settings import Settings


async def require_clean(settings: Settings, content: bytes) -> None:
    """Raises Invalid for a file that has something in it, Unavailable when nobody can tell."""
    if not settings.scanner:
        return
    try:
        found = await scan(settings.scanner, content)
    except NotScanned as error:
        raise Unavailable("Files can't be looked through just now. Try again in a few minutes.") from error
    if found is not None:
        raise Invalid("file", "this file isn't taken: a virus scanner found something in it")
