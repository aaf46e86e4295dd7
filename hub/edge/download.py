"""Download: bytes from outside, as a file to keep and never as a page to run."""

from urllib.parse import quote

from litestar import Response

SANDBOX = "sandbox; default-src 'none'"
OPAQUE = "application/octet-stream"
_RUNS_NOTHING = frozenset(
    {
        "application/pdf", "application/zip", "application/msword", "application/vnd.ms-excel",
        "application/vnd.ms-powerpoint", "application/vnd.oasis.opendocument.text",
        "application/vnd.oasis.opendocument.spreadsheet", "application/vnd.oasis.opendocument.presentation",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "image/png", "image/jpeg", "image/gif", "image/webp", "image/heic", "image/tiff", "image/bmp",
        "text/plain", "text/csv", "text/calendar", "text/vcard", "message/rfc822",
        "audio/mpeg", "audio/mp4", "audio/wav", "video/mp4", "video/quicktime",
    }
)  # fmt: skip
"""Types that a browser runs no script of. Whatever else a stranger says, it is bytes."""
_LONGEST_NAME = 150


def download(content: bytes, name: str, media_type: str = OPAQUE) -> Response[bytes]:
    """A stranger's `name` is encoded (RFC 6266), a stranger's `media_type` kept when it runs nothing."""
    kept = media_type.lower() if media_type.lower() in _RUNS_NOTHING else OPAQUE
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
