"""A glance at a mail's header, without parsing it: who says to have sent it, and its Message-ID.

For finding a mail again whose parsing failed or is yet to come, so it looks at bytes alone, in time linear to them, and
takes what is nearly right. Who a mail is from, the parser says.
"""

import re

MOST = 64 * 1024
"""Bytes that are looked at."""
_LONGEST = 4_000
"""Bytes of a field."""
_END = re.compile(rb"\r?\n\r?\n")
_FIELD = re.compile(rb"^(from|message-id)[ \t]*:((?:[^\r\n]|\r?\n[ \t])*)", re.IGNORECASE | re.MULTILINE)
_ADDRESS = re.compile(r"[^\s<>,;:\"()]{1,64}@[^\s<>,;:\"()]{1,255}")
_ID = re.compile(r"<([^\s<>]{1,900})>")


def glance(body: bytes) -> tuple[str, str]:
    """The address in From and the Message-ID without its brackets, in lower case; empty for what isn't found."""
    head = body[:MOST]
    end = _END.search(head)
    fields: dict[bytes, str] = {}
    for name, value in _FIELD.findall(head if end is None else head[: end.start()]):
        fields.setdefault(name.lower(), value[:_LONGEST].decode("utf-8", "replace"))
    said, message_id = fields.get(b"from", ""), _ID.search(fields.get(b"message-id", ""))
    # The last one: a name before it may look like an address, too.
    found = _ADDRESS.findall(said[said.rfind("<") + 1 :]) or _ADDRESS.findall(said)
    return (found[-1].lower() if found else ""), (message_id[1].lower() if message_id else "")
