"""The mirror's pages. Lists fetch what they show in one query and count no huge table."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import ChoicesCheckboxFilter

from panel.mirror import admin_books, admin_feeds, cells, panels, search
from panel.mirror.filters import DayFilter, DayRangeFilter, MarkFilter
from panel.mirror.models import Payment
from panel.mirror.readonly import SearchingAdmin
from panel.mirror.words import reason_words
from panel.site.display import NOTHING, moment
from panel.site.wording import say

# Importing registers: Django discovers this module alone.
__all__ = ["PaymentAdmin", "admin_books", "admin_feeds"]


def payment_fieldsets(payment: Payment | None) -> list[Any]:
    """Rows that say nothing are left out: when it was canceled, why it is held for review."""
    main: list[Any] = [("state", "amount"), ("customer", "email"), ("created", "paid")]
    provider: list[Any] = ["provider_full", ("provider_status", "updated")]
    if payment is not None and payment.canceled_at:
        main.append(("canceled", "reason"))
    if payment is not None and payment.capture_before:
        main.append(("captured", "held_until", "lapses"))
    if payment is not None and payment.refunded_minor:
        main.append("refunded")
    if payment is not None and payment.quarantine_reason:
        main.append("quarantine_reason")
    if payment is not None and payment.confirmation_url:
        provider.append("checkout")
    copy: list[Any] = [("is_test", "version")]
    if payment is not None and payment.extra:
        copy.append("extra")
    main += ["purpose", "full_id", "customer_id"]
    return [
        (say("Платёж", "Payment"), {"fields": main}),
        (say("У провайдера", "At the provider"), {"fields": [*provider, "return_url", *copy]}),
    ]


@admin.register(Payment)
class PaymentAdmin(SearchingAdmin):
    """The page support lives on."""

    list_display = ("short", "created", "state", "amount", "customer", "purpose", "provider")
    list_display_links = ("short",)
    list_select_related = ("person",)
    list_filter = (
        ("status", ChoicesCheckboxFilter),
        DayFilter,
        ("created_at", DayRangeFilter),
        MarkFilter,
    )
    find = staticmethod(search.search_payments)
    search_help_text = say(
        "Номер платежа, номер в ЮKassa, клиент: номер, имя, почта",
        "Payment id, provider id, customer: id, name, e-mail",
    )
    change_form_outer_after_template = "mirror/panels.html"
    readonly_fields = (
        "state", "amount", "customer", "email", "full_id", "customer_id", "created", "paid",
        "canceled", "updated", "reason", "purpose", "provider_full", "is_test", "checkout",
        "captured", "held_until", "lapses", "refunded",
    )  # fmt: skip

    def get_fieldsets(self, request: HttpRequest, obj: Payment | None = None) -> Any:
        return payment_fieldsets(obj)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("person")

    def panels(self, request: HttpRequest, object_id: str) -> dict[str, Any]:
        return panels.payment_panels(object_id)

    @admin.display(description=say("Платёж", "Payment"), ordering="pk")
    def short(self, obj: Payment) -> Any:
        return cells.mono(cells.short_id(obj.pk))

    @admin.display(description=say("Номер платежа", "Payment id"))
    def full_id(self, obj: Payment) -> Any:
        return cells.mono(obj.pk)

    @admin.display(description=say("Номер клиента", "Customer id"))
    def customer_id(self, obj: Payment) -> Any:
        return cells.mono(obj.person_id or obj.program_id)

    @admin.display(description=say("Создан", "Created"), ordering="created_at")
    def created(self, obj: Payment) -> str:
        return moment(obj.created_at)

    @admin.display(description=say("Оплачен", "Paid"))
    def paid(self, obj: Payment) -> str:
        return moment(obj.paid_at, seconds=True)

    @admin.display(description=say("Отменён", "Canceled"))
    def canceled(self, obj: Payment) -> str:
        return moment(obj.canceled_at, seconds=True)

    @admin.display(description=say("Списано", "Captured"))
    def captured(self, obj: Payment) -> Any:
        return cells.plain_money(obj.captured_minor or 0, obj.currency)

    @admin.display(description=say("Возвращено", "Refunded"))
    def refunded(self, obj: Payment) -> Any:
        return cells.plain_money(obj.refunded_minor or 0, obj.currency)

    @admin.display(description=say("Удержано до", "Held until"))
    def held_until(self, obj: Payment) -> str:
        return moment(obj.capture_before, seconds=True)

    @admin.display(description=say("По истечении", "When it lapses"))
    def lapses(self, obj: Payment) -> Any:
        return obj.get_on_expiry_display() if obj.on_expiry else "-"

    @admin.display(description=say("Изменён", "Updated"))
    def updated(self, obj: Payment) -> str:
        return moment(obj.updated_at, seconds=True)

    @admin.display(description=say("Состояние", "Status"), ordering="status")
    def state(self, obj: Payment) -> Any:
        return cells.status_badge(obj)

    @admin.display(description=say("Сумма", "Amount"), ordering="amount_minor")
    def amount(self, obj: Payment) -> Any:
        return cells.plain_money(obj.amount_minor, obj.currency)

    @admin.display(description=say("Клиент", "Customer"))
    def customer(self, obj: Payment) -> Any:
        return cells.customer(obj)

    @admin.display(description=say("Почта", "E-mail"))
    def email(self, obj: Payment) -> str:
        person = cells.known(obj)
        return person.email if person else NOTHING

    @admin.display(description=say("Назначение", "Description"))
    def purpose(self, obj: Payment) -> str:
        return obj.description or NOTHING

    @admin.display(description=say("Причина отмены", "Reason"))
    def reason(self, obj: Payment) -> str:
        return reason_words(obj.cancellation_reason or NOTHING)

    @admin.display(description=say("Номер в ЮKassa", "Provider id"))
    def provider(self, obj: Payment) -> Any:
        return cells.mono(cells.short_id(obj.provider_id or ""))

    @admin.display(description=say("Номер в ЮKassa", "Provider id"))
    def provider_full(self, obj: Payment) -> Any:
        return cells.mono(obj.provider_id)

    @admin.display(description=say("Тестовый", "Test"))
    def is_test(self, obj: Payment) -> Any:
        if obj.test is None:  # the provider has not said yet
            return NOTHING
        return say("да", "yes") if obj.test else say("нет", "no")

    @admin.display(description=say("Страница оплаты", "Checkout page"))
    def checkout(self, obj: Payment) -> Any:
        """As text: staff must not open, and pay, a customer's checkout by a slip of the hand."""
        return obj.confirmation_url or NOTHING
