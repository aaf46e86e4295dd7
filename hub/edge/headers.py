"""Headers: what every answer carries, errors and unknown addresses included."""

from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Scope

NOTHING_LOADS = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""What a page of ours may load: from here alone, no script or style in its text."""
PAGE_HEADERS = {
    "Content-Security-Policy": PAGE_POLICY,
    # Without a referrer a form's Origin would be `null`; other sites are told nothing either way.
    "Referrer-Policy": "same-origin",
}
"""For the routers of pages, and for their error pages."""
UNCHANGING = "public, max-age=31536000, immutable"
"""Cache-Control of an asset whose address holds a hash of its content."""
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_UNLESS_STATED = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": NOTHING_LOADS,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}
_HTTPS_FROM_NOW_ON = "max-age=31536000"


async def secure(message: Message, scope: Scope) -> None:
    """Hook before sending. A route that states a policy or a life of its own keeps it."""
    if message["type"] != "http.response.start":
        return
    headers = MutableScopeHeaders.from_message(message)
    for name, value in _ALWAYS.items():
        headers[name] = value
    for name, value in _UNLESS_STATED.items():
        if name not in headers:
            headers[name] = value
    if scope.get("scheme") == "https":
        headers["Strict-Transport-Security"] = _HTTPS_FROM_NOW_ON
