"""The first format

Revision: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Spelled out: a later change of the code's words must not change what this revision made.
STATES = (
    "pending",
    "view_created",
    "table_created",
    "job_created",
    "loading",
    "loaded",
    "validating",
    "validated",
    "failed",
    "cancelled",
)
TRIGGERS = (
    "create_view",
    "create_table",
    "create_job",
    "start_load",
    "restart_load",
    "finish_load",
    "start_validation",
    "finish_validation",
    "fail",
    "retry",
    "cancel",
)


def words(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def json() -> sa.JSON:
    return sa.JSON(none_as_null=True)


def moment() -> sa.DateTime:
    return sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "migration",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("contract_hash", sa.String(length=255), nullable=False),
        sa.Column("contract", json(), nullable=False),
        sa.Column("settings", json(), nullable=False),
        sa.Column(
            "status", words("status", "running", "succeeded", "partial", "failed", "cancelled"), nullable=False
        ),
        sa.Column("created_at", moment(), nullable=False),
        sa.Column("updated_at", moment(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_migration")),
        sa.UniqueConstraint("id", name=op.f("uq_migration_id")),
    )
    op.create_table(
        "table_checkpoint",
        sa.Column("migration_id", sa.String(length=255), nullable=False),
        sa.Column("table_name", sa.String(length=255), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("state", words("state", *STATES), nullable=False),
        sa.Column("failed_from", words("failed_from", *STATES), nullable=True),
        sa.Column("evidence", json(), nullable=False),
        sa.Column("error", json(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(state = 'failed') = (failed_from IS NOT NULL)", name=op.f("ck_table_checkpoint_failed_from_known")
        ),
        sa.ForeignKeyConstraint(
            ["migration_id"], ["migration.id"], name=op.f("fk_table_checkpoint_migration_id_migration")
        ),
        sa.PrimaryKeyConstraint("migration_id", "table_name", name=op.f("pk_table_checkpoint")),
    )
    op.create_table(
        "transition",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("migration_id", sa.String(length=255), nullable=False),
        sa.Column("table_name", sa.String(length=255), nullable=False),
        sa.Column("trigger", words("trigger", *TRIGGERS), nullable=False),
        sa.Column("from_state", words("from_state", *STATES), nullable=False),
        sa.Column("to_state", words("to_state", *STATES), nullable=False),
        sa.Column("status", words("status", "pending", "committed", "abandoned"), nullable=False),
        sa.Column("intent", json(), nullable=False),
        sa.Column("evidence", json(), nullable=False),
        sa.Column("error", json(), nullable=True),
        sa.Column("started_at", moment(), nullable=False),
        sa.Column("ended_at", moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["migration_id", "table_name"],
            ["table_checkpoint.migration_id", "table_checkpoint.table_name"],
            name=op.f("fk_transition_migration_id_table_name_table_checkpoint"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transition")),
    )
    op.create_index("ix_transition_table", "transition", ["migration_id", "table_name", "id"])
    op.create_index(
        "uq_transition_one_pending",
        "transition",
        ["migration_id", "table_name"],
        unique=True,
        sqlite_where=sa.text("status = 'pending'"),
        postgresql_where=sa.text("status = 'pending'"),
    )


def downgrade() -> None:
    op.drop_table("transition")
    op.drop_table("table_checkpoint")
    op.drop_table("migration")
