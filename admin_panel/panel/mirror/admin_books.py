"""Pages of the books: balances, journals and their lines, and the people they belong to."""

from functools import partial
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from panel.mirror import cells, panels, search
from panel.mirror.filters import AccountKindFilter, DayRangeFilter, JournalDayFilter
from panel.mirror.models import Balance, Journal, JournalLine, Person
from panel.mirror.readonly import SearchingAdmin
from panel.mirror.words import journal_word, role_words
from panel.site.display import moment
from panel.site.wording import say


@admin.register(Person)
class PersonAdmin(SearchingAdmin):
    """A customer with their money on one page."""

    list_display = ("username", "email", "role_names", "registered", "is_active")
    list_filter = ("is_active", ("created_at", DayRangeFilter))
    find = staticmethod(search.search_people)
    search_help_text = say("Имя, почта или номер", "Name, e-mail or id")
    change_form_outer_after_template = "mirror/panels.html"
    fieldsets = (
        (
            say("Клиент", "Customer"),
            {
                "fields": (
                    ("username", "email"),
                    ("full_id", "role_names"),
                    ("registered", "is_active"),
                ),
            },
        ),
    )
    readonly_fields = ("full_id", "role_names", "registered")

    def panels(self, request: HttpRequest, object_id: str) -> dict[str, Any]:
        return panels.person_panels(object_id)

    @admin.display(description=say("Номер", "Id"))
    def full_id(self, obj: Person) -> Any:
        return cells.mono(obj.pk)

    @admin.display(description=say("Роли", "Roles"))
    def role_names(self, obj: Person) -> str:
        return role_words(obj.roles)

    @admin.display(description=say("Зарегистрирован", "Registered"), ordering="created_at")
    def registered(self, obj: Person) -> str:
        return moment(obj.created_at)


@admin.register(Balance)
class BalanceAdmin(SearchingAdmin):
    """What everybody has."""

    list_display = ("customer", "available", "held", "updated")
    list_display_links = ("available",)
    list_filter = ("currency",)
    list_select_related = ("person",)
    find = staticmethod(search.search_owned)
    search_help_text = say("Клиент: номер, имя, почта", "Customer: id, name, e-mail")
    fieldsets = ((None, {"fields": ("customer", ("available", "held"), ("updated", "version"))}),)
    readonly_fields = ("customer", "available", "held", "updated")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("person")

    @admin.display(description=say("Клиент", "Customer"))
    def customer(self, obj: Balance) -> Any:
        return cells.customer(obj)

    @admin.display(description=say("Доступно", "Available"), ordering="available_minor")
    def available(self, obj: Balance) -> Any:
        return cells.plain_money(obj.available_minor, obj.currency)

    @admin.display(description=say("Удержано", "Held"), ordering="held_minor")
    def held(self, obj: Balance) -> Any:
        return cells.plain_money(obj.held_minor, obj.currency)

    @admin.display(description=say("Изменён", "Updated"), ordering="updated_at")
    def updated(self, obj: Balance) -> str:
        return moment(obj.updated_at)


@admin.register(Journal)
class JournalAdmin(SearchingAdmin):
    """A journal with its lines, which sum to zero."""

    list_display = ("happened", "word", "payment_page")
    list_filter = (JournalDayFilter, ("at", DayRangeFilter))
    find = staticmethod(search.search_journals)
    search_help_text = say("Номер проводки или платежа, клиент", "Journal or payment id, customer")
    change_form_outer_after_template = "mirror/panels.html"
    fieldsets = ((None, {"fields": (("word", "happened"), ("full_id", "payment_page"), "stored")}),)
    readonly_fields = ("word", "happened", "full_id", "payment_page", "stored")

    def panels(self, request: HttpRequest, object_id: str) -> dict[str, Any]:
        return panels.journal_panels(object_id)

    @admin.display(description=say("Номер", "Id"))
    def full_id(self, obj: Journal) -> Any:
        return cells.mono(obj.pk)

    @admin.display(description=say("Вид", "Kind"), ordering="kind")
    def word(self, obj: Journal) -> Any:
        return journal_word(obj.kind)

    @admin.display(description=say("Запись в книгах", "As the books have it"))
    def stored(self, obj: Journal) -> Any:
        return cells.as_stored(obj.description)

    @admin.display(description=say("Время", "Time"), ordering="at")
    def happened(self, obj: Journal) -> str:
        return moment(obj.at, seconds=True)

    @admin.display(description=say("Платёж", "Payment"))
    def payment_page(self, obj: Journal) -> Any:
        return cells.payment_link(obj.payment_id)


@admin.register(JournalLine)
class JournalLineAdmin(SearchingAdmin):
    """Postings across journals, for following one customer's money."""

    list_display = ("happened", "journal_page", "account_name", "customer", "amount", "payment")
    list_display_links = ("happened",)
    list_select_related = ("journal", "person")
    list_filter = (("at", DayRangeFilter), AccountKindFilter)
    find = staticmethod(partial(search.search_owned, payment_path="journal__payment"))
    search_help_text = say("Клиент, номер платежа", "Customer, payment id")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("happened", "journal_page"),
                    ("account_name", "amount"),
                    ("customer", "payment"),
                    "stored",
                ),
            },
        ),
    )
    readonly_fields = (
        "happened", "journal_page", "account_name", "amount", "customer", "payment", "stored",
    )  # fmt: skip

    @admin.display(description=say("Время", "Time"), ordering="at")
    def happened(self, obj: JournalLine) -> str:
        return moment(obj.at)

    @admin.display(description=say("Проводка", "Journal"))
    def journal_page(self, obj: JournalLine) -> Any:
        return panels.journal_link(obj.journal)

    @admin.display(description=say("Счёт", "Account"))
    def account_name(self, obj: JournalLine) -> Any:
        return panels.account_cell(obj)

    @admin.display(description=say("Запись в книгах", "As the books have it"))
    def stored(self, obj: JournalLine) -> Any:
        return cells.as_stored(obj.account)

    @admin.display(description=say("Клиент", "Customer"))
    def customer(self, obj: JournalLine) -> Any:
        return cells.customer(obj)

    @admin.display(description=say("Сумма", "Amount"), ordering="amount_minor")
    def amount(self, obj: JournalLine) -> Any:
        return cells.signed_money(obj.amount_minor, obj.currency)

    @admin.display(description=say("Платёж", "Payment"))
    def payment(self, obj: JournalLine) -> Any:
        return cells.payment_link(obj.journal.payment_id)
