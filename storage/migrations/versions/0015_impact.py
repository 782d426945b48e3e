"""Impact statements of motions."""

from alembic import op

from storage.migrate import run_sql_file

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the file of this revision."""
    run_sql_file(op.get_bind(), "0015_impact.sql")
