"""Money that comes in: cards kept as tokens, payments, what is asked of the provider, what it told."""

from alembic import op

from storage.migrate import run_sql_file

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the file of this revision."""
    run_sql_file(op.get_bind(), "0020_payments.sql")
