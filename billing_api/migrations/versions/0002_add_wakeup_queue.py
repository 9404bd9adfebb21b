"""Add the wake-up queue: PgQueuer's own tables in their own schema, as its version writes them."""

from alembic import op
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment

from billing.platform.wakeups import queue_settings

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_bind().connection.cursor() as cursor:
        cursor.execute(QueryBuilderEnvironment(queue_settings()).build_install_query())
