"""Add the core tables."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_24_0000"
down_revision: str | None = None

# INTEGER makes it SQLite's rowid itself: one tree less a table.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "municipality",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("hue", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_municipality"),
        sa.UniqueConstraint("code", name="uq_municipality_code"),
    )
    op.create_table(
        "person",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("disabled_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
        sa.UniqueConstraint("email", name="uq_person_email"),
    )
    op.create_table(
        "queue",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("answer_days", sa.BigInteger(), nullable=True),
        sa.Column("retired_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_queue"),
    )
    op.create_table(
        "audit",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("municipality_id", ID, nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("person_id", ID, nullable=True),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("subject_key", sa.Text(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=True),
        sa.Column("conversation_id", sa.BigInteger(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name="fk_audit_municipality_id"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_audit_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_municipality", "audit", ["municipality_id", "id"], unique=False)

    op.create_table(
        "audit_seal",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("municipality_id", ID, nullable=True),
        sa.Column("first_id", sa.BigInteger(), nullable=False),
        sa.Column("last_id", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name="fk_audit_seal_municipality_id"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_seal"),
        sa.UniqueConstraint(
            "municipality_id",
            "previous",
            name="uq_audit_seal_municipality_id_previous",
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index("ix_audit_seal_chain", "audit_seal", ["municipality_id", "id"], unique=False)

    op.create_table(
        "channel",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("home_id", ID, nullable=True),
        sa.Column("sends_by_id", ID, nullable=True),
        sa.Column("config", sa.Text(), nullable=False),
        sa.Column("secrets", sa.LargeBinary(), nullable=True),
        sa.Column("cursor", sa.LargeBinary(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("paused_why", sa.Text(), nullable=True),
        sa.Column("last_contact_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["home_id"], ["municipality.id"], name="fk_channel_home_id"),
        sa.ForeignKeyConstraint(["sends_by_id"], ["channel.id"], name="fk_channel_sends_by_id"),
        sa.PrimaryKeyConstraint("id", name="pk_channel"),
    )
    op.create_table(
        "citizen",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("municipality_id", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("protection", sa.Text(), nullable=False),
        sa.Column("protection_read_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name="fk_citizen_municipality_id"),
        sa.PrimaryKeyConstraint("id", name="pk_citizen"),
        sa.UniqueConstraint("municipality_id", "id", name="uq_citizen_municipality_id_id"),
    )
    op.create_table(
        "department",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("municipality_id", ID, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name="fk_department_municipality_id"),
        sa.PrimaryKeyConstraint("id", name="pk_department"),
        sa.UniqueConstraint("municipality_id", "id", name="uq_department_municipality_id_id"),
    )
    op.create_table(
        "login",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_login_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_login"),
        sa.UniqueConstraint("token_hash", name="uq_login_token_hash"),
    )
    op.create_table(
        "lookup",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("municipality_id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name="fk_lookup_municipality_id"),
        sa.PrimaryKeyConstraint("id", name="pk_lookup"),
        sa.UniqueConstraint("municipality_id", "id", name="uq_lookup_municipality_id_id"),
        sa.UniqueConstraint("municipality_id", "name", "version", name="uq_lookup_municipality_id_name_version"),
    )
    op.create_table(
        "membership",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("municipality_id", ID, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("queue_id", ID, nullable=True),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name="fk_membership_municipality_id"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_membership_person_id"),
        sa.ForeignKeyConstraint(["queue_id"], ["queue.id"], name="fk_membership_queue_id"),
        sa.PrimaryKeyConstraint("id", name="pk_membership"),
    )
    op.create_index("ix_membership_person_id", "membership", ["person_id"], unique=False)

    op.create_table(
        "queue_area",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("queue_id", ID, nullable=False),
        sa.Column("municipality_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name="fk_queue_area_municipality_id"),
        sa.ForeignKeyConstraint(["queue_id"], ["queue.id"], name="fk_queue_area_queue_id"),
        sa.PrimaryKeyConstraint("id", name="pk_queue_area"),
        sa.UniqueConstraint("queue_id", "municipality_id", name="uq_queue_area_queue_id_municipality_id"),
    )
    op.create_table(
        "reading",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_key", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_reading_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_reading"),
    )
    op.create_index("ix_reading_subject", "reading", ["subject_key"], unique=False)

    op.create_table(
        "request",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("municipality_id", ID, nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("request_key", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("body_sha256", sa.Text(), nullable=False),
        sa.Column("status", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name="fk_request_municipality_id"),
        sa.PrimaryKeyConstraint("id", name="pk_request"),
        sa.UniqueConstraint("actor", "request_key", name="uq_request_actor_request_key"),
    )
    op.create_table(
        "topic",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("municipality_id", ID, nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("synonyms", sa.Text(), nullable=False),
        sa.Column("retired_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["municipality_id", "parent_id"],
            ["topic.municipality_id", "topic.id"],
            name="fk_topic_municipality_id_parent_id",
        ),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name="fk_topic_municipality_id"),
        sa.PrimaryKeyConstraint("id", name="pk_topic"),
        sa.UniqueConstraint("municipality_id", "id", name="uq_topic_municipality_id_id"),
    )
    op.create_table(
        "citizen_point",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("municipality_id", ID, nullable=False),
        sa.Column("citizen_id", sa.BigInteger(), nullable=False),
        sa.Column("first_citizen_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("match_key", sa.Text(), nullable=False),
        sa.Column("confirmed_at", sa.BigInteger(), nullable=True),
        sa.Column("confirmed_how", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["municipality_id", "citizen_id"],
            ["citizen.municipality_id", "citizen.id"],
            name="fk_citizen_point_municipality_id_citizen_id",
        ),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name="fk_citizen_point_municipality_id"),
        sa.PrimaryKeyConstraint("id", name="pk_citizen_point"),
        sa.UniqueConstraint("municipality_id", "id", name="uq_citizen_point_municipality_id_id"),
    )
    op.create_index("ix_citizen_point_citizen", "citizen_point", ["municipality_id", "citizen_id"], unique=False)
    op.create_index("ix_citizen_point_match", "citizen_point", ["municipality_id", "kind", "match_key"], unique=False)

    op.create_table(
        "conversation",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("municipality_id", ID, nullable=False),
        sa.Column("citizen_id", sa.BigInteger(), nullable=False),
        sa.Column("queue_id", ID, nullable=False),
        sa.Column("confidential_queue_id", ID, nullable=True),
        sa.Column("assignee_id", ID, nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("wait_until", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("last_entry_id", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("moved_from", sa.BigInteger(), nullable=True),
        sa.Column("related_id", sa.BigInteger(), nullable=True),
        sa.Column("retain_until", sa.BigInteger(), nullable=True),
        sa.Column("hold", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["assignee_id"], ["person.id"], name="fk_conversation_assignee_id"),
        sa.ForeignKeyConstraint(["confidential_queue_id"], ["queue.id"], name="fk_conversation_confidential_queue_id"),
        sa.ForeignKeyConstraint(
            ["municipality_id", "citizen_id"],
            ["citizen.municipality_id", "citizen.id"],
            name="fk_conversation_municipality_id_citizen_id",
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id", "related_id"],
            ["conversation.municipality_id", "conversation.id"],
            name="fk_conversation_municipality_id_related_id",
        ),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name="fk_conversation_municipality_id"),
        sa.ForeignKeyConstraint(["queue_id"], ["queue.id"], name="fk_conversation_queue_id"),
        sa.PrimaryKeyConstraint("id", name="pk_conversation"),
        sa.UniqueConstraint("municipality_id", "id", name="uq_conversation_municipality_id_id"),
    )
    op.create_index(
        "ix_conversation_assignee",
        "conversation",
        ["municipality_id", "assignee_id", "id"],
        unique=False,
        sqlite_where=sa.text("assignee_id IS NOT NULL"),
        postgresql_where=sa.text("assignee_id IS NOT NULL"),
    )
    op.create_index("ix_conversation_citizen", "conversation", ["municipality_id", "citizen_id"], unique=False)
    op.create_index(
        "ix_conversation_open",
        "conversation",
        ["municipality_id", "due_at", "id"],
        unique=False,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )

    op.create_table(
        "raw_event",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("municipality_id", ID, nullable=True),
        sa.Column("channel_id", ID, nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("group_key", sa.Text(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("blob", sa.Text(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("whole_size", sa.BigInteger(), nullable=True),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("arrivals", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("parser", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name="fk_raw_event_channel_id"),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name="fk_raw_event_municipality_id"),
        sa.PrimaryKeyConstraint("id", name="pk_raw_event"),
        sa.UniqueConstraint("channel_id", "source_key", name="uq_raw_event_channel_id_source_key"),
    )
    op.create_index("ix_raw_event_municipality", "raw_event", ["municipality_id", "id"], unique=False)
    op.create_index(
        "ix_raw_event_new",
        "raw_event",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state = 'new'"),
        postgresql_where=sa.text("state = 'new'"),
    )
    op.create_index(
        "ix_raw_event_quarantined",
        "raw_event",
        ["municipality_id", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'quarantined'"),
        postgresql_where=sa.text("state = 'quarantined'"),
    )

    op.create_table(
        "draft",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("municipality_id", ID, nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("seen_entry_id", sa.BigInteger(), nullable=True),
        sa.Column("saved_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["municipality_id", "conversation_id"],
            ["conversation.municipality_id", "conversation.id"],
            name="fk_draft_municipality_id_conversation_id",
        ),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name="fk_draft_municipality_id"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_draft_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_draft"),
        sa.UniqueConstraint("conversation_id", "person_id", "kind", name="uq_draft_conversation_id_person_id_kind"),
        sa.UniqueConstraint("municipality_id", "id", name="uq_draft_municipality_id_id"),
    )
    op.create_table(
        "entry",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("municipality_id", ID, nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("first_conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("occurred_at", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("author_kind", sa.Text(), nullable=False),
        sa.Column("author_id", ID, nullable=True),
        sa.Column("channel_id", ID, nullable=True),
        sa.Column("raw_event_id", ID, nullable=True),
        sa.Column("item_key", sa.Text(), nullable=True),
        sa.Column("visibility", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("undone_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["author_id"], ["person.id"], name="fk_entry_author_id"),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name="fk_entry_channel_id"),
        sa.ForeignKeyConstraint(
            ["municipality_id", "conversation_id"],
            ["conversation.municipality_id", "conversation.id"],
            name="fk_entry_municipality_id_conversation_id",
        ),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name="fk_entry_municipality_id"),
        sa.ForeignKeyConstraint(["raw_event_id"], ["raw_event.id"], name="fk_entry_raw_event_id"),
        sa.PrimaryKeyConstraint("id", name="pk_entry"),
        sa.UniqueConstraint(
            "municipality_id", "channel_id", "item_key", name="uq_entry_municipality_id_channel_id_item_key"
        ),
        sa.UniqueConstraint("municipality_id", "id", name="uq_entry_municipality_id_id"),
    )
    op.create_index("ix_entry_raw_event", "entry", ["raw_event_id"], unique=False)
    op.create_index("ix_entry_timeline", "entry", ["conversation_id", "occurred_at", "id"], unique=False)

    op.create_table(
        "identity",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("municipality_id", ID, nullable=False),
        sa.Column("citizen_id", sa.BigInteger(), nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_at", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_by", sa.BigInteger(), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["municipality_id", "citizen_id"],
            ["citizen.municipality_id", "citizen.id"],
            name="fk_identity_municipality_id_citizen_id",
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id", "conversation_id"],
            ["conversation.municipality_id", "conversation.id"],
            name="fk_identity_municipality_id_conversation_id",
        ),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name="fk_identity_municipality_id"),
        sa.PrimaryKeyConstraint("id", name="pk_identity"),
        sa.UniqueConstraint("municipality_id", "id", name="uq_identity_municipality_id_id"),
    )
    op.create_table(
        "matter",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("municipality_id", ID, nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("topic_id", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("avoidable_cause", sa.Text(), nullable=True),
        sa.Column("set_by", ID, nullable=True),
        sa.Column("set_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["municipality_id", "conversation_id"],
            ["conversation.municipality_id", "conversation.id"],
            name="fk_matter_municipality_id_conversation_id",
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id", "topic_id"],
            ["topic.municipality_id", "topic.id"],
            name="fk_matter_municipality_id_topic_id",
        ),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name="fk_matter_municipality_id"),
        sa.ForeignKeyConstraint(["set_by"], ["person.id"], name="fk_matter_set_by"),
        sa.PrimaryKeyConstraint("id", name="pk_matter"),
        sa.UniqueConstraint("municipality_id", "id", name="uq_matter_municipality_id_id"),
    )
    op.create_index("ix_matter_conversation", "matter", ["municipality_id", "conversation_id"], unique=False)

    op.create_table(
        "participant",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("municipality_id", ID, nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("citizen_point_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("confirmed_at", sa.BigInteger(), nullable=True),
        sa.Column("confirmed_by", ID, nullable=True),
        sa.ForeignKeyConstraint(["confirmed_by"], ["person.id"], name="fk_participant_confirmed_by"),
        sa.ForeignKeyConstraint(
            ["municipality_id", "citizen_point_id"],
            ["citizen_point.municipality_id", "citizen_point.id"],
            name="fk_participant_municipality_id_citizen_point_id",
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id", "conversation_id"],
            ["conversation.municipality_id", "conversation.id"],
            name="fk_participant_municipality_id_conversation_id",
        ),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name="fk_participant_municipality_id"),
        sa.PrimaryKeyConstraint("id", name="pk_participant"),
        sa.UniqueConstraint(
            "municipality_id",
            "conversation_id",
            "citizen_point_id",
            name="uq_participant_municipality_id_conversation_id_citizen_point_id",
        ),
        sa.UniqueConstraint("municipality_id", "id", name="uq_participant_municipality_id_id"),
    )
    op.create_table(
        "promise",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("municipality_id", ID, nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("department_id", sa.BigInteger(), nullable=True),
        sa.Column("person_id", ID, nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("due_rule", sa.Text(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("kept_at", sa.BigInteger(), nullable=True),
        sa.Column("released_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["municipality_id", "conversation_id"],
            ["conversation.municipality_id", "conversation.id"],
            name="fk_promise_municipality_id_conversation_id",
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id", "department_id"],
            ["department.municipality_id", "department.id"],
            name="fk_promise_municipality_id_department_id",
        ),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name="fk_promise_municipality_id"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_promise_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_promise"),
        sa.UniqueConstraint("municipality_id", "id", name="uq_promise_municipality_id_id"),
    )
    op.create_table(
        "attachment",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("municipality_id", ID, nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("blob", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("inline_id", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["municipality_id", "entry_id"],
            ["entry.municipality_id", "entry.id"],
            name="fk_attachment_municipality_id_entry_id",
        ),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name="fk_attachment_municipality_id"),
        sa.PrimaryKeyConstraint("id", name="pk_attachment"),
        sa.UniqueConstraint("municipality_id", "id", name="uq_attachment_municipality_id_id"),
        sa.UniqueConstraint("public_id", name="uq_attachment_public_id"),
    )
    op.create_index("ix_attachment_entry", "attachment", ["entry_id"], unique=False)

    op.create_table(
        "call",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("municipality_id", ID, nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("offered_at", sa.BigInteger(), nullable=True),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("number", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["municipality_id", "entry_id"],
            ["entry.municipality_id", "entry.id"],
            name="fk_call_municipality_id_entry_id",
        ),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name="fk_call_municipality_id"),
        sa.PrimaryKeyConstraint("id", name="pk_call"),
        sa.UniqueConstraint("municipality_id", "entry_id", name="uq_call_municipality_id_entry_id"),
        sa.UniqueConstraint("municipality_id", "id", name="uq_call_municipality_id_id"),
    )
    op.create_table(
        "delivery",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("municipality_id", ID, nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", ID, nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("handed_over_at", sa.BigInteger(), nullable=True),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("outside_id", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name="fk_delivery_channel_id"),
        sa.ForeignKeyConstraint(
            ["municipality_id", "entry_id"],
            ["entry.municipality_id", "entry.id"],
            name="fk_delivery_municipality_id_entry_id",
        ),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name="fk_delivery_municipality_id"),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
        sa.UniqueConstraint("entry_id", "recipient", name="uq_delivery_entry_id_recipient"),
        sa.UniqueConstraint("municipality_id", "id", name="uq_delivery_municipality_id_id"),
    )
    op.create_index(
        "ix_delivery_unsettled",
        "delivery",
        ["not_before", "id"],
        unique=False,
        sqlite_where=sa.text("state IN ('queued', 'leased', 'handed_over', 'deferred')"),
        postgresql_where=sa.text("state IN ('queued', 'leased', 'handed_over', 'deferred')"),
    )
    op.create_index(
        "ix_delivery_went_wrong",
        "delivery",
        ["channel_id"],
        unique=False,
        sqlite_where=sa.text("state IN ('failed', 'uncertain')"),
        postgresql_where=sa.text("state IN ('failed', 'uncertain')"),
    )

    op.create_table(
        "mail",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("municipality_id", ID, nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("in_reply_to", sa.Text(), nullable=True),
        sa.Column("refs", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("recipients", sa.Text(), nullable=False),
        sa.Column("automatic", sa.Text(), nullable=True),
        sa.Column("authentication", sa.Text(), nullable=True),
        sa.Column("safe_html", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["municipality_id", "entry_id"],
            ["entry.municipality_id", "entry.id"],
            name="fk_mail_municipality_id_entry_id",
        ),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name="fk_mail_municipality_id"),
        sa.PrimaryKeyConstraint("id", name="pk_mail"),
        sa.UniqueConstraint("municipality_id", "entry_id", name="uq_mail_municipality_id_entry_id"),
        sa.UniqueConstraint("municipality_id", "id", name="uq_mail_municipality_id_id"),
    )
    op.create_index("ix_mail_message_id", "mail", ["municipality_id", "message_id"], unique=False)
