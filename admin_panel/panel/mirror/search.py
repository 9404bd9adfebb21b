"""Finding a payment or a person by what a customer reads out on the phone.

A whole uuid goes straight to the indexes; the first eight or more of its characters become a range
of the primary key; anything else is looked for among names and e-mails.
"""

import re
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from panel.mirror.models import Person

_HEX_PREFIX = re.compile(r"[0-9a-f]{8,31}")
PEOPLE_MAX = 1_000


def whole_uuid(term: str) -> UUID | None:
    """The id, if the term is one."""
    try:
        return UUID(term.strip())
    except ValueError:
        return None


def uuid_range(term: str) -> tuple[UUID, UUID] | None:
    """The first and the last id that begin so, for a term of eight hexadecimal digits or more."""
    digits = term.strip().lower().replace("-", "")
    if not _HEX_PREFIX.fullmatch(digits):
        return None
    return UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))


def people(term: str) -> QuerySet[Any]:
    """Ids of those whose name or e-mail contains the term."""
    match = Q(username__icontains=term) | Q(email__icontains=term)
    return Person.objects.filter(match).order_by().values("pk")[:PEOPLE_MAX]


def search_payments(queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
    """By payment id, provider id, customer id (a person's or a program's), user name, e-mail."""
    if (uuid := whole_uuid(term)) is not None:
        exact = Q(pk=uuid) | Q(person_id=uuid) | Q(program_id=term)
        return queryset.filter(exact | Q(provider_id__in=(term.strip(), str(uuid))))
    match = Q(person_id__in=people(term)) | Q(program_id=term)
    match |= Q(provider_id__startswith=term.strip())
    if (bounds := uuid_range(term)) is not None:
        first, last = bounds
        match |= Q(pk__range=bounds) | Q(person_id__gte=first, person_id__lte=last)
    return queryset.filter(match)


def search_owned(queryset: QuerySet[Any], term: str, payment_path: str = "") -> QuerySet[Any]:
    """Rows that point at a person or a program, and at a payment where `payment_path` says how."""
    if (uuid := whole_uuid(term)) is None:
        return queryset.filter(Q(person_id__in=people(term)) | Q(program_id=term))
    match = Q(person_id=uuid) | Q(program_id=term)
    if payment_path:
        match |= Q(**{payment_path: uuid}) | Q(**{f"{payment_path}__provider_id": term.strip()})
    return queryset.filter(match)


def search_journals(queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
    """By the journal's own id, its payment's ids, or whose payment it is."""
    if (uuid := whole_uuid(term)) is None:
        owned = Q(payment__person_id__in=people(term)) | Q(payment__program_id=term)
        return queryset.filter(owned | Q(payment__provider_id__startswith=term.strip()))
    match = Q(pk=uuid) | Q(payment_id=uuid)
    match |= Q(payment__person_id=uuid) | Q(payment__program_id=term)
    return queryset.filter(match | Q(payment__provider_id=term.strip()))


def search_people(queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
    """By id, or part of the name or the e-mail."""
    if (uuid := whole_uuid(term)) is not None:
        return queryset.filter(pk=uuid)
    match = Q(username__icontains=term) | Q(email__icontains=term)
    if (bounds := uuid_range(term)) is not None:
        match |= Q(pk__range=bounds)
    return queryset.filter(match)
