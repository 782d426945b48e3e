"""Every way to pay a trip: customers, vouchers, cash; invoices and disputes."""

from alembic import op

from storage.migrate import run_sql_file

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the file of this revision."""
    run_sql_file(op.get_bind(), "0019_customers.sql")
