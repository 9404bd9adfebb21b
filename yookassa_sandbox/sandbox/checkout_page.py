"""The page behind confirmation_url: pay, be refused and try again, give up, or leave."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from babel.numbers import format_currency
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import cards
from sandbox.card_form import CardForm, parse_card, read_form, suggested_card
from sandbox.clock import from_ms
from sandbox.errors import ProviderError
from sandbox.money import from_wire
from sandbox.pages import language, prefix, render, see_other
from sandbox.payment_store import Payment
from sandbox.suite import Suite
from sandbox.words import CHOICES, REASONS

_MOSCOW = ZoneInfo("Europe/Moscow")


class CheckoutPage:
    """One address; what it shows depends on the payment alone."""

    def __init__(self, suite: Suite) -> None:
        self._suite, self._payments = suite, suite.payments

    def routes(self) -> list[Route]:
        """GET shows, POST acts."""
        return [
            Route("/checkout", self.show, methods=["GET"]),
            Route("/checkout", self.act, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """The form, the bank's step, or the state of a payment that is over."""
        payment = self._find(request.query_params.get("orderId", ""))
        if payment is None:
            return self._missing(request)
        if payment.status != "pending":
            return self._state(request, payment)
        if request.query_params.get("step") == "3ds" and payment.private.get("attempt"):
            return self._bank(request, payment)
        return self._form(request, payment, suggested_card(self._suite.clock.now()))

    async def act(self, request: Request) -> Response:
        """What the payer does; a second press of the same button changes nothing."""
        form = await read_form(request)
        payment = self._find(form.get("orderId", ""))
        if payment is None:
            return self._missing(request)
        if payment.status == "canceled":
            return see_other(self._own(request, payment, form))
        if payment.status != "pending":
            return self._back(request, payment, form)
        reason = form.get("reason", "")
        reason = reason if reason in CHOICES else "general_decline"
        actions: dict[str, Callable[[], Response]] = {
            "pay": lambda: self._pay(request, payment, form),
            "confirm": lambda: self._finish_bank(request, payment, form),
            "fail": lambda: self._finish_bank(request, payment, form),
            "decline": lambda: self._refuse(request, payment, form, reason),
            "cancel": lambda: self._cancel(request, payment, form, reason),
        }
        return actions.get(
            form.get("action", ""), lambda: self._start_again(request, payment, form)
        )()

    def _cancel(
        self, request: Request, payment: Payment, form: dict[str, str], reason: str
    ) -> Response:
        self._payments.decline(payment, reason)
        return self._back(request, payment, form)

    def _start_again(self, request: Request, payment: Payment, form: dict[str, str]) -> Response:
        """Away from the bank's step; also the answer to a form that makes no sense."""
        self._payments.keep_attempt(payment, None)
        return see_other(self._own(request, payment, form))

    def _pay(self, request: Request, payment: Payment, form: dict[str, str]) -> Response:
        card = parse_card(form, self._suite.clock.now())
        if card.errors:
            return self._form(request, payment, card, form=form)
        says = cards.outcome(card.number)
        if says.three_ds or (says.result == cards.SUCCESS and payment.private.get("enforce")):
            kept = {"card": card.describe(), "result": says.result}
            self._payments.keep_attempt(payment, kept)
            return see_other(self._own(request, payment, form, step="3ds"))
        if says.result != cards.SUCCESS:
            return self._refuse(request, payment, form, says.result, says.party)
        self._payments.pay(payment, card.describe())
        return self._back(request, payment, form)

    def _finish_bank(self, request: Request, payment: Payment, form: dict[str, str]) -> Response:
        attempt = payment.private.get("attempt")
        if not attempt:
            return see_other(self._own(request, payment, form))
        if form["action"] == "fail" or attempt["result"] != cards.SUCCESS:
            return self._refuse(request, payment, form, "3d_secure_failed")
        self._payments.pay(payment, attempt["card"], three_ds=True)
        return self._back(request, payment, form)

    def _refuse(
        self,
        request: Request,
        payment: Payment,
        form: dict[str, str],
        reason: str,
        party: str | None = None,
    ) -> Response:
        """By default the payer may try again and the shop hears nothing of it."""
        if self._suite.settings.cancel_on_decline:
            self._payments.decline(payment, reason, party)
            return self._back(request, payment, form)
        self._payments.keep_attempt(payment, None)
        return see_other(self._own(request, payment, form, declined=reason))

    def _find(self, payment_id: str) -> Payment | None:
        try:
            return self._payments.get(payment_id)
        except ProviderError:
            return None

    def _back(self, request: Request, payment: Payment, form: dict[str, str]) -> Response:
        """To the shop, by the address it gave, whatever has happened."""
        target = payment.private.get("return_url")
        return see_other(target or self._own(request, payment, form))

    def _own(self, request: Request, payment: Payment, form: dict[str, str], **extra: str) -> str:
        query = {"orderId": payment.id, **extra}
        if form.get("lang"):
            query["lang"] = form["lang"]
        return f"{prefix(request)}/checkout?{urlencode(query)}"

    def _missing(self, request: Request) -> Response:
        return render(request, "missing.html", lang=language(request), status=404, self_url="")

    def _common(self, request: Request, payment: Payment, chosen: str | None) -> dict[str, Any]:
        lang = language(request, payment.private.get("locale"), chosen)
        amount = payment.document["amount"]
        return {
            "lang": lang,
            "payment": payment.document,
            "shop": self._suite.settings.shop_name,
            "amount": _for_people(from_wire(amount), amount["currency"], lang),
            "return_url": payment.private.get("return_url"),
            "leads_to": payment.private.get("return_url"),
            "self_url": f"{prefix(request)}/checkout?{urlencode({'orderId': payment.id})}",
        }

    def _form(
        self,
        request: Request,
        payment: Payment,
        card: CardForm,
        *,
        form: dict[str, str] | None = None,
    ) -> Response:
        declined = request.query_params.get("declined", "")
        deadline = from_ms(payment.deadline_ms or 0).astimezone(_MOSCOW)
        return render(
            request,
            "checkout.html",
            status=422 if card.errors else 200,
            **self._common(request, payment, form.get("lang") if form else None),
            card=card,
            declined=declined if declined in REASONS else "",
            deadline=f"{deadline:%H:%M}",
            private=payment.private,
            choices=CHOICES,
            test_cards=_test_cards(),
        )

    def _bank(self, request: Request, payment: Payment) -> Response:
        attempt = payment.private["attempt"]
        return render(
            request,
            "bank.html",
            **self._common(request, payment, None),
            last4=attempt["card"]["last4"],
        )

    def _state(self, request: Request, payment: Payment) -> Response:
        details = payment.document.get("cancellation_details", {})
        return render(
            request,
            "state.html",
            **self._common(request, payment, None),
            canceled_for=details.get("reason", ""),
        )


def _for_people(value: Decimal, currency: str, lang: str) -> str:
    """1 342,00 ₽ or RUB 1,342.00"""
    pattern = "¤¤\N{NO-BREAK SPACE}#,##0.00" if lang == "en" else None
    return format_currency(value, currency, pattern, locale=lang)


def _test_cards() -> list[tuple[str, list[str]]]:
    """Outcome and numbers, successes first."""
    table: dict[str, list[str]] = {"success": [], "success_3ds": []}
    for number, says in cards.CARDS.items():
        both = says.result == cards.SUCCESS and says.three_ds
        grouped = " ".join(number[at : at + 4] for at in range(0, len(number), 4))
        table.setdefault("success_3ds" if both else says.result, []).append(grouped)
    return list(table.items())
