"""Service time, outbox, idempotency keys, append-only rows."""

from alembic import op

from storage.migrate import run_sql_file

revision = "0001"
down_revision = None
branch_labels = ("main",)
depends_on = None


def upgrade() -> None:
    """Run the file of this revision."""
    run_sql_file(op.get_bind(), "0001_foundations.sql")
