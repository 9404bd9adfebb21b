"""Every word of the pages, Russian and English; the reader's language comes first."""

from typing import NamedTuple

LANGUAGES = ("ru", "en")


class Phrase(NamedTuple):
    """The same thing twice."""

    ru: str
    en: str


class Said(NamedTuple):
    """A phrase in the reader's order."""

    first: str
    second: str
    second_lang: str


WORDS: dict[str, Phrase] = {
    "title": Phrase("Оплата", "Payment"),
    "sandbox": Phrase("Тестовый магазин: деньги не списываются", "Test shop: no money is taken"),
    "to_pay": Phrase("К оплате", "To pay"),
    "amount": Phrase("Сумма", "Amount"),
    "shop": Phrase("Магазин", "Shop"),
    "order": Phrase("Назначение", "Description"),
    "number": Phrase("Номер карты", "Card number"),
    "expiry": Phrase("Срок, ММ/ГГ", "Expiry, MM/YY"),
    "cvc": Phrase("Код CVC", "CVC code"),
    "pay": Phrase("Оплатить", "Pay"),
    "leave": Phrase("Уйти без оплаты", "Leave without paying"),
    "back": Phrase("Вернуться в магазин", "Back to the shop"),
    "deadline": Phrase("Оплатите до {time} по Москве", "Pay by {time} Moscow time"),
    "hold": Phrase(
        "Деньги будут удержаны, магазин спишет их позже",
        "The money is put on hold, the shop takes it later",
    ),
    "saves": Phrase(
        "Карта будет сохранена для следующих платежей",
        "The card will be saved for later payments",
    ),
    "cards": Phrase("Тестовые карты", "Test cards"),
    "cards_hint": Phrase(
        "Номер карты решает исход. Срок — любой будущий, код — любой.",
        "The number decides the outcome. Any future expiry, any code.",
    ),
    "outcome": Phrase("Исход", "Outcome"),
    "controls": Phrase("Пульт песочницы", "Sandbox controls"),
    "reason": Phrase("Причина", "Reason"),
    "decline": Phrase("Отказ банка", "Decline"),
    "decline_hint": Phrase(
        "Банк откажет в этой попытке, можно попробовать ещё раз.",
        "The bank refuses this attempt; the payer may try again.",
    ),
    "cancel": Phrase("Отменить платёж", "Cancel payment"),
    "cancel_hint": Phrase(
        "Окончательно: платёж перейдёт в состояние canceled.",
        "For good: the payment becomes canceled.",
    ),
    "refused": Phrase("Платёж не прошёл", "The payment did not go through"),
    "retry": Phrase(
        "Попробуйте ещё раз или возьмите другую карту.", "Try again or use another card."
    ),
    "bad_number": Phrase("Проверьте номер карты", "Check the card number"),
    "bad_expiry": Phrase("Укажите будущий срок, например 12/30", "Give a future date, like 12/30"),
    "bad_cvc": Phrase("Три или четыре цифры", "Three or four digits"),
    "three_ds": Phrase("Подтверждение в банке", "Confirmation by the bank"),
    "three_ds_hint": Phrase(
        "Банк прислал код. В песочнице подойдёт любой.",
        "The bank has sent a code. Any will do in the sandbox.",
    ),
    "card": Phrase("Карта", "Card"),
    "code": Phrase("Код из сообщения", "Code from the message"),
    "confirm": Phrase("Подтвердить", "Confirm"),
    "wrong_code": Phrase("Ввести неверный код", "Give a wrong code"),
    "abandon": Phrase("Вернуться к карте", "Back to the card"),
    "succeeded": Phrase("Платёж прошёл", "Paid"),
    "succeeded_hint": Phrase("Деньги получены магазином.", "The shop has the money."),
    "waiting_for_capture": Phrase("Деньги удержаны", "The money is on hold"),
    "waiting_for_capture_hint": Phrase(
        "Магазин подтвердит или отменит платёж.", "The shop will capture or release it."
    ),
    "canceled": Phrase("Платёж отменён", "Payment canceled"),
    "canceled_hint": Phrase("Деньги не списаны.", "No money was taken."),
    "not_found": Phrase("Платёж не найден", "Payment not found"),
    "not_found_hint": Phrase(
        "Проверьте ссылку или вернитесь в магазин.", "Check the link or go back to the shop."
    ),
    "payment_id": Phrase("Номер платежа", "Payment id"),
}

REASONS: dict[str, Phrase] = {
    "success": Phrase("Успех", "Success"),
    "success_3ds": Phrase("Успех с 3-D Secure", "Success with 3-D Secure"),
    "general_decline": Phrase("Банк отказал", "Declined by the bank"),
    "insufficient_funds": Phrase("Не хватает денег", "Not enough money"),
    "3d_secure_failed": Phrase("Не пройдена проверка 3-D Secure", "3-D Secure failed"),
    "call_issuer": Phrase("Позвоните в свой банк", "Call your bank"),
    "card_expired": Phrase("Срок карты истёк", "The card has expired"),
    "fraud_suspected": Phrase("Подозрение на мошенничество", "Fraud suspected"),
    "invalid_card_number": Phrase("Неверный номер карты", "Invalid card number"),
    "invalid_csc": Phrase("Неверный код CVC", "Invalid CVC code"),
    "issuer_unavailable": Phrase("Банк не отвечает", "The bank does not answer"),
    "payment_method_limit_exceeded": Phrase("Превышен лимит", "Limit exceeded"),
    "payment_method_restricted": Phrase("Операции по карте запрещены", "The card is restricted"),
    "country_forbidden": Phrase("Страна карты не принимается", "The card's country is refused"),
    "internal_timeout": Phrase("Технический сбой", "Technical failure"),
    "expired_on_confirmation": Phrase("Время на оплату вышло", "The time to pay ran out"),
    "expired_on_capture": Phrase("Срок удержания вышел", "The hold ran out"),
    "canceled_by_merchant": Phrase("Отменён магазином", "Canceled by the shop"),
}
# What a person may choose on the page.
CHOICES = (
    *("general_decline", "insufficient_funds", "3d_secure_failed", "call_issuer", "card_expired"),
    *("fraud_suspected", "invalid_csc", "issuer_unavailable", "payment_method_limit_exceeded"),
    *("payment_method_restricted", "country_forbidden", "internal_timeout"),
)


def say(phrase: Phrase, lang: str) -> Said:
    """In the reader's order."""
    if lang == "en":
        return Said(phrase.en, phrase.ru, "ru")
    return Said(phrase.ru, phrase.en, "en")


def reason_phrase(reason: str) -> Phrase:
    """A reason nobody has words for speaks for itself."""
    return REASONS.get(reason, Phrase(reason, reason))
