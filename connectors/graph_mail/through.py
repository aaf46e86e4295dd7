"""Through: httpx's transport for Microsoft's SDK, which is our own way out. Imported when a channel is opened."""

import httpx

from hub.contract import Http, Unreachable

_PASSED_ON = frozenset({"accept", "authorization", "content-type", "prefer", "client-request-id"})


class Through(httpx.AsyncBaseTransport):
    """The SDK's HTTP, handed to the hub's way out: the host is the place's, whatever a link says."""

    def __init__(self, http: Http, base_url: str) -> None:
        self._http, self._base = http, httpx.URL(base_url)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if (request.url.scheme, request.url.host, request.url.port) != (
            self._base.scheme,
            self._base.host,
            self._base.port,
        ):
            raise Unreachable("Microsoft 365 sends us to another host, where we don't go.")
        query: dict[str, list[str]] = {}
        for name, value in request.url.params.multi_items():
            query.setdefault(name, []).append(value)
        answer = await self._http.request(
            request.method,
            request.url.path,
            query=query,
            headers={name: value for name, value in request.headers.items() if name.lower() in _PASSED_ON},
            content=await request.aread(),
        )
        return httpx.Response(answer.status, headers=dict(answer.headers), content=answer.content, request=request)
