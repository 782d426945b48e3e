"""Meetings, proxies, conflicts of interest, outages, appeals and reminders."""

from alembic import op

from storage.migrate import run_sql_file

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the file of this revision."""
    run_sql_file(op.get_bind(), "0014_meetings.sql")
