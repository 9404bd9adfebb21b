"""Narrowing a list: by day (Moscow's), by state, by the marks staff look for."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import RadioFilter, RangeDateFilter

from panel.mirror.words import ACCOUNTS, CHANGES
from panel.site.clock import MOSCOW, business_now
from panel.site.wording import say


def day_start(day: date) -> datetime:
    """Midnight in Moscow."""
    return datetime.combine(day, time.min, tzinfo=MOSCOW)


def today() -> date:
    """The business day."""
    return business_now().astimezone(MOSCOW).date()


def _parse(value: object) -> date | None:
    for pattern in ("%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y"):
        try:
            return datetime.strptime(str(value), pattern).date()  # noqa: DTZ007
        except ValueError:
            continue
    return None


class DayRangeFilter(RangeDateFilter):
    """From a day to a day, both whole: `__lte` on a date alone would lose the last one."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        first = _parse(self.used_parameters.get(f"{self.parameter_name}_from"))
        last = _parse(self.used_parameters.get(f"{self.parameter_name}_to"))
        if first is not None:
            queryset = queryset.filter(**{f"{self.parameter_name}__gte": day_start(first)})
        if last is not None:
            after = day_start(last + timedelta(days=1))
            queryset = queryset.filter(**{f"{self.parameter_name}__lt": after})
        return queryset


class DayFilter(RadioFilter):
    """The days asked for most, one click each."""

    title = say("День", "Day")
    parameter_name = "day"
    field = "created_at"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("today", say("Сегодня", "Today")),
            ("yesterday", say("Вчера", "Yesterday")),
            ("week", say("7 дней", "7 days")),
            ("month", say("30 дней", "30 days")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        bounds = {"today": (0, 1), "yesterday": (1, 0), "week": (6, 1), "month": (29, 1)}
        chosen = bounds.get(self.value() or "")
        if chosen is None:
            return queryset
        back, forward = chosen
        start = day_start(today() - timedelta(days=back))
        end = day_start(today() + timedelta(days=forward))
        return queryset.filter(**{f"{self.field}__gte": start, f"{self.field}__lt": end})


class JournalDayFilter(DayFilter):
    """The same for journals."""

    field = "at"


class MarkFilter(RadioFilter):
    """What usually needs an eye: undecided, test."""

    title = say("Особые", "Marked")
    parameter_name = "mark"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("undecided", say("Не определены", "Undecided")),
            ("review", say("На проверке", "In review")),
            ("nobody", say("Клиент неизвестен", "Customer unknown")),
            ("test", say("Тестовые", "Test")),
            ("real", say("Настоящие", "Real")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "undecided":
                return queryset.filter(undecided=True)
            case "review":
                return queryset.filter(quarantine_reason__isnull=False)
            case "nobody":
                return queryset.filter(person__username__isnull=True, program_id__isnull=True)
            case "test":
                return queryset.filter(test=True)
            case "real":
                return queryset.filter(test=False)
        return queryset


class WordsFilter(RadioFilter):
    """A column of billing's terms, by the words that the list itself shows for them."""

    words: ClassVar[Mapping[str, Any]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(self.words.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value()
        return queryset.filter(**{self.parameter_name: chosen}) if chosen else queryset


class AccountKindFilter(WordsFilter):
    """Whose money a line is about."""

    title = say("Вид счёта", "Account kind")
    parameter_name = "account_kind"
    words = ACCOUNTS


class ChangeKindFilter(WordsFilter):
    """What a change of a feed is about."""

    title = say("О чём", "About")
    parameter_name = "kind"
    words = CHANGES
