"""Rendering: templates to pages and fragments, in the reader's words. Everything is escaped but what is marked.

Jinja is what a page costs, so parts that many pages share are kept as they were rendered (`Kept`). What differs from
page to page in them stands as a placeholder that nobody outside can know.
"""

import gzip
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable, Hashable, MutableMapping
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from babel.numbers import format_decimal
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from litestar import Request, Response
from markupsafe import Markup, escape

from hub.edge.session import csrf_token
from inbox_ui import times
from inbox_ui.assets import asset_url
from inbox_ui.lookups.permits import fits_a_bar
from inbox_ui.proved import shown_step
from inbox_ui.searched import not_understood, searched
from inbox_ui.stored import choice, file_name, stored
from inbox_ui.words import LANGUAGES, channel_words, gettext, language, ngettext, pgettext, within, word

HUES = 6
_BLANK_LINES = re.compile(r"\n[ \t]*\n\s*")
_MUNICIPALITY = re.compile(r"(?<=[^sxz\W])\s+kommune?$", re.I)
"""Not after an s, which may be the genitive's (Granviks kommun) or the name's own (Borås kommun): nobody can tell."""
_MEGA = 1_000_000
_KILO = 1_000
_WORTH_PACKING = 2_000
_LEVEL = 1

Asking = Request[Any, Any, Any]
VIEW = f"view{secrets.token_hex(12)}"
"""Stands in kept parts for the query that says which list is looked at."""
SHOWS = "x-shows"
"""Header by which the desk's script says which conversation stands in the page, where an answer depends on it."""
FORM = "form"
"""What it says where somebody writes a new message or a forward."""
BEGUN = "begun"
"""The same of a new message that has words the server may not have yet."""
CSRF = f"csrf{secrets.token_hex(12)}"
"""Stands in kept parts for the token against forged requests."""


class Kept:
    """Rendered parts by what they were made of, the oldest dropped first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._parts: OrderedDict[Hashable, Markup] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Markup]) -> Markup:
        """As it was made the first time."""
        found = self._parts.get(key)
        if found is None:
            found = self._parts[key] = make()
            if len(self._parts) > self._most:
                self._parts.popitem(last=False)
        return found


def page(
    request: Asking, template: str, *, status: int = 200, headers: dict[str, str] | None = None, **values: Any
) -> Response[bytes]:
    """A whole page, or a fragment: the same templates make both."""
    content = render(request, template, **values).encode()
    headers = {**(headers or {}), "Vary": "Accept-Encoding"}
    # What is secret in a page, its token, is another one each time: how well it packs tells nothing.
    if len(content) > _WORTH_PACKING and "gzip" in request.headers.get("accept-encoding", ""):
        content = gzip.compress(content, _LEVEL, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return Response(content, status_code=status, media_type="text/html", headers=headers)  # Litestar adds the charset


def onward(address: str) -> Response[bytes]:
    """After what was posted: to a page, for who has no script and for what leads elsewhere."""
    return Response(b"", status_code=HTTPStatus.SEE_OTHER, headers={"Location": address})


def render(request: Asking, template: str, **values: Any) -> str:
    """With all that every template is given, and what stands for itself in kept parts filled in."""
    view = values.get("view")
    made = part(template, theme=request.cookies.get("theme", ""), is_part=is_part(request), **values)
    html = str(made).replace(CSRF, csrf_token(request))
    return html.replace(VIEW, str(escape(view.query)) if view is not None else "")


def part(template: str, **values: Any) -> Markup:
    """A part that is the same for whoever asks with the same `values`: placeholders stay."""
    made = _ENVIRONMENT.get_template(template).render({"language": language(), **values})
    return Markup(made)  # noqa: S704 - rendered by these templates, which escape


def is_part(request: Asking) -> bool:
    """A script asked for it, to put it into a page that is open. Going back in history asks for whole pages."""
    headers = request.headers
    return headers.get("hx-request") == "true" and headers.get("hx-history-restore-request") != "true"


def shows_another(request: Asking, conversation_id: str) -> bool:
    """The page that asks has gone on to another one, or to none: what belongs to this one has no place there."""
    return request.headers.get(SHOWS, conversation_id) != conversation_id


@pass_context
def kept(context: Context, template: str, *key: Hashable) -> Markup:
    """For templates: a part that is the same as long as `key` is."""
    return _PARTS.get((template, language(), *key), lambda: part(template, **context.get_all()))


def paragraphs(text: str) -> Markup:
    """Plain text as it was written: blank lines part paragraphs, line ends stay."""
    parts = [part for part in _BLANK_LINES.split(text.strip()) if part.strip()]
    return Markup("").join(
        Markup("<p>{}</p>").format(Markup("<br>").join(escape(line) for line in part.splitlines())) for part in parts
    )


def initials(name: str) -> str:
    """Of the first and the last word."""
    words = [word for word in re.split(r"[\s@.]+", name) if word[:1].isalnum()]
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper() if words else "?"


def hue(row_id: str | int) -> int:
    """1 to 6, the same for one id always."""
    return int(row_id) // 7 % HUES + 1


def short(name: str) -> str:
    """A municipality without the word that says so: rows are narrow, and the shield says it."""
    return _MUNICIPALITY.sub("", name) or name


def size(count: int) -> str:
    """84 kB, 1.2 MB; 1,2 MB where decimals have a comma."""
    if count < _MEGA:
        return f"{max(1, round(count / _KILO))} kB"
    return f"{format_decimal(count / _MEGA, '0.0', locale=language())} MB"


def _day_number(at: datetime) -> str:
    return str(times.local(at).day)


def _month(at: datetime) -> str:
    return times.month_of(times.local(at))


def after_subject(snippet: str, subject: str) -> str:
    """What a row says after its subject: of a text that begins with it, the rest, not all of it once more."""
    begun = subject.removesuffix("…")
    return snippet[len(begun) :] if begun and snippet.startswith(begun) else f" · {snippet}"


class _Environment(Environment):
    """Its templates share its globals as they are: at each import Jinja would compare them, key by key in Python."""

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        return {**self.globals, **d} if d else self.globals


def _environment() -> Environment:
    made = _Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_callables(gettext, ngettext, newstyle=True, pgettext=pgettext)  # type: ignore[attr-defined]  # the extension adds it
    made.globals |= {
        "asset": asset_url, "kept": kept, "csrf": CSRF, "here": VIEW, "channel_words": channel_words,
        "searched": searched, "not_understood": not_understood, "languages": LANGUAGES,
    }  # fmt: skip
    made.filters |= {
        "paragraphs": paragraphs, "initials": initials, "hue": hue, "short": short, "word": word, "bytes": size,
        "due": times.due, "due_whole": times.due_whole, "when": times.when, "full": times.full,
        "clock": times.clock_time, "stamp": times.stamp, "took": times.took,
        "day": times.day, "day_number": _day_number, "month": _month,
        "stored": stored, "choice": choice, "step": shown_step, "file_name": file_name,
        "since": times.since, "in_a_bar": fits_a_bar, "within": within, "after_subject": after_subject,
    }  # fmt: skip
    return made


_ENVIRONMENT = _environment()
_PARTS = Kept(500)
