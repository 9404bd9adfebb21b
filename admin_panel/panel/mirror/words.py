"""Billing's terms in people's words. A term we do not know yet is shown as it is."""

from collections.abc import Iterable
from typing import Any

from panel.site.wording import say

_JOURNALS: dict[str, Any] = {
    "payment": say("Пополнение", "Top-up"),
    "late_payment": say("Опоздавшее пополнение", "Late top-up"),
    "charge": say("Списание", "Charge"),
    "charge_reversal": say("Возврат списания", "Charge reversed"),
    "hold": say("Удержание", "Hold"),
    "hold_capture": say("Списание удержанного", "Hold captured"),
    "hold_release": say("Удержание снято", "Hold released"),
    "hold_expiry": say("Удержание истекло", "Hold expired"),
    "adjustment": say("Исправление вручную", "Credited by hand"),
    "promo_grant": say("Начислены бонусы", "Promo given"),
    "promo_expiry": say("Бонусы сгорели", "Promo expired"),
    "refund_reserved": say("Отложено на возврат", "Set aside for a refund"),
    "refund": say("Возврат на карту", "Refund to the card"),
    "refund_returned": say("Возврат не сделан", "Refund not made"),
    "cabinet_refund": say("Возврат из кабинета провайдера", "Refund from the cabinet"),
    "late_refund": say("Возврат после отказа", "Refund after giving up"),
    "refund_to_balance": say("Возврат на баланс", "Refund to the balance"),
}
ACCOUNTS: dict[str, Any] = {
    "customer_paid": say("Деньги клиента", "Customer's money"),
    "customer_promo": say("Бонусы клиента", "Customer's promo"),
    "customer_held": say("Удержано у клиента", "Held from the customer"),
    "customer_receivable": say("Долг клиента", "Customer owes"),
    "provider": say("У провайдера", "At the provider"),
    "revenue": say("Выручка", "Revenue"),
    "fee": say("Комиссия", "Fee"),
    "promo_expense": say("Расход на бонусы", "Promo expense"),
    "adjustment": say("Исправления вручную", "Corrections by hand"),
}
CHANGES: dict[str, Any] = {
    "payment": say("Платёж", "Payment"),
    "balance": say("Баланс", "Balance"),
    "journal": say("Проводка", "Journal"),
    "account": say("Учётная запись", "Account"),
}
_ROLES: dict[str, Any] = {
    "customer": say("Клиент", "Customer"),
    "subscriber": say("Подписчик", "Subscriber"),
    "support": say("Поддержка", "Support"),
    "finance": say("Финансы", "Finance"),
    "admin": say("Администратор", "Administrator"),
}
_REASONS: dict[str, Any] = {
    "expired_on_confirmation": say("истёк срок оплаты", "not paid in time"),
    "canceled_by_merchant": say("отменён магазином", "canceled by the shop"),
    "insufficient_funds": say("не хватило денег", "not enough money"),
    "card_expired": say("срок карты истёк", "card expired"),
    "fraud_suspected": say("подозрение на мошенничество", "fraud suspected"),
    "general_decline": say("отказ без причины", "declined"),
    "issuer_unavailable": say("банк недоступен", "bank unavailable"),
    "payment_method_restricted": say("операции запрещены", "method restricted"),
    "3d_secure_failed": say("не прошёл 3-D Secure", "3-D Secure failed"),
}


def journal_word(kind: str) -> Any:
    """What a journal is about."""
    return _JOURNALS.get(kind, kind)


def account_word(kind: str | None, account: str) -> Any:
    """Whose money an account holds; its name without the customer's id where unknown."""
    return ACCOUNTS.get(kind or "", account.partition(":")[0])


def role_words(roles: Iterable[str]) -> str:
    """What an account may be."""
    return ", ".join(str(_ROLES.get(role, role)) for role in roles)


def reason_words(reason: str) -> str:
    """Why a payment was canceled, with the provider's own term for searching."""
    return f"{_REASONS[reason]} ({reason})" if reason in _REASONS else reason
