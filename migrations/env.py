"""Alembic's environment: migrations run on the connection that `hub.storage.migrate` hands over."""

import importlib

from alembic import context

from hub.storage.base import Row

ROOMS_WITH_TABLES = (
    "hub.inbox.municipality", "hub.inbox.queue", "hub.inbox.topic", "hub.inbox.department", "hub.inbox.citizen",
    "hub.inbox.conversation", "hub.inbox.participant", "hub.inbox.entry", "hub.inbox.call", "hub.inbox.chat",
    "hub.inbox.staff_number", "hub.outbound.freeze",
    "hub.inbox.matter", "hub.inbox.draft", "hub.inbox.promise", "hub.inbox.delivery",
    "hub.access.person", "hub.access.duty", "hub.access.login", "hub.access.audit",
    "hub.access.reading", "hub.channels.channel", "hub.channels.faces", "hub.channels.hourly", "hub.channels.mailbox",
    "hub.inbound.raw_event", "hub.edge.idempotency", "hub.lookups.definition", "hub.lookups.kept", "hub.inbox.receipt",
    "hub.inbox.letterhead", "hub.inbox.canned", "hub.inbox.sent_copy", "hub.inbox.whose", "hub.watch.target",
    "hub.watch.alarm", "hub.inbox.text", "hub.inbox.form", "hub.access.knock",
)  # fmt: skip

for name in ROOMS_WITH_TABLES:
    importlib.import_module(name)


def include_object(item: object, name: str | None, kind: str, reflected: bool, other: object) -> bool:
    """The search index is the engines' own and no model's."""
    return not (kind == "table" and (name or "").startswith("search_entry"))


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Row.metadata,
    include_object=include_object,
    render_as_batch=connection.dialect.name == "sqlite",
    transaction_per_migration=True,
    compare_type=False,
)
with context.begin_transaction():
    context.run_migrations()
