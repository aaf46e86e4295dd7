"""Stored: sentences that the hub has put into rows or its plugins say, in English, said in the reader's language.

They stand here once more so that `make words` finds them, with names for what differs from row to row. What doesn't
stand here, such as a mail server's own words, is shown as it came.
"""

import re
from functools import cache

from inbox_ui.words import gettext


def N_(sentence: str) -> str:  # noqa: N802 - gettext's own name for it
    """Marks what is translated later."""
    return sentence


SENTENCES = (
    # what was odd about a mail
    N_("The last part isn't closed: the mail may be cut off."),
    N_("A {media_type} has no parts: it was read as text."),
    N_("The quoted-printable is broken: what couldn't be read stands as it came."),
    N_("The transfer encoding {encoding} is unknown: read as it stands."),
    N_("The base64 is cut off: it was read as far as it goes."),
    N_("The base64 is broken: what couldn't be read was left out."),
    N_("The mail names no sender."),
    N_("The mail has no date that can be read."),
    N_("The mail has more than {limit} addresses, the limit: the rest of {name} was left out."),
    N_("The header {name} has {many} bytes and was read up to the limit of {limit}."),
    N_("The HTML has {many} characters; over {limit} only its text is shown."),
    N_("The HTML has over {limit} entities: only its text is shown."),
    N_("The character set {declared} is unknown or wrong: the text was read as utf-8."),
    N_("The text says {declared} and is utf-8: it was read as utf-8."),
    N_("The text isn't {declared}: it was read as windows-1252."),
    # why something couldn't be read or placed
    N_("A Content-Type header has {many} bytes; the limit is {limit}."),
    N_("The mail's parts are nested {many} deep or deeper; the limit is {limit}."),
    N_("The mail has {many} bytes of headers or more; the limit is {limit}."),
    N_("The mail has {many} parts or more; the limit is {limit}."),
    N_("It takes more memory to read than one message may have."),
    N_("It took more processor time to read than one message may have."),
    N_("It is nested more deeply than can be read."),
    N_("Reading it ended the process that read it, {many} times."),
    N_("The parser failed:"),
    N_("The parser found nothing in it."),
    N_("A bug of the program ({kind}) keeps it from being read; see the log."),
    N_("It can't be placed: {why}"),
    N_("no router places it and its channel has no municipality of its own"),
    # kinds of channels
    N_("Mail in (SMTP, LMTP)"),
    N_("Mail out (SMTP)"),
    N_("Mail out to a folder (.eml)"),
    N_("Mail (parser only)"),
    # how a delivery ended
    N_("The program stopped while the mail server was taking it."),
    N_("The mail server didn't say whether it took it."),
    N_("Given up after 48 hours. {why}"),
)


def stored(sentence: str) -> str:
    """Its first line, in the reader's language."""
    line = sentence.partition("\n")[0]
    for pattern, known in _patterns():
        if found := pattern.fullmatch(line):
            said = {name: stored(value) for name, value in found.groupdict().items()}
            return gettext(known).format(**said)
    return line


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    return [(re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>.*)", re.escape(each))), each) for each in SENTENCES]
