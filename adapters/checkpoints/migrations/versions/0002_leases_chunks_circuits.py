"""Leases, requests, chunks, circuits; a migration can be paused

Revision: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATUS_BEFORE = ("running", "succeeded", "partial", "failed", "cancelled")
STATUS = (*STATUS_BEFORE, "paused")


def words(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def json() -> sa.JSON:
    return sa.JSON(none_as_null=True)


def moment() -> sa.DateTime:
    return sa.DateTime(timezone=True)


def migration_columns(*status: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("contract_hash", sa.String(length=255), nullable=False),
        sa.Column("contract", json(), nullable=False),
        sa.Column("settings", json(), nullable=False),
        sa.Column("status", words(op.f("ck_migration_status"), *status), nullable=False),
        sa.Column("created_at", moment(), nullable=False),
        sa.Column("updated_at", moment(), nullable=False),
    ]


def new_migration_columns() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("request", words(op.f("ck_migration_request"), "pause", "cancel"), nullable=True),
        sa.Column("subject", sa.String(length=255), nullable=True),
    ]


def rebuild_migration(*columns: sa.schema.SchemaItem) -> None:
    """SQLite cannot change a CHECK; its rows go to a new table, whose name the references already have."""
    op.create_table(
        "migration_rebuilt",
        *columns,
        sa.PrimaryKeyConstraint("number", name=op.f("pk_migration")),
        sa.UniqueConstraint("id", name=op.f("uq_migration_id")),
    )
    kept = "number, id, contract_hash, contract, settings, status, created_at, updated_at"
    op.execute(f"INSERT INTO migration_rebuilt ({kept}) SELECT {kept} FROM migration")
    op.drop_table("migration")
    op.rename_table("migration_rebuilt", "migration")


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        rebuild_migration(*migration_columns(*STATUS), *new_migration_columns())
    else:
        op.drop_constraint(op.f("ck_migration_status"), "migration")
        op.create_check_constraint(op.f("ck_migration_status"), "migration", sa.column("status").in_(STATUS))
        for column in new_migration_columns():
            op.add_column("migration", column)
    op.add_column("table_checkpoint", sa.Column("lease_owner", json(), nullable=True))
    op.add_column("table_checkpoint", sa.Column("lease_fence", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("table_checkpoint", sa.Column("lease_expires_at", moment(), nullable=True))
    op.create_table(
        "chunk",
        sa.Column("migration_id", sa.String(length=255), nullable=False),
        sa.Column("table_name", sa.String(length=255), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("item", sa.Integer(), nullable=False),
        sa.Column("lower", json(), nullable=True),
        sa.Column("upper", json(), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("done_at", moment(), nullable=True),
        sa.Column("result", json(), nullable=True),
        sa.CheckConstraint("done_at IS NOT NULL OR result IS NULL", name=op.f("ck_chunk_result_of_done")),
        sa.ForeignKeyConstraint(
            ["migration_id", "table_name"],
            ["table_checkpoint.migration_id", "table_checkpoint.table_name"],
            name=op.f("fk_chunk_migration_id_table_name_table_checkpoint"),
        ),
        sa.PrimaryKeyConstraint("migration_id", "table_name", "number", name=op.f("pk_chunk")),
    )
    op.create_table(
        "circuit",
        sa.Column("migration_id", sa.String(length=255), nullable=False),
        sa.Column("server", sa.String(length=255), nullable=False),
        sa.Column("state", words(op.f("ck_circuit_state"), "closed", "open", "half_open"), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("opened_at", moment(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["migration_id"], ["migration.id"], name=op.f("fk_circuit_migration_id_migration")),
        sa.PrimaryKeyConstraint("migration_id", "server", name=op.f("pk_circuit")),
    )


def downgrade() -> None:
    op.drop_table("circuit")
    op.drop_table("chunk")
    for column in ("lease_expires_at", "lease_fence", "lease_owner"):
        op.drop_column("table_checkpoint", column)
    op.execute("UPDATE migration SET status = 'running' WHERE status = 'paused'")
    if op.get_bind().dialect.name == "sqlite":
        rebuild_migration(*migration_columns(*STATUS_BEFORE))
        return
    op.drop_column("migration", "request")
    op.drop_column("migration", "subject")
    op.drop_constraint(op.f("ck_migration_status"), "migration")
    op.create_check_constraint(op.f("ck_migration_status"), "migration", sa.column("status").in_(STATUS_BEFORE))
