"""Calls to channels: another system brings what it has, or says that it has something. Part of the public face.

No session, no cookie and no person: each kind of channel verifies by itself whose call it is. What was brought is
committed before it is answered; whoever hears an error brings it again.
"""

import logging
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, post
from litestar.exceptions import NotAuthorizedException, ValidationException
from litestar.params import PathParameter

from hub.contract import Answer, AuthFailed, NotKept, PluginError, Unreadable, WebCall
from hub.edge.parameters import PathId
from hub.edge.person import CALLED
from hub.errors import NotFound, Unavailable

MOST_BYTES = 1_000_000
"""A call's size, at most. Who has more to bring says so, and is asked for it."""
_THEIRS = frozenset({"content-type", "retry-after"})
"""Headers of an answer that a connector may set: it can't make a page of it, or a cookie."""
_PLAIN = "text/plain; charset=utf-8"
_Token = Annotated[
    str, PathParameter(max_length=500, description="The channel's own; the only proof of whose call it is.")
]

log = logging.getLogger(__name__)


@post("/calls/{channel_id:int}", opt=CALLED, status_code=200, request_max_body_size=MOST_BYTES)
async def call_channel(request: Request[Any, Any, Any], channel_id: PathId) -> Response[bytes]:
    """A channel is called by its other side: 401 when it isn't them, 503 when it is to be brought again."""
    try:
        answer = await _called(request, channel_id)
    except AuthFailed as error:
        raise NotAuthorizedException(" ".join(("This call doesn't prove whose it is.", str(error))).strip()) from error
    except Unreadable as error:
        raise ValidationException(" ".join(("This call can't be read.", str(error))).strip()) from error
    except NotKept as error:
        raise Unavailable("It can't be kept now: bring it again.") from error
    except PluginError as error:  # settings that don't fit any more
        raise Unavailable("This channel can't be called now: bring it again.") from error
    return _shown(answer)


@post("/api/v1/cti/{token:str}", opt=CALLED, status_code=200, request_max_body_size=MOST_BYTES)
async def call_exchange(request: Request[Any, Any, Any], token: _Token) -> Response[bytes]:
    """Where exchanges know to tell helpdesks of calls, with the answers that they know: 401 for a token that is
    nobody's, 422 for a channel that is paused and for what is no event, 503 for what is to be brought again.
    """
    channel_id = await request.app.state.called_by(token)
    if channel_id is None:
        return _refused(401, "Invalid token!")
    try:
        answer = await _called(request, channel_id, token=token)
    except NotKept as error:
        raise Unavailable("It can't be kept now: bring it again.") from error
    except AuthFailed:
        return _refused(401, "Invalid token!")
    except Unreadable as error:
        return _refused(422, str(error) or "Invalid event!")
    except (NotFound, Unavailable, PluginError):
        return _refused(422, "Feature not enabled!")
    return _shown(answer)


async def _called(request: Request[Any, Any, Any], channel_id: int, **query: str) -> Answer:
    """Raises what the connector does, NotFound and Unavailable."""
    call = WebCall(
        query={name: request.query_params.getall(name)[0] for name in request.query_params} | query,
        headers={name.lower(): value for name, value in request.headers.items()},
        content=await request.body(),
    )
    try:
        answer: Answer = await request.app.state.called(channel_id, call)
    except AuthFailed:
        log.warning("channel %d: a call that isn't from its other side", channel_id)
        raise
    except (NotKept, Unreadable):
        raise
    except PluginError as error:
        log.warning("channel %d can't be called: %s", channel_id, error)
        raise
    return answer


def _shown(answer: Answer) -> Response[bytes]:
    headers = {name: value for name, value in answer.headers.items() if name in _THEIRS}
    return Response(
        answer.content, status_code=answer.status, media_type=headers.pop("content-type", _PLAIN), headers=headers
    )


def _refused(status: int, why: str) -> Response[bytes]:
    """As exchanges read it."""
    return Response(msgspec.json.encode({"error": why}), status_code=status, media_type="application/json")


ROUTES = (call_channel, call_exchange)
