"""Figures of the first page, from the mirror alone."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from panel.mirror.filters import day_start, today
from panel.mirror.models import Payment, PaymentStatus

NEWEST = 8


@dataclass(frozen=True, slots=True)
class DayFigures:
    """One Moscow day, in roubles."""

    succeeded: int
    succeeded_minor: int
    pending: int
    pending_minor: int
    canceled: int
    undecided: int
    review: int


def todays_figures() -> DayFigures:
    """One statement over today's rows, found by their index."""
    succeeded = Q(status=PaymentStatus.SUCCEEDED)
    waiting = Q(status__in=(PaymentStatus.PENDING, PaymentStatus.WAITING))
    row = (
        Payment.objects.filter(created_at__gte=day_start(today()), currency="RUB")
        .order_by()
        .aggregate(
            succeeded=Count("pk", filter=succeeded),
            succeeded_minor=Sum("amount_minor", filter=succeeded, default=0),
            pending=Count("pk", filter=waiting),
            pending_minor=Sum("amount_minor", filter=waiting, default=0),
            canceled=Count("pk", filter=Q(status=PaymentStatus.CANCELED)),
        )
    )
    # Of any day: yesterday's is the one that needs somebody.
    undecided = Payment.objects.filter(undecided=True).order_by().count()
    review = Payment.objects.filter(quarantine_reason__isnull=False).order_by().count()
    return DayFigures(undecided=undecided, review=review, **{k: int(v) for k, v in row.items()})


def newest_payments() -> QuerySet[Any]:
    """The last few, with their people."""
    return Payment.objects.select_related("person")[:NEWEST]
