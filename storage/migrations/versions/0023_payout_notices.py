"""What drivers ask for between two payout files, and what they were told of."""

from alembic import op

from storage.migrate import run_sql_file

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the file of this revision."""
    run_sql_file(op.get_bind(), "0023_payout_notices.sql")
