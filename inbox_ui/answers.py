"""Answers: whither one goes and whence it leaves, as far as the page that it is written on tells."""

from hub.edge.looking import Looked


def reply_to(looked: Looked) -> str:
    """Whom an answer goes to, covered; empty when nobody can be answered by mail."""
    return next((each.masked for each in looked.points if each.kind == "email"), "")


def reply_from(looked: Looked) -> str:
    """Whence an answer leaves: the address of ours that the citizen wrote to last, as hub/channels/route.py has it.

    Empty where what stands on the page doesn't say: they wrote longer ago, or perhaps to another municipality.
    """
    parts = {str((each.body or {}).get("what")) for each in looked.entries if each.kind == "change"}
    if looked.moved_from or parts & {"received", "merged"}:
        return ""
    mails = [each for each in looked.entries if each.kind == "mail" and each.author.kind == "citizen"]
    return str((mails[-1].body or {}).get("address") or "") if mails else ""
