"""Two stages of card money: how much is taken of what is held, until when, and what if nobody asks."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

COLUMNS = """
ALTER TABLE payments
    ADD COLUMN capture boolean NOT NULL DEFAULT true,
    ADD COLUMN on_expiry text CHECK (on_expiry IN ('release', 'capture')),
    ADD COLUMN capture_before timestamptz,
    ADD COLUMN captured_minor bigint NOT NULL DEFAULT 0,
    ADD COLUMN capture_wish_minor bigint,
    ADD CONSTRAINT payments_captured CHECK (captured_minor BETWEEN 0 AND amount_minor),
    ADD CONSTRAINT payments_capture_wish CHECK (capture_wish_minor BETWEEN 1 AND amount_minor),
    ADD CONSTRAINT payments_on_expiry CHECK (on_expiry IS NULL OR NOT capture);
CREATE INDEX payments_held_until ON payments (capture_before)
    WHERE status = 'waiting_for_capture' AND on_expiry IS NOT NULL;
ALTER TABLE payment_attempts
    DROP CONSTRAINT payment_attempts_kind_check,
    ADD CONSTRAINT payment_attempts_kind_check CHECK (kind IN ('create', 'cancel', 'capture'));
"""

# What was paid before there were two stages was taken whole. No version rises: nothing happened.
PAID_BEFORE = """
ALTER TABLE payments DISABLE TRIGGER guard_payment;
UPDATE payments SET captured_minor = amount_minor
WHERE status = 'succeeded'
   OR id IN (SELECT payment_id FROM journals WHERE kind = 'late_payment');
ALTER TABLE payments ENABLE TRIGGER guard_payment;
"""

# The version before knows nothing of parts: what it ends as paid was taken whole.
GUARD = """
CREATE OR REPLACE FUNCTION guard_payment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.version <> OLD.version + 1 THEN
        RAISE EXCEPTION 'payment %: version must rise by one', OLD.id;
    END IF;
    IF (NEW.id, NEW.customer_id, NEW.amount_minor, NEW.currency, NEW.created_at, NEW.capture,
        NEW.on_expiry)
       IS DISTINCT FROM (OLD.id, OLD.customer_id, OLD.amount_minor, OLD.currency, OLD.created_at,
                         OLD.capture, OLD.on_expiry)
       OR OLD.provider_id IS NOT NULL AND NEW.provider_id IS DISTINCT FROM OLD.provider_id
       OR OLD.captured_minor <> 0 AND NEW.captured_minor <> OLD.captured_minor
       OR OLD.cancel_requested_at IS NOT NULL
          AND (NEW.cancel_requested_at, NEW.cancel_requested_by)
              IS DISTINCT FROM (OLD.cancel_requested_at, OLD.cancel_requested_by) THEN
        RAISE EXCEPTION 'payment %: what it is never changes', OLD.id;
    END IF;
    IF NEW.status <> OLD.status AND (OLD.status IN ('succeeded', 'canceled')
                                     OR NEW.status = 'pending') THEN
        RAISE EXCEPTION 'payment %: no way from % to %', OLD.id, OLD.status, NEW.status;
    END IF;
    IF NEW.status = 'succeeded' AND NEW.captured_minor = 0 THEN
        NEW.captured_minor := NEW.amount_minor;
    END IF;
    RETURN NEW;
END $$;
"""


def upgrade() -> None:
    with op.get_bind().connection.cursor() as cursor:
        for part in (COLUMNS, PAID_BEFORE, GUARD):
            cursor.execute(part)
