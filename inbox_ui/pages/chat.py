"""Chat: what a citizen's browser loads: the script on a municipality's page, and the frame that it opens.

Part of the public face: no session and no cookie. The frame stands on the pages that its channel lists alone.
"""

import gzip
import json
from functools import cache, lru_cache
from typing import Annotated

from litestar import Response, get
from litestar.params import QueryParameter
from markupsafe import Markup

from hub.channels.chat_place import ChatPlace
from hub.edge.parameters import PathId
from hub.edge.person import ANYONE
from hub.edge.visits import visits
from inbox_ui.assets import content_of
from inbox_ui.rendering import Asking, part
from inbox_ui.visitor_words import button_words, words
from inbox_ui.words import preferred_of

Lang = Annotated[str, QueryParameter(max_length=10, pattern=r"^[A-Za-z-]*$")]
_EMPTY = b"SAID={}"
_KEPT = "public, max-age=300"


@get("/chat/widget.js", opt=ANYONE, include_in_schema=False)
async def show_widget(request: Asking) -> Response[bytes]:
    """One for all chats: which it is, the tag on the page says."""
    return _as_sent(request, _widget(), "text/javascript")


@get("/chat/{channel_id:int}", opt=ANYONE, include_in_schema=False)
async def show_chat(request: Asking, channel_id: PathId, lang: Lang = "") -> Response[bytes]:
    """The frame. It asks for everything else itself, so it is the same for everybody, and made once."""
    place = await visits(request.app.state).place(request.app.state.storage, channel_id)
    language = preferred_of(f"{lang},{request.headers.get('accept-language', '')}", place.languages)
    answer = _as_sent(request, _frame(language, place.name, place.settings.privacy_url), "text/html")
    answer.headers["Content-Security-Policy"] = policy(place)
    answer.headers["Referrer-Policy"] = "same-origin"
    return answer


Sent = tuple[bytes, bytes]
"""Its bytes, and the same by gzip."""


@cache
def _widget() -> Sent:
    said = f"SAID={json.dumps(button_words(), ensure_ascii=False)}".encode()
    return _packed(content_of("chat/widget.js").replace(_EMPTY, said))


@lru_cache(maxsize=1000)
def _frame(language: str, name: str, privacy_url: str) -> Sent:
    said = words(language)
    html = part(
        "chat/page.html",
        language=language,
        name=name,
        said=said,
        words_json=Markup(json.dumps(said, ensure_ascii=False).replace("<", "\\u003c")),  # noqa: S704 - JSON, no tag in it
        privacy_url=privacy_url,
    )
    return _packed(html.encode())


def _packed(content: bytes) -> Sent:
    return content, gzip.compress(content, 9, mtime=0)


def _as_sent(request: Asking, sent: Sent, media_type: str) -> Response[bytes]:
    """Kept for minutes: whoever goes from page to page on the municipality's site doesn't wait for it again."""
    headers = {
        "Cache-Control": _KEPT,
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Vary": "accept-encoding, accept-language",
    }
    packs = "gzip" in request.headers.get("accept-encoding", "")
    if packs:
        headers["Content-Encoding"] = "gzip"
    return Response(sent[packs], media_type=media_type, headers=headers)


def policy(place: ChatPlace) -> str:
    """Nothing but our own, and framed by the listed pages alone."""
    framed_by = " ".join(place.settings.origins) or "'none'"
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        f"form-action 'none'; base-uri 'none'; frame-ancestors {framed_by}"
    )


ROUTES = (show_widget, show_chat)
