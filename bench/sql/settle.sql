-- What `settle_payment` must write at the least, as one statement: payment, journal, postings, balance, change, event.
-- Each client has its own share of the pending payments prepared for the round.
\set i :i + 1
\set n :base + :client_id * :share + :i
WITH found AS MATERIALIZED (
    SELECT id, customer_id, amount_minor, version FROM payments
    WHERE id = ('019b' || lpad(to_hex(:n::bigint), 8, '0') || '70008000000000000000')::uuid FOR NO KEY UPDATE
), moved AS (
    UPDATE payments p SET status = 'succeeded', paid_at = now(), updated_at = now(), version = f.version + 1
    FROM found f WHERE p.id = f.id
), j AS (
    INSERT INTO journals (id, kind, payment_id, at, description)
    SELECT uuidv7(), 'payment', id, now(), 'Payment received' FROM found RETURNING id, payment_id
), own AS (
    INSERT INTO accounts (kind, customer_id, currency) SELECT 'customer_paid', customer_id, 'RUB' FROM found
    RETURNING id
), lines AS (
    INSERT INTO postings (journal_id, line_no, account_id, currency, amount_minor)
    SELECT j.id, 1, (SELECT id FROM accounts WHERE coalesce(customer_id, '') = '' AND kind = 'provider' AND currency = 'RUB'),
           'RUB', -f.amount_minor FROM j, found f
    UNION ALL SELECT j.id, 2, own.id, 'RUB', f.amount_minor FROM j, own, found f
), b AS (
    INSERT INTO customer_balances SELECT customer_id, 'RUB', amount_minor, 0, 0, 0, 1, now() FROM found
    ON CONFLICT (customer_id, currency) DO UPDATE
        SET paid_minor = customer_balances.paid_minor + excluded.paid_minor, version = customer_balances.version + 1
), e AS (
    INSERT INTO outbox (id, event, object_id, at, data)
    SELECT uuidv7(), 'payment.succeeded', id::text, now(), jsonb_build_object('id', id) FROM found
)
INSERT INTO changes (kind, object_id, version, at, data)
SELECT 'payment', id::text, version + 1, now(), jsonb_build_object('id', id, 'status', 'succeeded') FROM found
UNION ALL SELECT 'journal', id::text, 1, now(), jsonb_build_object('payment_id', payment_id) FROM j
UNION ALL SELECT 'balance', customer_id || chr(58) || 'RUB', 1, now(), jsonb_build_object('available', amount_minor) FROM found;
