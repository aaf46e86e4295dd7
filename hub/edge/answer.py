"""Answers that go with a version: of a creation the stored words, byte for byte the same the second time."""

from typing import Any

from litestar import Response

from hub.edge.idempotency import Answer
from hub.edge.versions import etag
from hub.inbox.queries import ConversationLine

_REPLAYED = {"Idempotency-Replayed": "true"}


def created(answer: Answer) -> Response[Any]:
    """With the ETag of what it was added to, and a mark when it had been done before."""
    headers = {} if answer.version is None else {"ETag": etag(answer.version)}
    if answer.again:
        headers |= _REPLAYED
    return Response(answer.body.encode(), status_code=answer.status, media_type="application/json", headers=headers)


def changed(line: ConversationLine, *, again: bool = False) -> Response[ConversationLine]:
    """A conversation as it is after a change; `again`: one that had been made before."""
    return Response(line, headers={"ETag": etag(line.version), **(_REPLAYED if again else {})})
