"""Rows as the slice's own values."""

from billing.payments.attempts import Attempt, AttemptKind, AttemptState
from billing.payments.rules import OnExpiry, Payment, PaymentStatus
from billing.platform.database import Row
from billing.platform.money import Money


def payment_of(row: Row) -> Payment:
    values = dict(row)
    amount = Money(values.pop("amount_minor"), values.pop("currency"))
    status = PaymentStatus(values.pop("status"))
    policy = values.pop("on_expiry")
    on_expiry = None if policy is None else OnExpiry(policy)
    return Payment(amount=amount, status=status, on_expiry=on_expiry, **values)


def attempt_of(row: Row) -> Attempt:
    return Attempt(
        id=row["id"],
        payment_id=row["payment_id"],
        number=row["number"],
        body=bytes(row["body"]),
        kind=AttemptKind(row["kind"]),
        state=AttemptState(row["state"]),
        sends=row["sends"],
        created_at=row["created_at"],
        refund_id=row["refund_id"],
    )
