"""Let chats end whose citizen wrote by another way meanwhile: then their conversation's kind is that way's."""

from alembic import op

revision: str = "2026_11_27_1430"
down_revision: str | None = "2026_11_27_1420"

IN_SCOPE = (
    "municipality_id = ANY ((SELECT NULLIF(current_setting('torg.municipalities', true), '')::bigint[])::bigint[])"
)
# As what is seen; a new one has no entry yet.
CHATS = (
    "contact_kind = 'chat' OR EXISTS (SELECT FROM entry WHERE entry.municipality_id = conversation.municipality_id"
    " AND entry.conversation_id = conversation.id)"
)


def upgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        op.execute(f"ALTER POLICY of_visitors ON conversation WITH CHECK ({IN_SCOPE} AND ({CHATS}))")
