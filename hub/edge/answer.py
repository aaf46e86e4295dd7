"""Answer of a creation: the stored words, byte for byte the same the second time."""

from typing import Any

from litestar import Response

from hub.edge.idempotency import Answer
from hub.edge.versions import etag


def created(answer: Answer) -> Response[Any]:
    """With the ETag of what it was added to, and a mark when it had been done before."""
    headers = {} if answer.version is None else {"ETag": etag(answer.version)}
    if answer.again:
        headers["Idempotency-Replayed"] = "true"
    return Response(answer.body.encode(), status_code=answer.status, media_type="application/json", headers=headers)
