"""Debits from the balance: charges, holds, corrections by hand, and promotional money in grants."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

HOLDS = """
CREATE TABLE balance_holds (
    id uuid PRIMARY KEY,
    customer_id text NOT NULL CHECK (length(customer_id) BETWEEN 1 AND 255),
    status text NOT NULL CHECK (status IN ('held', 'captured', 'released', 'expired')),
    paid_minor bigint NOT NULL CHECK (paid_minor >= 0),
    promo_minor bigint NOT NULL CHECK (promo_minor >= 0),
    captured_minor bigint NOT NULL DEFAULT 0,
    currency char(3) NOT NULL,
    reason text NOT NULL,
    metadata jsonb NOT NULL,
    requested_by text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    CHECK (paid_minor + promo_minor > 0),
    CHECK (captured_minor BETWEEN 0 AND paid_minor + promo_minor),
    CHECK ((status = 'captured') = (captured_minor > 0)),
    CHECK ((status = 'held') = (ended_at IS NULL))
);
CREATE INDEX balance_holds_customer ON balance_holds (customer_id, id DESC);
CREATE INDEX balance_holds_due ON balance_holds (expires_at) WHERE status = 'held';

CREATE FUNCTION guard_hold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status <> 'held' OR NEW.status = 'held'
       OR (NEW.id, NEW.customer_id, NEW.paid_minor, NEW.promo_minor, NEW.currency, NEW.created_at)
          IS DISTINCT FROM
          (OLD.id, OLD.customer_id, OLD.paid_minor, OLD.promo_minor, OLD.currency, OLD.created_at)
    THEN
        RAISE EXCEPTION 'hold %: it ends once and never changes', OLD.id;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard_hold BEFORE UPDATE ON balance_holds
    FOR EACH ROW EXECUTE FUNCTION guard_hold();
"""

CHARGES = """
CREATE TABLE charges (
    id uuid PRIMARY KEY,
    customer_id text NOT NULL CHECK (length(customer_id) BETWEEN 1 AND 255),
    paid_minor bigint NOT NULL CHECK (paid_minor >= 0),
    promo_minor bigint NOT NULL CHECK (promo_minor >= 0),
    currency char(3) NOT NULL,
    reason text NOT NULL,
    metadata jsonb NOT NULL,
    hold_id uuid UNIQUE REFERENCES balance_holds (id),
    requested_by text NOT NULL,
    created_at timestamptz NOT NULL,
    reversed_paid_minor bigint NOT NULL DEFAULT 0,
    reversed_promo_minor bigint NOT NULL DEFAULT 0,
    CHECK (paid_minor + promo_minor > 0),
    CHECK (reversed_paid_minor BETWEEN 0 AND paid_minor),
    CHECK (reversed_promo_minor BETWEEN 0 AND promo_minor)
);
CREATE INDEX charges_customer ON charges (customer_id, id DESC);
CREATE INDEX charges_reversible ON charges (customer_id, currency, id DESC)
    WHERE reversed_paid_minor < paid_minor;

CREATE FUNCTION guard_charge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.customer_id, NEW.paid_minor, NEW.promo_minor, NEW.currency, NEW.created_at)
       IS DISTINCT FROM
       (OLD.id, OLD.customer_id, OLD.paid_minor, OLD.promo_minor, OLD.currency, OLD.created_at)
       OR NEW.reversed_paid_minor < OLD.reversed_paid_minor
       OR NEW.reversed_promo_minor < OLD.reversed_promo_minor THEN
        RAISE EXCEPTION 'charge %: what was taken never changes', OLD.id;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard_charge BEFORE UPDATE ON charges
    FOR EACH ROW EXECUTE FUNCTION guard_charge();

CREATE TABLE charge_reversals (
    id uuid PRIMARY KEY,
    charge_id uuid NOT NULL REFERENCES charges (id),
    paid_minor bigint NOT NULL CHECK (paid_minor >= 0),
    promo_minor bigint NOT NULL CHECK (promo_minor >= 0),
    requested_by text NOT NULL,
    created_at timestamptz NOT NULL,
    CHECK (paid_minor + promo_minor > 0)
);
CREATE INDEX charge_reversals_charge ON charge_reversals (charge_id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON charge_reversals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
"""

ADJUSTMENTS = """
CREATE TABLE balance_adjustments (
    id uuid PRIMARY KEY,
    customer_id text NOT NULL CHECK (length(customer_id) BETWEEN 1 AND 255),
    kind text NOT NULL CHECK (kind IN ('paid', 'promo')),
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    currency char(3) NOT NULL,
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
    expires_at timestamptz,
    made_by text NOT NULL CHECK (length(made_by) BETWEEN 1 AND 255),
    created_at timestamptz NOT NULL,
    CHECK (kind = 'promo' OR expires_at IS NULL)
);
CREATE INDEX balance_adjustments_customer ON balance_adjustments (customer_id, id DESC);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON balance_adjustments
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

CREATE TABLE promo_grants (
    id uuid PRIMARY KEY REFERENCES balance_adjustments (id),
    customer_id text NOT NULL,
    currency char(3) NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    rest_minor bigint NOT NULL CHECK (rest_minor >= 0),
    expired_minor bigint NOT NULL DEFAULT 0 CHECK (expired_minor >= 0),
    expires_at timestamptz,
    CHECK (rest_minor + expired_minor <= amount_minor)
);
CREATE INDEX promo_grants_customer ON promo_grants (customer_id, currency) WHERE rest_minor > 0;
CREATE INDEX promo_grants_due ON promo_grants (expires_at) WHERE rest_minor > 0;

CREATE TABLE promo_expiries (
    id uuid PRIMARY KEY,
    grant_id uuid NOT NULL REFERENCES promo_grants (id),
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    at timestamptz NOT NULL
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON promo_expiries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

CREATE TABLE promo_uses (
    owner_id uuid NOT NULL,
    grant_id uuid NOT NULL REFERENCES promo_grants (id),
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    returned_minor bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (owner_id, grant_id),
    CHECK (returned_minor BETWEEN 0 AND amount_minor)
);
CREATE INDEX promo_uses_grant ON promo_uses (grant_id);

ALTER TABLE accounts DROP CONSTRAINT accounts_kind_check;
ALTER TABLE accounts ADD CONSTRAINT accounts_kind_check CHECK (kind IN (
    'customer_paid', 'customer_promo', 'customer_held', 'customer_receivable',
    'provider', 'revenue', 'fee', 'promo_expense', 'adjustment'));
"""


def upgrade() -> None:
    with op.get_bind().connection.cursor() as cursor:
        for part in (HOLDS, CHARGES, ADJUSTMENTS):
            cursor.execute(part)
