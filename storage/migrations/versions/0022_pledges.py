"""Pledges in the books: set aside, and at the close all taken or all let go."""

from alembic import op

from storage.migrate import run_sql_file

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the file of this revision."""
    run_sql_file(op.get_bind(), "0022_pledges.sql")
