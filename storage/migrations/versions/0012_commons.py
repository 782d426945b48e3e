"""Pacts, the community fund, matched offers, suppliers and purchases."""

from alembic import op

from storage.migrate import run_sql_file

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the file of this revision."""
    run_sql_file(op.get_bind(), "0012_commons.sql")
