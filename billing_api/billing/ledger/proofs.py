"""What must not be found in sound books: queries whose every row is a violation."""

OF_PAYMENTS = (
    (
        "journals sum to zero per currency",
        """SELECT journal_id FROM postings GROUP BY journal_id, currency
           HAVING sum(amount_minor) <> 0""",
    ),
    (
        "journals have postings",
        """SELECT id FROM journals j
           WHERE NOT EXISTS (SELECT FROM postings WHERE journal_id = j.id)""",
    ),
    (
        "running balances equal the sums of their postings",
        """WITH sums AS (
               SELECT a.customer_id, a.currency,
                      sum(amount_minor) FILTER (WHERE a.kind = 'customer_paid') AS paid,
                      sum(amount_minor) FILTER (WHERE a.kind = 'customer_promo') AS promo,
                      sum(amount_minor) FILTER (WHERE a.kind = 'customer_held') AS held,
                      -sum(amount_minor) FILTER (WHERE a.kind = 'customer_receivable') AS owed
               FROM postings p JOIN accounts a ON a.id = p.account_id
               WHERE a.customer_id IS NOT NULL GROUP BY a.customer_id, a.currency)
           SELECT 1 FROM sums FULL JOIN customer_balances b USING (customer_id, currency)
           WHERE (coalesce(paid, 0), coalesce(promo, 0), coalesce(held, 0), coalesce(owed, 0))
                 IS DISTINCT FROM (coalesce(paid_minor, 0), coalesce(promo_minor, 0),
                                   coalesce(held_minor, 0), coalesce(receivable_minor, 0))""",
    ),
    (
        "no running balance is negative",
        """SELECT 1 FROM customer_balances
           WHERE least(paid_minor, promo_minor, held_minor, receivable_minor) < 0""",
    ),
    (
        "every succeeded payment has one journal",
        """SELECT p.id FROM payments p LEFT JOIN journals j
               ON j.payment_id = p.id AND j.kind IN ('payment', 'late_payment')
           WHERE p.status = 'succeeded' GROUP BY p.id HAVING count(j.id) <> 1""",
    ),
    (
        "a payment's journal carries what was captured of it",
        """SELECT p.id FROM payments p JOIN journals j
               ON j.payment_id = p.id AND j.kind IN ('payment', 'late_payment')
           JOIN postings s ON s.journal_id = j.id JOIN accounts a ON a.id = s.account_id
           WHERE a.kind = 'provider' GROUP BY p.id, p.captured_minor
           HAVING sum(-s.amount_minor) <> p.captured_minor""",
    ),
    (
        "what was captured has a journal",
        """SELECT p.id FROM payments p WHERE p.captured_minor <> 0 AND NOT EXISTS (
               SELECT FROM journals j
               WHERE j.payment_id = p.id AND j.kind IN ('payment', 'late_payment'))""",
    ),
    (
        "a payment's journal credits its own customer",
        """SELECT j.id FROM payments p JOIN journals j
               ON j.payment_id = p.id AND j.kind IN ('payment', 'late_payment')
           JOIN postings s ON s.journal_id = j.id JOIN accounts a ON a.id = s.account_id
           WHERE a.customer_id IS NOT NULL AND a.customer_id <> p.customer_id""",
    ),
    (
        "only succeeded payments have a journal",
        """SELECT j.id FROM journals j LEFT JOIN payments p ON p.id = j.payment_id
           WHERE j.kind = 'payment' AND p.status IS DISTINCT FROM 'succeeded'""",
    ),
    (
        "money booked late belongs to a payment that was given up and is paid there",
        """SELECT j.id FROM journals j LEFT JOIN payments p ON p.id = j.payment_id
           WHERE j.kind = 'late_payment'
             AND (p.status, p.provider_status) IS DISTINCT FROM ('canceled', 'succeeded')""",
    ),
    (
        "the feed carries every payment's last version",
        """SELECT p.id FROM payments p WHERE NOT EXISTS (
               SELECT FROM changes c WHERE c.kind = 'payment' AND c.object_id = p.id::text
                  AND c.version = p.version)""",
    ),
)


def booked(
    *, noun: str, kind: str, subject: str, account: str, amount: str, where: str = "true"
) -> str:
    """Each row of the table `noun` has one journal of the kind for the subject, with so much on
    accounts of that kind. All are SQL.
    """
    return f"""
        SELECT {noun}.id FROM {noun}
        LEFT JOIN journals j ON j.kind = {kind} AND j.subject_id = {subject}
        LEFT JOIN postings s ON s.journal_id = j.id
        LEFT JOIN accounts a ON a.id = s.account_id
        WHERE {where}
        GROUP BY {noun}.id
        HAVING count(DISTINCT j.id) <> 1
            OR coalesce(sum(s.amount_minor) FILTER (WHERE a.kind = {account}), 0) <> {amount}
    """  # noqa: S608 - the parts are constants of this room


OF_DEBITS = (
    (
        "every charge has one journal with its amount",
        booked(
            noun="charges",
            kind="CASE WHEN charges.hold_id IS NULL THEN 'charge' ELSE 'hold_capture' END",
            subject="coalesce(charges.hold_id, charges.id)",
            account="'revenue'",
            amount="charges.paid_minor + charges.promo_minor",
        ),
    ),
    (
        "every reversal has one journal with its amount",
        booked(
            noun="charge_reversals",
            kind="'charge_reversal'",
            subject="charge_reversals.id",
            account="'revenue'",
            amount="-charge_reversals.paid_minor - charge_reversals.promo_minor",
            where="charge_reversals.refund_id IS NULL",
        ),
    ),
    (
        "what a charge gave back is the sum of its reversals",
        """SELECT c.id FROM charges c LEFT JOIN charge_reversals r ON r.charge_id = c.id
           GROUP BY c.id HAVING coalesce(sum(r.paid_minor), 0) <> c.reversed_paid_minor
               OR coalesce(sum(r.promo_minor), 0) <> c.reversed_promo_minor""",
    ),
    (
        "every hold has a journal of its beginning",
        booked(
            noun="balance_holds",
            kind="'hold'",
            subject="balance_holds.id",
            account="'customer_held'",
            amount="balance_holds.paid_minor + balance_holds.promo_minor",
        ),
    ),
    (
        "every hold that is over has one journal of its end, and no other hold has",
        """SELECT h.id FROM balance_holds h LEFT JOIN journals j ON j.subject_id = h.id
               AND j.kind IN ('hold_capture', 'hold_release', 'hold_expiry')
           GROUP BY h.id HAVING count(j.id) <> CASE WHEN h.status = 'held' THEN 0 ELSE 1 END
               OR bool_or(j.kind <> CASE h.status WHEN 'captured' THEN 'hold_capture'
                                     WHEN 'released' THEN 'hold_release' ELSE 'hold_expiry' END)""",
    ),
    (
        "a hold's journals keep aside what it holds, and nothing once it is over",
        """WITH booked AS (
               SELECT j.subject_id, a.customer_id, a.currency, sum(p.amount_minor) AS minor
               FROM accounts a JOIN postings p ON p.account_id = a.id
               JOIN journals j ON j.id = p.journal_id
               WHERE a.kind = 'customer_held'
                 AND j.kind IN ('hold', 'hold_capture', 'hold_release', 'hold_expiry')
               GROUP BY j.subject_id, a.customer_id, a.currency
               HAVING sum(p.amount_minor) <> 0
           ), kept AS (
               SELECT id AS subject_id, customer_id, currency, paid_minor + promo_minor AS minor
               FROM balance_holds WHERE status = 'held')
           SELECT 1 FROM booked FULL JOIN kept USING (subject_id, customer_id, currency)
           WHERE booked.minor IS DISTINCT FROM kept.minor""",
    ),
    (
        "promotional money is the sum of what is left of the grants",
        """WITH rests AS (
               SELECT customer_id, currency, sum(rest_minor) AS minor
               FROM promo_grants GROUP BY customer_id, currency)
           SELECT 1 FROM rests FULL JOIN customer_balances b USING (customer_id, currency)
           WHERE coalesce(rests.minor, 0) <> coalesce(b.promo_minor, 0)""",
    ),
    (
        "a grant is what is left of it, what expired and what was used",
        """SELECT g.id FROM promo_grants g LEFT JOIN promo_uses u ON u.grant_id = g.id
           GROUP BY g.id HAVING g.amount_minor <> g.rest_minor + g.expired_minor
               + coalesce(sum(u.amount_minor - u.returned_minor), 0)""",
    ),
    (
        "what a debit used of the grants is its promotional part",
        """WITH used AS (
               SELECT owner_id, sum(amount_minor - returned_minor) AS minor
               FROM promo_uses GROUP BY owner_id
           ), owners AS (
               SELECT id AS owner_id, promo_minor - reversed_promo_minor AS minor FROM charges
               UNION ALL SELECT id, promo_minor FROM balance_holds WHERE status = 'held')
           SELECT 1 FROM used FULL JOIN owners USING (owner_id)
           WHERE coalesce(used.minor, 0) <> coalesce(owners.minor, 0)""",
    ),
    (
        "every adjustment has one journal with its amount",
        booked(
            noun="balance_adjustments",
            kind="CASE balance_adjustments.kind WHEN 'promo' THEN 'promo_grant'"
            " ELSE 'adjustment' END",
            subject="balance_adjustments.id",
            account="CASE balance_adjustments.kind WHEN 'promo' THEN 'promo_expense'"
            " ELSE 'adjustment' END",
            amount="-balance_adjustments.amount_minor",
        ),
    ),
    (
        "every expiry of promotional money has one journal with its amount",
        booked(
            noun="promo_expiries",
            kind="'promo_expiry'",
            subject="promo_expiries.id",
            account="'promo_expense'",
            amount="promo_expiries.amount_minor",
        ),
    ),
    (
        "every journal of a subject has its subject",
        """SELECT j.id FROM journals j WHERE j.subject_id IS NOT NULL AND NOT CASE
               WHEN j.kind = 'charge' THEN EXISTS (SELECT FROM charges WHERE id = j.subject_id)
               WHEN j.kind = 'charge_reversal'
                   THEN EXISTS (SELECT FROM charge_reversals WHERE id = j.subject_id)
               WHEN j.kind IN ('hold', 'hold_capture', 'hold_release', 'hold_expiry')
                   THEN EXISTS (SELECT FROM balance_holds WHERE id = j.subject_id)
               WHEN j.kind IN ('adjustment', 'promo_grant')
                   THEN EXISTS (SELECT FROM balance_adjustments WHERE id = j.subject_id)
               WHEN j.kind = 'promo_expiry'
                   THEN EXISTS (SELECT FROM promo_expiries WHERE id = j.subject_id)
               WHEN j.kind IN ('refund_reserved', 'refund', 'refund_returned', 'cabinet_refund',
                               'late_refund', 'refund_to_balance')
                   THEN EXISTS (SELECT FROM refunds r
                                WHERE r.id = j.subject_id AND r.payment_id = j.payment_id)
               ELSE false END""",
    ),
    (
        "every journal but a payment's has a subject",
        """SELECT id FROM journals
           WHERE (kind IN ('payment', 'late_payment')) = (subject_id IS NOT NULL)""",
    ),
)
