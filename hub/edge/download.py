"""Download: bytes from outside, as a file to keep and never as a page to run."""

import re
from urllib.parse import quote

from litestar import Response

SANDBOX = "sandbox; default-src 'none'"
OPAQUE = "application/octet-stream"
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}")
_LONGEST_NAME = 150


def download(content: bytes, name: str, media_type: str = OPAQUE) -> Response[bytes]:
    """A stranger's `name` is encoded (RFC 6266), a stranger's `media_type` checked for its shape."""
    kept = media_type.lower() if _MEDIA_TYPE.fullmatch(media_type.lower()) else OPAQUE
    clean = "".join(sign if sign.isprintable() and sign not in "/\\" else "_" for sign in name).strip() or "file"
    file_name = quote(clean[-_LONGEST_NAME:].encode("utf-8", "replace"), safe="")
    return Response(
        content,
        media_type=kept,
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{file_name}",
            "Content-Security-Policy": SANDBOX,
            "X-Content-Type-Options": "nosniff",
        },
    )
