"""Keep what people decided about payments that waited for them, and let nobody rewrite it."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

DECISIONS = """
CREATE TABLE payment_decisions (
    id uuid PRIMARY KEY,
    payment_id uuid NOT NULL REFERENCES payments (id),
    action text NOT NULL CHECK (action IN ('release', 'close')),
    found text NOT NULL,
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
    decided_by text NOT NULL CHECK (length(decided_by) BETWEEN 1 AND 255),
    at timestamptz NOT NULL
);
CREATE INDEX payment_decisions_payment ON payment_decisions (payment_id, id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payment_decisions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
"""


def upgrade() -> None:
    op.execute(DECISIONS)
