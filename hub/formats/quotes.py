"""What a mail quotes of earlier ones, and signatures, taken away: sv, nb, nn, da, fi, en, de.

Linear: each line is looked at a few times.

Never what somebody wrote: a quote without marks needs the header that only a program writes. Forwarded mails aren't
quotes: they are what the sender wants read. `ReceivedMessage.text` always keeps the whole.
"""

import re

from hub.formats import attributions, signatures

_LONGEST_LINE = 400
"""A longer line is prose: it's never tried as an attribution or header."""
_BLOCK_LINES = 10
_MIN_KINDS = 3
_MOST_TRIES = 200
"""Lines of a mail that are tried as the end of an attribution: more of them are no letter, and each takes a while."""
_MOST_SIGNATURES = 50
"""Delimiters that are looked below: the same."""

_QUOTED = re.compile(r" {0,3}>(?!>+[^<\n]*<<)")
"""Between `>>>` and `<<<` somebody praises what he sells."""
_FROM = r"från|fra|frå|from|lähettäjä|avsändare|afsender|avsender|avsendar|von|de|van|da"
_LABEL = re.compile(
    rf"[\s*_>]{{0,4}}(?:(?P<sender>{_FROM})|(?P<sent>skickat|skickad|datum|sendt|dato|sent|date|lähetetty|päivämäärä"
    rf"|päiväys"
    r"|pvm|gesendet|envoyé|verzonden|tidspunkt)|(?P<to>till|til|to|vastaanottaja|saaja|an|kopia|kopi|cc|kopio"
    r"|kenelle|mottagare|mottaker"
    r"|modtager|à|aan)|(?P<subject>ämne|emne|subject|aihe|betreff|rubrik|ärende|objet|onderwerp|asunto"
    r"|vedrørende))[*_]{0,2}\s?:",
    re.I,
)
_RULE = re.compile(
    r"\s*+[-_*]{2,}+\s*+(?:ursprungligt meddelande|originalmeddelande|ursprungligt e-?post(?:meddelande)?"
    r"|ursprungligt mejl|opprinnelig melding"
    r"|opprinneleg melding|opphavleg melding|opprinnelig e-?post|opprinnelig beskjed|oprindelig meddelelse"
    r"|oprindelig besked|oprindelig mail|alkuperäinen viesti|original message|original e-?mail|ursprüngliche nachricht"
    r"|originalnachricht|svar på meddelande|reply message|message d'origine|mensaje original|oorspronkelijk bericht"
    r"|.{1,100}\b(?:wrote|skrev|skreiv|kirjoitti|schrieb))\s*[-_*]{2,}\s*",
    re.I,
)
_FORWARD = re.compile(
    r"\s*+(?:[-_*]{2,}+\s*+)?(?:begin forwarded message|start forwarded message|forwarded (?:message|mail|by .{0,60})"
    r"|vidarebefordrat (?:meddelande|brev|mail|mejl|e-post)"
    r"|vidarebefordrar meddelande|videresendt (?:melding|besked|meddelelse|e-?post|mail)|videresend[te]? meddelelse"
    r"|vidaresend(?:t)? melding"
    r"|välitetty viesti|edelleenlähetetty viesti|start på vidarebefordrat (?:meddelande|brev|mejl)"
    r"|startar vidarebefordrat meddelande"
    r"|(?:påbörjat|börjar) vidarebefordrat meddelande|start på videresendt (?:besked|melding|meddelelse)"
    r"|videresendt besked start"
    r"|(?:alkaa|alku) välitetty viesti|välitetty viesti alkaa|weitergeleitete nachricht"
    r"|anfang der weitergeleiteten nachricht)\s*:?"
    r"\s*(?:[-_*]{2,})?\s*",
    re.I,
)
_CLOCK = re.compile(r"\d[:.]\d\d\b")
_BELOW = re.compile(r"\b(?:nedan|nedanför|nedenfor|nedanstående|below|alla|adress|address|adresse|osoite)\b", re.I)
_MARKS = frozenset("-_*")
_COLON = 30
_HEADS = frozenset({
    "ski", "ska", "sän", "sen", "läh", "von", "ges", "häm", "hen", "få ", "las", "lat", "han", "get", "dow", "hol",
    "lad", "env", "ver", "vid", "väl", "ede", "beg", "sta", "for", "påb", "bör", "alk", "wei", "anf",
})  # fmt: skip
"""How lines begin that telephones write, and those above a forwarded mail that have no colon."""
_RAW = re.compile(
    r"(?:x-[\w-]+|message-id|mime-version|content-type|received|return-path|list-[\w-]+|organization)\s*:", re.I
)
_DIVIDER = re.compile(r"\s*+(?:_{5,}+|-{10,}+|\*{10,}+)\s*")
_FORWARDED = re.compile(r"\s*(?:vb|fw|fwd|wg|vl|vidarebef\w*|videresendt|i)\s*:", re.I)
_PERHAPS_FORWARDED = re.compile(r"\s*vs\s*:", re.I)
"""Videresendt in nb and da, vastaus in fi: the quoted header tells."""
_ANSWER = re.compile(r"\s*(?:re|sv|vs|aw|antw|svar)(?:\[\d+\])?\s*:", re.I)
_POINTS_BELOW = re.compile(
    r"\b(?:(?:mina |mitt |mine |mit |våra |vårt )?(?:svar|kommentar(?:er)?|synpunkter"
    r"|kommentarar)\b.{0,30}?\b(?:nedan|nedanför|nedenfor|under|inne i|i din|i ditt|i texten|i teksten|rött|rødt"
    r"|blått|grönt|inline)"
    r"|svarar? (?:nedan|i texten|i ditt|inne i|under|nedenfor)|se (?:nedan|nedenfor|under\b)|(?:i|med|som) (?:rött"
    r"|rødt|blått|grönt|grønt|röd text|rød tekst|rød skrift|kursiv|fetstil)\b"
    r"|vastaukset?(?:ni)? .{0,20}?\b(?:alla|alle|tekstin|seassa|punaisella)|alla punaisella|(?:see|answers?"
    r"|comments?|repl(?:y|ies)|responses?|my answer)\b.{0,30}?\b(?:below|inline|in-line|in red|in blue|in bold|in caps)"
    r"|\binline\b)",
    re.I,
)


def is_answer(subject: str) -> bool:
    """Whether the subject says that an earlier mail is answered."""
    return bool(_ANSWER.match(subject))


def visible(text: str, subject: str = "", *, answers: bool = True) -> str:
    """What was written now; answers between quotes stay. The whole if nothing would be left.

    `answers`: the mail names an earlier one. One that doesn't quotes only below a program's attribution or header.
    """
    whole = text.strip()
    if _FORWARDED.match(subject):
        return whole
    walk = _Walk(text.split("\n"), answers=answers, perhaps_forwarded=bool(_PERHAPS_FORWARDED.match(subject)))
    return "\n".join(walk.kept()).strip() or whole


class _Walk:
    """One look at each line, from the first to the last."""

    def __init__(self, lines: list[str], *, answers: bool, perhaps_forwarded: bool) -> None:
        self._lines, self._answers, self._perhaps_forwarded = lines, answers, perhaps_forwarded
        self._kept: list[str] = []
        self._below_attribution = False
        self._tries, self._signatures = _MOST_TRIES, _MOST_SIGNATURES
        self._looked, self._points = 0, False
        self._labels: dict[int, re.Match[str] | None] = {}

    def kept(self) -> list[str]:
        """The lines that were written now."""
        lines, kept = self._lines, self._kept
        at = 0
        while at < len(lines):
            line = lines[at]
            if ">" in line[:4] and len(line) <= _LONGEST_LINE and _QUOTED.match(line):
                self._quoted(at)
            elif line == "-- " and self._signatures:
                self._signatures -= 1
                at = self._signature(at)
                continue
            elif not line or len(line) > _LONGEST_LINE or _is_plain(line):
                kept.append(line)
                if ":" in line[-3:] and self._tries > 0 and self._cuts_above(at):
                    return self._cut()
            elif signatures.is_mobile(line):
                pass
            elif _FORWARD.fullmatch(line):
                return kept + lines[at:]
            elif self._begins_quote(at):
                marked = self._marked_below(at)
                if marked is None:
                    return self._cut()
                at = marked
                continue
            else:
                kept.append(line)
                if ":" in line[-3:] and self._tries > 0 and self._cuts_above(at):
                    return self._cut()
            at += 1
        return kept

    def _quoted(self, at: int) -> None:
        """A second `>` line finds no attribution any more and costs nothing. One alone may be somebody's own sign."""
        lines, kept = self._lines, self._kept
        last = len(kept) - 1
        while last >= 0 and last > len(kept) - 4 and not kept[last].strip():
            last -= 1
        count = self._attribution(kept, last)[0] if last >= 0 and kept[last].rstrip().endswith((":", ">")) else 0
        if count:
            del kept[last + 1 - count :]
            self._below_attribution = True
        if self._answers and not self._below_attribution:
            below = lines[at + 1] if at + 1 < len(lines) else ""
            # A paragraph of its own is no sign within a sentence.
            stands_alone = not below.strip() and (not kept or not kept[-1].strip())
            self._below_attribution = stands_alone or bool(_QUOTED.match(below))
        if not self._below_attribution:
            kept.append(lines[at])

    def _signature(self, at: int) -> int:
        end = at if self._points_at_it() else signatures.end(self._lines, at)
        # An attribution below it is no part of it: `_quoted` looks for it in what was kept.
        tail = end - 1
        while tail > at and not self._lines[tail].strip():
            tail -= 1
        count = self._attribution(self._lines, tail)[0] if end < len(self._lines) else 0
        if end == at or (tail > at and self._begins_within(at + 1, end)):
            self._kept.append(self._lines[at])
            return at + 1
        if count:
            self._kept.extend(self._lines[tail + 1 - count : tail + 1])
        return end

    def _points_at_it(self) -> bool:
        """Whether what stands above speaks of an address, or of what stands below. Each line is looked at once."""
        fresh = self._kept[self._looked :]
        self._looked = len(self._kept)
        self._points = self._points or any(_BELOW.search(line[:_LONGEST_LINE]) for line in fresh)
        return self._points

    def _begins_within(self, start: int, end: int) -> bool:
        """A quote without marks begins below the delimiter: what stands above that is for the next look."""
        return any(self._begins_quote(at) for at in range(start, end))

    def _begins_quote(self, at: int) -> bool:
        """The program's line "original message", or the header of the quoted mail."""
        line = self._lines[at]
        if _RULE.fullmatch(line):
            return self._answers or _kinds(self._lines, at + 1, 4) > 1
        return line.find(":", 0, _COLON) >= 0 and self._is_header(at)

    def _is_header(self, at: int) -> bool:
        first = self._label(at)
        if not first:
            return False
        block = range(at, min(at + _BLOCK_LINES, len(self._lines)))
        found = [label for each in block if (label := self._label(each))]
        kinds = {label.lastgroup for label in found}
        if "sender" not in kinds or len(kinds) < _MIN_KINDS or not kinds & {"sent", "subject"}:
            return False
        lines = self._lines[block.start : block.stop]
        if any(_RAW.match(each) for each in lines):
            return False  # somebody shows the headers of a mail
        if self._perhaps_forwarded and not any(
            "hett" in label.group().lower() or "aih" in label.group().lower() for label in found
        ):
            return False
        addressed = any("@" in each for each in lines)
        if first.lastgroup != "sender" and not (addressed and len(kinds) > _MIN_KINDS):
            return False
        # A person's own list of from, to and when has neither address nor clock. A form has them, and is no answer.
        return self._answers and (addressed or any(_CLOCK.search(each) for each in lines))

    def _label(self, at: int) -> re.Match[str] | None:
        """Looked for once: a block of labels is a block from each of its lines on."""
        if at not in self._labels:
            self._labels[at] = _LABEL.match(self._lines[at][:_LONGEST_LINE])
        return self._labels[at]

    def _cuts_above(self, at: int) -> bool:
        """The line ends an attribution, gone now, with date and address, and no `>` below: quoted without marks."""
        count = self._unmarked(at)
        if count:
            del self._kept[len(self._kept) - count :]
        return count > 0

    def _unmarked(self, at: int) -> int:
        lines = self._lines
        if not lines[at].rstrip().endswith(":"):
            return 0
        after = at + 1
        while after < len(lines) and after < at + 4 and not lines[after].strip():
            after += 1
        if after >= len(lines) or _QUOTED.match(lines[after]):
            return 0  # nothing follows, or it's dropped when the quoted line is reached
        count, is_machine = self._attribution(self._kept, len(self._kept) - 1)
        return count if is_machine else 0

    def _attribution(self, lines: list[str], last: int) -> tuple[int, bool]:
        self._tries -= 1
        return attributions.lines(lines, last) if self._tries >= 0 else (0, False)

    def _marked_below(self, at: int) -> int | None:
        """Where the quote below this header has its first `>`: what has none there is an answer between its lines."""
        lines, last = self._lines, at + _BLOCK_LINES
        while at < last and at < len(lines) and not _QUOTED.match(lines[at]):
            if lines[at].strip() and not _LABEL.match(lines[at][:_LONGEST_LINE]) and not _RULE.fullmatch(lines[at]):
                return None
            at += 1
        if at == last or at >= len(lines):
            return None
        self._below_attribution = True
        return at

    def _cut(self) -> list[str]:
        """All from here on is quoted, unless what is above speaks of answers further down."""
        kept = self._kept
        while kept and (not kept[-1].strip() or _DIVIDER.fullmatch(kept[-1][:_LONGEST_LINE])):
            kept.pop()
        if any(_POINTS_BELOW.search(line[:_LONGEST_LINE]) for line in kept):
            return self._lines
        return kept


def _is_plain(line: str) -> bool:
    """It can't be a header, a rule or what a telephone writes: most lines, so that they cost little."""
    if line.find(":", 0, _COLON) >= 0:
        return False
    words = line.lstrip(" \t\xa0*_-")
    if words[:3].lower() in _HEADS:
        return False
    return len(words) == len(line) or line.lstrip()[:1] not in _MARKS


def _kinds(lines: list[str], at: int, most: int) -> int:
    """How many kinds of header labels the next lines have."""
    return len({label.lastgroup for line in lines[at : at + most] if (label := _LABEL.match(line[:_LONGEST_LINE]))})
