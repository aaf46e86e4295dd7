"""Spoken: the words of public pages, in the citizen's language. What a form says its municipality writes."""

from collections.abc import Mapping, Sequence
from functools import cache

from babel import Locale

from hub.inbox.form_answers import Fault
from inbox_ui.lookups.sentences import DOMAIN, LANGUAGES, S_
from inbox_ui.words import preferred_of, translations

_WORDS: Mapping[str, str] = {
    "skip": S_("Skip to content"),
    "language": S_("Language"),
    "send": S_("Send"),
    "next": S_("Next"),
    "back": S_("Back"),
    "step": S_("Step %(number)s of %(count)s"),
    "optional": S_("(optional)"),
    "only_if": S_("Only if you have answered %(answers)s to %(question)s:"),
    "quoted": S_("“%(words)s”"),
    "or": S_("or"),
    "put_right": S_("Something has to be put right before this can be sent:"),
    "trap": S_("Leave this field empty"),
    "files": S_("Up to %(count)s files, %(size)s MB each"),
    "one_file": S_("One file, %(size)s MB at most"),
    "choose_files": S_("Choose files"),
    "choose_file": S_("Choose a file"),
    "none_chosen": S_("No file is chosen"),
    "kept_files": S_("These files are here already. Take the tick away from those that shall not be sent."),
    "property": S_("Such as %(example)s"),
    "identity": S_("It is stored encrypted, and doesn't prove who you are."),
    "expired": S_("The form had been open for a long time. All that you wrote is here: look it through and send it."),
    "fast": S_(
        "It isn't sent yet: it was filled in so quickly that it might be a program's. All that you wrote is here: look "
        "it through and send it."
    ),
    "links": S_(
        "It isn't sent yet: there are many links in it, as in advertising. All that you wrote is here: take away those "
        "that aren't needed, and send it."
    ),
    "sent_before": S_(
        "You have sent this form already: it has the number %(number)s. If what stands here now shall be sent as well, "
        "send it."
    ),
    "too_many": S_(
        "Too much was sent from your network just now. All that you wrote is here: send it in %(minutes)s minutes."
    ),
    "unavailable": S_("It couldn't be sent just now. All that you wrote is here: try again in a moment."),
    "closed": S_("This form is closed: nothing can be sent any more."),
    "retired": S_("This form isn't used any more: nothing can be sent by it. Begin at the municipality's site."),
    "left": S_("This is what you wrote, and it wasn't sent: copy what you need of it."),
    "closes": S_("It can be sent until %(day)s."),
    "thanks": S_("Thank you. We have received what you sent."),
    "number": S_("Your reference number"),
    "keep_number": S_("Keep it: it is what you can ask by."),
    "another": S_("Send another one"),
    "not_found": S_("There is nothing here"),
    "not_found_why": S_("It may have been taken away, or the address is wrong. Begin at the municipality's site."),
    "too_large": S_("That was too large to be sent"),
    "too_large_why": S_(
        "Go back in your browser: what you wrote is there. Choose smaller files or fewer, and send again."
    ),
    "elsewhere": S_("It wasn't sent"),
    "elsewhere_why": S_(
        "As far as your browser tells, it doesn't come from the form's own page. Go back and copy what you wrote. Then "
        "open the form at its own address, in a window of its own, and send it from there."
    ),
    "failed": S_("That didn't work"),
    "failed_why": S_("Go back in your browser: what you wrote is there. Try again in a moment."),
    "problem_in_field": S_("Problem:"),
}
_FAULTS: Mapping[str, str] = {
    "missing": S_("Fill this in."),
    "not_chosen": S_("Choose one of the answers."),
    "consent": S_("Tick this to go on."),
    "no_file": S_("Add a file."),
    "too_long": S_("This is too long: {most} characters at most."),
    "date": S_("Write the date as year-month-day, such as 2026-11-27."),
    "email": S_("This is no e-mail address: it looks like name@example.com."),
    "phone": S_("This is no phone number: write digits, with + before the country."),
    "property": S_("This isn't how a property is written: {example}."),
    "identity": S_("This identity number can't be right: check its digits."),
    "many_files": S_("There may be {most} files here at most: take some away."),
    "large_file": S_("This file is larger than {most} MB: choose a smaller one."),
    "empty_file": S_("This file is empty: choose another one."),
    "large_files": S_("The files are larger than {most} MB together: take some away."),
    "lost_file": S_("This file isn't here any more: choose it again."),
    "unsafe_file": S_("A virus scanner found something in this file: choose another one."),
}


@cache
def own_name(language: str) -> str:
    """As those say it who speak it."""
    name = Locale.parse(language).get_display_name(language) or language
    return name[:1].upper() + name[1:]


@cache
def words(language: str) -> Mapping[str, str]:
    """By their names, in that language or else in English."""
    said = translations(language, DOMAIN).gettext
    return {name: said(message) for name, message in _WORDS.items()}


def fault_words(fault: Fault, language: str) -> str:
    """What is wrong, and what to do about it."""
    said = translations(language, DOMAIN).gettext(_FAULTS[fault.code])
    return said.format(**fault.told) if fault.told else said


def preferred(accept_language: str, languages: Sequence[str] = LANGUAGES) -> str:
    """The best of these by an Accept-Language header (RFC 9110); else the first."""
    return preferred_of(accept_language[:200], languages)
