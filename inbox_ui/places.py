"""Places: which pages beside the inbox somebody has, and where their work begins."""

from hub.access import policy
from hub.access.person import Actor


def start_of(actor: Actor) -> str:
    """With conversations; for who reads none, with the first page that is theirs."""
    return "/inbox" if reads_conversations(actor) else administration_of(actor) or "/inbox"


def administration_of(actor: Actor) -> str:
    """The first of the pages beside the inbox; empty: they have none."""
    if policy.runs_channels(actor, None):
        return "/channels"
    if policy.administers(actor, None):
        return "/letterheads"
    if policy.audits(actor, None):
        return "/who-looked"
    return "/lookups" if policy.sees_use(actor, None) else ""


def reads_conversations(actor: Actor) -> bool:
    """Anywhere at all."""
    return any(policy.reads_citizens(actor, each) for each in actor.municipality_ids)
