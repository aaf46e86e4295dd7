"""Headers: what every answer carries, errors and unknown addresses included."""

from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Scope

NOTHING_LOADS = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}


async def secure(message: Message, _: Scope) -> None:
    """Hook before sending. A route that states a policy of its own keeps it."""
    if message["type"] != "http.response.start":
        return
    headers = MutableScopeHeaders.from_message(message)
    for name, value in _ALWAYS.items():
        headers[name] = value
    if "content-security-policy" not in headers:
        headers["Content-Security-Policy"] = NOTHING_LOADS
