"""What the first page shows; unfold calls this with the context it has made."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from panel.dashboard.queries import newest_payments, todays_figures
from panel.mirror.lag import FeedState, feed_states
from panel.mirror.panels import payments_table
from panel.site.display import moment, money, span
from panel.site.wording import beside, say

_NAMES = {"billing": ("Платежи и книги", "Payments and books"), "auth": ("Люди", "People")}


def dashboard_context(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Nothing for a person who may not see payments."""
    if not request.user.has_perm("mirror.view_payment"):
        return context
    context["title"] = say("Обзор", "Overview")
    context["figures"] = _figures()
    context["feeds"] = [_feed(state) for state in feed_states()]
    context["newest"] = payments_table(newest_payments(), with_person=True)
    context["all_payments"] = reverse("admin:mirror_payment_changelist")
    context["headings"] = {
        "today": _heading("Сегодня", "Today"),
        "feeds": _heading("Ленты изменений", "Change feeds"),
        "newest": _heading("Новые платежи", "Newest payments"),
    }
    return context


def _heading(russian: str, english: str) -> dict[str, Any]:
    return {"text": str(say(russian, english)), "beside": beside(russian, english)}


def _figures() -> list[dict[str, Any]]:
    day = todays_figures()
    payments = reverse("admin:mirror_payment_changelist")
    today = f"{payments}?day=today&status__exact="

    def card(words: tuple[str, str], value: Any, note: str, href: str, tone: str) -> dict[str, Any]:
        return {**_heading(*words), "value": value, "note": note, "href": href, "tone": tone}

    return [
        card(("Оплачено", "Succeeded"), money(day.succeeded_minor, "RUB"),
             _counted(day.succeeded), f"{today}succeeded", "good"),
        card(("Ожидает оплаты", "Pending"), money(day.pending_minor, "RUB"),
             _counted(day.pending), f"{today}pending", "wait"),
        card(("Отменено", "Canceled"), day.canceled, _payments(day.canceled),
             f"{today}canceled", "calm"),
        card(("Не определено", "Undecided"), day.undecided,
             _unsettled(day.review),
             f"{payments}?mark=undecided", "bad" if day.undecided or day.review else "calm"),
    ]  # fmt: skip


def _unsettled(review: int) -> str:
    """Undecided is the provider's silence; in review is its contradiction."""
    words = str(say("провайдер не дал ответа", "the provider has not answered"))
    return words if not review else f"{words}; {say('на проверке', 'in review')}: {review}"


def _counted(count: int) -> str:
    """1 платёж, 2 платежа, 5 платежей."""
    return f"{count} {_payments(count)}"


def _payments(count: int) -> str:
    ten, hundred = count % 10, count % 100
    if ten == 1 and hundred != 11:
        form = "платёж"
    elif ten in (2, 3, 4) and hundred not in (12, 13, 14):
        form = "платежа"
    else:
        form = "платежей"
    return str(say(form, "payment" if count == 1 else "payments"))


def _feed(state: FeedState) -> dict[str, Any]:
    return {
        **_heading(*_NAMES[state.name]),
        "name": state.name,
        "stale": state.stale,
        "lag": span(state.lag_seconds),
        "position": state.position or "—",
        "changes": f"{state.changes:,}".replace(",", "\u00a0"),
        "applied": moment(state.applied_at, seconds=True),
        "polled": moment(state.polled_at, seconds=True),
        "delay": "—" if state.applied_lag_ms is None else span(state.applied_lag_ms / 1000),
        "error": state.error,
        "rejected": state.rejected,
        "words": {
            "fresh": say("актуальна", "fresh"),
            "stale": say("отстаёт", "stale"),
            "lag": say("Отставание", "Lag"),
            "position": say("Последняя позиция", "Last position"),
            "applied": say("Применена", "Last applied"),
            "polled": say("Последний опрос", "Last poll"),
            "delay": say("Задержка последней записи", "Delay of the last change"),
            "changes": say("Записей всего", "Changes so far"),
            "rejected": say("Отклонено", "Set aside"),
        },
    }
