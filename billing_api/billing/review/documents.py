"""An item of the review as it is shown: what is known of it, and the legal ways out. Pure."""

from dataclasses import dataclass
from datetime import datetime

from billing.payments.attempts import AttemptKind, AttemptState
from billing.payments.rules import Payment
from billing.payments.rules import describe as describe_payment
from billing.platform.clock import format_instant
from billing.refunds.rules import describe as describe_refund
from billing.review.rules import (
    KeptDecision,
    Subject,
    actions_of,
    kind_of,
    waits_since,
    why_in_review,
)


@dataclass(frozen=True, slots=True)
class LastAttempt:
    """`outcome` is what the last call came to, None while it runs or where it was answered."""

    kind: AttemptKind
    state: AttemptState
    sends: int
    outcome: str | None
    created_at: datetime
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class Reviewed:
    """`waits` False: nothing about it waits for a person now. Decisions are the oldest first."""

    subject: Subject
    waits: bool
    attempt: LastAttempt | None
    decisions: list[KeptDecision]


def describe_item(item: Reviewed) -> dict[str, object]:
    """`reason` and `since` are null and `actions` empty where nothing waits."""
    subject = item.subject
    return {
        "id": str(subject.id),
        "kind": kind_of(subject).value,
        "reason": why_in_review(subject) if item.waits else None,
        "since": format_instant(waits_since(subject)) if item.waits else None,
        "customer_id": subject.customer_id,
        "known": {
            **_describe(subject),
            "last_attempt": None if item.attempt is None else _describe_attempt(item.attempt),
            "decisions": [_describe_decision(kept) for kept in item.decisions],
        },
        "actions": [action.value for action in actions_of(subject, waits=item.waits)],
    }


def _describe(subject: Subject) -> dict[str, object]:
    theirs = {"provider_id": subject.provider_id, "provider_status": subject.provider_status}
    if isinstance(subject, Payment):
        return {"payment": describe_payment(subject), **theirs}
    # A payment says by itself why it was canceled; customers are not told that of a refund.
    why = {"cancellation_reason": subject.cancellation_reason}
    return {"refund": describe_refund(subject), **theirs, **why}


def _describe_attempt(attempt: LastAttempt) -> dict[str, object]:
    return {
        "kind": attempt.kind.value,
        "state": attempt.state.value,
        "outcome": attempt.outcome,
        "sends": attempt.sends,
        "created_at": format_instant(attempt.created_at),
        "next_at": None if attempt.next_at is None else format_instant(attempt.next_at),
    }


def _describe_decision(kept: KeptDecision) -> dict[str, object]:
    return {
        "action": kept.action.value,
        "found": kept.found,
        "reason": kept.reason,
        "decided_by": kept.decided_by,
        "at": format_instant(kept.at),
    }
