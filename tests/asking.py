"""HTTP as the tests ask: httpx would read the system's authorities anew for each request, 25 ms of a processor."""

import ssl
from functools import partial

import httpx

_AUTHORITIES = ssl.create_default_context()

request = partial(httpx.request, verify=_AUTHORITIES)
get, post, put = (partial(request, method) for method in ("GET", "POST", "PUT"))
