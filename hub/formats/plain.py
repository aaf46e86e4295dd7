"""Plain text as it is written in mails: flowed (RFC 3676), enriched (RFC 1896), signed with PGP (RFC 4880, 7)."""

import re

_HTML = re.compile(rb"\s*<(?:!doctype html|html|head|body|div|p|table|meta)\b", re.I)
_CLEAR = "-----BEGIN PGP SIGNED MESSAGE-----"
_ENCRYPTED = "-----BEGIN PGP MESSAGE-----"
_SIGNED = re.compile(
    r"^-----BEGIN PGP SIGNED MESSAGE-----[ \t]*\n(?:[A-Z][\w-]*:[^\n]*\n)*[ \t]*\n?"
    r"((?:(?!-----BEGIN PGP )[^\n]*\n)*+)"
    r"-----BEGIN PGP SIGNATURE-----[ \t]*\n(?:(?!-----)[^\n]*\n)*+-----END PGP SIGNATURE-----[ \t]*(?:\n|\Z)",
    re.M,
)
_DASHED = re.compile(r"^- ", re.M)
_ENRICHED = re.compile(r"<(?:<|(/?)([a-zA-Z0-9-]{1,60})>)")
_SEALED = re.compile(
    r"^-----BEGIN PGP MESSAGE-----[ \t]*\n(?:(?!-----)[^\n]*\n)*+-----END PGP MESSAGE-----[ \t]*(?:\n|\Z)", re.M
)
INLINE_ENCRYPTED = "The text is encrypted and attached as it came: ask the sender to write without encryption."


def unflow(text: str, delsp: bool) -> str:
    """RFC 3676: soft-broken lines joined within one depth of quotes; the quotes are written `> ` per level."""
    out: list[str] = []
    flowing: list[str] | None = None  # the pieces of a line that goes on
    depth_before = 0
    for line in text.split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content.removeprefix(" ")
        if flowing is not None and depth != depth_before:
            out.append("".join(flowing))
            flowing = None
        if flowing is None:
            flowing = [">" * depth + " " if depth else ""]
        soft = content.endswith(" ") and content != "-- "
        flowing.append(content[:-1] if soft and delsp else content)
        depth_before = depth
        if not soft:
            out.append("".join(flowing))
            flowing = None
    if flowing is not None:
        out.append("".join(flowing))
    return "\n".join(out)


def without_armour(text: str, problems: list[str]) -> tuple[str, list[str]]:
    """What is signed within the text, without the lines that sign it; and what is encrypted there, to be attached."""
    if "-----BEGIN PGP " not in text:
        return text, []
    sealed: list[str] = []
    if _ENCRYPTED in text:
        sealed = _SEALED.findall(text)
        text = _SEALED.sub("", text) if sealed else text
        problems += [INLINE_ENCRYPTED] if sealed else []
    if _CLEAR not in text:
        return text, sealed
    return _SIGNED.sub(lambda found: _DASHED.sub("", found[1]), text), sealed


def from_enriched(text: str) -> str:
    """text/enriched and the older text/richtext, as words: marks out, single line ends are blanks."""
    out: list[str] = []
    at = silent = literal = 0
    for found in _ENRICHED.finditer(text):
        if not silent:
            out.append(text[at : found.start()] if literal else _paragraphs(text[at : found.start()]))
        at = found.end()
        name = (found[2] or "").lower()
        step = -1 if found[1] else 1
        if not name:
            out.append("" if silent else "<")
        elif name in ("param", "comment"):
            silent = max(0, silent + step)
        elif name == "nofill":
            literal = max(0, literal + step)
        elif name in ("nl", "np", "paragraph") and not silent:
            out.append("\n")
        elif name == "lt" and not silent:
            out.append("<")
    if not silent:
        out.append(_paragraphs(text[at:]))
    return "".join(out).strip("\n")


def _paragraphs(text: str) -> str:
    """RFC 1896: of n line ends in a row one is dropped; a lone one is a blank."""
    return re.sub(r"\n+", lambda found: "\n" * (len(found[0]) - 1) or " ", text)


def looks_like_html(data: bytes) -> bool:
    """Text that nothing is said of."""
    return bool(_HTML.match(data[:1000]))


def around(before: bytes, boundary: bytes) -> bytes:
    """What stands before the first part of a multipart."""
    end = before.find(b"--" + boundary)
    return before[: max(end, 0)].strip()
