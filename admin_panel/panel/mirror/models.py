"""Read-only copies of billing's and auth's rows, as their change feeds told them.

No foreign key is enforced: the feeds of two services arrive in no common order, so a payment may
come before its person. `version` is the original row's; a lower one never replaces a higher.
"""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

from panel.mirror.feed_models import FeedCursor, RejectedChange
from panel.mirror.guard import MirrorModel
from panel.mirror.words import account_word, journal_word
from panel.site.display import money
from panel.site.wording import say

# Django looks for an app's models in this module.
__all__ = [
    "Balance",
    "FeedCursor",
    "Journal",
    "JournalLine",
    "Payment",
    "PaymentStatus",
    "Person",
    "RejectedChange",
]


def _link(to: type[models.Model], **options: Any) -> Any:
    """A reference to another mirrored row that may not have arrived yet, or ever."""
    return models.ForeignKey(
        to, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+", **options
    )


def _program() -> Any:
    """The customer where it is a program, which pays under its client id and is no account."""
    return models.TextField(say("Программа", "Program"), null=True)


def _of_a_program(name: str, *fields: str) -> models.Index:
    """Few rows are, so an index of those alone."""
    return models.Index(
        fields=["program_id", *fields],
        condition=models.Q(program_id__isnull=False),
        name=name,
    )


class PaymentStatus(models.TextChoices):
    """The wire contract's four; an unknown one from a newer billing is shown as it is."""

    PENDING = "pending", say("Ожидает оплаты", "Pending")
    WAITING = "waiting_for_capture", say("Ожидает списания", "Waiting for capture")
    SUCCEEDED = "succeeded", say("Оплачен", "Succeeded")
    CANCELED = "canceled", say("Отменён", "Canceled")


class OnExpiry(models.TextChoices):
    """What becomes of held money that nobody has decided about."""

    RELEASE = "release", say("Вернуть плательщику", "Give it back")
    CAPTURE = "capture", say("Списать", "Take it")


class Person(MirrorModel):
    """An account of auth; billing knows it by id alone."""

    id = models.UUIDField(say("Номер", "Id"), primary_key=True)
    username = models.TextField(say("Имя", "Username"))
    email = models.TextField(say("Почта", "E-mail"))
    roles = ArrayField(models.TextField(), verbose_name=say("Роли", "Roles"))
    is_active = models.BooleanField(say("Активен", "Active"))
    created_at = models.DateTimeField(say("Зарегистрирован", "Registered"), null=True)
    version = models.BigIntegerField(say("Версия", "Version"))
    extra = models.JSONField(say("Прочее", "Other"))

    class Meta(MirrorModel.Meta):
        verbose_name = say("клиент", "customer")
        verbose_name_plural = say("Клиенты", "Customers")
        ordering = ("-created_at", "-id")
        indexes = (
            models.Index(fields=["-created_at", "-id"], name="person_newest"),
            models.Index(fields=["username"], name="person_username"),
            models.Index(fields=["email"], name="person_email"),
        )

    def __str__(self) -> str:
        return self.username


class Payment(MirrorModel):
    """One payment as its customer's client sees it, and what only staff see."""

    id = models.UUIDField(say("Номер", "Id"), primary_key=True)
    person = _link(
        Person,
        verbose_name=say("Клиент", "Customer"),
        db_column="customer_id",
        db_index=False,
        null=True,
    )
    program_id = _program()
    status = models.TextField(say("Состояние", "Status"), choices=PaymentStatus)
    amount_minor = models.BigIntegerField(say("Сумма", "Amount"))
    captured_minor = models.BigIntegerField(say("Списано", "Captured"), null=True)
    refunded_minor = models.BigIntegerField(say("Возвращено", "Refunded"), null=True)
    capture_before = models.DateTimeField(say("Удержано до", "Held until"), null=True)
    on_expiry = models.TextField(say("По истечении", "When it lapses"), choices=OnExpiry, null=True)
    currency = models.CharField(say("Валюта", "Currency"), max_length=3)
    description = models.TextField(say("Назначение", "Description"), null=True)
    confirmation_url = models.TextField(say("Страница оплаты", "Checkout page"), null=True)
    return_url = models.TextField(say("Адрес возврата", "Return address"), null=True)
    created_at = models.DateTimeField(say("Создан", "Created"), null=True)
    paid_at = models.DateTimeField(say("Оплачен", "Paid"), null=True)
    canceled_at = models.DateTimeField(say("Отменён", "Canceled"), null=True)
    cancel_requested_at = models.DateTimeField(say("Отмену просили", "Cancel asked"), null=True)
    cancel_requested_by = models.TextField(say("Отмену просил", "Cancel asked by"), null=True)
    updated_at = models.DateTimeField(say("Изменён", "Updated"), null=True)
    cancellation_reason = models.TextField(say("Причина отмены", "Reason"), null=True)
    provider_id = models.TextField(say("Номер в ЮKassa", "Provider id"), null=True)
    provider_status = models.TextField(say("Состояние в ЮKassa", "Provider status"), null=True)
    undecided = models.BooleanField(say("Не определён", "Undecided"))
    quarantine_reason = models.TextField(say("На проверке", "In review"), null=True)
    test = models.BooleanField(say("Тестовый", "Test"), null=True)
    version = models.BigIntegerField(say("Версия", "Version"))
    extra = models.JSONField(say("Прочее", "Other"))

    class Meta(MirrorModel.Meta):
        verbose_name = say("платёж", "payment")
        verbose_name_plural = say("Платежи", "Payments")
        ordering = ("-created_at", "-id")
        indexes = (
            models.Index(fields=["-created_at", "-id"], name="payment_newest"),
            models.Index(fields=["status", "-created_at"], name="payment_status"),
            models.Index(fields=["person", "-created_at"], name="payment_person"),
            models.Index(fields=["person", "-updated_at"], name="payment_person_news"),
            _of_a_program("payment_program", "-created_at"),
            models.Index(fields=["provider_id"], name="payment_provider"),
            models.Index(
                fields=["-created_at"],
                condition=models.Q(undecided=True),
                name="payment_undecided",
            ),
            models.Index(
                fields=["-created_at"],
                condition=models.Q(quarantine_reason__isnull=False),
                name="payment_review",
            ),
        )

    def __str__(self) -> str:
        return f"{money(self.amount_minor, self.currency)} · {self.id}"


class Balance(MirrorModel):
    """What a customer has, by currency; the id is `<customer_id>:<currency>`."""

    id = models.TextField(say("Номер", "Id"), primary_key=True)
    person = _link(
        Person, verbose_name=say("Клиент", "Customer"), db_column="customer_id", null=True
    )
    program_id = _program()
    currency = models.CharField(say("Валюта", "Currency"), max_length=3)
    available_minor = models.BigIntegerField(say("Доступно", "Available"))
    held_minor = models.BigIntegerField(say("Удержано", "Held"))
    updated_at = models.DateTimeField(say("Изменён", "Updated"), null=True)
    version = models.BigIntegerField(say("Версия", "Version"))
    extra = models.JSONField(say("Прочее", "Other"))

    class Meta(MirrorModel.Meta):
        verbose_name = say("баланс", "balance")
        verbose_name_plural = say("Балансы", "Balances")
        ordering = ("-updated_at", "-id")
        indexes = (
            models.Index(fields=["-updated_at", "-id"], name="balance_newest"),
            _of_a_program("balance_program"),
        )

    def __str__(self) -> str:
        return money(self.available_minor, self.currency)


class Journal(MirrorModel):
    """A group of postings that sums to zero; never changed after it is made."""

    id = models.UUIDField(say("Номер", "Id"), primary_key=True)
    kind = models.TextField(say("Вид", "Kind"))
    payment = _link(Payment, verbose_name=say("Платёж", "Payment"), null=True)
    at = models.DateTimeField(say("Время", "Time"), null=True)
    description = models.TextField(say("Описание", "Description"), null=True)
    version = models.BigIntegerField(say("Версия", "Version"))
    extra = models.JSONField(say("Прочее", "Other"))

    class Meta(MirrorModel.Meta):
        verbose_name = say("проводка", "journal")
        verbose_name_plural = say("Проводки", "Journals")
        ordering = ("-at", "-id")
        indexes = (models.Index(fields=["-at", "-id"], name="journal_newest"),)

    def __str__(self) -> str:
        return f"{journal_word(self.kind)} · {self.id}"


class JournalLine(MirrorModel):
    """One posting: plus is what an account receives, minus what it gives. `at` is its journal's."""

    id = models.BigAutoField(primary_key=True)
    journal = _link(Journal, verbose_name=say("Проводка", "Journal"), db_index=False)
    line_no = models.IntegerField(say("Строка", "Line"))
    at = models.DateTimeField(say("Время", "Time"), null=True)
    account = models.TextField(say("Счёт", "Account"))
    account_kind = models.TextField(say("Вид счёта", "Account kind"), null=True)
    person = _link(
        Person,
        verbose_name=say("Клиент", "Customer"),
        db_column="customer_id",
        db_index=False,
        null=True,
    )
    program_id = _program()
    amount_minor = models.BigIntegerField(say("Сумма", "Amount"))
    currency = models.CharField(say("Валюта", "Currency"), max_length=3)

    class Meta(MirrorModel.Meta):
        verbose_name = say("строка проводки", "journal line")
        verbose_name_plural = say("Строки проводок", "Journal lines")
        ordering = ("-at", "-id")
        constraints = (
            models.UniqueConstraint(fields=["journal", "line_no"], name="journalline_place"),
        )
        indexes = (
            models.Index(fields=["-at", "-id"], name="journalline_newest"),
            models.Index(fields=["person", "-at", "-id"], name="journalline_person"),
            _of_a_program("journalline_program", "-at", "-id"),
            # A customer's sums by currency come from the index alone.
            models.Index(
                fields=["person", "currency", "account_kind"],
                include=["amount_minor"],
                name="journalline_sums",
            ),
        )

    def __str__(self) -> str:
        account = account_word(self.account_kind, self.account)
        return f"{account} {money(self.amount_minor, self.currency)}"
