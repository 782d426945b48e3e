"""Two desks and a board, each in a schema of its own that its process alone writes."""

from alembic import op

from storage.migrate import run_sql_file

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the file of this revision."""
    run_sql_file(op.get_bind(), "0013_polls.sql")
