"""Visitor words: what a citizen reads in the chat's frame, in their language.

The page is given all of them; its script fills in what differs.
"""

from collections.abc import Mapping

from inbox_ui.lookups.sentences import DOMAIN, LANGUAGES, S_
from inbox_ui.words import translations

WORDS: Mapping[str, str] = {
    "title": S_("Chat with %(name)s"),
    "open": S_("Open now"),
    "open_until": S_("Open until %(time)s"),
    "closed": S_("Closed now"),
    "opens": S_("Opens %(time)s"),
    "opens_today": S_("Opens today %(time)s"),
    "waits": S_("You are waiting for an answer"),
    "answers": S_("%(name)s is answering"),
    "minimise": S_("Minimise the chat"),
    "talk": S_("The conversation"),
    "careful": S_("Don't write identity numbers or anything about health here."),
    "privacy": S_("How we handle your data"),
    "name": S_("Your name"),
    "email": S_("E-mail address, should we answer later"),
    "email_must": S_("E-mail address"),
    "may": S_("may be left empty"),
    "topic": S_("What is it about?"),
    "choose": S_("Choose"),
    "closed_topic": S_("%(topic)s (closed now)"),
    "question": S_("Your question"),
    "begin": S_("Start the chat"),
    "leave": S_("Leave a message"),
    "leave_lead": S_("Nobody is here now. Leave a message, and we answer by e-mail."),
    "closed_lead": S_("Nobody is here now. Come back when the chat is open."),
    "send_message": S_("Send the message"),
    "left": S_("Thank you. We have your message and answer to %(email)s. Your reference is %(reference)s."),
    "waiting_next": S_("You are next. Somebody answers soon."),
    "waiting": S_("There are %(count)s before you. You can write already."),
    "waiting_one": S_("There is one before you. You can write already."),
    "taken": S_("%(name)s has joined the chat"),
    "message": S_("Message"),
    "write": S_("Write a message"),
    "send": S_("Send"),
    "attach": S_("Attach a file"),
    "file": S_("Save the file %(name)s"),
    "sending": S_("being sent"),
    "not_sent": S_("not sent yet; it is tried again"),
    "delivered": S_("sent"),
    "read": S_("read"),
    "typing": S_("%(name)s is writing"),
    "you": S_("You"),
    "somebody": S_("We"),
    "offline": S_("The connection is lost. What you write is kept and sent when it is back."),
    "must_go": S_("Do you have to go?"),
    "by_mail": S_("Get the answer by e-mail"),
    "by_mail_set": S_("Answers also go to your e-mail address."),
    "save": S_("Save"),
    "cancel": S_("Cancel"),
    "end": S_("End the chat"),
    "end_sure": S_("Do you want to end the chat?"),
    "end_yes": S_("Yes, end it"),
    "end_no": S_("No, go on"),
    "ended": S_("The chat is over."),
    "ended_by_us": S_("The chat was ended by us. Thank you for writing."),
    "ended_by_you": S_("You have ended the chat. Thank you for writing."),
    "transcript": S_("Get the chat by e-mail"),
    "transcript_set": S_("The chat is sent to you by e-mail."),
    "again": S_("Start a new chat"),
    "field_must": S_("Fill this in."),
    "field_email": S_("This is no e-mail address. Write it as name@example.com."),
    "email_enough": S_("Nothing more can be sent to that address today."),
    "field_topic": S_("Choose what it is about."),
    "too_long": S_("A message has 4,000 characters at most."),
    "file_large": S_("The file is larger than %(most)s MB, which is the most."),
    "file_refused": S_("The file can't be sent: %(name)s"),
    "too_many": S_("That was too much at once. Wait a moment and try again."),
    "failed": S_("It didn't work just now. Try again in a moment; what you wrote is kept."),
    "lost": S_("This chat can't be found any more. Start a new one."),
    "unread": S_("New message"),
    "no_script": S_("The chat needs JavaScript. Write to us by e-mail, or call."),
}

BUTTON = (S_("Chat with us"), S_("Chat"), S_("You are waiting for an answer"), S_("Your chat goes on"))
"""Of the button on the municipality's page, what the frame is called, and the button again while a chat waits and,
once somebody has taken it, goes on."""


def words(language: str) -> dict[str, str]:
    """All of them."""
    catalogue = translations(language, DOMAIN)
    return {name: catalogue.gettext(message) for name, message in WORDS.items()}


def button_words() -> dict[str, list[str]]:
    """In each language."""
    return {each: [translations(each, DOMAIN).gettext(word) for word in BUTTON] for each in LANGUAGES}
