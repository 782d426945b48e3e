"""Purposes stated by staff, and the log of every look."""

from alembic import op

from storage.migrate import run_sql_file

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the file of this revision."""
    run_sql_file(op.get_bind(), "0008_access.sql")
