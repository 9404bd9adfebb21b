"""Let a journal book more than payments, and more than one journal of a kind for a payment."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# The key of the first storey (one journal of a kind a payment) stays for the kinds it was made for:
# a payment may be refunded many times, and each refund is a subject of its own.
SUBJECTS = """
ALTER TABLE journals ADD COLUMN subject_id uuid;
CREATE UNIQUE INDEX journals_subject ON journals (kind, subject_id) WHERE subject_id IS NOT NULL;
CREATE UNIQUE INDEX journals_one_credit ON journals (kind, payment_id)
    WHERE kind IN ('payment', 'late_payment');
ALTER TABLE journals DROP CONSTRAINT journals_kind_payment_id_key;
"""


def upgrade() -> None:
    op.execute(SUBJECTS)
