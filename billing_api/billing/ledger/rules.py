"""What a journal is and which postings each event makes. Pure."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from billing.ledger.chart import CUSTOMER_KINDS, AccountKind
from billing.platform.clock import format_instant
from billing.platform.money import Money, format_minor


class UnbalancedJournalError(ValueError):
    """A bug: the database would refuse it too, at COMMIT."""


@dataclass(frozen=True, slots=True)
class Line:
    kind: AccountKind
    amount: Money
    customer_id: str | None = None

    @property
    def account(self) -> str:
        return self.kind.value if self.customer_id is None else f"{self.kind}:{self.customer_id}"


@dataclass(frozen=True, slots=True)
class Journal:
    """`subject_id`: what it books where that is not a payment; one journal of a kind a subject."""

    id: UUID
    kind: str
    payment_id: UUID | None
    at: datetime
    description: str
    lines: tuple[Line, ...]
    subject_id: UUID | None = None


def check_journal(journal: Journal) -> None:
    sums: Counter[str] = Counter()
    for line in journal.lines:
        if line.amount.minor == 0:
            raise UnbalancedJournalError("a posting of nothing")
        if (line.customer_id is not None) != (line.kind in CUSTOMER_KINDS):
            raise UnbalancedJournalError(f"{line.kind} and its customer do not go together")
        sums[line.amount.currency] += line.amount.minor
    if not journal.lines or any(sums.values()):
        raise UnbalancedJournalError(f"journal {journal.kind} does not sum to zero")


def top_up_lines(customer_id: str, amount: Money, owed_minor: int) -> tuple[Line, ...]:
    """A payment's postings: what the customer owes us is repaid first, the rest is theirs."""
    repaid = min(owed_minor, amount.minor)
    parts = (
        (AccountKind.PROVIDER, -amount.minor, None),
        (AccountKind.CUSTOMER_RECEIVABLE, repaid, customer_id),
        (AccountKind.CUSTOMER_PAID, amount.minor - repaid, customer_id),
    )
    return tuple(
        Line(kind, Money(minor, amount.currency), owner) for kind, minor, owner in parts if minor
    )


def total_of(lines: tuple[Line, ...], kind: AccountKind) -> int:
    return sum(line.amount.minor for line in lines if line.kind is kind)


def snapshot(journal: Journal) -> dict[str, object]:
    """The journal as the change feed carries it."""
    return {
        "kind": journal.kind,
        "payment_id": None if journal.payment_id is None else str(journal.payment_id),
        "subject_id": None if journal.subject_id is None else str(journal.subject_id),
        "at": format_instant(journal.at),
        "description": journal.description,
        "lines": [
            {
                "line_no": number,
                "account": line.account,
                "account_kind": line.kind.value,
                "customer_id": line.customer_id,
                "amount": format_minor(line.amount.minor, line.amount.currency),
                "currency": line.amount.currency,
            }
            for number, line in enumerate(journal.lines, start=1)
        ],
    }
