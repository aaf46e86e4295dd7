"""Stored: sentences that the hub has put into rows or its plugins say, in English, said in the reader's language.

They stand here once more so that `make words` finds them, with names for what differs from row to row. What doesn't
stand here, such as a mail server's own words, is shown as it came.
"""

import re
from functools import cache

from inbox_ui.setting_words import SETTINGS
from inbox_ui.stored_channels import CHOICES, OF_CHANNELS
from inbox_ui.stored_lookups import OF_LOOKUPS
from inbox_ui.words import N_, gettext

SENTENCES = (
    # first, for what comes before it is a sentence of its own
    N_("{why} Nothing was saved."),
    # what was odd about a mail
    N_("The last part isn't closed: the mail may be cut off."),
    N_("A {media_type} has no parts: it was read as text."),
    N_("The quoted-printable is broken: what couldn't be read stands as it came."),
    N_("The transfer encoding {encoding} is unknown: read as it stands."),
    N_("The base64 is cut off: it was read as far as it goes."),
    N_("The base64 is broken: what couldn't be read was left out."),
    N_("Not all of the text is base64, as it says: the rest was read as it stands."),
    N_("The mail names no sender."),
    N_("The mail has no date that can be read."),
    N_("The mail has more than {limit} addresses, the limit: the rest of {name} was left out."),
    N_("The header {name} has {many} bytes and was read up to the limit of {limit}."),
    N_("The HTML has {many} characters; over {limit} only its text is shown."),
    N_("The HTML has over {limit} entities: only its text is shown."),
    N_("The character set {declared} is unknown or wrong: the text was read as {charset}."),
    N_("The text says {declared} and is utf-8: it was read as utf-8."),
    N_("The text isn't {declared}: it was read as {charset}."),
    N_("No character set is given: the text was read as {charset}."),
    N_("The text isn't wholly {declared}: {many} characters can't be read."),
    N_("The HTML is nested {many} deep; over {limit} only its text is shown."),
    N_("The HTML leaves too much formatting open: only its text is shown."),
    N_("The HTML has an element with too many attributes: only its text is shown."),
    N_("Only the first {many} of {size} bytes were fetched."),
    N_("This mail is encrypted and can't be read here: its content is attached as it came."),
    N_("The signed part of this mail can't be opened: it is attached as it came."),
    N_("The text is encrypted and attached as it came: ask the sender to write without encryption."),
    N_("The winmail.dat can't be read: it was kept as it came."),
    N_("The name of a file turns its letters round to look like another kind of file: it is shown unturned."),
    N_("The sender's domain is written {domain}, which may look like another."),
    N_("The sender's name or address has invisible characters in it."),
    N_("The sender's address mixes letters of several scripts that look alike."),
    N_("The sender's name mixes letters of several scripts that look alike."),
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
    N_(
        "none of the lines of its channel is {called}, and the channel has no municipality of its own: name it in the "
        "setting lines, then read this again"
    ),
    # why a channel doesn't listen
    N_("It stopped listening by itself, and is started again."),
    N_("A bug of the program ({kind}); see the log."),
    # what is the matter with a channel, and what to do
    N_("No plugin brings the kind {kind}."),
    N_("Put right in its settings what that says, then resume it: until then nothing comes or goes."),
    N_("{number} waits until somebody resumes it."),
    N_("{number} wait until somebody resumes it."),
    N_("It is tried again by itself; see to what is in its way."),
    N_("No process listens for it."),
    N_("No process fetches its mail."),
    N_("Its source hasn't answered for some minutes."),
    N_("It is asked again and again; see whether its server answers others."),
    N_("{number} at the source can't be found here, and nothing explains why."),
    N_("Look for them in the raw events, by sender and date: nothing may be lost."),
    N_("It works yet: see to it before it doesn't."),
    N_("Start torg serve, or see why it doesn't run."),
    N_("{number} was received and can't be seen in the inbox yet."),
    N_("{number} were received and can't be seen in the inbox yet."),
    N_("{number} is due to be sent and nobody sends."),
    N_("{number} are due to be sent and nobody sends."),
    N_("See whether a worker runs (torg serve, torg worker), and its log."),
    N_("{number} isn't taken yet."),
    N_("{number} aren't taken yet."),
    N_("Each is tried again by itself; see to the server it goes to."),
    N_("Whether {number} arrived isn't known."),
    N_("Agents see it in the conversation and decide; see why the server gave no answer."),
    N_("{number} couldn't be read or placed."),
    N_("The virus scanner found something in {number} of the files that it looked at in the last hour."),
    N_("They are shut away: torg scan list shows them. Warn whoever got the same by another way."),
    N_("{number} file can't be opened: no virus scanner has looked at it."),
    N_("{number} files can't be opened: no virus scanner has looked at them."),
    N_("See by torg scan list why; where there is no scanner any more, let them go by torg scan release --waiting."),
    N_("Nothing has come for {hours} h on a working day, when {usual} usually come in that time."),
    N_("Nothing has come for {hours} h on a day off, when {usual} usually come in that time."),
    N_("Nothing has come for {hours} h, when {usual} usually come in that time."),
    N_("Send a mail to it, and see whether the mail server hands it over."),
    N_("Open its page from outside, as a citizen would, and send something by it."),
    N_("Call or write to its number, and see whether the other side tells us of it."),
    # alarms, by mail
    N_("Alarm: {channel}"),
    N_("Alarm, still: {channel}"),
    N_("All clear: {channel}"),
    N_("A trial of the alarm"),
    N_("This is a trial: alarms of Torg arrive here."),
    N_("It is over."),
    N_("Since {time} ({zone})."),
    N_("You are told again in {hours} h, and when it is over."),
    # how an alarm's notice ended
    N_("The mail couldn't be handed over; IT of all municipalities sees why."),
    N_("It was answered with {status}."),
    N_("There is no channel that sends: add one, or a webhook."),
    N_("This channel can't send: choose one that can."),
    N_("{host} is at an address that Torg doesn't go to."),
    # why a question to another system has no answer
    N_("The source did not answer within {seconds} seconds."),
    N_("The lookup has a fault of its own: IT finds it in the log."),
    N_("The source answered about somebody else. It was thrown away, and IT is told."),
    N_("The answer doesn't say whom it is about. It was thrown away, and IT is told."),
    N_("That is somebody else's than the citizen's whose identity is confirmed: it isn't shown."),
    N_("The source failed again and again: it is asked again within half a minute."),
    N_(
        "Who this is about has a protected identity, or it can't be read whether: nothing is asked or shown. "
        "Answer as for protected identities: don't say whether we know of them, and hand over to whoever has the right."
    ),
    N_("No address is known for {host}."),
    N_("{host} gave no whole answer within {seconds} seconds."),
    N_("{host} can't answer now ({status})."),
    N_("The file isn't there."),
    N_("{file} isn't there."),
    N_("{file} is being written: ask again in a moment."),
    N_("{file} is being written."),
    N_("{file} can't be opened ({why})."),
    N_("{file} is of {when}: too old to answer by (too_old_hours = {hours})."),
    N_("{file} has more than {limit} rows."),
    N_("{file} is larger than {limit} bytes."),
    N_("There are no names of columns in line {line}."),
    N_("Two columns have the same name."),
    N_("Line {line} has {many} columns, and the header has {limit}."),
    N_("Line {line} isn't CSV, or the file is cut off."),
    N_("It isn't a workbook (XLSX), or it is cut off."),
    N_("There is no sheet {sheet}; there are: {sheets}."),
    N_("{host} sends us elsewhere ({status}): set base_url to where it is now."),
    N_("{host} packs its answer in a way that wasn't asked for."),
    N_("{host} answers with what can't be unpacked."),
    N_("{host} answers with more than {limit} bytes."),
    N_("{host} ends the encrypted line: it may want a certificate of ours."),
    N_("{host} hung up, or answers in no HTTP."),
    N_("{host} doesn't take what it was asked ({status})."),
    N_("{host} says that it doesn't let us in."),
    N_("The answer isn't JSON: is this the address of the API?"),
    N_("This source wants an address with its house number: Storgatan 1."),
    # how a delivery ended
    N_("The program stopped while the mail server was taking it."),
    N_("The mail server didn't say whether it took it."),
    N_("Torg was restored from a backup that is older: it may have been sent since."),
    N_("Given up after 48 hours. {why}"),
    N_("{name} says that it arrived."),
    N_("The domain of the address takes no mail ({why})."),
    N_("The address doesn't exist ({why})."),
    N_("The mailbox is closed ({why})."),
    N_("The mailbox is full ({why})."),
    N_("The mail is too large for the other side ({why})."),
    N_("The other side's mail server refuses it ({why})."),
    N_("It couldn't be delivered in time ({why})."),
    N_("The other side's mail server couldn't deliver it ({why})."),
    N_("It is delayed on its way; the other side tries on ({why})."),
    N_("no reason given"),
    *OF_CHANNELS,
)

SYSTEMS = (
    N_("Connection refused"),
    N_("Connection reset by peer"),
    N_("Connection timed out"),
    N_("No route to host"),
    N_("Network is unreachable"),
    N_("Permission denied"),
)
"""What the operating system says, within such a sentence."""


_UNNAMED = N_("unnamed")
NAMES = frozenset({"channel", "file", "folder", "host", "name", "sheet"})
"""What people named keeps its name, also where that is a word of ours: a channel called Mailbox."""
_SETTING = re.compile(r"[a-z][a-z0-9_]*(?:\.[^\s:]+)*: ")


def stored(sentence: str) -> str:
    """Its first line, in the reader's language."""
    line = sentence.partition("\n")[0]
    for pattern, known in _patterns():
        if found := pattern.fullmatch(line):
            said = {name: value if name in NAMES else stored(value) for name, value in found.groupdict().items()}
            ends = "." if line.endswith(".") and not known.endswith((".", "}")) else ""
            return gettext(known).format(**said) + ends
    before, sentence = _without_setting(line)
    return before + stored(sentence) if before else line


def choice(value: str) -> str:
    """Of a setting, as a person reads it; a plugin's own as it is."""
    return gettext(CHOICES[value]) if value in CHOICES else value


def file_name(name: str) -> str:
    """As it came; of a file that nobody named, in the reader's language."""
    stem, dot, extension = name.partition(".")
    return gettext(_UNNAMED) + dot + extension if stem == _UNNAMED else name


def is_known(sentence: str) -> bool:
    """It stands here: `stored` says it in the reader's language."""
    line = sentence.partition("\n")[0]
    return any(pattern.fullmatch(each) for each in (line, _without_setting(line)[1]) for pattern, _ in _patterns())


def _without_setting(line: str) -> tuple[str, str]:
    """A setting's name, as the file has it, may stand before a sentence."""
    found = _SETTING.match(line)
    return (found[0], line[found.end() :]) if found else ("", line)


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """Those that begin with what differs come last, the longest first: they would take another sentence's beginning for
    it."""
    first, *rest = (*SENTENCES, *SETTINGS, *OF_LOOKUPS, *SYSTEMS)
    ordered = [first, *sorted(rest, key=lambda each: each.startswith("{") and 10_000 - len(each))]
    return [
        (re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>.*?)", re.escape(each)) + _may_end(each)), each) for each in ordered
    ]


def _may_end(sentence: str) -> str:
    """One without a full stop may have got one where it was raised again."""
    return "" if sentence.endswith((".", "?", "}")) else r"\.?"
