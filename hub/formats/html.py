"""HTML from outside: made safe to show, and to text. Both are bounded by one linear look at the tags.

The sanitiser is quadratic in nesting, and in formatting left open (the HTML standard rebuilds it in every block): such
HTML is shown as its text. The second wall, the screen's `iframe sandbox`, is not this file's concern.
"""

import re
from html import escape, unescape
from itertools import pairwise

import nh3
from selectolax.lexbor import LexborHTMLParser, LexborNode

_LARGEST = 2_000_000
_DEEPEST = 400
_MOST_REBUILT = 100_000
_MOST_IN_A_TAG = 10_000
_MOST_ENTITIES = 50_000

_TAGS = {
    "a", "abbr", "b", "bdi", "bdo", "blockquote", "br", "caption", "center", "cite", "code", "col", "colgroup", "dd",
    "del", "details", "dfn", "div", "dl", "dt", "em", "figcaption", "figure", "font", "footer", "h1", "h2", "h3", "h4",
    "h5", "h6", "header", "hr", "i", "img", "ins", "kbd", "li", "mark", "ol", "p", "pre", "q", "rp", "rt", "ruby", "s",
    "samp", "section", "small", "span", "strike", "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot",
    "th", "thead", "time", "tr", "tt", "u", "ul", "var", "wbr",
}  # fmt: skip
_WITH_CONTENT = {
    "script",
    "style",
    "title",
    "template",
    "noembed",
    "noframes",
    "xml",
    "textarea",
    "select",
    "iframe",
}
_CELL = {"align", "valign", "width", "height", "bgcolor", "colspan", "rowspan", "nowrap"}
_ATTRIBUTES = {
    "*": {"style", "dir", "lang", "title"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "font": {"color", "size", "face"},
    "ol": {"start", "type"},
    "table": {"align", "width", "border", "cellpadding", "cellspacing", "bgcolor"},
    "td": _CELL,
    "th": {*_CELL, "scope"},
    "tr": {"align", "valign", "bgcolor"},
    "col": {"width", "span"},
    "div": {"align"},
    "p": {"align"},
}
_STYLES = {
    "color", "background-color", "font-size", "font-style", "font-weight", "font-family", "text-align", "line-height",
    "text-decoration", "text-indent", "vertical-align", "white-space", "width", "max-width", "margin", "margin-top",
    "margin-bottom", "margin-left", "margin-right", "padding", "padding-top", "padding-bottom", "padding-left",
    "padding-right", "border", "border-top", "border-bottom", "border-left", "border-right", "border-collapse",
    "border-color", "border-style", "border-width", "list-style-type",
}  # fmt: skip
_STYLE_VALUE = re.compile(r"(?:[\w\s.,#%!'\"-]|rgba?\([\d\s.,%]*\))*", re.A)  # no url(), var(), escapes or expressions
_WEB = re.compile(r"https?://", re.I)
_REMOTE = "cid:remote."
_REMOTE_SOURCE = re.compile(r'src="cid:remote\.([^"]*)"')
_MOST_REMOTE = 200
_LONGEST_REMOTE = 2_000
_LINK = re.compile(r"\s*(?:https?:|mailto:|tel:)", re.I)

_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/><]*)")
_FORMATTING = {"a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"}
_VOID_OR_IMPLIED = {
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr", "p", "li",
    "dt", "dd", "td", "th", "tr", "tbody", "thead", "tfoot", "option", "html", "head", "body",
}  # fmt: skip
_PARAGRAPHS = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "table", "blockquote", "pre"}
_BLOCKS = _PARAGRAPHS | {"div", "td", "th", "li", "tr", "center", "dt", "dd", "section"}
_BREAKS = _BLOCKS | {
    "address", "article", "aside", "body", "details", "fieldset", "figure", "footer", "form", "header", "main", "nav",
}  # fmt: skip
_SILENT = {
    "head", "script", "style", "title", "template", "noembed", "noframes", "textarea", "select", "option",
    "iframe",
}  # fmt: skip
_DELIMITER = "-- "
"""Above a signature: RFC 3676, 4.3."""
_LONG_NUMBER = 7
_BLANKS = re.compile(r"[ \t\n\r\f]+")
_MARKUP = re.compile(r"<!--(?:(?!-->).)*+(?:-->)?|<[a-zA-Z/!?][^<>]*>?", re.S)
_SILENT_MARKUP = re.compile(r"<(script|style|title)\b(?:(?!</\1).)*+", re.S | re.I)


def sanitise(html: str) -> str:
    """Safe to show: no scripts, forms or styles that load; pictures only from the mail itself (`cid:`)."""
    if too_costly(html):
        return f"<pre>{escape(to_text(html), quote=False)}</pre>"
    return sanitised(html, [])


def sanitised(html: str, remote: list[str]) -> str:
    """The same, of HTML that isn't too costly. What a picture would load from elsewhere goes into `remote`.

    In its place stands `data-remote="n"`, its number there: nothing is loaded, and a reader may be asked.
    """
    safe = _CLEANER.clean(_closed(html))
    if _REMOTE not in safe:
        return safe

    def listed(found: re.Match[str]) -> str:
        address = unescape(found[1])
        if address not in remote:
            if len(remote) >= _MOST_REMOTE:
                return ""
            remote.append(address)
        return f'data-remote="{remote.index(address)}"'

    return _REMOTE_SOURCE.sub(listed, safe)


def too_costly(html: str) -> str | None:
    """A sentence, when this HTML would take the sanitiser too long; it's shown as its text then. Linear."""
    if len(html) > _LARGEST:
        return f"The HTML has {len(html)} characters; over {_LARGEST} only its text is shown."
    if html.count("&") > _MOST_ENTITIES:
        return f"The HTML has over {_MOST_ENTITIES} entities: only its text is shown."
    depth = deepest = formatting = rebuilt = longest = end = 0
    for found in _TAG.finditer(html):
        longest = max(longest, found.start() - end)
        end = found.end()
        name = found[2].lower()
        step = -1 if found[1] else 1
        if name in _FORMATTING:
            formatting = max(0, formatting + step)
        elif name in _BLOCKS:
            rebuilt += formatting
        if name not in _VOID_OR_IMPLIED:
            depth = max(0, depth + step)
            deepest = max(deepest, depth)
    if deepest > _DEEPEST:
        return f"The HTML is nested {deepest} deep; over {_DEEPEST} only its text is shown."
    if rebuilt > _MOST_REBUILT:
        return "The HTML leaves too much formatting open: only its text is shown."
    if max(longest, len(html) - end) > _MOST_IN_A_TAG and _long_tag(html):
        return "The HTML has an element with too many attributes: only its text is shown."
    return None


def to_text(html: str) -> str:
    """What a reader sees, as text: blocks are lines, lists get their marks, cells a tab, quotes `> `. No recursion."""
    if too_costly(html):
        return _without_markup(html)
    root = LexborHTMLParser(_closed(html)).body
    if root is None:  # frames, with words for those who have none
        return _without_markup(html)
    text = _Text()
    stack: list[tuple[LexborNode, bool]] = [(root, True)]
    while stack:
        node, entering = stack.pop()
        if node.is_text_node:
            text.add(node.text_content or "")
            continue
        name = node.tag or ""
        if name in _SILENT or not node.is_element_node:
            continue
        if not entering:
            text.leave(name)
            continue
        text.enter(name, node)
        stack.append((node, False))
        children = []
        child = node.first_child
        while child is not None:
            children.append((child, True))
            child = child.next
        stack.extend(reversed(children))
    return text.done()


def _closed(html: str) -> str:
    """A comment that never ends would hide all that follows: it ends with its first `>`, as old programs read it."""
    start = html.rfind("<!--")
    if start < 0 or "-->" in html[start:] or "--!>" in html[start:]:
        return html
    last = html.rfind("-->") + 3 if "-->" in html else 0
    return html[:last] + html[last:].replace("<!--", "<! ")


class _Text:
    """Lines as they grow while the tree is walked."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.line: list[str] = []
        self.quotes = self.pre = 0
        self.gap = False  # a blank line is due before the next text
        self.lists: list[int] = []  # of each open list, the next number; 0 for bullets
        self.mark = ""

    def add(self, text: str) -> None:
        if self.pre:
            first, *rest = text.split("\n")
            self._append(first)
            for line in rest:
                self._end_line(keep_blank=True)
                self._append(line)
            return
        text = _BLANKS.sub(" ", text)
        if text.startswith(" ") and (not self.line or self.line[-1].endswith((" ", "\t"))):
            text = text[1:]
        self._append(text)

    def enter(self, name: str, node: LexborNode) -> None:
        if name == "br":
            self._end_line(keep_blank=True)
        elif name == "hr":
            self._end_line()
            self._append("-" * 20)
            self._end_line()
        elif name in ("td", "th"):
            if self.line and not self.line[-1].endswith("\t"):
                self.line.append("\t")
        elif name == "img":
            self._append((node.attributes.get("alt") or "").strip())
        elif name in _BREAKS:
            self._block(name)
        if name in ("ul", "ol"):
            self.lists.append(_first_number(node) if name == "ol" else 0)
        elif name == "li":
            self._item()
        elif name == "blockquote":
            self.quotes += 1
        elif name == "pre":
            self.pre += 1

    def leave(self, name: str) -> None:
        if name in ("ul", "ol") and self.lists:
            self.lists.pop()
        if name in _BREAKS and name not in ("td", "th"):
            self._block(name)
        if name == "blockquote":
            self.quotes -= 1
        elif name == "pre":
            self.pre -= 1

    def done(self) -> str:
        self._end_line()
        return "\n".join(self.lines).strip("\n")

    def _append(self, text: str) -> None:
        if not text:
            return
        if self.mark:
            text, self.mark = self.mark + text, ""
        self.line.append(text)

    def _item(self) -> None:
        number = self.lists[-1] if self.lists else 0
        self.mark = "  " * (len(self.lists[:20]) - 1) + (f"{number}. " if number else "- ")
        if number:
            self.lists[-1] += 1

    def _block(self, name: str) -> None:
        self._end_line()
        # Nothing in a list needs a blank line.
        self.gap = self.gap or (name in _PARAGRAPHS and bool(self.lines) and not self.lists)

    def _end_line(self, keep_blank: bool = False) -> None:
        text = "".join(self.line).replace("\xa0", " ")
        text = text if text == _DELIMITER else text.rstrip()
        self.line.clear()
        if not text and not keep_blank:
            return
        prefix = "> " * min(self.quotes, 20)
        if self.gap and text:
            if self.lines and self.lines[-1].strip("> "):
                self.lines.append(prefix.rstrip())
            self.gap = False
        self.lines.append(prefix + text if text == _DELIMITER else (prefix + text).rstrip())


def _first_number(node: LexborNode) -> int:
    start = (node.attributes.get("start") or "").strip()
    return int(start) if start.isascii() and start.isdigit() and len(start) < _LONG_NUMBER and int(start) else 1


def _without_markup(html: str) -> str:
    """For HTML that no tree should be built of."""
    text = _MARKUP.sub(" ", _SILENT_MARKUP.sub("", html))
    return "\n".join(line for line in (" ".join(line.split()) for line in unescape(text).split("\n")) if line)


def _long_tag(html: str) -> bool:
    """Whether one could have a great many attributes. Text between two tags counts as well."""
    starts = [found.end() for found in _TAG.finditer(html)]
    for start, end in pairwise([*starts, len(html)]):
        if end - start > _MOST_IN_A_TAG:
            gap = html[start:end]
            if len(gap.split()) + gap.count("/") + gap.count("=") > _MOST_IN_A_TAG:
                return True
    return False


def _safe_attribute(_tag: str, attribute: str, value: str) -> str | None:
    """What nh3's lists can't say: where links and pictures may point, and which styles are harmless."""
    if attribute == "src":
        value = value.strip()
        if value[:4].lower() == "cid:":
            return value
        return _REMOTE + value if _WEB.match(value) and len(value) <= _LONGEST_REMOTE else None
    if attribute == "href":
        return value if _LINK.match(value) else None
    if attribute == "style":
        kept = []
        for one in value[:4000].split(";"):
            name, _, setting = one.partition(":")
            if name.strip().lower() in _STYLES and _STYLE_VALUE.fullmatch(setting):
                kept.append(f"{name.strip()}:{setting.strip()}")
        return ";".join(kept) or None
    return value


_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    clean_content_tags=_WITH_CONTENT,
    attributes=_ATTRIBUTES,
    attribute_filter=_safe_attribute,
    url_schemes={"http", "https", "mailto", "tel", "cid"},
    link_rel="noopener noreferrer",
)
