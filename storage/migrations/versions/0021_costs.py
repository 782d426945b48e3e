"""What drivers write down of their own costs."""

from alembic import op

from storage.migrate import run_sql_file

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the file of this revision."""
    run_sql_file(op.get_bind(), "0021_costs.sql")
