"""Trips booked ahead, and what drivers wish of their shift."""

from alembic import op

from storage.migrate import run_sql_file

revision = "0010"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the file of this revision."""
    run_sql_file(op.get_bind(), "0010_booked.sql")
