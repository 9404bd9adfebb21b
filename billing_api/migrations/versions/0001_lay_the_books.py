"""Lay the books: payments, attempts, ledger, balances, keys, inbox, outbox, change feed."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

PAYMENTS = """
CREATE TABLE payments (
    id uuid PRIMARY KEY,
    customer_id text NOT NULL CHECK (length(customer_id) BETWEEN 1 AND 255),
    status text NOT NULL
        CHECK (status IN ('pending', 'waiting_for_capture', 'succeeded', 'canceled')),
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    currency char(3) NOT NULL,
    description text,
    return_url text NOT NULL,
    confirmation_url text,
    provider_id text UNIQUE,
    provider_status text,
    undecided boolean NOT NULL,
    test boolean,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    paid_at timestamptz,
    canceled_at timestamptz,
    cancellation_party text,
    cancellation_reason text,
    quarantine_reason text,
    version bigint NOT NULL,
    CHECK ((status = 'succeeded') = (paid_at IS NOT NULL)),
    CHECK ((status = 'canceled') = (canceled_at IS NOT NULL)),
    CHECK (provider_id IS NOT NULL OR status IN ('pending', 'canceled'))
);
CREATE INDEX payments_customer ON payments (customer_id, id DESC);
CREATE INDEX payments_customer_status ON payments (customer_id, status, id DESC);
CREATE INDEX payments_undecided ON payments (created_at) WHERE undecided;
CREATE INDEX payments_quarantined ON payments (id) WHERE quarantine_reason IS NOT NULL;

CREATE FUNCTION guard_payment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.version <> OLD.version + 1 THEN
        RAISE EXCEPTION 'payment %: version must rise by one', OLD.id;
    END IF;
    IF (NEW.id, NEW.customer_id, NEW.amount_minor, NEW.currency, NEW.created_at)
       IS DISTINCT FROM (OLD.id, OLD.customer_id, OLD.amount_minor, OLD.currency, OLD.created_at)
       OR OLD.provider_id IS NOT NULL AND NEW.provider_id IS DISTINCT FROM OLD.provider_id THEN
        RAISE EXCEPTION 'payment %: what it is never changes', OLD.id;
    END IF;
    IF NEW.status <> OLD.status AND (OLD.status IN ('succeeded', 'canceled')
                                     OR NEW.status = 'pending') THEN
        RAISE EXCEPTION 'payment %: no way from % to %', OLD.id, OLD.status, NEW.status;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard_payment BEFORE UPDATE ON payments
    FOR EACH ROW EXECUTE FUNCTION guard_payment();

CREATE TABLE payment_attempts (
    id uuid PRIMARY KEY,
    payment_id uuid NOT NULL REFERENCES payments (id),
    number integer NOT NULL,
    body bytea NOT NULL,
    state text NOT NULL CHECK (state IN ('sent', 'unknown', 'lookup', 'waiting', 'accepted',
                                         'refused', 'lost')),
    sends integer NOT NULL,
    created_at timestamptz NOT NULL,
    next_at timestamptz,
    lease_until timestamptz,
    last_outcome text,
    UNIQUE (payment_id, number)
);
CREATE UNIQUE INDEX payment_attempts_one_open ON payment_attempts (payment_id)
    WHERE state IN ('sent', 'unknown', 'lookup', 'waiting');
CREATE INDEX payment_attempts_due ON payment_attempts (next_at)
    WHERE state IN ('sent', 'unknown', 'lookup', 'waiting');

CREATE TABLE payment_polls (
    payment_id uuid PRIMARY KEY REFERENCES payments (id),
    next_at timestamptz,
    asked_at timestamptz
);
CREATE INDEX payment_polls_due ON payment_polls (next_at) WHERE next_at IS NOT NULL;
"""

LEDGER = """
CREATE TABLE accounts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN (
        'customer_paid', 'customer_promo', 'customer_held', 'customer_receivable',
        'provider', 'revenue', 'fee', 'promo_expense')),
    customer_id text,
    currency char(3) NOT NULL,
    CHECK ((kind LIKE 'customer%') = (customer_id IS NOT NULL)),
    UNIQUE NULLS NOT DISTINCT (kind, customer_id, currency),
    UNIQUE (id, currency)
);

CREATE TABLE journals (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    payment_id uuid REFERENCES payments (id),
    corrects uuid REFERENCES journals (id),
    at timestamptz NOT NULL,
    description text NOT NULL,
    made_by xid8 NOT NULL DEFAULT pg_current_xact_id(),
    UNIQUE (kind, payment_id)
);
CREATE INDEX journals_payment ON journals (payment_id);

CREATE TABLE postings (
    journal_id uuid NOT NULL REFERENCES journals (id),
    line_no integer NOT NULL,
    account_id bigint NOT NULL,
    currency char(3) NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor <> 0),
    PRIMARY KEY (journal_id, line_no),
    FOREIGN KEY (account_id, currency) REFERENCES accounts (id, currency)
);
CREATE INDEX postings_account ON postings (account_id);

CREATE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: correct it by a new journal', TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON accounts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON journals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON postings
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

CREATE FUNCTION check_journal() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    checked uuid := CASE TG_TABLE_NAME WHEN 'journals' THEN (to_jsonb(NEW) ->> 'id')::uuid
                                       ELSE (to_jsonb(NEW) ->> 'journal_id')::uuid END;
BEGIN
    IF EXISTS (SELECT FROM postings WHERE journal_id = checked
               GROUP BY currency HAVING sum(amount_minor) <> 0) THEN
        RAISE EXCEPTION 'journal % does not sum to zero', checked
            USING ERRCODE = 'check_violation';
    END IF;
    IF NOT EXISTS (SELECT FROM postings WHERE journal_id = checked) THEN
        RAISE EXCEPTION 'journal % has no postings', checked USING ERRCODE = 'check_violation';
    END IF;
    IF (SELECT made_by FROM journals WHERE id = checked) <> pg_current_xact_id() THEN
        RAISE EXCEPTION 'journal % is closed', checked USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER zero_sum AFTER INSERT ON journals
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_journal();
CREATE CONSTRAINT TRIGGER zero_sum AFTER INSERT ON postings
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_journal();

CREATE TABLE customer_balances (
    customer_id text NOT NULL,
    currency char(3) NOT NULL,
    paid_minor bigint NOT NULL CHECK (paid_minor >= 0),
    promo_minor bigint NOT NULL CHECK (promo_minor >= 0),
    held_minor bigint NOT NULL CHECK (held_minor >= 0),
    receivable_minor bigint NOT NULL CHECK (receivable_minor >= 0),
    version bigint NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (customer_id, currency)
) WITH (fillfactor = 80);
"""

REST = """
CREATE TABLE idempotency_keys (
    caller text NOT NULL,
    route text NOT NULL,
    key text NOT NULL,
    body_hash bytea NOT NULL,
    object_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    lease_until timestamptz,
    answer_status smallint,
    answer_body bytea,
    PRIMARY KEY (caller, route, key),
    CHECK ((answer_status IS NULL) = (answer_body IS NULL))
);
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);

CREATE TABLE inbox (
    id uuid PRIMARY KEY,
    event text,
    object_id text,
    body bytea NOT NULL,
    body_hash bytea NOT NULL,
    source text NOT NULL,
    request_id text NOT NULL,
    copies integer NOT NULL,
    received_at timestamptz NOT NULL,
    last_received_at timestamptz NOT NULL,
    attempts integer NOT NULL,
    next_at timestamptz,
    lease_until timestamptz,
    outcome text CHECK (outcome IN ('settled', 'unchanged', 'unknown_payment', 'mismatch',
                                    'ignored', 'given_up')),
    processed_at timestamptz,
    UNIQUE NULLS NOT DISTINCT (event, object_id, body_hash)
);
CREATE INDEX inbox_due ON inbox (next_at) WHERE outcome IS NULL;

CREATE TABLE outbox (
    id uuid PRIMARY KEY,
    event text NOT NULL,
    object_id text NOT NULL,
    at timestamptz NOT NULL,
    data jsonb NOT NULL,
    delivered_at timestamptz
);
CREATE INDEX outbox_waiting ON outbox (id) WHERE delivered_at IS NULL;

CREATE TABLE changes (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    kind text NOT NULL,
    object_id text NOT NULL,
    version bigint NOT NULL,
    at timestamptz NOT NULL,
    data jsonb NOT NULL
);
CREATE INDEX changes_position ON changes (xid, seq);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON changes
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

CREATE TABLE heartbeats (
    name text PRIMARY KEY,
    at timestamptz NOT NULL
);
"""


def upgrade() -> None:
    # The driver's own cursor: SQLAlchemy would read the percent signs of the functions as marks.
    with op.get_bind().connection.cursor() as cursor:
        for part in (PAYMENTS, LEDGER, REST):
            cursor.execute(part)
