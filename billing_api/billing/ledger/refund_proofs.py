"""What must not be found where money was refunded: queries whose every row is a violation."""

from billing.ledger.proofs import booked

# The journals with which money of a payment has gone back for good.
_BACK = "('refund', 'cabinet_refund', 'late_refund', 'refund_to_balance')"

OF_REFUNDS = (
    (
        "every refund to a card was reserved with its amount",
        booked(
            noun="refunds",
            kind="'refund_reserved'",
            subject="refunds.id",
            account="'customer_held'",
            amount="refunds.amount_minor",
            where="refunds.origin = 'ours' AND refunds.sent_to = 'card'",
        ),
    ),
    (
        "every refund that succeeded has one journal with its amount",
        booked(
            noun="refunds",
            kind="CASE WHEN refunds.origin = 'cabinet' THEN 'cabinet_refund' ELSE 'refund' END",
            subject="refunds.id",
            account="'provider'",
            amount="refunds.amount_minor",
            where="refunds.status = 'succeeded' AND refunds.sent_to = 'card'",
        ),
    ),
    (
        "every refund to the balance has one journal with its amount",
        booked(
            noun="refunds",
            kind="'refund_to_balance'",
            subject="refunds.id",
            account="'revenue'",
            amount="-refunds.amount_minor",
            where="refunds.sent_to = 'balance'",
        ),
    ),
    (
        "every refund that was canceled is back on the balance",
        booked(
            noun="refunds",
            kind="'refund_returned'",
            subject="refunds.id",
            account="'customer_held'",
            amount="-refunds.amount_minor",
            where="refunds.status = 'canceled'",
        ),
    ),
    (
        "a refund's journals are those of its state",
        """SELECT j.id FROM journals j JOIN refunds r ON r.id = j.subject_id
           WHERE j.kind = 'refund' AND (r.status <> 'succeeded' OR r.origin <> 'ours')
              OR j.kind = 'refund_returned' AND r.status <> 'canceled'
              OR j.kind = 'refund_reserved' AND r.origin <> 'ours'
              OR j.kind = 'cabinet_refund' AND r.origin <> 'cabinet'
              OR j.kind = 'refund_to_balance' AND r.sent_to <> 'balance'
              OR j.kind = 'late_refund'
                 AND (r.status, r.provider_status) IS DISTINCT FROM ('canceled', 'succeeded')""",
    ),
    (
        "a refund's journals keep aside what it reserves, and nothing once it is over",
        """WITH booked AS (
               SELECT j.subject_id, a.customer_id, a.currency, sum(p.amount_minor) AS minor
               FROM accounts a JOIN postings p ON p.account_id = a.id
               JOIN journals j ON j.id = p.journal_id
               WHERE a.kind = 'customer_held'
                 AND j.kind IN ('refund_reserved', 'refund', 'refund_returned')
               GROUP BY j.subject_id, a.customer_id, a.currency
               HAVING sum(p.amount_minor) <> 0
           ), kept AS (
               SELECT id AS subject_id, customer_id, currency, amount_minor AS minor
               FROM refunds WHERE status = 'pending')
           SELECT 1 FROM booked FULL JOIN kept USING (subject_id, customer_id, currency)
           WHERE booked.minor IS DISTINCT FROM kept.minor""",
    ),
    (
        "what was refunded of a payment is the sum of its refunds' journals",
        f"""WITH back AS (
                SELECT r.payment_id, sum(r.amount_minor) AS minor
                FROM refunds r JOIN journals j ON j.subject_id = r.id
                WHERE j.kind IN {_BACK} GROUP BY r.payment_id)
            SELECT 1 FROM payments p FULL JOIN back ON back.payment_id = p.id
            WHERE coalesce(back.minor, 0) <> coalesce(p.refunded_minor, 0)""",  # noqa: S608
    ),
    (
        "what is being refunded of a payment is the sum of its open refunds",
        """WITH open AS (
               SELECT payment_id, sum(amount_minor) AS minor
               FROM refunds WHERE status = 'pending' GROUP BY payment_id)
           SELECT 1 FROM payments p FULL JOIN open ON open.payment_id = p.id
           WHERE coalesce(open.minor, 0) <> coalesce(p.refunding_minor, 0)""",
    ),
    (
        "no payment is refunded beyond what was captured of it",
        "SELECT id FROM payments WHERE refunded_minor > captured_minor",
    ),
    (
        "a refund is of its payment's customer and currency",
        """SELECT r.id FROM refunds r JOIN payments p ON p.id = r.payment_id
           WHERE (r.customer_id, r.currency) <> (p.customer_id, p.currency)""",
    ),
    (
        "a refund's journal moves its own customer's money",
        """SELECT j.id FROM refunds r JOIN journals j ON j.subject_id = r.id
           JOIN postings s ON s.journal_id = j.id JOIN accounts a ON a.id = s.account_id
           WHERE a.customer_id IS NOT NULL AND a.customer_id <> r.customer_id""",
    ),
    (
        "what a refund to the balance gave back is the sum of the charges it reversed",
        """SELECT r.id FROM refunds r LEFT JOIN charge_reversals v ON v.refund_id = r.id
           GROUP BY r.id HAVING coalesce(sum(v.paid_minor + v.promo_minor), 0)
               <> CASE WHEN r.sent_to = 'balance' THEN r.amount_minor ELSE 0 END""",
    ),
)
