"""Members, motions, rolls, ballots, certificates, and how a decision becomes a rule."""

from alembic import op

from storage.migrate import run_sql_file

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the file of this revision."""
    run_sql_file(op.get_bind(), "0011_governance.sql")
