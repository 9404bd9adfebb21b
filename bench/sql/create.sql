-- What `POST /api/v1/payment` must write at the least, as one statement: key, payment, attempt, change.
\set customer random(1, 100000)
\set amount random(100, 500000)
WITH ids AS MATERIALIZED (SELECT uuidv7() AS payment, uuidv7() AS attempt, uuidv7() AS key),
k AS (
    INSERT INTO idempotency_keys (caller, route, key, body_hash, object_id, created_at, answer_status, answer_body)
    SELECT 'customer-' || :customer::int, 'POST /api/v1/payment', key::text, sha256('body'), payment, now(),
           201, convert_to('{"id": "x", "status": "pending", "value": "10.00", "currency": "RUB"}', 'UTF8') FROM ids
), p AS (
    INSERT INTO payments (id, customer_id, status, amount_minor, currency, return_url, provider_id, confirmation_url,
                          undecided, test, created_at, updated_at, version)
    SELECT payment, 'customer-' || :customer::int, 'pending', :amount::bigint, 'RUB', 'https://shop.test/', payment::text,
           'https://shop.test/pay', false, true, now(), now(), 2 FROM ids
), a AS (
    INSERT INTO payment_attempts (id, payment_id, number, body, state, sends, created_at)
    SELECT attempt, payment, 1, convert_to('{"amount": {"value": "10.00"}}', 'UTF8'), 'accepted', 1, now() FROM ids
)
INSERT INTO changes (kind, object_id, version, at, data)
SELECT 'payment', payment::text, 2, now(), jsonb_build_object('id', payment, 'status', 'pending') FROM ids;
