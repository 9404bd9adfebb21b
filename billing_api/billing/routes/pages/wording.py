"""What people read about a payment: amounts as written in Russia, states in two languages."""

from dataclasses import dataclass

NO_BREAK_SPACE = "\u00a0"
SIGNS = {"RUB": "₽"}


def format_amount(value: str, currency: str) -> str:
    """`1342.00`, RUB → `1 342,00 ₽`: the wire's string, regrouped without arithmetic."""
    sign = "−" if value.startswith("-") else ""
    whole, _, fraction = value.lstrip("-").partition(".")
    groups = f"{int(whole):,}".replace(",", NO_BREAK_SPACE)
    return f"{sign}{groups},{fraction or '00'}{NO_BREAK_SPACE}{SIGNS.get(currency, currency)}"


@dataclass(frozen=True)
class StateWords:
    """A payment's state for the return page; `tone` names the colour and the sign."""

    status: str
    tone: str
    title_ru: str
    title_en: str
    text_ru: str
    text_en: str


STATES = {
    words.status: words
    for words in (
        StateWords(
            "pending",
            "waiting",
            "Ждём подтверждения оплаты",
            "Waiting for the payment",
            "Обычно это занимает несколько секунд. Страница обновится сама.",
            "It usually takes a few seconds. This page updates by itself.",
        ),
        StateWords(
            "cancel_requested",
            "waiting",
            "Отмена запрошена",
            "Cancellation requested",
            "Платить больше не нужно. Если деньги всё же спишутся, они придут на баланс.",
            "You need not pay any more. If money is taken all the same, it goes to your balance.",
        ),
        StateWords(
            "waiting_for_capture",
            "waiting",
            "Деньги удержаны",
            "The money is on hold",
            "Банк подтвердил платёж, осталось завершить списание.",
            "The bank has confirmed the payment; the charge is being completed.",
        ),
        StateWords(
            "succeeded",
            "good",
            "Оплата прошла",
            "Payment received",
            "Деньги зачислены на баланс.",
            "The money is on your balance.",
        ),
        StateWords(
            "canceled",
            "bad",
            "Платёж отменён",
            "Payment cancelled",
            "Деньги не списаны. Можно попробовать ещё раз.",
            "You were not charged. You can try again.",
        ),
    )
}
