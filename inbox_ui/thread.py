"""Thread: what the templates of one conversation are given, whichever page or change shows them."""

import secrets
from typing import Any

from hub.edge import asking, drafting, looking
from hub.edge.desk import Desk
from hub.edge.drafting import Drafts
from hub.edge.looking import Looked
from hub.formats import sms
from hub.lookups.offer import Offers
from inbox_ui import answers, senders, showing, talks, times
from inbox_ui.context import fragment
from inbox_ui.lookups.panel import panel
from inbox_ui.rendering import Asking
from inbox_ui.view import View
from inbox_ui.words import told

_HINTED = {"call": "number", "sms": "number", "visit": "name"}
"""Kinds of contacts that say no more of who it is than this, or not even that."""


async def thread(request: Asking, desk: Desk, view: View, looked: Looked) -> dict[str, Any]:
    """What the templates of a conversation are given."""
    values = await fragment(request, desk, view)
    drafts = Drafts((), ())
    if looked.glass_until is None:
        drafts = await desk.read(drafting.drafts_of, int(looked.page.conversation.id))
    return {
        **values,
        **await asked(request, desk, looked.page.conversation.id),
        **head(looked),
        "days": showing.days(looked.entries, values["names"], looked.page.citizen.name),
        "before": looked.before,
        "newest": looking.cursor(looked.entries),
        **others(request, desk, looked.page.conversation.id),
        "beside": False,
        **writing(drafts, _answers_by(looked)),
    }


def head(looked: Looked) -> dict[str, Any]:
    """What a conversation's head, menus and citizen card are given."""
    return {
        "looked": looked,
        "chat": looked.chat,
        "texts_from": looked.texts_from,
        "texts_to": looked.texts_to,
        "text_price": looked.text_price,
        "no_texts": _no_texts(looked),
        "one": looked.page.conversation,
        "whose": looked.page.citizen.name,
        "earlier": looked.earlier,
        "known_by": _HINTED.get(looked.page.conversation.contact_kind or ""),
        "sealed": looked.glass_until is not None,
        "allows": _allows(looked),
        "matters": looked.page.matters,
        "focus": next((each for each in looked.page.matters if each.outcome is None), None),
        "outcomes": showing.OUTCOMES,
        "outcome_words": showing.outcome_words(),
        "causes": talks.causes(),
        "identity_ways": showing.identity_ways(),
        "identity_words": showing.identity_words(),
        "waits": times.waits(),
        "tomorrow": times.tomorrow(),
        "tested": senders.newest_tested(looked),
        "below": looked.below,
        "reply_to": answers.reply_to(looked),
        "reply_from": answers.reply_from(looked),
    }


async def asked(request: Asking, desk: Desk, conversation_id: int | str, *, asks: bool = False) -> dict[str, Any]:
    """The same as `lookups`, as they stand beside this conversation."""
    sources = asking.provide_sources(request)
    return lookups(await desk.read(asking.offers, int(conversation_id), sources), asks=asks)


def lookups(offers: Offers, *, asks: bool = False) -> dict[str, Any]:
    """What the panel of lookups is given. `asks`: it asks at once what the topic allows."""
    return {"panel": panel(offers, asks=asks), "sealed": False}


def _allows(looked: Looked) -> str:
    """What decides which cards may be asked: when it differs, the panel is fetched anew."""
    topics = sorted(each.topic_id for each in looked.page.matters)
    return " ".join([looked.identity.confirmed_at.isoformat() if looked.identity else "unconfirmed", *topics])


def _answers_by(looked: Looked) -> str:
    """As the citizen is there, or wrote last; else by whatever reaches them; a note where nothing does."""
    if looked.chat is not None and looked.chat.state != "ended":
        return "chat"
    if looked.texts_from is not None and (looked.page.conversation.contact_kind == "sms" or not looked.mails):
        return "sms"
    return "mail" if looked.mails else "note"


def _no_texts(looked: Looked) -> str:
    """Why the citizen, who wrote by text message last, can't be answered so; empty: they can, or didn't."""
    asks = looked.page.conversation.contact_kind == "sms"
    return told(looked.no_texts) if asks and looked.no_texts is not None else ""


def writing(drafts: Drafts, by: str = "mail") -> dict[str, Any]:
    """What the composer is given: one's drafts by kind, and who else has one. `by`: what an answer goes by."""
    own = {each.kind: each for each in drafts.own}
    newest = max((each for each in drafts.own if each.kind != "forward"), key=lambda each: each.saved_at, default=None)
    noted = newest is not None and newest.kind == "note"
    return {
        "drafts": {kind: own.get(kind) for kind in ("reply", "note", "forward")},
        "others_write": drafts.others,
        "mode": "note" if noted and by != "chat" else by,
        "alphabet": sms.ALPHABET,
        "one_time": secrets.token_urlsafe(16),
    }


def others(request: Asking, desk: Desk, conversation_id: int | str) -> dict[str, Any]:
    """Who else has it open, and what they do."""
    there = request.app.state.live.present(int(conversation_id))
    return {"present": showing.present(there, desk.actor.id)}
