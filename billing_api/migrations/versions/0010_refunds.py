"""Refunds: to the card through the provider, to the balance without it, or made in its cabinet."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# `refunding_minor` is reserved by refunds the provider has not ended. It may not rise beyond what
# is left; a refund made in the cabinet can overtake it, and then the provider refuses ours.
PAYMENTS = """
ALTER TABLE payments
    ADD COLUMN refunded_minor bigint NOT NULL DEFAULT 0,
    ADD COLUMN refunding_minor bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT payments_refunded CHECK (refunded_minor BETWEEN 0 AND captured_minor),
    ADD CONSTRAINT payments_refunding CHECK (refunding_minor BETWEEN 0 AND captured_minor);
CREATE INDEX payments_customer_currency ON payments (customer_id, currency, id)
    WHERE captured_minor > 0;
CREATE FUNCTION guard_refunded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.refunded_minor < OLD.refunded_minor THEN
        RAISE EXCEPTION 'payment %: what was refunded stays refunded', OLD.id;
    END IF;
    IF NEW.refunding_minor > OLD.refunding_minor
       AND NEW.refunding_minor + NEW.refunded_minor > NEW.captured_minor THEN
        RAISE EXCEPTION 'payment %: no more can be refunded than was captured', OLD.id;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard_refunded BEFORE UPDATE OF refunded_minor, refunding_minor ON payments
    FOR EACH ROW EXECUTE FUNCTION guard_refunded();
"""

REFUNDS = """
CREATE TABLE refunds (
    id uuid PRIMARY KEY,
    payment_id uuid NOT NULL REFERENCES payments (id),
    customer_id text NOT NULL CHECK (length(customer_id) BETWEEN 1 AND 255),
    status text NOT NULL CHECK (status IN ('pending', 'succeeded', 'canceled')),
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    currency char(3) NOT NULL,
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
    sent_to text NOT NULL CHECK (sent_to IN ('card', 'balance')),
    origin text NOT NULL CHECK (origin IN ('ours', 'cabinet')),
    requested_by text,
    provider_id text UNIQUE,
    provider_status text,
    undecided boolean NOT NULL,
    cancellation_reason text,
    quarantine_reason text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    ended_at timestamptz,
    next_poll_at timestamptz,
    CHECK ((status = 'pending') = (ended_at IS NULL)),
    CHECK ((status = 'canceled') = (cancellation_reason IS NOT NULL)),
    CHECK (status = 'pending' OR NOT undecided),
    CHECK ((origin = 'ours') = (requested_by IS NOT NULL)),
    CHECK (origin = 'ours' OR (provider_id IS NOT NULL AND sent_to = 'card')),
    CHECK (sent_to = 'card' OR (status = 'succeeded' AND provider_id IS NULL))
);
CREATE INDEX refunds_customer ON refunds (customer_id, id DESC);
CREATE INDEX refunds_payment ON refunds (payment_id);
CREATE INDEX refunds_created ON refunds (created_at);
CREATE INDEX refunds_due ON refunds (next_poll_at) WHERE next_poll_at IS NOT NULL;
CREATE INDEX refunds_open ON refunds (created_at)
    WHERE status = 'pending' OR quarantine_reason IS NOT NULL;

CREATE FUNCTION guard_refund() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.payment_id, NEW.customer_id, NEW.amount_minor, NEW.currency, NEW.sent_to,
        NEW.origin, NEW.created_at)
       IS DISTINCT FROM
       (OLD.id, OLD.payment_id, OLD.customer_id, OLD.amount_minor, OLD.currency, OLD.sent_to,
        OLD.origin, OLD.created_at)
       OR OLD.provider_id IS NOT NULL AND NEW.provider_id IS DISTINCT FROM OLD.provider_id THEN
        RAISE EXCEPTION 'refund %: what it is never changes', OLD.id;
    END IF;
    IF OLD.status <> 'pending' AND NEW.status <> OLD.status THEN
        RAISE EXCEPTION 'refund %: no way from % to %', OLD.id, OLD.status, NEW.status;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard_refund BEFORE UPDATE ON refunds
    FOR EACH ROW EXECUTE FUNCTION guard_refund();

CREATE TABLE refund_scans (
    shop_id text PRIMARY KEY,
    read_until timestamptz NOT NULL
);

ALTER TABLE charge_reversals ADD COLUMN refund_id uuid REFERENCES refunds (id);
CREATE INDEX charge_reversals_refund ON charge_reversals (refund_id) WHERE refund_id IS NOT NULL;
"""

# One call at a time about a payment itself, and one about each refund of it.
ATTEMPTS = """
ALTER TABLE payment_attempts
    ADD COLUMN refund_id uuid REFERENCES refunds (id),
    DROP CONSTRAINT payment_attempts_kind_check,
    ADD CONSTRAINT payment_attempts_kind_check
        CHECK (kind IN ('create', 'cancel', 'capture', 'refund')),
    ADD CONSTRAINT payment_attempts_refund CHECK ((kind = 'refund') = (refund_id IS NOT NULL)),
    DROP CONSTRAINT payment_attempts_payment_id_number_key;
CREATE UNIQUE INDEX payment_attempts_number
    ON payment_attempts (payment_id, coalesce(refund_id, payment_id), number);
DROP INDEX payment_attempts_one_open;
CREATE UNIQUE INDEX payment_attempts_one_open
    ON payment_attempts (payment_id, coalesce(refund_id, payment_id))
    WHERE state IN ('sent', 'unknown', 'lookup', 'waiting');
ALTER TABLE payment_decisions ADD COLUMN refund_id uuid REFERENCES refunds (id);
"""


def upgrade() -> None:
    with op.get_bind().connection.cursor() as cursor:
        for part in (PAYMENTS, REFUNDS, ATTEMPTS):
            cursor.execute(part)
