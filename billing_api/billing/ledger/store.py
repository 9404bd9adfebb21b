"""The only write of the books: one whole journal at a time."""

from sqlalchemy import text

from billing.ledger.rules import Journal, check_journal
from billing.platform.database import WriteSession

_ACCOUNTS = text("""
    INSERT INTO accounts (kind, customer_id, currency)
    SELECT kind, customer_id, currency
    FROM unnest(CAST(:kinds AS text[]), CAST(:customers AS text[]), CAST(:currencies AS text[]))
         AS wanted (kind, customer_id, currency)
    WHERE NOT EXISTS (
        SELECT FROM accounts a WHERE a.kind = wanted.kind AND a.currency = wanted.currency
           AND coalesce(a.customer_id, '') = coalesce(wanted.customer_id, ''))
    ORDER BY kind, customer_id
    ON CONFLICT DO NOTHING
""")
# All of the journal, or nothing where one of its accounts is not there yet.
_POST = text("""
    WITH line AS MATERIALIZED (
        SELECT wanted.line_no, a.id AS account_id, wanted.currency, wanted.amount_minor
        FROM unnest(CAST(:kinds AS text[]), CAST(:customers AS text[]), CAST(:currencies AS text[]),
                    CAST(:amounts AS bigint[]))
             WITH ORDINALITY AS wanted (kind, customer_id, currency, amount_minor, line_no)
        JOIN accounts a ON a.kind = wanted.kind AND a.currency = wanted.currency
         AND coalesce(a.customer_id, '') = coalesce(wanted.customer_id, '')
    ), journal AS (
        INSERT INTO journals (id, kind, payment_id, subject_id, at, description)
        SELECT CAST(:id AS uuid), CAST(:kind AS text), CAST(:payment_id AS uuid),
               CAST(:subject_id AS uuid), CAST(:at AS timestamptz), CAST(:description AS text)
        WHERE (SELECT count(*) FROM line) = cardinality(CAST(:kinds AS text[]))
        RETURNING id
    )
    INSERT INTO postings (journal_id, line_no, account_id, currency, amount_minor)
    SELECT journal.id, line_no, account_id, currency, amount_minor FROM journal, line
""")


async def post_journal(session: WriteSession, journal: Journal) -> None:
    """A second credit of a payment, or of a kind for a subject, breaks a unique key: booking twice
    cannot be.
    """
    check_journal(journal)
    accounts = {
        "kinds": [line.kind.value for line in journal.lines],
        "customers": [line.customer_id for line in journal.lines],
        "currencies": [line.amount.currency for line in journal.lines],
    }
    whole = {
        **accounts,
        "id": journal.id,
        "kind": journal.kind.value,
        "payment_id": journal.payment_id,
        "subject_id": journal.subject_id,
        "at": journal.at,
        "description": journal.description,
        "amounts": [line.amount.minor for line in journal.lines],
    }
    if await session.run(_POST, whole):
        return
    # Apart from the postings: a statement does not see the rows that it adds itself.
    await session.run(_ACCOUNTS, accounts)
    if not await session.run(_POST, whole):
        raise RuntimeError(f"journal {journal.id} has no accounts")
