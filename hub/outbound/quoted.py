"""Quoted: what an answer repeats of what it answers, with who wrote it and when, in the reader's language.

Only what a citizen wrote to us, or we to them, can be: nothing internal, and of no mail more than its own words.
"""

from datetime import UTC
from zoneinfo import ZoneInfo

from hub import clock
from hub.contract import Quoted
from hub.inbox import quotation
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.inbox.municipality import Municipality
from hub.storage.unit import Unit

LONGEST = 20_000
"""Characters: who wrote more knows what it was by its beginning."""
_HEADINGS = {
    "sv": "Den {when} skrev {who}:",
    "nb": "Den {when} skrev {who}:",
    "nn": "Den {when} skreiv {who}:",
    "da": "Den {when} skrev {who}:",
    "fi": "{who} kirjoitti {when}:",
    "en": "On {when} {who} wrote:",
}
_YOU = {"sv": "du", "nb": "du", "nn": "du", "da": "du", "fi": "sinä", "en": "you"}


def quoted(unit: Unit, entry: Entry) -> Quoted | None:
    """Of a mail of ours; None where it quotes nothing, or what it quoted was erased."""
    named = entry.body.get("quotes")
    said = unit.get(Entry, int(named)) if named else None
    if said is None or said.municipality_id != entry.municipality_id:
        return None
    if said.kind not in quotation.WRITTEN or said.visibility != "public":
        return None
    text = quotation.words(unit, said)
    if not text.strip():
        return None
    municipality = unit.get(Municipality, said.municipality_id)
    conversation = unit.get(Conversation, entry.conversation_id)
    language = (conversation.language if conversation else None) or (municipality.language if municipality else "en")
    zone = ZoneInfo(municipality.timezone) if municipality else UTC
    who = " ".join(str(said.body.get("name") or "").split()) or _YOU.get(language, _YOU["en"])
    when = f"{clock.to_datetime(said.occurred_at).astimezone(zone):%Y-%m-%d %H:%M}"
    heading = _HEADINGS.get(language, _HEADINGS["en"]).format(when=when, who=who)
    return Quoted(heading, text if len(text) <= LONGEST else f"{text[:LONGEST]} […]")
