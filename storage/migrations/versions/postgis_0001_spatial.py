"""Geometry columns for the points to be found by place, where PostGIS is installed."""

from alembic import op

from storage.migrate import run_sql_file

revision = "postgis_0001"
down_revision = None
branch_labels = ("postgis",)
depends_on = "0007"


def upgrade() -> None:
    """Run the file of this revision."""
    run_sql_file(op.get_bind(), "postgis_0001_spatial.sql")
