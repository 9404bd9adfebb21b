"""What a call came to, in the same words whichever client made it."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from billing.gateway.port import ProviderPayment, ProviderRefund

_SOME_TIME = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Outcome:
    """`kind`: done, refused, missing or unknown; for a read that was not answered, unknown.

    `code` and `parameter` are the provider's words on a refusal; `raised` is the class of what the
    client threw, None where it answers by value.
    """

    kind: str
    code: str | None = None
    description: str | None = None
    payment: ProviderPayment | None = None
    items: tuple[ProviderPayment, ...] = ()
    next_cursor: str | None = None
    refund: ProviderRefund | None = None
    refunds: tuple[ProviderRefund, ...] = ()
    raised: str | None = None

    @property
    def verdict(self) -> str:
        """The kind, or which refusal it was."""
        return self.code if self.kind == "refused" and self.code else self.kind

    def comparable(self) -> "Outcome":
        """Without what differs from one payment, or one client's manners, to the next."""
        payment = None if self.payment is None else _anonymous(self.payment)
        items = tuple(map(_anonymous, self.items))
        refund = None if self.refund is None else _anonymous_refund(self.refund)
        refunds = tuple(map(_anonymous_refund, self.refunds))
        return replace(
            self, payment=payment, items=items, refund=refund, refunds=refunds, raised=None
        )


def _anonymous(payment: ProviderPayment) -> ProviderPayment:
    url = payment.confirmation_url and payment.confirmation_url.replace(payment.id, "<id>")
    return replace(
        payment,
        id="<id>",
        payment_uid=payment.payment_uid and "<uid>",
        confirmation_url=url,
        created_at=None,
        captured_at=payment.captured_at and _SOME_TIME,
        expires_at=payment.expires_at and _SOME_TIME,
    )


def _anonymous_refund(refund: ProviderRefund) -> ProviderRefund:
    uid = refund.refund_uid and "<uid>"
    return replace(refund, id="<id>", payment_id="<id>", created_at=None, refund_uid=uid)
