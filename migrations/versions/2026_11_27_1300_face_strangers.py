"""A face for strangers: on PostgreSQL roles of its own, which see of citizens what is said in chats, and no secrets.

`torg_public` logs in; visitors' units run as it. `torg_intake`, which it may become, keeps what is brought, and knows
the channels that strangers come to.
"""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_27_1300"
down_revision: str | None = "2026_11_27_1210"

ROLES = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'torg_public') THEN
        CREATE ROLE torg_public LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOINHERIT;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'torg_intake') THEN
        CREATE ROLE torg_intake NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOINHERIT;
    END IF;
    GRANT torg_intake TO torg_public;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE EXCEPTION 'The roles torg_public and torg_intake are missing: create them, or use a role with CREATEROLE.';
END $$;
GRANT USAGE ON SCHEMA public TO torg_public, torg_intake;
"""

CHANNEL = (
    "id", "kind", "name", "home_id", "sends_by_id", "config", "lease_until", "lease_by", "fence", "per_minute",
    "next_send_at", "keeps_sent", "paused_why", "paused_itself", "trouble", "last_contact_at", "changed_at", "behind",
    "vanished", "warning", "retry_at", "renews_until",
)  # fmt: skip

GRANTS = f"""
GRANT SELECT, INSERT, UPDATE, DELETE ON public_kind TO torg_system;
GRANT SELECT ON public_kind TO torg_intake;
GRANT SELECT ON alembic_version TO torg_public;

GRANT SELECT ON municipality, queue, queue_area, topic TO torg_public;
GRANT SELECT (id, name) ON person TO torg_public;
GRANT SELECT ({", ".join(CHANNEL)}) ON channel TO torg_public;
GRANT SELECT, INSERT, UPDATE ON chat, conversation, citizen_point, channel_hour TO torg_public;
GRANT SELECT, INSERT ON entry, attachment TO torg_public;
GRANT INSERT ON citizen, participant, matter, search_entry TO torg_public;

GRANT SELECT ON municipality, queue, queue_area, form, form_version TO torg_intake;
GRANT SELECT ON channel TO torg_intake;
GRANT UPDATE (last_contact_at) ON channel TO torg_intake;
GRANT SELECT (id, municipality_id, channel_id, source_key, origin, arrivals), INSERT, UPDATE (arrivals)
    ON raw_event TO torg_intake;
GRANT SELECT, INSERT, UPDATE ON channel_hour TO torg_intake;
GRANT SELECT, INSERT, UPDATE, DELETE ON knock TO torg_intake;
GRANT SELECT (id, heard_at), UPDATE (heard_at) ON chat TO torg_intake;
"""

IN_SCOPE = (
    "municipality_id = ANY ((SELECT NULLIF(current_setting('torg.municipalities', true), '')::bigint[])::bigint[])"
)
IN_CHAT = "kind = 'chat' AND visibility = 'public'"
# A chat's conversation, or one that it has become part of.
CHATS = (
    "contact_kind = 'chat' OR EXISTS (SELECT FROM entry WHERE entry.municipality_id = conversation.municipality_id"
    " AND entry.conversation_id = conversation.id)"
)
ITS_ENTRY = (
    "EXISTS (SELECT FROM entry WHERE entry.municipality_id = attachment.municipality_id"
    " AND entry.id = attachment.entry_id)"
)
ITS_CONVERSATION = (
    "claimed_at IS NOT NULL AND EXISTS (SELECT FROM conversation WHERE conversation.municipality_id ="
    " citizen_point.municipality_id AND conversation.citizen_id = citizen_point.citizen_id)"
)
# For torg_public: what is seen, and what may be written. A policy's own sub-selects see what the role sees.
OF_VISITORS = (
    ("topic", "true", "false"),
    ("chat", "true", "true"),
    ("channel_hour", "true", "true"),
    ("conversation", CHATS, "contact_kind = 'chat'"),
    ("entry", IN_CHAT, "kind IN ('chat', 'change')"),
    ("attachment", ITS_ENTRY, "true"),
    ("citizen", "false", "true"),
    ("citizen_point", ITS_CONVERSATION, "claimed_at IS NOT NULL"),
    ("participant", "false", "true"),
    ("matter", "false", "true"),
)  # fmt: skip
OPEN_KINDS = "kind IN (SELECT kind FROM public_kind)"
ITS_CHANNEL = "channel_id IN (SELECT id FROM channel)"
# For torg_intake, in no municipality's scope.
OF_INTAKE = (
    ("form", "live IS NOT NULL"),
    ("form_version", "true"),
    ("raw_event", ITS_CHANNEL),
    ("channel_hour", ITS_CHANNEL),
    ("chat", "true"),
)


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "public_kind",
        sa.Column("id", key, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_public_kind"),
        sa.UniqueConstraint("kind", name="uq_public_kind_kind"),
    )
    if op.get_bind().dialect.name == "sqlite":
        return
    op.execute(ROLES)
    op.execute(GRANTS)
    for table, seen, written in OF_VISITORS:
        op.execute(
            f"CREATE POLICY of_visitors ON {table} TO torg_public"
            f" USING ({IN_SCOPE} AND ({seen})) WITH CHECK ({IN_SCOPE} AND ({written}))"
        )
    for table, seen in OF_INTAKE:
        op.execute(f"CREATE POLICY of_intake ON {table} TO torg_intake USING ({seen}) WITH CHECK ({seen})")
    # A channel is the centre's: only of its secrets does not everybody see all.
    op.execute("ALTER TABLE channel ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY everything ON channel TO torg_app, torg_system, torg_public USING (true)")
    op.execute(f"CREATE POLICY of_intake ON channel TO torg_intake USING ({OPEN_KINDS})")
