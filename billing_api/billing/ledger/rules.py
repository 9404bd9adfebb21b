"""What a journal is and which postings each event makes. Pure."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from billing.ledger.chart import CUSTOMER_KINDS, AccountKind
from billing.ledger.kinds import WORDS, JournalKind
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
    kind: JournalKind
    at: datetime
    lines: tuple[Line, ...]
    payment_id: UUID | None = None
    subject_id: UUID | None = None

    @property
    def description(self) -> str:
        return WORDS[self.kind]


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


def lines_of(currency: str, customer_id: str, *parts: tuple[AccountKind, int]) -> tuple[Line, ...]:
    """Postings of one customer's journal; a part of nothing is none."""
    return tuple(
        Line(kind, Money(minor, currency), customer_id if kind in CUSTOMER_KINDS else None)
        for kind, minor in parts
        if minor
    )


def paid_in(minor: int, owed_minor: int) -> tuple[tuple[AccountKind, int], ...]:
    """Paid money coming in: what the customer owes us is repaid first, the rest is theirs."""
    repaid = min(owed_minor, minor)
    return (
        (AccountKind.CUSTOMER_RECEIVABLE, repaid),
        (AccountKind.CUSTOMER_PAID, minor - repaid),
    )


def top_up_lines(customer_id: str, amount: Money, owed_minor: int) -> tuple[Line, ...]:
    """A payment's postings."""
    given = (AccountKind.PROVIDER, -amount.minor)
    return lines_of(amount.currency, customer_id, given, *paid_in(amount.minor, owed_minor))


def total_of(lines: tuple[Line, ...], kind: AccountKind) -> int:
    return sum(line.amount.minor for line in lines if line.kind is kind)


def snapshot(journal: Journal) -> dict[str, object]:
    """The journal as the change feed carries it."""
    return {
        "kind": journal.kind.value,
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
