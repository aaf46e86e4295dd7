"""What a mail quotes of earlier ones, taken away: sv, nb, nn, da, fi, en. Linear: each line is looked at a few times.

Forwarded mails aren't quotes: they are what the sender wants read. `ReceivedMessage.text` always keeps the whole.
"""

import re

_LONGEST_LINE = 400
"""A longer line is prose: it's never tried as an attribution or header."""
_ATTRIBUTION_LINES = 4
_BLOCK_LINES = 10

_QUOTED = re.compile(r" {0,3}>")
_VERB = re.compile(
    r"\b(?:skrev|skreiv|skrifaði|wrote|writes|kirjoitti|schrieb)\b(?: (?:följande|følgende|fylgjande|seuraavaa))?", re.I
)
_WHEN = re.compile(r"\d{1,2}[:.]\d{2}\b|\b(?:19|20)\d{2}\b|\d{1,2}[./-]\d{1,2}")
_CLOCK = re.compile(r"\d[:.]\d\d\b")
_START = re.compile(
    r"\s*(?:(?:den|on|vid|kl|el|am)\s|\d|\W{0,2}\w[^\n]{0,120}?[<(\[]?[^\s@]{1,64}@"
    r"|(?:må|ma|ti|on|to|fr|lö|lø|sö|sø|ke|pe|la|su|mo|tu|we|th|sa)\w{0,10}[.,]{0,2}\s+(?:den\s+)?\d)",
    re.I,
)
_FROM = re.compile(r"\s*\*{0,2}(?:från|fra|frå|from|lähettäjä|avsändare|afsender|avsender|von)\s?:", re.I)
_LABEL = re.compile(
    r"\s*\*{0,2}(?:(skickat|skickad|datum|sendt|dato|sent|date|lähetetty|päivämäärä|päiväys|gesendet)"
    r"|(till|til|to|vastaanottaja|an|kopia|kopi|cc|kopio)|(ämne|emne|subject|aihe|betreff))\s?:",
    re.I,
)
_RULE = re.compile(
    r"\s*[-_*]{2,}\s*(?:ursprungligt meddelande|originalmeddelande|ursprungligt e-postmeddelande|opprinnelig melding"
    r"|opprinneleg melding|opphavleg melding|opprinnelig e-post|opprinnelig beskjed|oprindelig meddelelse"
    r"|oprindelig besked|oprindelig mail|alkuperäinen viesti|original message|ursprüngliche nachricht)\s*[-_*]{2,}\s*",
    re.I,
)
_FORWARD = re.compile(
    r"\s*(?:[-_*]{2,}\s*)?(?:begin forwarded message|forwarded message|vidarebefordrat (?:meddelande|brev|mail)"
    r"|vidarebefordrat meddelande|videresendt (?:melding|besked|meddelelse|e-post)|vidaresend melding"
    r"|välitetty viesti|vidarebefordrat mail|start på vidarebefordrat|startar vidarebefordrat meddelande"
    r"|påbörjat vidarebefordrat meddelande|start på videresendt (?:besked|melding)|alkaa välitetty viesti)\s*:?"
    r"\s*(?:[-_*]{2,})?\s*",
    re.I,
)
_UNDERSCORES = re.compile(r"\s*_{8,}\s*")


def visible(text: str) -> str:
    """The text without quoted earlier messages; answers between quotes stay. The whole if nothing would be left."""
    lines = text.split("\n")
    kept: list[str] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        if _QUOTED.match(line):
            _drop_attribution(kept)
        elif len(line) > _LONGEST_LINE or not line:
            kept.append(line)
        elif _FORWARD.fullmatch(line):
            kept += lines[at:]
            break
        elif _RULE.fullmatch(line) or _is_block(lines, at):
            _drop_rule(kept)
            break
        else:
            kept.append(line)
            if line.rstrip().endswith(":") and _cuts_all(kept, lines, at):
                break
        at += 1
    found = "\n".join(kept).strip()
    return found or text.strip()


def _drop_attribution(kept: list[str]) -> None:
    """Before a quoted line: the "X wrote:" above it goes too. A second `>` line finds none and costs nothing."""
    last = len(kept) - 1
    while last >= 0 and last > len(kept) - 4 and not kept[last].strip():
        last -= 1
    if last >= 0 and kept[last].rstrip().endswith(":"):
        count = _attribution(kept, last)
        if count:
            del kept[last + 1 - count :]


def _cuts_all(kept: list[str], lines: list[str], at: int) -> bool:
    """An attribution with sender or time, and no `>` below: what follows is quoted without marks."""
    after = at + 1
    while after < len(lines) and after < at + 4 and not lines[after].strip():
        after += 1
    if after < len(lines) and _QUOTED.match(lines[after]):
        return False  # dropped when the quoted line is reached
    count = _attribution(kept, len(kept) - 1)
    if not count:
        return False
    whole = " ".join(kept[-count:])
    if not (_START.match(whole) and _WHEN.search(whole) and ("@" in whole or _CLOCK.search(whole))):
        return False  # "Den 3 mars skrev ni till mig:" is a person's sentence
    del kept[-count:]
    return True


def _attribution(kept: list[str], last: int) -> int:
    """How many lines up to `last` make an "On …, X wrote:"; 0 if they don't."""
    verb = False
    for count in range(1, _ATTRIBUTION_LINES + 1):
        at = last + 1 - count
        if at < 0 or not kept[at].strip() or len(kept[at]) > _LONGEST_LINE:
            break
        verb = verb or bool(_VERB.search(kept[at]))
        whole = kept[at]
        if verb and (_START.match(whole) and (_WHEN.search(whole) or "@" in whole or count == 1)):
            return count
    return 1 if verb and _VERB.search(kept[last]) else 0


def _is_block(lines: list[str], at: int) -> bool:
    """Outlook's headers of the quoted mail: a sender, and two more kinds of label within the next lines."""
    if not _FROM.match(lines[at]):
        return False
    kinds = set()
    for line in lines[at + 1 : at + _BLOCK_LINES]:
        label = _LABEL.match(line[:_LONGEST_LINE])
        if label:
            kinds.add(label.lastindex)
    return len(kinds) > 1


def _drop_rule(kept: list[str]) -> None:
    """Outlook's line of underscores above the block, and blank lines."""
    while kept and (not kept[-1].strip() or _UNDERSCORES.fullmatch(kept[-1][:_LONGEST_LINE])):
        kept.pop()
