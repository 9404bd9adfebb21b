"""A payment as the review shows it: what is known of it, and the legal ways out. Pure."""

from dataclasses import dataclass
from datetime import datetime

from billing.payments.attempts import AttemptKind, AttemptState
from billing.payments.decisions import KeptDecision, actions_of, waits_since, why_in_review
from billing.payments.rules import Payment, describe
from billing.platform.clock import format_instant


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

    payment: Payment
    waits: bool
    attempt: LastAttempt | None
    decisions: list[KeptDecision]


def describe_item(item: Reviewed) -> dict[str, object]:
    """`reason` and `since` are null and `actions` empty where nothing waits."""
    payment = item.payment
    return {
        "id": str(payment.id),
        "kind": "payment",
        "reason": why_in_review(payment) if item.waits else None,
        "since": format_instant(waits_since(payment)) if item.waits else None,
        "customer_id": payment.customer_id,
        "known": {
            "payment": describe(payment),
            "provider_id": payment.provider_id,
            "provider_status": payment.provider_status,
            "last_attempt": None if item.attempt is None else _describe_attempt(item.attempt),
            "decisions": [_describe_decision(kept) for kept in item.decisions],
        },
        "actions": [action.value for action in actions_of(payment, waits=item.waits)],
    }


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
