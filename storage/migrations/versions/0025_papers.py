"""Papers: the numbers of receipts and the keys that sign them."""

from alembic import op

from storage.migrate import run_sql_file

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the file of this revision."""
    run_sql_file(op.get_bind(), "0025_papers.sql")
