"""Keep who asked to cancel a payment and when, and give attempts at the provider a kind."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Columns with constant defaults: no table is rewritten, and the version before goes on working.
COLUMNS = """
ALTER TABLE payments
    ADD COLUMN cancel_requested_at timestamptz,
    ADD COLUMN cancel_requested_by text,
    ADD CONSTRAINT payments_cancel_request
        CHECK ((cancel_requested_at IS NULL) = (cancel_requested_by IS NULL));
CREATE INDEX payments_paid_all_the_same ON payments (id)
    WHERE cancel_requested_at IS NOT NULL AND status = 'succeeded';
ALTER TABLE payment_attempts
    ADD COLUMN kind text NOT NULL DEFAULT 'create' CHECK (kind IN ('create', 'cancel'));
"""

GUARD = """
CREATE OR REPLACE FUNCTION guard_payment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.version <> OLD.version + 1 THEN
        RAISE EXCEPTION 'payment %: version must rise by one', OLD.id;
    END IF;
    IF (NEW.id, NEW.customer_id, NEW.amount_minor, NEW.currency, NEW.created_at)
       IS DISTINCT FROM (OLD.id, OLD.customer_id, OLD.amount_minor, OLD.currency, OLD.created_at)
       OR OLD.provider_id IS NOT NULL AND NEW.provider_id IS DISTINCT FROM OLD.provider_id
       OR OLD.cancel_requested_at IS NOT NULL
          AND (NEW.cancel_requested_at, NEW.cancel_requested_by)
              IS DISTINCT FROM (OLD.cancel_requested_at, OLD.cancel_requested_by) THEN
        RAISE EXCEPTION 'payment %: what it is never changes', OLD.id;
    END IF;
    IF NEW.status <> OLD.status AND (OLD.status IN ('succeeded', 'canceled')
                                     OR NEW.status = 'pending') THEN
        RAISE EXCEPTION 'payment %: no way from % to %', OLD.id, OLD.status, NEW.status;
    END IF;
    RETURN NEW;
END $$;
"""


def upgrade() -> None:
    with op.get_bind().connection.cursor() as cursor:
        for part in (COLUMNS, GUARD):
            cursor.execute(part)
