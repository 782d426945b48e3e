"""Days whose digests cover who made what, and what is never taken back."""

from alembic import op

from storage.migrate import run_sql_file

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the file of this revision."""
    run_sql_file(op.get_bind(), "0024_days.sql")
