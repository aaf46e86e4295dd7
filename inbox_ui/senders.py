"""Senders: whether a mail's From address is its sender's own, in words. It never is an identity: that is confirmed."""

from collections.abc import Sequence

from msgspec import Struct

from hub.edge.looking import Looked
from hub.inbox.timeline import MailFields
from inbox_ui.words import gettext as _

_REPORTS = frozenset({"bounce", "receipt", "complaint"})


class Tested(Struct, frozen=True):
    """What our mail gateway found. `title`: by which tests."""

    words: str
    tone: str | None
    title: str


def tested(authentication: str | None) -> Tested | None:
    """As `mail.authentication` has it; None where nothing tests."""
    words = (authentication or "").split()
    said: dict[str, tuple[str, str | None]] = {
        "known": (_("Sender's address known"), None),
        "unconfirmed": (_("Sender's address not confirmed"), "warn"),
        "failed": (_("Perhaps a forged sender"), "late"),
    }
    if not words or words[0] not in said:
        return None
    tests = ", ".join(each for each in words if "=" in each) or _("no test that counts")
    return Tested(*said[words[0]], _("As our mail gateway tested it: %(tests)s") % {"tests": tests})


def of_mail(mail: MailFields) -> Tested | None:
    """What a mail server itself reports has no sender that could be known: there only a forged one is worth a word."""
    said = tested(mail.authentication)
    return said if mail.automatic not in _REPORTS or (said and said.tone == "late") else None


def claims(authentication: str | None) -> Sequence[str]:
    """A warning where a mail says that one of ours wrote it."""
    words = (authentication or "").split()
    if "own" in words:
        return [_("It gives an address of our own as its sender: ask who wrote it before you act on it.")]
    if "colleague" in words and "known" not in words:
        return [
            _("It gives a colleague's address as its sender, which nobody has tested: ask them before you act on it.")
        ]
    return []


def newest_tested(looked: Looked) -> Tested | None:
    """Of the newest mail on the page that came from outside, and that no mail server wrote about one of ours."""
    mails = [each.mail for each in looked.entries if each.mail is not None and each.author.kind == "citizen"]
    theirs = [each for each in mails if each.automatic not in _REPORTS]
    return tested(theirs[-1].authentication) if theirs else None
